"""Application Settings > Schedule: head office's own schedule and those it lays down for stores."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.schedule import Schedule
from ginesys_sync.services.desk import Desk
from ginesys_sync.services.schedule_views import EVERY_STORE, PolicyView, SchedulePlan
from ginesys_sync.ui.launchpad.policy_cards import MasterCard, OwnCard, SiteCard
from ginesys_sync.ui.launchpad.proposal import proposal
from ginesys_sync.ui.launchpad.schedule_window import ScheduleWindow, Subject
from ginesys_sync.ui.widgets import theme, tokens
from ginesys_sync.ui.widgets.ask import Question, ask, tell
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.card import CardPage
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.picker import Choice, Picker

_TITLES = {HEAD_OFFICE: "Head office", EVERY_STORE: "All stores (Master Policy)"}
_TRAVELS = "The next sync takes it to the stores."


class SchedulePage(QWidget):
    """Three cards, and a line that says what happens next."""

    def __init__(self, desk: Desk, background: Background) -> None:
        super().__init__()
        self._desk, self._background = desk, background
        self.plan: SchedulePlan | None = None
        self.own, self.master, self.sites = OwnCard(), MasterCard(), SiteCard()
        self.said, self.said_text = QFrame(), QLabel()
        self.area = CardPage()
        self.faces = FourFaces(self.area)
        self.configuration: ScheduleWindow | None = None
        self.picker: Picker | None = None
        self.question: Question | None = None
        self._lay_out()
        self._wire()

    def _lay_out(self) -> None:
        theme.mark(self.said, "note", "good")
        self.said_text.setWordWrap(True)
        note = QHBoxLayout(self.said)
        note.setContentsMargins(tokens.SPACE_3, tokens.SPACE_2, tokens.SPACE_3, tokens.SPACE_2)
        note.addWidget(self.said_text)
        self.said.hide()
        self.area.fill(self.said, self.own, self.master, self.sites)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.faces)

    def _wire(self) -> None:
        self.own.change_wanted.connect(lambda: self.configure(HEAD_OFFICE))
        self.own.proposal_wanted.connect(lambda: self.configure(HEAD_OFFICE))
        self.own.take_back_wanted.connect(lambda: self._ask_to_take_back(HEAD_OFFICE))
        self.own.zone_wanted.connect(self._choose_zone)
        self.master.change_wanted.connect(lambda: self.configure(EVERY_STORE))
        self.master.proposal_wanted.connect(lambda: self.configure(EVERY_STORE))
        self.master.take_back_wanted.connect(lambda: self._ask_to_take_back(EVERY_STORE))
        self.sites.add_wanted.connect(self._choose_store)
        self.sites.change_wanted.connect(lambda policy: self.configure(policy.whose))
        self.sites.take_back_wanted.connect(lambda policy: self._ask_to_take_back(policy.whose))

    # --- what is true ---

    def refresh(self) -> None:
        """Read every schedule."""
        self._background.run(self._desk.schedules, self._show, self._show_fault, lane="schedules")

    def _show(self, plan: SchedulePlan) -> None:
        self.plan = plan
        self.own.show_schedule(plan.own)
        self.master.show_policy(plan.master)
        self.sites.show_policies(plan.sites)
        self.faces.show_content()

    def _show_fault(self, fault: KnownError) -> None:
        self.faces.show_problem(fault, "Try again", self.refresh)

    def _say(self, words: str) -> None:
        """What was done, and what happens next."""
        self.said_text.setText(words)
        self.said.setAccessibleName(words)
        self.said.show()
        self.area.verticalScrollBar().setValue(0)
        self.refresh()

    # --- one schedule ---

    def configure(self, whose: str) -> None:
        """Open *Schedule Configuration*."""
        if self.plan is None:
            return
        self.said.hide()
        subject = Subject(
            whose, self._title(whose), self._begin_from(whose), self.plan.own.zone, self.plan.today
        )
        self.configuration = ScheduleWindow(
            self.window(),
            self._background,
            subject,
            lambda schedule: self._desk.set_schedule(whose, schedule),
        )
        self.configuration.saved.connect(lambda _: self._tell_saved(whose))
        self.configuration.open()

    def _title(self, whose: str) -> str:
        assert self.plan is not None
        name = dict(self.plan.stores).get(whose, "")
        return _TITLES.get(whose) or f"{whose}  {name}".rstrip() + " (Site Policy)"

    def _begin_from(self, whose: str) -> Schedule:
        """What is laid down, else what holds for all stores, else the proposal."""
        assert self.plan is not None
        present: Schedule | None
        if whose == HEAD_OFFICE:
            present = self.plan.own.schedule
        else:
            policy = self._policy(whose)
            present = (policy and policy.schedule) or self.plan.master.schedule
        return present or proposal(self.plan.today)

    def _policy(self, whose: str) -> PolicyView | None:
        assert self.plan is not None
        if whose == EVERY_STORE:
            return self.plan.master
        return next((policy for policy in self.plan.sites if policy.whose == whose), None)

    def _tell_saved(self, whose: str) -> None:
        if whose == HEAD_OFFICE:
            self._say("Saved. Head office keeps to it from now on.")
        else:
            self._say(f"Saved. {_TRAVELS}")

    # --- one more store ---

    def _choose_store(self) -> None:
        if self.plan is None:
            return
        have = {policy.whose for policy in self.plan.sites}
        choices = [Choice(code, code, name) for code, name in self.plan.stores if code not in have]
        self.picker = Picker(
            self.window(), "Which store gets its own schedule?", ("Site", "Name"), choices
        )
        self.picker.chosen.connect(self.configure)
        self.picker.open()

    # --- taking back ---

    def _ask_to_take_back(self, whose: str) -> None:
        then = {
            HEAD_OFFICE: "Head office then syncs only when someone presses a button.",
            EVERY_STORE: "After the next sync, stores without a schedule of their own sync only "
            "when someone there presses Sync.",
        }
        text = then.get(whose, f"After the next sync {whose} goes by the schedule for all stores.")
        self.question = ask(
            self.window(),
            f"Take back the schedule of {_short(whose)}?",
            text,
            "Take Back",
            "Keep It",
            lambda is_yes: self._take_back(whose) if is_yes else None,
        )

    def _take_back(self, whose: str) -> None:
        def done(_: None) -> None:
            is_own = whose == HEAD_OFFICE
            self._say("Taken back." if is_own else f"Taken back. {_TRAVELS}")

        self._background.run(
            lambda: self._desk.set_schedule(whose, None), done, self._complain, lane="take-back"
        )

    # --- whose clock ---

    def _choose_zone(self) -> None:
        if self.plan is None:
            return
        machine = Choice("", f"This computer's own ({self.plan.zone_machine})")
        choices = [machine, *(Choice(name, name) for name in self.plan.zones)]
        self.picker = Picker(self.window(), "Head office's time zone", ("Time zone", ""), choices)
        self.picker.select(self.plan.zone_choice)
        self.picker.chosen.connect(self._set_zone)
        self.picker.open()

    def _set_zone(self, name: str) -> None:
        said = "Saved. Head office's schedule goes by this clock from now on."
        self._background.run(
            lambda: self._desk.set_time_zone(name),
            lambda nothing: self._say(said),
            self._complain,
            lane="time-zone",
        )

    def _complain(self, fault: KnownError) -> None:
        tell(self.window(), fault)


def _short(whose: str) -> str:
    return {HEAD_OFFICE: "head office", EVERY_STORE: "all stores"}.get(whose, whose)
