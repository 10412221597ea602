"""The cards of Application Settings > Schedule: head office's own schedule, all stores', and the
list of stores that have one of their own."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from ginesys_sync.services.schedule_views import EffectiveView, PolicyView
from ginesys_sync.ui.widgets import grid, icons, theme, tokens
from ginesys_sync.ui.widgets.card import Card
from ginesys_sync.ui.widgets.columns import Column, PillWord
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.rows import RowsModel
from ginesys_sync.ui.widgets.schedule_facts import ScheduleFacts
from ginesys_sync.ui.widgets.schedule_words import PROPOSAL, sentence


class PolicyCard(Card):
    """One schedule: what it is, `Change...`, `Take Back...`; or, when there is none, why that
    matters, and a proposal to begin from."""

    change_wanted = Signal()
    proposal_wanted = Signal()
    take_back_wanted = Signal()

    def __init__(self, title: str, note: str, nothing: str, shown: QWidget) -> None:
        self.nothing = QLabel(f"{nothing}\nA sensible beginning: {PROPOSAL}.")
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.shown = shown
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.nothing)
        column.addWidget(shown)
        super().__init__(title, inside, note)
        self.proposal = self.add_button("Begin With This...")
        self.change = self.add_button("Change...")
        self.take_back = self.add_button("Take Back...")
        for button, verb in (
            (self.proposal, "Begin with this"), (self.change, "Change"),
            (self.take_back, "Take back"),
        ):  # fmt: skip
            button.setAccessibleName(f"{verb}: {title}")
        self.proposal.clicked.connect(self.proposal_wanted)
        self.change.clicked.connect(self.change_wanted)
        self.take_back.clicked.connect(self.take_back_wanted)
        self.show_set(False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is set."""
        return self.proposal.isVisibleTo(self)

    def show_set(self, is_set: bool) -> None:
        """Show the schedule, or that there is none."""
        self.nothing.setVisible(not is_set)
        self.proposal.setVisible(not is_set)
        self.shown.setVisible(is_set)
        self.change.setVisible(is_set)
        self.take_back.setVisible(is_set)


class OwnCard(PolicyCard):
    """Head office's own schedule with its next runs, and the clock it goes by."""

    zone_wanted = Signal()

    def __init__(self) -> None:
        self.facts = ScheduleFacts(has_source=False)
        super().__init__(
            "Head office",
            "When head office itself sends and receives.",
            "No schedule is set: head office syncs only when someone presses Sync All or Sync "
            "Selective.",
            self.facts,
        )
        self.zone = self.add_button("Time Zone...")
        self.zone.clicked.connect(self.zone_wanted)

    def show_schedule(self, view: EffectiveView) -> None:
        """Show what head office works by."""
        self.facts.show_schedule(view)
        self.show_set(view.schedule is not None or bool(view.fault))
        self.zone.setAccessibleName(f"Time Zone: {view.zone}")


class MasterCard(PolicyCard):
    """The schedule for all stores."""

    def __init__(self) -> None:
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        super().__init__(
            "All stores (Master Policy)",
            "For every store without a schedule of its own. It reaches the stores by sync.",
            "No schedule is set: a store syncs only when someone there presses Sync.",
            self.words,
        )

    def show_policy(self, policy: PolicyView) -> None:
        """Show what holds for all stores."""
        theme.mark(self.words, "strong", "bad" if policy.fault else "")
        self.words.setText(policy.fault or sentence(policy.words or "-"))
        self.show_set(policy.is_set)


def _live(policy: PolicyView) -> tuple[PillWord, ...]:
    if policy.fault:
        return (PillWord("Damaged", "cross", "bad"),)
    is_live = policy.schedule is not None and policy.schedule.live
    return (PillWord("On", "tick", "good") if is_live else PillWord("Off", "bar", "calm"),)


def _words(policy: PolicyView) -> str:
    if policy.fault:
        return policy.fault
    # The pill beside it says that already.
    return sentence(policy.words.partition(";")[0])


SITE_COLUMNS: tuple[Column[PolicyView], ...] = (
    Column("Site", lambda row: row.whose, 72),
    Column("Name", lambda row: row.name, 160),
    Column("Live mode", lambda row: _live(row)[0].word, 96, pills=_live),
    Column("Schedule", _words, 0, tip=_words),
)
ROWS_SHOWN = 6


class SiteCard(Card):
    """The stores with a schedule of their own: search, `Add...`, `Change...`, `Take Back...`."""

    add_wanted = Signal()
    change_wanted = Signal(object)
    take_back_wanted = Signal(object)

    def __init__(self) -> None:
        self.search = QLineEdit()
        self.model: RowsModel[PolicyView] = RowsModel(SITE_COLUMNS, lambda row: row.whose)
        self.table = grid.table(SITE_COLUMNS, "Stores with a schedule of their own")
        self.faces = FourFaces(self.table)
        self._policies: tuple[PolicyView, ...] = ()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_2)
        head = QHBoxLayout()
        head.addWidget(self.search)
        head.addStretch(1)
        column.addLayout(head)
        column.addWidget(self.faces)
        self.nothing = QLabel("No store has a schedule of its own. Add one that needs other times.")
        self.nothing.setWordWrap(True)
        column.addWidget(self.nothing)
        super().__init__(
            "Single stores (Site Policy)",
            inside,
            "A store in this list goes by its own schedule instead of the one for all stores.",
        )
        self.model.setParent(self)
        self.add = self.add_button("Add...")
        self.change = self.add_button("Change...")
        self.take_back = self.add_button("Take Back...")
        self._dress()
        self._wire()

    def _dress(self) -> None:
        for button in (self.add, self.change, self.take_back):
            button.setAccessibleName(f"{button.text().rstrip('.')}: a store's own schedule")
        self.search.setPlaceholderText("Search by code or name")
        self.search.setAccessibleName("Search stores with a schedule of their own")
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(264)
        self._glass = self.search.addAction(
            icons.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        self.table.setModel(self.model)
        grid.dress_header(self.table.horizontalHeader(), SITE_COLUMNS)

    def _wire(self) -> None:
        theme.theme().changed.connect(self._recolour)
        self.search.textChanged.connect(self._show)
        self.table.selectionModel().currentRowChanged.connect(self._settle)
        self.table.activated.connect(lambda _: self._want(self.change_wanted))
        self.add.clicked.connect(self.add_wanted)
        self.change.clicked.connect(lambda: self._want(self.change_wanted))
        self.take_back.clicked.connect(lambda: self._want(self.take_back_wanted))

    def _recolour(self) -> None:
        self._glass.setIcon(icons.icon("search", "muted"))

    def show_policies(self, policies: Sequence[PolicyView]) -> None:
        """Show these stores; the selection stays where it was."""
        self._policies = tuple(policies)
        self._show()

    @property
    def selected(self) -> PolicyView | None:
        """The store one stands on."""
        place = self.table.currentIndex().row()
        return self.model.rows[place] if 0 <= place < len(self.model.rows) else None

    def select(self, whose: str) -> None:
        """Stand on this store."""
        for place, row in enumerate(self.model.rows):
            if row.whose == whose:
                self.table.setCurrentIndex(self.model.index(place, 0))

    def _show(self) -> None:
        words = self.search.text().casefold().split()
        fit = [
            policy
            for policy in self._policies
            if all(word in f"{policy.whose} {policy.name}".casefold() for word in words)
        ]
        self.model.set_rows(fit)
        shown = max(2, min(len(fit), ROWS_SHOWN)) + 1
        self.faces.setFixedHeight(shown * tokens.ROW_HEIGHT + 4 if fit else 176)
        for widget in (self.search, self.faces):
            widget.setVisible(bool(self._policies))
        self.nothing.setVisible(not self._policies)
        if fit:
            self.faces.show_content()
        elif self._policies:
            self.faces.show_empty(
                "No store fits.", "Search for part of a code or a name.", "Clear search",
                self.search.clear, "search",
            )  # fmt: skip
        self._settle()

    def _settle(self) -> None:
        for button in (self.change, self.take_back):
            button.setVisible(bool(self._policies))
            button.setEnabled(self.selected is not None)

    def _want(self, wanted: SignalInstance) -> None:
        if self.selected is not None:
            wanted.emit(self.selected)
