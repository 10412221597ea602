"""How the sync's own books stand, as counts and numbers: for whoever looks for what is wrong."""

from __future__ import annotations

import sqlite3

from sqlalchemy import Connection

from ginesys_sync.store import schema
from ginesys_sync.store.database import database_faults, present_version, raw

_SHOWN_STATE = ("site", "epoch", "fence", "live_state", "capture_made_by")


def queue_state(connection: Connection) -> dict[str, object]:
    """Rows per table, waiting changes per entity, streams, releases and open requests."""
    run = raw(connection).execute
    with database_faults():
        return {
            "sqlite": sqlite3.sqlite_version,
            "tables": present_version(connection),
            "rows": {
                name: run(f"SELECT count(*) FROM {name}").fetchone()[0]
                for name in sorted(schema.metadata.tables)
            },
            "changes": dict(
                run("SELECT entity, count(*) FROM sync_change GROUP BY entity").fetchall()
            ),
            "streams": _table(connection, "SELECT * FROM sync_stream ORDER BY stream"),
            "releases": _table(
                connection,
                "SELECT stream, site, max(to_no) AS to_no FROM sync_release "
                "GROUP BY stream, site ORDER BY stream, site LIMIT 500",
            ),
            "requests": _table(
                connection, "SELECT * FROM sync_request WHERE state <> 'ended' ORDER BY id"
            ),
            "loads": _table(connection, "SELECT site, stream, no, state, at FROM sync_load"),
            "blocks": _table(connection, "SELECT kind, name, reason, who, at FROM sync_block"),
            "state": dict(
                run(
                    "SELECT name, value FROM sync_state WHERE name IN "
                    f"({', '.join('?' * len(_SHOWN_STATE))})",
                    _SHOWN_STATE,
                ).fetchall()
            ),
        }


def _table(connection: Connection, query: str) -> list[dict[str, object]]:
    cursor = raw(connection).execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
