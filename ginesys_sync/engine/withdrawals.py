"""What head office took back: its books and the Web Database say the same of it, whichever of them
was brought back from an older copy.

To take something back is no run, so neither a run number nor a cursor tells that a copy lacks it.
The Web Database has another word for what is withdrawn after each withdrawal; when head office
knows another one than it has now, each tells the other what it lacks.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import groupby

from ginesys_sync.core.errors import Damaged, PlanUnfit
from ginesys_sync.core.model import Audience, SiteCode, Stream
from ginesys_sync.core.plan import Entity
from ginesys_sync.engine.context import RunContext
from ginesys_sync.store import ledger, noting, refilling, withdrawing
from ginesys_sync.store.database import Connection, transaction
from ginesys_sync.store.fence import require_fence
from ginesys_sync.store.withdrawing import Uploaded
from ginesys_sync.wire.body import unpack
from ginesys_sync.wire.control_messages import Withdrawn, WithdrawnRequest, WithdrawRequest
from ginesys_sync.wire.own_names import admit

_A_CALL = 200
_NAMED = 5
log = logging.getLogger(__name__)


# --- what the Web Database knows more -------------------------------------------------------------


def learn_withdrawals(context: RunContext, connection: Connection, word: str) -> None:
    """Take into the books what only the Web Database, whose word is `word`, knows as taken back:
    that was done since the copy from which these books were brought back, or the answer was lost.
    What these books do not know as sent is read back later, and says so itself.

    Before acknowledgements are collected: whoever had acknowledged a batch when the books did not
    know that it was taken back has processed it.
    """
    if word == refilling.withdrawals_word(connection):
        return
    for name in ledger.streams(connection):
        stream = Stream.parse(name)
        if stream.origin == context.site:
            _learn(context, connection, stream)


def _learn(context: RunContext, connection: Connection, stream: Stream) -> None:
    after = 0
    while True:
        context.check_cancelled()
        answer = context.web.withdrawn(WithdrawnRequest(channel=stream.channel, after=after))
        for one in answer.withdrawn:
            batch = withdrawing.uploaded_batch(connection, str(stream), one.no)
            if batch is not None and (batch.epoch, batch.sha256) == (context.epoch, one.sha256):
                _learn_one(context, connection, batch, one)
        last = max((one.no for one in answer.withdrawn), default=0)
        if not answer.more or last <= after:
            return
        after = last


def _learn_one(
    context: RunContext, connection: Connection, batch: Uploaded, one: Withdrawn
) -> None:
    is_all = ledger.ALL_SITES in one.sites
    members = withdrawing.members(connection, batch)
    gone_from = set(members if is_all else one.sites) - withdrawing.parts(connection, batch)
    has_it = withdrawing.processed_by(connection, batch)
    if batch.is_withdrawn or not gone_from - has_it:
        return
    sites = None if is_all and not has_it else sorted(gone_from - has_it)
    entity, at = _entity(context, batch), context.now()
    body = _body(context, batch, entity, one.is_kept)
    chosen = None if sites is None else frozenset(sites)
    with transaction(connection):
        require_fence(connection, context.fence)
        why = "as the Web Database has it"
        withdrawing.note_withdrawn(connection, batch, sites, why, "", at)
        if entity is not None:
            withdrawing.note_unsent(connection, batch, entity, body, chosen, "", at)


def _entity(context: RunContext, batch: Uploaded) -> Entity | None:
    """None when the plan has given it up: nothing more of it is sent."""
    try:
        return context.plan.entity(batch.entity)
    except PlanUnfit:
        return None


def _body(
    context: RunContext, batch: Uploaded, entity: Entity | None, is_kept: bool
) -> bytes | None:
    """The raw body as this plan reads it. None when it is kept nowhere, damaged, or of another
    shape: the books know what was in it.
    """
    if entity is None:
        return None
    data = context.staging.get(batch.sha256)
    try:
        if data is None and is_kept:
            data = context.web.get_body(batch.sha256, batch.size)
        return data and admit(unpack(data, batch.sha256, batch.raw_size), entity)
    except Damaged as fault:
        log.warning("batch %d of %s is taken from the books: %s", batch.no, batch.stream, fault)
        return None


# --- what these books know more -------------------------------------------------------------------


def withdraw_again(context: RunContext, connection: Connection, word: str) -> None:
    """Before anything more is let out: what these books have as taken back is taken back at the Web
    Database, whose word is `word`, too. What a store has heard of meanwhile cannot be: that store
    gets what was in it as it is now.
    """
    known = refilling.withdrawals_word(connection)
    if word == known:
        return
    batches = withdrawing.withdrawn_batches(connection)
    heard_of: dict[str, list[tuple[Uploaded, list[str]]]] = {}
    for (stream, sites), alike in groupby(batches, lambda each: (each[0].stream, each[1])):
        those = [batch for batch, _ in alike]
        for start in range(0, len(those), _A_CALL):
            context.check_cancelled()
            some = those[start : start + _A_CALL]
            heard, before, after = _withdraw(context, stream, some, sites)
            word = after if before == word else known
            for batch in some:
                if batch.no in heard:
                    _note_heard(context, connection, batch, heard[batch.no])
                    heard_of.setdefault(stream, []).append((batch, heard[batch.no]))
    for stream, found in heard_of.items():
        context.note(_heard_words(context, Stream.parse(stream).channel, found))
    with transaction(connection):
        require_fence(connection, context.fence)
        refilling.note_withdrawals(connection, known, word)


def _withdraw(
    context: RunContext, stream: str, batches: Sequence[Uploaded], sites: Sequence[str] | None
) -> tuple[dict[int, list[str]], str, str]:
    """Who has heard of which, and the words before and after."""
    answer = context.web.withdraw(
        WithdrawRequest(
            channel=Stream.parse(stream).channel,
            epoch=context.epoch,
            numbers=[batch.no for batch in batches],
            sites=None if sites is None else list(sites),
            again=True,
        )
    )
    return {each.no: list(each.sites) for each in answer.listed}, answer.before, answer.after


def _note_heard(
    context: RunContext, connection: Connection, batch: Uploaded, heard: Sequence[str]
) -> None:
    entity = _entity(context, batch)
    body = _body(context, batch, entity, is_kept=False)
    others = [site for site in withdrawing.members(connection, batch) if site not in heard]
    with transaction(connection):
        require_fence(connection, context.fence)
        withdrawing.note_heard(connection, batch, heard, others, context.now())
        if entity is None:
            return
        weight = noting.weight_for(connection, Audience.of(map(SiteCode, heard)))
        for key in withdrawing.keys_of(connection, batch, entity, body)[0]:
            noting.note_record(connection, entity, key, weight)


def _heard_words(
    context: RunContext, channel: str, found: Sequence[tuple[Uploaded, list[str]]]
) -> str:
    title = {known.name: known.title for known in context.plan.channels}.get(channel, channel)
    sites = sorted({site for _, heard in found for site in heard})
    shown = ", ".join(sites[:_NAMED]) + (" and others" if len(sites) > _NAMED else "")
    what = f"Batch {found[0][0].no}" if len(found) == 1 else f"{len(found):,} batches"
    was, gets = ("was" if len(found) == 1 else "were"), ("gets" if len(sites) == 1 else "get")
    return (
        f"{what} of {title} {was} withdrawn, but the Web Database was brought back from an older "
        f"copy, and {shown} may have read it there. What was in it, {shown} {gets} as it is now."
    )
