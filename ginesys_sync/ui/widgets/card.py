"""A titled card around something, and a page of them."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.ui.widgets import theme, tokens


class Card(QFrame):
    """`title` and a muted line under it, then `inside`, then buttons at the left."""

    def __init__(self, title: str, inside: QWidget, note: str = "") -> None:
        super().__init__()
        theme.mark(self, "card")
        self.heading, self.note = QLabel(title), QLabel(note)
        theme.mark(self.heading, "title")
        theme.mark(self.note, "small")
        self.note.setWordWrap(True)
        self.note.setVisible(bool(note))
        self.setAccessibleName(title)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(tokens.SPACE_3)
        self._buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_4, tokens.SPACE_3, tokens.SPACE_4, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_3)
        head = QVBoxLayout()
        head.setSpacing(tokens.SPACE_1)
        head.addWidget(self.heading)
        head.addWidget(self.note)
        column.addLayout(head)
        column.addWidget(inside, 1)
        column.addLayout(self._buttons)

    def add_button(self, words: str) -> QPushButton:
        """One more button."""
        button = QPushButton(words)
        self._buttons.insertWidget(self._buttons.count() - 1, button)
        return button


class CardPage(QScrollArea):
    """Cards and notes from top to bottom; it scrolls where there is no room."""

    def __init__(self) -> None:
        super().__init__()
        page = QWidget()
        theme.mark(page, "page")
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(
            tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4
        )
        self._column.setSpacing(tokens.SPACE_4)
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)

    def fill(self, *parts: QWidget) -> None:
        """Once: put these on the page, and leave what room there is under them."""
        for part in parts:
            self._column.addWidget(part)
        self._column.addStretch(1)
