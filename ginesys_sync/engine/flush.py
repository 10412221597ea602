"""Flush: let go of bodies that nobody needs any more, and of runs that have nothing to tell.

A staged body is kept until every store in the chain (head office, for a store) has acknowledged its
batch, and then for some days more, as a fetched one is, so that a batch can be opened and looked
into.
"""

from __future__ import annotations

from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.staging import Staging
from ginesys_sync.store import board, ledger, run_list
from ginesys_sync.store.arrivals import forget_arrivals
from ginesys_sync.store.database import Connection, transaction
from ginesys_sync.store.fence import require_fence

KEEP_SECONDS = 7 * 86_400
KEEP_BYTES = 500_000_000
KEEP_RUNS = 2_000
"""So many runs back one can read what a run changed."""
_FORGET_EVERY = 100
_PAUSE_SECONDS = 0.02


def to_drop(bodies: list[tuple[str, int, float]], needed: set[str], now: float) -> list[str]:
    """Which bodies (name, size, written at) may go: never a needed one; the others when they are
    old, oldest first when they are too many.
    """
    spare = sorted((written, name, size) for name, size, written in bodies if name not in needed)
    total = sum(size for _, _, size in spare)
    gone = []
    for written, name, size in spare:
        if total <= KEEP_BYTES and now - written <= KEEP_SECONDS:
            continue
        gone.append(name)
        total -= size
    return gone


def flush(context: RunContext, connection: Connection) -> None:
    """Drop what may go from the staged and the fetched bodies, and from the run list; head office
    notes who was active."""
    if context.is_head_office:
        _note_activity(context, connection)
    now = context.clock.now().timestamp()
    _drop(context.inbox, set(), now)
    staged = ledger.staged_bodies(connection, context.site)
    done = {
        stream: _done_up_to(context, connection, stream)
        for stream in {stream for stream, _ in staged.values()}
    }
    needed = {name for name, (stream, no) in staged.items() if no > done[stream]}
    _drop(context.staging, needed, now)
    if context.run % _FORGET_EVERY == 0:
        with transaction(connection):
            require_fence(connection, context.fence)
            forget_arrivals(connection, context.run - KEEP_RUNS)
    run_list.purge(
        connection,
        context.clock.now(),
        lambda: require_fence(connection, context.fence),
        lambda: context.clock.sleep(_PAUSE_SECONDS),
    )


def _note_activity(context: RunContext, connection: Connection) -> None:
    with transaction(connection):
        require_fence(connection, context.fence)
        board.note_records(connection, context.run, context.now())
        board.purge_activity(connection, context.clock.now())


def _drop(folder: Staging, needed: set[str], now: float) -> None:
    for name in to_drop(folder.names(), needed, now):
        folder.drop(name)


def _done_up_to(context: RunContext, connection: Connection, stream: str) -> int:
    """How far every site that counts has acknowledged an own stream."""
    if not context.is_head_office:
        return ledger.acknowledged(connection, stream, HEAD_OFFICE)
    return ledger.acknowledged_by_all(connection, stream)
