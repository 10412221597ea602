"""What *Sent Data* and *Received Data* list: derived from the books, never stored per batch and
site.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from ginesys_sync.core.errors import Cancelled
from ginesys_sync.store import glance
from ginesys_sync.store.database import raw
from ginesys_sync.store.glance import (
    BEYOND,
    COUNT_ATTENTION,
    COUNT_QUESTIONS,
    IS_ANSWERED,
    OPEN_QUESTION,
    OpenWork,
)

_OPERATIONS = 20_000
"""Steps of a query between two looks at whether it is to stop: a millisecond or so."""
_FIRST_ACK = """(SELECT k.applied_at FROM sync_ack k WHERE k.stream = b.stream AND k.site = :me
       AND k.epoch = b.epoch AND k.to_no >= b.no ORDER BY k.to_no, k.id LIMIT 1)"""
IN_AT = f"""CASE WHEN s.epoch <> b.epoch THEN {_FIRST_ACK}
       WHEN s.applied_no >= b.no THEN coalesce({_FIRST_ACK}, b.received_at) END"""
"""When what stands in `b` was processed: once the cursor of its stream, in `s`, has come so far; of
an epoch that is over, what this site acknowledged while it lasted says how far that was."""
_RECEIVED = f"""
WITH chunk AS (
  SELECT l.stream AS stream,
    json_extract(c.value, '$.no') AS no, json_extract(c.value, '$.epoch') AS epoch,
    json_extract(c.value, '$.run') AS run, json_extract(c.value, '$.entity') AS entity,
    json_extract(c.value, '$.records') AS records, json_extract(c.value, '$.whole') AS whole,
    json_extract(c.value, '$.size') AS size, json_extract(c.value, '$.made_at') AS made_at,
    json_extract(c.value, '$.at') AS at
  FROM sync_load l, json_each(l.chunks) c WHERE l.site = :me
),
taken AS (
  SELECT stream, no, epoch, run, entity, sum(records) AS records, max(whole) AS whole,
    sum(size) AS size, max(made_at) AS made_at, max(at) AS received_at,
    max(run) OVER (PARTITION BY stream, no, epoch, entity) AS last_run
  FROM chunk GROUP BY stream, no, epoch, run, entity
),
row AS (
  SELECT b.id AS id, b.run AS run, substr(b.stream, 1, instr(b.stream, '/') - 1) AS site,
    b.stream AS stream, b.no AS no, b.entity AS entity,
    b.records + b.gone AS records, b.size AS size,
    b.sealed_at AS sealed_at, b.received_at AS received_at, {IN_AT} AS processed_at,
    (SELECT count(*) FROM sync_parked x WHERE x.stream = b.stream AND x.no = b.no
       AND x.code <> 'kept_edit') AS attention, NULL AS whole
  FROM sync_batch b LEFT JOIN sync_stream s ON s.stream = b.stream
  WHERE b.received_at IS NOT NULL {{of_batch}}
  UNION ALL
  SELECT 0, b.run, substr(b.stream, 1, instr(b.stream, '/') - 1), b.stream, b.no, b.entity,
    b.records, b.size, b.made_at, b.received_at, {IN_AT},
    CASE WHEN b.run = b.last_run THEN (SELECT count(*) FROM sync_parked x
       WHERE x.stream = b.stream AND x.no = b.no AND x.entity = b.entity
       AND x.code <> 'kept_edit') ELSE 0 END, b.whole
  FROM taken b LEFT JOIN sync_stream s ON s.stream = b.stream
  UNION ALL
  SELECT -k.id, k.run, k.site, k.stream, k.to_no, '', k.to_no - k.from_no, 0, k.applied_at,
    k.collected_at, k.collected_at, k.parked_total, NULL
  FROM sync_ack k WHERE k.site <> :me {{of_ack}}
)
SELECT id, run, site, stream, no, entity, records, size, sealed_at, received_at, processed_at,
  attention, whole FROM row
"""


@dataclass(frozen=True, slots=True)
class ReceivedRow:
    """One batch of another site, or one acknowledgement that was collected (then `entity` is empty,
    `no` is how far it reaches and `records` how many batches it covers), or what a run took of one
    entity of a first load (then `whole` is how many records of it the load holds, `no` how far the
    load reaches and `id` is 0).
    """

    id: int
    run: int
    site: str
    stream: str
    no: int
    entity: str
    records: int
    size: int
    sealed_at: str
    received_at: str
    processed_at: str | None
    attention: int
    whole: int | None


def received_rows(
    connection: Connection,
    me: str,
    run: int | None = None,
    site: str = "",
    with_acks: bool = True,
) -> Iterator[ReceivedRow]:
    """Received rows, newest run and batch first; behind the batches of a run its part of a first
    load, and then acknowledgements.
    """
    where, values = _wanted(run, site)
    of_batch, of_ack = "", "" if with_acks else "AND 0"
    if run is not None:
        of_batch, of_ack = "AND b.run = :run", of_ack + " AND k.run = :run"
    if site:
        of_ack += " AND k.site = :site"
    order = "run DESC, id DESC, site, received_at DESC, stream, entity"
    query = _RECEIVED.format(of_batch=of_batch, of_ack=of_ack)
    for row in raw(connection).execute(f"{query} {where} ORDER BY {order}", {"me": me, **values}):
        yield ReceivedRow(*row)


def load_rows(connection: Connection, me: str) -> Iterator[ReceivedRow]:
    """What runs took of first loads, newest run first."""
    query = _RECEIVED.format(of_batch="AND 0", of_ack="AND 0")
    order = "run DESC, site, received_at DESC, stream, entity"
    for row in raw(connection).execute(f"{query} ORDER BY {order}", {"me": me}):
        yield ReceivedRow(*row)


def count_received_rows(connection: Connection, me: str, site: str = "") -> int:
    """How many received rows there are, from one site when given."""
    query = """
SELECT (SELECT count(*) FROM sync_batch WHERE received_at IS NOT NULL
    AND :site IN ('', substr(stream, 1, instr(stream, '/') - 1)))
  + (SELECT count(*) FROM (SELECT DISTINCT l.stream, json_extract(c.value, '$.no'),
      json_extract(c.value, '$.epoch'), json_extract(c.value, '$.run'),
      json_extract(c.value, '$.entity') FROM sync_load l, json_each(l.chunks) c WHERE l.site = :me
      AND :site IN ('', substr(l.stream, 1, instr(l.stream, '/') - 1))))
  + (SELECT count(*) FROM sync_ack WHERE site <> :me AND :site IN ('', site))"""
    return int(raw(connection).execute(query, {"me": me, "site": site}).fetchone()[0])


@contextmanager
def stoppable(connection: Connection, is_stopped: Callable[[], bool]) -> Iterator[None]:
    """Inside, a long query ends soon after `is_stopped()`. Raises Cancelled then."""
    driver = raw(connection)
    driver.set_progress_handler(lambda: int(is_stopped()), _OPERATIONS)
    try:
        yield
    except sqlite3.OperationalError as fault:
        if not is_stopped():
            raise
        raise Cancelled("This was stopped by a person.", detail=str(fault)) from fault
    finally:
        driver.set_progress_handler(None, 0)


def _wanted(run: int | None, site: str) -> tuple[str, dict[str, object]]:
    conditions, values = [], dict[str, object]()
    if run is not None:
        conditions.append("run = :run")
        values["run"] = run
    if site:
        conditions.append("site = :site")
        values["site"] = site
    return ("WHERE " + " AND ".join(conditions) if conditions else ""), values


def waiting_records(connection: Connection) -> dict[str, int]:
    """Records sealed for each site that it may not read yet."""
    return {site: work.waiting for site, work in open_work(connection).items() if work.waiting}


def waiting_by_stream(connection: Connection) -> dict[str, int]:
    """Records sealed in each own stream beyond what every active store may read: what a blocked
    lane keeps back.
    """
    rows = raw(connection).execute(
        "WITH reach AS (SELECT t.stream, (SELECT min(coalesce((SELECT max(r.to_no) "
        "FROM sync_release r WHERE r.stream = t.stream AND r.site IN (s.code, '*')), 0)) "
        "FROM sync_site s WHERE s.role = 'store' AND s.state = 'active') AS no FROM sync_stream t) "
        "SELECT b.stream, sum(b.records + b.gone) FROM reach JOIN sync_batch b "
        "ON b.stream = reach.stream AND b.no > reach.no WHERE b.received_at IS NULL "
        "AND b.withdrawn_at IS NULL GROUP BY b.stream"
    )
    return dict(rows.fetchall())


def open_work(connection: Connection) -> dict[str, OpenWork]:
    """What waits for each site, and what it has not acknowledged."""
    return glance.open_work(raw(connection))


@dataclass(frozen=True, slots=True)
class AttentionLine:
    """One record that needs attention, here or at a site that said so."""

    id: int
    site: str
    entity: str
    key: str
    code: str
    reason: str
    missing: str
    stream: str
    no: int
    first_at: str
    last_at: str
    tries: int


def attention_lines(
    connection: Connection, me: str, offset: int, limit: int
) -> list[AttentionLine]:
    """What needs attention, newest first."""
    query = f"""
SELECT id, :me, entity, rtrim(k1 || ' / ' || k2 || ' / ' || k3 || ' / ' || k4, ' /'), code, reason,
  missing, stream, no, first_at, last_at, tries FROM sync_parked WHERE code <> 'kept_edit'
UNION ALL
SELECT -id, site, entity, key, code, reason, '', stream, no, first_at, last_at, 0
FROM sync_attention
UNION ALL
SELECT 0, site, '', '', 'more', n || ' more records of ' || stream || ' need attention at ' || site
  || '; its own list shows them all.', '', stream, 0, '', '', 0 FROM ({BEYOND})
UNION ALL
SELECT 0, :me, value ->> 'entity', '', iif(name < 'e', 'deletion_asks', 'sweep_asks'),
  coalesce(value ->> 'words', (value ->> 'extra') || ' of the ' || (value ->> 'total')
  || ' records here are not in head office''s full load. Say whether they may go.'), '',
  coalesce(value ->> 'stream', ''), coalesce(value ->> 'no', 0), value ->> 'asked_at',
  value ->> 'asked_at', 0 FROM sync_state WHERE {OPEN_QUESTION}
ORDER BY 11 DESC, 1 DESC LIMIT :limit OFFSET :offset"""
    rows = raw(connection).execute(query, {"me": me, "limit": limit, "offset": offset})
    return [AttentionLine(*row) for row in rows]


def count_attention(connection: Connection) -> int:
    """How many records need attention and how many questions wait for an answer, here and at sites
    that said so."""
    return int(raw(connection).execute(COUNT_ATTENTION).fetchone()[0])


def count_questions(connection: Connection) -> int:
    """How many of these are questions."""
    return int(raw(connection).execute(COUNT_QUESTIONS).fetchone()[0])


def attention_by_site(connection: Connection) -> dict[str, int]:
    """Records that need attention at each site that said so."""
    return dict(
        raw(connection)
        .execute(
            "SELECT site, sum(n) FROM (SELECT site, count(*) AS n FROM sync_attention "
            f"WHERE NOT {IS_ANSWERED} GROUP BY site UNION ALL SELECT site, n FROM ({BEYOND})) "
            "GROUP BY site"
        )
        .fetchall()
    )


def books_version(connection: Connection) -> int:
    """A number that changes whenever another connection has committed something to this
    database.
    """
    return int(raw(connection).execute("PRAGMA data_version").fetchone()[0])


def parked_by_origin(connection: Connection) -> list[tuple[str, int]]:
    """Records that need attention here, per site they came from."""
    query = "SELECT origin, count(*) FROM sync_parked WHERE code <> 'kept_edit' GROUP BY origin"
    return [(origin, count) for origin, count in raw(connection).execute(query)]


def problems_of(connection: Connection, stream: str, no: int, entity: str = "") -> dict[str, str]:
    """Why records of a batch (of one entity, where several share a number) need attention, here or
    at a site: key as a person reads it → reason.
    """
    query = """
SELECT rtrim(k1 || ' / ' || k2 || ' / ' || k3 || ' / ' || k4, ' /'), reason FROM sync_parked
WHERE stream = :stream AND no = :no AND :entity IN ('', entity) AND code <> 'kept_edit'
UNION ALL SELECT key, reason || ' (' || site || ')' FROM sync_attention
WHERE stream = :stream AND no = :no AND :entity IN ('', entity)"""
    wanted = {"stream": stream, "no": no, "entity": entity}
    return dict(raw(connection).execute(query, wanted).fetchall())
