"""`Data Exchange`: the button `Sync`, the progress, the two grids, and the support tools."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ginesys_sync.services.desk import Desk
from ginesys_sync.services.views import Overview, Progress
from ginesys_sync.ui.widgets import icons, theme, tokens
from ginesys_sync.ui.widgets.background import Background
from ginesys_sync.ui.widgets.exchange_page import ExchangePage
from ginesys_sync.ui.widgets.pages import LazyTabs
from ginesys_sync.ui.widgets.run_pane import RunPane


class DataExchangePage(QScrollArea):
    """Scrolls as a whole on a small screen, so that nothing is ever cut."""

    def __init__(self, desk: Desk, background: Background) -> None:
        super().__init__()
        self._desk, self._background = desk, background
        self._overview: Overview | None = None
        self._is_put_away = False
        self._seen_run: int | None = None
        self._stale: set[QWidget] = set()
        self.sync = QPushButton("&Sync")
        self.last = QPushButton("Show last sync")
        self.locator = QPushButton("&Web DB Locator...")
        self.pane = RunPane()
        self.pane.hide()
        self.tabs = LazyTabs("Data Exchange")
        self.tabs.add_lazily("Received Data", lambda: self._make(is_sent=False))
        self.tabs.add_lazily("Sent Data", lambda: self._make(is_sent=True))
        self._lay_out()
        self.tabs.page("Received Data")
        self.tabs.shown.connect(self._freshen)
        self.last.clicked.connect(self.show_last)
        self.pane.put_away.connect(self._put_away)
        theme.theme().changed.connect(self._recolour)

    def _lay_out(self) -> None:
        theme.mark(self.sync, "primary")
        theme.mark(self.last, "link")
        self._recolour()
        self.last.hide()
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
        pane = QHBoxLayout()
        pane.setContentsMargins(tokens.SPACE_5, 0, tokens.SPACE_5, 0)
        pane.addWidget(self.pane)
        self.tabs.setMinimumHeight(260)
        page = QWidget()
        theme.mark(page, "page")
        column = QVBoxLayout(page)
        column.setContentsMargins(0, tokens.SPACE_4, 0, 0)
        column.setSpacing(tokens.SPACE_3)
        column.addLayout(head)
        column.addLayout(pane)
        column.addWidget(self.tabs, 1)
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def _recolour(self) -> None:
        icons.put_on(self.sync, "refresh-cw", "on_accent")
        icons.put_on(self.locator, "map-pin", "text")

    def _make(self, is_sent: bool) -> QWidget:
        page = ExchangePage(
            self._desk, self._background, is_sent, is_ho=False, next_step="Sync now"
        )
        page.sync_wanted.connect(self.sync.click)
        page.look()
        return page

    def show_overview(self, overview: Overview) -> None:
        """Show the run that goes on, or the last one, and look at the grids again."""
        self._overview = overview
        if overview.current is not None and overview.current.summary is None:
            if self.pane.request != overview.current.request:
                self.show_run(overview.current)
        elif overview.last is not None and not self.pane.is_running:
            if self._seen_run != overview.last.run and not self._is_put_away:
                self.pane.show_summary(overview.last)
            self._seen_run = overview.last.run
        self._settle()
        self._stale = set(self.tabs.made())
        page = self.tabs.current()
        if page is not None:
            self._freshen(page)

    def _freshen(self, page: QWidget) -> None:
        if page in self._stale and isinstance(page, ExchangePage):
            self._stale.discard(page)
            page.refresh()

    def show_asked(self, what: str) -> None:
        """A run was asked for."""
        self._is_put_away = False
        self.pane.show_asked(what)
        self.ensureWidgetVisible(self.pane)
        self._settle()

    def show_not_asked(self) -> None:
        """It could not be asked for."""
        self.pane.is_running = False
        self.pane.hide()
        self.show_last()

    def show_run(self, progress: Progress) -> None:
        """It goes on, or has ended."""
        self._is_put_away = False
        self.pane.show_progress(progress)
        if progress.summary is not None:
            self._seen_run = progress.summary.run
        self._settle()

    def show_last(self) -> None:
        """Bring the last run back."""
        self._is_put_away = False
        if not self.pane.is_running and self._overview and self._overview.last is not None:
            self.pane.show_summary(self._overview.last)
        self._settle()

    def _put_away(self) -> None:
        self._is_put_away = True
        self._settle()
        self.sync.setFocus()

    def _settle(self) -> None:
        is_running = self.pane.is_running
        self.sync.setEnabled(not is_running)
        self.sync.setToolTip("A sync is running: wait until it has ended." if is_running else "")
        has_last = self._overview is not None and self._overview.last is not None
        self.last.setVisible(has_last and not self.pane.isVisibleTo(self))
