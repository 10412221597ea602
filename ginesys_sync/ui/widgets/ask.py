"""Questions: a title, whole sentences, buttons that say what they do, in the desktop's own
order."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.core.errors import KnownError
from ginesys_sync.ui.widgets import theme, tokens

WIDTH = 440


class Question(QDialog):
    """A small window with a title, a text and buttons. Opened with `open()`, so the event loop goes
    on."""

    def __init__(self, parent: QWidget, title: str, text: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title.rstrip(".?"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.title = QLabel(title)
        self.text = QLabel(text)
        self.buttons = QDialogButtonBox()
        theme.mark(self.title, "title")
        for label in (self.title, self.text):
            label.setWordWrap(True)
            label.setFixedWidth(WIDTH)
            label.setMinimumHeight(label.heightForWidth(WIDTH))
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_5, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_2)
        column.addWidget(self.title)
        column.addWidget(self.text)
        column.addSpacing(tokens.SPACE_3)
        column.addWidget(self.buttons)

    def add(self, words: str, role: QDialogButtonBox.ButtonRole) -> QPushButton:
        """A button; the button box knows where the desktop wants it."""
        return self.buttons.addButton(words, role)


def fit(dialog: QDialog, wide: int, high: int) -> None:
    """Give a dialog this size, but never more than the window it belongs to leaves it."""
    parent = dialog.parentWidget()
    if parent is not None:
        wide, high = min(wide, parent.width() - 48), min(high, parent.height() - 72)
    dialog.resize(wide, high)


def ask(
    parent: QWidget, title: str, text: str, yes: str, no: str, then: Callable[[bool], None]
) -> Question:
    """Ask; `then(True)` when `yes` was pressed. Enter and Esc mean `no`."""
    box = Question(parent, title, text)
    accept = box.add(yes, QDialogButtonBox.ButtonRole.AcceptRole)
    keep = box.add(no, QDialogButtonBox.ButtonRole.RejectRole)
    accept.setAutoDefault(False)
    keep.setDefault(True)
    keep.setFocus()
    box.buttons.accepted.connect(box.accept)
    box.buttons.rejected.connect(box.reject)
    box.finished.connect(lambda result: then(result == QDialog.DialogCode.Accepted))
    box.open()
    return box


def tell(parent: QWidget, fault: KnownError) -> Question:
    """Say what went wrong and what to do; the details can be copied."""
    box = Question(parent, fault.title, fault.advice)
    copy = box.add("Copy details", QDialogButtonBox.ButtonRole.ActionRole)
    copy.setAutoDefault(False)
    copy.clicked.connect(lambda: copy_details(fault))
    ok = box.add("OK", QDialogButtonBox.ButtonRole.AcceptRole)
    theme.mark(ok, "primary")
    ok.setDefault(True)
    ok.setFocus()
    box.buttons.accepted.connect(box.accept)
    box.open()
    return box


def copy_details(fault: KnownError) -> None:
    """Put title, advice and detail on the clipboard."""
    parts = (fault.title, fault.advice, f"({fault.code}) {fault.detail}".strip())
    QApplication.clipboard().setText("\n".join(part for part in parts if part))
