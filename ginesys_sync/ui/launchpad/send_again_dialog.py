"""*Send Again*: which records, since when, and to which stores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from PySide6.QtCore import QDate
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.services.control_views import AgainWanted, Kinds
from ginesys_sync.services.views import Done, SiteLine
from ginesys_sync.ui.launchpad.site_chooser import SiteChooser
from ginesys_sync.ui.widgets import theme, tokens, wording
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.deed import Deed, DeedDialog
from ginesys_sync.ui.widgets.fields import DateField, TimeField, time_text

SendAgain = Callable[[AgainWanted], Done]
_DEED = Deed(
    "Send again",
    "The records go as they stand when the next sync takes them up. A store gets only what is "
    "meant for it.",
    "Send Again",
    busy="Noting what is to go again…",
)
_FIRST_DAY = QDate(2020, 1, 1)
_INDENT = 22
"""Under the words of a choice, not under its circle."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the window begins with: a kind (its name, or empty), one record of it, a moment, one
    store."""

    entity: str = ""
    key: str = ""
    since: datetime | None = None
    site: str = ""


class SendAgainDialog(DeedDialog):
    """One record, what was sent since a moment, or all of a kind; to all stores or to some."""

    def __init__(
        self,
        parent: QWidget,
        background: Background,
        kinds: Kinds,
        sites: Sequence[SiteLine],
        begin: Proposal,
        send: SendAgain,
    ) -> None:
        self._kinds, self._sites = kinds, sites
        super().__init__(parent, background, _DEED, lambda reason: send(self.wanted(reason)))
        self._begin_with(begin)
        self.setWindowTitle("Send Again")
        self.title.hide()  # it says the same, and low screens need the room

    # --- the form ---

    def _lay_out(self) -> None:
        super()._lay_out()
        self.kind = QComboBox()
        for kind in self._kinds.records:
            if kind.is_sent:
                self.kind.addItem(kind.title, kind.name)
        self.kind.setMaxVisibleItems(20)
        self.record, self.key = QRadioButton("&One record, its key"), QLineEdit()
        self.period = QRadioButton("What was sent &since")
        self.day, self.at = DateField(_FIRST_DAY, QDate.currentDate()), TimeField()
        self.whole = QRadioButton("A&ll of them")
        self.to_all = QRadioButton("To all stores they are &meant for")
        self.to_some = QRadioButton("Only to the &ticked stores")
        self.chooser = SiteChooser(self._sites)
        sides = QHBoxLayout()
        sides.setSpacing(tokens.SPACE_6)
        sides.addLayout(self._what())
        sides.addLayout(self._whom(), 1)
        self.body.addLayout(sides)
        self.entries += [
            self.kind, self.record, self.key, self.period, self.day, self.at, self.whole,
            self.to_all, self.to_some, self.chooser.search, self.chooser.table,
        ]  # fmt: skip
        for button in (self.record, self.period, self.whole, self.to_all, self.to_some):
            button.toggled.connect(lambda _: self.settle())
        self.key.textChanged.connect(lambda _: self.settle())
        self.at.textChanged.connect(lambda _: self.settle())
        self.chooser.changed.connect(self.settle)

    def _what(self) -> QVBoxLayout:
        self.kind.setAccessibleName("Which kind of record")
        self.key.setAccessibleName("Key of the record")
        self.day.setAccessibleName("Day")
        self.at.setAccessibleName("Time of day")
        label = _head("&What")
        label.setBuddy(self.kind)
        column, group = QVBoxLayout(), QButtonGroup(self)
        column.setSpacing(tokens.SPACE_2)
        moment = QHBoxLayout()
        moment.setSpacing(tokens.SPACE_2)
        moment.addWidget(self.day)
        moment.addWidget(self.at)
        moment.addStretch(1)
        under_key = QHBoxLayout()
        under_key.addWidget(self.key)
        for row in (moment, under_key):
            row.setContentsMargins(_INDENT, 0, 0, 0)
        column.addWidget(label)
        column.addWidget(self.kind)
        column.addWidget(self.record)
        column.addLayout(under_key)
        column.addWidget(self.period)
        column.addLayout(moment)
        column.addWidget(self.whole)
        column.addStretch(1)
        for button in (self.record, self.period, self.whole):
            group.addButton(button)
        return column

    def _whom(self) -> QVBoxLayout:
        column, group = QVBoxLayout(), QButtonGroup(self)
        column.setSpacing(tokens.SPACE_2)
        column.addWidget(_head("To whom"))
        for button in (self.to_all, self.to_some):
            group.addButton(button)
            column.addWidget(button)
        column.addWidget(self.chooser, 1)
        return column

    def _begin_with(self, begin: Proposal) -> None:
        self.kind.setCurrentIndex(max(0, self.kind.findData(begin.entity)))
        since = (begin.since or wording.now()).astimezone()
        self.day.setDate(QDate(since.year, since.month, since.day))
        self.at.setText(f"{since:%H:%M}" if begin.since else "00:00")
        self.key.setText(begin.key)
        is_record = bool(begin.key) or begin.since is None
        (self.record if is_record else self.period).setChecked(True)
        (self.to_some if begin.site else self.to_all).setChecked(True)
        if begin.site:
            self.chooser.tick([begin.site])
        self.kind.setFocus()
        self.settle()

    # --- what is wanted ---

    @property
    def since(self) -> datetime | None:
        """The moment of the form, in this computer's own time; None when it is no time of day."""
        try:
            clock = time.fromisoformat(time_text(self.at.text()))
        except ValueError:
            return None
        day = self.day.date()
        local = datetime(day.year(), day.month(), day.day(), clock.hour, clock.minute)  # noqa: DTZ001
        return local.astimezone()

    def wanted(self, reason: str) -> AgainWanted:
        """What the form asks for."""
        return AgainWanted(
            self.kind.currentData() or "",
            self.key.text().strip() if self.record.isChecked() else "",
            self.since if self.period.isChecked() else None,
            self.chooser.ticked if self.to_some.isChecked() else None,
            reason,
        )

    @property
    def why_not(self) -> str:
        if self.record.isChecked() and not self.key.text().strip():
            return "Say which record: its key, as the lists show it."
        if self.period.isChecked() and self.since is None:
            return "Say since what time of day, as 09:30."
        if self.to_some.isChecked() and not self.chooser.ticked:
            return "Tick at least one store."
        return super().why_not

    def settle(self) -> None:
        self.key.setEnabled(self.record.isChecked())
        self.day.setEnabled(self.period.isChecked())
        self.at.setEnabled(self.period.isChecked())
        self.chooser.setEnabled(self.to_some.isChecked())
        super().settle()
        # Nothing is lost by it: Enter sends again as soon as it can be done.
        can = self.yes.isEnabled()
        self.yes.setDefault(can)
        self.no.setDefault(not can)


def _head(words: str) -> QLabel:
    label = QLabel(words)
    theme.mark(label, "section")
    return label
