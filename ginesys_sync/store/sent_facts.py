"""What *Sent Data* is derived from, read in a few short queries: own batches, who they are for,
what let each site read them, how far each site has acknowledged. None of it is per batch and site.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from ginesys_sync.store.blocks import Held, blocks
from ginesys_sync.store.database import raw
from ginesys_sync.store.glance import PEER, TARGET

ALL = "*"
Lane = tuple[str, str]
"""A stream in one of its epochs: numbers of different ones do not compare."""


class SentBatch(NamedTuple):
    """One own batch. `records` counts tombstones too; moments are ISO texts."""

    id: int
    stream: str
    no: int
    epoch: str
    run: int
    entity: str
    audience: int
    records: int
    size: int
    sealed_at: str
    uploaded_at: str | None
    withdrawn_at: str | None


class Release(NamedTuple):
    """A site (`*`: every one) was let read beyond `from_no` up to `to_no`. Releases of one name in
    one stream follow one another without an overlap.
    """

    id: int
    stream: str
    site: str
    from_no: int
    to_no: int
    run: int
    at: str


@dataclass(frozen=True, slots=True)
class LaneReach:
    """How far each site has acknowledged one lane; and the numbers (beyond the first, up to the
    second) that a full load covered at a site.
    """

    reach: dict[str, int]
    covered: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class SentFacts:
    """The facts as one moment shows them. `batches`: the newest first. `members`: the sites of each
    audience. `attention`: (stream, number) → site → records. `blocked`: channels that a person
    holds back, with the reason. `withdrawn`: (stream, number) → sites it was taken back from alone.
    `open_sites`: the other ends of this site's streams. `heads`: the newest number of each stream.
    """

    batches: tuple[SentBatch, ...]
    members: dict[int, frozenset[str]]
    releases: dict[str, list[Release]]
    lanes: dict[Lane, LaneReach]
    attention: dict[tuple[str, int], dict[str, int]]
    blocked: dict[str, str]
    withdrawn: dict[tuple[str, int], frozenset[str]]
    open_sites: frozenset[str]
    heads: dict[Lane, int]


def sent_facts(connection: Connection) -> SentFacts:
    """Read them; the caller holds a snapshot."""
    driver = raw(connection)
    batches = tuple(
        map(
            SentBatch._make,
            driver.execute(
                "SELECT id, stream, no, epoch, run, entity, audience, records + gone, size, "
                "sealed_at, uploaded_at, withdrawn_at FROM sync_batch WHERE received_at IS NULL "
                "ORDER BY id DESC"
            ),
        )
    )
    return SentFacts(
        batches=batches,
        members=_members(driver),
        releases=_releases(driver),
        lanes={lane: _lane(driver, lane) for lane in {(b.stream, b.epoch) for b in batches}},
        attention=_attention(driver),
        blocked={row.name: row.reason for row in blocks(connection, (Held.CHANNEL,))},
        withdrawn=_withdrawn(connection),
        open_sites=frozenset(site for (site,) in driver.execute(f"WITH {PEER} SELECT * FROM peer")),
        heads={
            (stream, epoch): head
            for stream, epoch, head in driver.execute(
                "SELECT stream, epoch, head_no FROM sync_stream"
            )
        },
    )


def _members(driver: sqlite3.Connection) -> dict[int, frozenset[str]]:
    found = defaultdict[int, list[str]](list)
    for audience, site in driver.execute(f"WITH {TARGET} SELECT audience, site FROM target"):
        found[audience].append(site)
    return {audience: frozenset(sites) for audience, sites in found.items()}


def _releases(driver: sqlite3.Connection) -> dict[str, list[Release]]:
    found = defaultdict[str, list[Release]](list)
    for row in driver.execute(
        "SELECT id, stream, site, from_no, to_no, run, at FROM sync_release ORDER BY id"
    ):
        found[row[1]].append(Release._make(row))
    return found


def _lane(driver: sqlite3.Connection, lane: Lane) -> LaneReach:
    reach, has_loads = dict[str, int](), False
    for site, to_no, loads in driver.execute(
        "SELECT site, max(to_no), sum(kind = 'load') FROM sync_ack "
        "WHERE stream = ? AND epoch = ? GROUP BY site",
        lane,
    ):
        reach[site] = to_no
        has_loads = has_loads or bool(loads)
    covered = driver.execute(_COVERED, lane).fetchall() if has_loads else ()
    return LaneReach(reach, tuple((lo, hi, site) for lo, hi, site in covered if lo < hi))


_BEFORE = """coalesce((SELECT max(p.to_no) FROM sync_ack p
  WHERE p.stream = k.stream AND p.site = k.site AND p.epoch = k.epoch
    AND (p.to_no < k.to_no OR (p.to_no = k.to_no AND p.id < k.id))), 0)"""
"""SQL: how far the acknowledgements before `k` reach: `k` is what processed the numbers beyond."""
_COVERED = f"""
SELECT {_BEFORE}, k.to_no, k.site FROM sync_ack k
WHERE k.stream = ? AND k.epoch = ? AND k.kind = 'load'"""


def _attention(driver: sqlite3.Connection) -> dict[tuple[str, int], dict[str, int]]:
    found = defaultdict[tuple[str, int], dict[str, int]](dict)
    for stream, no, site, count in driver.execute(
        "SELECT stream, no, site, count(*) FROM sync_attention GROUP BY stream, no, site"
    ):
        found[(stream, no)][site] = count
    return found


def _withdrawn(connection: Connection) -> dict[tuple[str, int], frozenset[str]]:
    found = defaultdict[tuple[str, int], set[str]](set)
    for row in blocks(connection, (Held.PART,)):
        no, site = row.key[:2]
        if isinstance(no, int) and isinstance(site, str):
            found[(row.name, no)].add(site)
    return {place: frozenset(sites) for place, sites in found.items()}


class AckSpan(NamedTuple):
    """The numbers (beyond `from_no`, up to `to_no`) of a lane that one acknowledgement of a site
    was the first to cover.
    """

    stream: str
    epoch: str
    site: str
    from_no: int
    to_no: int


def ack_spans(connection: Connection, is_downwards: bool) -> Iterator[tuple[str, list[AckSpan]]]:
    """The acknowledgements by the moment of processing: those of each moment."""
    driver, order = raw(connection), "DESC" if is_downwards else "ASC"
    moments = driver.execute(
        f"SELECT applied_at, group_concat(id) FROM sync_ack GROUP BY 1 ORDER BY 1 {order}"
    )
    for at, numbers in moments:
        yield (
            at,
            [
                AckSpan._make(row)
                for row in driver.execute(
                    f"SELECT k.stream, k.epoch, k.site, {_BEFORE}, k.to_no FROM json_each(?) e "
                    "JOIN sync_ack k ON k.id = e.value",
                    (f"[{numbers}]",),
                )
            ],
        )


def acks_of_run(
    connection: Connection, me: str, run: int
) -> Iterator[tuple[tuple[str, str, int, int], list[str]]]:
    """The acknowledgements that a run brought home, as (stream, epoch, from, to) with the sites;
    without those of full loads, which say nothing of a single batch.
    """
    rows = raw(connection).execute(
        "SELECT stream, epoch, from_no, to_no, group_concat(site) FROM sync_ack "
        "WHERE run = ? AND site <> ? AND kind <> 'load' GROUP BY 1, 2, 3, 4",
        (run, me),
    )
    for stream, epoch, from_no, to_no, sites in rows:
        yield (stream, epoch, from_no, to_no), sites.split(",")


def when_processed(connection: Connection) -> Callable[[SentBatch, str], str | None]:
    """Asks when a site processed a batch."""
    driver = raw(connection)

    def ask(batch: SentBatch, site: str) -> str | None:
        row = driver.execute(
            "SELECT applied_at FROM sync_ack WHERE stream = ? AND site = ? AND epoch = ? "
            "AND to_no >= ? ORDER BY to_no, id LIMIT 1",
            (batch.stream, site, batch.epoch, batch.no),
        ).fetchone()
        return None if row is None else str(row[0])

    return ask
