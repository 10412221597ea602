"""Apply: the stage that takes fetched batches in, in the order they are handed over."""

from __future__ import annotations

from ginesys_sync.core.errors import Halted, PlanUnfit
from ginesys_sync.core.model import Stream
from ginesys_sync.core.plan import PLAN_ENTITY, OnFault
from ginesys_sync.core.status import Stage
from ginesys_sync.engine.batch_work import BatchWork
from ginesys_sync.engine.bodies import BodyWork
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.disk import require_room
from ginesys_sync.engine.plan import put_plan_in_place
from ginesys_sync.engine.pump import Channel, Turn
from ginesys_sync.engine.receive import Fetched, Reached, Received
from ginesys_sync.store import ledger
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.database import transaction
from ginesys_sync.store.fence import require_fence
from ginesys_sync.store.refilling import keeps_both


class Apply:
    """The stage: takes what Receive hands over, in its order."""

    def __init__(self, context: RunContext, received: Channel[Received]) -> None:
        self._context = context
        self._received = received
        self._stopped: set[str] = set()
        self.applier = BodyApplier(context.database.connect())
        self.bodies = BodyWork(context, self.applier)

    def close(self) -> None:
        """Let go of the database."""
        self.applier.connection.close()

    def step(self) -> Turn:
        """Apply one batch, or move a cursor past batches that are for others."""
        self._context.check_cancelled()
        item = self._received.take()
        if item is None:
            if not self._received.is_drained:
                return Turn.IDLE
            return Turn.DONE
        require_room(self._context)
        try:
            self._take_in(item)
        finally:
            self._received.finish()
        return Turn.PROGRESS

    def _take_in(self, item: Received) -> None:
        stream = item.stream if isinstance(item, Reached) else item.batch.stream
        if stream in self._stopped:
            return
        try:
            self._reach(item) if isinstance(item, Reached) else self._apply(item)
        except (PlanUnfit, Halted) as fault:
            self._stopped.add(stream)
            self._context.stop_stream(stream, fault)

    def _reach(self, reached: Reached) -> None:
        connection = self.applier.connection
        state = ledger.stream_state(connection, reached.stream)
        if state is None or state.applied_no >= reached.no:
            return
        with transaction(connection):
            require_fence(connection, self._context.fence)
            self.bodies.move_cursor(reached.stream, reached.epoch, reached.no)

    def _apply(self, fetched: Fetched) -> None:
        batch = fetched.batch
        stream = Stream.parse(batch.stream)
        work = BatchWork(fetched.entity, stream.origin, batch.stream, batch.no, fetched.raw)
        channel = self._context.plan.channel(stream.channel)
        work.is_whole, work.does_halt = channel.is_whole, channel.on_fault is OnFault.HALT
        connection, at = self.applier.connection, self._context.now()
        work.keeps_both = self._context.is_head_office and keeps_both(connection, batch.stream, at)
        self.bodies.apply(
            work, lambda: self.bodies.move_cursor(batch.stream, batch.epoch, batch.no)
        )
        self._context.tally.add(Stage.UPDATING, batch.records + batch.gone)
        if batch.entity == PLAN_ENTITY.name:
            put_plan_in_place(self._context)
