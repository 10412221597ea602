"""Parked records: kept with their reason and their image, tried again, replaced by whatever comes
later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select, text, tuple_

from ginesys_sync.core.model import Key
from ginesys_sync.core.plan import Entity
from ginesys_sync.store import schema
from ginesys_sync.store.database import raw
from ginesys_sync.store.key_text import KEY_TEXT
from ginesys_sync.store.keys import bound, equal, key_of, padded, parts
from ginesys_sync.wire.body import GONE, ID, quoted

KEPT_EDIT = "kept_edit"
"""Not a fault: a shared record with an edit of this site waits for head office's answer."""
TOO_LARGE = "too_large"
"""Of this site itself: a record that fits no batch."""
USED_TWICE = "used_twice"
"""Of this site itself: a record whose number the chain knows as another one's."""
WAITS_WHOLE = "waits_whole"
"""Nothing is wrong with it: its batch goes in as a whole, and another record of it cannot."""
LET_PASS = "let_pass"
"""A batch that halted goes in without this record, because a person said so."""
_KEY = "k1, k2, k3, k4"
IMAGE = "raw_size > 0"
"""SQL: the image is kept here, so that it can be tried again. A record that keeps its batch from
going in is a line without one: the batch is read again as a whole.
"""


@dataclass(frozen=True, slots=True)
class NewParked:
    """A record to park. `body` holds it alone, serialized."""

    entity: str
    key: Key
    origin: str
    stream: str
    no: int
    code: str
    reason: str
    missing: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked record as kept."""

    id: int
    entity: str
    key: Key
    origin: str
    stream: str
    no: int
    code: str
    reason: str
    missing: str
    body: bytes
    first_at: str
    last_at: str
    tries: int


def park(connection: Connection, records: Iterable[NewParked], at: str) -> None:
    """Park records, inside the caller's transaction. One already parked keeps its first date; the
    newer image stands.
    """
    for r in records:
        marks, key = bound(padded(r.key))
        values = (
            r.entity,
            *key,
            r.origin,
            r.stream,
            r.no,
            r.code,
            r.reason[:1000],
            r.missing[:200],
            r.body,
            len(r.body),
            at,
            at,
        )
        raw(connection).execute(
            f"INSERT INTO sync_parked(entity, {_KEY}, origin, stream, no, code, reason, missing, "
            "body, raw_size, first_at, "
            f"last_at) VALUES (?, {', '.join(marks)}, ?,?,?,?,?,?,?,?,?,?) "
            f"ON CONFLICT(entity, {_KEY}, origin) DO UPDATE SET "
            "stream = excluded.stream, no = excluded.no, code = excluded.code, reason = "
            "excluded.reason, "
            "missing = excluded.missing, body = excluded.body, raw_size = excluded.raw_size, "
            "last_at = excluded.last_at, "
            "tries = tries + 1",
            values,
        )


def has_parked(connection: Connection, entity: str) -> bool:
    """Whether any record of the entity is parked."""
    found = raw(connection).execute("SELECT 1 FROM sync_parked WHERE entity = ? LIMIT 1", (entity,))
    return found.fetchone() is not None


def replace_parked(connection: Connection, entity: Entity, origin: str, but: Iterable[int]) -> None:
    """What the body attached as `body` brought takes the place of what was parked of its records,
    except the record ids in `but`, which could not go in.
    """
    if not has_parked(connection, entity.name):
        return
    width = parts(len(entity.key))
    unused = "".join(f" AND p.{part} = ''" for part in schema.KEY_PARTS[len(entity.key) :])
    left_out = ",".join(map(str, but))
    for table in (quoted(entity.root.name), GONE):
        raw(connection).execute(
            f"DELETE FROM main.sync_parked WHERE id IN (SELECT p.id FROM body.{table} b "
            f"CROSS JOIN main.sync_parked p ON p.entity = ? AND p.origin = ? "
            f"AND {equal('b', entity.key, 'p', width)}{unused} WHERE b.{ID} NOT IN ({left_out}))",
            (entity.name, origin),
        )


def parked_of(
    connection: Connection, entity: Entity, origin: str, after: int, limit: int
) -> tuple[Parked, ...]:
    """Parked records of one entity from one origin, oldest batch first."""
    table = schema.parked
    rows = connection.execute(
        select(table)
        .where(table.c.entity == entity.name, table.c.origin == origin, table.c.id > after)
        .where(text(IMAGE))
        .order_by(table.c.id)
        .limit(limit)
    )
    return tuple(_parked(row, len(entity.key)) for row in rows)


def parked_batches(connection: Connection, entity: Entity, origin: str) -> list[tuple[str, int]]:
    """The batches of one entity from one origin that have parked records: (stream, number)."""
    table = schema.parked
    rows = connection.execute(
        select(table.c.stream, table.c.no)
        .where(table.c.entity == entity.name, table.c.origin == origin)
        .where(text(IMAGE))
        .distinct()
        .order_by(table.c.no)
    )
    return [(row.stream, row.no) for row in rows]


def parked_in(
    connection: Connection, entity: Entity, origin: str, batches: Iterable[tuple[str, int]]
) -> tuple[Parked, ...]:
    """The parked records of these batches of one entity from one origin."""
    table = schema.parked
    rows = connection.execute(
        select(table)
        .where(table.c.entity == entity.name, table.c.origin == origin)
        .where(tuple_(table.c.stream, table.c.no).in_(list(batches)), text(IMAGE))
        .order_by(table.c.no, table.c.id)
    )
    return tuple(_parked(row, len(entity.key)) for row in rows)


def parked_words(
    connection: Connection, stream: str, widths: dict[str, int], limit: int
) -> tuple[int, list[Parked]]:
    """How many records of a stream need attention here, and the first of them."""
    counted = "SELECT count(*) FROM sync_parked WHERE stream = ? AND code <> ?"
    (total,) = raw(connection).execute(counted, (stream, KEPT_EDIT)).fetchone()
    if not total:
        return 0, []
    table = schema.parked
    wanted = (table.c.stream == stream) & (table.c.code != KEPT_EDIT)
    rows = connection.execute(select(table).where(wanted).order_by(table.c.id).limit(limit))
    return int(total), [_parked(row, widths.get(row.entity, 1)) for row in rows]


def waiting_origins(connection: Connection) -> list[tuple[str, str]]:
    """(entity, origin) pairs that have parked records to try again."""
    tried = "SELECT DISTINCT entity, origin FROM sync_parked WHERE origin <> ''"
    return raw(connection).execute(f"{tried} AND {IMAGE} ORDER BY entity").fetchall()


def count_parked(connection: Connection) -> int:
    """How many records need attention at this site."""
    found = raw(connection).execute(
        "SELECT count(*) FROM sync_parked WHERE code <> ?", (KEPT_EDIT,)
    )
    return int(found.fetchone()[0])


def _parked(row: object, width: int) -> Parked:
    r: dict[str, object] = row._mapping  # type: ignore[attr-defined]
    key = key_of([r[part] for part in schema.KEY_PARTS], width)  # type: ignore[misc]
    return Parked(
        key=key,
        **{  # type: ignore[arg-type]
            name: r[name]
            for name in (
                "id",
                "entity",
                "origin",
                "stream",
                "no",
                "code",
                "reason",
                "missing",
                "body",
                "first_at",
                "last_at",
                "tries",
            )
        },
    )


def parked_ids(connection: Connection) -> list[tuple[int, str]]:
    """(id, stream) of every record that is tried again."""
    tried = f"SELECT id, stream FROM sync_parked WHERE origin <> '' AND {IMAGE}"
    return raw(connection).execute(tried).fetchall()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of what needs attention here. `origin` empty: of this site itself. `is_halting`: it
    keeps its batch from going in, and with it its stream.
    """

    id: int
    stream: str
    origin: str
    is_halting: bool


def parked_like(connection: Connection, entity: str, key_words: str) -> list[Line]:
    """Records that need attention here, by the key as the lists show it."""
    rows = raw(connection).execute(
        f"SELECT id, stream, origin, origin <> '' AND NOT {IMAGE} FROM sync_parked "
        f"WHERE entity = ? AND {KEY_TEXT} = ? AND code <> ?",
        (entity, key_words, KEPT_EDIT),
    )
    return [Line(number, stream, origin, bool(halts)) for number, stream, origin, halts in rows]


def discard_parked(connection: Connection, number: int) -> None:
    """Inside the caller's transaction: forget one parked record with its image."""
    raw(connection).execute("DELETE FROM sync_parked WHERE id = ?", (number,))


def told_like(
    connection: Connection, site: str, entity: str, key_words: str
) -> list[tuple[int, str]]:
    """Lines in which a site said that a record needs attention there: (row, reason)."""
    rows = raw(connection).execute(
        "SELECT id, reason FROM sync_attention WHERE site = ? AND entity = ? AND key = ?",
        (site, entity, key_words),
    )
    return [(number, reason) for number, reason in rows]


def told_code(connection: Connection, site: str, entity: str, key_words: str) -> str:
    """Under which code a site said that this needs attention there; empty: it did not."""
    found = (
        raw(connection)
        .execute(
            "SELECT code FROM sync_attention WHERE site = ? AND entity = ? AND key = ?",
            (site, entity, key_words),
        )
        .fetchone()
    )
    return str(found[0]) if found else ""


def discard_told(connection: Connection, number: int) -> None:
    """Inside the caller's transaction: forget one line; it comes again when the site repeats it."""
    raw(connection).execute("DELETE FROM sync_attention WHERE id = ?", (number,))
