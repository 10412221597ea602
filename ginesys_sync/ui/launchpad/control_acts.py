"""Stepping into the sync from Launchpad's pages: opens the questions, and says at the foot of the
window what was done."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.board_views import BoardLine
from ginesys_sync.services.control_views import BlockKind, Kinds, Target
from ginesys_sync.services.journey_views import Candidate
from ginesys_sync.services.views import AttentionRow, BatchRow, Done, SiteLine
from ginesys_sync.ui.launchpad import deeds
from ginesys_sync.ui.launchpad.send_again_dialog import Proposal, SendAgainDialog
from ginesys_sync.ui.launchpad.withdraw_dialog import WithdrawDialog
from ginesys_sync.ui.widgets.ask import tell
from ginesys_sync.ui.widgets.deed import Act, Deed, DeedDialog, ask_deed
from ginesys_sync.ui.widgets.said import told
from ginesys_sync.ui.widgets.sync_window import SyncWindow

Facts = tuple[Kinds, tuple[SiteLine, ...]]


class ControlActs(QObject):
    """One for a window. `dialog` is the question that was opened last."""

    def __init__(self, window: SyncWindow) -> None:
        super().__init__(window)
        self._window = window
        self.dialog: DeedDialog | None = None

    # --- one store ---

    def block(self, line: BoardLine) -> None:
        """Ask, then have the Web Database refuse a store."""
        target, desk = Target(BlockKind.SITE, line.code), self._window.desk
        self._ask(deeds.block_site(line.code), lambda reason: desk.block(target, reason))

    def unblock(self, line: BoardLine) -> None:
        """Ask, then have it let in again."""
        target, desk = Target(BlockKind.SITE, line.code), self._window.desk
        self._ask(deeds.unblock_site(line.code), lambda reason: desk.unblock(target, reason))

    def reload(self, line: BoardLine) -> None:
        """Ask, then give it a full load."""
        desk = self._window.desk
        self._ask(deeds.reload(line.code), lambda reason: desk.reload(line.code, reason))

    def site_again(self, line: BoardLine) -> None:
        """Ask what is to go to it again."""
        self.send_again(Proposal(site=line.code))

    def _ask(self, deed: Deed, act: Act) -> None:
        window = self._window
        self.dialog = ask_deed(window, window.background, deed, act, self.say)

    # --- what was sent ---

    def send_again(self, begin: Proposal) -> None:
        """Ask what is to go again, beginning with this."""
        window = self._window

        def read() -> Facts:
            return window.desk.kinds(), window.desk.sites()

        window.background.run(read, partial(self._open_again, begin), self._complain, lane="kinds")

    def _open_again(self, begin: Proposal, facts: Facts) -> None:
        kinds, sites = facts
        kind = kinds.of(begin.entity)
        if begin.entity and (kind is None or not kind.is_sent):
            title = f"{kind.title} come from the stores." if kind else "It is not head office's."
            self._complain(KnownError(title, "Send them again where they come from."))
            return
        if kind is not None:
            begin = Proposal(kind.name, begin.key, begin.since, begin.site)
        window = self._window
        self.dialog = SendAgainDialog(
            window, window.background, kinds, sites, begin, window.desk.send_again
        )
        self.dialog.was_done.connect(self.say)
        self.dialog.open()

    def withdraw(self, row: BatchRow) -> None:
        """Ask from whom a batch is to be taken back, and why."""
        window, number = self._window, row.batch
        assert number is not None
        self.dialog = WithdrawDialog(
            window,
            window.background,
            row,
            lambda sites, reason: window.desk.withdraw(row.stream, number, sites, reason),
        )
        self.dialog.was_done.connect(self.say)
        self.dialog.open()

    # --- single records ---

    def record_again(self, record: Candidate) -> None:
        """Send the record of *Where is it?* again."""
        self.send_again(Proposal(record.entity, record.key_text))

    def line_again(self, row: AttentionRow) -> None:
        """Send again what needs attention at a store."""
        site = row.site if row.site != self._own else ""
        self.send_again(Proposal(row.entity, row.key, None, site))

    @property
    def _own(self) -> str:
        overview = self._window.overview
        return overview.identity.site if overview is not None else ""

    # --- afterwards ---

    def say(self, done: Done) -> None:
        """At the foot of the window."""
        self._window.statusBar().showMessage(told(done))
        self._window.watch.look_now()

    def _complain(self, fault: KnownError) -> None:
        tell(self._window, fault)
