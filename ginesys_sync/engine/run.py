"""One run, in its order: open, heal what was brought back from a backup, send, first loads,
receive, try the parked again, confirm, flush.

Sending comes first, so that what a site edited itself is on its way before anything of others is
applied.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence, Set
from contextlib import ExitStack, closing
from functools import cache, partial
from typing import Protocol

from ginesys_sync.core.errors import Refused
from ginesys_sync.core.events import Counted
from ginesys_sync.core.model import HEAD_OFFICE, Stream
from ginesys_sync.core.plan import PLAN_CHANNEL, captured_by
from ginesys_sync.core.status import Stage
from ginesys_sync.engine.apply import Apply
from ginesys_sync.engine.catching import Catch, close_others, settle_deletions
from ginesys_sync.engine.confirm import collect, collect_anew, collected_up_to, deliver
from ginesys_sync.engine.context import RunContext
from ginesys_sync.engine.disk import short_of_room
from ginesys_sync.engine.flush import flush
from ginesys_sync.engine.heal import Healing, found_behind, own_places, send_again
from ginesys_sync.engine.loads import LoadWork
from ginesys_sync.engine.members import refresh_sites
from ginesys_sync.engine.offers import offer_loads
from ginesys_sync.engine.pump import Channel, Step
from ginesys_sync.engine.receive import (
    Receive,
    Received,
    mail_request,
    waits_for_load,
)
from ginesys_sync.engine.refill import go_back, refill, want_loads_again
from ginesys_sync.engine.retry import retry_parked
from ginesys_sync.engine.seal import CutClaim, ReadChanges, SealClaims, SealedClaim
from ginesys_sync.engine.sweeping import Sweeping
from ginesys_sync.engine.upload import Upload, post, release_rest
from ginesys_sync.engine.withdrawals import learn_withdrawals, withdraw_again
from ginesys_sync.store import ledger, parking, refilling, sweeping
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.change_log import drop_strays, has_strays, last_change
from ginesys_sync.store.claiming import ClaimWriter
from ginesys_sync.store.database import Connection, transaction
from ginesys_sync.store.fence import require_fence
from ginesys_sync.store.sealing import SealReader
from ginesys_sync.wire.messages import MailAnswer, OpenAnswer, OpenRequest
from ginesys_sync.wire.routes import PROTOCOL

_AHEAD = 2
"""Items between two stages: enough that neither waits for a hiccup of the other."""
_HEALS = 3
"""How often one run reads its own mail back, should more of it come up meanwhile."""
log = logging.getLogger(__name__)


class Pump(Protocol):
    """Runs stages until all are done (`pump.ThreadPump`, `pump.TurnPump`)."""

    def run(self, stages: Sequence[Step]) -> None:
        """Raises the first fault of a stage."""


def exchange(context: RunContext, pump: Pump) -> None:
    """Do one run's work. Raises KnownError when it could not be done; what was done by
    then stands.
    """
    with ExitStack() as stack:
        connection = stack.enter_context(context.database.connect())

        @cache
        def applier() -> BodyApplier:
            return BodyApplier(stack.enter_context(context.database.connect()))

        _begin_streams(context, connection)
        answer = _open(context, connection, pump)
        context.tally.finish(Stage.STARTING)
        _send(context, connection, answer, pump)
        mail = answer.mail
        if answer.set_back:
            refill(context, connection)
            if context.is_head_office:
                want_loads_again(context, connection)
            mail = _ask_again(context, connection)
        if context.is_head_office:
            offer_loads(context, connection)
        context.asks.update(question.entity for question in sweeping.questions(connection))
        fault = short_of_room(context)
        if fault is None:
            _receive(context, connection, mail, applier, pump)
        else:
            context.note(str(fault))
        if sweeping.questions(connection):
            Sweeping(context, applier()).settle()
        if parking.parked_ids(connection):
            retry_parked(context, applier())
        deliver(context, connection)
        context.tally.finish(Stage.CONFIRMING)
        flush(context, connection)
        context.tally.finish(Stage.FINISHING)


def _begin_streams(context: RunContext, connection: Connection) -> None:
    """Have a row for every stream this site may fill, and no note of what is not its to send.

    A plan that gave up an entity, or a hand in the change log, may have left some.
    """
    captured = [
        entity for entity in context.plan.entities if captured_by(entity, context.is_head_office)
    ]
    mine = {str(context.own_stream(entity)) for entity in captured}
    names = [entity.name for entity in captured]
    are_strays = has_strays(connection, names)
    with transaction(connection):
        require_fence(connection, context.fence)
        refilling.begin_since(connection, context.epoch, context.token)
        for stream in sorted(mine):
            ledger.begin_own(connection, stream, context.epoch)
        strays = drop_strays(connection, names) if are_strays else 0
    if strays:
        log.warning("run %d dropped notes of %d changes not this site's", context.run, strays)


def _open(context: RunContext, connection: Connection, pump: Pump) -> OpenAnswer:
    """The first call: heads are compared, acknowledgements and contacts taken in. A database that
    was brought back from an older copy heals before anything else.
    """
    behind = ""
    for _ in range(_HEALS):
        answer = context.web.open(_open_request(context, connection, behind))
        if answer.restored is not None:
            _heal(context, connection, answer, pump)
            behind = ""
            continue
        behind = found_behind(context, connection, answer.own)
        if not behind:
            _take_in(context, connection, answer)
            return answer
    raise Refused(
        f"What {context.site} sent before could not be read back: {behind or 'there is more'}.",
        "Press Sync again. If it comes back, see whether a second copy of this home is in use.",
        reason="site_restored",
    )


def _open_request(context: RunContext, connection: Connection, behind: str) -> OpenRequest:
    return OpenRequest(
        incarnation=context.incarnation,
        run=context.run,
        token=context.token,
        since=refilling.first_since(connection),
        program=context.program,
        protocol=PROTOCOL,
        plan_version=context.plan.version,
        clock=context.now(),
        epoch=context.epoch,
        heads=own_places(context, connection),
        mail=mail_request(context, connection, collected_up_to(connection)),
        can_heal=True,
        behind=behind,
        opened=refilling.opened_run(connection, context.epoch),
    )


def _heal(context: RunContext, connection: Connection, answer: OpenAnswer, pump: Pump) -> None:
    with context.database.connect() as applying:
        fetch_plan = partial(_receive_plan, context, connection, pump)
        Healing(context, BodyApplier(applying), fetch_plan).heal(answer)


def _take_in(context: RunContext, connection: Connection, answer: OpenAnswer) -> None:
    """What the answer says of the chain, of acknowledgements, and of the own streams, whose last
    batches there are known to be the ones here.
    """
    if context.is_head_office:
        refresh_sites(context, connection, answer.sites)
    context.check_sites(connection, context)  # a refused run has done nothing
    if answer.set_back:
        collect_anew(context, connection)
        go_back(context, connection)
    learn_withdrawals(context, connection, answer.withdrawals)
    collect(context, connection, answer.mail.acks)
    with transaction(connection):
        require_fence(connection, context.fence)
        if not answer.set_back:
            refilling.note_opened(connection, context.epoch, context.run)
        for place in answer.own:
            if place.epoch == context.epoch:
                ledger.note_uploaded(connection, place.stream, place.epoch, place.no, context.now())
    for name in answer.missing:
        data = context.staging.get(name)
        if data is not None:
            context.web.put_body(name, data)
    send_again(context, connection, answer.again)


# --- sending --------------------------------------------------------------------------------------


def _send(context: RunContext, connection: Connection, answer: OpenAnswer, pump: Pump) -> None:
    _send_left_over(context, connection, answer)
    withdraw_again(context, connection, answer.withdrawals)
    settle_deletions(context, connection)
    asked: Set[str] = frozenset()
    if last_change(connection):
        asked = _send_changes(context, pump)
    else:
        _say_nothing_waits(context)
    close_others(context, connection, asked)
    release_rest(context, connection)


def _send_changes(context: RunContext, pump: Pump) -> Set[str]:
    """Seal and send what the snapshot shows. The entities whose deletions are asked about."""
    with closing(SealReader(context.database, context.plan, context.site)) as reader:
        catch = Catch(context, reader)
        waiting = reader.records_waiting()
        if waiting:
            context.listener(Counted(waiting))
            _pump_changes(context, reader, catch, pump)
        else:
            _say_nothing_waits(context)
        return catch.asked


def _say_nothing_waits(context: RunContext) -> None:
    context.listener(Counted({}))
    context.tally.finish(Stage.COLLECTING)
    context.tally.finish(Stage.SENDING)


def _pump_changes(context: RunContext, reader: SealReader, catch: Catch, pump: Pump) -> None:
    cuts: Channel[CutClaim] = Channel(_AHEAD)
    sealed: Channel[SealedClaim] = Channel(_AHEAD)
    with (
        closing(ClaimWriter(context.database, context.fence)) as writer,
        closing(Upload(context, sealed)) as upload,
    ):
        read = ReadChanges(context, reader, cuts, catch)
        pump.run([read, SealClaims(context, writer, cuts, sealed), upload])


def _send_left_over(context: RunContext, connection: Connection, answer: OpenAnswer) -> None:
    """What an earlier run sealed and could not send, lanes in their order."""
    there = {place.stream: place.no for place in answer.own if place.epoch == context.epoch}
    own = [
        state
        for name, state in ledger.streams(connection).items()
        if Stream.parse(name).origin == context.site
    ]
    own.sort(key=lambda state: context.plan.lane(Stream.parse(state.stream).channel))
    for state in own:
        reached = there.get(state.stream, 0)
        while reached < state.head_no:
            context.check_cancelled()
            batches = ledger.batches_after(connection, state.stream, context.epoch, reached, 50)
            if not batches:
                break
            post(context, connection, batches, {})
            reached = batches[-1].no


# --- receiving ------------------------------------------------------------------------------------


def _receive(
    context: RunContext,
    connection: Connection,
    first: MailAnswer,
    applier: Callable[[], BodyApplier],
    pump: Pump,
) -> None:
    """Rounds of mail until one brings nothing: each reads up to the heads its first
    answer told of.
    """
    answer = first
    while True:
        if _load(context, applier, answer):
            deliver(context, connection)  # only then is what comes after a load handed out
            answer = _ask_again(context, connection)
        _say_what_waits(context, connection, answer)
        if not _brings(context, answer) and not _moves(context, connection, answer):
            break
        _read_round(context, answer, pump)
        answer = _ask_again(context, connection)
        if not _brings(context, answer) and not answer.loads:
            break
    context.tally.finish(Stage.RECEIVING)
    context.tally.finish(Stage.UPDATING)


def _receive_plan(context: RunContext, connection: Connection, pump: Pump) -> None:
    """Receive the chain's newest plan alone: own mail that is read back may be sealed by it."""
    before, plan = set(context.stopped), str(Stream(HEAD_OFFICE, PLAN_CHANNEL))
    context.stopped |= ledger.streams(connection).keys() - {plan}
    answer = _ask_again(context, connection)
    context.stopped |= {stream.stream for stream in answer.streams} - {plan}
    _read_round(context, answer, pump)
    context.stopped = before


def _read_round(context: RunContext, answer: MailAnswer, pump: Pump) -> None:
    received: Channel[Received] = Channel(_AHEAD)
    with (
        closing(Receive(context, answer, received)) as receive,
        closing(Apply(context, received)) as apply,
    ):
        pump.run([receive, apply])


def _ask_again(context: RunContext, connection: Connection) -> MailAnswer:
    answer = context.web.mail(mail_request(context, connection, collected_up_to(connection)))
    collect(context, connection, answer.acks)
    return answer


def _load(context: RunContext, applier: Callable[[], BodyApplier], answer: MailAnswer) -> bool:
    """Apply the first loads of an answer, lanes in their order. Whether there were any."""
    loads = [load for load in answer.loads if load.stream not in context.stopped]
    if loads:
        LoadWork(context, applier()).apply(loads)
    return bool(loads)


def _brings(context: RunContext, answer: MailAnswer) -> bool:
    """Whether batches came that may be read in this run."""
    return any(batch.stream not in context.stopped for batch in answer.batches)


def _moves(context: RunContext, connection: Connection, answer: MailAnswer) -> bool:
    """Whether some cursor would move although no batch came: what lay between was for others."""
    known = ledger.streams(connection)
    return any(
        stream.load == "none"
        and stream.stream not in context.stopped
        and stream.complete > (known[stream.stream].applied_no if stream.stream in known else 0)
        for stream in answer.streams
    )


def _say_what_waits(context: RunContext, connection: Connection, answer: MailAnswer) -> None:
    waiting = waits_for_load(answer.streams)
    if not waiting or context.is_head_office:
        return
    known = ledger.streams(connection)
    has_its_past = any(name in known and known[name].applied_no for name in waiting)
    why = (
        "This store waits for a full load, which brings it up to date from the beginning."
        if has_its_past
        else "This store joined later and waits for its first full load."
    )
    context.note(f"{why} It is made when head office syncs next.")
