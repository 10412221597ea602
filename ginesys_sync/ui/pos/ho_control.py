"""`HO Control`: read-only lists of what head office sent, to see what arrived."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.desk import Desk
from ginesys_sync.services.views import ControlColumn
from ginesys_sync.ui.widgets import grid, icons, theme, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.columns import Column
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.filter_bar import PAUSE_MS
from ginesys_sync.ui.widgets.rows import Fetched, PagedRows
from ginesys_sync.ui.widgets.where_rows import offer_on_list
from ginesys_sync.ui.widgets.wording import counted

Texts = tuple[str, ...]
NAME_WIDTH = 160


def _column(place: int, column: ControlColumn, width: int) -> Column[Texts]:
    return Column(column.title, lambda row: row[place], width, is_number=column.is_number)


def columns_for(heads: Sequence[ControlColumn]) -> tuple[Column[Texts], ...]:
    """Columns for a list: names take the room, numbers and codes take what they need."""
    wide = {"name", "description", "what it is", "value"}
    stretched = next(
        (place for place, head in enumerate(heads) if head.title.casefold() in wide), len(heads) - 1
    )
    return tuple(
        _column(place, head, 0 if place == stretched else 112 if head.is_number else 136)
        for place, head in enumerate(heads)
    )


class HoControlPage(QWidget):
    """One list at a time. `sync_wanted`: the empty list's next step was pressed."""

    sync_wanted = Signal()

    def __init__(self, desk: Desk, background: Background) -> None:
        super().__init__()
        self._desk, self._background = desk, background
        self._heads: tuple[ControlColumn, ...] = ()
        self._wide: grid.WideColumn | None = None
        self._is_fitted = False
        self.name = ""
        self.title = QLabel()
        self.count = QLabel()
        self.search = QLineEdit()
        self.table = grid.table((), "HO Control")
        self.model: PagedRows[Texts] = PagedRows((), lambda row: row, background, "control", self)
        self.faces = FourFaces(self.table)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._lay_out()
        self.where = offer_on_list(self.table, self.model, lambda: self.name)
        self._pause.timeout.connect(self._look)
        self.search.textChanged.connect(lambda: self._pause.start())
        self.model.loaded.connect(self._show_loaded)
        self.model.failed.connect(self._show_fault)
        theme.theme().changed.connect(self._recolour)

    def _lay_out(self) -> None:
        theme.mark(self.title, "title")
        theme.mark(self.count, "small")
        self.table.setModel(self.model)
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(360)
        self._glass = self.search.addAction(
            icons.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        note = QLabel("Head office keeps this list. It can be read here, not changed.")
        theme.mark(note, "small")
        head = QHBoxLayout()
        head.setSpacing(tokens.SPACE_3)
        head.addWidget(self.title)
        head.addWidget(self.count)
        head.addStretch(1)
        head.addWidget(self.search, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_3)
        column.setSpacing(tokens.SPACE_3)
        column.addLayout(head)
        column.addWidget(self.faces, 1)
        column.addWidget(note)

    def _recolour(self) -> None:
        self._glass.setIcon(icons.icon("search", "muted"))

    def show_list(self, name: str) -> None:
        """Show another list, from its beginning, without a search."""
        if name == self.name:
            # It may have come while another room was open.
            self.refresh()
            return
        self.name = name
        self._heads = ()
        self.model.set_columns(())
        self.title.setText(name)
        self.count.setText("")
        self.table.setAccessibleName(name)
        self.search.blockSignals(True)
        self.search.clear()
        self.search.blockSignals(False)
        self.search.setPlaceholderText(f"Search {name}")
        self.search.setAccessibleName(f"Search {name}")
        self._pause.stop()
        self.faces.show_loading()
        self._look()

    def refresh(self) -> None:
        """Something arrived: look again, quietly."""
        if self.name:
            self._look()

    def _look(self) -> None:
        name, text = self.name, self.search.text().strip()

        def fetch(after: str | None, limit: int) -> Fetched[Texts]:
            page = self._desk.control_page(name, text, after, limit)
            return Fetched(page.rows, page.next, (page.columns, page.total))

        self.model.show_from(fetch)

    def _show_loaded(self) -> None:
        heads, total = self.model.extra
        if heads != self._heads:
            rows = self.model.rows
            self._heads = heads
            if self._wide is not None:
                self._wide.let_go()
            columns = columns_for(heads)
            self.model.set_columns(columns)
            self.model.set_rows(rows)
            grid.dress_header(self.table.horizontalHeader(), columns)
            grid.numbers_first(self.table, columns)
            wide = next(place for place, column in enumerate(columns) if not column.width)
            self._wide = grid.WideColumn(self.table, wide, NAME_WIDTH)
            self._is_fitted = False
        if self.model.rows and not self._is_fitted:
            self._is_fitted = True
            grid.fit_columns(self.table, self.model.columns)
        self.count.setText(counted(total, "row"))
        if self.model.rows:
            self.faces.show_content()
        elif self.search.text().strip():
            self.faces.show_empty(
                "Nothing fits this search.",
                "Search for part of a code or a name.",
                "Clear search",
                self.search.clear,
                "search",
            )
        else:
            self.faces.show_empty(
                f"{self.name} is empty.",
                "Nothing of it has come from head office yet. Press Sync in Data Exchange "
                "to fetch what waits.",
                "Go to Data Exchange",
                self.sync_wanted.emit,
            )

    def _show_fault(self, fault: KnownError) -> None:
        self.faces.show_problem(fault, "Try again", self._look)
