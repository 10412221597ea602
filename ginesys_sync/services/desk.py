"""What a window may ask of a site's home: the one door between the windows and everything below
them.

`HomeDesk` (in `services.home_desk`) answers from a real home. Every method is short (a few
milliseconds on a large database) or says so, as those do that need the network.
Methods may be called from any thread. They raise `core.errors.KnownError` for what a person can
meet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from ginesys_sync.services.alert_desk import AlertDesk
from ginesys_sync.services.arrival_views import Changes
from ginesys_sync.services.board_desk import BoardDesk
from ginesys_sync.services.control_desk import ControlDesk
from ginesys_sync.services.deciding_desk import DecidingDesk
from ginesys_sync.services.journey_views import Candidate, Found, Journey
from ginesys_sync.services.schedule_desk import ScheduleDesk
from ginesys_sync.services.views import (
    AttentionRow,
    BatchRow,
    ControlPage,
    Diagnosis,
    ExportProgress,
    GridFilter,
    Overview,
    Page,
    Progress,
    RecordRow,
    RunGroup,
    SiteLine,
)


class Desk(ScheduleDesk, BoardDesk, DecidingDesk, ControlDesk, AlertDesk, Protocol):
    """A site, as its windows see it."""

    def overview(self) -> Overview:
        """What the head of a window says now."""

    def version(self) -> int:
        """A number that changes when anything a window shows may have changed: cheap to
        ask often.
        """

    def sites(self) -> tuple[SiteLine, ...]:
        """The stores of the chain (head office only; a store gets an empty tuple)."""

    def refresh_sites(self) -> None:
        """Ask the Web Database who has joined and when each was last seen (takes as long as the
        network does; head office only)."""

    def demo_actions(self) -> tuple[str, ...]:
        """The entries of the `Demo` menu; empty for a site that is no demo's."""

    def demo_act(self, name: str) -> str:
        """Do one of them. Returns a sentence that says what was done and what to press next."""

    def ask_sync(self, sites: Sequence[str] | None) -> int:
        """Ask for a run: None for *Sync All* (or a store's *Sync*), else the ticked sites. Returns
        the request's number at once; the service is started as a child when none runs.
        """

    def cancel(self, request: int) -> None:
        """Ask the run to end after its current slice."""

    def progress(self, request: int) -> Progress:
        """How the asked run stands."""

    def sent_groups(self, wanted: GridFilter, after: int | None, limit: int) -> Page[RunGroup]:
        """Runs with sent rows, newest first."""

    def received_groups(self, wanted: GridFilter, after: int | None, limit: int) -> Page[RunGroup]:
        """Runs with received rows, newest first."""

    def sent_rows(
        self, run: int | None, wanted: GridFilter, after: int | None, limit: int
    ) -> Page[BatchRow]:
        """Sent rows of one run, or of all (None), newest first unless sorted otherwise."""

    def received_rows(
        self, run: int | None, wanted: GridFilter, after: int | None, limit: int
    ) -> Page[BatchRow]:
        """Received rows of one run, or of all."""

    def records(self, stream: str, batch: int, after: int | None, limit: int) -> Page[RecordRow]:
        """The records of one batch."""

    def load_records(
        self, run: int, stream: str, entity: str, after: int | None, limit: int
    ) -> Page[RecordRow]:
        """The records that a run took of one entity of a first load."""

    def export(
        self,
        is_sent: bool,
        wanted: GridFilter,
        path: Path,
        told: Callable[[ExportProgress], None] = ...,
        is_stopped: Callable[[], bool] = ...,
    ) -> int:
        """Write the rows as CSV (UTF-8 with a mark, so that spreadsheets read it). Returns how
        many. May take long: `told` hears now and then how it stands, on the caller's thread. Raises
        Cancelled soon after `is_stopped()`; stopped or failed, it leaves no file.
        """

    def attention(self, after: int | None, limit: int) -> Page[AttentionRow]:
        """What needs attention, newest first."""

    def arrived(self, run: int) -> str:
        """What a run brought to this store: `42 prices, 1 new user`; empty when nothing."""

    def changes(self, run: int, after: int | None) -> Changes:
        """What a run changed here, with old and new value: a page after the line `after`."""

    def support_bundle(self, path: Path) -> None:
        """Write the support bundle (takes as long as a call to the Web Database). Raises
        KnownError; then nothing is left of it."""

    def test_connection(self) -> Diagnosis:
        """Call the Web Database (takes as long as the network does, at most about ten seconds)."""

    def control_lists(self) -> tuple[str, ...]:
        """The names of the HO Control lists this database can show: `Item Master`, `Users`, …"""

    def control_page(self, name: str, search: str, after: str | None, limit: int) -> ControlPage:
        """One page of a HO Control list."""

    def find_records(self, text: str) -> Found:
        """Records that a person may mean by this text, best first (within about a second)."""

    def record_named(self, entity: str, key: str) -> Candidate | None:
        """The record of this kind whose key reads so."""

    def control_record(self, name: str, row: Sequence[str]) -> Candidate | None:
        """The record that a row of a HO Control list shows; None for one that does not sync."""

    def journey(self, record: Candidate, search: str, after: int | None, limit: int) -> Journey:
        """Where a record is: a page of its sites, those that wait first."""

    def close(self) -> None:
        """Let go of the database. The service goes on."""
