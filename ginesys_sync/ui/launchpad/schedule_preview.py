"""What a schedule in the making means: in words, and its next five runs."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout

from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.schedule import Schedule
from ginesys_sync.core.schedule_times import MAX_STAGGER_SECONDS, next_runs, stagger_seconds
from ginesys_sync.core.schedule_words import words
from ginesys_sync.services.schedule_views import EVERY_STORE
from ginesys_sync.ui.widgets import theme, tokens, wording
from ginesys_sync.ui.widgets.schedule_words import runs_words, sentence, stagger_words


class SchedulePreview(QFrame):
    """`whose` schedule it is; `zone` is head office's, by whose clock it is shown."""

    def __init__(self, whose: str, zone: ZoneInfo) -> None:
        super().__init__()
        self._whose, self._zone = whose, zone
        self.words, self.runs, self.clock = QLabel(), QLabel(), QLabel()
        self.heading = QLabel("Next five runs")
        theme.mark(self, "card")
        theme.mark(self.words, "strong")
        theme.mark(self.heading, "section")
        theme.mark(self.clock, "small")
        self.runs.setFont(theme.number_font())
        title = QLabel("In words")
        theme.mark(title, "section")
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_4, tokens.SPACE_3, tokens.SPACE_4, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_2)
        for label in (title, self.words, self.heading, self.runs, self.clock):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)
        column.insertSpacing(2, tokens.SPACE_2)
        column.addStretch(1)

    def show_schedule(self, schedule: Schedule) -> None:
        """Show what this one means."""
        # Live mode is a choice of its own, with its own sentence.
        self.words.setText(sentence(words(schedule).partition(";")[0]))
        has_runs = not schedule.runs_on_startup
        runs = next_runs(schedule, wording.now(), self._zone, 5) if has_runs else []
        here = [moment.astimezone(self._zone) for moment in runs]
        self.runs.setText(runs_words(here) if has_runs else "Whenever the program starts.")
        self.clock.setText(self._clock_words(schedule) if has_runs else "")
        self._name()

    def show_nothing(self, count: int) -> None:
        """The form is wrong in so many places."""
        marked = "what is marked" if count == 1 else f"the {count} entries that are marked"
        self.words.setText(f"Correct {marked} to see what this schedule means.")
        self.runs.setText("")
        self.clock.setText("")
        self._name()

    def _name(self) -> None:
        self.heading.setVisible(bool(self.runs.text()))
        self.runs.setVisible(bool(self.runs.text()))
        self.clock.setVisible(bool(self.clock.text()))
        self.setAccessibleName("In words")
        self.setAccessibleDescription(f"{self.words.text()} {self.runs.text()}".strip())

    def _clock_words(self, schedule: Schedule) -> str:
        if self._whose == HEAD_OFFICE:
            return f"By head office's clock: {self._zone.key}."
        interval = schedule.interval_seconds
        seconds = (
            min(interval // 2, MAX_STAGGER_SECONDS)
            if self._whose == EVERY_STORE
            else stagger_seconds(self._whose, interval)
        )
        return stagger_words(self._whose, seconds)
