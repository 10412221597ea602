"""A line that says what was done, and what follows from it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel

from ginesys_sync.services.views import Done
from ginesys_sync.ui.widgets import theme, tokens


class Said(QFrame):
    """Hidden until there is something to say."""

    def __init__(self) -> None:
        super().__init__()
        theme.mark(self, "note", "good")
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.SPACE_3, tokens.SPACE_2, tokens.SPACE_3, tokens.SPACE_2)
        row.addWidget(self.words)
        self.hide()

    def say(self, done: Done) -> None:
        """Say this."""
        words = told(done)
        self.words.setText(words)
        self.setAccessibleName(words)
        self.show()


def told(done: Done) -> str:
    """Both sentences as one text."""
    return f"{done.sentence} {done.what_next}".strip()
