"""The Web Database Locator: address and identity of the Web Database, `Test Connection`, a
diagnosis."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from ginesys_sync.services.desk import Desk
from ginesys_sync.ui.widgets import theme, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.connection import ConnectionPanel


class WebDbLocator(QDialog):
    """Read-only: the address is set when the site is enrolled."""

    def __init__(self, desk: Desk, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Web Database Locator")
        self.setMinimumWidth(620)
        self.connection = ConnectionPanel(desk, background)
        theme.mark(self.connection.test, "primary")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.buttons.rejected.connect(self.reject)
        self.connection.test.setDefault(True)
        self.connection.grown.connect(self._grow)
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_5, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_4)
        column.addWidget(self.connection)
        column.addStretch(1)
        column.addWidget(self.buttons)

    def _grow(self) -> None:
        # The answer may wrap: ask for the height that this width needs, and never let a line be
        # cut.
        layout = self.layout()
        wanted = layout.totalHeightForWidth(self.width()) if layout is not None else 0
        self.resize(self.width(), max(self.height(), wanted))
