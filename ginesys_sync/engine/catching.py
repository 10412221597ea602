"""A safety catch on what is about to be sealed: more than a tenth of an entity, or all of it, is
not taken from others without a person's word. Everything else goes on. A store tells head office
that it asks, with its acknowledgement of the plan's stream, and head office may answer too.

It costs nothing as long as no tombstone is sealed: only the first one of an entity in a run has its
deletions counted, in the sealer's own snapshot.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.plan import PLAN_CHANNEL, Entity, captured_by
from ginesys_sync.engine.confirm import TELLS_OF_DELETIONS
from ginesys_sync.engine.context import RunContext
from ginesys_sync.store import deleting, ledger
from ginesys_sync.store.answers import answered_for
from ginesys_sync.store.database import Connection, transaction
from ginesys_sync.store.deleting import DeletionQuestion, Losses, goes_to_certain_sites
from ginesys_sync.store.fence import require_fence
from ginesys_sync.store.sealing import SealReader

SHARE = 10
FEW = 20
"""So few deletions are never asked about, unless they are all there was …"""
ALL_OF = 5
"""… of at least so many."""
_DROPPED_AT_ONCE = 500
_NAMED = 5


def is_too_much(gone: int, total: int) -> bool:
    """Whether so many of so many records may not be taken from others without a person's word."""
    return (gone >= FEW and gone * SHARE > total) or gone == total >= ALL_OF


def is_covered(question: DeletionQuestion, gone: int) -> bool:
    """Whether the answer `go` was given for about as many."""
    more = max(FEW, question.gone // SHARE)
    return question.answer == deleting.GO and gone <= question.gone + more


def settle_deletions(context: RunContext, connection: Connection) -> None:
    """Before the run's snapshot: take head office's answers over, and forget the deletions that
    people answered are not to be sent."""
    known = {entity.name: entity for entity in context.plan.entities}
    for asked in deleting.deletion_questions(connection):
        question = _answered(context, connection, asked)
        entity = known.get(question.entity)
        is_ours = entity is not None and captured_by(entity, context.is_head_office)
        if entity is not None and is_ours and question.answer == deleting.KEEP:
            _drop(context, connection, entity)
        elif is_ours:
            continue
        _close(context, connection, question.entity)


def _answered(
    context: RunContext, connection: Connection, question: DeletionQuestion
) -> DeletionQuestion:
    """The question with what was said here; else with what head office said of this very one."""
    if question.answer != deleting.ASKED:
        return question
    said = answered_for(
        connection,
        deleting.ASKS,
        context.site,
        question.entity,
        question.asked_at,
        (deleting.GO, deleting.KEEP),
    )
    if not said:
        return question
    answered = replace(question, answer=said)
    with transaction(connection):
        require_fence(connection, context.fence)
        deleting.ask(connection, answered)
    return answered


def _close(context: RunContext, connection: Connection, entity: str) -> None:
    with transaction(connection):
        require_fence(connection, context.fence)
        deleting.close(connection, entity)
        _tell(context, connection)


def close_others(context: RunContext, connection: Connection, asked: Collection[str]) -> None:
    """All is read: what was answered is done, and what was brought back is asked no more. Entities
    that are `asked` about in this run stay so."""
    for question in deleting.deletion_questions(connection):
        if question.entity not in asked:
            _close(context, connection, question.entity)


def _tell(context: RunContext, connection: Connection) -> None:
    """Inside a transaction: head office is to hear what a store asks now."""
    if not context.is_head_office:
        ledger.acknowledge_again(
            connection, TELLS_OF_DELETIONS, context.site, context.run, context.now()
        )


def _drop(context: RunContext, connection: Connection, entity: Entity) -> None:
    is_left = True
    while is_left:
        context.check_cancelled()
        with transaction(connection):
            require_fence(connection, context.fence)
            is_left = deleting.drop_deletions(connection, entity, _DROPPED_AT_ONCE)


class Catch:
    """The catch of one run, in the thread that reads."""

    def __init__(self, context: RunContext, reader: SealReader) -> None:
        self._context = context
        self._reader = reader
        self._losses = Losses(reader)
        self._judged: set[str] = set()
        self.asked: set[str] = set()

    def looks_again(self, entity: Entity) -> bool:
        """A claim of the entity holds tombstones: whether it is to be cut again, because from now
        on they are not claimed, or because the reader's claim was used to count them.
        """
        if entity.name in self._judged or entity.channel == PLAN_CHANNEL:
            return False
        self._judged.add(entity.name)
        question = self._question(entity)
        is_held = question is not None and self._asks(entity, question)
        return is_held or goes_to_certain_sites(entity, self._context.is_head_office)

    def _asks(self, entity: Entity, question: DeletionQuestion) -> bool:
        """Ask, and keep them back; unless a person has answered that they may go."""
        with self._context.database.connect() as connection:
            asked = {each.entity: each for each in deleting.deletion_questions(connection)}
            before = asked.get(entity.name)
            if before is not None and is_covered(before, question.gone):
                return False
            if before is not None and before.answer == deleting.ASKED:
                # The same question, so that an answer that is on its way still belongs to it.
                question = replace(question, asked_at=before.asked_at)
            with transaction(connection):
                require_fence(connection, self._context.fence)
                deleting.ask(connection, question)
                if question != before:
                    _tell(self._context, connection)
        self.asked.add(entity.name)
        certain = goes_to_certain_sites(entity, self._context.is_head_office)
        self._reader.keep_back(entity, is_gone_alone=not certain)
        self._context.note(question.words)
        return True

    def _question(self, entity: Entity) -> DeletionQuestion | None:
        at = self._context.now()
        if goes_to_certain_sites(entity, self._context.is_head_office):
            found = self._losses.by_site(entity)
            losing = sorted(site for site, counts in found.items() if is_too_much(*counts))
            if not losing:
                return None
            gone, total = max(found[site] for site in losing)
            words = _taken_words(entity, gone, total, losing)
            return DeletionQuestion(entity.name, gone, total, tuple(losing), at, words)
        gone, total = self._losses.gone(entity)
        if not is_too_much(gone, total):
            return None
        words = _deleted_words(entity, gone, total, self._context.site)
        return DeletionQuestion(entity.name, gone, total, (), at, words)


def _deleted_words(entity: Entity, gone: int, total: int, site: str) -> str:
    here, there = (
        ("at head office", "the stores keep theirs")
        if site == HEAD_OFFICE
        else (f"at {site}", "head office keeps its own")
    )
    return (
        f"{gone:,} of the {total:,} {entity.many} were deleted {here}; {there} until someone says "
        f"whether they may go. {_what_to_do(entity)}"
    )


def _taken_words(entity: Entity, gone: int, total: int, sites: Sequence[str]) -> str:
    more = f" and {len(sites) - _NAMED:,} more" if len(sites) > _NAMED else ""
    whom = ", ".join(sites[:_NAMED]) + more
    each = "" if len(sites) == 1 else "each of "
    return (
        f"{gone:,} of the {total:,} {entity.many} at {each}{whom} would be deleted there, because "
        f"they are deleted here or no longer meant for them. {entity.many.capitalize()} wait until "
        f"someone says whether they may go. {_what_to_do(entity)}"
    )


def _what_to_do(entity: Entity) -> str:
    return (
        "If that is a mistake, bring them back, and this question ends by itself. If they are to "
        f"go, say so in Needs attention, or with `control … answer --entity {entity.name} --go`."
    )
