"""Help: a list of short pages that can be searched, and the page. F1 anywhere."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImage, QTextDocument
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.core.resources import resource_path
from ginesys_sync.ui.widgets import icons, theme, tokens
from ginesys_sync.ui.widgets.help_pages import HelpPage, help_pages

_WIDE, _HIGH, _LIST, _PICTURE = 940, 640, 296, 540


class HelpText(QTextBrowser):
    """A page; its pictures come from the program's resources, as wide as the text."""

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        address = name if isinstance(name, str) else name.toString()
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return super().loadResource(kind, name)
        picture = QImage(str(resource_path(*address.split("/"))))
        smooth = Qt.TransformationMode.SmoothTransformation
        return picture.scaledToWidth(_PICTURE, smooth)


class HelpWindow(QDialog):
    """Stands beside the window it was asked from and does not keep it from being used."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Help")
        self.pages = help_pages()
        self._found = list(self.pages)
        self.search, self.list, self.text = QLineEdit(), QListWidget(), HelpText()
        self.nothing = QLabel("No page has these words.")
        self._lay_out()
        self.search.textChanged.connect(self._filter)
        self.list.currentRowChanged.connect(self._show)
        self._filter("")

    def _lay_out(self) -> None:
        self.search.setPlaceholderText("Search the help")
        self.search.setAccessibleName("Search the help")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(
            icons.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        self.list.setAccessibleName("Pages")
        self.text.setAccessibleName("Page")
        self.nothing.hide()
        theme.mark(self.nothing, "muted")
        theme.mark(self.list, "sections")
        left = QVBoxLayout()
        left.setSpacing(tokens.SPACE_2)
        for widget in (self.search, self.nothing, self.list):
            widget.setFixedWidth(_LIST)
            left.addWidget(widget)
        both = QHBoxLayout()
        both.setSpacing(tokens.SPACE_4)
        both.addLayout(left)
        both.addWidget(self.text, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_3)
        column.addLayout(both, 1)
        column.addWidget(buttons)
        self.resize(_WIDE, _HIGH)

    def open_on(self, name: str) -> None:
        """Show the page with this name, with every page in the list."""
        self.search.clear()
        names = [page.name for page in self._found]
        self.list.setCurrentRow(names.index(name))
        self.show()
        self.raise_()
        self.activateWindow()
        self.list.setFocus()

    @property
    def page(self) -> HelpPage | None:
        """The page that is shown."""
        place = self.list.currentRow()
        return self._found[place] if 0 <= place < len(self._found) else None

    def _filter(self, words: str) -> None:
        before = self.page if self.list.count() else None
        self._found = [page for page in self.pages if page.fits(words)]
        self.list.clear()
        self.list.addItems([page.title for page in self._found])
        self.nothing.setVisible(not self._found)
        self.list.setCurrentRow(self._found.index(before) if before in self._found else 0)

    def _show(self) -> None:
        if self.page is not None:
            self.text.setMarkdown(self.page.text)
            self.text.document().setDocumentMargin(tokens.SPACE_4)
