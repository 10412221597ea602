"""Bodies at the border of a site whose database has names of its own (`core.own_names`): they
travel under the chain's names and are worked on under the site's.

Where a site has no map of names, a body passes as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from ginesys_sync.core.errors import Damaged
from ginesys_sync.core.own_names import pairs
from ginesys_sync.core.plan import Entity, Owner
from ginesys_sync.wire.body import BASE, GONE, ID, Counts, body_schema, check_structure, quoted


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a body: what it is called in the chain and here (None: it is given)."""

    chain: str
    own: str | None
    value: str = ""


@dataclass(frozen=True, slots=True)
class _Move:
    """One table of a body under both names, with its columns but `_id`."""

    chain: str
    own: str
    columns: tuple[_Column, ...]


def admit(raw: bytes, entity: Entity, said: Counts | None = None) -> bytes:
    """A serialized body from outside, checked against the chain's plan and what is `said` to be in
    it, as this site works on it. Raises Damaged.
    """
    check_structure(raw, entity.as_it_travels, said)
    return in_own_names(raw, entity)


def in_own_names(raw: bytes, entity: Entity) -> bytes:
    """A body that travelled, under this site's names. Raises Damaged when it holds records of
    another site where the site's code is given.
    """
    chain = entity.travels
    return raw if chain is None else _turned(raw, entity, entity)


def as_it_travels(raw: bytes, entity: Entity) -> bytes:
    """A body of this site, under the chain's names."""
    chain = entity.travels
    return raw if chain is None else _turned(raw, entity, chain)


def _turned(raw: bytes, own: Entity, target: Entity) -> bytes:
    """A body as one of `target`: that is `own`, or how `own` travels."""
    turn = _inward if target is own else _outward
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        connection.execute("ATTACH ':memory:' AS target")
        try:
            connection.deserialize(raw, name="main")
            for statement in body_schema(target):
                connection.execute(statement.replace("CREATE TABLE ", "CREATE TABLE target.", 1))
            for move in _moves(own):
                turn(connection, move)
        except sqlite3.Error as fault:
            raise Damaged("A batch arrived damaged inside.", detail=str(fault)) from fault
        return connection.serialize(name="target")


def _moves(entity: Entity) -> Iterator[_Move]:
    chain = entity.travels
    assert chain is not None
    base = (_Column(BASE, BASE),) if entity.owner is Owner.SHARED else ()
    for own, travelling in zip(entity.tables, chain.tables, strict=True):
        given = dict(own.given)
        columns = tuple(_Column(c, o, given.get(c, "")) for c, o in pairs(own, travelling))
        is_root = own is entity.root
        yield _Move(travelling.name, own.name, columns + (base if is_root else ()))
        if is_root:
            known = {column.chain: column for column in columns}
            yield _Move(GONE, GONE, tuple(known[key] for key in chain.key) + base)


def _outward(connection: sqlite3.Connection, move: _Move) -> None:
    """Rows of `main` under this site's names into `target` under the chain's."""
    values = [column.value for column in move.columns if column.own is None]
    written = ", ".join("?" if c.own is None else quoted(c.own) for c in move.columns)
    names = ", ".join(quoted(column.chain) for column in move.columns)
    connection.execute(
        f"INSERT INTO target.{quoted(move.chain)}({ID}, {names}) "
        f"SELECT {ID}, {written} FROM main.{quoted(move.own)} ORDER BY {ID}",
        values,
    )


def _inward(connection: sqlite3.Connection, move: _Move) -> None:
    """Rows of `main` under the chain's names into `target` under this site's."""
    kept = [column for column in move.columns if column.own is not None]
    for column in move.columns:
        if column.own is None:
            _require_own(connection, move, column)
    names = ", ".join(quoted(str(column.own)) for column in kept)
    read = ", ".join(quoted(column.chain) for column in kept)
    connection.execute(
        f"INSERT INTO target.{quoted(move.own)}({ID}, {names}) "
        f"SELECT {ID}, {read} FROM main.{quoted(move.chain)} ORDER BY {ID}"
    )


def _require_own(connection: sqlite3.Connection, move: _Move, column: _Column) -> None:
    other = connection.execute(
        f"SELECT 1 FROM main.{quoted(move.chain)} WHERE {quoted(column.chain)} IS NOT ? LIMIT 1",
        (column.value,),
    )
    if other.fetchone() is not None:
        raise Damaged(
            f"A batch holds records of another site than {column.value}, and this database has no "
            "place to say so.",
            detail=f"{move.chain}.{column.chain}",
        )
