"""Named columns: how a row reads in each, how it sorts, what its tip says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt

Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex
"""What Qt hands to a model's methods."""


class Role(IntEnum):
    """What our models answer beside Qt's own roles."""

    SORT = Qt.ItemDataRole.UserRole + 1
    OBJECT = Qt.ItemDataRole.UserRole + 2
    PILLS = Qt.ItemDataRole.UserRole + 3
    HEADING = Qt.ItemDataRole.UserRole + 4


@dataclass(frozen=True, slots=True)
class PillWord:
    """What a pill in a cell shows."""

    word: str
    shape: str
    tone: str


@dataclass(frozen=True, slots=True)
class Heading:
    """Words that run over the first `columns` columns of a row."""

    words: str
    columns: int
    is_strong: bool


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column of rows of type `Row`. `width` in logical pixels; 0 takes what is left.

    `text` gives what is read, `sort` what is compared, `tip` the exact form, `pills` what is
    painted instead of text.
    """

    title: str
    text: Callable[[Row], str]
    width: int = 120
    is_number: bool = False
    is_code: bool = False
    sort: Callable[[Row], Any] | None = None
    tip: Callable[[Row], str] | None = None
    pills: Callable[[Row], tuple[PillWord, ...]] | None = None
    field: str = ""

    def answer(self, row: Row, role: int) -> Any:
        """What a model's `data` gives for this row and role."""
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(row)
        if role in (Qt.ItemDataRole.ToolTipRole,):
            return self.tip(row) if self.tip is not None else (self.text(row) or None)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if self.is_number else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        if role == Role.SORT:
            return self.sort(row) if self.sort is not None else self.text(row)
        if role == Role.PILLS and self.pills is not None:
            return self.pills(row)
        return row if role == Role.OBJECT else None

    def head(self, role: int) -> Any:
        """What a model's `headerData` gives."""
        if role == Qt.ItemDataRole.DisplayRole:
            return self.title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if self.is_number else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None
