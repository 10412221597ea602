"""Launchpad: head office's window with its tabs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ginesys_sync.ui.widgets.ask import tell
from ginesys_sync.ui.widgets.sync_window import SyncWindow

if TYPE_CHECKING:
    from ginesys_sync.core.errors import KnownError
    from ginesys_sync.services.board_views import Alert, BoardLine
    from ginesys_sync.services.control_views import Preview
    from ginesys_sync.services.desk import Desk
    from ginesys_sync.services.journey_views import Candidate
    from ginesys_sync.services.views import AttentionRow, Overview, Progress, SiteLine
    from ginesys_sync.ui.launchpad.control_acts import ControlActs
    from ginesys_sync.ui.launchpad.preview_dialog import PreviewDialog
    from ginesys_sync.ui.launchpad.record_actions import RecordActions
    from ginesys_sync.ui.launchpad.select_site import SelectSite
    from ginesys_sync.ui.widgets.exchange_page import ExchangePage


def _is_in(line: BoardLine) -> bool:
    return line.is_in_the_chain


def _is_blocked(line: BoardLine) -> bool:
    return line.state == "blocked"


def _may_get(line: BoardLine) -> bool:
    return _is_in(line) or _is_blocked(line)


class LaunchpadWindow(SyncWindow):
    """`Sites`, `Data Sync`, `Sent Data`, `Received Data`, `Runs`, `Control`, `Application
    Settings`."""

    sync_page = "Data Sync"
    sync_words = "Sync All"

    def __init__(self, desk: Desk, home: Path | None = None) -> None:
        super().__init__(desk, home, "Launchpad")
        self.setWindowTitle("Launchpad")
        self.sites: tuple[SiteLine, ...] = ()
        self.select_site: SelectSite | None = None
        self.preview: PreviewDialog | None = None
        self._acts: ControlActs | None = None
        self._stale: set[QWidget] = set()
        self._has_looked = False

    def build_body(self) -> None:
        from ginesys_sync.ui.launchpad.alert_notice import AlertNotice
        from ginesys_sync.ui.launchpad.data_sync import DataSyncPage
        from ginesys_sync.ui.widgets.pages import LazyTabs

        self.data_sync = DataSyncPage()
        self.tabs = LazyTabs("Launchpad")
        self.tabs.blockSignals(True)  # the first tab is not what the window opens on
        self.tabs.add_lazily("Sites", self._make_board)
        self.tabs.add_lazily("Data Sync", lambda: self.data_sync)
        self.tabs.add_lazily("Sent Data", lambda: self._make_exchange(is_sent=True))
        self.tabs.add_lazily("Received Data", lambda: self._make_exchange(is_sent=False))
        self.tabs.add_lazily("Runs", self._make_runs)
        self.tabs.add_lazily("Control", self._make_control)
        self.tabs.add_lazily("Application Settings", self._make_settings)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.tabs)
        self.tabs.page("Data Sync")
        kept = self.tabs.go(self._kept_tab())
        self.strip.stand_on(kept is self.data_sync)
        self.tabs.blockSignals(False)
        self.notice = AlertNotice(self._tell_alert)
        self.data_sync.sync_all.clicked.connect(self.sync_all)
        self.data_sync.sync_selective.clicked.connect(self.choose_sites)
        self.data_sync.pane.cancel_wanted.connect(self.cancel_run)
        self.data_sync.pane.attention_wanted.connect(self.show_attention)
        self.data_sync.retry_wanted.connect(self._read_sites)
        self.tabs.shown.connect(self._freshen)
        self.tabs.tabBar().setFocus()
        self._ask_who_is_there()

    def _kept_tab(self) -> str:
        """The tab that was in front when the window was closed."""
        titles = [self.tabs.tabText(place) for place in range(self.tabs.count())]
        kept = self.memory.value("tab")
        return kept if kept in titles else self.sync_page

    def _make_board(self) -> QWidget:
        from ginesys_sync.ui.launchpad.board_page import BoardPage, SiteAction

        page = BoardPage(self.desk, self.background)
        page.sync_wanted.connect(lambda code: self._sync_chosen((code,)))
        page.look_wanted.connect(self._ask_who_is_there)
        page.site_actions += [
            SiteAction("Sent Data", partial(self._show_exchange, "Sent Data")),
            SiteAction("Received Data", partial(self._show_exchange, "Received Data")),
            SiteAction("Where is it?", lambda line: self.show_where()),
            SiteAction("Send Again...", lambda line: self.acts.site_again(line), _may_get),
            SiteAction("Reload...", lambda line: self.acts.reload(line), _is_in),
            SiteAction("Block...", lambda line: self.acts.block(line), _is_in),
            SiteAction("Unblock...", lambda line: self.acts.unblock(line), _is_blocked),
        ]
        return page

    def _make_control(self) -> QWidget:
        from ginesys_sync.ui.launchpad.control_page import ControlPage

        page = ControlPage(self.desk, self.background)
        page.again_wanted.connect(self.acts.line_again)
        if self.overview is not None:
            page.show_overview(self.overview)
        return page

    @property
    def acts(self) -> ControlActs:
        """Stepping into the sync."""
        from ginesys_sync.ui.launchpad.control_acts import ControlActs

        if self._acts is None:
            self._acts = ControlActs(self)
        return self._acts

    def _show_exchange(self, title: str, line: BoardLine) -> None:
        """What went to a site, or came from it."""
        from ginesys_sync.ui.widgets.exchange_page import ExchangePage

        page = self.tabs.go(title)
        assert isinstance(page, ExchangePage)
        page.offer_sites([site.code for site in self.sites])
        page.filters.site.setCurrentIndex(max(0, page.filters.site.findText(line.code)))

    def _make_exchange(self, is_sent: bool) -> QWidget:
        from ginesys_sync.ui.widgets.exchange_page import ExchangePage
        from ginesys_sync.ui.widgets.where_rows import offer_on_exchange

        page = ExchangePage(
            self.desk, self.background, is_sent, is_ho=True, next_step="Go to Data Sync"
        )
        page.sync_wanted.connect(lambda: self.tabs.go("Data Sync"))
        page.offer_sites([site.code for site in self.sites])
        offer_on_exchange(page)
        if is_sent:
            self._offer_control(page)
        page.look()
        return page

    def _make_runs(self) -> QWidget:
        from ginesys_sync.ui.widgets.run_list import RunListPage

        page = RunListPage(self.desk, self.background, "Go to Data Sync")
        page.sync_wanted.connect(lambda: self.tabs.go("Data Sync"))
        return page

    def _make_settings(self) -> QWidget:
        from ginesys_sync.ui.launchpad.settings_page import SettingsPage

        page = SettingsPage(self.desk, self.background)
        page.support.written.connect(self.say_written)
        if self.overview is not None:
            page.show_overview(self.overview)
        return page

    @property
    def shown(self) -> str:
        if not self.is_built:
            return self.sync_page
        title = self.tabs.tabText(self.tabs.currentIndex())
        section = getattr(self.tabs.current(), "section", "")
        return section or title

    # --- what is true ---

    def show_state(self, overview: Overview) -> None:
        self.data_sync.show_overview(overview)
        self._read_sites()
        self.background.run(self.desk.open_alerts, self._take_alerts, lane="alerts")
        self._stale = set(self.tabs.made())
        page = self.tabs.current()
        if page is not None:
            self._freshen(page)

    @Slot(object)
    def _freshen(self, page: QWidget) -> None:
        self.strip.stand_on(page is self.data_sync)
        if page not in self._stale or self.overview is None:
            return
        self._stale.discard(page)
        refresh = getattr(page, "refresh", None)
        if refresh is not None:
            refresh()
        show_overview = getattr(page, "show_overview", None)
        if show_overview is not None:
            show_overview(self.overview)

    def _take_alerts(self, alerts: tuple[Alert, ...]) -> None:
        """What is new is told; what was wrong when the window opened is what it opens on."""
        self.notice.take(alerts)
        is_first, self._has_looked = not self._has_looked, True
        if is_first and alerts and not self.is_running:
            self.tabs.go("Sites")

    def _tell_alert(self, words: str) -> None:
        def show() -> None:
            self.come_forward()
            self.tabs.go("Sites")

        if self.tray is not None:
            self.tray.notify("A store needs help", words, show, is_warning=True)

    def keep_state(self) -> None:
        if self.is_built:
            self.memory.keep("tab", self.tabs.tabText(self.tabs.currentIndex()))

    def _read_sites(self) -> None:
        self.background.run(
            self.desk.sites, self._take_sites, self.data_sync.show_sites_fault, lane="sites"
        )

    def _ask_who_is_there(self) -> None:
        """Let head office hear who has joined and when each was last seen.

        When the Web Database does not answer, the lists keep what was known; the lamp says why.
        """
        self.background.run(
            self.desk.refresh_sites,
            lambda nothing: self._read_sites(),
            lambda fault: None,
            lane="contacts",
        )

    def _take_sites(self, sites: tuple[SiteLine, ...]) -> None:
        self.sites = sites
        self.data_sync.show_sites(sites)
        if self.select_site is not None and self.select_site.isVisible():
            self.select_site.model.show_sites(sites)
        for page in self.tabs.made():
            offer = getattr(page, "offer_sites", None)
            if offer is not None:
                offer([site.code for site in sites])

    def show_trouble(self, fault: KnownError) -> None:
        if self.is_built:
            self.data_sync.show_sites_fault(fault)

    # --- running ---

    @property
    def is_running(self) -> bool:
        return self.is_built and self.data_sync.pane.is_running

    def show_run(self, progress: Progress) -> None:
        self.data_sync.show_run(progress)

    def show_asked(self, what: str) -> None:
        self.tabs.go("Data Sync")
        self.data_sync.show_asked(what)

    def show_refused(self, fault: KnownError) -> None:
        self.data_sync.show_not_asked()
        tell(self, fault)

    @Slot()
    def sync_all(self) -> None:
        """Ask for *Sync All*."""
        self.ask_sync(None, "Sync All")

    @Slot()
    def choose_sites(self) -> None:
        """Open *Select Site*."""
        from ginesys_sync.ui.launchpad.select_site import SelectSite

        last = self.overview.selection if self.overview is not None else ()
        self.select_site = SelectSite(self.sites, last, self)
        self.select_site.chosen.connect(self._look_first)
        self.select_site.preview_wanted.connect(self._show_preview)
        self.select_site.open()
        self._ask_who_is_there()

    @Slot(object)
    def _look_first(self, codes: tuple[str, ...]) -> None:
        """Something odd is said before it goes. What cannot be looked at goes all the same: the
        sync itself says what is wrong."""
        self.background.run(
            lambda: self.desk.preview(codes),
            lambda found: self._take_look(codes, found),
            lambda fault: self._take_look(codes, None),
            lane="look-first",
        )

    def _take_look(self, codes: tuple[str, ...], found: Preview | None) -> None:
        if self.select_site is None or not self.select_site.is_looking:
            return  # cancelled meanwhile
        if found is not None and found.oddities:
            self._show_preview(codes, found)
        else:
            self.select_site.finish()
            self._sync_chosen(codes)

    @Slot(object)
    def _show_preview(self, codes: tuple[str, ...], found: Preview | None = None) -> None:
        """What would go, in the place of *Select Site*."""
        from ginesys_sync.ui.launchpad.preview_dialog import PreviewDialog

        assert self.select_site is not None
        self.select_site.rest()
        self.preview = PreviewDialog(self.desk, self.background, codes, self, found)
        self.preview.back_wanted.connect(self.select_site.open)
        self.preview.send_wanted.connect(lambda: self._sync_chosen(codes))
        self.preview.open()

    @Slot(object)
    def _sync_chosen(self, codes: tuple[str, ...]) -> None:
        shown = ", ".join(codes[:3]) + (f" and {len(codes) - 3} more" if len(codes) > 3 else "")
        self.ask_sync(codes, f"Sync Selective to {shown}")

    # --- stepping in ---

    def _offer_control(self, page: ExchangePage) -> None:
        """What can be done with a row of *Sent Data*."""
        from ginesys_sync.ui.launchpad.sent_actions import SentActions

        actions = SentActions(page)
        actions.withdraw_wanted.connect(lambda row: self.acts.withdraw(row))
        actions.again_wanted.connect(lambda begin: self.acts.send_again(begin))

    def show_attention(self) -> None:
        super().show_attention()
        self.attention_dialog.pane.again_wanted.connect(self._send_line_again)

    @Slot(object)
    def _send_line_again(self, row: AttentionRow) -> None:
        self.attention_dialog.accept()
        self.acts.line_again(row)

    def record_actions(self) -> RecordActions:
        from ginesys_sync.ui.launchpad.record_actions import RecordActions

        actions = RecordActions(self.desk, self.background)
        actions.again_wanted.connect(self._send_record_again)
        return actions

    @Slot(object)
    def _send_record_again(self, record: Candidate) -> None:
        if self.where is not None:
            self.where.accept()
        self.acts.record_again(record)

    def take_step(self, situation: str) -> None:
        if not self.is_built:
            return
        if situation == "problem":
            page = self.tabs.go("Application Settings")
            page.run_test()  # type: ignore[attr-defined]
        else:
            self.tabs.go("Data Sync")
            self.data_sync.show_last()
