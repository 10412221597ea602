"""The Web Database as this site knows it: address and identity, `Test Connection`, and what the
test found."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.desk import Desk
from ginesys_sync.services.views import Diagnosis, Identity
from ginesys_sync.ui.widgets import ask, theme, tokens
from ginesys_sync.ui.widgets.background import Background


class ConnectionPanel(QWidget):
    """Facts, a button, an answer. Used in Application Settings and in the Web Database Locator.

    `grown` comes when it needs more room than before.
    """

    grown = Signal()

    def __init__(self, desk: Desk, background: Background) -> None:
        super().__init__()
        self._desk, self._background = desk, background
        self._diagnosis: Diagnosis | None = None
        self.facts = QFormLayout()
        self.values: dict[str, QLabel] = {}
        self.test = QPushButton("&Test Connection")
        self.busy = QLabel("")
        self.answer = QFrame()
        self.answer_title = QLabel()
        self.answer_advice = QLabel()
        self.answer_facts = QLabel()
        self.copy = QPushButton("Copy details")
        self._lay_out()
        self.test.clicked.connect(self.run_test)
        self.copy.clicked.connect(self._copy)

    def _lay_out(self) -> None:
        for label in (self.answer_title, self.answer_advice, self.answer_facts):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        theme.mark(self.answer_title, "strong")
        theme.mark(self.answer_facts, "small")
        theme.mark(self.busy, "muted")
        theme.mark(self.copy, "link")
        self.facts.setHorizontalSpacing(tokens.SPACE_6)
        self.facts.setVerticalSpacing(tokens.SPACE_2)
        self.facts.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        inside = QVBoxLayout(self.answer)
        inside.setContentsMargins(tokens.SPACE_3, tokens.SPACE_2, tokens.SPACE_3, tokens.SPACE_2)
        inside.setSpacing(2)
        for label in (self.answer_title, self.answer_advice, self.answer_facts):
            inside.addWidget(label)
        inside.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignLeft)
        button = QHBoxLayout()
        button.setSpacing(tokens.SPACE_3)
        button.addWidget(self.test)
        button.addWidget(self.busy, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(tokens.SPACE_3)
        column.addLayout(self.facts)
        column.addLayout(button)
        column.addWidget(self.answer)
        self.answer.hide()

    def show_identity(self, identity: Identity) -> None:
        """Say where the Web Database is and who we are."""
        whole = {
            "Web Database address": identity.relay_url or "not set yet",
            "Web Database identity": identity.relay_id or "not known before the first contact",
            "This site": f"{identity.site}  {identity.name}".strip(),
            "Organisation": identity.organisation or "not known before the first contact",
            "Plan": f"{identity.plan}, version {identity.plan_version}"
            if identity.plan
            else "none",
            "Program": identity.program,
            "Folder": identity.home,
        }
        for name, value in whole.items():
            if name not in self.values:
                self.values[name] = QLabel()
                self.values[name].setWordWrap(name == "Folder")
                flags = Qt.TextInteractionFlag.TextSelectableByMouse
                self.values[name].setTextInteractionFlags(flags)
                label = QLabel(name)
                theme.mark(label, "muted")
                # An answer that wraps below must never press a line together.
                for part in (label, self.values[name]):
                    part.setMinimumHeight(part.fontMetrics().height())
                self.facts.addRow(label, self.values[name])
            self.values[name].setText(value)
            self.values[name].setAccessibleName(f"{name}: {value}")

    def run_test(self) -> None:
        """Call the Web Database and say what was found."""
        if not self.test.isEnabled():
            return
        self.test.setEnabled(False)
        self.answer.hide()
        self.busy.setText("Calling the Web Database…")
        self._background.run(self._desk.test_connection, self._show, self._fail, lane="test")

    def _show(self, diagnosis: Diagnosis) -> None:
        self._diagnosis = diagnosis
        self.test.setEnabled(True)
        self.busy.setText("")
        theme.mark(self.answer, "note", "good" if diagnosis.is_good else "bad")
        self.answer_title.setText(diagnosis.title)
        self.answer_advice.setText(diagnosis.advice)
        self.answer_advice.setVisible(bool(diagnosis.advice))
        facts = "\n".join(f"{name}: {value}" for name, value in diagnosis.facts)
        self.answer_facts.setText(facts)
        self.answer_facts.setVisible(bool(facts))
        self.copy.setVisible(not diagnosis.is_good)
        self.copy.setText("Copy details")
        self.answer.show()
        # The button was grey while it worked, and lost the keyboard to its neighbour.
        self.test.setFocus()
        self.grown.emit()

    def _fail(self, fault: KnownError) -> None:
        self._show(Diagnosis(False, fault.title, fault.advice, fault.detail))

    def _copy(self) -> None:
        if self._diagnosis is not None:
            found = self._diagnosis
            ask.copy_details(KnownError(found.title, found.advice, found.detail))
            self.copy.setText("Copied")
