"""The entries of *Schedule Configuration*, labelled as the trade does, and what is wrong there."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QDate, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.core.schedule import (
    FIRST_DAY,
    LAST_DAY,
    Field,
    FrequencyKind,
    Occurs,
    ScheduleType,
    Unit,
    WeekDay,
)
from ginesys_sync.ui.widgets import theme, tokens
from ginesys_sync.ui.widgets.fields import DateField, FieldRow, ShortField, TimeField, time_text
from ginesys_sync.ui.widgets.schedule_words import LIVE_MEANS

_FIRST, _LAST = (QDate(day.year, day.month, day.day) for day in (FIRST_DAY, LAST_DAY))
_UNDER_RADIO = 24
_UNITS = {Unit.MINUTES: "Minutes", Unit.HOURS: "Hours"}


class Choice(QWidget):
    """Some words of which one is chosen."""

    changed = Signal()

    def __init__(self, name: str, *words: str) -> None:
        super().__init__()
        self.group = QButtonGroup(self)
        self.buttons = {word: QRadioButton(word) for word in words}
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(tokens.SPACE_5)
        for word, button in self.buttons.items():
            button.setAccessibleName(f"{name}: {word}")
            self.group.addButton(button)
            line.addWidget(button)
        self.setFocusProxy(next(iter(self.buttons.values())))
        self.group.buttonToggled.connect(lambda _, is_on: self.changed.emit() if is_on else None)

    @property
    def word(self) -> str:
        """What is chosen; empty when nothing is."""
        return next((word for word, one in self.buttons.items() if one.isChecked()), "")

    def choose(self, word: str) -> None:
        """Choose this one."""
        self.buttons[word].setChecked(True)


class Unrolled(QComboBox):
    """A combo box that the wheel does not change."""

    def wheelEvent(self, event: Any) -> None:
        event.ignore()


class ScheduleForm(QWidget):
    """`changed` after every change a person makes or `fill` makes."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.type = Choice("Schedule Type", *ScheduleType)
        self.occurs = Choice("Occurs", *Occurs)
        self.recurs_every = ShortField()
        self.recurs_unit = QLabel("Days")
        self.days = {day: QCheckBox(day.value) for day in WeekDay}
        self.day_boxes = QWidget()
        self.is_at, self.is_every = QRadioButton("Occurs at"), QRadioButton("Occurs every")
        self.at, self.every = TimeField(), ShortField()
        self.unit = Unrolled()
        self.starting_at, self.ending_at = TimeField(), TimeField()
        self.start_date, self.end_date = DateField(_FIRST, _LAST), DateField(_FIRST, _LAST)
        self.has_end, self.no_end = QRadioButton("End Date"), QRadioButton("No End Date")
        self.live = QCheckBox("Live mode: changes go within seconds")
        self.rows: dict[str, FieldRow] = {}
        self._make_rows()
        self._lay_out()
        self._wire()
        self._order()

    def _make_rows(self) -> None:
        for unit, words in _UNITS.items():
            self.unit.addItem(words, unit.value)
        self.unit.setAccessibleName("Occurs every: Minutes or Hours")
        boxes = QHBoxLayout(self.day_boxes)
        boxes.setContentsMargins(0, 0, 0, 0)
        boxes.setSpacing(tokens.SPACE_2)
        for box in self.days.values():
            boxes.addWidget(box)
        self.day_boxes.setFocusProxy(self.days[WeekDay.MON])
        self.rows = {
            Field.TYPE: FieldRow("Schedule Type *", self.type, name="Schedule Type"),
            Field.OCCURS: FieldRow("Occurs", self.occurs),
            Field.RECURS_EVERY: FieldRow("Recurs every", self.recurs_every, self.recurs_unit),
            Field.WEEK_DAYS: FieldRow("", self.day_boxes, name="Week-days"),
            Field.AT: FieldRow(self.is_at, self.at, name="Occurs at"),
            Field.EVERY: FieldRow(self.is_every, self.every, self.unit, name="Occurs every"),
            Field.STARTING_AT: FieldRow("Starting at", self.starting_at, indent=_UNDER_RADIO),
            Field.ENDING_AT: FieldRow("Ending at", self.ending_at, indent=_UNDER_RADIO),
            Field.START_DATE: FieldRow("Start Date", self.start_date),
            Field.END_DATE: FieldRow(self.has_end, self.end_date, name="End Date"),
        }

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_4)
        live_text = QLabel(LIVE_MEANS)
        theme.mark(live_text, "small")
        live_text.setWordWrap(True)
        self.live.setAccessibleDescription(LIVE_MEANS)
        rows = self.rows
        self.pattern = _section(
            "Recurrence Pattern", rows[Field.OCCURS], rows[Field.RECURS_EVERY],
            rows[Field.WEEK_DAYS],
        )  # fmt: skip
        self.frequency = _section(
            "Daily Frequency", rows[Field.AT], rows[Field.EVERY], rows[Field.STARTING_AT],
            rows[Field.ENDING_AT],
        )  # fmt: skip
        self.duration = _section(
            "Duration", rows[Field.START_DATE], rows[Field.END_DATE], self.no_end,
        )  # fmt: skip
        column.addWidget(rows[Field.TYPE])
        for section in (self.pattern, self.frequency, self.duration):
            column.addWidget(section)
        column.addWidget(_section("", self.live, live_text))
        column.addStretch(1)

    def _wire(self) -> None:
        self._groups = []
        for pair in ((self.is_at, self.is_every), (self.has_end, self.no_end)):
            group = QButtonGroup(self)
            self._groups.append(group)
            for button in pair:
                group.addButton(button)
            group.buttonToggled.connect(lambda _, is_on: self._change() if is_on else None)
        for field in (self.recurs_every, self.at, self.every, self.starting_at, self.ending_at):
            field.textChanged.connect(self._change)
        for date in (self.start_date, self.end_date):
            date.picked.connect(self._change)
        for box in (*self.days.values(), self.live):
            box.toggled.connect(self._change)
        self.unit.currentIndexChanged.connect(self._change)
        self.type.changed.connect(self._change)
        self.occurs.changed.connect(self._change)

    def _order(self) -> None:
        """Tab goes through the entries as they are read."""
        order: list[QWidget] = [
            *self.type.buttons.values(), *self.occurs.buttons.values(), self.recurs_every,
            *self.days.values(), self.is_at, self.at, self.is_every, self.every, self.unit,
            self.starting_at, self.ending_at, self.start_date, self.has_end, self.end_date,
            self.no_end, self.live,
        ]  # fmt: skip
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def _change(self, *_: object) -> None:
        is_startup = self.type.word == ScheduleType.ON_STARTUP
        for section in (self.pattern, self.frequency, self.duration):
            section.setEnabled(not is_startup)
        is_weekly = self.occurs.word == Occurs.WEEKLY
        self.recurs_unit.setText("Weeks" if is_weekly else "Days")
        self.rows[Field.WEEK_DAYS].setVisible(is_weekly)
        self.at.setEnabled(self.is_at.isChecked())
        for widget in (self.every, self.unit, self.starting_at, self.ending_at):
            widget.setEnabled(self.is_every.isChecked())
        self.end_date.setEnabled(self.has_end.isChecked())
        for group in (self.type.group, self.occurs.group, *self._groups):
            _tab_to_the_chosen(group)
        self.changed.emit()

    def fill(self, entries: Mapping[str, Any]) -> None:
        """Show what `core.schedule_form.form_of` gives for a schedule."""
        self.blockSignals(True)
        self.type.choose(str(entries[Field.TYPE]))
        self.occurs.choose(str(entries[Field.OCCURS]))
        self.recurs_every.setText(str(entries[Field.RECURS_EVERY]))
        ticked = str(entries[Field.WEEK_DAYS]).split(",")
        for day, box in self.days.items():
            box.setChecked(day.value in ticked)
        is_at = entries[Field.FREQUENCY] == FrequencyKind.AT
        self.at.setText(str(entries[Field.AT if is_at else Field.STARTING_AT]))
        self.is_at.setChecked(is_at)
        self.is_every.setChecked(not is_at)
        self.every.setText(str(entries[Field.EVERY]))
        self.unit.setCurrentIndex(max(0, self.unit.findData(str(entries[Field.UNIT]))))
        self.starting_at.setText(str(entries[Field.STARTING_AT]))
        self.ending_at.setText(str(entries[Field.ENDING_AT]))
        self.start_date.setDate(_date(entries[Field.START_DATE]))
        end = entries[Field.END_DATE]
        self.end_date.setDate(_date(end or entries[Field.START_DATE]))
        self.has_end.setChecked(bool(end))
        self.no_end.setChecked(not end)
        self.live.setChecked(bool(entries[Field.LIVE]))
        self.blockSignals(False)
        self._change()

    def entries(self) -> dict[str, Any]:
        """What stands in the form, as `core.schedule_form` reads it."""
        ticked = [day.value for day, box in self.days.items() if box.isChecked()]
        frequency = FrequencyKind.AT if self.is_at.isChecked() else FrequencyKind.EVERY
        end = self.end_date.date().toString(_ISO) if self.has_end.isChecked() else ""
        return {
            Field.TYPE.value: self.type.word,
            Field.OCCURS.value: self.occurs.word,
            Field.RECURS_EVERY.value: self.recurs_every.text(),
            Field.WEEK_DAYS.value: ",".join(ticked),
            Field.FREQUENCY.value: frequency.value,
            Field.AT.value: time_text(self.at.text()),
            Field.EVERY.value: self.every.text(),
            Field.UNIT.value: self.unit.currentData(),
            Field.STARTING_AT.value: time_text(self.starting_at.text()),
            Field.ENDING_AT.value: time_text(self.ending_at.text()),
            Field.START_DATE.value: self.start_date.date().toString(_ISO),
            Field.END_DATE.value: end,
            Field.LIVE.value: self.live.isChecked(),
        }

    def tell(self, problems: Mapping[str, str]) -> None:
        """Mark the entries that are wrong, and no others."""
        for field, row in self.rows.items():
            row.tell(problems.get(field, ""))

    def go_to_first(self, problems: Mapping[str, str]) -> None:
        """Put the cursor into the first entry that is wrong."""
        first = next((row for field, row in self.rows.items() if field in problems), None)
        if first is not None:
            first.control.setFocus()


_ISO = "yyyy-MM-dd"


def _date(text: object) -> QDate:
    return QDate.fromString(str(text), _ISO)


def _tab_to_the_chosen(group: QButtonGroup) -> None:
    """Tab comes to what is chosen; the arrows go to the others. Qt alone would come to the first
    of them, chosen or not."""
    for button in group.buttons():
        strong, click = Qt.FocusPolicy.StrongFocus, Qt.FocusPolicy.ClickFocus
        button.setFocusPolicy(strong if button.isChecked() else click)


def _section(title: str, *lines: QWidget) -> QWidget:
    """A heading with what belongs to it."""
    section, heading = QWidget(), QLabel(title)
    heading.setVisible(bool(title))
    theme.mark(heading, "section")
    section.setAccessibleName(title)
    column = QVBoxLayout(section)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(tokens.SPACE_2)
    column.addWidget(heading)
    for line in lines:
        column.addWidget(line)
    return section
