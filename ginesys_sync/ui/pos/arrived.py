"""What the last sync brought to this store: a line at the window's foot, the list behind it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.services.arrival_views import Change, Changes
from ginesys_sync.services.desk import Desk
from ginesys_sync.ui.widgets import grid, theme, tokens
from ginesys_sync.ui.widgets.ask import fit
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.columns import Column
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.rows import Fetched, PagedRows


class ArrivedBar(QFrame):
    """`Arrived: 42 prices, 3 promotions, 1 new user.` with the way to the list. Hidden until a sync
    brought something; `list_wanted` carries the run."""

    list_wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.run: int | None = None
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.show_list = QPushButton("See what changed")
        self.put_away = QPushButton("Dismiss")
        for button in (self.show_list, self.put_away):
            theme.mark(button, "link")
        theme.mark(self, "strip", "info")
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.SPACE_5, tokens.SPACE_2, tokens.SPACE_5, tokens.SPACE_2)
        row.setSpacing(tokens.SPACE_3)
        row.addWidget(self.words, 1)
        row.addWidget(self.show_list)
        row.addWidget(self.put_away)
        self.show_list.clicked.connect(lambda: self.list_wanted.emit(self.run))
        self.put_away.clicked.connect(self.hide)
        self.hide()

    def tell(self, run: int, words: str) -> None:
        """A run has ended that brought this; nothing is said when it brought nothing."""
        if not words:
            return
        self.run = run
        self.words.setText(f"Arrived: {words}.")
        self.setAccessibleName(self.words.text())
        self.show()


def _what(row: Change) -> str:
    return (row.column or row.what).capitalize()


COLUMNS: tuple[Column[Change], ...] = (
    Column("Kind", lambda row: row.kind.capitalize(), 96),
    Column("Record", lambda row: row.key, 176, is_code=True),
    Column("What", _what, 112),
    Column("Before", lambda row: row.old, 0, tip=lambda row: row.old),
    Column("Now", lambda row: row.new, 0, tip=lambda row: row.new),
)


class ArrivedDialog(QDialog):
    """What one sync changed here, with the value before and after."""

    def __init__(self, desk: Desk, background: Background, run: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("What changed")
        fit(self, 1040, 480)
        self._desk, self._run = desk, run
        self.model = PagedRows(COLUMNS, lambda row: row.id, background, "arrived", self)
        self.table = grid.table(COLUMNS, "What the sync changed")
        self.table.setModel(self.model)
        grid.dress_header(self.table.horizontalHeader(), COLUMNS)
        self.faces = FourFaces(self.table)
        self.note = QLabel("Of a kind with very many records, only their number is kept.")
        self._lay_out()
        self.model.loaded.connect(self._show_loaded)
        self.model.failed.connect(
            lambda fault: self.faces.show_problem(fault, "Try again", self.look)
        )
        self.look()

    def _lay_out(self) -> None:
        title = QLabel("What this sync changed in the store")
        theme.mark(title, "title")
        theme.mark(self.note, "small")
        self.note.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_2)
        column.addWidget(title)
        column.addWidget(self.faces, 1)
        column.addWidget(self.note)
        column.addWidget(buttons)

    def look(self) -> None:
        """Read the list."""

        def fetch(after: int | None, limit: int) -> Fetched[Change]:
            page: Changes = self._desk.changes(self._run, after)
            return Fetched(page.rows, page.next, page.are_all)

        self.model.show_from(fetch)

    def _show_loaded(self) -> None:
        self.note.setVisible(not self.model.extra)
        if self.model.rows:
            self.faces.show_content()
        else:
            self.faces.show_empty(
                "Nothing is different here.",
                "What came was here already, or there was so much of it that only its number "
                "was kept. Back Office > HO Control shows how it is now.",
                picture="check",
            )
