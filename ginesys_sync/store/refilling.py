"""What this site's books say that a Web Database should know of it, when that was lost there."""

from __future__ import annotations

from sqlalchemy import Connection

from ginesys_sync.store import ledger, schema
from ginesys_sync.store.database import raw, read_state, write_state

_OPENED = "opened"
_SINCE = "begun_since"
_KEEP_BOTH = "keep both "
ACKS_COLLECTED = "acks_collected"
_WITHDRAWALS = "withdrawals"


def opened_run(connection: Connection, epoch: str) -> int:
    """The last run that was opened at the Web Database in this epoch; 0 when none was."""
    of, _, run = (read_state(connection, _OPENED) or "").partition(" ")
    return int(run) if of == epoch else 0


def note_opened(connection: Connection, epoch: str, run: int) -> None:
    """Inside the caller's transaction: the Web Database knows of this run and all before it."""
    write_state(connection, _OPENED, f"{epoch} {run}")


def begin_since(connection: Connection, epoch: str, token: str) -> None:
    """Inside the caller's transaction: a run begins, the first one after the last that was opened,
    unless another has begun since."""
    opened, (of, _) = opened_run(connection, epoch), _since(connection)
    if of != f"{epoch} {opened}":
        write_state(connection, _SINCE, f"{epoch} {opened} {token}")


def first_since(connection: Connection) -> str:
    """The token of the first run that began after the last that was opened."""
    return _since(connection)[1]


def _since(connection: Connection) -> tuple[str, str]:
    of, _, token = (read_state(connection, _SINCE) or "").rpartition(" ")
    return of, token


def begin_incoming(connection: Connection, stream: str, epoch: str, until: str) -> None:
    """Inside the caller's transaction: a stream of another site is read in this epoch. One that was
    read in an earlier one belongs to a site that was enrolled again, and may send older versions.
    """
    known = raw(connection).execute("SELECT epoch FROM sync_stream WHERE stream = ?", (stream,))
    (before,) = known.fetchone() or (epoch,)
    if before != epoch:
        keep_both(connection, stream, until)
    ledger.ensure_stream(connection, stream, epoch)


def keep_both(connection: Connection, stream: str, until: str) -> None:
    """Inside the caller's transaction: until that moment (ISO), a record of this stream that takes
    the place of another version is kept with it.
    """
    write_state(connection, _KEEP_BOTH + stream, until)


def keeps_both(connection: Connection, stream: str, at: str) -> bool:
    """Whether both versions are kept of what a stream brings now."""
    return at < (read_state(connection, _KEEP_BOTH + stream) or "")


def releases(connection: Connection, stream: str) -> dict[str, int]:
    """How far each site (`*`: all) was let read an own stream."""
    return dict(
        raw(connection)
        .execute(
            "SELECT site, max(to_no) FROM sync_release WHERE stream = ? GROUP BY site", (stream,)
        )
        .fetchall()
    )


def received_at(connection: Connection, stream: str, epoch: str, no: int) -> tuple[int, str] | None:
    """The last batch of another site up to number `no` that came here: number and SHA-256."""
    row = (
        raw(connection)
        .execute(
            "SELECT no, sha256 FROM sync_batch WHERE stream = ? AND epoch = ? AND no <= ? "
            "AND received_at IS NOT NULL ORDER BY no DESC LIMIT 1",
            (stream, epoch, no),
        )
        .fetchone()
    )
    return None if row is None else (int(row[0]), str(row[1]))


def loaded_no(connection: Connection, stream: str, site: str) -> int:
    """How far first loads brought a stream here; 0 when none did."""
    found = raw(connection).execute(
        "SELECT max(k.to_no) FROM sync_ack k JOIN sync_stream s ON s.stream = k.stream "
        "AND s.epoch = k.epoch WHERE k.stream = ? AND k.site = ? AND k.kind = 'load'",
        (stream, site),
    )
    return int(found.fetchone()[0] or 0)


def go_back(connection: Connection, stream: str, no: int) -> None:
    """Inside the caller's transaction: what another site sent beyond `no` is read once more; what
    was listed of it, under numbers that may be others now, is forgotten.
    """
    execute = raw(connection).execute
    execute("UPDATE sync_stream SET applied_no = ? WHERE stream = ?", (no, stream))
    execute(
        "DELETE FROM sync_batch WHERE stream = ? AND no > ? AND received_at IS NOT NULL "
        "AND epoch = (SELECT epoch FROM sync_stream WHERE stream = ?)",
        (stream, no, stream),
    )


def acknowledge_all_again(connection: Connection, site: str, run: int, at: str) -> None:
    """Inside the caller's transaction: say of every stream that this site reads how far it is."""
    for name, state in ledger.streams(connection).items():
        if state.applied_no and not name.startswith(f"{site}/"):
            ledger.acknowledge_again(connection, name, site, run, at)


def collect_from_the_first(connection: Connection) -> None:
    """Inside the caller's transaction: the Web Database may number its acknowledgements anew (it
    was brought back, or this site joined once more, perhaps after it was lost): all that it has
    are collected.
    """
    write_state(connection, ACKS_COLLECTED, "0")


def withdrawals_word(connection: Connection) -> str:
    """The Web Database's word for what is withdrawn when these books last said the same of it."""
    return read_state(connection, _WITHDRAWALS) or ""


def note_withdrawals(connection: Connection, before: str, after: str) -> None:
    """Inside the caller's transaction: the books say the same as the Web Database, if they did when
    its word was `before`; it is `after` now."""
    if withdrawals_word(connection) == before:
        write_state(connection, _WITHDRAWALS, after)


def forget_acknowledgements(connection: Connection, site: str) -> None:
    """Inside the caller's transaction: this site joins another Web Database, which knows nothing of
    what was to be acknowledged at the one before, or of the first loads owed there.
    """
    raw(connection).execute("DELETE FROM sync_ack WHERE site = ? AND delivered_at IS NULL", (site,))
    connection.execute(schema.load.delete().where(schema.load.c.site != site))
