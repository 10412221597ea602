"""What a person holds back at head office: sites, lanes, kinds of record, single records; and what
was withdrawn.

Everything here is a row of `sync_block`, a table that is empty in a chain where nobody intervened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select

from ginesys_sync.core.model import Key
from ginesys_sync.core.plan import Entity
from ginesys_sync.store import schema
from ginesys_sync.store.database import raw
from ginesys_sync.store.keys import equal, exact_keys, key_of, padded, part_list, parts


class Held(StrEnum):
    """What a row of `sync_block` holds back; what its `name` is, and its key."""

    SITE = "site"
    """A store, by its code: refused at the door of the Web Database."""
    CHANNEL = "channel"
    """A lane: its release stands still."""
    ENTITY = "entity"
    """A kind of record: its changes stay unclaimed."""
    RECORD = "record"
    """One record of entity `name`: its changes stay unclaimed."""
    PART = "part"
    """Batch k1 of stream `name` was withdrawn from site k2 alone."""
    UNSENT = "unsent"
    """A record of entity `name` whose newest image, or tombstone, was withdrawn: its sites are not
    as the books say, until it is sealed again. `reason`: the sites that kept it because it was the
    tombstone that was withdrawn."""


BY_A_PERSON = (Held.SITE, Held.CHANNEL, Held.ENTITY, Held.RECORD)
_OF_ENTITY = (Held.ENTITY, Held.RECORD, Held.UNSENT)
FREE = (
    " AND c.entity NOT IN (SELECT name FROM main.sync_block WHERE kind = 'entity')"
    " AND NOT EXISTS (SELECT 1 FROM main.sync_block b WHERE b.kind = 'record'"
    f" AND b.name = c.entity AND {equal('b', parts(4), 'c', parts(4))})"
)
"""SQL: nobody holds back change `c`. Left out altogether where nothing is held back."""
EDITED_BEHIND = (
    "(EXISTS (SELECT 1 FROM main.sync_block WHERE kind = 'entity' AND name = :entity)"
    " OR EXISTS (SELECT 1 FROM main.sync_block b WHERE b.kind = 'record' AND b.name = :entity"
    f" AND {equal('b', parts(4), 'r', parts(4))})) AND ({part_list(4, 'r')}) IN "
    f"(SELECT {part_list(4)} FROM main.sync_change WHERE entity = :entity AND image = :edited)"
)
"""SQL: record `r` (its key in k1 …) of `:entity` stands here otherwise than at the sites, because
it is blocked and was edited since (`:edited`, the weight of such a note). What is blocked and was
not stands everywhere alike."""
UNSENT_TO_ALL = (
    "EXISTS (SELECT 1 FROM main.sync_block b WHERE b.kind = 'unsent' AND b.name = :entity"
    f" AND {equal('b', parts(4), 'r', parts(4))}) AND EXISTS (SELECT 1 FROM main.sync_record s "
    "JOIN main.sync_stream o ON o.stream = :stream JOIN main.sync_batch n ON n.stream = o.stream "
    "AND n.epoch = o.epoch AND n.no = s.last_no WHERE n.withdrawn_at IS NOT NULL "
    f"AND s.entity = :entity AND {equal('s', parts(4), 'r', parts(4))})"
)
"""SQL: the newest image of record `r` of `:entity`, which is for all, was withdrawn from all."""


@dataclass(frozen=True, slots=True)
class Block:
    """One row. `key` is empty but for records, parts and what was withdrawn; `at` an ISO text."""

    id: int
    kind: Held
    name: str
    key: Key
    reason: str
    who: str
    at: str


def block(
    connection: Connection,
    kind: Held,
    name: str,
    key: Key,
    reason: str,
    who: str,
    at: str,
) -> None:
    """Inside the caller's transaction: hold it back. Blocked again, it has the newer reason."""
    raw(connection).execute(
        "INSERT INTO sync_block(kind, name, k1, k2, k3, k4, reason, who, at) "
        "VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT(kind, name, k1, k2, k3, k4) DO UPDATE SET "
        "reason = excluded.reason, who = excluded.who, at = excluded.at",
        (kind.value, name, *padded(key), reason, who, at),
    )


def lift(connection: Connection, kind: Held, name: str, key: Key = ()) -> bool:
    """Inside the caller's transaction: hold it back no more. Whether it was."""
    found = raw(connection).execute(
        "DELETE FROM sync_block WHERE kind = ? AND name = ? AND k1 = ? AND k2 = ? AND k3 = ? "
        "AND k4 = ?",
        (kind.value, name, *padded(key)),
    )
    return found.rowcount > 0


def blocks(connection: Connection, kinds: Collection[Held] = BY_A_PERSON) -> tuple[Block, ...]:
    """What is held back, newest first."""
    table = schema.block
    rows = connection.execute(
        select(table).where(table.c.kind.in_([kind.value for kind in kinds])).order_by(table.c.id)
    )
    found = []
    for row in rows:
        values = [getattr(row, part) for part in schema.KEY_PARTS]
        while values and values[-1] == "":
            values.pop()
        key = key_of(values, len(values))
        found.append(Block(row.id, Held(row.kind), row.name, key, row.reason, row.who, row.at))
    return tuple(reversed(found))


def names_of(connection: Connection, kind: Held) -> frozenset[str]:
    """The names under which something of a kind is held back."""
    rows = raw(connection).execute(
        "SELECT DISTINCT name FROM main.sync_block WHERE kind = ?", (kind.value,)
    )
    return frozenset(name for (name,) in rows)


def held_names(connection: Connection) -> dict[Held, frozenset[str]]:
    """The names under which something is held back, by kind: all kinds, in one look."""
    rows = raw(connection).execute("SELECT DISTINCT kind, name FROM main.sync_block").fetchall()
    return {kind: frozenset(name for of, name in rows if of == kind.value) for kind in Held}


def blocked_channels(connection: Connection) -> frozenset[str]:
    """The lanes whose release stands still."""
    return names_of(connection, Held.CHANNEL)


def holds_back(connection: Connection, entity: str) -> bool:
    """Whether anything of an entity is held back: one look into an index."""
    marks = ", ".join("?" * len(_OF_ENTITY))
    found = raw(connection).execute(
        f"SELECT 1 FROM main.sync_block WHERE kind IN ({marks}) AND name = ? LIMIT 1",
        (*(kind.value for kind in _OF_ENTITY), entity),
    )
    return found.fetchone() is not None


def kept_keys(connection: Connection, entity: Entity, site: str | None, limit: int) -> list[Key]:
    """Keys of records that were withdrawn, at most `limit`; with `site` those that it has still,
    because their tombstones were."""
    with exact_keys(raw(connection)):
        rows = raw(connection).execute(
            f"SELECT {part_list(len(entity.key))} FROM main.sync_block WHERE kind = 'unsent' "
            "AND name = :entity AND (:site IS NULL "
            "OR instr(',' || reason || ',', ',' || :site || ',') > 0) LIMIT :limit",
            {"entity": entity.name, "site": site, "limit": limit},
        )
        return [tuple(row) for row in rows]


def waiting_behind(connection: Connection) -> dict[tuple[Held, str, Key], int]:
    """How many records wait behind each blocked entity and record: one pass over the change log,
    and none when nothing is blocked.
    """
    found: dict[tuple[Held, str, Key], int] = {}
    for each in blocks(connection, (Held.ENTITY, Held.RECORD)):
        of_record = "" if each.kind is Held.ENTITY else _is_key()
        count = raw(connection).execute(
            f"SELECT count(*) FROM (SELECT DISTINCT {part_list(4)} FROM main.sync_change "
            f"WHERE entity = ?{of_record})",
            (each.name, *(() if each.kind is Held.ENTITY else padded(each.key))),
        )
        found[each.kind, each.name, each.key] = int(count.fetchone()[0])
    return found


def _is_key() -> str:
    return "".join(f" AND {part} = ?" for part in parts(4))


def note_unsent(
    connection: Connection, entity: str, records: Iterable[tuple[Key, str]], who: str, at: str
) -> list[int]:
    """Inside the caller's transaction: what was last sealed of these records does not reach all its
    sites. With each key, the sites (joined by commas) that a tombstone does not reach. Returns the
    rows that are new.
    """
    found = []
    for key, keeping in records:
        row = (
            raw(connection)
            .execute(
                "INSERT INTO sync_block(kind, name, k1, k2, k3, k4, reason, who, at) "
                "VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT(kind, name, k1, k2, k3, k4) DO UPDATE SET "
                "reason = trim(reason || ',' || excluded.reason, ',') RETURNING id, at = ?",
                (Held.UNSENT.value, entity, *padded(key), keeping, who, at, at),
            )
            .fetchone()
        )
        if row[1]:
            found.append(int(row[0]))
    return found


def forget(connection: Connection, rows: Sequence[int]) -> None:
    """Inside the caller's transaction: these rows of `sync_block` hold nothing back."""
    raw(connection).executemany("DELETE FROM sync_block WHERE id = ?", [(row,) for row in rows])
