"""What needs attention: every record that could not be written, where, why, since when; and what a
person can do about it. The same list in a window of its own and as a section of *Control*."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.services.control_views import ANSWERED, ASKS, DELETES, DELETES_ANSWERED, MORE
from ginesys_sync.services.desk import Desk
from ginesys_sync.services.views import AttentionRow, Done
from ginesys_sync.ui.widgets import attention_deeds, grid, theme, tokens
from ginesys_sync.ui.widgets.ask import fit, tell
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.columns import Column
from ginesys_sync.ui.widgets.deed import Act, Deed, DeedDialog, ask_deed
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.rows import Fetched, PagedRows
from ginesys_sync.ui.widgets.said import Said
from ginesys_sync.ui.widgets.wording import exact, grouped, relative

_OPEN = (ASKS, DELETES)
_panes = count(1)
"""Each asks in a lane of its own: the list in its window and the one in Control do not wait for
each other."""


def is_question(row: AttentionRow) -> bool:
    """Whether it is no record, but a question to a person, answered or not."""
    return row.code in (*_OPEN, ANSWERED, DELETES_ANSWERED)


def name_of(row: AttentionRow) -> str:
    """What is listed: a record by its key, or the kind that is asked about."""
    if row.code == MORE:
        return "More records"
    if is_question(row):
        return row.entity
    one = row.one or row.entity
    return f"{one[:1].upper()}{one[1:]}  {row.key}"


def reason_of(row: AttentionRow) -> str:
    """Why it is listed, in whole sentences."""
    if row.code in (ASKS, ANSWERED):
        what = row.many or row.entity
        return f"More than a tenth of the {what} would go at {row.site}: {row.reason}"
    return f"{row.reason} Missing: {row.missing}." if row.missing else row.reason


def _tried(row: AttentionRow) -> str:
    return "" if is_question(row) or row.code == MORE else relative(row.last_at)


COLUMNS: tuple[Column[AttentionRow], ...] = (
    Column("Record", name_of, 216, is_code=True),
    Column("Site", lambda row: row.site, 72),
    Column("Why", reason_of, 0, tip=reason_of),
    Column("Since", lambda row: relative(row.first_at), 96, tip=lambda row: exact(row.first_at)),
    Column(
        "Last tried",
        _tried,
        96,
        tip=lambda row: f"{exact(row.last_at)} ({row.code})",
    ),
    Column("Tries", lambda row: grouped(row.tries) if row.tries else "", 64, is_number=True),
)


class AttentionPane(QWidget):
    """The list, the reason in full, and what can be done at the site `own`. `again_wanted` carries
    a row that is to be sent again: only head office can, and only what it sends."""

    again_wanted = Signal(object)

    def __init__(self, desk: Desk, background: Background, own: str) -> None:
        super().__init__()
        self._desk, self._background, self._own = desk, background, own
        self.deed: DeedDialog | None = None
        self.model: PagedRows[AttentionRow] = PagedRows(
            COLUMNS,
            lambda row: (row.site, row.entity, row.key),
            background,
            f"attention-{next(_panes)}",
            self,
        )
        self.table = grid.table(COLUMNS, "Records that need attention")
        self.faces = FourFaces(self.table)
        self.title, self.advice, self.reason, self.said = QLabel(), QLabel(), QLabel(), Said()
        self.retry, self.again = QPushButton("&Retry"), QPushButton("Send A&gain...")
        self.discard = QPushButton("&Discard...")
        self.remove, self.keep = QPushButton("Re&move Them..."), QPushButton("&Keep Them...")
        self._lay_out()
        self._wire()
        self._say(())
        self._settle()

    def _lay_out(self) -> None:
        theme.mark(self.title, "title")
        theme.mark(self.advice, "muted")
        for label in (self.title, self.advice, self.reason):
            label.setWordWrap(True)
        self.reason.setTextFormat(Qt.TextFormat.PlainText)
        self.reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.reason.hide()
        self.table.setModel(self.model)
        grid.dress_header(self.table.horizontalHeader(), COLUMNS)
        self.foot = QHBoxLayout()
        self.foot.setSpacing(tokens.SPACE_2)
        for button in (self.remove, self.keep, self.retry, self.again, self.discard):
            button.setAccessibleName(f"{button.text().replace('&', '').rstrip('.')}: selected line")
            self.foot.addWidget(button)
        self.foot.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_2)
        for widget in (self.title, self.advice, self.said):
            column.addWidget(widget)
        column.addWidget(self.faces, 1)
        column.addWidget(self.reason)
        column.addLayout(self.foot)

    def _wire(self) -> None:
        self.model.loaded.connect(self._show_loaded)
        self.model.rowsInserted.connect(lambda: self._say(self.model.rows))
        self.model.failed.connect(self._show_fault)
        self.table.selectionModel().currentRowChanged.connect(self._settle)
        self.model.modelReset.connect(self._settle)
        self.model.dataChanged.connect(self._settle)
        self.retry.clicked.connect(self._retry)
        self.again.clicked.connect(self._want_again)
        self.discard.clicked.connect(self._ask_to_discard)
        self.remove.clicked.connect(lambda: self._ask_to_answer(may_go=True))
        self.keep.clicked.connect(lambda: self._ask_to_answer(may_go=False))

    # --- what is true ---

    def look(self) -> None:
        """Read the list."""

        def fetch(after: int | None, limit: int) -> Fetched[AttentionRow]:
            page = self._desk.attention(after, limit)
            return Fetched(page.rows, page.next)

        self.model.show_from(fetch)

    def _show_loaded(self) -> None:
        self._say(self.model.rows)
        if self.model.rows:
            self.faces.show_content()
        else:
            self.faces.show_empty(
                "Nothing needs attention.", "Every record that came was written.", picture="check"
            )
        self._settle()

    def _show_fault(self, fault: KnownError) -> None:
        self.faces.show_problem(fault, "Try again", self.look)
        self._settle()

    def _say(self, rows: Sequence[AttentionRow]) -> None:
        title, advice = attention_deeds.heading(rows)
        self.title.setText(title)
        self.advice.setText(advice)

    @property
    def selected(self) -> AttentionRow | None:
        """The line one stands on."""
        place = self.table.currentIndex().row()
        return self.model.rows[place] if 0 <= place < len(self.model.rows) else None

    def _settle(self) -> None:
        is_there = self.faces.face == "normal"
        row = self.selected if is_there else None
        asks = row is not None and is_question(row)
        for button in (self.remove, self.keep):
            button.setVisible(asks)
            button.setEnabled(row is not None and row.code in _OPEN)
        for button in (self.retry, self.again, self.discard):
            button.setVisible(is_there and not asks)
            button.setEnabled(row is not None and row.code != MORE)
        self.again.setVisible(is_there and not asks and self._own == HEAD_OFFICE)
        for label in (self.title, self.advice):
            label.setVisible(is_there)
        self.reason.setVisible(row is not None)
        if row is not None:
            said = reason_of(row)
            self.reason.setText(said if asks else f"{name_of(row)}: {said}")

    # --- what can be done ---

    def _retry(self) -> None:
        row = self.selected
        if row is not None:
            self.retry.setEnabled(False)
            self._background.run(
                lambda: self._desk.retry(row), self._take, self._complain, lane="retry"
            )

    def _want_again(self) -> None:
        if self.selected is not None:
            self.again_wanted.emit(self.selected)

    def _ask_to_discard(self) -> None:
        row = self.selected
        if row is not None:
            deed = attention_deeds.discard(row, is_here=row.site == self._own)
            self._ask(deed, lambda reason: self._desk.discard(row, reason))

    def _ask_to_answer(self, may_go: bool) -> None:
        row = self.selected
        if row is not None:
            deed = attention_deeds.remove(row) if may_go else attention_deeds.keep(row)
            self._ask(deed, lambda reason: self._desk.answer_line(row, may_go, reason))

    def _ask(self, deed: Deed, act: Act) -> None:
        self.deed = ask_deed(self.window(), self._background, deed, act, self._take)

    def _take(self, done: Done) -> None:
        self.said.say(done)
        self.look()

    def _complain(self, fault: KnownError) -> None:
        self._settle()
        tell(self.window(), fault)


class AttentionDialog(QDialog):
    """The list, beside the window it came from."""

    def __init__(self, desk: Desk, background: Background, parent: QWidget, own: str) -> None:
        super().__init__(parent)
        self.setWindowTitle("Needs attention")
        fit(self, 940, 520)
        self.pane = AttentionPane(desk, background, own)
        self.model, self.table, self.faces = self.pane.model, self.pane.table, self.pane.faces
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setText("Close")
        buttons.rejected.connect(self.reject)
        self.pane.foot.addWidget(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        column.addWidget(self.pane)
        self.pane.look()
