"""A status as a pill: a word, a shape and a tone, so that nobody needs to see colours."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ginesys_sync.core.status import Outcome, Status
from ginesys_sync.ui.widgets import theme, tokens

TONE_OF = {
    Status.WAITING: "calm",
    Status.UPLOADED: "info",
    Status.RECEIVED: "info",
    Status.PROCESSED: "good",
    Status.BLOCKED: "bad",
    Status.WITHDRAWN: "calm",
    Status.COVERED: "calm",
}
SHAPE_OF = {
    Status.WAITING: "clock",
    Status.UPLOADED: "up",
    Status.RECEIVED: "down",
    Status.PROCESSED: "tick",
    Status.BLOCKED: "bar",
    Status.WITHDRAWN: "cross",
    Status.COVERED: "box",
}
OUTCOME_TONE = {
    Outcome.DONE: ("good", "tick", "Done"),
    Outcome.ATTENTION: ("warning", "mark", "Needs attention"),
    Outcome.STOPPED: ("bad", "cross", "Stopped"),
    Outcome.CANCELLED: ("calm", "bar", "Cancelled"),
    Outcome.SKIPPED: ("calm", "clock", "Skipped"),
    Outcome.REFUSED: ("warning", "bar", "Could not begin"),
}
_GLYPH = 10
_SIDE = tokens.SPACE_2
_GAP = 6


def glyph(shape: str, box: QRectF) -> QPainterPath:
    """The line drawing of a shape inside `box`."""
    path = QPainterPath()
    left, top, side = box.left(), box.top(), box.width()

    def at(x: float, y: float) -> QPointF:
        return QPointF(left + x * side, top + y * side)

    def line(*points: tuple[float, float]) -> None:
        path.moveTo(at(*points[0]))
        for point in points[1:]:
            path.lineTo(at(*point))

    if shape == "clock":
        path.addEllipse(box)
        line((0.5, 0.22), (0.5, 0.52), (0.7, 0.62))
    elif shape == "up":
        line((0.5, 1.0), (0.5, 0.05))
        line((0.1, 0.45), (0.5, 0.05), (0.9, 0.45))
    elif shape == "down":
        line((0.5, 0.0), (0.5, 0.95))
        line((0.1, 0.55), (0.5, 0.95), (0.9, 0.55))
    elif shape == "tick":
        line((0.05, 0.55), (0.38, 0.88), (0.95, 0.15))
    elif shape == "bar":
        path.addEllipse(box)
        line((0.15, 0.85), (0.85, 0.15))
    elif shape == "cross":
        line((0.1, 0.1), (0.9, 0.9))
        line((0.9, 0.1), (0.1, 0.9))
    elif shape == "mark":
        line((0.5, 0.0), (0.5, 0.62))
        line((0.5, 0.93), (0.5, 0.96))
    else:
        path.addRoundedRect(box, 2, 2)
        line((0.25, 0.55), (0.45, 0.75), (0.78, 0.3))
    return path


def width_of(word: str, metrics: QFontMetrics) -> int:
    """How wide the pill for this word is."""
    return _SIDE + _GLYPH + _GAP + metrics.horizontalAdvance(word) + _SIDE + 2


def paint(painter: QPainter, box: QRectF, word: str, shape: str, tone_name: str) -> None:
    """Draw a pill in `box`; the word is elided when there is no room."""
    tone = theme.colours().tone(tone_name)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(tone.edge), 1))
    painter.setBrush(QColor(tone.ground))
    radius = box.height() / 2
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
    pen = QPen(QColor(tone.ink), 1.6)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    place = QRectF(box.left() + _SIDE + 1, box.center().y() - _GLYPH / 2, _GLYPH, _GLYPH)
    painter.drawPath(glyph(shape, place))
    painter.setFont(pill_font())
    words = box.adjusted(_SIDE + 1 + _GLYPH + _GAP, 0, -_SIDE + 2, 0)
    shown = painter.fontMetrics().elidedText(
        word, Qt.TextElideMode.ElideRight, int(words.width()) + 1
    )
    painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
    painter.restore()


def pill_font() -> QFont:
    """Small and strong: the word must read at a glance and not shout."""
    return theme.text_font(11, tokens.WEIGHT_STRONG)


class Pill(QWidget):
    """One pill as a widget of its own."""

    def __init__(self, word: str, shape: str, tone: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_word(word, shape, tone)

    def show_word(self, word: str, shape: str, tone: str) -> None:
        """Say something else."""
        self._word, self._shape, self._tone = word, shape, tone
        self.setAccessibleName(word)
        self.updateGeometry()
        self.update()

    def text(self) -> str:
        """The word it shows."""
        return self._word

    def sizeHint(self) -> QSize:
        return QSize(width_of(self._word, QFontMetrics(pill_font())), tokens.PILL_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint(painter, QRectF(self.rect()), self._word, self._shape, self._tone)
        painter.end()
