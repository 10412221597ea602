"""How grids look and behave: row height, pills in cells, codes elided in the middle, numbers
right."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
)
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

from ginesys_sync.ui.widgets import pill, theme, tokens
from ginesys_sync.ui.widgets.columns import Column, Heading, PillWord, Role
from ginesys_sync.ui.widgets.memory import ColumnMemory

NUMBER_WIDTH = 88


class CellDelegate(QStyledItemDelegate):
    """Paints pills where the model gives some, and elides codes in the middle."""

    def __init__(self, columns: tuple[Column[Any], ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._codes = {place for place, column in enumerate(columns) if column.is_code}
        self._numbers = {place for place, column in enumerate(columns) if column.is_number}
        self._number_font = theme.number_font()

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        heading: Heading | None = index.data(Role.HEADING)
        if heading is not None and index.column() < heading.columns:
            option.text = ""  # the view writes it over several columns
        if index.column() in self._numbers:
            option.font = self._number_font
        if index.column() in self._codes:
            option.textElideMode = Qt.TextElideMode.ElideMiddle

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
        bare.text = ""
        widget: Any = bare.widget
        style = widget.style() if widget is not None else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, bare, painter, widget)
        self._paint_pills(painter, QRectF(bare.rect), words)

    def _paint_pills(self, painter: QPainter, cell: QRectF, words: tuple[PillWord, ...]) -> None:
        metrics = QFontMetrics(pill.pill_font())
        left = cell.left() + tokens.SPACE_2
        for shown in words:
            room, word = cell.right() - left - tokens.SPACE_1, shown.word
            if pill.width_of(word, metrics) > room:
                word = word.split(" ")[0]  # a count alone says more than half a word after it
            wide = min(pill.width_of(word, metrics), room)
            if wide < min(pill.width_of(word, metrics), 3 * tokens.SPACE_4):
                break
            top = cell.center().y() - tokens.PILL_HEIGHT / 2
            box = QRectF(left, top, wide, tokens.PILL_HEIGHT)
            pill.paint(painter, box, word, shown.shape, shown.tone)
            left += wide + tokens.SPACE_1

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        hint = super().sizeHint(option, index)
        return QSize(hint.width(), tokens.ROW_HEIGHT)


def _dress(view: QTableView | QTreeView, columns: tuple[Column[Any], ...], name: str) -> None:
    view.setItemDelegate(CellDelegate(columns, view))
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setAlternatingRowColors(False)
    view.setAccessibleName(name)
    view.setTabKeyNavigation(False)
    ColumnMemory(view)


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


class WideColumn(QObject):
    """Gives one column what the others leave, but never less than `least`: then the grid scrolls
    sideways."""

    def __init__(self, view: QTableView | QTreeView, place: int, least: int) -> None:
        super().__init__(view)
        self._view, self._place, self._least = view, place, least
        if isinstance(view, QTreeView):
            self._header = view.header()
        else:
            self._header = view.horizontalHeader()
        self._header.setSectionResizeMode(place, QHeaderView.ResizeMode.Fixed)
        view.viewport().installEventFilter(self)
        self._header.sectionResized.connect(self.fit)
        self.fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self.fit()
        return False

    def let_go(self) -> None:
        """The grid gets other columns: leave them alone."""
        self._view.viewport().removeEventFilter(self)
        self._header.sectionResized.disconnect(self.fit)
        self.deleteLater()

    def fit(self, *_: object) -> None:
        """Take what is left."""
        header, place = self._header, self._place
        if place < header.count():
            sizes = [header.sectionSize(each) for each in range(header.count())]
            others = sum(sizes) - sizes[place]
            wanted = max(self._least, self._view.viewport().width() - others)
            if sizes[place] != wanted:
                header.resizeSection(place, wanted)


def numbers_first(view: QTableView, columns: tuple[Column[Any], ...]) -> None:
    """Show the numbers right after the wide column: prices are what one looks for, and what would
    be the first to be pushed out of a small window."""
    header = view.horizontalHeader()
    wide = next((place for place, column in enumerate(columns) if not column.width), -1)
    before = [place for place in range(wide + 1) if not columns[place].is_number]
    numbers = [place for place, column in enumerate(columns) if column.is_number]
    after = [place for place in range(len(columns)) if place not in (*before, *numbers)]
    for target, place in enumerate((*before, *numbers, *after)):
        header.moveSection(header.visualIndex(place), target)


def fit_columns(view: QTableView, columns: tuple[Column[Any], ...], most: int = 224) -> None:
    """Make every column as wide as what it shows, up to `most`; the one of width 0 takes what is
    left."""
    header = view.horizontalHeader()
    for place, column in enumerate(columns):
        if column.width:
            wanted = max(view.sizeHintForColumn(place), header.sectionSizeHint(place))
            # Only the rows to be seen are measured, and a number that is cut is a wrong number.
            least = NUMBER_WIDTH if column.is_number else 0
            header.resizeSection(place, max(least, min(most, wanted + tokens.SPACE_2)))


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


class HeadedTree(QTreeView):
    """A tree whose headings run over several columns."""

    def drawRow(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().drawRow(painter, option, index)
        first = self.model().index(index.row(), 0, index.parent())
        heading: Heading | None = first.data(Role.HEADING)
        if heading is None:
            return
        last = heading.columns - 1
        box = self.visualRect(first)
        right = self.columnViewportPosition(last) + self.columnWidth(last)
        box.setRight(right - tokens.SPACE_2)
        box.setLeft(box.left() + tokens.SPACE_2)
        painter.save()
        weight = tokens.WEIGHT_MEDIUM if heading.is_strong else tokens.WEIGHT_REGULAR
        painter.setFont(theme.text_font(weight=weight))
        painter.setPen(theme.colour("text"))
        # A title says the most at its beginning; a code at both ends.
        mode = Qt.TextElideMode
        cut = mode.ElideRight if heading.is_strong else mode.ElideMiddle
        shown = painter.fontMetrics().elidedText(heading.words, cut, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        painter.restore()


def tree(columns: tuple[Column[Any], ...], name: str) -> QTreeView:
    """A tree in our dress, without a model yet."""
    view = HeadedTree()
    _dress(view, columns, name)
    view.setUniformRowHeights(True)
    view.setIndentation(tokens.SPACE_5)
    view.setExpandsOnDoubleClick(True)
    view.setAllColumnsShowFocus(True)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    return view
