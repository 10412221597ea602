"""Both versions of records that were edited at two places at once: kept, so that a person can look,
and put the other one back.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from ginesys_sync.core.model import Key
from ginesys_sync.core.plan import Entity
from ginesys_sync.store import schema
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.database import database_faults, raw
from ginesys_sync.store.keys import bound, exact_keys, listed, padded, part_list, parts
from ginesys_sync.wire.body import quoted
from ginesys_sync.wire.excerpt import Content


@dataclass(frozen=True, slots=True)
class Conflict:
    """One conflict: the two images as single-record bodies, and whose version stands."""

    entity: str
    key: Key
    site: str
    winner: str
    ours: bytes
    theirs: bytes


def keep_conflict(connection: Connection, conflict: Conflict, run: int, at: str) -> None:
    """List a conflict, inside the caller's transaction."""
    marks, key = bound(padded(conflict.key))
    raw(connection).execute(
        "INSERT INTO sync_conflict(entity, k1, k2, k3, k4, site, winner, ours, theirs, run, at) "
        f"VALUES (?, {', '.join(marks)}, ?,?,?,?,?,?)",
        (
            conflict.entity,
            *key,
            conflict.site,
            conflict.winner,
            conflict.ours,
            conflict.theirs,
            run,
            at,
        ),
    )


def count_conflicts(connection: Connection) -> int:
    """How many conflicts are listed."""
    return int(connection.execute(select(func.count()).select_from(schema.conflict)).scalar_one())


@dataclass(frozen=True, slots=True)
class KeptVersions:
    """One conflict as it is listed. `at` is an ISO text."""

    id: int
    site: str
    winner: str
    ours: bytes
    theirs: bytes
    run: int
    at: str


def conflicted_records(
    connection: Connection, widths: dict[str, int], before: int | None, limit: int
) -> list[tuple[int, str, Key]]:
    """Records with conflicts, the newest conflict first: (number of its newest conflict, entity,
    key), numbered below `before`. Entities that `widths` (how many parts a key has) does not name
    are left out.
    """
    keys, marks = part_list(4), ", ".join("?" * len(widths))
    with database_faults(), exact_keys(raw(connection)):
        rows = raw(connection).execute(
            f"SELECT max(id) AS newest, entity, {keys} FROM sync_conflict "
            f"WHERE entity IN ({marks}) GROUP BY entity, {keys} "
            "HAVING newest < ? ORDER BY newest DESC LIMIT ?",
            (*widths, before or (1 << 62), limit),
        )
        return [(newest, entity, tuple(key[: widths[entity]])) for newest, entity, *key in rows]


def conflicts_of(connection: Connection, entity: Entity, key: Key) -> list[KeptVersions]:
    """The conflicts of one record, oldest first."""
    marks, values = bound(padded(key))
    where = " AND ".join(f"{part} = {mark}" for part, mark in zip(parts(4), marks, strict=True))
    with database_faults():
        rows = raw(connection).execute(
            "SELECT id, site, winner, ours, theirs, run, at FROM sync_conflict "
            f"WHERE entity = ? AND {where} ORDER BY id",
            (entity.name, *values),
        )
        return [KeptVersions(*row) for row in rows]


def present_content(connection: Connection, entity: Entity, key: Key) -> Content:
    """The record as it stands here, in the shape of a kept version."""
    marks, values = bound(key)
    found: dict[str, list[dict[str, object]]] = {}
    with database_faults(), exact_keys(raw(connection)):
        for table in entity.tables:
            pairs = zip(table.root, marks, strict=True)
            where = " AND ".join(f"{quoted(column)} = {mark}" for column, mark in pairs)
            rows = raw(connection).execute(
                f"SELECT {listed(table.columns)} FROM main.{quoted(table.name)} WHERE {where} "
                f"ORDER BY {listed(table.key)}",
                values,
            )
            found[table.name] = [dict(zip(table.columns, row, strict=True)) for row in rows]
    return Content(found)


def missing_parents(applier: BodyApplier, entity: Entity, body: bytes) -> list[str]:
    """Outside a transaction: have a kept version at hand; what it refers to that is not here."""
    applier.attach(body, entity)
    span = applier.span(entity)
    return sorted(applier.parents.missing(entity, span).values()) if span else []


def put_version(applier: BodyApplier, entity: Entity, edited_at: object) -> None:
    """Inside the caller's transaction: write the version at hand as any program would, so that it
    is noted as changed; `edited_at` (None: none) as its moment. Raises ConstraintBroken.
    """
    span, gone = applier.span(entity), applier.gone_span()
    if gone:
        applier.bury(entity, gone)
    if span:
        applier.upsert(entity, span)
    if span and edited_at is not None:
        keys = listed(entity.key)
        raw(applier.connection).execute(
            f"UPDATE main.{quoted(entity.root.name)} SET {quoted(entity.edited_column)} = ? "
            f"WHERE ({keys}) IN (SELECT {keys} FROM body.{quoted(entity.root.name)})",
            (edited_at,),
        )
