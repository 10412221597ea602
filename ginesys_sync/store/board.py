"""What head office's books say of every site at once, for the site board: few statements, each over
what is open only.

What waits for a site is not stored anywhere: it is what its streams hold beyond its cursor. Batches
for all sites are summed once for every stream, whatever the number of sites; the others by their
members.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from ginesys_sync.store.database import raw, read_state, write_state
from ginesys_sync.store.glance import BEYOND, IS_ANSWERED, TOLD_QUESTION

ACTIVITY_HOURS = 24
KEPT_HOURS = 48
CONTACTS_AT = "contacts_heard_at"
_SEEN_UP_TO = "activity_seen_up_to"

_SITES = """
SELECT s.code, s.name, s.state, s.groups, c.enrolled_at, c.last_seen_at, coalesce(c.program, ''),
  coalesce(c.plan_version, 0), coalesce(c.clock_ahead_seconds, 0)
FROM sync_site s LEFT JOIN sync_contact c ON c.site = s.code WHERE s.role = 'store'
ORDER BY s.code"""
_STREAMS = """
SELECT s.stream, s.epoch, s.head_no,
  coalesce((SELECT max(r.to_no) FROM sync_release r WHERE r.stream = s.stream AND r.site = '*'), 0)
FROM sync_stream s WHERE s.head_no > 0 AND substr(s.stream, 1, 3) = 'HO/'"""
_BEHIND = """
WITH place AS (
  SELECT p.code AS site, coalesce((SELECT k.to_no FROM sync_ack k WHERE k.stream = :stream
    AND k.site = p.code AND k.epoch = :epoch ORDER BY k.to_no DESC LIMIT 1), 0) AS done
  FROM sync_site p WHERE p.role = 'store' AND p.state <> 'closed'
)
SELECT site, done, max(:released, coalesce((SELECT max(r.to_no) FROM sync_release r
  WHERE r.stream = :stream AND r.site = place.site), 0))
FROM place WHERE done < :head"""
_BATCHES = """
SELECT b.no, b.records + b.gone, b.sealed_at, b.audience, a.name = '*'
FROM sync_batch b JOIN sync_audience a ON a.id = b.audience
WHERE b.stream = ? AND b.epoch = ? AND b.no > ? AND b.received_at IS NULL
  AND b.withdrawn_at IS NULL ORDER BY b.no"""
_UNPROCESSED = """
SELECT substr(s.stream, 1, instr(s.stream, '/') - 1), count(*)
FROM sync_stream s JOIN sync_batch b
  ON b.stream = s.stream AND b.epoch = s.epoch AND b.no > s.applied_no
WHERE substr(s.stream, 1, 3) <> 'HO/' AND b.received_at IS NOT NULL GROUP BY 1"""
_ATTENTION = f"""
SELECT site, sum(n) FROM (
  SELECT site, count(*) AS n FROM sync_attention WHERE NOT {IS_ANSWERED} GROUP BY site
  UNION ALL SELECT site, n FROM ({BEYOND})
  UNION ALL SELECT origin, count(*) FROM sync_parked WHERE code <> 'kept_edit' GROUP BY origin
) GROUP BY site"""
_QUESTIONS = (
    f"SELECT site, count(*) FROM sync_attention WHERE {TOLD_QUESTION} AND NOT {IS_ANSWERED} "
    "GROUP BY site"
)


class SiteFacts(NamedTuple):
    """One store as it is listed, and what the Web Database last said of it. Moments are ISO
    texts."""

    code: str
    name: str
    state: str
    groups: str
    enrolled_at: str | None
    last_seen_at: str | None
    program: str
    plan_version: int
    clock_ahead_seconds: int


@dataclass(slots=True)
class Backlog:
    """What a site has not confirmed: `records` in all, of which `unread` are not released to it
    and `fresh` were sealed lately; `batches` it may read, sealed since `oldest`."""

    records: int = 0
    unread: int = 0
    fresh: int = 0
    batches: int = 0
    oldest: str | None = None


@dataclass(slots=True)
class _Sums:
    """Batches in the order of their numbers, summed up from the left."""

    numbers: list[int] = field(default_factory=list)
    records: list[int] = field(default_factory=lambda: [0])
    fresh: list[int] = field(default_factory=lambda: [0])
    sealed_at: list[str] = field(default_factory=list)

    def put(self, no: int, records: int, sealed_at: str, is_fresh: bool) -> None:
        self.numbers.append(no)
        self.records.append(self.records[-1] + records)
        self.fresh.append(self.fresh[-1] + (records if is_fresh else 0))
        self.sealed_at.append(sealed_at)

    def add_to(self, backlog: Backlog, done: int, reached: int) -> None:
        """Add what lies beyond `done`; a site may read up to `reached`."""
        first, end = bisect_right(self.numbers, done), len(self.numbers)
        if first == end:
            return
        readable = max(first, bisect_right(self.numbers, reached))
        backlog.records += self.records[end] - self.records[first]
        backlog.unread += self.records[end] - self.records[readable]
        backlog.fresh += self.fresh[end] - self.fresh[first]
        backlog.batches += readable - first
        oldest = self.sealed_at[first]
        if backlog.oldest is None or oldest < backlog.oldest:
            backlog.oldest = oldest


def site_facts(connection: Connection) -> list[SiteFacts]:
    """Every store, by code."""
    return list(map(SiteFacts._make, raw(connection).execute(_SITES)))


def backlogs(connection: Connection, fresh_since: str) -> dict[str, Backlog]:
    """What each store that is behind has not confirmed."""
    driver = raw(connection)
    found: dict[str, Backlog] = {}
    for stream, epoch, head, released in driver.execute(_STREAMS).fetchall():
        given = {"stream": stream, "epoch": epoch, "head": head, "released": released}
        behind: list[tuple[str, int, int]] = driver.execute(_BEHIND, given).fetchall()
        if not behind:
            continue
        sums = _sums(driver, stream, epoch, min(done for _, done, _ in behind), fresh_since)
        common = sums.pop(0, None)
        members = _members(driver, sums)
        for site, done, reached in behind:
            mine = [sums[audience] for audience in members.get(site, ())]
            for each in ([common] if common else []) + mine:
                each.add_to(found.setdefault(site, Backlog()), done, reached)
    return {site: backlog for site, backlog in found.items() if backlog.records}


def _sums(
    driver: sqlite3.Connection, stream: str, epoch: str, after: int, fresh_since: str
) -> dict[int, _Sums]:
    """The batches of a stream by audience; those for all under 0."""
    found: dict[int, _Sums] = {}
    for no, records, sealed_at, audience, is_for_all in driver.execute(
        _BATCHES, (stream, epoch, after)
    ):
        sums = found.setdefault(0 if is_for_all else audience, _Sums())
        sums.put(no, records, sealed_at, sealed_at >= fresh_since)
    return found


def _members(driver: sqlite3.Connection, audiences: Iterable[int]) -> dict[str, list[int]]:
    """Which of these audiences hold each site."""
    found: dict[str, list[int]] = {}
    for audience in audiences:
        for (site,) in driver.execute(
            "SELECT site FROM sync_audience_site WHERE audience = ?", (audience,)
        ):
            found.setdefault(site, []).append(audience)
    return found


def unprocessed_batches(connection: Connection) -> dict[str, int]:
    """Batches that came from each store and are not in head office's tables yet."""
    return dict(raw(connection).execute(_UNPROCESSED).fetchall())


def needing_attention(connection: Connection) -> dict[str, int]:
    """Records that need attention, at each store and here of what came from it, and the questions
    that wait there."""
    return dict(raw(connection).execute(_ATTENTION).fetchall())


def waiting_questions(connection: Connection) -> dict[str, int]:
    """Questions that wait for an answer, at each store that said so."""
    return dict(raw(connection).execute(_QUESTIONS).fetchall())


def contacts_heard_at(connection: Connection) -> str | None:
    """When the Web Database last said who is there."""
    return read_state(connection, CONTACTS_AT)


def clock_ahead_here(connection: Connection) -> int:
    """How far head office's own clock is ahead of the Web Database's, in seconds."""
    row = (
        raw(connection)
        .execute("SELECT clock_ahead_seconds FROM sync_contact WHERE site = 'HO'")
        .fetchone()
    )
    return int(row[0]) if row else 0


# --- activity -------------------------------------------------------------------------------------


def hour_of(moment: datetime) -> int:
    """The hour of a moment, counted since 1970."""
    return int(moment.timestamp()) // 3600


def note_contacts(connection: Connection, at: str) -> None:
    """Inside the caller's transaction, after contacts were written: count who was seen since they
    were last written."""
    driver = raw(connection)
    driver.execute(
        "INSERT INTO sync_activity(site, hour, contacts) "
        "SELECT site, CAST(strftime('%s', last_seen_at) AS INTEGER) / 3600, 1 FROM sync_contact "
        "WHERE last_seen_at > ? ON CONFLICT DO UPDATE SET contacts = contacts + 1",
        (read_state(connection, _SEEN_UP_TO) or "",),
    )
    newest = driver.execute("SELECT max(last_seen_at) FROM sync_contact").fetchone()[0]
    write_state(connection, _SEEN_UP_TO, newest or "")
    write_state(connection, CONTACTS_AT, at)


_RECORDS = """
INSERT INTO sync_activity(site, hour, records)
SELECT site, hour, sum(records) FROM (
  SELECT substr(stream, 1, instr(stream, '/') - 1) AS site,
    CAST(strftime('%s', :at) AS INTEGER) / 3600 AS hour,
    b.records + b.gone AS records
  FROM sync_batch b WHERE b.run = :run AND b.received_at IS NOT NULL
  UNION ALL
  SELECT k.site, CAST(strftime('%s', min(k.applied_at, :at)) AS INTEGER) / 3600, b.records + b.gone
  FROM sync_ack k CROSS JOIN sync_batch b
    ON b.stream = k.stream AND b.epoch = k.epoch AND b.no > k.from_no AND b.no <= k.to_no
  WHERE k.run = :run AND k.collected_at IS NOT NULL AND k.kind = 'data'
    AND b.withdrawn_at IS NULL AND (
      b.audience IN (SELECT id FROM sync_audience WHERE name = '*')
      OR EXISTS (SELECT 1 FROM sync_audience_site x
        WHERE x.audience = b.audience AND x.site = k.site))
) WHERE hour > CAST(strftime('%s', :at) AS INTEGER) / 3600 - :kept GROUP BY site, hour
ON CONFLICT DO UPDATE SET records = records + excluded.records"""


def note_records(connection: Connection, run: int, at: str) -> None:
    """Inside the caller's transaction, at the end of a run of head office: what each site sent, and
    confirmed, by the hour."""
    raw(connection).execute(_RECORDS, {"run": run, "at": at, "kept": KEPT_HOURS})


def purge_activity(connection: Connection, now: datetime) -> None:
    """Inside the caller's transaction: let go of hours that no chart shows any more."""
    last = hour_of(now - timedelta(hours=KEPT_HOURS))
    raw(connection).execute("DELETE FROM sync_activity WHERE hour < ?", (last,))


def activity(connection: Connection, now: datetime) -> Mapping[str, str]:
    """The last 24 hours of each site that did anything, as `hour:contacts:records` joined by
    commas, hours counted from 0, the oldest."""
    first = hour_of(now) - ACTIVITY_HOURS + 1
    return dict(
        raw(connection)
        .execute(
            "SELECT site, group_concat((hour - ?) || ':' || contacts || ':' || records) "
            "FROM sync_activity WHERE hour >= ? AND hour < ? GROUP BY site",
            (first, first, first + ACTIVITY_HOURS),
        )
        .fetchall()
    )
