"""A question before something is done: what happens, what is kept, and why it is done. What is
answered is done in the background, and the window of the question says so meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialogButtonBox, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.views import Done
from ginesys_sync.ui.widgets import theme, tokens
from ginesys_sync.ui.widgets.ask import WIDTH, Question, tell
from ginesys_sync.ui.widgets.background import Background

MOST_REASON = 200
Act = Callable[[str], Done]
"""Does it, given the reason."""


@dataclass(frozen=True, slots=True)
class Deed:
    """`title` asks, `text` says what happens and what is kept, `yes` and `no` are the buttons,
    `busy` is said while it goes on. `needs_reason`: it cannot be done without one."""

    title: str
    text: str
    yes: str
    no: str = "Cancel"
    busy: str = "One moment…"
    needs_reason: bool = False


class DeedDialog(Question):
    """`was_done` carries it. Esc leaves things as they are; so does Enter, until a reason
    is typed."""

    was_done = Signal(object)
    help_topic = "Control"

    def __init__(self, parent: QWidget, background: Background, deed: Deed, act: Act) -> None:
        super().__init__(parent, deed.title, deed.text)
        self._background, self._deed, self._act = background, deed, act
        self.is_busy = False
        self.reason, self.hint = QLineEdit(), QLabel()
        self.yes = self.add(deed.yes, QDialogButtonBox.ButtonRole.AcceptRole)
        self.no = self.add(deed.no, QDialogButtonBox.ButtonRole.RejectRole)
        self.body = QVBoxLayout()
        self.entries: list[QWidget] = []
        self._lay_out()
        for before, after in pairwise((*self.entries, self.reason, self.yes, self.no)):
            self.setTabOrder(before, after)
        self.reason.textChanged.connect(lambda _: self.settle())
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.settle()
        (self.reason if deed.needs_reason else self.no).setFocus()

    def _lay_out(self) -> None:
        self.yes.setAutoDefault(False)
        self.no.setAutoDefault(False)
        label = QLabel("&Reason" if self._deed.needs_reason else "&Reason (if you like)")
        label.setBuddy(self.reason)
        theme.mark(label, "section")
        theme.mark(self.hint, "small")
        self.hint.setWordWrap(True)
        self.reason.setMaxLength(MOST_REASON)
        self.reason.setAccessibleName("Reason")
        self.body.setSpacing(tokens.SPACE_2)
        why = QVBoxLayout()
        why.setSpacing(tokens.SPACE_1)
        why.addWidget(label)
        why.addWidget(self.reason)
        column = self.layout()
        assert isinstance(column, QVBoxLayout)
        column.insertLayout(2, self.body)
        column.insertSpacing(3, tokens.SPACE_1)
        column.insertLayout(4, why)
        column.removeWidget(self.buttons)
        foot = QHBoxLayout()
        foot.setSpacing(tokens.SPACE_3)
        foot.addWidget(self.hint, 1)
        foot.addWidget(self.buttons)
        column.addLayout(foot)

    def say(self, text: str) -> None:
        """What happens has become something else."""
        self.text.setText(text)
        self.text.setMinimumHeight(self.text.heightForWidth(WIDTH))

    def add_row(self, label: str, control: QWidget) -> QLabel:
        """An entry above the reason."""
        words = QLabel(label)
        words.setBuddy(control)
        words.setFixedWidth(104)
        control.setAccessibleName(label.replace("&", ""))
        row = QHBoxLayout()
        row.setSpacing(tokens.SPACE_2)
        row.addWidget(words)
        row.addWidget(control, 1)
        self.entries.append(control)
        self.body.addLayout(row)
        return words

    @property
    def why_not(self) -> str:
        """What is still missing; empty when it can be done."""
        is_missing = self._deed.needs_reason and not self.reason.text().strip()
        return "Say why; it is noted with your name." if is_missing else ""

    def settle(self) -> None:
        """Offer what can be done now."""
        missing = self.why_not
        self.yes.setEnabled(not missing and not self.is_busy)
        self.hint.setText(self._deed.busy if self.is_busy else missing)
        self.no.setEnabled(not self.is_busy)
        self.reason.setEnabled(not self.is_busy)
        is_meant = bool(self.reason.text().strip()) and not missing
        self.yes.setDefault(is_meant)
        self.no.setDefault(not is_meant)

    def accept(self) -> None:
        if self.is_busy or self.why_not:
            return
        reason, act = self.reason.text().strip(), self._act
        self._set_busy(True)
        self._background.run(lambda: act(reason), self._take, self._complain, lane="deed")

    def reject(self) -> None:
        if not self.is_busy:
            super().reject()

    def _set_busy(self, is_busy: bool) -> None:
        self.is_busy = is_busy
        self.settle()

    def _take(self, done: Done) -> None:
        self._set_busy(False)
        super().accept()
        self.was_done.emit(done)

    def _complain(self, fault: KnownError) -> None:
        self._set_busy(False)
        tell(self, fault)


def ask_deed(
    parent: QWidget,
    background: Background,
    deed: Deed,
    act: Act,
    then: Callable[[Done], None],
) -> DeedDialog:
    """Ask, do, and tell `then` what was done."""
    dialog = DeedDialog(parent, background, deed, act)
    dialog.was_done.connect(then)
    dialog.open()
    return dialog
