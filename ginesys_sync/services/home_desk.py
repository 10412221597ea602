"""`HomeDesk`: what a window asks, answered from a real home."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

from ginesys_sync.core.clock import Clock, SystemClock, iso
from ginesys_sync.core.errors import UnknownSite
from ginesys_sync.core.plan import Plan, with_own_entities
from ginesys_sync.services import grids as words
from ginesys_sync.services.arrival_views import Changes
from ginesys_sync.services.asked import progress_of
from ginesys_sync.services.audit import present_user
from ginesys_sync.services.export import ExportWatch, Told, goes_on, nobody_asks, write_csv
from ginesys_sync.services.first_loads import head_during_load, load_records
from ginesys_sync.services.grid_words import entity_title
from ginesys_sync.services.home_alert_desk import HomeAlertDesk
from ginesys_sync.services.home_board_desk import HomeBoardDesk
from ginesys_sync.services.home_control_desk import HomeControlDesk
from ginesys_sync.services.home_deciding_desk import HomeDecidingDesk
from ginesys_sync.services.home_schedule_desk import HomeScheduleDesk
from ginesys_sync.services.journey_views import Candidate, Found, Journey
from ginesys_sync.services.overview import head_of
from ginesys_sync.services.received_list import ReceivedList
from ginesys_sync.services.sent_list import BooksCache, SentBooks, SentList
from ginesys_sync.services.site import opened_site
from ginesys_sync.services.site_lines import site_lines
from ginesys_sync.services.summary import run_summary
from ginesys_sync.services.sweeps import with_answers
from ginesys_sync.services.views import (
    AttentionRow,
    BatchRow,
    ControlPage,
    Diagnosis,
    GridFilter,
    Overview,
    Page,
    Progress,
    RecordRow,
    RunGroup,
    SiteLine,
)
from ginesys_sync.services.words import moment
from ginesys_sync.store import grids, runs
from ginesys_sync.store.database import Connection, database_faults, raw, snapshot
from ginesys_sync.store.glance import read_glance
from ginesys_sync.store.plans import present_plan
from ginesys_sync.store.run_list import newest_telling


class HomeDesk(HomeScheduleDesk, HomeBoardDesk, HomeDecidingDesk, HomeControlDesk, HomeAlertDesk):
    """See `services.desk.Desk`. One connection behind a lock; the service is a process of its
    own."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self._folder = folder
        self._clock = clock or SystemClock()
        self._lock = threading.RLock()
        self._starting = threading.Lock()
        self._site_context = opened_site(folder)
        self._site = self._site_context.__enter__()
        self._connection = self._site.database.connect()
        self._service: subprocess.Popen[bytes] | None = None
        self._books = BooksCache()

    def close(self) -> None:
        """Let go of the database; a service that this window started ends when its run has."""
        with self._lock:
            if self._service is not None:
                from ginesys_sync.services.worker import let_go

                let_go(self._service, is_busy=bool(runs.open_requests(self._connection)))
            self._connection.close()
            self._site_context.__exit__(None, None, None)

    @contextmanager
    def _asking(self) -> Iterator[Connection]:
        with self._lock, database_faults():
            yield self._connection

    def _plan(self, connection: Connection) -> Plan:
        return with_own_entities(present_plan(connection))

    def overview(self) -> Overview:
        """What the head of a window says now."""
        with self._asking() as connection, snapshot(connection):
            now = self._clock.now()
            books = self._books.books(connection)
            facts = read_glance(raw(connection), books.open_work)
            head = head_of(self._site.home, facts, now)
            plan, me = self._plan(connection), self._site.code
            asked = runs.open_requests(connection)
            newest = newest_telling(connection)
            ended = None if newest is None else runs.run_of(connection, newest)
            head = replace(
                head,
                current=progress_of(connection, plan, me, asked[0].id, now) if asked else None,
                last=run_summary(connection, plan, me, ended, now, books) if ended else None,
            )
            return head_during_load(connection, head, me)

    def version(self) -> int:
        """Changes with every commit of another connection to this database."""
        with self._asking() as connection:
            return grids.books_version(connection)

    def sites(self) -> tuple[SiteLine, ...]:
        """The stores of the chain."""
        with self._asking() as connection:
            return site_lines(connection) if self._site.is_head_office else ()

    def refresh_sites(self) -> None:
        """Ask the Web Database who has joined."""
        from ginesys_sync.services.members import refresh_members

        refresh_members(self._folder)

    def demo_actions(self) -> tuple[str, ...]:
        """The entries of the `Demo` menu."""
        if not self._site.home.settings.demo:
            return ()
        from ginesys_sync.services.demo import demo_actions

        return demo_actions(self._site.code)

    def demo_act(self, name: str) -> str:
        """Do one of them."""
        from ginesys_sync.services.demo import demo_act

        return demo_act(self._site.database, self._site.code, name)

    # --- runs -------------------------------------------------------------------------------------

    def ask_sync(self, sites: Sequence[str] | None) -> int:
        """Ask for a run, and have a service to do it."""
        if sites is not None and not sites:
            raise UnknownSite("No store is ticked.", "Tick at least one store.")
        with self._asking() as connection:
            at = iso(self._clock.now())
            number = runs.ask(connection, sites, "window", present_user(), at)
        self._ensure_service()
        return number

    def _ensure_service(self) -> None:
        """Pages ask from threads of their own, and one service is enough for all of them."""
        from ginesys_sync.services.worker import is_service_running, let_go, start_child

        with self._starting:
            if self._service is not None:
                if self._service.poll() is None:
                    return
                let_go(self._service, is_busy=True)
                self._service = None
            if not is_service_running(self._folder):
                self._service = start_child(self._folder)

    def cancel(self, request: int) -> None:
        """Ask the run to end after its current slice."""
        with self._asking() as connection:
            runs.cancel_request(connection, request)

    def progress(self, request: int) -> Progress:
        """How the asked run stands. A service that died is started again for what still waits."""
        with self._asking() as connection:
            plan = self._plan(connection)
            found = progress_of(connection, plan, self._site.code, request, self._clock.now())
        if found.summary is None:
            self._ensure_service()
        return found

    # --- grids ------------------------------------------------------------------------------------

    @contextmanager
    def _sent(self, wanted: GridFilter) -> Iterator[SentList]:
        with self._asking() as connection, snapshot(connection):
            books = self._books.books(connection)
            yield SentList(connection, self._plan(connection), books, wanted)

    def sent_groups(self, wanted: GridFilter, after: int | None, limit: int) -> Page[RunGroup]:
        """Runs with sent rows, newest first."""
        with self._sent(replace(wanted, sort="")) as found:
            groups, after = found.groups(after, limit)
            return Page(tuple(groups), after)

    @contextmanager
    def _received(self, wanted: GridFilter) -> Iterator[ReceivedList]:
        with self._asking() as connection, snapshot(connection):
            yield ReceivedList(connection, self._plan(connection), self._site.code, wanted)

    def received_groups(self, wanted: GridFilter, after: int | None, limit: int) -> Page[RunGroup]:
        """Runs with received rows, newest first."""
        with self._received(wanted) as found:
            return found.groups(after, limit)

    def sent_rows(
        self, run: int | None, wanted: GridFilter, after: int | None, limit: int
    ) -> Page[BatchRow]:
        """Sent rows of one run, or of all."""
        with self._sent(wanted) as found:
            return words.page(found.all_rows(run, after or 0, limit + 1), after or 0, limit)

    def received_rows(
        self, run: int | None, wanted: GridFilter, after: int | None, limit: int
    ) -> Page[BatchRow]:
        """Received rows of one run, or of all."""
        with self._received(wanted) as found:
            start = after or 0
            return words.page(islice(found.rows(run), start, start + limit + 1), start, limit)

    def records(self, stream: str, batch: int, after: int | None, limit: int) -> Page[RecordRow]:
        """The records of one batch, from its body as long as it is kept."""
        from ginesys_sync.services.batches import batch_records

        with self._asking() as connection:
            return batch_records(
                connection, self._site, self._plan(connection), stream, batch, after or 0, limit
            )

    def load_records(
        self, run: int, stream: str, entity: str, after: int | None, limit: int
    ) -> Page[RecordRow]:
        """The records of a part of a first load, from its bodies as long as they are kept."""
        with self._asking() as connection:
            plan = self._plan(connection)
            return load_records(
                connection, self._site, plan, run, stream, entity, after or 0, limit
            )

    def export(
        self,
        is_sent: bool,
        wanted: GridFilter,
        path: Path,
        told: Told = nobody_asks,
        is_stopped: Callable[[], bool] = goes_on,
    ) -> int:
        """Write the rows as CSV as one moment shows them, on a connection of its own: it may take
        long."""
        me = self._site.code
        with (
            self._site.database.connect() as connection,
            database_faults(),
            snapshot(connection),
            grids.stoppable(connection, is_stopped),
        ):
            plan = self._plan(connection)
            if is_sent:
                found = SentList(connection, plan, SentBooks.read(connection), wanted)
                watch = ExportWatch(found.count(), told, is_stopped)
                rows = watch.looked_at(found.all_rows())
            else:
                total = grids.count_received_rows(connection, me, wanted.site)
                watch = ExportWatch(total, told, is_stopped)
                rows = ReceivedList(connection, plan, me, wanted).rows(look=watch.look)
            return write_csv(rows, path, watch)

    def attention(self, after: int | None, limit: int) -> Page[AttentionRow]:
        """What needs attention, newest first."""
        with self._asking() as connection:
            return attention_page(connection, self._plan(connection), self._site.code, after, limit)

    def arrived(self, run: int) -> str:
        """What a run brought to this store, in shop words."""
        from ginesys_sync.services.arrivals import arrived_words

        with self._asking() as connection:
            return arrived_words(connection, self._plan(connection), self._site.code, run)

    def changes(self, run: int, after: int | None) -> Changes:
        """What a run changed here, a page at a time."""
        from ginesys_sync.services.arrivals import changes

        with self._asking() as connection:
            return changes(connection, self._plan(connection), self._site.code, run, after)

    # --- the rest ---------------------------------------------------------------------------------

    def support_bundle(self, path: Path) -> None:
        """Write the support bundle."""
        from ginesys_sync.services.bundle import make_bundle

        make_bundle(self._folder, path, self._clock)

    def test_connection(self) -> Diagnosis:
        """Call the Web Database."""
        from ginesys_sync.services.connection import check_connection

        return check_connection(self._folder)

    def control_lists(self) -> tuple[str, ...]:
        """The HO Control lists this database can show."""
        from ginesys_sync.services.control import control_lists

        return control_lists(self._site.database)

    def control_page(self, name: str, search: str, after: str | None, limit: int) -> ControlPage:
        """One page of a HO Control list."""
        from ginesys_sync.services.control import control_page

        return control_page(self._site.database, self._site.code, name, search, after, limit)

    # --- where is it? ---

    def find_records(self, text: str) -> Found:
        """Records that a person may mean, on a connection of its own: it may take a second."""
        from ginesys_sync.services.finding import find

        return find(self._site, text)

    def record_named(self, entity: str, key: str) -> Candidate | None:
        """The record of this kind whose key reads so."""
        from ginesys_sync.services.finding import record_named

        return record_named(self._site, entity, key)

    def control_record(self, name: str, row: Sequence[str]) -> Candidate | None:
        """The record that a row of a HO Control list shows."""
        from ginesys_sync.services.control import record_of
        from ginesys_sync.services.finding import control_record

        place = record_of(name, row)
        return None if place is None else control_record(self._site, *place)

    def journey(self, record: Candidate, search: str, after: int | None, limit: int) -> Journey:
        """Where a record is, on a connection of its own."""
        from ginesys_sync.services.journey import journey

        return journey(self._site, record, search, after, limit, self._clock.now())


def attention_page(
    connection: Connection, plan: Plan, me: str, after: int | None, limit: int
) -> Page[AttentionRow]:
    """What needs attention, here and at sites that said so, newest first."""
    offset = after or 0
    called = {entity.name: (entity.one, entity.many) for entity in plan.entities}
    lines = with_answers(connection, me, grids.attention_lines(connection, me, offset, limit + 1))
    rows = tuple(
        AttentionRow(
            site=line.site,
            entity=entity_title(plan, line.entity),
            key=line.key,
            code=line.code,
            reason=line.reason,
            missing=line.missing,
            stream=line.stream,
            batch=line.no,
            first_at=moment(line.first_at),
            last_at=moment(line.last_at),
            tries=line.tries,
            one=called.get(line.entity, ("", ""))[0],
            many=called.get(line.entity, ("", ""))[1],
        )
        for line in lines[:limit]
    )
    return Page(rows, offset + limit if len(lines) > limit else None)
