"""The sweep after a first load: what head office's load did not hold goes, as tombstones like any
others, in slices, and parks where something still refers to it.

More than a tenth of an entity waits for a person's word; until it is given, every run says so.
"""

from __future__ import annotations

from ginesys_sync.core.model import HEAD_OFFICE, Key
from ginesys_sync.core.plan import Entity
from ginesys_sync.engine.batch_work import BatchWork
from ginesys_sync.engine.bodies import BodyWork
from ginesys_sync.engine.confirm import say_parked_changed
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.seal import TARGET_ROWS
from ginesys_sync.store import sweeping
from ginesys_sync.store.answers import answered_for
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.database import transaction
from ginesys_sync.store.fence import require_fence
from ginesys_sync.store.sweeping import Question

_DROPPED_AT_ONCE = 500


def is_too_much(extra: int, total: int) -> bool:
    """Whether so many records may not go without a person's word."""
    return extra > total // sweeping.SHARE + 1


class Sweeping:
    """Sweeps at one site, in one run."""

    def __init__(self, context: RunContext, applier: BodyApplier) -> None:
        self._context = context
        self._applier = applier
        self._connection = applier.connection

    def sweep(self, entity: Entity, stream: str, no: int) -> None:
        """Let go what the load of `stream` up to `no` did not hold of an entity, or ask. The keys
        that it named stay until the load ends, so that this may be repeated."""
        self._drop_overtaken(entity, stream, no)
        extra, total = sweeping.count_extra(self._connection, entity)
        if is_too_much(extra, total):
            at = self._context.now()
            question = Question(entity.name, stream, no, extra, total, at)
            with transaction(self._connection):
                require_fence(self._connection, self._context.fence)
                sweeping.ask(self._connection, question)
            self._context.asks.add(entity.name)
            self._say(entity, question)
        else:
            self._bury(entity, stream, no)
            self._context.asks.discard(entity.name)

    def _drop_overtaken(self, entity: Entity, stream: str, no: int) -> None:
        is_left = True
        while is_left:
            self._context.check_cancelled()
            with transaction(self._connection):
                require_fence(self._connection, self._context.fence)
                is_left = sweeping.drop_overtaken(
                    self._connection, entity, stream, no, _DROPPED_AT_ONCE
                )

    def settle(self) -> None:
        """Do what people answered, here or at head office, to the questions of earlier runs; say
        again what is still asked."""
        known = {entity.name: entity for entity in self._context.plan.entities}
        settled = set[str]()
        for question in sweeping.questions(self._connection):
            entity, answer = known.get(question.entity), self._answer(question)
            if entity is None or answer == sweeping.KEEP:
                self._close(question.entity)
            elif answer == sweeping.SWEEP:
                self._bury(entity, question.stream, question.no)
                self._close(entity.name)
            else:
                self._say(entity, question)
                continue
            settled.add(question.stream)
        if settled:
            say_parked_changed(self._context, self._connection, sorted(settled))

    def _answer(self, question: Question) -> str:
        """What was said here; else what head office said of this very question."""
        if question.answer != sweeping.ASKED:
            return question.answer
        return answered_for(
            self._connection,
            sweeping.ASKS,
            self._context.site,
            question.entity,
            question.asked_at,
            (sweeping.SWEEP, sweeping.KEEP),
        )

    def _say(self, entity: Entity, question: Question) -> None:
        self._context.note(
            f"{question.extra:,} of the {question.total:,} {entity.many} here are not in head "
            "office's full load. They are kept until someone says whether they should go."
        )

    def _bury(self, entity: Entity, stream: str, no: int) -> None:
        after: Key | None = None
        while True:
            self._context.check_cancelled()
            found = sweeping.extra_body(self._context.database, entity, after, TARGET_ROWS)
            if found is None:
                break
            body, after = found
            work = BatchWork(entity, HEAD_OFFICE, stream, no, body.data)
            BodyWork(self._context, self._applier).apply(work, lambda: None)

    def _close(self, entity: str) -> None:
        with transaction(self._connection):
            require_fence(self._connection, self._context.fence)
            sweeping.close(self._connection, entity)
        self._context.asks.discard(entity)
