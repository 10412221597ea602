"""*Control* > *Blocked*: what is held back, why, by whom, and how much waits behind it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.control_views import BlockLine, Kinds
from ginesys_sync.services.desk import Desk
from ginesys_sync.services.views import Done
from ginesys_sync.ui.launchpad import deeds
from ginesys_sync.ui.launchpad.block_dialog import BlockDialog
from ginesys_sync.ui.widgets import grid, theme, tokens
from ginesys_sync.ui.widgets.ask import tell
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.columns import Column
from ginesys_sync.ui.widgets.deed import DeedDialog, ask_deed
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.rows import RowsModel
from ginesys_sync.ui.widgets.said import Said
from ginesys_sync.ui.widgets.wording import counted, exact, grouped, relative


def _what(line: BlockLine) -> str:
    return f"{line.what[0].upper()}{line.what[1:]}"


COLUMNS: tuple[Column[BlockLine], ...] = (
    Column("What", _what, 216, is_code=True),
    Column("Why", lambda line: line.reason, 0, tip=lambda line: line.reason),
    Column("Who", lambda line: line.who, 112),
    Column("Since", lambda line: relative(line.at), 128, tip=lambda line: exact(line.at)),
    Column(
        "Waiting",
        lambda line: grouped(line.waiting) if line.waiting else "–",
        88,
        is_number=True,
        tip=lambda line: f"{counted(line.waiting, 'record')} behind it",
    ),
)


class BlockedPage(QWidget):
    """The list, `Unblock...` and `Block...`."""

    changed = Signal()

    def __init__(self, desk: Desk, background: Background) -> None:
        super().__init__()
        self._desk, self._background = desk, background
        self.deed: DeedDialog | None = None
        self.model: RowsModel[BlockLine] = RowsModel(COLUMNS, lambda line: line.target, self)
        self.table = grid.table(COLUMNS, "What is blocked")
        self.faces = FourFaces(self.table)
        self.title, self.advice, self.said = QLabel(), QLabel(), Said()
        self.unblock, self.block = QPushButton("&Unblock..."), QPushButton("&Block...")
        self._lay_out()
        self.table.selectionModel().currentRowChanged.connect(self._settle)
        self.table.activated.connect(lambda _: self.ask_to_unblock())
        self.unblock.clicked.connect(self.ask_to_unblock)
        self.block.clicked.connect(self.choose)

    def _lay_out(self) -> None:
        theme.mark(self.title, "title")
        theme.mark(self.advice, "muted")
        self.advice.setWordWrap(True)
        self.unblock.setAccessibleName("Unblock the selected line")
        self.block.setAccessibleName("Block a channel, a kind of record or one record")
        self.table.setModel(self.model)
        grid.dress_header(self.table.horizontalHeader(), COLUMNS)
        foot = QHBoxLayout()
        foot.setSpacing(tokens.SPACE_2)
        foot.addWidget(self.unblock)
        foot.addWidget(self.block)
        foot.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_2)
        for widget in (self.title, self.advice, self.said):
            column.addWidget(widget)
        column.addWidget(self.faces, 1)
        column.addLayout(foot)
        self._settle()

    # --- what is true ---

    def refresh(self) -> None:
        """Look again, quietly."""
        self._background.run(self._desk.blocks, self._take, self._show_fault, lane="blocks")

    def _take(self, lines: tuple[BlockLine, ...]) -> None:
        self.model.set_rows(lines)
        if lines:
            are = "thing is" if len(lines) == 1 else "things are"
            self.title.setText(f"{grouped(len(lines))} {are} held back.")
            self.advice.setText(
                "Changes wait behind a block and are not lost: unblocked, they go with the next "
                "sync. A store is blocked in its menu under Sites."
            )
            self.faces.show_content()
        else:
            self.faces.show_empty(
                "Nothing is blocked.",
                "A channel, a kind of record or one record can be held back here, with a reason; a "
                "store, in its menu under Sites. What is held back waits and is not lost.",
                "Block...",
                self.choose,
                "circle-pause",
            )
        self._settle()

    def _show_fault(self, fault: KnownError) -> None:
        self.faces.show_problem(fault, "Try again", self.refresh)
        self._settle()

    @property
    def selected(self) -> BlockLine | None:
        """The block one stands on."""
        place = self.table.currentIndex().row()
        return self.model.rows[place] if 0 <= place < len(self.model.rows) else None

    def _settle(self) -> None:
        is_there = self.faces.face == "normal"
        for widget in (self.title, self.advice, self.unblock, self.block):
            widget.setVisible(is_there)
        self.unblock.setEnabled(self.selected is not None)

    # --- what can be done ---

    def ask_to_unblock(self) -> None:
        """Ask, then let the selected line go."""
        line = self.selected
        if line is not None:
            self.deed = ask_deed(
                self.window(),
                self._background,
                deeds.unblock(line),
                lambda reason: self._desk.unblock(line.target, reason),
                self._tell,
            )

    def choose(self) -> None:
        """Ask what is to be held back, and why."""
        self._background.run(self._desk.kinds, self._open, self._complain, lane="kinds")

    def _open(self, kinds: Kinds) -> None:
        self.deed = BlockDialog(self.window(), self._background, kinds, self._desk.block)
        self.deed.was_done.connect(self._tell)
        self.deed.open()

    def _tell(self, done: Done) -> None:
        self.said.say(done)
        self.refresh()
        self.changed.emit()

    def _complain(self, fault: KnownError) -> None:
        tell(self.window(), fault)
