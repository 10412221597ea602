"""The six stages of a run side by side: a word, a bar, how many records, how many bytes."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from ginesys_sync.core.status import Stage
from ginesys_sync.services.views import StageLine
from ginesys_sync.ui.widgets import pill, theme, tokens
from ginesys_sync.ui.widgets.wording import counted, grouped, size

SHOWN: tuple[Stage, ...] = tuple(stage for stage in Stage if stage is not Stage.STARTING)


class StageSign(QWidget):
    """Beside a stage's word: an empty ring (to come), a filled one (now), a tick (over)."""

    def __init__(self) -> None:
        super().__init__()
        self.state = "to come"
        self.setFixedSize(16, 16)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = QRectF(2, 2, 12, 12)
        if self.state == "over":
            pen = QPen(QColor(colours.good.ink), 2)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawPath(pill.glyph("tick", QRectF(3, 3, 10, 10)))
        elif self.state == "now":
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawEllipse(ring)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent))
            painter.drawEllipse(ring.adjusted(3.5, 3.5, -3.5, -3.5))
        else:
            painter.setPen(QPen(QColor(colours.control_edge), 1.5))
            painter.drawEllipse(ring)
        painter.end()


class StageView(QWidget):
    """One stage."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.sign = StageSign()
        self.word = QLabel(stage.value)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(stage.value)
        self.bar.setMinimumWidth(2 * tokens.SPACE_5)
        self.bar.setRange(0, 1000)
        self.count = QLabel(" ")
        self.weight = QLabel(" ")
        for label in (self.count, self.weight):
            theme.mark(label, "numbers")
            label.setFont(theme.number_font(tokens.TEXT_SMALL))
        head = QHBoxLayout()
        head.setSpacing(tokens.SPACE_1)
        head.addWidget(self.sign)
        head.addWidget(self.word, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_1)
        column.addLayout(head)
        column.addWidget(self.bar)
        column.addWidget(self.count)
        column.addWidget(self.weight)
        column.addStretch(1)

    def show_line(self, line: StageLine, is_now: bool) -> None:
        """Show how it stands."""
        self.sign.state = "over" if line.is_finished else "now" if is_now else "to come"
        self.sign.update()
        state = "-now" if is_now else "" if line.is_finished else "-to-come"
        theme.mark(self.word, f"stage{state}")
        self._fill_bar(line, is_now)
        self.count.setText(_count(line))
        self.weight.setText(size(line.size) if line.size else " ")
        words = {"over": "over", "now": "under way", "to come": "to come"}[self.sign.state]
        self.setAccessibleName(f"{self.stage.value}: {words} {_count(line)}".strip())

    def _fill_bar(self, line: StageLine, is_now: bool) -> None:
        theme.mark(self.bar, tone="good" if line.is_finished else "")
        if line.is_finished:
            self.bar.setRange(0, 1000)
            self.bar.setValue(1000)
        elif line.total:
            self.bar.setRange(0, 1000)
            self.bar.setValue(min(1000, line.done * 1000 // line.total))
        elif is_now and line.done:
            # Under way without a known end: a bar that moves says "not stuck" without lying about
            # how far.
            self.bar.setRange(0, 0)
        else:
            self.bar.setRange(0, 1000)
            self.bar.setValue(0)


def _count(line: StageLine) -> str:
    if line.total is not None and not line.is_finished:
        # Six stages stand side by side: large numbers take two lines rather than be cut.
        gap = "\n" if line.total >= 10_000 else " "
        return f"{grouped(line.done)}{gap}of {grouped(line.total)}"
    if line.done:
        words = counted(line.done, "record")
        return words.replace(" ", "\n") if line.done >= 100_000 else words
    return "Nothing to do" if line.is_finished else " "


class Stages(QWidget):
    """All six."""

    def __init__(self) -> None:
        super().__init__()
        self.views = {stage: StageView(stage) for stage in SHOWN}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(tokens.SPACE_2)
        for view in self.views.values():
            row.addWidget(view, 1)

    def show_lines(self, lines: tuple[StageLine, ...], now: Stage) -> None:
        """Show how each stands; a stage nobody mentions has not begun."""
        known = {line.stage: line for line in lines}
        for stage, view in self.views.items():
            view.show_line(known.get(stage, StageLine(stage)), stage is now)
