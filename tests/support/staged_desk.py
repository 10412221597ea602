"""A desk with staged answers: for pictures, and for faces that are hard to reach with a real
engine.

Not a stand-in for the engine: journeys use the real one. What it says is fixed, except that a run
that was asked for goes one stage further at each look.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ginesys_sync.core.errors import KnownError, Unreachable
from ginesys_sync.core.status import CONNECTION_SENTENCE, Outcome
from ginesys_sync.services.arrival_views import Change, Changes
from ginesys_sync.services.export import Told, goes_on, nobody_asks, stopped
from ginesys_sync.services.views import (
    AttentionRow,
    BatchRow,
    ControlColumn,
    ControlPage,
    Diagnosis,
    ExportProgress,
    GridFilter,
    Light,
    Overview,
    Page,
    Progress,
    RecordRow,
    RunGroup,
    SiteLine,
)
from tests.support import staged_data as data
from tests.support.staged_alerts import StagedAlerts
from tests.support.staged_board import StagedBoard
from tests.support.staged_control import StagedControl
from tests.support.staged_journey import StagedJourneys
from tests.support.staged_schedules import StagedSchedules


class StagedDesk(StagedJourneys, StagedSchedules, StagedBoard, StagedControl, StagedAlerts):
    """Set its fields, then show a window on it. `fault` makes every question fail, `gate` makes
    them wait; `grid_fault` and `grid_gate` do so to those for the rows of a page alone."""

    def __init__(self, *, is_ho: bool = True, stores: int = 20) -> None:
        super().__init__()
        self.is_ho = is_ho
        self.fault: KnownError | None = None
        self.grid_fault: KnownError | None = None
        self.gate = threading.Event()
        self.grid_gate = threading.Event()
        self.export_gate = threading.Event()
        for gate in (self.gate, self.grid_gate, self.export_gate):
            gate.set()
        self.asked: list[Sequence[str] | None] = []
        self.cancelled: list[int] = []
        self.joining: list[SiteLine] = []
        self.demo: tuple[str, ...] = ()
        self.sent_questions: list[GridFilter] = []
        self.is_endless = False
        self.outcome = Outcome.DONE
        self.stopped = Unreachable("The Web Database did not answer.", detail="connect refused")
        self.site_lines = data.sites(stores) if is_ho else ()
        self.sent = data.sent(is_ho)
        self.received = data.received(is_ho)
        self.attention_rows: list[AttentionRow] = []
        self.arrived_words = ""
        self.changed: tuple[Change, ...] = ()
        self.diagnosis = Diagnosis(
            True,
            CONNECTION_SENTENCE,
            "",
            "",
            (("Answered in", "12 ms"), ("Web Database program", "0.1.0")),
        )
        self.items = data.items()
        self.stage_schedules()
        self.stage_control()
        self.told = data.overview(is_ho, data.summary(self.is_ho, self.stopped, None))
        self._version = 1
        self._looks: dict[int, int] = {}
        self._what: dict[int, str] = {}

    # --- staging ---

    def change(self, **fields: object) -> None:
        """Change what the overview says, and let the windows notice."""
        self.told = replace(self.told, **fields)  # type: ignore[arg-type]
        self._version += 1

    def first_run(self) -> StagedDesk:
        """Nothing was ever sent or received."""
        self.sent, self.received = [], []
        self.change(
            situation="first_run",
            headline="Nothing was sent or received yet.",
            next_step="Press Sync All to send what head office has."
            if self.is_ho
            else "Press Sync to fetch what waits.",
            last=None,
            selection=(),
        )
        return self

    def relay_down(self) -> StagedDesk:
        """The Web Database does not answer."""
        self.diagnosis = Diagnosis(
            False,
            "The Web Database refused the connection.",
            "The machine answers, but no Web Database runs there. "
            "Start it, or check the port in the address.",
            "connect to 127.0.0.1:8443: connection refused",
        )
        self.change(
            situation="problem",
            lamps=data.lamps(self.is_ho, relay=Light.BAD, word="Not reachable"),
            headline="The Web Database cannot be reached since 10:42.",
            next_step="Check the internet connection. Nothing is lost: "
            "what waits is sent at the next sync.",
            last=data.summary(self.is_ho, self.stopped, None, Outcome.STOPPED),
        )
        return self

    def key_refused(self) -> StagedDesk:
        """The Web Database does not accept this site's key."""
        self.diagnosis = Diagnosis(
            False,
            "The Web Database does not accept this site's key.",
            "Ask head office for a new enrolment code, then run ginesys-sync init again.",
            "401 key_unknown",
        )
        self.change(
            situation="problem",
            lamps=data.lamps(self.is_ho, relay=Light.WARNING, word="Key refused"),
            headline="The Web Database does not accept this site's key.",
            next_step="Ask head office for a new enrolment code.",
        )
        return self

    def killed(self) -> StagedDesk:
        """The last run ended without a word."""
        self.change(
            situation="killed",
            headline="The last sync was interrupted at 10:42 "
            "(power cut, or the program was ended).",
            next_step="Nothing is lost. The next sync finishes it.",
        )
        return self

    def first_load(self) -> StagedDesk:
        """The first load is under way."""
        self._what[7] = "First load"
        self.is_endless = True
        self._looks[7] = 4
        self.change(
            situation="first_load",
            headline="The first load is under way: 12,400 of 30,100 records so far.",
            next_step="Selling can go on. If it is interrupted, "
            "the next sync goes on where it stopped.",
            current=self.progress(7),
        )
        return self

    def running(self) -> StagedDesk:
        """A run is under way and does not end by itself."""
        self.is_endless = True
        self._looks[5] = 4
        self._what[5] = "Sync Selective to S001" if self.is_ho else "Sync"
        self.change(
            situation="running",
            headline="A sync is running.",
            next_step="",
            current=self.progress(5),
        )
        return self

    def needing_attention(self) -> StagedDesk:
        """Three records could not be written."""
        self.attention_rows = data.attention()
        self.change(
            attention=3,
            headline="Everything is at its place, except 3 records.",
            last=data.summary(self.is_ho, self.stopped, None, Outcome.ATTENTION),
        )
        return self

    # --- what a Desk answers ---

    def _ask(self) -> None:
        self.gate.wait(30)
        if self.fault is not None:
            raise self.fault

    def _ask_rows(self) -> None:
        self._ask()
        self.grid_gate.wait(30)
        if self.grid_fault is not None:
            raise self.grid_fault

    @property
    def answers(self) -> bool:
        """Whether whatever is asked gets an answer, be it a fault."""
        return self.gate.is_set() and self.grid_gate.is_set()

    def overview(self) -> Overview:
        self._ask()
        return self.told

    def version(self) -> int:
        self._ask()
        return self._version

    def sites(self) -> tuple[SiteLine, ...]:
        self._ask()
        return self.site_lines

    def refresh_sites(self) -> None:
        self._ask()
        if self.joining:
            self.site_lines += tuple(self.joining)
            self.joining = []

    def demo_actions(self) -> tuple[str, ...]:
        return self.demo

    def demo_act(self, name: str) -> str:
        self._ask()
        return f"{name}: done. Press Sync All next."

    def ask_sync(self, sites: Sequence[str] | None) -> int:
        self._ask()
        self.asked.append(sites)
        request = 100 + len(self.asked)
        self._looks[request] = 0
        self._what[request] = "Sync" if not self.is_ho else data.title(sites)
        return request

    def cancel(self, request: int) -> None:
        self.cancelled.append(request)

    def progress(self, request: int) -> Progress:
        self._ask()
        look = self._looks[request]
        if not self.is_endless:
            self._looks[request] += 1
        what = self._what[request]
        is_cancelling = request in self.cancelled
        if look > 5 or is_cancelling:
            outcome = Outcome.CANCELLED if is_cancelling else self.outcome
            summary = data.summary(
                self.is_ho,
                self.stopped,
                self.asked[-1] if self.asked else None,
                outcome,
                request,
                what,
            )
            self.change(last=summary, current=None, situation="normal")
            return data.progress(request, what, 5, summary)
        return data.progress(request, what, look, None)

    def sent_groups(self, wanted: GridFilter, after: int | None, limit: int) -> Page[RunGroup]:
        return self._groups(self.sent, wanted, after, limit)

    def received_groups(self, wanted: GridFilter, after: int | None, limit: int) -> Page[RunGroup]:
        return self._groups(self.received, wanted, after, limit)

    def sent_rows(
        self, run: int | None, wanted: GridFilter, after: int | None, limit: int
    ) -> Page[BatchRow]:
        self.sent_questions.append(wanted)
        return self._rows(self.sent, run, wanted, after, limit)

    def received_rows(
        self, run: int | None, wanted: GridFilter, after: int | None, limit: int
    ) -> Page[BatchRow]:
        return self._rows(self.received, run, wanted, after, limit)

    def records(self, stream: str, batch: int, after: int | None, limit: int) -> Page[RecordRow]:
        self._ask()
        start = after or 0
        whole = data.records()
        end = start + limit
        return Page(tuple(whole[start:end]), end if end < len(whole) else None)

    def load_records(
        self, run: int, stream: str, entity: str, after: int | None, limit: int
    ) -> Page[RecordRow]:
        return self.records(stream, run, after, limit)

    def export(
        self,
        is_sent: bool,
        wanted: GridFilter,
        path: Path,
        told: Told = nobody_asks,
        is_stopped: Callable[[], bool] = goes_on,
    ) -> int:
        """In halves: between them it waits for `export_gate`."""
        self._ask()
        whole = self.sent if is_sent else self.received
        rows = self._filtered(whole, wanted)
        told(ExportProgress(len(rows) // 2, len(whole) // 2, len(whole)))
        while not self.export_gate.wait(0.01):
            if is_stopped():
                raise stopped()
        path.write_text("\n".join(row.what for row in rows), encoding="utf-8-sig")
        return len(rows)

    def attention(self, after: int | None, limit: int) -> Page[AttentionRow]:
        self._ask()
        return Page(tuple(self.attention_rows))

    def arrived(self, run: int) -> str:
        self._ask()
        return self.arrived_words

    def changes(self, run: int, after: int | None) -> Changes:
        self._ask()
        return Changes(self.changed, None, are_all=True)

    def support_bundle(self, path: Path) -> None:
        self._ask()
        path.write_bytes(b"PK")

    def test_connection(self) -> Diagnosis:
        self._ask()
        return self.diagnosis

    def control_lists(self) -> tuple[str, ...]:
        self._ask()
        return data.CONTROL_LISTS

    def control_page(self, name: str, search: str, after: str | None, limit: int) -> ControlPage:
        self._ask_rows()
        if name != "Item Master":
            return ControlPage((ControlColumn("Code"), ControlColumn("Name")), (), 0)
        fit = [row for row in self.items if search.casefold() in " ".join(row).casefold()]
        start = int(after or 0)
        columns = (
            ControlColumn("Item code"),
            ControlColumn("Name"),
            ControlColumn("Department"),
            ControlColumn("Price", True),
            ControlColumn("MRP", True),
        )
        end = start + limit
        return ControlPage(
            columns, tuple(fit[start:end]), len(fit), str(end) if end < len(fit) else None
        )

    def close(self) -> None:
        for gate in (self.gate, self.grid_gate, self.export_gate):
            gate.set()

    # --- behind the answers ---

    def _filtered(self, rows: list[BatchRow], wanted: GridFilter) -> list[BatchRow]:
        self._ask_rows()
        found = [
            row
            for row in rows
            if (not wanted.site or row.site == wanted.site)
            and (wanted.status is None or row.status is wanted.status)
            and (wanted.since is None or (row.created_at or data.ago()) >= wanted.since)
            and wanted.text.casefold() in f"{row.what} {row.site}".casefold()
        ]
        if wanted.sort:
            field = wanted.sort.lstrip("-")
            found.sort(key=lambda row: str(getattr(row, field)), reverse=wanted.sort[0] == "-")
        return found

    def _rows(
        self,
        rows: list[BatchRow],
        run: int | None,
        wanted: GridFilter,
        after: int | None,
        limit: int,
    ) -> Page[BatchRow]:
        found = [row for row in self._filtered(rows, wanted) if run in (None, row.run)]
        start = after or 0
        end = start + limit
        return Page(tuple(found[start:end]), end if end < len(found) else None)

    def _groups(
        self, rows: list[BatchRow], wanted: GridFilter, after: int | None, limit: int
    ) -> Page[RunGroup]:
        by_run: dict[int, list[BatchRow]] = {}
        for row in self._filtered(rows, wanted):
            by_run.setdefault(row.run, []).append(row)
        whole = [data.group(run, found) for run, found in by_run.items()]
        start = after or 0
        end = start + limit
        return Page(tuple(whole[start:end]), end if end < len(whole) else None)
