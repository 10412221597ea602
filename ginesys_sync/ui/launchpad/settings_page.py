"""The tab `Application Settings`: `Schedule`, `Alerts` and `Web Database`, chosen in a list at the
left."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QStackedWidget,
    QWidget,
)

from ginesys_sync.services.desk import Desk
from ginesys_sync.services.views import Overview
from ginesys_sync.ui.launchpad.alert_settings_page import AlertSettingsPage
from ginesys_sync.ui.launchpad.schedule_page import SchedulePage
from ginesys_sync.ui.widgets import icons, theme, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.card import Card, CardPage
from ginesys_sync.ui.widgets.connection import ConnectionPanel
from ginesys_sync.ui.widgets.support import NOTE, SupportButton

SCHEDULE, ALERTS, WEB_DATABASE = "Schedule", "Alerts", "Web Database"
_PICTURES = {SCHEDULE: "calendar", ALERTS: "triangle-alert", WEB_DATABASE: "database"}


class SettingsPage(QWidget):
    """Its sections, one at a time."""

    def __init__(self, desk: Desk, background: Background) -> None:
        super().__init__()
        self.schedule = SchedulePage(desk, background)
        self.alerts = AlertSettingsPage(desk, background)
        self.connection = ConnectionPanel(desk, background)
        self.support = SupportButton(desk, background)
        self.sections = QListWidget()
        self.pages = QStackedWidget()
        self._lay_out()
        self.sections.currentRowChanged.connect(self.pages.setCurrentIndex)
        theme.theme().changed.connect(self._recolour)
        self.sections.setCurrentRow(0)
        self.refresh()

    def _lay_out(self) -> None:
        theme.mark(self.sections, "sections")
        self.sections.setFixedWidth(184)
        self.sections.setIconSize(QSize(tokens.SPACE_4, tokens.SPACE_4))
        self.sections.setAccessibleName("Application Settings")
        self.sections.addItems(list(_PICTURES))
        self._recolour()
        self.pages.addWidget(self.schedule)
        self.pages.addWidget(self.alerts)
        self.pages.addWidget(self._web_database())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.sections)
        row.addWidget(self.pages, 1)

    def _web_database(self) -> CardPage:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.support)
        row.addStretch(1)
        page = CardPage()
        page.fill(Card(WEB_DATABASE, self.connection), Card("Support", line, NOTE))
        return page

    def _recolour(self) -> None:
        for place in range(self.sections.count()):
            item = self.sections.item(place)
            item.setIcon(icons.icon(_PICTURES[item.text()], "muted"))

    @property
    def section(self) -> str:
        """The section in front."""
        return list(_PICTURES)[self.sections.currentRow()]

    def show_section(self, name: str) -> None:
        """Go to `Schedule`, `Alerts` or `Web Database`."""
        self.sections.setCurrentRow(list(_PICTURES).index(name))

    def run_test(self) -> None:
        """Go to the Web Database and call it."""
        self.show_section(WEB_DATABASE)
        self.connection.run_test()

    def refresh(self) -> None:
        """Something changed: look again, quietly."""
        self.schedule.refresh()
        self.alerts.refresh()

    def show_overview(self, overview: Overview) -> None:
        """Say where the Web Database is."""
        self.connection.show_identity(overview.identity)
