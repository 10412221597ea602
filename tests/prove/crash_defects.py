"""Classic defects for the processes that are killed: each must be found by the crash part.

They are switched on inside the child alone; whoever heals afterwards is the program as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ginesys_sync.engine import run, upload
from ginesys_sync.engine.bodies import BodyWork
from ginesys_sync.engine.staging import Staging
from ginesys_sync.relay.database import Database
from ginesys_sync.store import ledger
from ginesys_sync.store.claiming import ClaimWriter
from ginesys_sync.store.database import Connection, transaction


def cursor_before_rows() -> None:
    """Move the cursor in a transaction of its own, before the batch's records."""
    honest = BodyWork.apply

    def hasty(self: BodyWork, work: Any, at_end: Callable[[], None]) -> None:
        with transaction(self._applier.connection):
            at_end()
        honest(self, work, at_end)

    BodyWork.apply = hasty  # type: ignore[method-assign]


def body_after_its_claim() -> None:
    """Keep a sealed body on disk only when its claim is committed."""
    put, commit = Staging.put, ClaimWriter.commit
    waiting: list[tuple[Staging, str, bytes]] = []

    def later(self: Staging, name: str, data: bytes, is_durable: bool = True) -> None:
        if is_durable:
            waiting.append((self, name, data))
        else:
            put(self, name, data, is_durable)

    def committed(self: ClaimWriter, *facts: Any) -> tuple[int, ...]:
        numbers = commit(self, *facts)
        while waiting:
            put(*waiting.pop(0))
        return numbers

    Staging.put = later  # type: ignore[method-assign]
    ClaimWriter.commit = committed  # type: ignore[method-assign]


def uploaded_before_it_is() -> None:
    """Write UPLOADED into the books, then upload."""
    honest = upload.post

    def boastful(context: Any, connection: Connection, batches: Sequence[Any], bodies: Any) -> None:
        with transaction(connection):
            for batch in batches:
                ledger.note_uploaded(connection, batch.stream, batch.epoch, batch.no, context.now())
        honest(context, connection, batches, bodies)

    upload.post = run.post = boastful  # type: ignore[attr-defined]


def half_a_transaction() -> None:
    """Have the Web Database commit every statement by itself."""

    @contextmanager
    def none(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
        yield

    Database._transaction = staticmethod(none)  # type: ignore[method-assign, assignment]


DEFECTS: dict[str, Callable[[], None]] = {
    each.__name__: each
    for each in (
        cursor_before_rows,
        body_after_its_claim,
        uploaded_before_it_is,
        half_a_transaction,
    )
}
