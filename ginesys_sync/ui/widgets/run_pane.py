"""The progress of a run in the same window: stages while it goes, the summary when it has ended,
`Close` puts it away."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ginesys_sync.core.status import Outcome, Stage
from ginesys_sync.services.views import Progress, RunSummary
from ginesys_sync.ui.widgets import pill, theme, tokens, wording
from ginesys_sync.ui.widgets.stages import Stages
from ginesys_sync.ui.widgets.summary import SummaryView


class RunPane(QFrame):
    """A card. `cancel_wanted` carries the request; `ended` the RunSummary of a run that was
    followed."""

    cancel_wanted = Signal(object)
    attention_wanted = Signal()
    ended = Signal(object)
    put_away = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, "card")
        self.request: int | None = None
        self.is_running = False
        self.title = QLabel()
        self.state = pill.Pill("Running", "clock", "info")
        self.time = QLabel()
        self.cancel = QPushButton("&Cancel")
        self.close_button = QPushButton("C&lose")
        self.stages = Stages()
        self.sentence = QLabel()
        self.summary = SummaryView()
        self._lay_out()
        self.cancel.clicked.connect(self._want_cancel)
        self.close_button.clicked.connect(self._put_away)
        self.summary.attention_wanted.connect(self.attention_wanted)

    def _lay_out(self) -> None:
        theme.mark(self.title, "title")
        theme.mark(self.time, "numbers")
        self.time.setFont(theme.number_font(tokens.TEXT_SMALL))
        theme.mark(self.sentence, "muted")
        self.sentence.setWordWrap(True)
        head = QHBoxLayout()
        head.setSpacing(tokens.SPACE_3)
        head.addWidget(self.title)
        head.addWidget(self.state)
        head.addWidget(self.time, 1)
        head.addWidget(self.cancel)
        head.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_4, tokens.SPACE_3, tokens.SPACE_4, tokens.SPACE_3)
        column.setSpacing(tokens.SPACE_3)
        column.addLayout(head)
        column.addWidget(self.stages)
        column.addWidget(self.sentence)
        column.addWidget(self.summary)

    def show_asked(self, what: str) -> None:
        """A run was just asked for: say so before anybody answers."""
        self.request = None
        self._show_running(what, None)
        self.cancel.setEnabled(False)
        self.sentence.setText("Starting…")
        self.stages.show_lines((), Stage.STARTING)

    def show_progress(self, progress: Progress) -> None:
        """Show how it goes, or how it ended."""
        self.request = progress.request
        if progress.summary is not None:
            was_running = self.is_running
            self.show_summary(progress.summary, progress)
            if was_running:
                self.ended.emit(progress.summary)
            return
        self._show_running(progress.what, progress.started_at)
        self.cancel.setEnabled(not progress.is_cancelling)
        if progress.is_cancelling:
            self.sentence.setText("Cancelling: it ends after the current step. Nothing is lost.")
        elif progress.is_waiting:
            self.sentence.setText(progress.sentence or "Starting…")
        else:
            self.sentence.setText(progress.sentence)
        self.stages.show_lines(progress.stages, progress.stage)

    def _show_running(self, what: str, started_at: datetime | None) -> None:
        self.is_running = True
        self.title.setText(what)
        self.state.show_word("Running", "clock", "info")
        went = (wording.now() - started_at).total_seconds() if started_at else 0.0
        self.time.setText(wording.lasted(went) if started_at else "")
        self.summary.hide()
        self.stages.show()
        self.sentence.show()
        self.cancel.show()
        self.close_button.hide()
        self.show()

    def show_summary(self, summary: RunSummary, progress: Progress | None = None) -> None:
        """Show a run that has ended."""
        self.is_running = False
        self.title.setText(summary.what)
        tone, shape, word = pill.OUTCOME_TONE[summary.outcome]
        self.state.show_word(word, shape, tone)
        self.time.setText(_when(summary))
        self.time.setToolTip(wording.exact(summary.ended_at))
        self.summary.show_summary(summary)
        self.summary.show()
        self.sentence.hide()
        self.cancel.hide()
        self.close_button.show()
        # The stages of a run that ended well say nothing the summary does not say.
        self.stages.setVisible(progress is not None and summary.outcome is not Outcome.DONE)
        if progress is not None:
            self.stages.show_lines(progress.stages, progress.stage)
        self.show()

    def _want_cancel(self) -> None:
        if self.request is not None:
            self.cancel.setEnabled(False)
            self.sentence.setText("Cancelling: it ends after the current step. Nothing is lost.")
            self.cancel_wanted.emit(self.request)

    def _put_away(self) -> None:
        self.hide()
        self.put_away.emit()


def _when(summary: RunSummary) -> str:
    if summary.ended_at is None:
        return ""
    words = wording.relative(summary.ended_at)
    if summary.started_at is None:
        return words
    took = wording.lasted((summary.ended_at - summary.started_at).total_seconds())
    return f"{words}, took {took}"
