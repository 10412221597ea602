"""What must be true right after a kill, and when the chain is quiet again: read from outside.

Databases, homes and bodies are read by SQL and file of the checker's own; nothing here asks the
program. Each check gives sentences that say what is wrong.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import zstandard

from tests.support.chain_floor import HO, ChainFloor, floor_plan

Row = tuple[Any, ...]
Image = tuple[tuple[Row, ...], ...]
"""A record's rows, table by table: the root's, then each child's."""

_TEMPORARY = (".part", ".new", ".tmp", "-journal")
_EIGHT_DAYS = 8 * 86_400
ENTITIES: dict[str, dict[str, Any]] = {each["name"]: each for each in floor_plan()["entities"]}


@dataclass(frozen=True, slots=True)
class Sent:
    """A batch as the Web Database has it. `sites` empty: for all. `data` None: the body is gone."""

    stream: str
    epoch: str
    no: int
    entity: str
    sha256: str
    sites: tuple[str, ...]
    is_purged: bool
    data: bytes | None


def right_after(chain: ChainFloor, sites: Iterable[str]) -> list[str]:
    """What is wrong in what a kill left behind."""
    sent = _sent(chain)
    wrong: list[str] = []
    for site in sites:
        with _books(chain, site) as books:
            wrong += _sound(site, books)
            wrong += _numbers(site, books, sent)
            wrong += _uploaded(site, books, sent)
            wrong += _applied(site, books, sent)
    wrong += _acknowledged(chain, sites)
    return wrong


def when_quiet(chain: ChainFloor, sites: Iterable[str]) -> list[str]:
    """What is wrong when everybody has synced until nothing moved any more."""
    sites = tuple(sites)
    wrong = right_after(chain, sites)
    try:
        chain.assert_equal(site for site in sites if site != HO)
    except AssertionError as fault:
        wrong.append(f"tables differ: {str(fault)[:300]}")
    for site in sites:
        with _books(chain, site) as books:
            for table in ("sync_change", "sync_seen", "sync_parked"):
                (count,) = books.execute(f"SELECT count(*) FROM {table}").fetchone()
                if count:
                    wrong.append(f"{count} rows are left in {table} at {site}")
            wrong += _open_ends(site, books)
    return [*wrong, *_all_processed(chain, sites)]


def open_runs(chain: ChainFloor, site: str) -> list[int]:
    """Runs that never ended, as a site's database says."""
    with _books(chain, site) as books:
        return [n for (n,) in books.execute("SELECT no FROM sync_run WHERE ended_at IS NULL")]


def said_to_be_killed(chain: ChainFloor, site: str) -> list[int]:
    """Runs that are said to have been ended from outside."""
    query = (
        "SELECT no FROM sync_run WHERE code = 'killed' AND message = 'Sync stopped: it was ended "
        "from outside. Nothing is lost. The next sync finished its work.'"
    )
    with _books(chain, site) as books:
        return [number for (number,) in books.execute(query)]


def in_need(chain: ChainFloor, sites: Iterable[str]) -> list[str]:
    """The sites that have anything to send, fetch, apply, acknowledge or learn: head office last.
    None: the chain is quiet."""
    sites = tuple(sites)
    heads = _heads(chain)
    with closing(_relay(chain)) as relay:
        reach = {
            (stream, site): (released, acked, load)
            for stream, site, released, acked, load in relay.execute(
                "SELECT origin || '/' || channel, site, released, acked, load FROM reach "
                "JOIN streams USING (organisation, stream)"
            )
        }
    known = {site: _known(chain, site) for site in sites}
    need = set()
    for stream, head in heads.items():
        origin = stream.partition("/")[0]
        for site in sites:
            if site == origin or HO not in (site, origin):
                continue
            released, acked, load = reach.get((stream, site), (0, 0, "none"))
            released = max(released, reach.get((stream, "*"), (0,))[0])
            if released < head or load == "wanted":
                need.add(origin)
            elif acked < head:
                need.add(site)
            elif known[origin].get((stream, site), 0) < head:
                need.add(origin)
    for site in sites:
        with _books(chain, site) as books:
            if any(books.execute(query).fetchone()[0] for query in _TO_DO):
                need.add(site)
    return sorted(need, key=lambda site: (site == HO, site))


_TO_DO = (
    "SELECT count(*) FROM sync_change",
    "SELECT count(*) FROM sync_stream WHERE head_no > uploaded_no",
    "SELECT count(*) FROM sync_ack WHERE delivered_at IS NULL AND collected_at IS NULL",
)


def _known(chain: ChainFloor, origin: str) -> dict[tuple[str, str], int]:
    """How far `origin` knows that others have processed its streams: by (stream, site)."""
    with _books(chain, origin) as books:
        query = "SELECT stream, site, max(to_no) FROM sync_ack GROUP BY stream, site"
        return {(stream, site): no for stream, site, no in books.execute(query)}


# --- one site's books -----------------------------------------------------------------------------


def _books(chain: ChainFloor, site: str) -> closing[sqlite3.Connection]:
    """Read only: what a kill left is for the program to find."""
    return closing(sqlite3.connect(f"file:{chain.database(site)}?mode=ro", uri=True))


def _sound(site: str, books: sqlite3.Connection) -> Iterator[str]:
    (verdict,) = books.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        yield f"the database of {site} is damaged: {verdict}"
    for row in books.execute("SELECT entity FROM sync_hush"):
        yield f"a hush for {row[0]} is left at {site}"


def _numbers(site: str, books: sqlite3.Connection, sent: list[Sent]) -> Iterator[str]:
    """Own batches are 1, 2, 3 … to the head, here and there; one number has one body."""
    there = {(each.stream, each.epoch, each.no): each.sha256 for each in sent}
    found: dict[str, list[int]] = {}
    for stream, epoch, no, sha256 in books.execute(
        "SELECT stream, epoch, no, sha256 FROM sync_batch ORDER BY stream, no"
    ):
        if there.get((stream, epoch, no), sha256) != sha256:
            yield f"{stream} {no} is another batch at {site} than at the Web Database"
        if stream.startswith(f"{site}/"):
            found.setdefault(stream, []).append(no)
    for stream, head in books.execute("SELECT stream, head_no FROM sync_stream"):
        if stream.startswith(f"{site}/") and found.get(stream, []) != list(range(1, head + 1)):
            yield f"{stream} has the head {head} and the numbers {found.get(stream)}"
    heads: dict[str, list[int]] = {}
    for each in sent:
        if each.stream.startswith(f"{site}/"):
            heads.setdefault(each.stream, []).append(each.no)
    for stream, numbers in heads.items():
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"{stream} has the numbers {numbers} at the Web Database"


def _uploaded(site: str, books: sqlite3.Connection, sent: list[Sent]) -> Iterator[str]:
    """UPLOADED means: the Web Database has batch and body."""
    there = {(each.stream, each.no): each for each in sent}
    for stream, no, sha256 in books.execute(
        "SELECT b.stream, b.no, b.sha256 FROM sync_batch b JOIN sync_stream s USING (stream) "
        "WHERE b.uploaded_at IS NOT NULL OR b.no <= s.uploaded_no"
    ):
        if not stream.startswith(f"{site}/"):
            continue
        each = there.get((stream, no))
        if each is None or each.sha256 != sha256:
            yield f"{stream} {no} says UPLOADED and is not at the Web Database"
        elif each.data is None and not each.is_purged:
            yield f"{stream} {no} says UPLOADED and its body is not at the Web Database"


def _open_ends(site: str, books: sqlite3.Connection) -> Iterator[str]:
    for stream, no in books.execute(
        "SELECT stream, no FROM sync_batch WHERE uploaded_at IS NULL AND stream LIKE ? || '/%'",
        (site,),
    ):
        yield f"{stream} {no} still waits"
    for (stream,) in books.execute(
        "SELECT stream FROM sync_ack WHERE site = ? AND delivered_at IS NULL", (site,)
    ):
        yield f"{site}'s acknowledgement of {stream} was not delivered"


# --- what a cursor promises -----------------------------------------------------------------------


def _applied(site: str, books: sqlite3.Connection, sent: list[Sent]) -> Iterator[str]:
    """A cursor never runs ahead of its data: each record of a batch up to it stands in the tables
    as that batch, or a later one, has it; or it is listed as parked."""
    cursors = dict(books.execute("SELECT stream, applied_no FROM sync_stream").fetchall())
    parked = {
        (entity, tuple(key))
        for entity, *key in books.execute("SELECT entity, k1, k2, k3, k4 FROM sync_parked")
    }
    meant: dict[tuple[str, Row], list[Image | None]] = {}
    for each in sent:
        if each.entity not in ENTITIES or ENTITIES[each.entity]["owner"] == "shared":
            continue
        if each.stream.startswith(f"{site}/") or each.data is None:
            continue
        if each.sites and site not in each.sites:
            continue
        for key, image in _records(each.entity, each.data).items():
            if each.no <= cursors.get(each.stream, 0):
                meant[each.entity, key] = [image]
            elif (each.entity, key) in meant:
                meant[each.entity, key].append(image)
    for (entity, key), images in meant.items():
        if (entity, (*key, "", "", "", "")[:4]) in parked:
            continue
        if _present(books, entity, key) not in images:
            yield f"{site} has processed {entity} {key}, and the record is not there"


@lru_cache(maxsize=2_000)
def _records(entity: str, data: bytes) -> dict[Row, Image | None]:
    """The records of a body by their keys; None: a tombstone."""
    facts = ENTITIES[entity]
    raw = zstandard.ZstdDecompressor().stream_reader(data).read()
    with closing(sqlite3.connect(":memory:")) as body:
        body.deserialize(raw)
        body.row_factory = sqlite3.Row
        found: dict[Row, Image | None] = {}
        for gone in body.execute("SELECT * FROM _gone"):
            found[tuple(gone[column] for column in facts["key"])] = None
        for root in body.execute(f"SELECT * FROM {facts['table']}"):
            key = tuple(root[column] for column in facts["key"])
            rows = [(_plain(root),)]
            for child in facts.get("children", ()):
                where = " AND ".join(f"{column} = ?" for column in child["root"])
                query = f"SELECT * FROM {child['table']} WHERE {where}"
                rows.append(tuple(sorted(map(_plain, body.execute(query, key)), key=repr)))
            found[key] = tuple(rows)
    return found


def _plain(row: sqlite3.Row) -> Row:
    return tuple(row)[1:]


def _present(books: sqlite3.Connection, entity: str, key: Row) -> Image | None:
    """A record as the tables have it."""
    facts = ENTITIES[entity]
    tables = [(facts["table"], facts["key"])]
    tables += [(child["table"], child["root"]) for child in facts.get("children", ())]
    rows: list[tuple[Row, ...]] = []
    for table, columns in tables:
        where = " AND ".join(f"{column} = ?" for column in columns)
        found = books.execute(f"SELECT * FROM {table} WHERE {where}", key).fetchall()
        rows.append(tuple(sorted(found, key=repr)))
    return tuple(rows) if rows[0] else None


# --- what others were told ------------------------------------------------------------------------


def _acknowledged(chain: ChainFloor, sites: Iterable[str]) -> Iterator[str]:
    """PROCESSED means: committed in the receiver's database."""
    cursors = {}
    told: list[tuple[str, str, int, str]] = []
    for site in sites:
        with _books(chain, site) as books:
            for stream, no in books.execute("SELECT stream, applied_no FROM sync_stream"):
                cursors[site, stream] = no
            told += [
                (stream, other, no, site)
                for stream, other, no in books.execute(
                    "SELECT stream, site, max(to_no) FROM sync_ack WHERE collected_at IS NOT NULL "
                    "GROUP BY stream, site"
                )
            ]
    with closing(_relay(chain)) as relay:
        told += [
            (stream, site, no, "the Web Database")
            for stream, site, no in relay.execute(
                "SELECT origin || '/' || channel, site, acked FROM reach JOIN streams "
                "USING (organisation, stream) WHERE site <> '*'"
            )
        ]
    for stream, other, no, where in told:
        if no > cursors.get((other, stream), 0) and other in sites:
            yield f"{where} says that {other} has processed {stream} up to {no}: it has not"


def _all_processed(chain: ChainFloor, sites: tuple[str, ...]) -> Iterator[str]:
    """Everything that was sent is processed, and its sender knows it."""
    known = {site: _known(chain, site) for site in sites}
    cursors = {}
    for site in sites:
        with _books(chain, site) as books:
            query = "SELECT stream, applied_no FROM sync_stream"
            cursors[site] = dict(books.execute(query).fetchall())
    heads = _heads(chain)
    for stream, head in heads.items():
        origin = stream.partition("/")[0]
        for site in sites:
            if site == origin or HO not in (site, origin):
                continue
            applied = cursors[site].get(stream, 0)
            told = known[origin].get((stream, site), 0)
            if (applied, told) != (head, head):
                yield (
                    f"{stream} has the head {head}; {site} has applied {applied}, and {origin} "
                    f"knows of {told}"
                )


# --- the Web Database and the folders -------------------------------------------------------------


def _relay(chain: ChainFloor) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{chain.relay.home / 'relay.sqlite3'}?mode=ro", uri=True)


def _heads(chain: ChainFloor) -> dict[str, int]:
    """The last number of each stream at the Web Database, in its newest epoch."""
    with closing(_relay(chain)) as relay:
        return dict(
            relay.execute(
                "SELECT s.origin || '/' || s.channel, b.no FROM batches b JOIN streams s "
                "USING (organisation, stream) ORDER BY s.epoch_no, b.no"
            ).fetchall()
        )


def _sent(chain: ChainFloor) -> list[Sent]:
    """Every batch at the Web Database, in number order."""
    home = chain.relay.home
    with closing(_relay(chain)) as relay:
        rows = relay.execute(
            "SELECT s.origin || '/' || s.channel, s.epoch, b.no, b.entity, b.sha256, a.members, "
            "b.purged, c.data, c.sha256 FROM batches b JOIN streams s USING (organisation, stream) "
            "JOIN audiences a USING (organisation, audience) LEFT JOIN bodies c ON c.sha256 = "
            "b.sha256 ORDER BY s.epoch_no, s.origin, s.channel, b.no"
        ).fetchall()
    found = []
    for stream, epoch, no, entity, sha256, members, purged, data, is_kept in rows:
        path = home / "bodies" / sha256[:2] / sha256
        if is_kept and data is None and path.exists():
            data = path.read_bytes()
        sites = () if members == "*" else tuple(members.split(","))
        found.append(Sent(stream, epoch, no, entity, sha256, sites, bool(purged), data))
    return found


def strays(root: Path) -> list[Path]:
    """Temporary files that are left in homes and at the Web Database."""
    return [
        Path(folder) / name
        for folder, _, files in os.walk(root)
        for name in files
        if name.endswith(_TEMPORARY)
    ]


def make_old(paths: Iterable[Path]) -> None:
    """As if these files had been lying there for eight days."""
    moment = time.time() - _EIGHT_DAYS
    for path in paths:
        os.utime(path, (moment, moment))
