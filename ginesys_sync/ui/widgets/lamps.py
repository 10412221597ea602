"""The three lamps, Head office - Web Database - store side, joined by lines: each with a shape, a
word and a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ginesys_sync.services.views import Light
from ginesys_sync.ui.widgets import pill, theme, tokens

if TYPE_CHECKING:
    from ginesys_sync.services.views import Lamp

TONE_OF = {
    Light.UNKNOWN: "calm",
    Light.GOOD: "good",
    Light.WAITING: "info",
    Light.WARNING: "warning",
    Light.BAD: "bad",
}
_WORSE = [Light.GOOD, Light.WAITING, Light.UNKNOWN, Light.WARNING, Light.BAD]


class LampSign(QWidget):
    """The lamp itself: a disc with a tick, a triangle, a diamond with a cross, or an empty ring."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.light = Light.UNKNOWN
        self.setFixedSize(tokens.LAMP_SIZE, tokens.LAMP_SIZE)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_sign(painter, QRectF(self.rect()), self.light)
        painter.end()


_GLYPH = {
    Light.GOOD: "tick",
    Light.WAITING: "clock",
    Light.WARNING: "mark",
    Light.BAD: "cross",
}


def paint_sign(painter: QPainter, box: QRectF, light: Light) -> None:
    """Draw a lamp that fills `box`, a square of any size."""
    tone = theme.colours().tone(TONE_OF[light])
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(box.topLeft())
    painter.scale(box.width() / tokens.LAMP_SIZE, box.height() / tokens.LAMP_SIZE)
    box = QRectF(0, 0, tokens.LAMP_SIZE, tokens.LAMP_SIZE).adjusted(2, 2, -2, -2)
    painter.setPen(QPen(QColor(tone.ink), 1.5))
    painter.setBrush(QColor(tone.ground))
    inner = QRectF(0, 0, 9, 9)
    inner.moveCenter(box.center())
    if light is Light.WARNING:
        corners = [box.bottomLeft(), box.topLeft(), box.bottomRight()]
        corners[1].setX(box.center().x())
        painter.drawPolygon(QPolygonF(corners))
        inner.translate(0, 3)
        inner.adjust(0.5, 0.5, -1, -1)
    elif light is Light.BAD:
        painter.save()
        painter.translate(box.center())
        painter.rotate(45)
        painter.drawRoundedRect(QRectF(-7.5, -7.5, 15, 15), 2, 2)
        painter.restore()
    else:
        painter.drawEllipse(box)
    pen = QPen(QColor(tone.ink), 2)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if light in _GLYPH:
        painter.drawPath(pill.glyph(_GLYPH[light], inner))
    painter.restore()


def worst(lights: Iterable[Light]) -> Light:
    """The one that needs somebody most."""
    return max(lights, key=_WORSE.index)


class LampView(QWidget):
    """A lamp with its name and its word."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sign = LampSign()
        self.name = QLabel()
        self.word = QLabel()
        theme.mark(self.name, "strong")
        theme.mark(self.word, "small")
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.name)
        words.addWidget(self.word)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_2)
        row.addWidget(self.sign)
        row.addLayout(words)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def show_lamp(self, lamp: Lamp) -> None:
        """Light it."""
        self.sign.light = lamp.light
        self.name.setText(lamp.name)
        self.word.setText(lamp.word)
        self.setToolTip(lamp.sentence)
        self.setAccessibleName(f"{lamp.name}: {lamp.word}")
        self.setAccessibleDescription(lamp.sentence)
        self.sign.update()


class LampLine(QWidget):
    """The line between two lamps: whole when both are good, broken when one is bad."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.light = Light.UNKNOWN
        self.setMinimumWidth(tokens.SPACE_6)
        self.setMaximumWidth(56)

    def sizeHint(self) -> QSize:
        return QSize(40, tokens.LAMP_SIZE)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours()
        is_good = self.light is Light.GOOD
        ink = colours.tone(TONE_OF[self.light]).ink if is_good else colours.control_edge
        pen = QPen(QColor(ink), 2)
        if not is_good:
            pen.setStyle(Qt.PenStyle.DotLine)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(pen)
        middle = self.height() / 2
        painter.drawLine(0, int(middle), self.width(), int(middle))
        painter.end()


class Lamps(QWidget):
    """The three lamps in a row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lamps = (LampView(), LampView(), LampView())
        self.lines = (LampLine(), LampLine())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_3)
        row.addWidget(self.lamps[0])
        for line, lamp in zip(self.lines, self.lamps[1:], strict=True):
            row.addWidget(line, 1)
            row.addWidget(lamp)

    def show_lamps(self, lamps: tuple[Lamp, Lamp, Lamp]) -> None:
        """Light all three, and the lines by the worse of their two ends."""
        for view, lamp in zip(self.lamps, lamps, strict=True):
            view.show_lamp(lamp)
        for place, line in enumerate(self.lines):
            line.light = worst((lamps[place].light, lamps[place + 1].light))
            line.update()
