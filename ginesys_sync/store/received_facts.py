"""What *Received Data* lists, in the order of any of its columns: each row is fetched by an index
when it is asked for, so that a page costs the same after a day and after years.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from sqlalchemy import Connection

from ginesys_sync.store.database import raw
from ginesys_sync.store.grids import IN_AT, ReceivedRow, load_rows
from ginesys_sync.store.own_acks import covered_by, covered_by_none

_BATCH = f"""
SELECT b.id, b.run, substr(b.stream, 1, instr(b.stream, '/') - 1), b.stream, b.no, b.entity,
  b.records + b.gone, b.size, b.sealed_at, b.received_at, {IN_AT}, 0, NULL
FROM sync_batch b {{index}} LEFT JOIN sync_stream s ON s.stream = b.stream
WHERE {{mark}}b.received_at IS NOT NULL"""
_ACK = """
SELECT -k.id, k.run, k.site, k.stream, k.to_no, '', k.to_no - k.from_no, 0, k.applied_at,
  k.collected_at, k.collected_at, k.parked_total, NULL
FROM sync_ack k {index} WHERE {mark}k.collected_at IS NOT NULL AND k.site <> :me"""
_BASE, _BASE_OF_ACKS = "ORDER BY b.run DESC, b.id DESC", "ORDER BY k.run DESC, k.id"
_OPEN = """
SELECT b.id FROM sync_stream s JOIN sync_batch b ON b.stream = s.stream AND b.epoch = s.epoch
  AND b.no > s.applied_no WHERE +b.received_at IS NOT NULL
UNION ALL SELECT b.id FROM sync_stream s JOIN sync_batch b ON b.stream = s.stream
  AND b.epoch < s.epoch WHERE +b.received_at IS NOT NULL AND {not_done}
UNION ALL SELECT b.id FROM sync_stream s JOIN sync_batch b ON b.stream = s.stream
  AND b.epoch > s.epoch WHERE +b.received_at IS NOT NULL AND {not_done}""".format(
    not_done="NOT EXISTS (SELECT 1 FROM sync_ack k WHERE k.stream = b.stream AND k.site = :me "
    "AND k.to_no >= b.no AND k.epoch = b.epoch)"
)
_EVERY_STREAM = """
WITH RECURSIVE lane(stream) AS (
  SELECT min(stream) FROM {table} WHERE stream >= :low AND stream < :high
  UNION ALL SELECT (
    SELECT min(stream) FROM {table} WHERE stream > lane.stream AND stream < :high
  ) FROM lane WHERE lane.stream IS NOT NULL
)
SELECT stream FROM lane WHERE stream IS NOT NULL"""
_SITES_OF = """
WITH RECURSIVE at(site) AS (
  SELECT min(site) FROM sync_ack WHERE stream = :stream
  UNION ALL SELECT (SELECT min(site) FROM sync_ack WHERE stream = :stream AND site > at.site)
  FROM at WHERE at.site IS NOT NULL
)
SELECT site FROM at WHERE site IS NOT NULL AND site <> :me"""
_OF_SITE = "b.stream >= :site || '/' AND b.stream < :site || '0'"
"""SQL: the streams of a site; `0` is the letter after `/`."""
_BATCH_ORDERS = {
    "received_at": ("b.received_at", "sync_batch_came"),
    "size": ("b.size", "sync_batch_size"),
    "batch": ("b.no", "sync_batch_no"),
}
_ACK_ORDERS = {
    "received_at": ("k.collected_at", "sync_ack_came"),
    "processed_at": ("k.collected_at", "sync_ack_came"),
    "records": ("k.to_no - k.from_no", "sync_ack_much"),
    "batch": ("k.to_no", "sync_ack_no"),
}
_CAME = "b.received_at >= :since AND b.received_at < :until"
_COLLECTED = "k.collected_at >= :since AND k.collected_at < :until"
_RUNS = """
SELECT min(low), max(high) FROM (
  SELECT min(b.run) AS low, max(b.run) AS high FROM sync_batch b INDEXED BY sync_batch_came
  WHERE b.received_at IS NOT NULL AND b.received_at >= :since AND b.received_at < :until
  UNION ALL SELECT min(k.run), max(k.run) FROM sync_ack k INDEXED BY sync_ack_came
  WHERE k.collected_at IS NOT NULL AND k.collected_at >= :since AND k.collected_at < :until)"""
_NO_RUN = 1 << 62
Rows = Iterator[ReceivedRow]


@dataclass(frozen=True, slots=True)
class Within:
    """Runs from `first` up to, not with, `end`, and the moments in which rows came to them.
    `is_bounded`: not all moments are meant.
    """

    first: int = 0
    end: int = _NO_RUN
    since: str = ""
    until: str = "~"

    @property
    def is_bounded(self) -> bool:
        return bool(self.since) or self.until != "~"

    @property
    def runs(self) -> dict[str, int]:
        """For SQL."""
        return {"first": self.first, "end": self.end}

    @property
    def moments(self) -> dict[str, str]:
        """For SQL."""
        return {"since": self.since, "until": self.until}


ALWAYS = Within()


class ReceivedFacts:
    """Received rows as one moment shows them: the caller holds a snapshot. `me`: this site."""

    def __init__(self, connection: Connection, me: str) -> None:
        self._connection, self._me = connection, me
        self._driver = raw(connection)

    @cached_property
    def parked(self) -> dict[tuple[str, int], int]:
        """(stream, number) → records of it that need attention here."""
        return {
            (stream, no): count
            for stream, no, count in self._driver.execute(
                "SELECT stream, no, count(*) FROM sync_parked WHERE code <> 'kept_edit' "
                "GROUP BY stream, no"
            )
        }

    @cached_property
    def loads(self) -> list[ReceivedRow]:
        """What runs took of first loads, newest run first: a few for each kind of record."""
        return list(load_rows(self._connection, self._me))

    def within(self, since: str, until: str) -> Within:
        """The runs that got something in a time, the second moment excluded."""
        asked = {"since": since, "until": until}
        first, last = self._driver.execute(_RUNS, asked).fetchone()
        return Within(first or 0, 0 if last is None else last + 1, since, until)

    # --- batches ---

    def _batches(self, index: str = "", more: str = "", **values: object) -> Rows:
        head = _headed(_BATCH, index)
        for row in self._driver.execute(f"{head} {more}", {"me": self._me, **values}):
            found = ReceivedRow(*row)
            parked = self.parked.get((found.stream, found.no), 0)
            yield replace(found, attention=parked) if parked else found

    def batches(self, order: str, is_down: bool, within: Within = ALWAYS) -> Rows:
        """Batches by a column; where it is the same, the newest run and batch first. Rows outside
        of `within` are left out where that is a look at an index, else they may come too.
        """
        if order == "records":
            return self._by_records(is_down)
        if order == "site":
            return self._by_site(is_down)
        if order == "processed_at":
            is_bounded = within.is_bounded
            return self._by_moment(is_down, within) if is_bounded else self._by_processing(is_down)
        if order in _BATCH_ORDERS:
            column, index = _BATCH_ORDERS[order]
            where = f"AND {_CAME}" if order == "received_at" and within.is_bounded else ""
            return self._by_value(column, index, is_down, where, **within.moments)
        where = "AND b.run >= :first AND b.run < :end"
        return self._batches("sync_batch_run", f"{where} {_BASE}", **within.runs)

    def _by_value(
        self, column: str, index: str, is_down: bool, where: str = "", **values: object
    ) -> Rows:
        if is_down:
            order = f"{where} ORDER BY {column} DESC, b.run DESC, b.id DESC"
            yield from self._batches(index, order, **values)
            return
        table = f"sync_batch b INDEXED BY {index} WHERE b.received_at IS NOT NULL {where}"
        for value in self._values(table, column, **values):
            more = f"{where} AND {column} = :value {_BASE}"
            yield from self._batches(index, more, value=value, **values)

    def _values(self, table: str, column: str, **values: object) -> Iterator[object]:
        """The different values of a column, upwards; each by a look into its index."""
        beyond, last = "", None
        while True:
            row = self._driver.execute(
                f"SELECT {column} FROM {table} {beyond} ORDER BY {column} LIMIT 1",
                {"me": self._me, "last": last, **values},
            ).fetchone()
            if row is None:
                return
            yield row[0]
            beyond, last = f"AND {column} > :last", row[0]

    def _by_records(self, is_down: bool) -> Rows:
        of_kinds = [
            self._by_value(
                "b.records + b.gone", "sync_batch_much", is_down, "AND b.entity = :kind", kind=kind
            )
            for kind in self.entities()
        ]
        return _merged(of_kinds, lambda row: row.records, is_down)

    def _by_site(self, is_down: bool) -> Rows:
        codes = sorted(self.sites(), reverse=is_down)
        if len(codes) < 2:
            yield from self.batches("", False)
            return
        for code in codes:
            yield from self.of_site(code)

    def _by_processing(self, is_down: bool) -> Rows:
        bare = self.by_ids(covered_by_none(self._connection, self._me))
        bare.sort(key=lambda row: row.received_at)
        of_acks = self._by_own_acks(is_down)
        if not is_down:
            yield from self.open_rows()
        done = groupby(bare[::-1] if is_down else bare, key=lambda row: row.received_at)
        yield from _merged(
            [of_acks, (row for _, some in done for row in _newest_first(some))],
            lambda row: row.processed_at or "",
            is_down,
        )
        if is_down:
            yield from self.open_rows()

    def _by_moment(self, is_down: bool, within: Within) -> Rows:
        """Of a time in which fewer rows came: each is asked when it was processed."""
        order = f"11 {'DESC' if is_down else 'ASC'}, b.run DESC, b.id DESC"
        return self._batches("sync_batch_came", f"AND {_CAME} ORDER BY {order}", **within.moments)

    def _by_own_acks(self, is_down: bool) -> Rows:
        order = "DESC" if is_down else "ASC"
        acks = self._driver.execute(
            "SELECT applied_at, id FROM sync_ack INDEXED BY sync_ack_own "
            f"WHERE collected_at IS NULL AND site = ? ORDER BY applied_at {order}",
            (self._me,),
        )
        for _, some in groupby(acks, key=lambda row: row[0]):
            ids = [number for _, number in some]
            yield from self.by_ids(covered_by(self._connection, ids))

    def of_site(self, code: str, limit: int = -1) -> Rows:
        """The batches of a site, newest first; at most so many."""
        more = f"AND {_OF_SITE} {_BASE} LIMIT :limit"
        return self._batches("", more, site=code, limit=limit)

    def open_rows(self, limit: int = -1) -> list[ReceivedRow]:
        """Batches that are not processed yet, newest first; some of them when there are more."""
        return self.by_ids(
            row[0]
            for row in self._driver.execute(
                f"{_OPEN} LIMIT :limit", {"me": self._me, "limit": limit}
            )
        )

    def troubled(self) -> list[ReceivedRow]:
        """Batches with records that need attention, newest first."""
        found: list[ReceivedRow] = []
        for stream, no in self.parked:
            more = "AND b.stream = :stream AND b.no = :no"
            found += self._batches("", more, stream=stream, no=no)
        return _newest_first(found)

    def by_ids(self, ids: Iterable[int]) -> list[ReceivedRow]:
        """These batches, newest first."""
        more = f"AND b.id IN (SELECT value FROM json_each(:ids)) {_BASE}"
        return list(self._batches("", more, ids=json.dumps(list(ids))))

    def runs_of(self, batches: Iterable[int], acks: Iterable[int]) -> list[tuple[int, int, bool]]:
        """(run, number, whether it is an acknowledgement) of these, the newest run first."""
        query = "SELECT run, id, {} FROM {} WHERE id IN (SELECT value FROM json_each(?))"
        found: list[tuple[int, int, bool]] = []
        for table, ids, is_ack in (("sync_batch", batches, 0), ("sync_ack", acks, 1)):
            found += self._driver.execute(query.format(is_ack, table), (json.dumps(list(ids)),))
        return sorted(found, reverse=True)

    # --- acknowledgements ---

    def _acks(self, index: str = "", more: str = "", **values: object) -> Rows:
        head = _headed(_ACK, index)
        for row in self._driver.execute(f"{head} {more}", {"me": self._me, **values}):
            yield ReceivedRow(*row)

    def acks(self, order: str, is_down: bool, within: Within = ALWAYS) -> Rows:
        """Acknowledgements by a column, as `batches`."""
        if order == "site":
            return self._acks_by_site(is_down)
        if order not in _ACK_ORDERS:
            where = "AND k.run >= :first AND k.run < :end"
            return self._acks("sync_ack_collected", f"{where} {_BASE_OF_ACKS}", **within.runs)
        column, index = _ACK_ORDERS[order]
        is_timed = index == "sync_ack_came" and within.is_bounded
        where = f"AND {_COLLECTED}" if is_timed else ""
        return self._acks_by_value(column, index, is_down, where, **within.moments)

    def _acks_by_value(
        self, column: str, index: str, is_down: bool, where: str, **values: object
    ) -> Rows:
        if is_down:
            order = f"{where} ORDER BY {column} DESC, k.run DESC, k.id"
            yield from self._acks(index, order, **values)
            return
        table = f"sync_ack k INDEXED BY {index} WHERE k.collected_at IS NOT NULL {where}"
        for value in self._values(table, column, **values):
            more = f"{where} AND {column} = :value {_BASE_OF_ACKS}"
            yield from self._acks(index, more, value=value, **values)

    def _acks_by_site(self, is_down: bool) -> Rows:
        lanes = self.own_lanes()
        codes = sorted({site for lane in lanes for site in self.answering(lane)}, reverse=is_down)
        if len(codes) < 2:
            yield from self.acks("", False)
            return
        for code in codes:
            yield from self.acks_of_site(code, lanes)

    def acks_of_site(self, code: str, streams: Sequence[str] = (), limit: int = -1) -> Rows:
        """The acknowledgements of a site, in the order of their runs; at most so many."""
        lanes = json.dumps(list(streams or self.own_lanes()))
        more = (
            "AND k.stream IN (SELECT value FROM json_each(:lanes)) AND k.site = :site "
            f"{_BASE_OF_ACKS} LIMIT :limit"
        )
        return self._acks("sync_ack_reach", more, lanes=lanes, site=code, limit=limit)

    def troubled_acks(self) -> list[ReceivedRow]:
        """Acknowledgements that told of records that need attention, newest first."""
        return list(self._acks("sync_ack_parked", f"AND k.parked_total > 0 {_BASE_OF_ACKS}"))

    def acks_by_ids(self, ids: Iterable[int]) -> list[ReceivedRow]:
        """These acknowledgements, newest first."""
        more = f"AND k.id IN (SELECT value FROM json_each(:ids)) {_BASE_OF_ACKS}"
        return list(self._acks("", more, ids=json.dumps(list(ids))))

    # --- what there is ---

    def streams(self) -> list[str]:
        """The streams of all batches, this site's own too."""
        return self._lanes("sync_batch", "", "~")

    def _lanes(self, table: str, low: str, high: str) -> list[str]:
        query = _EVERY_STREAM.format(table=table)
        return [row[0] for row in self._driver.execute(query, {"low": low, "high": high})]

    def sites(self) -> set[str]:
        """The sites whose batches came."""
        return {stream.partition("/")[0] for stream in self.streams()} - {self._me}

    def own_lanes(self) -> list[str]:
        """Own streams that somebody acknowledged."""
        return self._lanes("sync_ack", f"{self._me}/", f"{self._me}0")

    def answering(self, stream: str) -> list[str]:
        """The sites that acknowledged an own stream."""
        asked = {"stream": stream, "me": self._me}
        return [site for (site,) in self._driver.execute(_SITES_OF, asked)]

    def entities(self) -> list[str]:
        """The kinds of record that came in batches."""
        table = "sync_batch b INDEXED BY sync_batch_much WHERE b.received_at IS NOT NULL"
        return [str(kind) for kind in self._values(table, "b.entity")]


def _headed(select: str, index: str) -> str:
    """A list read by this index; without one by the keys it is asked for (the sign `+` keeps
    SQLite from going through an order of all instead).
    """
    return select.format(index=f"INDEXED BY {index}" if index else "", mark="" if index else "+")


def _newest_first(rows: Iterable[ReceivedRow]) -> list[ReceivedRow]:
    return sorted(rows, key=lambda row: (row.run, row.id), reverse=True)


def _merged(
    parts: Sequence[Rows], value: Callable[[ReceivedRow], int | str], is_down: bool
) -> Rows:
    """Rows that each part has in this order, in the same order."""
    sign = 1 if is_down else -1
    return heapq.merge(
        *parts,
        key=lambda row: (value(row), sign * row.run, sign * row.id),
        reverse=is_down,
    )
