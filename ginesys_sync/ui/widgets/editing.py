"""A window in which something is edited: it is kept by OK, on a thread of its own, and nothing of
what was entered is lost without a question."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.core.errors import KnownError
from ginesys_sync.ui.widgets import theme
from ginesys_sync.ui.widgets.ask import Question, ask
from ginesys_sync.ui.widgets.background import Background


class EditingWindow(QDialog):
    """What such windows share; each says for itself what stands in its `form`, and lays it out with
    `fault` and `buttons` below. `discarded`: what a person would lose, in words.
    """

    discarded = "What you entered here is not saved yet."

    def __init__(self, parent: QWidget, background: Background, title: str, form: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._background = background
        self._began: object = None
        self.question: Question | None = None
        self.is_saving = False
        self.form = form
        self.fault = QLabel()
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.cancel = self.buttons.button(QDialogButtonBox.StandardButton.Cancel)
        theme.mark(self.ok, "primary")
        theme.mark(self.fault, "", "bad")
        self.ok.setText("OK")
        self.cancel.setText("Cancel")
        self.ok.setDefault(True)
        self.fault.setWordWrap(True)
        self.fault.hide()
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    def entries(self) -> object:
        """What stands in the form, to be compared."""
        raise NotImplementedError

    @property
    def is_changed(self) -> bool:
        """Whether something would be lost."""
        return self.entries() != self._began

    def keep(self, save: Callable[[], None], then: Callable[[], None], lane: str) -> None:
        """Close the window when `save` is done, and do `then`; a fault is said, and all stays."""
        self._set_saving(True)

        def take_saved() -> None:
            QDialog.accept(self)
            then()

        self._background.run(save, lambda nothing: take_saved(), self._show_fault, lane=lane)

    def _set_saving(self, is_saving: bool) -> None:
        self.is_saving = is_saving
        self.form.setEnabled(not is_saving)
        self.ok.setEnabled(not is_saving)
        self.ok.setText("Saving…" if is_saving else "OK")

    def _show_fault(self, fault: KnownError) -> None:
        self._set_saving(False)
        self.fault.setText(str(fault))
        self.fault.show()

    def reject(self) -> None:
        if self.is_saving or self.question is not None:
            return
        if not self.is_changed:
            super().reject()
            return
        self.question = ask(
            self,
            "Discard what you changed?",
            self.discarded,
            "Discard Changes",
            "Go On Editing",
            self._answer,
        )

    def _answer(self, is_yes: bool) -> None:
        self.question = None
        if is_yes:
            super().reject()


def scrolled(content: QWidget) -> QScrollArea:
    """This content, scrolled up and down where the window is low."""
    area = QScrollArea()
    theme.mark(content, "page")
    area.setWidget(content)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


def padded(content: QWidget, margin: int) -> QWidget:
    """This content at the top, with `margin` pixels at its right."""
    inside = QWidget()
    column = QVBoxLayout(inside)
    column.setContentsMargins(0, 0, margin, 0)
    column.addWidget(content)
    column.addStretch(1)
    return inside
