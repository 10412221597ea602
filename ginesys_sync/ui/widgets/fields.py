"""Entries of a form: a label, its controls, and under them the sentence that says what is wrong."""

from __future__ import annotations

import re

from PySide6.QtCore import QDate, QLocale, Qt, Signal
from PySide6.QtGui import QTextCharFormat, QWheelEvent
from PySide6.QtWidgets import (
    QDateEdit,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.ui.widgets import icons, theme, tokens

LABEL_WIDTH = 120
_SHORT = 72


class FieldRow(QWidget):
    """`label` (words, or what one chooses it by) before the first of `controls`, the others after
    it; `tell` marks the first. `name` is what the first is called.
    """

    def __init__(
        self, label: str | QWidget, *controls: QWidget, name: str = "", indent: int = 0
    ) -> None:
        super().__init__()
        self.control = controls[0]
        self.label = QLabel(label) if isinstance(label, str) else label
        self.sentence = QLabel()
        if isinstance(self.label, QLabel):
            self.label.setBuddy(self.control)
            self.label.setContentsMargins(indent, 0, 0, 0)
        self.label.setFixedWidth(LABEL_WIDTH)
        self.control.setAccessibleName(name or str(label))
        theme.mark(self.sentence, "small", "bad")
        self.sentence.setWordWrap(True)
        self.sentence.hide()
        line = QHBoxLayout()
        line.setSpacing(tokens.SPACE_2)
        line.addWidget(self.label)
        for control in controls:
            line.addWidget(control)
        line.addStretch(1)
        under = QHBoxLayout()
        under.addSpacing(LABEL_WIDTH + tokens.SPACE_2)
        under.addWidget(self.sentence, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_1)
        column.addLayout(line)
        column.addLayout(under)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)  # the sentence may need a second line
        self.setSizePolicy(policy)

    def tell(self, sentence: str) -> None:
        """Say what is wrong with this entry; empty when nothing is."""
        if sentence == self.sentence.text():
            return
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))
        self.control.setAccessibleDescription(sentence)
        part = self.control.property("part") or ""
        theme.mark(self.control, part, "bad" if sentence else "")


class ShortField(QLineEdit):
    """A number, or whatever is short."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(_SHORT)
        self.setMaxLength(12)


class TimeField(ShortField):
    """A time of day: `9`, `930` and `9.30` are taken for what they mean."""

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("09:00")
        self.editingFinished.connect(lambda: self.setText(time_text(self.text())))


def time_text(typed: str) -> str:
    """`9` → `09:00`, `930` and `9.30` → `09:30`; what is no time stays as it is."""
    found = re.fullmatch(r"\s*([0-9]{1,2}?)(?:[:. ]?([0-9]{2}))?\s*", typed)
    if found is None:
        return typed
    return f"{int(found[1]):02d}:{found[2] or '00'}"


class DateField(QDateEdit):
    """A day, typed or chosen from a calendar. The wheel scrolls the page and changes no date."""

    picked = Signal()

    def __init__(self, first: QDate, last: QDate) -> None:
        super().__init__()
        self.setDateRange(first, last)
        self.setCalendarPopup(True)
        self.setDisplayFormat("d MMM yyyy")
        self.setFixedSize(144, tokens.CONTROL_HEIGHT)
        self._dress_calendar()
        theme.theme().changed.connect(self._dress_calendar)
        self.dateChanged.connect(lambda _: self.picked.emit())

    def _dress_calendar(self) -> None:
        calendar = self.calendarWidget()
        calendar.setVerticalHeaderFormat(calendar.VerticalHeaderFormat.NoVerticalHeader)
        here = QLocale()
        is_bare = here.language() is QLocale.Language.C
        calendar.setFirstDayOfWeek(Qt.DayOfWeek.Monday if is_bare else here.firstDayOfWeek())
        calendar.setMinimumSize(336, 248)
        for name, picture in (("prev", "chevron-left"), ("next", "chevron-right")):
            button = calendar.findChild(QToolButton, f"qt_calendar_{name}month")
            if button is not None:
                button.setIcon(icons.icon(picture, "text"))
        plain = QTextCharFormat()
        plain.setForeground(theme.colour("text"))
        for day in Qt.DayOfWeek:  # Qt's own red for the weekend cannot be read in the dark
            calendar.setWeekdayTextFormat(day, plain)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()
