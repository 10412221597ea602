"""Where one record is: what the books of a site say of it, read and never kept.

Every question here is answered by an index, whatever the number of records, batches and sites; only
the change log has none, and is read from its beginning: it holds what changed since the last run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ginesys_sync.core.model import Key, key_text
from ginesys_sync.core.plan import Entity, Plan, Rule
from ginesys_sync.store.database import raw
from ginesys_sync.store.keys import padded, parts
from ginesys_sync.store.meant import members_sql
from ginesys_sync.wire.body import quoted

_OF_RECORD = "entity = ? AND k1 = ? AND k2 = ? AND k3 = ? AND k4 = ?"
_ALL = "*"
_EARLIER = 200
"""So many batches back it is looked for who was sent an earlier version."""
_ARRIVALS = 2_000
"""So many batches back it is looked for what brought a record."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the books say of a record that was sealed or received here. `members` is the canonical
    list of the sites it is for; `last_no` its newest own batch, `base_no` head office's."""

    members: str
    last_no: int
    base_no: int
    author: str
    is_gone: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A record that needs attention here. `origin` is empty for one that could not be sealed."""

    origin: str
    no: int
    code: str
    reason: str
    missing: str
    first_at: str
    last_at: str
    tries: int


@dataclass(frozen=True, slots=True)
class Block:
    """What a person holds back: `kind` is `channel`, `entity` or `record`."""

    kind: str
    reason: str
    who: str
    at: str


@dataclass(frozen=True, slots=True)
class OwnBatch:
    """A batch sealed here. `chosen` are the sites that its run was to, None: all."""

    no: int
    members: str
    sealed_at: str
    uploaded_at: str | None
    withdrawn_at: str | None
    chosen: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """How far a record is for one site. `no`: the batch that holds its newest version for the site
    (or, when `is_bound`, one not earlier than that). `ack`: `data`, `load`, or None. `load`: how
    the site's first load of the lane stands, when it holds the record."""

    site: str
    name: str
    state: str
    last_seen_at: str | None
    no: int
    is_bound: bool
    is_meant: bool
    released_at: str | None
    ack: str | None
    applied_at: str | None
    collected_at: str | None
    load: str | None
    reason: str | None
    reason_at: str | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A batch of another site (`no` 0: a part of a first load) that may have brought a record.
    `is_applied`: this database holds it."""

    stream: str
    no: int
    sha256: str
    raw_size: int
    sealed_at: str
    received_at: str
    is_applied: bool
    applied_at: str | None
    delivered_at: str | None


def sent(connection: Connection, entity: str, key: Key) -> Sent | None:
    """What was sent of a record, or received of a shared one; None when nothing was."""
    row = (
        raw(connection)
        .execute(
            "SELECT coalesce(a.members, ''), r.last_no, r.base_no, r.author, r.gone "
            "FROM sync_record r LEFT JOIN sync_audience a ON a.id = r.audience "
            f"WHERE r.{_OF_RECORD}",
            (entity, *padded(key)),
        )
        .fetchone()
    )
    return None if row is None else Sent(row[0], row[1], row[2], row[3], bool(row[4]))


def noted(connection: Connection, entity: str, key: Key) -> int | None:
    """The weight of a change of the record that waits to be collected; None when none does."""
    row = (
        raw(connection)
        .execute(f"SELECT max(image) FROM sync_change WHERE {_OF_RECORD}", (entity, *padded(key)))
        .fetchone()
    )
    return None if row[0] is None else int(row[0])


def held(connection: Connection, entity: str, key: Key) -> tuple[Held, ...]:
    """The record as it needs attention here, per site it came from."""
    rows = raw(connection).execute(
        "SELECT origin, no, code, reason, missing, first_at, last_at, tries FROM sync_parked "
        f"WHERE {_OF_RECORD} ORDER BY id",
        (entity, *padded(key)),
    )
    return tuple(Held(*row) for row in rows)


def blocks(connection: Connection, channel: str, entity: str, key: Key) -> tuple[Block, ...]:
    """What holds the record back here, the narrowest first."""
    rows = raw(connection).execute(
        "SELECT kind, reason, who, at FROM sync_block WHERE (kind = 'channel' AND name = ?) OR "
        "(kind = 'entity' AND name = ?) OR (kind = 'record' AND name = ? AND k1 = ? AND k2 = ? "
        "AND k3 = ? AND k4 = ?) ORDER BY kind = 'record' DESC, kind = 'entity' DESC",
        (channel, entity, entity, *padded(key)),
    )
    return tuple(Block(*row) for row in rows)


def value_of(connection: Connection, entity: Entity, key: Key, column: str) -> str:
    """A column of the record as text; '' when it is not there."""
    where = " AND ".join(f"{quoted(part)} = ?" for part in entity.key)
    row = (
        raw(connection)
        .execute(
            f"SELECT CAST({quoted(column)} AS TEXT) FROM {quoted(entity.root.name)} WHERE {where}",
            key,
        )
        .fetchone()
    )
    return "" if row is None or row[0] is None else str(row[0])


def meant_now(connection: Connection, plan: Plan, entity: Entity, key: Key) -> str:
    """The canonical list of the sites that head office's tables say the record is for."""
    if entity.audience.rule is Rule.ALL:
        return _ALL
    names = parts(len(entity.key))
    values = ", ".join(f"? AS {name}" for name in names)
    row = (
        raw(connection)
        .execute(f"SELECT {members_sql(plan, entity)} FROM (SELECT {values}) r", key)
        .fetchone()
    )
    return row[0] or ""


def expanded(connection: Connection, members: str) -> frozenset[str]:
    """The codes of a canonical list; for `*` every store that belongs to the chain today."""
    if members != _ALL:
        return frozenset(code for code in members.split(",") if code)
    rows = raw(connection).execute(
        "SELECT code FROM sync_site WHERE role = 'store' AND state IN ('active', 'blocked')"
    )
    return frozenset(code for (code,) in rows)


def own_batch(connection: Connection, stream: str, no: int, entity: str) -> OwnBatch | None:
    """A batch of an own stream in its present epoch, if it holds that entity."""
    row = (
        raw(connection)
        .execute(
            "SELECT b.no, coalesce(a.members, ''), b.sealed_at, b.uploaded_at, b.withdrawn_at, "
            "u.sites FROM sync_stream s JOIN sync_batch b ON b.stream = s.stream "
            "AND b.epoch = s.epoch AND b.no = ? LEFT JOIN sync_audience a ON a.id = b.audience "
            "LEFT JOIN sync_run u ON u.no = b.run WHERE s.stream = ? AND b.entity = ?",
            (no, stream, entity),
        )
        .fetchone()
    )
    if row is None:
        return None
    number, members, sealed_at, uploaded_at, withdrawn_at, sites = row
    chosen = None if sites in (None, _ALL) else tuple(sites.split(","))
    return OwnBatch(number, members, sealed_at, uploaded_at, withdrawn_at, chosen)


def earlier_numbers(
    connection: Connection, stream: str, entity: str, no: int
) -> tuple[dict[str, int], int]:
    """Per site the newest batch of an entity up to `no` that is for it, of the last few hundred;
    and the newest one for all."""
    rows = (
        raw(connection)
        .execute(
            """
SELECT a.members, max(b.no) FROM sync_stream s JOIN sync_batch b ON b.stream = s.stream
  AND b.epoch = s.epoch AND b.no <= :no AND b.no > :no - :back
  JOIN sync_audience a ON a.id = b.audience
WHERE s.stream = :stream AND b.entity = :entity GROUP BY b.audience""",
            {"stream": stream, "entity": entity, "no": no, "back": _EARLIER},
        )
        .fetchall()
    )
    found: dict[str, int] = {}
    for members, number in rows:
        for site in members.split(",") if members != _ALL else ():
            found[site] = max(number, found.get(site, 0))
    return found, max((number for members, number in rows if members == _ALL), default=0)


_SITE_FACTS = """
WITH meant AS (
  SELECT json_extract(value, '$[0]') AS site, json_extract(value, '$[1]') AS no,
    json_extract(value, '$[2]') AS is_bound, json_extract(value, '$[3]') AS is_meant
  FROM json_each(:sites)
),
row AS MATERIALIZED (
  SELECT m.site, m.no, m.is_bound, m.is_meant,
    (SELECT r.at FROM sync_release r WHERE r.stream = :stream AND r.site = m.site
      AND r.to_no >= m.no ORDER BY r.to_no LIMIT 1) AS own_at,
    (SELECT r.at FROM sync_release r WHERE r.stream = :stream AND r.site = '*'
      AND r.to_no >= m.no ORDER BY r.to_no LIMIT 1) AS all_at,
    (SELECT k.id FROM sync_ack k WHERE k.stream = :stream AND k.site = m.site
      AND k.epoch = e.epoch AND k.to_no >= m.no ORDER BY k.to_no, k.id LIMIT 1) AS ack_id
  FROM meant m LEFT JOIN sync_stream e ON e.stream = :stream
)
SELECT w.site, coalesce(s.name, ''), coalesce(s.state, ''), c.last_seen_at, w.no, w.is_bound,
  w.is_meant,
  CASE WHEN w.own_at IS NULL OR w.all_at < w.own_at THEN w.all_at ELSE w.own_at END,
  k.kind, k.applied_at, k.collected_at, CASE WHEN l.no >= w.no THEN l.state END,
  x.reason, x.first_at
FROM row w LEFT JOIN sync_site s ON s.code = w.site
  LEFT JOIN sync_contact c ON c.site = w.site
  LEFT JOIN sync_ack k ON k.id = w.ack_id
  LEFT JOIN sync_load l ON l.site = w.site AND l.stream = :stream
  LEFT JOIN sync_attention x ON x.site = w.site AND x.stream = :stream AND x.entity = :entity
    AND x.key = :key"""


def site_facts(
    connection: Connection,
    stream: str,
    entity: str,
    key: Key,
    sites: Iterable[tuple[str, int, bool, bool]],
) -> list[SiteFacts]:
    """How far a record of an own stream is for each site: (code, batch number, whether that is only
    a bound, whether the record is still meant for it)."""
    rows = raw(connection).execute(
        _SITE_FACTS,
        {
            "stream": stream,
            "entity": entity,
            "key": key_text(key),
            "sites": json.dumps(list(sites)),
        },
    )
    return [_site_facts(row) for row in rows]


def _site_facts(row: tuple[Any, ...]) -> SiteFacts:
    site, name, state, seen, no, is_bound, is_meant, *rest = row
    return SiteFacts(site, name, state, seen, no, bool(is_bound), bool(is_meant), *rest)


_ARRIVED = """
SELECT b.stream, b.no, b.sha256, b.raw_size, b.sealed_at, b.received_at,
  s.applied_no >= b.no,
  (SELECT k.applied_at FROM sync_ack k WHERE k.stream = b.stream AND k.site = :me
    AND k.epoch = b.epoch AND k.to_no >= b.no ORDER BY k.to_no, k.id LIMIT 1),
  (SELECT k.delivered_at FROM sync_ack k WHERE k.stream = b.stream AND k.site = :me
    AND k.epoch = b.epoch AND k.to_no >= b.no ORDER BY k.to_no, k.id LIMIT 1)
FROM sync_stream s JOIN sync_batch b ON b.stream = s.stream AND b.epoch = s.epoch"""


def arrivals(
    connection: Connection, me: str, stream: str, entity: str, limit: int
) -> tuple[Arrival, ...]:
    """The newest batches of an entity that came in a stream, newest first."""
    rows = raw(connection).execute(
        f"{_ARRIVED} AND b.no > max(s.applied_no, coalesce((SELECT max(z.no) FROM sync_batch z "
        "WHERE z.stream = s.stream AND z.epoch = s.epoch), 0)) - :back "
        "WHERE s.stream = :stream AND b.entity = :entity AND b.received_at IS NOT NULL "
        "ORDER BY b.no DESC LIMIT :limit",
        {"me": me, "stream": stream, "entity": entity, "back": _ARRIVALS, "limit": limit},
    )
    return tuple(_arrival(row) for row in rows)


def arrival_at(connection: Connection, me: str, stream: str, no: int) -> Arrival | None:
    """The batch of that number that came in a stream."""
    row = (
        raw(connection)
        .execute(
            f"{_ARRIVED} AND b.no = :no WHERE s.stream = :stream AND b.received_at IS NOT NULL",
            {"me": me, "stream": stream, "no": no},
        )
        .fetchone()
    )
    return None if row is None else _arrival(row)


def load_arrivals(
    connection: Connection, me: str, stream: str, entity: str, limit: int
) -> tuple[Arrival, ...]:
    """The parts of a first load that brought records of an entity, newest first."""
    rows = raw(connection).execute(
        """
SELECT l.stream, 0, json_extract(c.value, '$.sha256'), json_extract(c.value, '$.raw_size'),
  json_extract(c.value, '$.made_at'), json_extract(c.value, '$.at'), 1,
  json_extract(c.value, '$.at'),
  (SELECT k.delivered_at FROM sync_ack k WHERE k.stream = l.stream AND k.site = :me
    AND k.to_no >= l.no ORDER BY k.to_no, k.id LIMIT 1)
FROM sync_load l, json_each(l.chunks) c
WHERE l.site = :me AND l.stream = :stream AND json_extract(c.value, '$.entity') = :entity
ORDER BY c.key DESC LIMIT :limit""",
        {"me": me, "stream": stream, "entity": entity, "limit": limit},
    )
    return tuple(_arrival(row) for row in rows)


def _arrival(row: tuple[Any, ...]) -> Arrival:
    stream, no, sha256, raw_size, sealed_at, received_at, is_applied, *rest = row
    return Arrival(stream, no, sha256, raw_size, sealed_at, received_at, bool(is_applied), *rest)


def site_name(connection: Connection, code: str) -> str:
    """What people call a site; '' when it has no name."""
    row = raw(connection).execute("SELECT name FROM sync_site WHERE code = ?", (code,)).fetchone()
    return "" if row is None else str(row[0])


def last_run_at(connection: Connection) -> str | None:
    """When the last run here that reached its end did so."""
    row = (
        raw(connection)
        .execute(
            "SELECT ended_at FROM sync_run WHERE outcome IN ('done', 'needs attention') "
            "ORDER BY no DESC LIMIT 1"
        )
        .fetchone()
    )
    return None if row is None else str(row[0])
