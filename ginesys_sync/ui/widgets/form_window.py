"""A window with a form: what is wrong is marked at its entry and cannot be saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from ginesys_sync.ui.widgets import tokens
from ginesys_sync.ui.widgets.ask import fit
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.editing import EditingWindow, scrolled
from ginesys_sync.ui.widgets.fields import FieldRow


class FormWindow(EditingWindow):
    """`saved` comes once the entries are kept. Call `begin` when the form is filled, `look` after
    every change."""

    saved = Signal()

    def __init__(
        self, parent: QWidget, background: Background, title: str, size: tuple[int, int]
    ) -> None:
        super().__init__(parent, background, title, QWidget())
        self.rows: dict[str, FieldRow] = {}
        self.column = QVBoxLayout(self.form)
        self.column.setContentsMargins(0, 0, tokens.SPACE_3, 0)
        self.column.setSpacing(tokens.SPACE_3)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        whole.setSpacing(tokens.SPACE_4)
        whole.addWidget(scrolled(self.form), 1)
        whole.addWidget(self.fault)
        whole.addWidget(self.buttons)
        fit(self, *size)

    def problems(self) -> Mapping[str, str]:
        """What is wrong, by entry."""
        raise NotImplementedError

    def saving(self) -> Callable[[], None]:
        """What keeps the entries, which have no problems: called on a thread of its own."""
        raise NotImplementedError

    def begin(self) -> None:
        """The form is filled: from here on changes count."""
        self._began = self.entries()
        self.look()

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
        elif not self.is_changed:
            QDialog.reject(self)
        else:
            self.keep(self.saving(), self.saved.emit, "save-form")
