"""Runs, what asks for them, and how they go: the rows through which windows and the service talk to
each other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from ginesys_sync.core.status import Outcome
from ginesys_sync.store import schema
from ginesys_sync.store.database import raw, transaction

ASKED, TAKEN, ENDED = "asked", "taken", "ended"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run as kept. `sites` None: all. `tally` is what it did, as `engine.tally` writes it."""

    no: int
    started_at: str
    ended_at: str | None
    trigger: str
    who: str
    what: str
    sites: tuple[str, ...] | None
    outcome: Outcome | None
    tally: dict[str, Any]
    message: str
    title: str
    advice: str
    detail: str
    code: str


@dataclass(frozen=True, slots=True)
class Request:
    """A run that somebody asked for."""

    id: int
    sites: tuple[str, ...] | None
    trigger: str
    who: str
    state: str
    run: int | None
    is_cancelled: bool
    message: str


def _sites_text(sites: Sequence[str] | None) -> str:
    return "*" if sites is None else ",".join(sites)


def _sites(text: str) -> tuple[str, ...] | None:
    return None if text == "*" else tuple(code for code in text.split(",") if code)


def begin_run(
    connection: Connection, trigger: str, who: str, what: str, sites: Sequence[str] | None, at: str
) -> int:
    """A new run's number, durable before anything is done under it; one more than any this database
    ever gave.
    """
    with transaction(connection):
        execute = raw(connection).execute
        (last,) = execute("SELECT max(no) FROM sync_run").fetchone()
        no = int(last or 0) + 1
        execute(
            'INSERT INTO sync_run(no, started_at, "trigger", who, what, sites) '
            "VALUES (?,?,?,?,?,?)",
            (no, at, trigger, who, what, _sites_text(sites)),
        )
    return no


def end_run(
    connection: Connection,
    no: int,
    outcome: Outcome,
    at: str,
    tally: dict[str, Any],
    message: str,
    fault: tuple[str, str, str, str] = ("", "", "", ""),
) -> None:
    """Note how a run ended. `fault` is (title, advice, detail, code)."""
    title, advice, detail, code = fault
    with transaction(connection):
        raw(connection).execute(
            "UPDATE sync_run SET ended_at = ?, outcome = ?, tally = ?, message = ?, title = ?, "
            "advice = ?, detail = ?, code = ? WHERE no = ?",
            (
                at,
                outcome.value,
                json.dumps(tally),
                message,
                title,
                advice,
                detail[:4000],
                code,
                no,
            ),
        )


def renumber_run(connection: Connection, no: int, to: int) -> None:
    """Inside the caller's transaction: a run under way takes a higher number, because the database
    was brought back from an older copy and the numbers up to there were used.
    """
    execute = raw(connection).execute
    for table, column in (("sync_run", "no"), ("sync_request", "run"), ("sync_progress", "run")):
        execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (to, no))


def close_killed(connection: Connection, at: str) -> int:
    """Runs that never ended were killed: say so. Called by the next run, under the lock. Returns
    how many.
    """
    with transaction(connection):
        found = raw(connection).execute(
            "UPDATE sync_run SET ended_at = ?, outcome = ?, code = 'killed', title = ?, "
            "advice = ?, message = ? WHERE ended_at IS NULL",
            (
                at,
                Outcome.STOPPED.value,
                "This sync was ended from outside before it could finish.",
                "Nothing is lost: the next sync finished its work.",
                "Sync stopped: it was ended from outside. Nothing is lost. The next sync finished "
                "its work.",
            ),
        )
    return found.rowcount


def runs(connection: Connection, before: int | None, limit: int) -> tuple[RunRecord, ...]:
    """Runs, newest first, numbered below `before`."""
    query = select(schema.run).order_by(schema.run.c.no.desc()).limit(limit)
    if before is not None:
        query = query.where(schema.run.c.no < before)
    return tuple(_run(row) for row in connection.execute(query))


def runs_after(connection: Connection, no: int) -> tuple[RunRecord, ...]:
    """Runs numbered above `no`, oldest first."""
    query = select(schema.run).where(schema.run.c.no > no).order_by(schema.run.c.no)
    return tuple(_run(row) for row in connection.execute(query))


def next_run(connection: Connection) -> int:
    """The number that the next run will have."""
    return int(connection.execute(select(func.max(schema.run.c.no))).scalar() or 0) + 1


def run_of(connection: Connection, no: int) -> RunRecord | None:
    """One run."""
    row = connection.execute(select(schema.run).where(schema.run.c.no == no)).first()
    return None if row is None else _run(row)


def _run(row: Row[Any]) -> RunRecord:
    return RunRecord(
        row.no,
        row.started_at,
        row.ended_at,
        row.trigger,
        row.who,
        row.what,
        _sites(row.sites),
        Outcome(row.outcome) if row.outcome else None,
        json.loads(row.tally),
        row.message,
        row.title,
        row.advice,
        row.detail,
        row.code,
    )


def write_progress(connection: Connection, run: int, stages: dict[str, Any], at: str) -> None:
    """How a run stands, for the windows. One row; the earlier runs' rows go."""
    with transaction(connection):
        raw(connection).execute("DELETE FROM sync_progress WHERE run <> ?", (run,))
        raw(connection).execute(
            "INSERT INTO sync_progress(run, at, stages) VALUES (?,?,?) "
            "ON CONFLICT(run) DO UPDATE SET at = excluded.at, stages = excluded.stages",
            (run, at, json.dumps(stages)),
        )


def read_progress(connection: Connection, run: int) -> dict[str, Any]:
    """What `write_progress` last wrote of a run; empty when there is nothing."""
    found = connection.execute(
        select(schema.progress.c.stages).where(schema.progress.c.run == run)
    ).scalar()
    return json.loads(found) if found else {}


def ask(
    connection: Connection, sites: Sequence[str] | None, trigger: str, who: str, at: str
) -> int:
    """Ask the service for a run. Returns the request's number."""
    with transaction(connection):
        result = connection.execute(
            schema.request.insert().values(
                asked_at=at, sites=_sites_text(sites), trigger=trigger, who=who, state=ASKED
            )
        )
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


def ask_once(connection: Connection, trigger: str, who: str, at: str) -> None:
    """Ask for a run to all, unless one that nobody has taken yet is asked for already."""
    table = schema.request
    with transaction(connection):
        waits = select(table.c.id).where(table.c.state == ASKED, table.c.sites == "*").limit(1)
        if connection.execute(waits).first() is None:
            connection.execute(
                table.insert().values(asked_at=at, sites="*", trigger=trigger, who=who, state=ASKED)
            )


def note_skipped(connection: Connection, trigger: str, at: str, message: str) -> None:
    """A run that was due was not asked for: why."""
    with transaction(connection):
        connection.execute(
            schema.request.insert().values(
                asked_at=at, sites="*", trigger=trigger, who=trigger, state=ENDED, message=message
            )
        )


def next_request(connection: Connection) -> Request | None:
    """The oldest request nobody has taken."""
    row = connection.execute(
        select(schema.request)
        .where(schema.request.c.state == ASKED)
        .order_by(schema.request.c.id)
        .limit(1)
    ).first()
    return None if row is None else _request(row)


def request_of(connection: Connection, number: int) -> Request | None:
    """One request."""
    row = connection.execute(select(schema.request).where(schema.request.c.id == number)).first()
    return None if row is None else _request(row)


def open_requests(connection: Connection) -> tuple[Request, ...]:
    """Requests that were taken and have not ended, or wait."""
    rows = connection.execute(
        select(schema.request).where(schema.request.c.state != ENDED).order_by(schema.request.c.id)
    )
    return tuple(_request(row) for row in rows)


def _request(row: Row[Any]) -> Request:
    return Request(
        row.id,
        _sites(row.sites),
        row.trigger,
        row.who,
        row.state,
        row.run,
        bool(row.cancel),
        row.message,
    )


def mark_request(
    connection: Connection, number: int, state: str, run: int | None = None, message: str = ""
) -> None:
    """A request has been taken by a run, or has ended."""
    values: dict[str, object] = {"state": state, "message": message}
    if run is not None:
        values["run"] = run
    with transaction(connection):
        connection.execute(
            update(schema.request).where(schema.request.c.id == number).values(**values)
        )


def cancel_request(connection: Connection, number: int) -> None:
    """A person wants this run to end after its current slice; one not yet begun ends at once."""
    with transaction(connection):
        connection.execute(
            update(schema.request).where(schema.request.c.id == number).values(cancel=1)
        )


def is_cancelled(connection: Connection, number: int) -> bool:
    """Whether somebody wants this run to end."""
    found = connection.execute(
        select(schema.request.c.cancel).where(schema.request.c.id == number)
    ).scalar()
    return bool(found)
