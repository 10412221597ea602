"""The tab `Application Settings`: the connection to the Web Database, and how syncs are timed."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from ginesys_sync.services.desk import Desk
from ginesys_sync.services.views import Overview
from ginesys_sync.ui.widgets import theme, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.connection import ConnectionPanel


def card(title: str, inside: QWidget) -> QFrame:
    """A titled card around something."""
    frame = QFrame()
    theme.mark(frame, "card")
    heading = QLabel(title)
    theme.mark(heading, "title")
    column = QVBoxLayout(frame)
    column.setContentsMargins(tokens.SPACE_4, tokens.SPACE_3, tokens.SPACE_4, tokens.SPACE_4)
    column.setSpacing(tokens.SPACE_3)
    column.addWidget(heading)
    column.addWidget(inside)
    return frame


class SettingsPage(QScrollArea):
    """Two cards: `Web Database` and `Schedule`."""

    def __init__(self, desk: Desk, background: Background) -> None:
        super().__init__()
        self.connection = ConnectionPanel(desk, background)
        self.schedule = QLabel(
            "Syncs run when someone presses Sync All or Sync Selective, and, while the service "
            "runs (ginesys-sync service), at the interval the service was started with."
        )
        self.schedule.setWordWrap(True)
        page = QWidget()
        theme.mark(page, "page")
        column = QVBoxLayout(page)
        column.setContentsMargins(tokens.SPACE_5, tokens.SPACE_4, tokens.SPACE_5, tokens.SPACE_4)
        column.setSpacing(tokens.SPACE_4)
        column.addWidget(card("Web Database", self.connection))
        column.addWidget(card("Schedule", self.schedule))
        column.addStretch(1)
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)

    def show_overview(self, overview: Overview) -> None:
        """Say where the Web Database is."""
        self.connection.show_identity(overview.identity)
