"""What the sync asks before much is deleted, answered in the window: a line of buttons under it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.desk import Desk
from ginesys_sync.services.views import AttentionRow, Done
from ginesys_sync.ui.widgets import theme, tokens
from ginesys_sync.ui.widgets.ask import ask, tell
from ginesys_sync.ui.widgets.background import Background

OF_LOAD, OF_DELETION = "sweep_asks", "deletion_asks"
"""The codes of lines that are questions (see `store.grids.attention_lines`)."""


class AnswerBar(QWidget):
    """Shown for a line that is a question; says afterwards what comes of the answer."""

    answered = Signal()

    def __init__(self, desk: Desk, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = desk
        self._background = background
        self._row: AttentionRow | None = None
        self.told = QLabel()
        self.told.setWordWrap(True)
        theme.mark(self.told, "muted")
        self.go = QPushButton("Let them go…")
        self.keep = QPushButton("Keep them")
        for button in (self.go, self.keep):
            button.setAutoDefault(False)
        self.go.clicked.connect(self._ask_again)
        self.keep.clicked.connect(lambda: self._answer(False))
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(tokens.SPACE_2)
        line.addWidget(self.told, 1)
        line.addWidget(self.keep)
        line.addWidget(self.go)
        self.hide()

    def show_for(self, row: AttentionRow | None) -> None:
        """Buttons for a question, nothing for a record."""
        is_asked = row is not None and row.code in (OF_LOAD, OF_DELETION)
        self._row = row if is_asked else None
        self.told.setText("")
        for button in (self.go, self.keep):
            button.setVisible(is_asked)
            button.setEnabled(is_asked)
        self.setVisible(is_asked)

    def _ask_again(self) -> None:
        row = self._row
        if row is None:
            return
        ask(
            self.window(),
            f"Delete these {row.entity.lower()}?",
            f"{row.reason} What is deleted with the next sync does not come back by itself.",
            "Let them go",
            "Not now",
            lambda is_sure: self._answer(True) if is_sure else None,
        )

    def _answer(self, may_go: bool) -> None:
        row = self._row
        if row is None:
            return
        for button in (self.go, self.keep):
            button.setEnabled(False)
        self._background.run(
            lambda: self._desk.answer(row.entity, may_go, ""),
            self._say,
            self._tell,
            lane="answer",
        )

    def _tell(self, fault: KnownError) -> None:
        self.show_for(self._row)
        tell(self.window(), fault)

    def _say(self, done: Done) -> None:
        for button in (self.go, self.keep):
            button.hide()
        self.told.setText(f"{done.sentence} {done.what_next}".strip())
        self.answered.emit()
