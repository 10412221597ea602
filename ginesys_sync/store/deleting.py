"""What a seal would take away from others: counted in the sealer's own snapshot, asked about when
it is much, and kept back until a person has answered.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from ginesys_sync.core.model import Audience
from ginesys_sync.core.plan import Entity, Rule
from ginesys_sync.store.database import database_faults, forget_state, raw, write_state
from ginesys_sync.store.keys import equal, parts
from ginesys_sync.store.meant import is_here
from ginesys_sync.store.routing import FIRST_CHOSEN
from ginesys_sync.store.sealing import SealReader
from ginesys_sync.wire.body import quoted

ASKED, GO, KEEP = "asked", "go", "keep"
ASKS = "deletion_asks"
"""The code under which a store tells head office of an open question. Its key is `asked_at`."""
_QUESTION = "deletion_question "
_SLICE = 200_000


@dataclass(frozen=True, slots=True)
class DeletionQuestion:
    """`gone` of the `total` records of an entity would go from others, or (where it is for certain
    stores) from one of the `sites`. `answer` is `asked` until a person says `go` or `keep`.
    `words`: the question as a person reads it.
    """

    entity: str
    gone: int
    total: int
    sites: tuple[str, ...]
    asked_at: str
    words: str = ""
    answer: str = ASKED

    @property
    def sentence(self) -> str:
        """The question alone, without what can be done at the site that asks."""
        return f"{self.words.partition('. ')[0].rstrip('.')}."


def ask(connection: Connection, question: DeletionQuestion) -> None:
    """Keep a question, with its answer, inside the caller's transaction."""
    write_state(connection, _QUESTION + question.entity, json.dumps(asdict(question)))


def close(connection: Connection, entity: str) -> None:
    """A question is settled. Inside the caller's transaction."""
    forget_state(connection, _QUESTION + entity)


def deletion_questions(connection: Connection) -> tuple[DeletionQuestion, ...]:
    """The questions not settled yet, by entity."""
    with database_faults():
        rows = raw(connection).execute(
            "SELECT value FROM sync_state WHERE substr(name, 1, ?) = ? ORDER BY name",
            (len(_QUESTION), _QUESTION),
        )
        documents = [json.loads(value) for (value,) in rows]
    return tuple(
        DeletionQuestion(**document | {"sites": tuple(document["sites"])}) for document in documents
    )


def drop_deletions(connection: Connection, entity: Entity, limit: int) -> bool:
    """Inside the caller's transaction, and before the run's snapshot begins (see `schema.change`):
    forget at most `limit` noted changes of records that are gone. Whether there were any.
    """
    return (
        raw(connection)
        .execute(
            "DELETE FROM sync_change WHERE id IN (SELECT r.id FROM sync_change r WHERE "
            f"r.entity = ? AND NOT {is_here(entity)} LIMIT ?)",
            (entity.name, limit),
        )
        .rowcount
        > 0
    )


class Losses:
    """Counts what would be lost by the changes that a reader has before it."""

    def __init__(self, reader: SealReader) -> None:
        self._reader = reader
        self._run = raw(reader.connection).execute

    def gone(self, entity: Entity) -> tuple[int, int]:
        """Of an entity that goes to everybody, or to head office: how many records that others
        have are gone here, and how many there were.
        """
        of_record = f"s.entity = ? AND {equal('s', parts(4), 'r', parts(4))}"
        with database_faults():
            gone, here = self._run(
                "SELECT (SELECT count(*) FROM (SELECT DISTINCT k1, k2, k3, k4 FROM "
                f"main.sync_change c WHERE c.entity = ? AND c.image < {FIRST_CHOSEN}"
                f"{self._reader.free}) r WHERE NOT {is_here(entity)} AND EXISTS (SELECT 1 FROM "
                f"main.sync_record s WHERE {of_record} AND s.gone = 0 "
                "AND (s.last_no > 0 OR s.base_no > 0))), "
                f"(SELECT count(*) FROM main.{quoted(entity.root.name)})",
                (entity.name, entity.name),
            ).fetchone()
        return int(gone), int(gone) + int(here)

    def by_site(self, entity: Entity) -> Mapping[str, tuple[int, int]]:
        """Of an entity that is for certain stores: how many records each active store would lose,
        and how many it has.
        """
        active, lost = self._active(), Counter[str]()

        def stores(members: str) -> frozenset[str]:
            found = Audience.parse(members).sites
            return active if found is None else active & found

        after = 0
        while claim := self._reader.claim(entity, after, _SLICE):
            after = claim.last_id
            for old, new, here, count in self._kinds():
                losing = stores(old) - (stores(new) if here else frozenset())
                lost.update(dict.fromkeys(losing, count))
        had = Counter[str]()
        for members, count in self._run(
            "SELECT a.members, count(*) FROM main.sync_record s JOIN main.sync_audience a "
            "ON a.id = s.audience WHERE s.entity = ? AND s.gone = 0 GROUP BY a.id",
            (entity.name,),
        ).fetchall():
            had.update(dict.fromkeys(stores(members), count))
        return {site: (count, max(count, had[site])) for site, count in lost.items()}

    def _kinds(self) -> list[tuple[str, str, int, int]]:
        with database_faults():
            return self._run(
                "SELECT old, new, here, count(*) FROM claim.record GROUP BY old, new, here"
            ).fetchall()

    def _active(self) -> frozenset[str]:
        """The stores that sync now, or will again when they are unblocked."""
        with database_faults():
            rows = self._run(
                "SELECT code FROM main.sync_site WHERE role = 'store' "
                "AND state IN ('active', 'blocked')"
            ).fetchall()
        return frozenset(code for (code,) in rows)


def goes_to_certain_sites(entity: Entity, is_head_office: bool) -> bool:
    """Whether each record of an entity has an audience of its own."""
    return is_head_office and entity.audience.rule is not Rule.ALL
