"""What a machine can say against a picture: words that are cut, and words too weak to be read.

Both look at what is really shown: sizes after layout, colours as painted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from PySide6.QtCore import QModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListWidget,
    QScrollArea,
    QTabBar,
    QTreeView,
    QWidget,
)

from ginesys_sync.ui.widgets import tokens
from ginesys_sync.ui.widgets.pill import Pill

_ZOOM = 2
"""Text is painted this much larger to be measured, so that a stem has its full colour somewhere."""
_SURE = 6
"""So many pixels make a colour; fewer are the edge of a letter."""
_STEP = 12
"""So far apart a grid is probed for its cells, in logical pixels."""


def cut(window: QWidget) -> list[str]:
    """The words that have less room than they need, and the pages that are wider than what shows
    them."""
    found = []
    for child in window.findChildren(QWidget):
        if not child.isVisible():
            continue
        if isinstance(child, QLabel) and child.text().strip() and child.pixmap().isNull():
            if child.wordWrap():
                is_cut = child.height() < child.heightForWidth(child.width())
            else:
                is_cut = child.width() < child.sizeHint().width()
            if is_cut or child.height() < child.fontMetrics().height():
                found.append(f"label {child.text()!r}")
        if (
            isinstance(child, QAbstractButton)
            and child.text()
            and child.width() < child.minimumSizeHint().width()
        ):
            found.append(f"button {child.text()!r}")
        if _hides_its_rows(child):
            found.append(f"grid {child.accessibleName()!r} lies behind its scroll bar")
        found += [f"entry {words!r}" for words in _cut_entries(child)]
        if isinstance(child, QScrollArea):
            inside = child.widget()
            if inside is not None and inside.width() > child.viewport().width():
                found.append(f"page {type(child).__name__} is wider than its window")
    return found


def _hides_its_rows(child: QWidget) -> bool:
    """Whether it is a grid made as high as its rows, and has to be scrolled sideways."""
    return (
        isinstance(child, QAbstractItemView)
        and child.minimumHeight() == child.maximumHeight()
        and child.horizontalScrollBar().isVisible()
    )


def _cut_entries(child: QWidget) -> Iterator[str]:
    """The entries of a list of places to go that have less room than they need."""
    is_list = isinstance(child, QListWidget)
    if is_list or (isinstance(child, QTreeView) and child.isHeaderHidden()):
        for index in _shown(child):
            if child.visualRect(index).width() < child.sizeHintForIndex(index).width():
                yield _text(index.data())


def cut_titles(window: QWidget) -> list[str]:
    """The columns whose title has less room than it needs."""
    found = []
    for head in window.findChildren(QHeaderView):
        if not head.isVisible() or head.orientation() is not Qt.Orientation.Horizontal:
            continue
        for place in range(head.count()):
            if not head.isSectionHidden(place):
                title = _text(head.model().headerData(place, Qt.Orientation.Horizontal))
                wide = head.fontMetrics().horizontalAdvance(title)
                if title and head.sectionSize(place) < wide:
                    found.append(f"column title {title!r}")
    return found


def weak(window: QWidget) -> list[str]:
    """The words of this window, dialogs apart, whose measured contrast is below what is needed.

    Greyed controls are left out, as WCAG 2.1 (1.4.3) does.
    """
    image = _painted(window)
    whole = QRect(QPoint(0, 0), window.size())
    found = []
    for name, place in _texts(window):
        measured = _contrast(image, place & whole)
        if measured is not None and measured < tokens.CONTRAST_NEEDED:
            found.append(f"{name} stands out by {measured:.1f}:1 only")
    return found


def _painted(window: QWidget) -> QImage:
    pixmap = QPixmap(window.size() * _ZOOM)
    pixmap.setDevicePixelRatio(_ZOOM)
    window.render(pixmap, QPoint(0, 0))
    return pixmap.toImage().convertToFormat(QImage.Format.Format_RGB32)


def _contrast(image: QImage, place: QRect) -> float | None:
    """The best contrast that a colour of this place has with its ground, the colour there is most
    of; None when there is nothing but ground."""
    part = image.copy(QRect(place.topLeft() * _ZOOM, QSize(place.size() * _ZOOM)))
    if part.isNull():
        return None
    colours = Counter(memoryview(part.constBits()).cast("I"))
    ground, _ = colours.most_common(1)[0]
    inks = [colour for colour, count in colours.items() if count >= _SURE and colour != ground]
    return max((tokens.contrast(_name(ink), _name(ground)) for ink in inks), default=None)


def _name(colour: int) -> str:
    return f"#{colour & 0xFFFFFF:06x}"


def _texts(window: QWidget) -> Iterator[tuple[str, QRect]]:
    """Every text of the window with its place there."""
    for child in window.findChildren(QWidget):
        if not child.isVisible() or not child.isEnabled() or child.window() is not window:
            continue
        seen = child.visibleRegion().boundingRect()
        for words, place in _parts(child):
            shown = place & seen
            # Half a line at the edge of a page that scrolls cannot be measured.
            if words.strip() and shown.height() > place.height() * 0.8:
                place_there = QRect(child.mapTo(window, shown.topLeft()), shown.size())
                yield f"{_kind(child)} {words!r}", place_there


def _kind(child: QWidget) -> str:
    return type(child).__name__


def _parts(child: QWidget) -> Iterator[tuple[str, QRect]]:
    if isinstance(child, QLabel | QAbstractButton | Pill):
        yield child.text(), child.rect()
    elif isinstance(child, QComboBox):
        yield child.currentText(), child.rect()
    elif isinstance(child, QLineEdit):
        yield child.text() or child.placeholderText(), child.rect()
    elif isinstance(child, QTabBar):
        for place in range(child.count()):
            yield child.tabText(place), child.tabRect(place)
    else:
        view = child.parentWidget()
        if isinstance(view, QAbstractItemView) and child is view.viewport():
            yield from _titles(view) if isinstance(view, QHeaderView) else _cells(view)


def _titles(head: QHeaderView) -> Iterator[tuple[str, QRect]]:
    for place in range(head.count()):
        if not head.isSectionHidden(place) and head.orientation() is Qt.Orientation.Horizontal:
            title = _text(head.model().headerData(place, Qt.Orientation.Horizontal))
            left = head.sectionViewportPosition(place)
            yield title, QRect(left, 0, head.sectionSize(place), head.height())


def _cells(view: QAbstractItemView) -> Iterator[tuple[str, QRect]]:
    for index in _shown(view):
        if index.flags() & Qt.ItemFlag.ItemIsEnabled:
            yield _text(index.data()), view.visualRect(index)


def _shown(view: QAbstractItemView) -> set[QModelIndex]:
    """The cells that are to be seen."""
    room = view.viewport().size()
    found = {
        view.indexAt(QPoint(left, top))
        for top in range(4, room.height(), _STEP)
        for left in range(4, room.width(), _STEP)
    }
    return {index for index in found if index.isValid()}


def _text(value: object) -> str:
    return "" if value is None else str(value)
