"""What head office took back: its books and the Web Database say the same of it, whichever of them
was brought back from an older copy.

A call that takes something back is no run, so it is numbered by itself: whoever knows the later
number knows more.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import groupby

from ginesys_sync.core.errors import Damaged, PlanUnfit
from ginesys_sync.core.model import Audience, Role, SiteCode, Stream
from ginesys_sync.core.plan import Entity
from ginesys_sync.engine.context import RunContext
from ginesys_sync.store import ledger, noting, refilling, withdrawing
from ginesys_sync.store.database import Connection, transaction
from ginesys_sync.store.fence import require_fence
from ginesys_sync.store.sites import sites as all_sites
from ginesys_sync.store.withdrawing import Uploaded
from ginesys_sync.wire.body import unpack
from ginesys_sync.wire.control_messages import Withdrawn, WithdrawnRequest, WithdrawRequest
from ginesys_sync.wire.own_names import in_own_names

_A_CALL = 200
_SITES_A_CALL = 1_000
_NAMED = 5
log = logging.getLogger(__name__)


def collect_withdrawals(context: RunContext, connection: Connection, last: int) -> None:
    """Take into the books what the Web Database has beyond them, up to withdrawal `last`: it was
    taken back since the copy that these books were brought back from, or the answer was lost. What
    these books do not know as sent is read back later, and says so itself.
    """
    known = refilling.last_withdrawal(connection)
    while known < last:
        context.check_cancelled()
        answer = context.web.withdrawn(WithdrawnRequest(after=known))
        for one in answer.withdrawn:
            _collect_one(context, connection, one)
        if answer.up_to <= known:
            break
        known = answer.up_to
        with transaction(connection):
            require_fence(connection, context.fence)
            refilling.note_withdrawal(connection, known)


def _collect_one(context: RunContext, connection: Connection, one: Withdrawn) -> None:
    stream = str(Stream(SiteCode(context.site), one.channel))
    batch = withdrawing.uploaded_batch(connection, stream, one.no)
    if batch is None or (batch.epoch, batch.sha256) != (one.epoch, one.sha256):
        return
    sites = None if ledger.ALL_SITES in one.sites else one.sites
    if withdrawing.is_noted(connection, batch, sites):
        return
    entity, at = _entity(context, batch), context.now()
    data = context.staging.get(batch.sha256)
    if data is None and one.is_kept:
        data = context.web.get_body(one.sha256, one.size)
    body = _opened(batch, entity, data)
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


def _opened(batch: Uploaded, entity: Entity | None, data: bytes | None) -> bytes | None:
    """The raw body; None when it is kept nowhere, or is damaged: the books know what was in it."""
    if entity is None or data is None:
        return None
    try:
        return in_own_names(unpack(data, batch.sha256, batch.raw_size), entity)
    except Damaged as fault:
        log.warning("batch %d of %s is taken from the books: %s", batch.no, batch.stream, fault)
        return None


def withdraw_again(context: RunContext, connection: Connection) -> None:
    """The Web Database was brought back from an older copy: before anything more is let out, what
    these books have as taken back is taken back there. What a store has heard of meanwhile cannot
    be: what was in it is sent to that store once more, as it is now.
    """
    batches = withdrawing.withdrawn_batches(connection)
    for (stream, sites), alike in groupby(batches, lambda each: (each[0].stream, each[1])):
        those = [batch for batch, _ in alike]
        for start in range(0, len(those), _A_CALL):
            context.check_cancelled()
            some = those[start : start + _A_CALL]
            if _heard(context, stream, some, sites):
                for batch in some:
                    _withdraw_one_again(context, connection, batch, sites)


def _heard(
    context: RunContext, stream: str, batches: Sequence[Uploaded], sites: Sequence[str] | None
) -> set[str]:
    """Take back all of them; or none, and then some of the sites that have heard of one."""
    answer = context.web.withdraw(
        WithdrawRequest(
            channel=Stream.parse(stream).channel,
            epoch=batches[0].epoch,
            numbers=[batch.no for batch in batches],
            sites=None if sites is None else list(sites),
        )
    )
    return {site for listed in answer.listed for site in listed.sites}


def _withdraw_one_again(
    context: RunContext, connection: Connection, batch: Uploaded, sites: Sequence[str] | None
) -> None:
    if not _heard(context, batch.stream, [batch], sites):
        return
    members = _members(connection, batch) if sites is None else sites
    heard: set[str] = set()
    for start in range(0, len(members), _SITES_A_CALL):
        some = list(members[start : start + _SITES_A_CALL])
        while some and (told := _heard(context, batch.stream, [batch], some)):
            heard |= told
            some = [site for site in some if site not in told]
    others = [site for site in members if site not in heard]
    _note_heard(context, connection, batch, sorted(heard), others)


def _members(connection: Connection, batch: Uploaded) -> list[str]:
    stores = [str(site.code) for site in all_sites(connection) if site.role is Role.STORE]
    return [store for store in stores if batch.audience.holds(store)]


def _note_heard(
    context: RunContext,
    connection: Connection,
    batch: Uploaded,
    heard: Sequence[str],
    others: Sequence[str],
) -> None:
    entity = _entity(context, batch)
    body = _opened(batch, entity, context.staging.get(batch.sha256))
    with transaction(connection):
        require_fence(connection, context.fence)
        withdrawing.note_heard(connection, batch, heard, others, context.now())
        if entity is not None:
            weight = noting.weight_for(connection, Audience.of(map(SiteCode, heard)))
            for key in withdrawing.keys_of(connection, batch, entity, body)[0]:
                noting.note_record(connection, entity, key, weight)
    shown = ", ".join(heard[:_NAMED]) + (" and others" if len(heard) > _NAMED else "")
    context.note(
        f"Batch {batch.no} of {batch.stream} was withdrawn, but {shown} may have it from the Web "
        "Database's older copy. What was in it is sent there once more, as it is now."
    )
