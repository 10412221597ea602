"""What is painted: each screen in its faces, on a staged desk.

A scene's name is its file's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ginesys_sync.core.errors import Unreachable
from ginesys_sync.services.arrival_views import Change
from ginesys_sync.ui.launchpad.settings_page import ALERTS, WEB_DATABASE
from ginesys_sync.ui.widgets.where_is_it import Asking
from tests.support.staged_desk import StagedDesk
from tests.support.staged_journey import PRICE

Stage = Callable[[StagedDesk], object]
Go = Callable[[Any], object]
"""What a person does in the window to come there; the window is a LaunchpadWindow or PosWindow."""


def as_it_is(desk: StagedDesk) -> None:
    """The ordinary day."""


def waiting(desk: StagedDesk) -> None:
    """Nothing is answered any more."""
    desk.gate.clear()


def never_settles(desk: StagedDesk) -> None:
    """A gate is shut on the way there."""


def failing(desk: StagedDesk) -> None:
    """Every question fails from now on."""
    desk.fault = _UNREADABLE


_UNREADABLE = Unreachable(
    "The database of this site cannot be read.",
    "Close other programs that use it, then try again.",
    detail="database is locked",
)


@dataclass(frozen=True, slots=True)
class Scene:
    """`stage` before the window opens, `turn` once it stands, then `go`. `face`: which of its
    faces a page must show then."""

    name: str
    is_ho: bool
    go: Go
    stage: Stage = as_it_is
    turn: Stage = as_it_is
    face: str = ""

    @property
    def settles(self) -> bool:
        """Whether the window comes to rest; a loading face never does."""
        never = (waiting, never_settles)
        return self.turn not in never and self.stage is not waiting


def scenes() -> list[Scene]:
    """Every picture, in the order of the contact sheet."""
    from tests.pictures.control_scenes import control_scenes

    found = [*_launchpad(), *_launchpad_windows(), *_pos(), *_pos_windows()]
    found += [*_alerts(), *control_scenes()]
    assert len({scene.name for scene in found}) == len(found)
    return found


def four_faces(name: str, is_ho: bool, go: Go, empty: Stage, normal: Stage) -> Iterator[Scene]:
    """A page of a form is empty when nothing is set: it says so on its usual face."""
    yield Scene(f"{name}-normal", is_ho, go, normal, face="normal")
    yield Scene(f"{name}-loading", is_ho, go, normal, waiting, "loading")
    yield Scene(f"{name}-empty", is_ho, go, empty)
    yield Scene(f"{name}-problem", is_ho, go, normal, failing, "problem")


def first_faces(name: str, is_ho: bool, go: Go, empty: Stage, normal: Stage) -> Iterator[Scene]:
    """The four faces of a page that a window opens on. It keeps its rows once it has some, so the
    very first answer is the one that does not come, or says what is wrong."""

    def loading(desk: StagedDesk) -> None:
        normal(desk)
        desk.grid_gate.clear()

    def problem(desk: StagedDesk) -> None:
        normal(desk)
        desk.grid_fault = _UNREADABLE

    faces = {"normal": normal, "loading": loading, "empty": empty, "problem": problem}
    for face, stage in faces.items():
        turn = never_settles if face == "loading" else as_it_is
        yield Scene(f"{name}-{face}", is_ho, go, stage, turn, face)


# --- what a person does ---


def stay(window: Any) -> None:
    """The page it opens on."""


def _tab(title: str) -> Go:
    def go(window: Any) -> None:
        tabs = window.tabs if hasattr(window, "tabs") else window.exchange.tabs
        tabs.go(title)

    return go


def _opened(title: str) -> Go:
    def go(window: Any) -> None:
        from ginesys_sync.ui import offscreen

        page = offscreen.show_tab(window, title)
        page.grouped.setChecked(True)
        offscreen.settle(window)
        page.tree.expand(page.model.index(0, 0))
        offscreen.settle(window)
        page.tree.expand(page.model.index(0, 0, page.model.index(0, 0)))

    return go


def _room(name: str) -> Go:
    def go(window: Any) -> None:
        from ginesys_sync.ui import offscreen

        if name == "Schedule":
            window.navigation.setCurrentItem(window.navigation.schedule)
        else:
            items = window.navigation.lists()
            window.navigation.setCurrentItem(next(one for one in items if one.text(0) == name))
        offscreen.turn(0)

    return go


def _web_database(window: Any) -> None:
    page = window.tabs.go("Application Settings")
    page.show_section(WEB_DATABASE)
    page.run_test()


def _configure(window: Any) -> None:
    from ginesys_sync.ui import offscreen

    page = offscreen.show_tab(window, "Application Settings").schedule
    page.configure("S002")


def _misconfigure(window: Any) -> None:
    _configure(window)
    form = window.tabs.current().schedule.configuration.form
    for day in form.days.values():
        day.setChecked(False)
    form.at.clear()
    form.recurs_every.setText("0")


def _attention(window: Any) -> None:
    window.show_attention()


def _type(words: str) -> Go:
    def go(window: Any) -> None:
        window.show_where()
        window.where.search.setText(words)

    return go


def _where_price(window: Any) -> None:
    window.show_where_of(Asking("85123A / 2026-11-01", lambda desk: PRICE))


def _locate(window: Any) -> None:
    window.show_locator()
    window.locator.connection.run_test()


def _one_run(window: Any) -> None:
    from ginesys_sync.ui import offscreen

    page = offscreen.show_tab(window, "Runs")
    page.table.setCurrentIndex(page.model.index(4, 0))
    page.table.activated.emit(page.model.index(4, 0))


# --- Launchpad ---


def _no_sites(desk: StagedDesk) -> None:
    desk.first_run()
    desk.site_lines = ()


def _no_runs(desk: StagedDesk) -> None:
    desk.first_run()
    desk.run_entries = []


def _cancelled(desk: StagedDesk) -> None:
    from ginesys_sync.core.status import Outcome
    from tests.support import staged_data as data

    desk.change(last=data.summary(desk.is_ho, desk.stopped, None, Outcome.CANCELLED))


def _sync_page(name: str, is_ho: bool) -> Iterator[Scene]:
    yield Scene(f"{name}-loading", is_ho, stay, waiting)
    yield Scene(f"{name}-ended", is_ho, stay)
    for word, stage in {
        "running": StagedDesk.running, "stopped": StagedDesk.relay_down, "cancelled": _cancelled,
        "attention": StagedDesk.needing_attention, "empty": StagedDesk.first_run,
        "first-load": StagedDesk.first_load, "killed": StagedDesk.killed,
        "key-refused": StagedDesk.key_refused,
    }.items():  # fmt: skip
        yield Scene(f"{name}-{word}", is_ho, stay, stage)
    yield Scene(f"{name}-problem", is_ho, stay, turn=failing)


def _launchpad() -> Iterator[Scene]:
    yield from _sync_page("launchpad-data-sync", True)
    sent, received = _tab("Sent Data"), _tab("Received Data")
    yield from four_faces("launchpad-sent-data", True, sent, StagedDesk.first_run, as_it_is)
    yield Scene("launchpad-sent-data-opened", True, _opened("Sent Data"))
    yield from four_faces("launchpad-received-data", True, received, StagedDesk.first_run, as_it_is)
    yield from four_faces("launchpad-runs", True, _tab("Runs"), _no_runs, as_it_is)
    yield Scene("launchpad-run", True, _one_run)
    schedule = _tab("Application Settings")
    scheduled = StagedDesk.with_schedules
    yield from four_faces("launchpad-schedule", True, schedule, as_it_is, scheduled)
    yield Scene("launchpad-web-database-normal", True, _web_database)
    yield Scene("launchpad-web-database-problem", True, _web_database, StagedDesk.relay_down)
    yield Scene("launchpad-web-database-loading", True, _web_database, turn=waiting)


def _launchpad_windows() -> Iterator[Scene]:
    def choose(window: Any) -> None:
        window.choose_sites()

    yield Scene("launchpad-select-site-normal", True, choose)
    yield Scene("launchpad-select-site-empty", True, choose, _no_sites)
    yield Scene("launchpad-schedule-configuration-normal", True, _configure,
                StagedDesk.with_schedules)  # fmt: skip
    yield Scene("launchpad-schedule-configuration-problem", True, _misconfigure,
                StagedDesk.with_schedules)  # fmt: skip
    yield from _where("launchpad", True)
    yield from four_faces("launchpad-needs-attention", True, _attention, as_it_is,
                     StagedDesk.needing_attention)  # fmt: skip


def _where(name: str, is_ho: bool) -> Iterator[Scene]:
    yield Scene(f"{name}-where-is-it-normal", is_ho, _type("lamp"))
    yield Scene(f"{name}-where-is-it-stuck", is_ho, _where_price)
    yield Scene(f"{name}-where-is-it-loading", is_ho, _type("lamp"), turn=waiting)
    yield Scene(f"{name}-where-is-it-begin", is_ho, _type(""))
    yield Scene(f"{name}-where-is-it-empty", is_ho, _type("No such thing"))
    yield Scene(f"{name}-where-is-it-problem", is_ho, _type("lamp"), turn=failing)


# --- POS ---


def _no_items(desk: StagedDesk) -> None:
    desk.items = []


def _arrived(desk: StagedDesk) -> None:
    desk.arrived_words = "42 prices, 3 promotions, 1 new user"
    desk.changed = (
        Change(1, "price", "85123A / 2026-12-01", "changed", "price", "2.95", "2.45"),
        Change(2, "user", "asha", "new", "", "", ""),
        Change(3, "item", "84029G", "changed", "name", "Red woolly hottie white heart",
               "Red woolly hottie, white heart, gift boxed"),
        Change(4, "promotion", "XMAS-10", "deleted", "", "", ""),
    )  # fmt: skip


def _pos() -> Iterator[Scene]:
    yield from _sync_page("pos-data-exchange", False)
    sent = _tab("Sent Data")
    received = _tab("Received Data")
    first = StagedDesk.first_run
    yield from four_faces("pos-sent-data", False, sent, first, as_it_is)
    yield from first_faces("pos-received-data", False, received, first, as_it_is)
    yield from four_faces("pos-runs", False, _tab("Runs"), _no_runs, as_it_is)
    scheduled = StagedDesk.with_schedules
    yield from four_faces("pos-schedule", False, _room("Schedule"), as_it_is, scheduled)
    yield from four_faces("pos-item-master", False, _room("Item Master"), _no_items, as_it_is)


def _pos_windows() -> Iterator[Scene]:
    def told(window: Any) -> None:
        window.arrived.tell(41, "42 prices, 3 promotions, 1 new user")

    def arrived(window: Any) -> None:
        window.show_arrived(41)

    yield Scene("pos-arrived-line", False, told, _arrived)
    yield from four_faces("pos-arrived", False, arrived, as_it_is, _arrived)
    yield Scene("pos-web-db-locator-normal", False, _locate)
    yield Scene("pos-web-db-locator-problem", False, _locate, StagedDesk.relay_down)
    yield Scene("pos-web-db-locator-loading", False, _locate, turn=waiting)
    yield from _where("pos", False)


# --- alerts ---


def _alerts() -> Iterator[Scene]:
    def page(window: Any) -> Any:
        settings = window.tabs.go("Application Settings")
        settings.show_section(ALERTS)
        return settings.alerts

    def then(what: str, change: Go = lambda alerts: None) -> Go:
        def go(window: Any) -> None:
            from ginesys_sync.ui import offscreen

            alerts = page(window)
            offscreen.settle(window)
            getattr(alerts, what)()
            change(alerts)

        return go

    def wrong_limits(alerts: Any) -> None:
        alerts.limits_window.silent.number.setText("1")
        alerts.limits_window.silent.unit.setCurrentIndex(0)
        alerts.limits_window.clock.setText("soon")
        alerts.limits_window.stores["S002"].number.clear()

    def wrong_channels(alerts: Any) -> None:
        alerts.channels_window.to.setText("it@shop.example, owner")
        alerts.channels_window.host.setText("mail.other.example")
        alerts.channels_window.webhook.setText("http://chat.shop.example/hook")

    told = StagedDesk.with_alert_channels
    yield from four_faces("launchpad-alerts", True, page, as_it_is, told)
    yield Scene("launchpad-alerts-tested", True, then("send_test"), told)
    yield Scene("launchpad-alert-limits-normal", True, then("open_limits"), told)
    yield Scene("launchpad-alert-limits-problem", True, then("open_limits", wrong_limits), told)
    yield Scene("launchpad-who-is-told-empty", True, then("open_channels"))
    yield Scene("launchpad-who-is-told-normal", True, then("open_channels"), told)
    yield Scene("launchpad-who-is-told-problem", True, then("open_channels", wrong_channels), told)
    yield from first_faces(
        "launchpad-sites", True, _tab("Sites"), _no_sites, StagedDesk.something_wrong
    )
