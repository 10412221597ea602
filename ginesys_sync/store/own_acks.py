"""Which received batches an acknowledgement of this site was the first to cover."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from ginesys_sync.store.database import raw

_COVERED = """
SELECT b.id FROM json_each(:ids) e JOIN sync_ack k ON k.id = e.value
JOIN sync_stream s ON s.stream = k.stream
JOIN sync_batch b ON b.stream = k.stream AND b.epoch = k.epoch AND b.no > coalesce((
    SELECT max(p.to_no) FROM sync_ack p WHERE p.stream = k.stream AND p.site = k.site
    AND p.epoch = k.epoch AND p.to_no < k.to_no), 0)
  AND b.no <= iif(s.epoch = k.epoch, min(k.to_no, s.applied_no), k.to_no)
WHERE b.received_at IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM sync_ack p WHERE p.stream = k.stream AND p.site = k.site AND p.epoch = k.epoch
  AND p.to_no = k.to_no AND p.id < k.id)"""
_UNCOVERED = """
SELECT b.id FROM sync_stream s
JOIN sync_batch b ON b.stream = s.stream AND b.epoch = s.epoch AND b.no > coalesce((
    SELECT max(p.to_no) FROM sync_ack p WHERE p.stream = s.stream AND p.site = :me
    AND p.epoch = s.epoch), 0)
  AND b.no <= s.applied_no
WHERE b.received_at IS NOT NULL"""


def covered_by(connection: Connection, ids: Iterable[int]) -> Iterator[int]:
    """The processed batches that these own acknowledgements were the first to cover."""
    rows = raw(connection).execute(_COVERED, {"ids": json.dumps(list(ids))})
    return (number for (number,) in rows)


def covered_by_none(connection: Connection, me: str) -> Iterator[int]:
    """The processed batches that no acknowledgement of this site tells of."""
    return (number for (number,) in raw(connection).execute(_UNCOVERED, {"me": me}))
