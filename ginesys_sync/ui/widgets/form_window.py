"""A window with a form: what is wrong is marked at its entry and cannot be saved, and nothing that
was entered is lost without a question."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt, Signal
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
from ginesys_sync.ui.widgets import theme, tokens
from ginesys_sync.ui.widgets.ask import Question, ask, fit
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.fields import FieldRow


class FormWindow(QDialog):
    """`saved` comes once the entries are kept. Call `begin` when the form is filled, `look` after
    every change."""

    saved = Signal()

    def __init__(
        self, parent: QWidget, background: Background, title: str, size: tuple[int, int]
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._background = background
        self.question: Question | None = None
        self.is_saving = False
        self.form = QWidget()
        self.rows: dict[str, FieldRow] = {}
        self.fault = QLabel()
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.cancel = self.buttons.button(QDialogButtonBox.StandardButton.Cancel)
        self.column = QVBoxLayout(self.form)
        self.column.setContentsMargins(0, 0, tokens.SPACE_3, 0)
        self.column.setSpacing(tokens.SPACE_3)
        self._lay_out()
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        fit(self, *size)

    def _lay_out(self) -> None:
        theme.mark(self.form, "page")
        theme.mark(self.ok, "primary")
        theme.mark(self.fault, "", "bad")
        self.ok.setText("OK")
        self.cancel.setText("Cancel")
        self.ok.setDefault(True)
        self.fault.setWordWrap(True)
        self.fault.hide()
        area = QScrollArea()
        area.setWidget(self.form)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        whole.setSpacing(tokens.SPACE_4)
        whole.addWidget(area, 1)
        whole.addWidget(self.fault)
        whole.addWidget(self.buttons)

    # --- what each window says for itself ---

    def entries(self) -> object:
        """What stands in the form, to be compared."""
        raise NotImplementedError

    def problems(self) -> Mapping[str, str]:
        """What is wrong, by entry."""
        raise NotImplementedError

    def saving(self) -> Callable[[], None]:
        """What keeps the entries, which have no problems: called on a thread of its own."""
        raise NotImplementedError

    # --- from the first entry to the last ---

    def begin(self) -> None:
        """The form is filled: from here on changes count."""
        self._began = self.entries()
        self.look()

    @property
    def is_changed(self) -> bool:
        """Whether something would be lost."""
        return self.entries() != self._began

    def look(self) -> None:
        """Mark the entries that are wrong, and no others."""
        found = self.problems()
        for name, row in self.rows.items():
            row.tell(found.get(name, ""))

    def accept(self) -> None:
        if self.is_saving:
            return
        self.look()
        found = self.problems()
        first = next((row for name, row in self.rows.items() if name in found), None)
        if first is not None:
            first.control.setFocus()
            return
        if not self.is_changed:
            super().reject()
            return
        self._set_saving(True)
        self._background.run(
            self.saving(), lambda nothing: self._take_saved(), self._show_fault, lane="save-form"
        )

    def _set_saving(self, is_saving: bool) -> None:
        self.is_saving = is_saving
        self.form.setEnabled(not is_saving)
        self.ok.setEnabled(not is_saving)
        self.ok.setText("Saving…" if is_saving else "OK")

    def _take_saved(self) -> None:
        super().accept()
        self.saved.emit()

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
            "What you entered here is not saved yet.",
            "Discard Changes",
            "Go On Editing",
            self._answer,
        )

    def _answer(self, is_yes: bool) -> None:
        self.question = None
        if is_yes:
            super().reject()
