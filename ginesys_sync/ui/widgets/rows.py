"""A table of rows: named columns, partial updates, and pages that are fetched as one scrolls."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, Signal

from ginesys_sync.core.errors import KnownError
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.columns import Column, Index

Row = TypeVar("Row")
PAGE = 100


class RowsModel(QAbstractTableModel, Generic[Row]):
    """Rows shown by columns. Setting new rows keeps what is the same, so a selection and a scroll
    survive."""

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], Hashable],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._key = key
        self.rows: list[Row] = []

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        return self.columns[index.column()].answer(self.rows[index.row()], role)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Vertical or section >= len(self.columns):
            return None
        return self.columns[section].head(role)

    def set_columns(self, columns: Sequence[Column[Row]]) -> None:
        """Other columns, no rows."""
        self.beginResetModel()
        self.columns = tuple(columns)
        self.rows = []
        self.endResetModel()

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows; what is unchanged stays untouched."""
        before, after = [self._key(row) for row in self.rows], [self._key(row) for row in rows]
        if before == after:
            for place, row in enumerate(rows):
                if row != self.rows[place]:
                    self.rows[place] = row
                    left, right = self.index(place, 0), self.index(place, len(self.columns) - 1)
                    self.dataChanged.emit(left, right)
        elif before and len(after) > len(before) and after[: len(before)] == before:
            self._append(rows[len(before) :])
            self.set_rows(rows)
        else:
            self.beginResetModel()
            self.rows = list(rows)
            self.endResetModel()

    def _append(self, rows: Sequence[Row]) -> None:
        if rows:
            first = len(self.rows)
            self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
            self.rows.extend(rows)
            self.endInsertRows()


@dataclass(frozen=True, slots=True)
class Fetched(Generic[Row]):
    """A page of rows, the cursor of the next one (None: that was all), and what else the answer
    said."""

    rows: Sequence[Row]
    next: Any = None
    extra: Any = None


Fetch = Callable[[Any, int], Fetched[Row]]
"""Given a cursor (None: the beginning) and a limit."""


class PagedRows(RowsModel[Row]):
    """Rows fetched a page at a time through the background. `loaded` follows the first page,
    `failed` a fault."""

    loaded = Signal()
    failed = Signal(object)

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], Hashable],
        background: Background,
        lane: str,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(columns, key, parent)
        self._background = background
        self._lane = lane
        self._fetch: Fetch[Row] | None = None
        self._next: Any = None
        self.extra: Any = None
        self._is_fetching = False

    def show_from(self, fetch: Fetch[Row]) -> None:
        """Show what `fetch` gives, from the beginning; as many rows as there were, so the place is
        kept."""
        self._fetch = fetch
        self._is_fetching = True
        limit = max(PAGE, len(self.rows))
        self._background.run(
            lambda: fetch(None, limit), self._take_first, self._give_up, lane=self._lane
        )

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._next is not None and not self._is_fetching

    def fetchMore(self, parent: Index) -> None:
        fetch, cursor = self._fetch, self._next
        if fetch is None or cursor is None or self._is_fetching:
            return
        self._is_fetching = True
        self._background.run(
            lambda: fetch(cursor, PAGE), self._take_more, self._give_up, lane=self._lane
        )

    def _take_first(self, page: Fetched[Row]) -> None:
        self._is_fetching = False
        self._next, self.extra = page.next, page.extra
        self.set_rows(page.rows)
        self.loaded.emit()

    def _take_more(self, page: Fetched[Row]) -> None:
        self._is_fetching = False
        self._next = page.next
        self._append(page.rows)

    def _give_up(self, fault: KnownError) -> None:
        self._is_fetching = False
        self._next = None
        self.failed.emit(fault)
