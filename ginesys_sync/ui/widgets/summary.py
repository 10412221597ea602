"""How a run ended: a line for each site, what comes next, and the closing sentence as the last
line."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.status import Outcome
from ginesys_sync.services.views import RunSummary, SiteSummary
from ginesys_sync.ui.widgets import ask, grid, theme, tokens
from ginesys_sync.ui.widgets.columns import Column, PillWord
from ginesys_sync.ui.widgets.rows import RowsModel
from ginesys_sync.ui.widgets.wording import grouped

ROWS_SHOWN = 6
_SITE = 160
"""Room for a site's code and name."""


def _number(
    title: str, get: Callable[[SiteSummary], int], tip: str, width: int = 108
) -> Column[SiteSummary]:
    def text(row: SiteSummary) -> str:
        return grouped(get(row)) if get(row) else "–"

    return Column(title, text, width, is_number=True, sort=get, tip=lambda row: tip)


def _attention(row: SiteSummary) -> tuple[PillWord, ...]:
    return (PillWord(grouped(row.attention), "mark", "warning"),) if row.attention else ()


def _site(row: SiteSummary) -> str:
    return row.site if row.name in ("", row.site) else f"{row.site}  {row.name}"


COLUMNS: tuple[Column[SiteSummary], ...] = (
    Column("Site", _site, 0),
    _number("Sent", lambda row: row.sent, "Records now in the Web Database for this site", 84),
    _number(
        "Acknowledged",
        lambda row: row.acknowledged,
        "Records sent to this site, now or earlier, that it confirmed in this sync",
        122,
    ),
    _number("Waiting", lambda row: row.waiting, "Records that wait to be sent to this site", 88),
    _number("Received", lambda row: row.received, "Records fetched from this site", 92),
    _number("Processed", lambda row: row.processed, "Records written to this database", 98),
    Column(
        "Needs attention",
        lambda row: grouped(row.attention) if row.attention else "",
        140,
        pills=_attention,
        sort=lambda row: row.attention,
    ),
)


class SummaryView(QWidget):
    """A run's end. `attention_wanted`: the way to the list was pressed."""

    attention_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fault_box = QFrame()
        self.fault_title = QLabel()
        self.fault_advice = QLabel()
        self.copy = QPushButton("Copy details")
        self.model = RowsModel(COLUMNS, lambda row: row.site, self)
        self.table = grid.table(COLUMNS, "What this sync did with each site")
        self.table.setModel(self.model)
        grid.dress_header(self.table.horizontalHeader(), COLUMNS)
        self.next = QLabel()
        self.attention = QPushButton("See what needs attention")
        self.closing = QLabel()
        self._fault: KnownError | None = None
        self._is_narrow = False
        self._lay_out()
        self.copy.clicked.connect(self._copy)
        self.attention.clicked.connect(self.attention_wanted)

    def _lay_out(self) -> None:
        theme.mark(self.fault_box, "note", "bad")
        theme.mark(self.fault_title, "strong")
        theme.mark(self.copy, "link")
        theme.mark(self.attention, "link")
        theme.mark(self.closing, "closing")
        self.table.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.table.setSelectionMode(self.table.SelectionMode.NoSelection)
        for label in (self.fault_title, self.fault_advice, self.next, self.closing):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.fault_title)
        words.addWidget(self.fault_advice)
        inside = QHBoxLayout(self.fault_box)
        inside.setContentsMargins(tokens.SPACE_3, tokens.SPACE_2, tokens.SPACE_3, tokens.SPACE_2)
        inside.addLayout(words, 1)
        inside.addWidget(self.copy)
        more = QHBoxLayout()
        more.addWidget(self.next, 1)
        more.addWidget(self.attention, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_2)
        column.addWidget(self.fault_box)
        column.addWidget(self.table)
        column.addLayout(more)
        column.addWidget(self.closing)

    def show_summary(self, summary: RunSummary) -> None:
        """Show how it ended."""
        self.model.set_rows(summary.sites)
        shown = min(len(summary.sites), ROWS_SHOWN)
        self.table.setVisible(shown > 0)
        self.table.setFixedHeight(tokens.ROW_HEIGHT * (shown + 1) + 4)
        is_longer = len(summary.sites) > shown
        self.table.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded
            if is_longer
            else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        self._fit_columns()
        self.next.setText("\n".join(summary.what_next))
        self.next.setVisible(bool(summary.what_next))
        needs = any(row.attention for row in summary.sites)
        self.attention.setVisible(needs or summary.outcome is Outcome.ATTENTION)
        self.closing.setText(summary.closing)
        self._fault = None
        if summary.title and summary.outcome is Outcome.STOPPED:
            self._fault = KnownError(summary.title, summary.advice, summary.detail)
            self.fault_title.setText(summary.title)
            self.fault_advice.setText(self._fault.advice)
        self.fault_box.setVisible(self._fault is not None)
        self.copy.setText("Copy details")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """In a narrow window the numbers have the room they need and no more: the grid is as high
        as its rows, so that a scroll bar would lie over them."""
        header = self.table.horizontalHeader()
        is_narrow = self.width() < sum(column.width for column in COLUMNS) + _SITE
        if not is_narrow and not self._is_narrow:
            return
        self._is_narrow = is_narrow
        for place, column in enumerate(COLUMNS):
            if column.width:
                least = max(header.sectionSizeHint(place), self.table.sizeHintForColumn(place))
                header.resizeSection(place, least if is_narrow else column.width)

    def _copy(self) -> None:
        if self._fault is not None:
            ask.copy_details(self._fault)
            self.copy.setText("Copied")
