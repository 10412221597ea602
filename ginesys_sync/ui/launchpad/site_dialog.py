"""One store of the board: how it stands, its alerts, its day, and what one can do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.services.board_views import BoardLine
from ginesys_sync.services.standing import length
from ginesys_sync.ui.launchpad import board_columns
from ginesys_sync.ui.launchpad.activity_chart import DayChart
from ginesys_sync.ui.widgets import theme, tokens, wording
from ginesys_sync.ui.widgets.ask import fit
from ginesys_sync.ui.widgets.pill import Pill

_MOST_ALERTS = 4


def facts_of(line: BoardLine) -> tuple[tuple[str, str], ...]:
    """The rows of the dialog: a label and what is true."""
    waiting = _counted(line.waiting, "record")
    if line.waiting:
        waiting += f", the oldest for {board_columns.age(line.oldest_at)}"
    clock = length(abs(line.clock_ahead_seconds))
    side = "fast" if line.clock_ahead_seconds > 0 else "slow"
    return (
        ("Last contact", _contact(line)),
        ("Waiting for it", waiting),
        ("Not acknowledged", _counted(line.unacknowledged, "batch", "batches")),
        ("From it, not processed", _counted(line.unprocessed, "batch", "batches")),
        ("Needs attention", wording.grouped(line.attention) if line.attention else "nothing"),
        ("Next sync", _next(line)),
        ("Clock", f"{clock} {side}" if abs(line.clock_ahead_seconds) >= 5 else "right"),
        ("Program", board_columns.version_words(line)),
        ("Groups", ", ".join(line.groups) or "none"),
    )


def _counted(number: int, one: str, many: str = "") -> str:
    return wording.counted(number, one, many) if number else "nothing"


def _contact(line: BoardLine) -> str:
    exact = wording.exact(line.last_seen_at)
    return f"{board_columns.contact(line)} ({exact})" if exact else "never"


def _next(line: BoardLine) -> str:
    at = wording.exact(line.next_run_at)
    if line.is_live:
        return f"live; by schedule {at}" if at else "live"
    return at or "when somebody asks for it"


class SiteDialog(QDialog):
    """Read only, with the actions of the board. `sync_wanted` carries the site's code."""

    sync_wanted = Signal(str)

    def __init__(self, line: BoardLine, menu: QMenu, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"{line.code} – {line.name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.line = line
        self.why, self.chart = QLabel(line.why), DayChart()
        self.sync = QPushButton("Sync this Site")
        self.more = QPushButton("More")
        menu.setParent(self, menu.windowFlags())
        self.more.setMenu(menu)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.chart.show_hours(line.hours)
        self._lay_out()
        fit(self, 600, 480)

    def _lay_out(self) -> None:
        theme.mark(self.why, "title")
        self.why.setWordWrap(True)
        theme.mark(self.sync, "primary")
        self.sync.setEnabled(self.line.is_in_the_chain)
        self.sync.setToolTip("" if self.line.is_in_the_chain else self.line.why)
        self.sync.clicked.connect(self._sync)
        self.buttons.button(QDialogButtonBox.StandardButton.Close).setText("Close")
        self.buttons.rejected.connect(self.reject)
        shown = board_columns.status_pill(self.line)
        head = QHBoxLayout()
        head.setSpacing(tokens.SPACE_3)
        head.addWidget(Pill(shown.word, shown.shape, shown.tone))
        head.addWidget(self.why, 1)
        foot = QHBoxLayout()
        foot.setSpacing(tokens.SPACE_2)
        foot.addWidget(self.sync)
        foot.addWidget(self.more)
        foot.addStretch(1)
        foot.addWidget(self.buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_3)
        column.addLayout(head)
        for label in self._alerts():
            column.addWidget(label)
        column.addLayout(self._facts())
        day = QLabel("Last 24 hours")
        theme.mark(day, "section")
        column.addWidget(day)
        column.addWidget(self.chart)
        column.addStretch(1)
        column.addLayout(foot)

    def _alerts(self) -> list[QLabel]:
        found = []
        for alert in self.line.alerts[:_MOST_ALERTS]:
            label = QLabel(f"Alert {wording.relative(alert.since)}: {alert.words}")
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            theme.mark(label, "small")
            found.append(label)
        return found

    def _facts(self) -> QFormLayout:
        form = QFormLayout()
        form.setHorizontalSpacing(tokens.SPACE_5)
        form.setVerticalSpacing(tokens.SPACE_1)
        for name, words in facts_of(self.line):
            label, value = QLabel(name), QLabel(words)
            theme.mark(label, "muted")
            value.setWordWrap(True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            form.addRow(label, value)
        return form

    def _sync(self) -> None:
        self.accept()
        self.sync_wanted.emit(self.line.code)
