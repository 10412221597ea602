"""*Received Data* as a list: what one filter wants, in one order, made row by row as far as it is
looked at. Nothing is looked through that an index can find."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

from ginesys_sync.core.plan import Plan
from ginesys_sync.core.status import Status
from ginesys_sync.services.grids import is_wanted, received_row
from ginesys_sync.services.received_groups import ReceivedGroups, groups_of
from ginesys_sync.services.received_text import Sieve, moments_of
from ginesys_sync.services.views import BatchRow, GridFilter, Page, RunGroup
from ginesys_sync.store import grids
from ginesys_sync.store.database import Connection
from ginesys_sync.store.received_facts import ALWAYS, ReceivedFacts, Within
from ginesys_sync.store.received_search import ReceivedSearch

_BY_INDEX = {
    "", "site", "records", "size", "received_at", "processed_at", "batch", "status", "problem",
}  # fmt: skip


class _Line(NamedTuple):
    """A row, and its number in the books: what parts rows that are alike in the order asked for."""

    id: int
    row: BatchRow


class ReceivedList:
    """What a filter wants of the received rows. `sort`: of the filter. The caller holds a
    snapshot."""

    def __init__(self, connection: Connection, plan: Plan, me: str, wanted: GridFilter) -> None:
        self._connection, self._plan, self._me, self._wanted = connection, plan, me, wanted
        self._facts = ReceivedFacts(connection, me)
        self._search = ReceivedSearch(connection, me)
        self._look: Callable[[], None] = lambda: None
        self._may_fit: Callable[[grids.ReceivedRow], bool] = lambda row: True

    # --- rows ---

    def rows(
        self, run: int | None = None, look: Callable[[], None] = lambda: None
    ) -> Iterator[BatchRow]:
        """Rows of one run, or of all, each made when it is asked for. `look` is called for each
        one looked at."""
        self._look = look
        for line in self._ordered(run):
            if is_wanted(line.row, self._wanted):
                yield line.row

    def _ordered(self, run: int | None) -> Iterator[_Line]:
        name, is_down = self._wanted.sort.lstrip("-"), self._wanted.sort.startswith("-")
        if run is not None:
            rows: Iterable[grids.ReceivedRow] = grids.received_rows(self._connection, self._me, run)
            return self._sorted(rows, name, is_down)
        sieve = Sieve(self._facts, self._search, self._plan, self._wanted)
        few = sieve.few()
        if few is not None:
            return self._sorted(_base_order(few), name, is_down)
        self._may_fit = sieve.may_fit
        if name in _BY_INDEX:
            return self._walk(name, is_down)
        return self._sorted(grids.received_rows(self._connection, self._me), name, is_down)

    def _sorted(
        self, rows: Iterable[grids.ReceivedRow], name: str, is_down: bool
    ) -> Iterator[_Line]:
        """Rows that come in the order of their runs."""
        lines = self._made(rows)
        if not name:
            return lines
        wanted = (line for line in lines if is_wanted(line.row, self._wanted))
        return iter(sorted(wanted, key=lambda line: _value(line.row, name), reverse=is_down))

    def _made(self, rows: Iterable[grids.ReceivedRow]) -> Iterator[_Line]:
        for row in rows:
            self._look()
            if self._may_fit(row):
                yield _Line(row.id, received_row(self._plan, row))

    # --- a walk in the order of a column ---

    def _walk(self, name: str, is_down: bool, below: int | None = None) -> Iterator[_Line]:
        within = self._within(below)
        loads = [row for row in self._facts.loads if below is None or row.run < below]
        parts = (
            self._batches(name, is_down, within),
            self._sorted(loads, name, is_down),
            self._acks(name, is_down, within),
        )
        # Where the order is the same, the newest run and batch comes first either way.
        sign = 1 if is_down or not name else -1

        def key(line: _Line) -> tuple[Any, ...]:
            first = _value(line.row, name) if name else ()
            return (*first, sign * line.row.run, sign * line.id)

        return heapq.merge(*parts, key=key, reverse=sign > 0)

    def _within(self, below: int | None) -> Within:
        span = moments_of(self._wanted)
        within = ALWAYS if span is None else self._facts.within(*span)
        return within if below is None else replace(within, end=min(below, within.end))

    def _batches(self, name: str, is_down: bool, within: Within) -> Iterator[_Line]:
        facts = self._facts
        if name == "status":
            done = (row for row in facts.batches("", False, within) if row.processed_at)
            return self._made(_either(done, facts.open_rows, is_down))
        if name == "problem":
            calm = (row for row in facts.batches("", False, within) if not row.attention)
            return self._by_problem(calm, facts.troubled, is_down)
        return self._made(facts.batches(name, is_down, within))

    def _acks(self, name: str, is_down: bool, within: Within) -> Iterator[_Line]:
        if name == "problem":
            calm = (row for row in self._facts.acks("", False, within) if not row.attention)
            return self._by_problem(calm, self._facts.troubled_acks, is_down)
        # All have the same status and no size: the order of their runs is that order too.
        return self._made(self._facts.acks(name, is_down, within))

    def _by_problem(
        self,
        calm: Iterator[grids.ReceivedRow],
        troubled: Callable[[], list[grids.ReceivedRow]],
        is_down: bool,
    ) -> Iterator[_Line]:
        quiet = self._made(calm)
        loud = self._sorted(troubled(), "problem", is_down)
        return chain(loud, quiet) if is_down else chain(quiet, loud)

    # --- groups ---

    def groups(self, after: int | None, limit: int) -> Page[RunGroup]:
        """Runs, newest first; `after` is the last run of the page before. A page ends early where
        its runs hold very many rows."""
        if self._wanted == GridFilter(sort=self._wanted.sort):
            whole = ReceivedGroups(self._connection, self._plan, self._me, self._facts)
            return whole.page(after, limit)
        unsorted = replace(self._wanted, sort="")
        sieve = Sieve(self._facts, self._search, self._plan, unsorted)
        few = sieve.few()
        if few is not None:
            return self._grouped(self._made(_base_order(few)), after, limit)
        while (found := sieve.of_newest_runs(after)) is not None:
            rows, last = found
            page = self._grouped(self._made(_base_order(rows)), None, limit)
            if page.rows or not last:
                return page if page.next or not last else Page(page.rows, last)
            after = last
        return self._grouped(self._walk("", False, after), after, limit)

    def _grouped(self, lines: Iterator[_Line], after: int | None, limit: int) -> Page[RunGroup]:
        rows = (line.row for line in lines if is_wanted(line.row, self._wanted))
        return groups_of(self._connection, self._plan, rows, after, limit)


def _value(row: BatchRow, name: str) -> tuple[bool, Any]:
    value = getattr(row, name)
    return (value is not None, value)


def _base_order(rows: list[grids.ReceivedRow]) -> list[grids.ReceivedRow]:
    """Newest run and batch first; rows of first loads keep their order."""
    return sorted(rows, key=lambda row: (-row.run, -row.id))


def _either(
    done: Iterator[grids.ReceivedRow],
    still_open: Callable[[], list[grids.ReceivedRow]],
    is_down: bool,
) -> Iterator[grids.ReceivedRow]:
    """Processed rows and then the others, as their words sort; downwards the other way round."""
    assert Status.PROCESSED < Status.RECEIVED
    if is_down:
        yield from still_open()
        yield from done
    else:
        yield from done
        yield from still_open()
