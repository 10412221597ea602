"""The window *Schedule Configuration*: the form, what it means, `OK`, `Cancel`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.schedule import Schedule
from ginesys_sync.core.schedule_form import form_of, problems, schedule_of_form
from ginesys_sync.core.schedule_zone import site_zone
from ginesys_sync.ui.launchpad.schedule_form import ScheduleForm
from ginesys_sync.ui.launchpad.schedule_preview import SchedulePreview
from ginesys_sync.ui.widgets import theme, tokens
from ginesys_sync.ui.widgets.ask import Question, ask, fit
from ginesys_sync.ui.widgets.background import Background

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


class ScheduleWindow(QDialog):
    """`saved` carries the schedule once it is kept. Nothing of what a person entered is lost
    without a question."""

    saved = Signal(object)

    def __init__(
        self, parent: QWidget, background: Background, subject: Subject, save: Save
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Schedule Configuration")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._background, self._save, self._today = background, save, subject.today
        self.question: Question | None = None
        self.is_saving = False
        self.form = ScheduleForm()
        self.preview = SchedulePreview(subject.whose, site_zone(subject.zone))
        self.title = QLabel(subject.title)
        self.fault = QLabel()
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.cancel = self.buttons.button(QDialogButtonBox.StandardButton.Cancel)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._lay_out()
        self.form.fill(form_of(subject.schedule))
        self._began = self.form.entries()
        self._pause.timeout.connect(self._look)
        self.form.changed.connect(lambda: self._pause.start())
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._look()
        fit(self, 852, 672)
        self.form.type.setFocus()

    def _lay_out(self) -> None:
        theme.mark(self.title, "title")
        theme.mark(self.ok, "primary")
        theme.mark(self.fault, "", "bad")
        self.ok.setText("OK")
        self.cancel.setText("Cancel")
        self.ok.setDefault(True)
        self.fault.setWordWrap(True)
        self.fault.hide()
        self.preview.setFixedWidth(252)
        right = _scrolled(self.preview, 0)
        right.setFixedWidth(264)
        sides = QHBoxLayout()
        sides.setSpacing(tokens.SPACE_2)
        sides.addWidget(_scrolled(self.form, tokens.SPACE_3), 1)
        sides.addWidget(right)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_4)
        column.addWidget(self.title)
        column.addLayout(sides, 1)
        column.addWidget(self.fault)
        column.addWidget(self.buttons)

    @property
    def is_changed(self) -> bool:
        """Whether something would be lost."""
        return self.form.entries() != self._began

    def _problems(self) -> dict[str, str]:
        return problems(self.form.entries(), self._today)

    def _look(self) -> None:
        found = self._problems()
        self.form.tell(found)
        if found:
            self.preview.show_nothing(len(found))
        else:
            self.preview.show_schedule(schedule_of_form(self.form.entries(), self._today))

    def accept(self) -> None:
        if self.is_saving:
            return
        found = self._problems()
        self._look()
        if found:
            self.form.go_to_first(found)
            return
        schedule = schedule_of_form(self.form.entries(), self._today)
        self._set_saving(True)
        self._background.run(
            lambda: self._save(schedule),
            lambda nothing: self._take_saved(schedule),
            self._show_fault,
            lane="save-schedule",
        )

    def _set_saving(self, is_saving: bool) -> None:
        self.is_saving = is_saving
        self.form.setEnabled(not is_saving)
        self.ok.setEnabled(not is_saving)
        self.ok.setText("Saving…" if is_saving else "OK")

    def _take_saved(self, schedule: Schedule) -> None:
        super().accept()
        self.saved.emit(schedule)

    def _show_fault(self, fault: KnownError) -> None:
        self._set_saving(False)
        self.fault.setText(str(fault))
        self.fault.show()

    def reject(self) -> None:
        if self.is_saving or self.question is not None:
            return
        if not self.is_changed:
            super().reject()
            return
        self.question = ask(
            self,
            "Discard what you changed?",
            "This schedule has been changed here and is not saved yet.",
            "Discard Changes",
            "Go On Editing",
            self._answer,
        )

    def _answer(self, is_yes: bool) -> None:
        self.question = None
        if is_yes:
            super().reject()


def _scrolled(content: QWidget, margin: int) -> QScrollArea:
    """This content, scrolled up and down where the window is low; `margin` at its right."""
    area, inside = QScrollArea(), QWidget()
    theme.mark(inside, "page")
    column = QVBoxLayout(inside)
    column.setContentsMargins(0, 0, margin, 0)
    column.addWidget(content)
    column.addStretch(1)
    area.setWidget(inside)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area
