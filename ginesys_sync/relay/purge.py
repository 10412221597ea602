"""Forgetting: a body is dropped some days after nobody needs it any more, so that a site that is
brought back from a backup finds its own mail and that of others.

A batch is finished when every member of its audience has applied it. Of the members that count:

- for what head office sends, the stores in the chain, blocked ones too: they will be let in again,
  and need no load then. One that still waits for a first load counts only if it has applied
  something before, one that was offered a load holds what comes after it;
- for what a store sends, head office always, enrolled or not.

Batches keep their row (marked purged). Bodies go in two steps: their rows with the
batches, the files after that commit, under a second look; so a kill in between leaves a file too
many, never one too few.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ginesys_sync.core.clock import iso
from ginesys_sync.core.model import Role
from ginesys_sync.relay.bodies import body_path
from ginesys_sync.relay.desk import NO_END, Relay

_APPLIED = f"""
    CASE WHEN r.load = 'ready' THEN max(r.acked, r.load_no)
         WHEN r.load = 'wanted' AND r.acked = 0 THEN {NO_END}
         ELSE coalesce(r.acked, 0) END
"""
_MEMBERS_OF_ALL = f"""
    SELECT {_APPLIED} AS applied FROM sites m
    LEFT JOIN reach r ON r.organisation = m.organisation AND r.stream = :stream AND r.site = m.site
    WHERE m.organisation = :organisation AND m.state IN ('active', 'blocked') AND m.site <> :origin
"""
_MEMBERS_OF_SET = f"""
    SELECT {_APPLIED} AS applied FROM audience_members a
    LEFT JOIN sites m ON m.organisation = a.organisation AND m.site = a.site
    LEFT JOIN reach r ON r.organisation = a.organisation AND r.stream = :stream AND r.site = a.site
    WHERE a.organisation = :organisation AND a.audience = :audience AND a.site <> :origin
      AND (m.state IN ('active', 'blocked') OR :from_store AND coalesce(m.state, '') <> 'closed')
"""


def purge_acked(
    relay: Relay, writer: sqlite3.Connection, stream: int, site: str, after: int, upto: int
) -> list[str]:
    """Note what `site`'s progress from `after` to `upto` finished, and forget what has been
    for long; the hashes of dropped files.

    Only batches in that range can have become finished, so the work is that of the range.
    """
    rows = writer.execute(
        "SELECT no, audience FROM batches b WHERE organisation = ? AND stream = ?"
        " AND purged = 0 AND no > ? AND no <= ? AND (audience = '*' OR EXISTS (SELECT 1"
        " FROM audience_members m WHERE m.organisation = b.organisation"
        " AND m.audience = b.audience AND m.site = ?))",
        (relay.organisation, stream, after, upto, site),
    ).fetchall()
    _note_finished(relay, writer, stream, rows)
    return _purge_old(relay, writer)


def purge_everything(relay: Relay, writer: sqlite3.Connection) -> list[str]:
    """Look at every batch that is still needed: after a site changed, and once at the start."""
    organisation = relay.organisation
    streams = writer.execute(
        "SELECT stream FROM streams WHERE organisation = ?", (organisation,)
    ).fetchall()
    for (stream,) in streams:
        rows = writer.execute(
            "SELECT no, audience FROM batches b WHERE organisation = ? AND stream = ?"
            " AND purged = 0 AND NOT EXISTS (SELECT 1 FROM finished f"
            " WHERE f.organisation = b.organisation AND f.stream = b.stream AND f.no = b.no)",
            (organisation, stream),
        ).fetchall()
        _note_finished(relay, writer, stream, rows)
    return _purge_old(relay, writer)


def _note_finished(
    relay: Relay, writer: sqlite3.Connection, stream: int, rows: list[sqlite3.Row]
) -> None:
    lowest: dict[str, int] = {}
    for row in rows:
        lowest[row["audience"]] = min(row["no"], lowest.get(row["audience"], NO_END))
    done = {
        audience: finished_upto(writer, relay.organisation, stream, audience, low)
        for audience, low in lowest.items()
    }
    now = relay.now()
    writer.executemany(
        "INSERT OR IGNORE INTO finished VALUES (?, ?, ?, ?)",
        [
            (relay.organisation, stream, row["no"], now)
            for row in rows
            if row["no"] <= done[row["audience"]]
        ],
    )


def _purge_old(relay: Relay, writer: sqlite3.Connection) -> list[str]:
    """Let go of batches that were finished so many days ago; the hashes of dropped files."""
    before = iso(relay.clock.now() - relay.keep)
    rows = writer.execute(
        "SELECT f.stream, f.no, b.sha256 FROM finished f JOIN batches b"
        " USING (organisation, stream, no) WHERE f.organisation = ? AND f.at <= ?",
        (relay.organisation, before),
    ).fetchall()
    keys = [(relay.organisation, row["stream"], row["no"]) for row in rows]
    where = "WHERE organisation = ? AND stream = ? AND no = ?"
    writer.executemany(f"UPDATE batches SET purged = 1 {where}", keys)
    writer.executemany(f"DELETE FROM finished {where}", keys)
    return drop_bodies(writer, relay.organisation, {row["sha256"] for row in rows})


def finished_upto(
    reader: sqlite3.Connection, organisation: str, stream: int, audience: str, low: int
) -> int:
    """How far every member that counts has applied the stream; -1 when one is below `low`."""
    origin, role = reader.execute(
        "SELECT origin, role FROM streams JOIN sites ON sites.organisation = streams.organisation"
        " AND sites.site = origin WHERE streams.organisation = ? AND stream = ?",
        (organisation, stream),
    ).fetchone()
    members = _MEMBERS_OF_ALL if audience == "*" else _MEMBERS_OF_SET
    facts = {
        "organisation": organisation,
        "stream": stream,
        "audience": audience,
        "origin": origin,
        "from_store": role == Role.STORE,
        "low": low,
    }
    if reader.execute(f"SELECT 1 FROM ({members}) WHERE applied < :low LIMIT 1", facts).fetchone():
        return -1
    (least,) = reader.execute(f"SELECT min(applied) FROM ({members})", facts).fetchone()
    return NO_END if least is None else int(least)


def drop_bodies(writer: sqlite3.Connection, organisation: str, hashes: Iterable[str]) -> list[str]:
    """Drop rows of bodies that no kept batch and no open load names; those that have files."""
    files: list[str] = []
    for sha256 in sorted(set(hashes)):
        row = writer.execute(
            "DELETE FROM bodies WHERE organisation = :organisation AND sha256 = :sha256"
            " AND NOT EXISTS (SELECT 1 FROM batches WHERE organisation = :organisation"
            "  AND sha256 = :sha256 AND purged = 0)"
            " AND NOT EXISTS (SELECT 1 FROM load_chunks WHERE organisation = :organisation"
            "  AND sha256 = :sha256)"
            " RETURNING typeof(data) AS kind",  # SQLite 3.40 answers IS NULL wrongly here
            {"organisation": organisation, "sha256": sha256},
        ).fetchone()
        if row and row["kind"] == "null":
            files.append(sha256)
    return files


def drop_files(relay: Relay, hashes: list[str]) -> None:
    """Remove files whose rows are gone; a body that came again meanwhile has a row and stays."""
    if not hashes:
        return
    with relay.database.writing() as writer:
        for sha256 in hashes:
            known = writer.execute(
                "SELECT 1 FROM bodies WHERE organisation = ? AND sha256 = ?",
                (relay.organisation, sha256),
            ).fetchone()
            if not known:
                body_path(relay, sha256).unlink(missing_ok=True)
