"""What a first load did not hold: found in key order as tombstones, asked about when it is much.

`sync_seen` keeps the keys that head office's load named, and while a question is open, those that
came since. Everything else that head office owns is extra here, except local edits that wait for
their answer and records that need attention.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from ginesys_sync.core.model import Key
from ginesys_sync.core.plan import Entity
from ginesys_sync.store.database import Database, database_faults, forget_state, raw, write_state
from ginesys_sync.store.images import create_body
from ginesys_sync.store.keys import bound, equal, exact_keys, listed, padded, parts
from ginesys_sync.store.sealing import RawBody
from ginesys_sync.wire.body import BASE, GONE, ID, gone_columns, quoted

SHARE = 10
"""A sweep of more than one in this many records of an entity waits for a person."""
ASKED, SWEEP, KEEP = "asked", "sweep", "keep"
ASKS = "sweep_asks"
"""The code under which a store tells head office of an open question. Its key is `asked_at`."""
_QUESTION = "sweep_question "


@dataclass(frozen=True, slots=True)
class Question:
    """Head office's full load left out `extra` of the `total` records of an entity here. `answer`
    is `asked` until a person says `sweep` or `keep`."""

    entity: str
    stream: str
    no: int
    extra: int
    total: int
    asked_at: str
    answer: str = ASKED


def forget_seen(connection: Connection, entity: str) -> None:
    """Begin to keep the keys of a load anew. Inside the caller's transaction."""
    raw(connection).execute("DELETE FROM main.sync_seen WHERE entity = ?", (entity,))


def spare(connection: Connection, entity: str, keys: Iterable[Key]) -> None:
    """Inside the caller's transaction: these records are not extra, although the load did not hold
    them."""
    raw(connection).executemany(
        "INSERT OR IGNORE INTO main.sync_seen(entity, k1, k2, k3, k4) VALUES (?,?,?,?,?)",
        [(entity, *padded(key)) for key in keys],
    )


def drop_overtaken(
    connection: Connection, entity: Entity, stream: str, no: int, limit: int
) -> bool:
    """Inside the caller's transaction: forget what was parked of an entity in batches up to the
    load's number, unless the load named it: head office does not have it any more. What still
    stands here of such a record is extra like any other, and so is what was kept because an answer
    is awaited: its tombstone waits in its place. At most `limit` records: whether there may be
    more.
    """
    same = equal("s", parts(4), "p", parts(4))
    dropped = raw(connection).execute(
        "DELETE FROM main.sync_parked WHERE id IN (SELECT p.id FROM main.sync_parked p "
        "WHERE p.entity = ? AND p.stream = ? AND p.no <= ? AND NOT EXISTS "
        f"(SELECT 1 FROM main.sync_seen s WHERE s.entity = p.entity AND {same}) LIMIT ?)",
        (entity.name, stream, no, limit),
    )
    return dropped.rowcount == limit


def count_extra(connection: Connection, entity: Entity) -> tuple[int, int]:
    """How many records of an entity the load left out, and how many there are."""
    table = quoted(entity.root.name)
    query = (
        f"SELECT (SELECT count(*) FROM main.{table} t WHERE {_extra(entity)}), "
        f"(SELECT count(*) FROM main.{table})"
    )
    with database_faults():
        extra, total = raw(connection).execute(query, {"entity": entity.name}).fetchone()
    return int(extra), int(total)


def extra_body(
    database: Database, entity: Entity, after: Key | None, limit: int
) -> tuple[RawBody, Key] | None:
    """The next `limit` extra records after key `after` as tombstones in a body, and the last key;
    None at the end. Read in one short snapshot of its own."""
    keys = listed(entity.key, "t")
    values: dict[str, object] = {"entity": entity.name, "limit": limit}
    beyond = ""
    if after is not None:
        marks, found = bound(after)
        values |= {f"a{place}": part for place, part in enumerate(found)}
        names = (mark.replace("?", f":a{place}") for place, mark in enumerate(marks))
        beyond = f" AND ({keys}) > ({', '.join(names)})"
    with database_faults(), database.connect() as connection:
        cursor = raw(connection).cursor()
        cursor.execute("ATTACH ':memory:' AS body")
        create_body(cursor, entity, "body")
        base = ", 0" if BASE in gone_columns(entity) else ""
        count = cursor.execute(
            f"INSERT INTO body.{GONE}({listed(gone_columns(entity))}) SELECT {keys}{base} "
            f"FROM main.{quoted(entity.root.name)} t WHERE {_extra(entity)}{beyond} "
            f"ORDER BY {keys} LIMIT :limit",
            values,
        ).rowcount
        if not count:
            return None
        with exact_keys(raw(connection)):
            last = cursor.execute(
                f"SELECT {listed(entity.key)} FROM body.{GONE} ORDER BY {ID} DESC LIMIT 1"
            ).fetchone()
        return RawBody(raw(connection).serialize(name="body"), 0, count, 0), tuple(last)


def _extra(entity: Entity) -> str:
    """SQL: row `t` of the root table is extra. Parameter `:entity`."""
    width = parts(len(entity.key))

    def known(table: str) -> str:
        same = equal("s", width, "t", entity.key)
        return f"EXISTS (SELECT 1 FROM main.{table} s WHERE s.entity = :entity AND {same})"

    return " AND ".join(f"NOT {known(t)}" for t in ("sync_seen", "sync_parked")) + (
        f" AND ({listed(entity.key, 't')}) NOT IN "
        f"(SELECT {listed(width)} FROM main.sync_change WHERE entity = :entity)"
    )


def ask(connection: Connection, question: Question) -> None:
    """Keep a question, with its answer, inside the caller's transaction."""
    write_state(connection, _QUESTION + question.entity, json.dumps(asdict(question)))


def close(connection: Connection, entity: str) -> None:
    """A question is settled. Inside the caller's transaction."""
    forget_state(connection, _QUESTION + entity)
    forget_seen(connection, entity)


def questions(connection: Connection) -> tuple[Question, ...]:
    """The questions not settled yet, by entity."""
    with database_faults():
        rows = raw(connection).execute(
            "SELECT value FROM sync_state WHERE substr(name, 1, ?) = ? ORDER BY name",
            (len(_QUESTION), _QUESTION),
        )
        return tuple(Question(**json.loads(value)) for (value,) in rows)
