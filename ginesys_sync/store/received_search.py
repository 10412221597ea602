"""The received rows that something a person searches for may mean, as the numbers of batches and of
acknowledgements; each is found by an index, one by one, so that whoever asks can stop.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from ginesys_sync.store.database import raw

_BATCHES = "SELECT id FROM sync_batch {index} WHERE received_at IS NOT NULL AND {where}"
_ACKS = "SELECT id FROM sync_ack {index} WHERE collected_at IS NOT NULL AND site <> :me AND {where}"
_OF_STREAMS = """
SELECT b.id FROM json_each(:wanted) e CROSS JOIN sync_batch b ON b.stream = e.value
WHERE +b.received_at IS NOT NULL"""
"""SQL: the cross join and the sign `+` make SQLite go by the streams, not through all batches."""
_LISTED = "IN (SELECT value FROM json_each(:wanted))"


class ReceivedSearch:
    """Rows by what is said of them. `me`: this site, whose own acknowledgements are not listed."""

    def __init__(self, connection: Connection, me: str) -> None:
        self._driver, self._me = raw(connection), me

    def _find(self, head: str, index: str, where: str, **values: object) -> Iterator[int]:
        query = head.format(index=f"INDEXED BY {index}", where=where)
        return (row[0] for row in self._driver.execute(query, {"me": self._me, **values}))

    def batches_of(self, streams: Iterable[str]) -> Iterator[int]:
        """Batches of these streams."""
        rows = self._driver.execute(_OF_STREAMS, {"wanted": _json(streams)})
        return (number for (number,) in rows)

    def batches_holding(self, kind: str, records: Iterable[int] | None) -> Iterator[int]:
        """Batches of one kind of record, with so many records of it (None: any number)."""
        index, of_kind = "sync_batch_much", "entity = :kind"
        if records is None:
            return self._find(_BATCHES, index, of_kind, kind=kind)
        where = f"{of_kind} AND records + gone {_LISTED}"
        return self._find(_BATCHES, index, where, kind=kind, wanted=_json(records))

    def batches_numbered(self, numbers: Iterable[int]) -> Iterator[int]:
        """Batches with these numbers."""
        return self._find(_BATCHES, "sync_batch_no", f"no {_LISTED}", wanted=_json(numbers))

    def batches_between(self, since: str, until: str) -> Iterator[int]:
        """Batches that came in a time, the second moment excluded."""
        where = "received_at >= :since AND received_at < :until"
        return self._find(_BATCHES, "sync_batch_came", where, since=since, until=until)

    def acks_of(self, streams: Iterable[str]) -> Iterator[int]:
        """Acknowledgements of these own streams."""
        where = f"stream {_LISTED}"
        return self._find(_ACKS, "sync_ack_reach", where, wanted=_json(streams))

    def acks_from(self, stream: str, sites: Iterable[str]) -> Iterator[int]:
        """Acknowledgements of an own stream by these sites."""
        where = f"stream = :stream AND site {_LISTED}"
        return self._find(_ACKS, "sync_ack_reach", where, stream=stream, wanted=_json(sites))

    def acks_numbered(self, numbers: Iterable[int]) -> Iterator[int]:
        """Acknowledgements up to these numbers."""
        return self._find(_ACKS, "sync_ack_no", f"to_no {_LISTED}", wanted=_json(numbers))

    def acks_between(self, since: str, until: str) -> Iterator[int]:
        """Acknowledgements that were collected in a time."""
        where = "collected_at >= :since AND collected_at < :until"
        return self._find(_ACKS, "sync_ack_came", where, since=since, until=until)

    def most_records(self, kind: str) -> int:
        """The most records of a kind that one batch holds."""
        return self._most(
            "SELECT records + gone FROM sync_batch INDEXED BY sync_batch_much WHERE received_at "
            "IS NOT NULL AND entity = ? ORDER BY records + gone DESC LIMIT 1",
            kind,
        )

    def last_batch(self) -> int:
        """The highest number of a batch that came."""
        return self._most(
            "SELECT no FROM sync_batch INDEXED BY sync_batch_no WHERE received_at IS NOT NULL "
            "ORDER BY no DESC LIMIT 1"
        )

    def last_ack(self) -> int:
        """The highest number that was acknowledged."""
        return self._most(
            "SELECT to_no FROM sync_ack INDEXED BY sync_ack_no WHERE collected_at IS NOT NULL "
            "ORDER BY to_no DESC LIMIT 1"
        )

    def _most(self, query: str, *values: object) -> int:
        row = self._driver.execute(query, values).fetchone()
        return 0 if row is None else int(row[0])


def _json(values: Iterable[object]) -> str:
    return json.dumps(list(values))
