"""Alerts as head office keeps them: a row from the moment something is wrong at a site until it is
right again; cleared ones are the history.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from ginesys_sync.store.database import raw

_COLUMNS = "SELECT id, kind, site, words, since, told_at, cleared_at FROM sync_alert"


@dataclass(frozen=True, slots=True)
class KeptAlert:
    """One alert. Moments are ISO texts; `cleared_at` None: it is open."""

    id: int
    kind: str
    site: str
    words: str
    since: str
    told_at: str | None
    cleared_at: str | None


def open_alerts(connection: Connection) -> tuple[KeptAlert, ...]:
    """What is wrong now, oldest first."""
    rows = raw(connection).execute(f"{_COLUMNS} WHERE cleared_at IS NULL ORDER BY id")
    return tuple(KeptAlert(*row) for row in rows)


def alert_history(connection: Connection, limit: int) -> tuple[KeptAlert, ...]:
    """The newest alerts, open or not, newest first."""
    rows = raw(connection).execute(f"{_COLUMNS} ORDER BY id DESC LIMIT ?", (limit,))
    return tuple(KeptAlert(*row) for row in rows)


def untold_alerts(connection: Connection, after: int) -> tuple[KeptAlert, ...]:
    """Open alerts numbered above `after`."""
    rows = raw(connection).execute(
        f"{_COLUMNS} WHERE cleared_at IS NULL AND id > ? ORDER BY id", (after,)
    )
    return tuple(KeptAlert(*row) for row in rows)


def newest_alert(connection: Connection) -> int:
    """The highest number so far."""
    return int(raw(connection).execute("SELECT coalesce(max(id), 0) FROM sync_alert").fetchone()[0])


def open_alert(connection: Connection, kind: str, site: str, words: str, since: str) -> None:
    """Inside the caller's transaction."""
    raw(connection).execute(
        "INSERT INTO sync_alert(kind, site, words, since) VALUES (?, ?, ?, ?)",
        (kind, site, words, since),
    )


def clear_alerts(connection: Connection, numbers: Iterable[int], at: str) -> None:
    """Inside the caller's transaction: these are right again."""
    raw(connection).executemany(
        "UPDATE sync_alert SET cleared_at = ? WHERE id = ?", [(at, number) for number in numbers]
    )


def note_told(connection: Connection, numbers: Iterable[int], at: str) -> None:
    """Inside the caller's transaction: somebody was told of these."""
    raw(connection).executemany(
        "UPDATE sync_alert SET told_at = ? WHERE id = ? AND told_at IS NULL",
        [(at, number) for number in numbers],
    )
