"""The log of bells: one small row for each piece of news, written in its own transaction.

Whoever waits has seen the log up to a number. News for all, or for a named audience, are one row
however many sites that is; who is meant is found out when the row is read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from ginesys_sync.relay.desk import Caller, Relay

KEPT: Final = 10_000
"""How many numbers the log goes back. Whoever has seen less is told that there may be news."""
NOTHING_SEEN: Final = -1
_ALL: Final = "*"
_NUMBER_BYTES: Final = 200


class What(StrEnum):
    """What a bell is rung for."""

    RELEASE = "release"
    ACK = "ack"
    LOAD_WANTED = "load wanted"
    LOAD_OFFERED = "load offered"
    ENROLLED = "enrolled"
    STATE = "state"


class Bell(NamedTuple):
    """Whom news concern: `*`, an audience's name, or sites joined by commas; without `save`."""

    whom: str
    save: str = ""


def ring(writer: sqlite3.Connection, organisation: str, what: What, bells: Iterable[Bell]) -> None:
    """Write down that there are news, in the transaction that makes them readable."""
    number = 0
    for bell in bells:
        weight = 1 + (len(bell.whom) + len(bell.save)) // _NUMBER_BYTES
        (number,) = writer.execute(
            "UPDATE organisations SET last_bell = last_bell + ? WHERE organisation = ?"
            " RETURNING last_bell",
            (weight, organisation),
        ).fetchone()
        writer.execute(
            "INSERT INTO bells VALUES (?, ?, ?, ?, ?)",
            (organisation, number, what, bell.whom, bell.save),
        )
    if number:
        writer.execute(
            "DELETE FROM bells WHERE organisation = ? AND id <= ?", (organisation, number - KEPT)
        )


def ring_sites(
    writer: sqlite3.Connection, organisation: str, what: What, sites: Iterable[str]
) -> None:
    """Ring for exactly these sites, all in one row."""
    whom = ",".join(sorted(set(sites)))
    ring(writer, organisation, what, [Bell(whom)] if whom else [])


def bells_of_release(
    reader: sqlite3.Connection,
    caller: Caller,
    raised: Mapping[int, int],
    sites: list[str] | None,
) -> list[Bell]:
    """Whom it brings a new batch that the streams in `raised` may be read so far; asked before they
    may. `sites` None means all: then the cost is that of the audiences, not of their members.
    """
    bells: set[Bell] = set()
    named: set[str] = set()
    for stream, upto in raised.items():
        everyone = _released_to_all(reader, caller, stream)
        if upto <= everyone:
            continue
        if sites is None:
            ahead = _ahead_of_all(reader, caller, stream, everyone)
            save = ",".join(sorted({caller.site, *ahead}))
            fresh = _audiences(reader, caller, stream, everyone, upto)
            bells |= {Bell(name, save) for name in fresh}
        else:
            ahead = _released_to(reader, caller, stream, everyone, sites)
        named |= _with_news(reader, caller, stream, upto, ahead)
    named.discard(caller.site)
    return [*sorted(bells), *([Bell(",".join(sorted(named)))] if named else [])]


def _released_to_all(reader: sqlite3.Connection, caller: Caller, stream: int) -> int:
    row = reader.execute(
        "SELECT released FROM reach WHERE organisation = ? AND stream = ? AND site = ?",
        (caller.organisation, stream, _ALL),
    ).fetchone()
    return int(row["released"]) if row else 0


def _ahead_of_all(
    reader: sqlite3.Connection, caller: Caller, stream: int, everyone: int
) -> dict[str, int]:
    """The sites that may read further than all, and how far."""
    rows = reader.execute(
        "SELECT site, released FROM reach WHERE organisation = ? AND stream = ?"
        " AND released > 0 AND released > ? AND site <> ?",
        (caller.organisation, stream, everyone, _ALL),
    )
    return {row["site"]: row["released"] for row in rows}


def _released_to(
    reader: sqlite3.Connection, caller: Caller, stream: int, everyone: int, sites: list[str]
) -> dict[str, int]:
    """How far each of these sites may read."""
    rows = reader.execute(
        "SELECT site, released FROM reach WHERE organisation = ? AND stream = ?"
        " AND site IN (SELECT value FROM json_each(?))",
        (caller.organisation, stream, json.dumps(sites)),
    )
    own = {row["site"]: row["released"] for row in rows}
    return {site: max(everyone, own.get(site, 0)) for site in sites}


def _with_news(
    reader: sqlite3.Connection, caller: Caller, stream: int, upto: int, released: Mapping[str, int]
) -> set[str]:
    """Which of these sites have a batch beyond how far they may read, up to `upto`."""
    groups: dict[int, set[str]] = {}
    for site, after in released.items():
        groups.setdefault(after, set()).add(site)
    found: set[str] = set()
    for after, group in groups.items():
        for name in _audiences(reader, caller, stream, after, upto):
            found |= group if name == _ALL else group & _members(reader, caller.organisation, name)
    return found


def _audiences(
    reader: sqlite3.Connection, caller: Caller, stream: int, after: int, upto: int
) -> list[str]:
    """Whom the kept batches with a number in this range are for."""
    rows = reader.execute(
        "SELECT DISTINCT audience FROM batches"
        " WHERE organisation = ? AND stream = ? AND no > ? AND no <= ? AND purged = 0",
        (caller.organisation, stream, after, upto),
    )
    return [row["audience"] for row in rows]


def _members(reader: sqlite3.Connection, organisation: str, audience: str) -> set[str]:
    row = reader.execute(
        "SELECT members FROM audiences WHERE organisation = ? AND audience = ?",
        (organisation, audience),
    ).fetchone()
    return set(row["members"].split(",")) if row else set()


def listen(relay: Relay, seen: Mapping[str, int]) -> tuple[int, set[str]]:
    """The log's present number, and which of these sites there are (or may be) news for since the
    number that each has seen. A site that has seen more than there is knows another log.
    """
    with relay.database.reading() as reader:
        (now,) = reader.execute(
            "SELECT last_bell FROM organisations WHERE organisation = ?", (relay.organisation,)
        ).fetchone()
        found = {site for site, at in seen.items() if not max(0, now - KEPT) <= at <= now}
        oldest = min((at for site, at in seen.items() if site not in found), default=now)
        for row in reader.execute(
            "SELECT whom, save, max(id) AS id FROM bells WHERE organisation = ? AND id > ?"
            " GROUP BY whom, save",
            (relay.organisation, oldest),
        ):
            if len(found) == len(seen):
                break
            meant = _meant(reader, relay.organisation, row["whom"], seen)
            spared = set(row["save"].split(","))
            found |= {site for site in meant if seen[site] < row["id"] and site not in spared}
    return now, found


def _meant(
    reader: sqlite3.Connection, organisation: str, whom: str, seen: Mapping[str, int]
) -> Iterable[str]:
    """Which of the sites in `seen` are named."""
    if whom == _ALL:
        return seen
    is_audience = len(whom) == 64 and "," not in whom
    names = _members(reader, organisation, whom) if is_audience else whom.split(",")
    return [site for site in names if site in seen]
