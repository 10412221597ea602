"""What other sites say needs attention there: the first lines of it, the rest as a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from ginesys_sync.store.database import forget_state, raw, write_state

_BEYOND = "attention_beyond "
"""How many records more than those listed: `glance.BEYOND` reads it."""


def replace_attention(
    connection: Connection,
    site: str,
    stream: str,
    words: Sequence[tuple[str, str, int, str, str]],
    total: int,
    at: str,
) -> None:
    """Inside the caller's transaction: what `site` says needs attention of our stream: (entity, key
    text, no, code, reason) each, the first of `total`. The latest word replaces the earlier ones.
    """
    execute = raw(connection).execute
    keep = {(entity, key) for entity, key, *_ in words}
    for row_id, entity, key in execute(
        "SELECT id, entity, key FROM sync_attention WHERE site = ? AND stream = ?", (site, stream)
    ).fetchall():
        if (entity, key) not in keep:
            execute("DELETE FROM sync_attention WHERE id = ?", (row_id,))
    raw(connection).executemany(
        "INSERT INTO sync_attention(site, stream, entity, key, no, code, reason, first_at, "
        "last_at) "
        "VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT(site, stream, entity, key) DO UPDATE SET no = "
        "excluded.no, "
        "code = excluded.code, reason = excluded.reason, last_at = excluded.last_at",
        [
            (site, stream, entity, key, no, code, reason, at, at)
            for entity, key, no, code, reason in words
        ],
    )
    name, beyond = f"{_BEYOND}{site} {stream}", total - len(words)
    if beyond > 0:
        write_state(connection, name, str(beyond))
    else:
        forget_state(connection, name)


@dataclass(frozen=True, slots=True)
class Told:
    """One line that a site said."""

    site: str
    entity: str
    key: str
    code: str
    reason: str


def told_under(connection: Connection, codes: Sequence[str]) -> list[Told]:
    """What sites said under these codes, by site."""
    marks = ", ".join("?" * len(codes))
    rows = raw(connection).execute(
        "SELECT site, entity, key, code, reason FROM sync_attention "
        f"WHERE code IN ({marks}) ORDER BY site, entity, code",
        tuple(codes),
    )
    return [Told(*row) for row in rows]
