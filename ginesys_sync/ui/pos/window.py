"""The store's window: a list of rooms on the left, Data Exchange and HO Control on the right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from ginesys_sync.ui.widgets.ask import tell
from ginesys_sync.ui.widgets.sync_window import SyncWindow

if TYPE_CHECKING:
    from ginesys_sync.core.errors import KnownError
    from ginesys_sync.services.desk import Desk
    from ginesys_sync.services.views import Overview, Progress


class PosWindow(SyncWindow):
    """`Administration` > `Data Exchange` and `Schedule`, `Back Office` > `HO Control`."""

    sync_page = "Data Exchange"

    def __init__(self, desk: Desk, home: Path | None = None) -> None:
        super().__init__(desk, home, "POS")
        self.setWindowTitle("POS")
        self._last_told: int | None = None

    def build_body(self) -> None:
        from ginesys_sync.ui.pos.arrived import ArrivedBar
        from ginesys_sync.ui.pos.data_exchange import DataExchangePage
        from ginesys_sync.ui.pos.navigation import Navigation

        self.navigation = Navigation()
        self.exchange = DataExchangePage(self.desk, self.background)
        self.exchange.open_on(self.memory.value("tab"))
        self.control: QWidget | None = None
        self.schedule: QWidget | None = None
        self.pages = QStackedWidget()
        self.pages.addWidget(self.exchange)
        self.arrived = ArrivedBar()
        self.arrived.list_wanted.connect(self.show_arrived)
        self.column.addWidget(self.arrived)
        row = QHBoxLayout(self.body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.navigation)
        row.addWidget(self.pages, 1)
        self.navigation.exchange_wanted.connect(self.show_exchange)
        self.navigation.schedule_wanted.connect(self.show_schedule)
        self.navigation.control_wanted.connect(self.show_control)
        self.exchange.sync.clicked.connect(self.sync)
        self.exchange.locator.clicked.connect(self.show_locator)
        self.exchange.support.written.connect(self.say_written)
        self.exchange.pane.cancel_wanted.connect(self.cancel_run)
        self.exchange.pane.attention_wanted.connect(self.show_attention)
        self.navigation.setFocus()
        self.background.run(
            self.desk.control_lists, self.navigation.offer_lists, lane="control-lists"
        )

    # --- rooms ---

    @Slot()
    def show_exchange(self) -> None:
        """Administration > Data Exchange."""
        self.navigation.mark_exchange()
        self.pages.setCurrentWidget(self.exchange)
        self.strip.stand_on(True)

    @Slot()
    def show_schedule(self) -> None:
        """Administration > Schedule."""
        from ginesys_sync.ui.pos.schedule_page import StoreSchedulePage

        if self.schedule is None:
            self.schedule = StoreSchedulePage(self.desk, self.background)
            self.schedule.sync_wanted.connect(self.show_exchange)
            self.pages.addWidget(self.schedule)
        else:
            self.schedule.refresh()  # type: ignore[attr-defined]
        self.pages.setCurrentWidget(self.schedule)
        self.strip.stand_on(False)

    @Slot(str)
    def show_control(self, name: str) -> None:
        """Back Office > HO Control > this list."""
        from ginesys_sync.ui.pos.ho_control import HoControlPage

        if self.control is None:
            self.control = HoControlPage(self.desk, self.background)
            self.control.sync_wanted.connect(self.show_exchange)
            self.pages.addWidget(self.control)
        assert isinstance(self.control, HoControlPage)
        self.control.show_list(name)
        self.pages.setCurrentWidget(self.control)
        self.strip.stand_on(False)

    @Slot()
    def show_locator(self) -> None:
        """Support Tools > Web DB Locator..."""
        from ginesys_sync.ui.pos.web_db_locator import WebDbLocator

        self.locator = WebDbLocator(self.desk, self.background, self)
        if self.overview is not None:
            self.locator.connection.show_identity(self.overview.identity)
        self.locator.open()

    @property
    def shown(self) -> str:
        if not self.is_built or self.pages.currentWidget() is self.exchange:
            return self.sync_page
        return "Schedule" if self.pages.currentWidget() is self.schedule else "HO Control"

    # --- what is true ---

    def show_state(self, overview: Overview) -> None:
        self.exchange.show_overview(overview)
        for page in (self.control, self.schedule):
            if page is not None and self.pages.currentWidget() is page:
                page.refresh()  # type: ignore[attr-defined]

        self._look_what_came(overview)

    def _look_what_came(self, overview: Overview) -> None:
        """Say what a sync brought that ended while this window was open, whoever asked for it."""
        last = overview.last.run if overview.last is not None else 0
        before, self._last_told = self._last_told, last
        if before is None or not last or last == before:
            return
        self.background.run(
            lambda: self.desk.arrived(last),
            lambda words: self._tell_arrived(last, words),
            lambda fault: None,
            lane="arrived",
        )

    def _tell_arrived(self, run: int, words: str) -> None:
        def show() -> None:
            self.come_forward()
            self.show_arrived(run)

        self.arrived.tell(run, words)
        if words and self.tray is not None:
            self.tray.notify("Arrived", words, show, is_warning=False)

    @Slot(object)
    def show_arrived(self, run: int) -> None:
        """The list behind the line at the foot."""
        from ginesys_sync.ui.pos.arrived import ArrivedDialog

        self.arrived_dialog = ArrivedDialog(self.desk, self.background, run, self)
        self.arrived_dialog.open()

    def keep_state(self) -> None:
        if self.is_built:
            tabs = self.exchange.tabs
            self.memory.keep("tab", tabs.tabText(tabs.currentIndex()))

    # --- running ---

    @property
    def is_running(self) -> bool:
        return self.is_built and self.exchange.pane.is_running

    def show_run(self, progress: Progress) -> None:
        self.exchange.show_run(progress)

    def show_asked(self, what: str) -> None:
        self.show_exchange()
        self.exchange.show_asked(what)

    def show_refused(self, fault: KnownError) -> None:
        self.exchange.show_not_asked()
        tell(self, fault)

    @Slot()
    def sync(self) -> None:
        """Ask for a sync."""
        self.ask_sync(None, "Sync")

    def take_step(self, situation: str) -> None:
        if not self.is_built:
            return
        if situation == "problem":
            self.show_locator()
            self.locator.connection.run_test()
        else:
            self.show_exchange()
            self.exchange.show_last()
