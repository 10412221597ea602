"""How grids look and behave: row height, pills in cells, codes elided in the middle, numbers right."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QTreeView,
    QWidget,
)

from ginesys_sync.ui.widgets import pill, tokens
from ginesys_sync.ui.widgets.columns import Column, PillWord, Role


class CellDelegate(QStyledItemDelegate):
    """Paints pills where the model gives some, and elides codes in the middle."""

    def __init__(self, code_columns: set[int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._code_columns = code_columns

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        if index.column() in self._code_columns:
            option.textElideMode = Qt.TextElideMode.ElideMiddle  # type: ignore[attr-defined]

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        words: tuple[PillWord, ...] | None = index.data(Role.PILLS)
        if not words:
            super().paint(painter, option, index)
            return
        bare = QStyleOptionViewItem(option)
        self.initStyleOption(bare, index)
        bare.text = ""  # type: ignore[attr-defined]
        widget: Any = bare.widget  # type: ignore[attr-defined]
        style = widget.style() if widget is not None else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, bare, painter, widget)
        self._paint_pills(painter, QRectF(bare.rect), words)  # type: ignore[attr-defined]

    def _paint_pills(self, painter: QPainter, cell: QRectF, words: tuple[PillWord, ...]) -> None:
        metrics = QFontMetrics(pill.pill_font())
        left = cell.left() + tokens.SPACE_2
        for shown in words:
            wide = min(pill.width_of(shown.word, metrics), cell.right() - left - tokens.SPACE_1)
            if wide < 3 * tokens.SPACE_4:
                break
            top = cell.center().y() - tokens.PILL_HEIGHT / 2
            box = QRectF(left, top, wide, tokens.PILL_HEIGHT)
            pill.paint(painter, box, shown.word, shown.shape, shown.tone)
            left += wide + tokens.SPACE_1

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        hint = super().sizeHint(option, index)
        return QSize(hint.width(), tokens.ROW_HEIGHT)


def _dress(view: QAbstractItemView, columns: tuple[Column[Any], ...], name: str) -> None:
    codes = {place for place, column in enumerate(columns) if column.is_code}
    view.setItemDelegate(CellDelegate(codes, view))
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setAlternatingRowColors(False)
    view.setAccessibleName(name)
    view.setTabKeyNavigation(False) if isinstance(view, QTableView) else None


def dress_header(header: QHeaderView, columns: tuple[Column[Any], ...]) -> None:
    """Set the columns' widths; the one of width 0 takes what is left."""
    header.setHighlightSections(False)
    header.setMinimumSectionSize(48)
    header.setStretchLastSection(False)
    header.setFixedHeight(tokens.ROW_HEIGHT)
    for place, column in enumerate(columns):
        if column.width:
            header.setSectionResizeMode(place, QHeaderView.ResizeMode.Interactive)
            header.resizeSection(place, column.width)
        else:
            header.setSectionResizeMode(place, QHeaderView.ResizeMode.Stretch)


def table(columns: tuple[Column[Any], ...], name: str) -> QTableView:
    """A table in our dress, without a model yet: call `dress_header` when it has one."""
    view = QTableView()
    _dress(view, columns, name)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(tokens.ROW_HEIGHT)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    return view


def tree(columns: tuple[Column[Any], ...], name: str) -> QTreeView:
    """A tree in our dress, without a model yet."""
    view = QTreeView()
    _dress(view, columns, name)
    view.setUniformRowHeights(True)
    view.setIndentation(tokens.SPACE_5)
    view.setExpandsOnDoubleClick(True)
    view.setAllColumnsShowFocus(True)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    return view
