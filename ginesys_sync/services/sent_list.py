"""*Sent Data* as a list: what one filter wants, in one order, counted without walking over it. Only
the rows of a page are ever made.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cached_property
from itertools import groupby, islice
from typing import Any, NamedTuple

from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.plan import Plan
from ginesys_sync.core.status import Kind, Status
from ginesys_sync.services.crowds import Crowds, Standing
from ginesys_sync.services.grid_words import (
    channel_title,
    count_words,
    first_kinds,
    kinds_words,
)
from ginesys_sync.services.lane_sums import LaneSums
from ginesys_sync.services.sent_parts import Cutter, Part
from ginesys_sync.services.shares import Share, shares
from ginesys_sync.services.views import NOT_SENT, BatchRow, GridFilter, RunGroup
from ginesys_sync.services.words import moment
from ginesys_sync.store import runs
from ginesys_sync.store.database import Connection, raw
from ginesys_sync.store.glance import OpenWork
from ginesys_sync.store.sent_facts import (
    AckSpan,
    Lane,
    SentFacts,
    ack_spans,
    sent_facts,
    when_processed,
)

_NAMED = 3
_ASKED = 200
_OF_BATCH = {
    "batch": "no",
    "records": "records",
    "size": "size",
    "created_at": "sealed_at",
    "stream": "stream",
    "entity": "entity",
}


class Place(NamedTuple):
    """One row that is not made yet: a site of a part."""

    site: str
    part: Part


class SentBooks:
    """The facts, and what follows from them when it is asked for; good until the books change."""

    def __init__(self, facts: SentFacts) -> None:
        self.facts = facts
        self.crowds = Crowds()

    @classmethod
    def read(cls, connection: Connection) -> SentBooks:
        """Read them; the caller holds a snapshot."""
        return cls(sent_facts(connection))

    @cached_property
    def shares(self) -> list[Share]:
        """Every own batch, by who got it when."""
        return shares(self.facts, self.crowds)

    @cached_property
    def sums(self) -> LaneSums:
        """Own batches summed along their lanes."""
        return LaneSums(self.facts)

    @cached_property
    def open_work(self) -> dict[str, OpenWork]:
        """What is open for each site."""
        return self.sums.open_work()


class BooksCache:
    """The books of one connection, read again only when they have changed."""

    def __init__(self) -> None:
        self._version: tuple[int, int] | None = None
        self._books: SentBooks | None = None

    def books(self, connection: Connection) -> SentBooks:
        """What stands in them now; the caller holds a snapshot."""
        driver = raw(connection)
        version = (driver.execute("PRAGMA data_version").fetchone()[0], driver.total_changes)
        if self._books is None or version != self._version:
            self._books, self._version = SentBooks.read(connection), version
        return self._books


class SentList:
    """What a filter wants of the books. `sort`: of the filter."""

    def __init__(
        self, connection: Connection, plan: Plan, books: SentBooks, wanted: GridFilter
    ) -> None:
        self._connection, self._plan, self._wanted = connection, plan, wanted
        self._shares = books.shares
        self._cutter = Cutter(books.facts, books.crowds, wanted, self._words)
        self._processed_at = when_processed(connection)

    def _words(self, share: Share) -> tuple[str, ...]:
        batch = share.batch
        what = count_words(self._plan, batch.entity, batch.records)
        return what, channel_title(self._plan, batch.stream), str(batch.no)

    # --- groups ---

    def groups(self, after: int | None, limit: int) -> tuple[list[RunGroup], int | None]:
        """What waits to be sent, then runs, newest first; and where the next page begins."""
        found: list[RunGroup] = []
        for number, parts in self._by_group(after):
            if len(found) == limit:
                return found, found[-1].run
            found.append(self._group(number, parts))
        return found, None

    def _by_group(self, after: int | None) -> Iterator[tuple[int, list[Part]]]:
        if after is None:
            waiting = self.parts(NOT_SENT)
            if waiting:
                yield NOT_SENT, waiting
        for number, members in groupby(self._shares, key=lambda share: share.run):
            if after is None or after == NOT_SENT or number < after:
                parts = [part for part in self._cut(members) if not _waits(part)]
                if parts:
                    yield number, parts

    def parts(self, run: int | None) -> list[Part]:
        """What is wanted of a run's group, of what waits to be sent (NOT_SENT), or of all."""
        if run is None:
            return list(self._cut(self._shares))
        if run == NOT_SENT:
            unsent = (share for share in self._shares if share.released_at is None)
            return [part for part in self._cut(unsent) if _waits(part)]
        of_run = (share for share in self._shares if share.run == run)
        return [part for part in self._cut(of_run) if not _waits(part)]

    def sealed_and_waiting(self, run: int) -> list[Part]:
        """What a run sealed and nothing has sent yet."""
        return [part for part in self.parts(NOT_SENT) if part.share.batch.run == run]

    def _cut(self, members: Iterable[Share]) -> Iterator[Part]:
        for share in members:
            yield from self._cutter.parts(share)

    def _group(self, number: int, parts: list[Part]) -> RunGroup:
        counts = dict.fromkeys(Status, 0)
        for part in parts:
            counts[part.status] += part.count
        batches = {part.share.batch.id: part.share.batch for part in parts}
        kinds = kinds_words(self._plan, ((b.entity, b.records) for b in batches.values()))
        record = runs.run_of(self._connection, number) if number != NOT_SENT else None
        if number == NOT_SENT:
            title = f"Waiting to be sent: {first_kinds(kinds)}, for {_whom(parts)}"
        else:
            title = f"{record.what if record else f'Run {number}'}: {first_kinds(kinds)}"
        return RunGroup(
            run=number,
            started_at=moment(record.started_at) if record else None,
            title=title,
            rows=sum(part.count for part in parts),
            records=sum(part.count * part.share.batch.records for part in parts),
            size=sum(part.count * part.share.batch.size for part in parts),
            statuses=tuple((status, count) for status, count in counts.items() if count),
            attention=sum(part.attention for part in parts),
            uploaded_at=moment(max((p.share.uploaded_at or "" for p in parts), default="")),
            processed_at=self._all_processed_at(parts),
        )

    def _all_processed_at(self, parts: list[Part]) -> datetime | None:
        """When the last row was processed; None while one is not, or where that would mean to ask
        for more than a few.
        """
        is_done = all(part.standing is not Standing.OPEN for part in parts)
        if not is_done or sum(part.count for part in parts) > _ASKED:
            return None
        rows = ((part.share.batch, site) for part in parts for site in part.sites())
        return moment(max((self._processed_at(*row) or "" for row in rows), default=""))

    # --- rows ---

    def rows(self, run: int | None, start: int, limit: int | None) -> list[BatchRow]:
        """Rows of one group, or of all, from one on."""
        return list(self.all_rows(run, start, limit))

    def all_rows(
        self, run: int | None = None, start: int = 0, limit: int | None = None
    ) -> Iterator[BatchRow]:
        """The same one by one, each made when it is asked for."""
        for site, part in self._places(self.parts(run), start, limit):
            yield self._row(site, part)

    def count(self) -> int:
        """How many rows there are."""
        return sum(part.count for part in self.parts(None))

    def _places(self, parts: list[Part], start: int, limit: int | None) -> Iterator[Place]:
        stop = None if limit is None else start + limit
        name = self._wanted.sort.lstrip("-")
        is_down = self._wanted.sort.startswith("-")
        if name == "site":
            return islice(_by_site(parts, is_down), start, stop)
        if name == "processed_at":
            return islice(self._by_moment(parts, is_down), start, stop)
        return _from_blocks(self._blocks(parts, name, is_down), start, stop)

    def _blocks(self, parts: list[Part], name: str, is_down: bool) -> Iterator[list[Part]]:
        if not name:
            return _blocks(parts, lambda part: 0)
        ordered = sorted(parts, key=lambda part: self._sort_key(part, name), reverse=is_down)
        return _blocks(ordered, lambda part: self._sort_key(part, name))

    def _sort_key(self, part: Part, name: str) -> tuple[bool, Any]:
        if name in ("status", "attention", "problem"):
            return True, getattr(part, name)
        share = part.share
        if name in ("run", "uploaded_at"):
            value: Any = getattr(share, name)
        elif name in _OF_BATCH:
            value = getattr(share.batch, _OF_BATCH[name])
        else:
            value = getattr(self._row(next(iter(part.crowd.names)), part), name)
        return value is not None, value

    def _by_moment(self, parts: list[Part], is_down: bool) -> Iterator[Place]:
        open_parts = [part for part in parts if part.standing is Standing.OPEN]
        acked = [part for part in parts if part.standing is not Standing.OPEN]
        if not is_down:
            yield from _from_blocks(_blocks(open_parts, lambda part: 0), 0, None)
        lanes = _Lanes(acked)
        for _, spans in ack_spans(self._connection, is_down) if acked else ():
            yield from _met_places(lanes.met(spans))
        if is_down:
            yield from _from_blocks(_blocks(open_parts, lambda part: 0), 0, None)

    def _row(self, site: str, part: Part) -> BatchRow:
        share, batch = part.share, part.share.batch
        is_open = part.standing is Standing.OPEN
        return BatchRow(
            run=share.run,
            kind=Kind.DATA,
            site=site,
            stream=batch.stream,
            channel=channel_title(self._plan, batch.stream),
            batch=batch.no,
            records=batch.records,
            what=count_words(self._plan, batch.entity, batch.records),
            size=batch.size,
            status=part.status,
            created_at=moment(batch.sealed_at),
            uploaded_at=moment(share.uploaded_at),
            received_at=None,
            processed_at=None if is_open else moment(self._processed_at(batch, site)),
            attention=part.attention,
            problem=part.problem,
            entity=batch.entity,
            is_uploaded=batch.uploaded_at is not None,
        )


def _waits(part: Part) -> bool:
    return part.share.waits(part.status)


def _whom(parts: list[Part]) -> str:
    names: set[str] = set()
    for part in parts:
        names.update(part.crowd.names if part.count == len(part.crowd.names) else part.sites())
    if len(names) > _NAMED:
        return f"{len(names):,} stores"
    return ", ".join("head office" if name == HEAD_OFFICE else name for name in sorted(names))


def _blocks(parts: Iterable[Part], key: Callable[[Part], object]) -> Iterator[list[Part]]:
    """Parts that sort alike and are of one batch and run, in the order of `parts`."""
    alike = groupby(parts, key=lambda part: (key(part), part.share.run, part.share.batch.id))
    return (list(members) for _, members in alike)


def _from_blocks(blocks: Iterable[list[Part]], start: int, stop: int | None) -> Iterator[Place]:
    """The places from one on, up to another: blocks before it are only counted."""
    passed = 0
    for block in blocks:
        count = sum(part.count for part in block)
        if passed + count > start:
            places = sorted(
                (Place(site, part) for part in block for site in part.sites()),
                key=lambda place: place.site,
            )
            until = count if stop is None else stop - passed
            yield from places[max(0, start - passed) : until]
        passed += count
        if stop is not None and passed >= stop:
            return


class _Lanes:
    """Parts by lane and number, to be met by acknowledgements."""

    def __init__(self, parts: list[Part]) -> None:
        self._parts = defaultdict[Lane, list[Part]](list)
        for part in sorted(parts, key=lambda part: part.share.batch.no):
            self._parts[(part.share.batch.stream, part.share.batch.epoch)].append(part)
        self._numbers = {
            lane: [part.share.batch.no for part in some] for lane, some in self._parts.items()
        }

    def met(self, spans: list[AckSpan]) -> dict[Part, list[str]]:
        """The parts that some of these acknowledgements may be of, with those who sent them."""
        found = defaultdict[Part, list[str]](list)
        alike = defaultdict[tuple[Lane, int, int], list[str]](list)
        for span in spans:
            lane = (span.stream, span.epoch)
            alike[(lane, span.from_no, span.to_no)].append(span.site)
        for (lane, from_no, to_no), sites in alike.items():
            numbers = self._numbers.get(lane, ())
            first, last = bisect_right(numbers, from_no), bisect_right(numbers, to_no)
            for part in self._parts[lane][first:last] if first < last else ():
                found[part] += sites
        return found


def _met_places(met: dict[Part, list[str]]) -> Iterator[Place]:
    """Who was really met, in the base order."""
    ordered = sorted(met, key=lambda part: (-part.share.run, -part.share.batch.id))
    for block in _blocks(ordered, lambda part: 0):
        yield from sorted(
            (Place(site, part) for part in block for site in met[part] if part.holds(site)),
            key=lambda place: place.site,
        )


def _by_site(parts: list[Part], is_down: bool) -> Iterator[Place]:
    sites = sorted(set[str]().union(*(part.crowd.names for part in parts)), reverse=is_down)
    for site in sites:
        for part in parts:
            if part.holds(site):
                yield Place(site, part)
