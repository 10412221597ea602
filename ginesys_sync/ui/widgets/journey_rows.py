"""One site of a record's journey as a row: who, what is true, and the stations drawn in a line."""

from __future__ import annotations

from html import escape
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ginesys_sync.services.journey_views import SiteJourney, Step, StepState
from ginesys_sync.ui.widgets import pill, theme, tokens
from ginesys_sync.ui.widgets.columns import Column, PillWord, Role
from ginesys_sync.ui.widgets.wording import exact, relative

_DOT = 16
_HEAD = 24
_LINE = 16
_LEAST_STATION = 84
_WRAP = Qt.TextFlag.TextWordWrap
_MIDDLE = Qt.AlignmentFlag.AlignVCenter
_CENTRE = Qt.AlignmentFlag.AlignHCenter
_TONES = {StepState.DONE: "good", StepState.NOW: "info", StepState.STUCK: "warning"}


def who(row: SiteJourney) -> str:
    """`To S001`, `From head office`: which way, and the site."""
    return f"{'From' if row.is_incoming else 'To'} {row.site}"


def pills(row: SiteJourney) -> tuple[PillWord, ...]:
    """How it stands, in a word; what needs a person's help says so beside it."""
    if row.status is None:
        return (PillWord("Not here", "cross", "calm"),)
    found = [PillWord(row.status.value, pill.SHAPE_OF[row.status], pill.TONE_OF[row.status])]
    if row.needs_attention:
        found.append(PillWord("Needs attention", "mark", "warning"))
    return tuple(found)


def step_words(step: Step) -> str:
    """A station in full, with the exact moment."""
    return f"{step.words}, {exact(step.at)}" if step.at else step.words


def told(row: SiteJourney) -> str:
    """The whole row as one text, for those who hear it."""
    words = ", ".join(one.word for one in pills(row))
    steps = "; ".join(step_words(step) for step in row.steps)
    return f"{who(row)} {row.name}: {words}. {row.sentence} {steps}".strip()


def tip(row: SiteJourney) -> str:
    """Every station in full. Names are data: they must not be read as mark-up."""
    lines = [row.sentence, *(step_words(step) for step in row.steps)]
    return "<br>".join(f"<nobr>{escape(line)}</nobr>" for line in lines)


COLUMNS: tuple[Column[SiteJourney], ...] = (Column("Site", told, 0, tip=tip),)


class JourneyDelegate(QStyledItemDelegate):
    """Paints a row: site and pills, the sentence, the stations."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        row: SiteJourney = index.data(Role.OBJECT)
        looks: Any = option
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, looks)
        inner = looks.rect.adjusted(tokens.SPACE_4, tokens.SPACE_3, -tokens.SPACE_4, 0)
        self._paint_head(painter, inner, row)
        words = QRect(inner.left(), inner.top() + _HEAD, inner.width(), self._lines(row, inner))
        painter.setFont(theme.text_font())
        painter.setPen(theme.colour("text"))
        painter.drawText(words, int(_WRAP), row.sentence)
        if row.steps:
            _paint_stations(painter, QRectF(inner), words.bottom() + tokens.SPACE_3, row.steps)
        painter.restore()

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        row: SiteJourney = index.data(Role.OBJECT)
        looks: Any = option
        view: QListView = looks.widget
        wide = view.viewport().width()
        inner = QRect(0, 0, wide - 2 * tokens.SPACE_4, 0)
        high = tokens.SPACE_3 + _HEAD + self._lines(row, inner) + tokens.SPACE_3
        if row.steps:
            high += tokens.SPACE_3 + _DOT + tokens.SPACE_1 + 2 * _LINE
        return QSize(max(1, wide - 1), high)

    @staticmethod
    def _lines(row: SiteJourney, inner: QRect) -> int:
        room = QRect(0, 0, max(80, inner.width()), 1000)
        metrics = QFontMetrics(theme.text_font())
        return metrics.boundingRect(room, int(_WRAP), row.sentence).height()

    @staticmethod
    def _paint_ground(painter: QPainter, looks: Any) -> None:
        if looks.state & QStyle.StateFlag.State_HasFocus:
            painter.fillRect(looks.rect, theme.colour("selection"))
        below = QRect(looks.rect.left(), looks.rect.bottom(), looks.rect.width(), 1)
        painter.fillRect(below, theme.colour("edge"))

    @staticmethod
    def _paint_head(painter: QPainter, inner: QRect, row: SiteJourney) -> None:
        metrics = QFontMetrics(pill.pill_font())
        right = inner.right()
        for shown in reversed(pills(row)):
            wide = pill.width_of(shown.word, metrics)
            right -= wide
            box = QRectF(right, inner.top(), wide, tokens.PILL_HEIGHT)
            pill.paint(painter, box, shown.word, shown.shape, shown.tone)
            right -= tokens.SPACE_2
        strong = theme.text_font(weight=tokens.WEIGHT_STRONG)
        head = QRect(inner.left(), inner.top(), right - inner.left(), tokens.PILL_HEIGHT)
        painter.setFont(strong)
        painter.setPen(theme.colour("text"))
        painter.drawText(head, int(_MIDDLE), who(row))
        used = QFontMetrics(strong).horizontalAdvance(who(row)) + tokens.SPACE_2
        if row.name not in ("", row.site):
            _paint_words(painter, head.adjusted(used, 0, 0, 0), row.name, "muted", int(_MIDDLE))


def _paint_words(painter: QPainter, box: QRect, words: str, ink: str, place: int) -> None:
    """Words in one line, cut where the room ends."""
    painter.setFont(theme.text_font(tokens.TEXT_SMALL))
    painter.setPen(theme.colour(ink))
    shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, place, shown)


def _paint_stations(painter: QPainter, inner: QRectF, top: float, steps: tuple[Step, ...]) -> None:
    """The stations from left to right, with the way between them."""
    wide = inner.width() / max(len(steps), 4)
    middles = [inner.left() + wide * (place + 0.5) for place in range(len(steps))]
    level = top + _DOT / 2
    for place in range(1, len(steps)):
        _paint_way(painter, middles[place - 1], middles[place], level, steps[place].state)
    for middle, step in zip(middles, steps, strict=True):
        _paint_dot(painter, QPointF(middle, level), step.state)
        box = QRect(
            int(middle - wide / 2) + 2, int(top) + _DOT + tokens.SPACE_1, int(wide) - 4, _LINE
        )
        ink = "muted" if step.state is StepState.AHEAD else "text"
        _paint_words(painter, box, step.title, ink, int(_CENTRE))
        if step.at is not None:
            below = box.translated(0, _LINE)
            _paint_words(painter, below, relative(step.at), "muted", int(_CENTRE))


def _paint_way(
    painter: QPainter, left: float, right: float, level: float, state: StepState
) -> None:
    is_ahead = state is StepState.AHEAD
    tone = theme.colours().tone("good")
    pen = QPen(theme.colour("control_edge") if is_ahead else QColor(tone.ink), 1.6)
    if is_ahead:
        pen.setStyle(Qt.PenStyle.DotLine)
    painter.setPen(pen)
    gap = _DOT / 2 + 4
    painter.drawLine(QPointF(left + gap, level), QPointF(right - gap, level))


def _paint_dot(painter: QPainter, middle: QPointF, state: StepState) -> None:
    """Done: a tick. There now: a full dot in a ring. Stuck: a mark. Ahead: an empty ring."""
    box = QRectF(middle.x() - _DOT / 2, middle.y() - _DOT / 2, _DOT, _DOT)
    if state is StepState.AHEAD:
        painter.setPen(QPen(theme.colour("control_edge"), 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(box.adjusted(2, 2, -2, -2))
        return
    tone = theme.colours().tone(_TONES[state])
    painter.setPen(QPen(QColor(tone.ink), 1.6))
    painter.setBrush(QColor(tone.ground))
    painter.drawEllipse(box)
    if state is StepState.NOW:
        painter.setBrush(QColor(tone.ink))
        painter.drawEllipse(middle, 3, 3)
        return
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inside = box.adjusted(4.5, 4.5, -4.5, -4.5)
    painter.drawPath(pill.glyph("tick" if state is StepState.DONE else "mark", inside))


def journey_list(parent: QWidget | None = None) -> QListView:
    """A list of such rows, without a model yet."""
    view = QListView(parent)
    view.setItemDelegate(JourneyDelegate(view))
    view.setResizeMode(QListView.ResizeMode.Adjust)
    view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setMinimumWidth(5 * _LEAST_STATION)
    view.setAccessibleName("Sites")
    return view
