"""Acknowledgements, both ways: those of others are collected, ours go out until the Web Database
has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ginesys_sync.core.errors import Refused
from ginesys_sync.core.model import HEAD_OFFICE, Stream, key_text
from ginesys_sync.core.plan import PLAN_CHANNEL
from ginesys_sync.core.status import Stage
from ginesys_sync.engine.context import RunContext
from ginesys_sync.store import deleting, due_loads, ledger, parking, sweeping
from ginesys_sync.store.attention import replace_attention
from ginesys_sync.store.database import Connection, read_state, transaction, write_state
from ginesys_sync.store.fence import require_fence
from ginesys_sync.store.refilling import ACKS_COLLECTED, collect_from_the_first
from ginesys_sync.wire.messages import Ack, AckRow, AcksRequest, ParkedWord
from ginesys_sync.wire.routes import MAX_PARKED_WORDS

TELLS_OF_DELETIONS = str(Stream(HEAD_OFFICE, PLAN_CHANNEL))
"""The stream with whose acknowledgement a store tells of deletions it keeps back: they are of no
stream of head office's, and every store reads this one."""
_A_CALL = 200


def collected_up_to(connection: Connection) -> int:
    """The last acknowledgement row that was collected from the Web Database."""
    return int(read_state(connection, ACKS_COLLECTED) or 0)


def collect_anew(context: RunContext, connection: Connection) -> None:
    """The Web Database was brought back: collect all it has."""
    with transaction(connection):
        require_fence(connection, context.fence)
        collect_from_the_first(connection)


def collect(context: RunContext, connection: Connection, rows: Sequence[AckRow]) -> None:
    """Write what other sites acknowledged into the books, in one transaction."""
    if not rows:
        return
    at = context.now()
    with transaction(connection):
        require_fence(connection, context.fence)
        for row in rows:
            _collect_one(context, connection, row, at)
        write_state(connection, ACKS_COLLECTED, str(max(row.id for row in rows)))
    context.tally.add(Stage.CONFIRMING, len(rows))


def _collect_one(context: RunContext, connection: Connection, row: AckRow, at: str) -> None:
    ack = row.ack
    if Stream.parse(ack.stream).origin != context.site or ack.epoch != context.epoch:
        return
    ledger.note_collected(
        connection,
        ack.stream,
        row.site,
        ack.epoch,
        ack.kind,
        ack.from_no,
        ack.to_no,
        context.run,
        ack.run,
        ack.applied_at,
        ack.parked_total,
        at,
    )
    words = [
        (word.entity, key_text(tuple(word.key)), word.no, word.code, word.reason)
        for word in ack.parked
    ]
    replace_attention(connection, row.site, ack.stream, words, ack.parked_total, at)
    if ack.kind == "load":
        due_loads.end_load(connection, row.site, ack.stream)


def deliver(context: RunContext, connection: Connection) -> None:
    """Send the acknowledgements that the Web Database does not have yet."""
    waiting = ledger.undelivered_acks(connection, context.site)
    for start in range(0, len(waiting), _A_CALL):
        _deliver_some(context, connection, waiting[start : start + _A_CALL])


def _deliver_some(
    context: RunContext,
    connection: Connection,
    some: Sequence[ledger.OwnAck],
) -> None:
    """Send some. One for more than the Web Database has waits: it was brought back from an older
    copy, and gets the rest again from whoever sent it.
    """
    messages = [_message(context, connection, ack) for ack in some]
    try:
        context.web.acks(AcksRequest(acks=messages))
    except Refused as fault:
        if fault.reason != "ack_beyond":
            raise
        if len(some) == 1:
            context.note(
                f"The Web Database has less of {some[0].stream} than this site has processed. "
                "It gets the rest when its sender syncs next."
            )
            return
        for ack in some:
            _deliver_some(context, connection, [ack])
        return
    told = [(ack.id, word.parked_total) for ack, word in zip(some, messages, strict=True)]
    with transaction(connection):
        require_fence(connection, context.fence)
        ledger.note_delivered(connection, told, context.now())
    context.tally.add(Stage.CONFIRMING, len(some))


def _message(context: RunContext, connection: Connection, ack: ledger.OwnAck) -> Ack:
    widths = {entity.name: len(entity.key) for entity in context.plan.entities}
    asked = _asked(context, connection, ack.stream)
    total, parked = parking.parked_words(
        connection, ack.stream, widths, MAX_PARKED_WORDS - len(asked)
    )
    return Ack(
        stream=ack.stream,
        epoch=ack.epoch,
        kind="load" if ack.kind == "load" else "data",
        from_no=ack.from_no,
        to_no=ack.to_no,
        run=ack.run,
        said=ack.said,
        applied_at=ack.applied_at,
        parked_total=total + len(asked),
        parked=[*asked, *(_word(record) for record in parked)],
    )


def _asked(context: RunContext, connection: Connection, stream: str) -> list[ParkedWord]:
    """What a person is asked here since a full load of this stream, or before own deletions are
    sent; head office may answer too."""
    many = {entity.name: entity.many for entity in context.plan.entities}
    found = _asked_of_deletions(connection) if stream == TELLS_OF_DELETIONS else []
    return found + [
        ParkedWord(
            entity=question.entity,
            key=[question.asked_at],
            no=question.no,
            code=sweeping.ASKS,
            reason=f"{question.extra:,} of the {question.total:,} "
            f"{many.get(question.entity, question.entity)} at {context.site} are not in head "
            "office's full load. They are kept until someone says whether they should go.",
        )
        for question in sweeping.questions(connection)
        if question.stream == stream and question.answer == sweeping.ASKED
    ]


def _asked_of_deletions(connection: Connection) -> list[ParkedWord]:
    return [
        ParkedWord(
            entity=question.entity,
            key=[question.asked_at],
            no=0,
            code=deleting.ASKS,
            reason=question.sentence,
        )
        for question in deleting.deletion_questions(connection)
        if question.answer == deleting.ASKED
    ]


def _word(record: parking.Parked) -> ParkedWord:
    key = [part.hex() if isinstance(part, bytes) else part for part in record.key]
    return ParkedWord(
        entity=record.entity,
        key=[part if isinstance(part, int) else str(part)[:1000] for part in key],
        no=record.no,
        code=record.code,
        reason=record.reason[:1000],
    )


def say_parked_changed(context: RunContext, connection: Connection, streams: Iterable[str]) -> None:
    """What is parked of these streams has changed: acknowledge again, so that the sender
    learns it.
    """
    with transaction(connection):
        require_fence(connection, context.fence)
        for stream in streams:
            ledger.acknowledge_again(connection, stream, context.site, context.run, context.now())
