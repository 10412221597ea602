"""Looking for records by what a person calls them: in the tables, among what is parked, and among
those that are gone.

What an index answers comes first: the whole key, then its beginning. Then tables are read for the
text, as far as the time allows. Works for any plan: it knows keys, labels and who owns what.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from ginesys_sync.core.model import Key
from ginesys_sync.core.plan import Entity
from ginesys_sync.store.database import database_faults, raw
from ginesys_sync.store.keys import equal, listed, part_list, parts
from ginesys_sync.wire.body import quoted

EXACT, BEGINS, HOLDS = 0, 1, 2
_OPERATIONS = 5_000
"""Steps of a query between two looks at the clock: a fraction of a millisecond."""
_LAST = "\U0010ffff"
_MOST_WORDS = 5
_NAME = "name"
_SITES = "(SELECT code FROM sync_site UNION SELECT :me)"

Values = dict[str, object]
IsLate = Callable[[float], bool]
"""Whether the given share of the time (0 to 1) is over."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that was found. `rank`: EXACT, BEGINS or HOLDS; `label` is what a person calls
    it."""

    entity: str
    key: Key
    label: str
    is_gone: bool
    rank: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: `text` as typed, cleaned; `limit` hits of one kind and way at most."""

    text: str
    me: str
    limit: int


def find(
    connection: Connection, entities: Sequence[Entity], wanted: Wanted, is_late: IsLate
) -> tuple[list[Hit], bool]:
    """Records that fit, best first, and whether all of every table was looked at. `connection` is
    the caller's alone: long queries in it are cut short when `is_late`.
    """
    search = _Search(connection, wanted)
    hits: dict[tuple[str, str], Hit] = {}
    is_complete = True
    for share, kind, ways in _plan(entities):
        for way in ways:
            before = len(hits)
            with _until(connection, partial(is_late, share)) as ended:
                for hit in way(search, kind):
                    hits.setdefault((hit.entity, repr(hit.key)), hit)
            is_complete &= not ended.was_cut and len(hits) < before + wanted.limit
    places = {entity.name: place for place, entity in enumerate(entities)}
    ordered = sorted(hits.values(), key=lambda hit: (hit.rank, places[hit.entity]))
    return ordered, is_complete


Way = Callable[["_Search", Entity], Iterator[Hit]]


def _plan(entities: Sequence[Entity]) -> Iterator[tuple[float, Entity, tuple[Way, ...]]]:
    """What is asked, in which order, and how much of the time may be over when it ends: the
    indexes of every kind of record first, then the tables, each with its share."""
    for entity in entities:
        yield 0.3, entity, (_Search.exact, _Search.gone, _Search.parked)
    for entity in entities:
        yield 0.4, entity, (_Search.begins,)
    for place, entity in enumerate(entities, start=1):
        yield 0.4 + 0.6 * place / len(entities), entity, (_Search.holds,)


@dataclass(slots=True)
class _Ended:
    was_cut: bool = False


@contextmanager
def _until(connection: Connection, is_late: Callable[[], bool]) -> Iterator[_Ended]:
    """Inside, a query ends when it is late; what it gave until then stands."""
    ended, driver = _Ended(), raw(connection)
    driver.set_progress_handler(lambda: int(is_late()), _OPERATIONS)
    try:
        with database_faults():
            try:
                yield ended
            except sqlite3.OperationalError as fault:
                if "interrupt" not in str(fault):
                    raise
                ended.was_cut = True
    finally:
        driver.set_progress_handler(None, 0)


def variants(text: str) -> list[object]:
    """The values that a typed word may mean: as it is, in capitals, in small letters, as a number,
    as the bytes whose hexadecimal it is."""
    found: list[object] = list(dict.fromkeys((text, text.upper(), text.lower())))
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) < 19 and str(int(text)) == text:
        found.append(int(text))
    try:
        found.append(bytes.fromhex(text))
    except ValueError:
        return found
    return found


def splits(text: str, count: int) -> list[tuple[str, ...]]:
    """The ways to read a text as a key of `count` parts: `S001 / 17`, `S001/17`, `S001 17`. A part
    may hold the sign itself, so every cut is tried."""
    if count == 1:
        return [(text,)]
    found: dict[tuple[str, ...], None] = {}
    for sign in (" / ", "/", " "):
        pieces = text.split(sign)
        if count <= len(pieces) <= _MOST_WORDS:
            for cut in _cuts(len(pieces), count):
                found[tuple(sign.join(pieces[a:b]).strip() for a, b in cut)] = None
    return list(found)


def _cuts(length: int, count: int) -> Iterator[list[tuple[int, int]]]:
    """All ways to cut `length` pieces into `count` runs."""
    if count == 1:
        yield [(0, length)]
        return
    for first in range(1, length - count + 2):
        for rest in _cuts(length - first, count - 1):
            yield [(0, first), *((a + first, b + first) for a, b in rest)]


class _Search:
    """The ways to look for one text."""

    def __init__(self, connection: Connection, wanted: Wanted) -> None:
        self._run = raw(connection).execute
        self._wanted = wanted

    # --- by an index ---

    def exact(self, entity: Entity) -> Iterator[Hit]:
        """The whole key; the first part of a longer one; the second behind any site's code."""
        for where, values, rank in self._exactly(entity, entity.key):
            yield from self._rows(entity, where, values, rank)

    def gone(self, entity: Entity) -> Iterator[Hit]:
        """Records that the books know and the table no longer has."""
        width = parts(len(entity.key))
        here = (
            f"SELECT 1 FROM {quoted(entity.root.name)} t WHERE {equal('t', entity.key, 's', width)}"
        )
        for where, values, rank in self._exactly(entity, width):
            rows = self._run(
                f"SELECT {part_list(len(width), 's')} FROM sync_record s WHERE s.entity = :entity "
                f"AND {where} AND NOT EXISTS ({here}) LIMIT :limit",
                {"entity": entity.name, **values},
            )
            yield from (Hit(entity.name, tuple(row), "", True, rank) for row in rows)

    def parked(self, entity: Entity) -> Iterator[Hit]:
        """Records that came and could not be written; they are few."""
        width = parts(len(entity.key))
        where, values = self._holding(width)
        rows = self._run(
            f"SELECT {part_list(len(width))} FROM sync_parked WHERE entity = :entity AND {where} "
            "LIMIT :limit",
            {"entity": entity.name, **values},
        )
        yield from (Hit(entity.name, tuple(row), "", False, BEGINS) for row in rows)

    def begins(self, entity: Entity) -> Iterator[Hit]:
        """Text keys that begin so."""
        for column, led_by in self._leading(entity):
            if not self._holds_text(entity, column):
                continue
            texts = [value for value in variants(self._wanted.text) if isinstance(value, str)]
            for text in texts:
                where = f"{led_by}{quoted(column)} >= :low AND {quoted(column)} < :high"
                values = self._values(low=text, high=text + _LAST)
                yield from self._rows(entity, where, values, BEGINS)

    def _exactly(self, entity: Entity, columns: Sequence[str]) -> Iterator[tuple[str, Values, int]]:
        """SQL that asks for the whole key, and for the parts of it that an index leads to."""
        for words in splits(self._wanted.text, len(columns)):
            values = self._values()
            yield self._all_in(columns, words, values), values, EXACT
        if len(columns) > 1:
            for column, led_by in self._leading(entity, columns):
                values = self._values()
                where = led_by + self._all_in([column], [self._wanted.text], values)
                yield where, values, EXACT if led_by else BEGINS

    def _all_in(self, columns: Sequence[str], words: Sequence[str], values: Values) -> str:
        tests = []
        for column, word in zip(columns, words, strict=True):
            names = []
            for value in variants(word):
                names.append(f":v{len(values)}")
                values[names[-1][1:]] = value
            tests.append(f"{quoted(column)} IN ({', '.join(names)})")
        return " AND ".join(tests)

    @staticmethod
    def _leading(entity: Entity, columns: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
        """Key columns that an index leads to, with the SQL that leads there."""
        columns = columns or entity.key
        yield columns[0], ""
        by_site = entity.key[0] in (entity.site_column, entity.audience.site)
        if len(columns) > 1 and by_site:
            yield columns[1], f"{quoted(columns[0])} IN {_SITES} AND "

    def _holds_text(self, entity: Entity, column: str) -> bool:
        """Whether values of a column compare as texts: a range over numbers would hold all."""
        found = self._run(
            "SELECT upper(type) FROM pragma_table_info(?) WHERE name = ?",
            (entity.root.name, column),
        ).fetchone()
        kind = found[0] if found else ""
        if "INT" in kind:
            return False
        return not kind or any(sign in kind for sign in ("CHAR", "CLOB", "TEXT", "BLOB"))

    # --- by reading ---

    def holds(self, entity: Entity) -> Iterator[Hit]:
        """Records with every word in their key, their label or their name."""
        columns = (*entity.key, *_called(entity))
        where, values = self._holding(tuple(dict.fromkeys(columns)))
        yield from self._rows(entity, where, values, HOLDS)

    def _holding(self, columns: Sequence[str]) -> tuple[str, Values]:
        """Every word in one of the columns, whatever its capitals (of letters beyond A to Z: as
        typed, all small, all capitals or capitals in front)."""
        values = self._values()
        tests = []
        words = self._wanted.text.replace(" / ", " ").split()[:_MOST_WORDS]
        for word in words or [self._wanted.text]:
            shapes = dict.fromkeys((word, word.lower(), word.upper(), word.title()))
            if word.isascii():
                shapes = dict.fromkeys((word,))
            likes = []
            for shape in shapes:
                name = f"v{len(values)}"
                values[name] = f"%{_literal(shape)}%"
                likes += [f"CAST({quoted(c)} AS TEXT) LIKE :{name} ESCAPE '!'" for c in columns]
            tests.append(f"({' OR '.join(likes)})")
        return " AND ".join(tests), values

    # --- the rows ---

    def _values(self, **more: object) -> Values:
        return {"me": self._wanted.me, "limit": self._wanted.limit, **more}

    def _rows(self, entity: Entity, where: str, values: Values, rank: int) -> Iterator[Hit]:
        label = _label(entity)
        rows = self._run(
            f"SELECT {label}, {listed(entity.key)} FROM {quoted(entity.root.name)} "
            f"WHERE {where} LIMIT :limit",
            values,
        )
        for row in rows:
            yield Hit(entity.name, tuple(row[1:]), row[0], False, rank)


def _literal(word: str) -> str:
    """A word in which LIKE finds no wildcard."""
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _called(entity: Entity) -> tuple[str, ...]:
    """The columns by which a person calls a record: a name, else the plan's label."""
    found = [c for c in (_NAME, entity.label) if c and c in entity.root.columns]
    return tuple(found)


def _label(entity: Entity) -> str:
    """SQL for what a person calls a record, beyond its key: '' when that is all there is."""
    free = [column for column in _called(entity) if column not in entity.key]
    return f"coalesce(CAST({quoted(free[0])} AS TEXT), '')" if free else "''"


def label_of(connection: Connection, entity: Entity, key: Key) -> str | None:
    """What a person calls the record of this key; None when the table has no such record."""
    where = " AND ".join(f"{quoted(column)} = ?" for column in entity.key)
    row = (
        raw(connection)
        .execute(f"SELECT {_label(entity)} FROM {quoted(entity.root.name)} WHERE {where}", key)
        .fetchone()
    )
    return None if row is None else str(row[0])


def named(connection: Connection, entity: Entity, texts: Sequence[str]) -> tuple[Hit, ...]:
    """The records whose key reads exactly so, part by part: in the table, in the books, or
    parked."""
    width = parts(len(entity.key))
    found: dict[str, Hit] = {}
    for table, columns, is_gone in (
        (quoted(entity.root.name), entity.key, False),
        ("sync_record", width, True),
        ("sync_parked", width, False),
    ):
        search = _Search(connection, Wanted("", "", 10))
        values: Values = {"entity": entity.name, "limit": 10}
        where = search._all_in(columns, texts, values)
        of_kind = "" if table == quoted(entity.root.name) else "entity = :entity AND "
        for row in raw(connection).execute(
            f"SELECT {listed(columns)} FROM {table} WHERE {of_kind}{where} LIMIT :limit", values
        ):
            label = label_of(connection, entity, tuple(row))
            hit = Hit(entity.name, tuple(row), label or "", is_gone and label is None, EXACT)
            found.setdefault(repr(hit.key), hit)
    return tuple(found.values())
