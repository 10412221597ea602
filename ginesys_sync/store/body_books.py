"""What the books say of the records in a body, and what is noted of them: for shared records, which
two places may edit, and for first loads.

Works on the connection of a `store.applying.BodyApplier`, inside its transactions.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from ginesys_sync.core.plan import Entity
from ginesys_sync.store.body_span import Span, within
from ginesys_sync.store.capture import EDITED, SENT_AGAIN
from ginesys_sync.store.database import raw
from ginesys_sync.store.keys import equal, listed, part_list, parts
from ginesys_sync.store.routing import FIRST_CHOSEN
from ginesys_sync.wire.body import BASE, GONE, ID, quoted


def _table(entity: Entity, from_gone: bool) -> str:
    return GONE if from_gone else quoted(entity.root.name)


class BodyBooks:
    """The books beside the business tables, for the body at hand."""

    def __init__(self, connection: Connection) -> None:
        self._run = raw(connection).execute

    def edited_here(
        self, entity: Entity, span: Span, from_gone: bool, acknowledged: int
    ) -> list[int]:
        """Shared records with an edit of this site that head office has not answered: noted, or
        sealed beyond `acknowledged`. They keep the edit until the answer comes.
        """
        return self._ids(
            f"SELECT b.{ID} FROM body.{_table(entity, from_gone)} b WHERE {within('b', span)} AND ("
            f"EXISTS (SELECT 1 FROM main.sync_record s WHERE {_of_record(entity)} "
            f"AND s.last_no > ?) OR {_noted(entity, SENT_AGAIN)})",
            (entity.name, acknowledged, entity.name),
        )

    def standing(self, entity: Entity, span: Span) -> list[int]:
        """Records of which a version stands here."""
        root = quoted(entity.root.name)
        return self._ids(
            f"SELECT b.{ID} FROM body.{root} b JOIN main.{root} t "
            f"ON {equal('t', entity.key, 'b', entity.key)} WHERE {within('b', span)}"
        )

    def edited_since(self, entity: Entity, span: Span, from_gone: bool) -> list[int]:
        """Records that somebody wrote here and that have not been sealed since."""
        return self._ids(
            f"SELECT b.{ID} FROM body.{_table(entity, from_gone)} b WHERE {within('b', span)} "
            f"AND {_noted(entity, EDITED)}",
            (entity.name,),
        )

    def edited_meanwhile(
        self, entity: Entity, span: Span, from_gone: bool, origin: str
    ) -> list[int]:
        """At head office: shared records whose present version is newer than the one that `origin`
        edited, and is not an earlier edit of `origin` itself.
        """
        return self._ids(
            f"SELECT b.{ID} FROM body.{_table(entity, from_gone)} b "
            f"LEFT JOIN main.sync_record s ON {_of_record(entity)} "
            f"WHERE {within('b', span)} AND ({_noted(entity, EDITED)} OR (s.author IS NOT ? "
            f"AND (s.last_no > b.{BASE} OR {_noted(entity, SENT_AGAIN)})))",
            (entity.name, entity.name, origin, entity.name),
        )

    def older_than_here(self, entity: Entity, numbers: Sequence[int]) -> list[int]:
        """Of these shared records, those whose edit is not newer than what stands here (ties go to
        what is here).
        """
        if not entity.edited_column:
            return list(numbers)
        edited = quoted(entity.edited_column)
        marks = ",".join(map(str, numbers))
        root = quoted(entity.root.name)
        return self._ids(
            f"SELECT b.{ID} FROM body.{root} b "
            f"JOIN main.{root} t ON {equal('t', entity.key, 'b', entity.key)} "
            f"WHERE b.{ID} IN ({marks}) "
            f"AND coalesce(b.{edited}, '') <= coalesce(t.{edited}, '')"
        )

    def note_base(self, entity: Entity, span: Span, no: int) -> None:
        """Remember that these shared records now stand as head office's batch `no` has them."""
        keys = part_list(len(entity.key))
        for table in (quoted(entity.root.name), GONE):
            self._run(
                f"INSERT INTO main.sync_record(entity, {keys}, base_no) "
                f"SELECT ?, {listed(entity.key, 'b')}, ? FROM body.{table} b "
                f"WHERE {within('b', span)} ON CONFLICT(entity, k1, k2, k3, k4) "
                "DO UPDATE SET base_no = max(base_no, excluded.base_no)",
                (entity.name, no),
            )

    def note_author(self, entity: Entity, span: Span, from_gone: bool, origin: str) -> None:
        """Remember at head office whose edit these shared records now stand as."""
        keys = part_list(len(entity.key))
        self._run(
            f"INSERT INTO main.sync_record(entity, {keys}, author) "
            f"SELECT ?, {listed(entity.key, 'b')}, ? FROM body.{_table(entity, from_gone)} b "
            f"WHERE {within('b', span)} ON CONFLICT(entity, k1, k2, k3, k4) "
            "DO UPDATE SET author = excluded.author",
            (entity.name, origin),
        )

    def note_answers(self, entity: Entity, span: Span, from_gone: bool) -> None:
        """Have these records sent again: head office's decision on a shared record always flows
        back.
        """
        keys = part_list(len(entity.key))
        self._run(
            f"INSERT INTO main.sync_change(entity, {keys}, image) "
            f"SELECT ?, {listed(entity.key, 'b')}, {SENT_AGAIN} "
            f"FROM body.{_table(entity, from_gone)} b WHERE {within('b', span)}",
            (entity.name,),
        )

    def keep_seen(self, entity: Entity, span: Span) -> None:
        """First load: remember the keys of these records, so that the sweep spares them."""
        keys = part_list(len(entity.key))
        self._run(
            f"INSERT OR IGNORE INTO main.sync_seen(entity, {keys}) "
            f"SELECT ?, {listed(entity.key, 'b')} "
            f"FROM body.{quoted(entity.root.name)} b WHERE {within('b', span)}",
            (entity.name,),
        )

    def _ids(self, statement: str, values: Sequence[object] = ()) -> list[int]:
        return [row[0] for row in self._run(statement, tuple(values)).fetchall()]


def _of_record(entity: Entity) -> str:
    """SQL: `s` is the row of record `b`. Parameter: the entity's name."""
    count = len(entity.key)
    rest = "".join(f" AND s.{part} = ''" for part in parts(4)[count:])
    return f"s.entity = ? AND {equal('s', parts(count), 'b', entity.key)}{rest}"


def _noted(entity: Entity, least: int) -> str:
    """SQL: a change of record `b`, of at least this weight, waits in the change log. Parameter: the
    entity's name.
    """
    return (
        f"({listed(entity.key, 'b')}) IN (SELECT {part_list(len(entity.key))} "
        f"FROM main.sync_change WHERE entity = ? AND image >= {least} AND image < {FIRST_CHOSEN})"
    )
