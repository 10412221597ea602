"""`Data Exchange`: the button `Sync`, the progress, the two grids, and the support tools."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.services.desk import Desk
from ginesys_sync.services.views import Overview
from ginesys_sync.ui.widgets import icons, theme, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.exchange_page import ExchangePage
from ginesys_sync.ui.widgets.pages import LazyTabs
from ginesys_sync.ui.widgets.run_list import RunListPage
from ginesys_sync.ui.widgets.run_page import RunPage
from ginesys_sync.ui.widgets.support import SupportButton
from ginesys_sync.ui.widgets.where_rows import offer_on_exchange


class DataExchangePage(RunPage):
    """The button, the run, the two grids."""

    def __init__(self, desk: Desk, background: Background) -> None:
        sync = QPushButton("&Sync")
        super().__init__(sync)
        self.sync = sync
        self._desk, self._background = desk, background
        self._stale: set[QWidget] = set()
        self.locator = QPushButton("&Web DB Locator...")
        self.support = SupportButton(desk, background)
        self.tabs = LazyTabs("Data Exchange")
        self.tabs.add_lazily("Received Data", lambda: self._make(is_sent=False))
        self.tabs.add_lazily("Sent Data", lambda: self._make(is_sent=True))
        self.tabs.add_lazily("Runs", self._make_runs)
        self._lay_out()
        self.tabs.shown.connect(self._freshen)
        theme.theme().changed.connect(self._recolour)

    def open_on(self, kept: object) -> None:
        """Bring the tab that was in front the last time to the front, else the first."""
        titles = [self.tabs.tabText(place) for place in range(self.tabs.count())]
        self.tabs.go(kept if isinstance(kept, str) and kept in titles else titles[0])

    def _lay_out(self) -> None:
        theme.mark(self.sync, "primary")
        self._recolour()
        tools = QLabel("Support Tools")
        theme.mark(tools, "section")
        head = QHBoxLayout()
        head.setContentsMargins(tokens.SPACE_5, 0, tokens.SPACE_5, 0)
        head.setSpacing(tokens.SPACE_3)
        head.addWidget(self.sync)
        head.addWidget(self.last)
        head.addStretch(1)
        head.addWidget(tools)
        head.addWidget(self.locator)
        head.addWidget(self.support)
        pane = QHBoxLayout()
        pane.setContentsMargins(tokens.SPACE_5, 0, tokens.SPACE_5, 0)
        pane.addWidget(self.pane)
        self.tabs.setMinimumHeight(260)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, tokens.SPACE_4, 0, 0)
        column.setSpacing(tokens.SPACE_3)
        column.addLayout(head)
        column.addLayout(pane)
        column.addWidget(self.tabs, 1)
        self.fill(page)

    def _recolour(self) -> None:
        icons.put_on(self.sync, "refresh-cw", "on_accent")
        icons.put_on(self.locator, "map-pin", "text")

    def _make(self, is_sent: bool) -> QWidget:
        page = ExchangePage(
            self._desk, self._background, is_sent, is_ho=False, next_step="Sync now"
        )
        page.sync_wanted.connect(self.sync.click)
        offer_on_exchange(page)
        page.look()
        return page

    def _make_runs(self) -> QWidget:
        page = RunListPage(self._desk, self._background, "Sync now")
        page.sync_wanted.connect(self.sync.click)
        return page

    def show_overview(self, overview: Overview) -> None:
        """Show the run that goes on, or the last one, and look at the grids again."""
        super().show_overview(overview)
        self._stale = set(self.tabs.made())
        page = self.tabs.current()
        if page is not None:
            self._freshen(page)

    def _freshen(self, page: QWidget) -> None:
        if page in self._stale and isinstance(page, ExchangePage | RunListPage):
            self._stale.discard(page)
            page.refresh()
