"""Choosing one of many: a small window with a search and a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from ginesys_sync.ui.widgets import grid, icons, theme, tokens
from ginesys_sync.ui.widgets.ask import fit
from ginesys_sync.ui.widgets.columns import Column
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.rows import RowsModel


@dataclass(frozen=True, slots=True)
class Choice:
    """One of many: what is chosen, and how it reads in the two columns."""

    key: str
    first: str
    second: str = ""


class Picker(QDialog):
    """`chosen` carries the key of what was chosen with `OK`, Enter or a double click."""

    chosen = Signal(str)

    def __init__(
        self, parent: QWidget, title: str, heads: tuple[str, str], choices: Sequence[Choice]
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fit(self, 560, 480)
        self._choices = tuple(choices)
        columns: tuple[Column[Choice], ...] = (
            Column(heads[0], lambda choice: choice.first, 0 if not heads[1] else 136),
        )
        if heads[1]:
            columns += (Column(heads[1], lambda choice: choice.second, 0),)
        self.model = RowsModel(columns, lambda choice: choice.key, self)
        self.table = grid.table(columns, title)
        self.table.setModel(self.model)
        grid.dress_header(self.table.horizontalHeader(), columns)
        self.faces = FourFaces(self.table)
        self.search = QLineEdit()
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._lay_out()
        self._show("")

    def _lay_out(self) -> None:
        theme.mark(self.ok, "primary")
        self.ok.setText("OK")
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText("Cancel")
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName(f"Search: {self.windowTitle()}")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(
            icons.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_3)
        column.addWidget(self.search)
        column.addWidget(self.faces, 1)
        column.addWidget(self.buttons)
        self.search.textChanged.connect(self._show)
        self.search.installEventFilter(self)
        self.table.doubleClicked.connect(lambda _: self.accept())
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.search.setFocus()

    def _show(self, text: str) -> None:
        wanted = text.casefold().split()
        fit_ = [
            choice
            for choice in self._choices
            if all(word in f"{choice.first} {choice.second}".casefold() for word in wanted)
        ]
        self.model.set_rows(fit_)
        self.ok.setEnabled(bool(fit_))
        if fit_:
            self.faces.show_content()
            self.table.setCurrentIndex(self.model.index(0, 0))
        else:
            self.faces.show_empty("Nothing fits.", "Search for a part of it.", picture="search")

    def select(self, key: str) -> None:
        """Stand on this one."""
        for place, choice in enumerate(self.model.rows):
            if choice.key == key:
                self.table.setCurrentIndex(self.model.index(place, 0))
                self.table.scrollTo(self.table.currentIndex())

    def accept(self) -> None:
        place = self.table.currentIndex().row()
        if 0 <= place < len(self.model.rows):
            key = self.model.rows[place].key
            super().accept()
            self.chosen.emit(key)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent):
            is_press = event.type() is QEvent.Type.KeyPress
            if is_press and event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                self.table.setFocus()
                self.table.event(event)
                return True
        return super().eventFilter(watched, event)
