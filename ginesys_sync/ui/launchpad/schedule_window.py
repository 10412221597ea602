"""The window *Schedule Configuration*: the form, what it means, `OK`, `Cancel`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ginesys_sync.core.schedule import Schedule
from ginesys_sync.core.schedule_form import form_of, problems, schedule_of_form
from ginesys_sync.core.schedule_zone import site_zone
from ginesys_sync.ui.launchpad.schedule_form import ScheduleForm
from ginesys_sync.ui.launchpad.schedule_preview import SchedulePreview
from ginesys_sync.ui.widgets import theme, tokens
from ginesys_sync.ui.widgets.ask import fit
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.editing import EditingWindow, padded, scrolled

PAUSE_MS = 200
Save = Callable[[Schedule], None]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is configured: `whose` (HO, `*`, a store's code), in words, and from what it begins.
    `zone` and `today` are head office's.
    """

    whose: str
    title: str
    schedule: Schedule
    zone: str
    today: date


class ScheduleWindow(EditingWindow):
    """`saved` carries the schedule once it is kept."""

    saved = Signal(object)
    discarded = "This schedule has been changed here and is not saved yet."

    def __init__(
        self, parent: QWidget, background: Background, subject: Subject, save: Save
    ) -> None:
        self.form: ScheduleForm
        super().__init__(parent, background, "Schedule Configuration", ScheduleForm())
        self._save, self._today = save, subject.today
        self.preview = SchedulePreview(subject.whose, site_zone(subject.zone))
        self.title = QLabel(subject.title)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._lay_out()
        self.form.fill(form_of(subject.schedule))
        self._began = self.entries()
        self._pause.timeout.connect(self._look)
        self.form.changed.connect(lambda: self._pause.start())
        self._look()
        fit(self, 852, 672)
        self.form.type.setFocus()

    def _lay_out(self) -> None:
        theme.mark(self.title, "title")
        self.preview.setFixedWidth(252)
        right = scrolled(padded(self.preview, 0))
        right.setFixedWidth(264)
        sides = QHBoxLayout()
        sides.setSpacing(tokens.SPACE_2)
        sides.addWidget(scrolled(padded(self.form, tokens.SPACE_3)), 1)
        sides.addWidget(right)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_4)
        column.addWidget(self.title)
        column.addLayout(sides, 1)
        column.addWidget(self.fault)
        column.addWidget(self.buttons)

    def entries(self) -> dict[str, Any]:
        """What stands in the form."""
        return self.form.entries()

    def _problems(self) -> dict[str, str]:
        return problems(self.entries(), self._today)

    def _look(self) -> None:
        found = self._problems()
        self.form.tell(found)
        if found:
            self.preview.show_nothing(len(found))
        else:
            self.preview.show_schedule(schedule_of_form(self.entries(), self._today))

    def accept(self) -> None:
        if self.is_saving:
            return
        found = self._problems()
        self._look()
        if found:
            self.form.go_to_first(found)
            return
        schedule = schedule_of_form(self.entries(), self._today)
        self.keep(lambda: self._save(schedule), lambda: self.saved.emit(schedule), "save-schedule")
