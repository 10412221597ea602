"""A site's effective schedule to read: in words, its next five runs, where it comes from, how live
mode stands."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ginesys_sync.services.schedule_views import EffectiveView
from ginesys_sync.ui.widgets import pill, theme, tokens
from ginesys_sync.ui.widgets.schedule_words import NOT_SERVED, live_words, runs_words, sentence


class ScheduleFacts(QWidget):
    """Words on top; runs, zone, source and live mode as facts under them."""

    def __init__(self, *, has_source: bool) -> None:
        super().__init__()
        self._has_source = has_source
        self.words = QLabel()
        self.fault = QLabel()
        self.unserved = QFrame()
        self.unserved_text = QLabel(NOT_SERVED)
        self.live_pill = pill.Pill("Live mode off", "bar", "calm")
        self.live_text = QLabel()
        self.facts: dict[str, QLabel] = {}
        self._names: dict[str, QLabel] = {}
        self._grid = QGridLayout()
        self._lay_out()

    def _lay_out(self) -> None:
        theme.mark(self.words, "strong")
        theme.mark(self.fault, "", "bad")
        theme.mark(self.unserved, "note", "warning")
        for label in (self.words, self.fault, self.live_text, self.unserved_text):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        note = QHBoxLayout(self.unserved)
        note.setContentsMargins(tokens.SPACE_3, tokens.SPACE_2, tokens.SPACE_3, tokens.SPACE_2)
        note.addWidget(self.unserved_text)
        self._grid.setHorizontalSpacing(tokens.SPACE_6)
        self._grid.setVerticalSpacing(tokens.SPACE_2)
        self._grid.setColumnStretch(1, 1)
        for place, name in enumerate(("Next five runs", "Time zone", "Comes from")):
            self._add_fact(place, name)
        live = QHBoxLayout()
        live.setSpacing(tokens.SPACE_3)
        live.addWidget(self.live_pill, 0, Qt.AlignmentFlag.AlignTop)
        live.addWidget(self.live_text, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_3)
        column.addWidget(self.words)
        column.addWidget(self.fault)
        column.addLayout(live)
        column.addLayout(self._grid)
        column.addWidget(self.unserved)

    def _add_fact(self, place: int, name: str) -> None:
        title, value = QLabel(name), QLabel()
        theme.mark(title, "muted")
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if place == 0:
            value.setFont(theme.number_font())
        self._names[name], self.facts[name] = title, value
        self._grid.addWidget(title, place, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(value, place, 1)

    def show_schedule(self, view: EffectiveView) -> None:
        """Show what this site works by."""
        # What it says of live mode stands beside the pill, with how it really is.
        self.words.setText("" if view.fault else sentence(view.words.partition(";")[0]))
        self.words.setVisible(not view.fault)
        self.fault.setText(view.fault)
        self.fault.setVisible(bool(view.fault))
        schedule = view.schedule
        is_clocked = schedule is not None and not schedule.runs_on_startup
        self._say("Next five runs", runs_words(view.next_runs) if is_clocked else "")
        self._say("Time zone", view.zone if is_clocked else "")
        self._say("Comes from", view.source if self._has_source else "")
        live = live_words(view)
        self.live_pill.show_word(live.word, live.shape, live.tone)
        self.live_text.setText(live.sentence)
        for widget in (self.live_pill, self.live_text):
            widget.setVisible(schedule is not None)
        self.unserved.setVisible(schedule is not None and not view.is_served)

    def _say(self, name: str, value: str) -> None:
        self.facts[name].setText(value)
        self.facts[name].setAccessibleName(f"{name}: {value}")
        for label in (self.facts[name], self._names[name]):
            label.setVisible(bool(value))
