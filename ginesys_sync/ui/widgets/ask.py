"""Questions: a title, whole sentences, buttons that say what they do, in the desktop's own order."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from ginesys_sync.core.errors import KnownError


def ask(
    parent: QWidget, title: str, text: str, yes: str, no: str, then: Callable[[bool], None]
) -> QMessageBox:
    """Ask without stopping the event loop; `then(True)` when `yes` was pressed. Enter and Esc mean `no`."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle(title)
    box.setText(f"<b>{title}</b>")
    box.setInformativeText(text)
    accept = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    keep = box.addButton(no, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)

    def answered() -> None:
        pressed = box.clickedButton() is accept
        box.deleteLater()
        then(pressed)

    box.finished.connect(answered)
    box.open()
    return box


def tell(parent: QWidget, fault: KnownError) -> QMessageBox:
    """Say what went wrong and what to do; the details can be copied."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle("Data Sync")
    box.setText(f"<b>{fault.title}</b>")
    box.setInformativeText(fault.advice)
    copy = box.addButton("Copy details", QMessageBox.ButtonRole.ActionRole)
    copy.clicked.disconnect()
    copy.clicked.connect(lambda: copy_details(fault))
    ok = box.addButton(QMessageBox.StandardButton.Ok)
    box.setDefaultButton(ok)
    box.setEscapeButton(ok)
    box.finished.connect(box.deleteLater)
    box.open()
    return box


def copy_details(fault: KnownError) -> None:
    """Put title, advice and detail on the clipboard."""
    parts = (fault.title, fault.advice, f"({fault.code}) {fault.detail}".strip())
    QApplication.clipboard().setText("\n".join(part for part in parts if part))
