"""A site's day as 24 small bars: how much it sent and confirmed in each hour, and whether it was
there at all."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QSizePolicy,
    QStyle,
    QStyleOptionViewItem,
    QWidget,
)

from ginesys_sync.services.board_views import QUIET_DAY, BoardLine, HourOfSite
from ginesys_sync.ui.widgets import theme, tokens, wording
from ginesys_sync.ui.widgets.columns import Column, Role
from ginesys_sync.ui.widgets.grid import CellDelegate

Hours = tuple[HourOfSite, ...]


def paint_hours(painter: QPainter, box: QRectF, hours: Hours) -> None:
    """Bars on a base line; an hour in which the site only called is a low one. Heights go with the
    square root, so that a busy hour does not flatten the others."""
    most = max((hour.records for hour in hours), default=0)
    step = box.width() / len(hours)
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    nothing = theme.colour("muted")
    nothing.setAlpha(96)  # seen on a selected row, too
    for place, hour in enumerate(hours):
        high = 2.0
        if hour.records:
            high = 4 + (box.height() - 4) * math.sqrt(hour.records / most)
        elif hour.contacts:
            high = 4.0
        is_there = bool(hour.records or hour.contacts)
        painter.setBrush(theme.colour("accent") if is_there else nothing)
        left = box.left() + place * step
        painter.drawRect(QRectF(left, box.bottom() - high, max(1.0, step - 1), high))
    painter.restore()


def hours_words(hours: Hours) -> str:
    """The chart in words."""
    records = sum(hour.records for hour in hours)
    there = sum(1 for hour in hours if hour.records or hour.contacts)
    if not there:
        return "Not seen in the last 24 hours"
    said = wording.counted(records, "record")
    return f"Last 24 hours: {said} sent and confirmed; seen in {there} of 24"


class BoardDelegate(CellDelegate):
    """Cells of the board; the column `chart` shows the day."""

    def __init__(self, columns: tuple[Column[BoardLine], ...], chart: int, view: QWidget) -> None:
        super().__init__(columns, view)
        self._chart = chart

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        if index.column() != self._chart:
            super().paint(painter, option, index)
            return
        bare = QStyleOptionViewItem(option)
        self.initStyleOption(bare, index)
        bare.text = ""
        widget: Any = bare.widget
        style = widget.style() if widget is not None else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, bare, painter, widget)
        line: BoardLine = index.data(Role.OBJECT)
        box = QRectF(bare.rect).adjusted(tokens.SPACE_2, 7, -tokens.SPACE_2, -8)
        paint_hours(painter, box, line.hours)


class DayChart(QWidget):
    """The day of one site, larger, with its hours written under it."""

    def __init__(self) -> None:
        super().__init__()
        self._hours: Hours = QUIET_DAY
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.theme().changed.connect(self.update)

    def show_hours(self, hours: Hours) -> None:
        """Show this day."""
        self._hours = hours
        self.setAccessibleName(hours_words(hours))
        self.setToolTip(hours_words(hours))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(480, 84)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRectF(self.rect()).adjusted(0, 0, 0, -20)
        paint_hours(painter, box, self._hours)
        painter.setPen(theme.colour("muted"))
        painter.setFont(theme.text_font(11))
        step = box.width() / 24
        for place in range(0, 24, 4):
            at = wording.now().astimezone() - timedelta(hours=23 - place)
            under = QRectF(box.left() + place * step, box.bottom() + 4, 48, 16)
            painter.drawText(under, Qt.AlignmentFlag.AlignLeft, f"{at:%H}:00")
        painter.end()
