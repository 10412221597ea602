"""What each run received, summed in the database."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from ginesys_sync.store.database import raw
from ginesys_sync.store.grids import IN_AT

_BATCHES = f"""
SELECT entity, count(*), sum(records), sum(size), max(received_at), count(at), max(at)
FROM (SELECT b.id, b.entity, b.records + b.gone AS records, b.size, b.received_at, {IN_AT} AS at
  FROM sync_batch b LEFT JOIN sync_stream s ON s.stream = b.stream
  WHERE b.run = :run AND b.received_at IS NOT NULL)
GROUP BY entity ORDER BY max(id) DESC"""
_ACKS = """
SELECT count(*), coalesce(sum(parked_total), 0), max(collected_at) FROM sync_ack
INDEXED BY sync_ack_collected WHERE run = :run AND collected_at IS NOT NULL AND site <> :me"""
_NEXT_OF_BATCHES = """
SELECT run FROM sync_batch WHERE received_at IS NOT NULL AND run < ? ORDER BY run DESC LIMIT 1"""
_NEXT_OF_ACKS = """
SELECT run FROM sync_ack INDEXED BY sync_ack_collected
WHERE collected_at IS NOT NULL AND run < ? AND site <> ? ORDER BY run DESC LIMIT 1"""
NEWEST = 1 << 62
"""A number that no run has: before it are all."""


@dataclass(frozen=True, slots=True)
class KindSum:
    """The batches of one kind of record that a run brought. `processed`: how many of them are."""

    entity: str
    batches: int
    records: int
    size: int
    received_at: str
    processed: int
    processed_at: str | None


@dataclass(frozen=True, slots=True)
class AckSum:
    """The acknowledgements that a run collected; `parked`: records they say need attention."""

    count: int
    parked: int
    collected_at: str | None


def run_before(connection: Connection, me: str, run: int) -> int | None:
    """The newest run before this one that received a batch or an acknowledgement."""
    driver = raw(connection)
    found = (
        driver.execute(_NEXT_OF_BATCHES, (run,)).fetchone(),
        driver.execute(_NEXT_OF_ACKS, (run, me)).fetchone(),
    )
    return max((row[0] for row in found if row is not None), default=None)


def batches_of_run(connection: Connection, me: str, run: int) -> list[KindSum]:
    """What a run brought, the kind of its newest batch first."""
    rows = raw(connection).execute(_BATCHES, {"run": run, "me": me})
    return [KindSum(*row) for row in rows]


def acks_of_run(connection: Connection, me: str, run: int) -> AckSum:
    """What a run collected."""
    return AckSum(*raw(connection).execute(_ACKS, {"run": run, "me": me}).fetchone())
