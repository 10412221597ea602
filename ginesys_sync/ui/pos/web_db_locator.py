"""The Web Database Locator: address and identity of the Web Database, `Test Connection`, a diagnosis."""

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
        column = QVBoxLayout(self)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_5, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_4)
        column.addWidget(self.connection)
        column.addStretch(1)
        column.addWidget(self.buttons)
