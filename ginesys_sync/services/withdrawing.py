"""Withdraw: take back batches that are at the Web Database and that no store has heard of yet.

A withdrawn batch keeps its number, its readers pass over it, and *Sent Data* says WITHDRAWN. What
it held goes with the next change of each record, or when it is sent again.

What follows is written down first, in terms that do no harm when the Web Database then says no, so
that no answer that is lost can lose a deletion; the same call again finishes the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ginesys_sync.core.clock import Clock, SystemClock, iso
from ginesys_sync.core.errors import Damaged, NotPossible
from ginesys_sync.core.model import SiteCode, Stream
from ginesys_sync.core.plan import Entity
from ginesys_sync.engine.staging import Staging
from ginesys_sync.services.audit import note_action, present_user
from ginesys_sync.services.blocking import checked_reason
from ginesys_sync.services.naming import named_channel, named_store
from ginesys_sync.services.rights import require_head_office
from ginesys_sync.services.site import OpenSite, opened_site
from ginesys_sync.services.views import Done
from ginesys_sync.store import blocks, refilling, withdrawing
from ginesys_sync.store.database import Connection, transaction
from ginesys_sync.store.withdrawing import Uploaded
from ginesys_sync.wire.body import unpack
from ginesys_sync.wire.control_messages import WithdrawAnswer, WithdrawRequest
from ginesys_sync.wire.own_names import admit


def withdraw(
    folder: Path,
    channel: str,
    numbers: Sequence[int],
    sites: Sequence[str] | None,
    reason: str,
    clock: Clock | None = None,
) -> Done:
    """Take back batches of a channel (its name, title or stream) from these stores, or (None) from
    all: all of the batches or none. Takes as long as the network does. Raises KnownError.
    """
    with opened_site(folder) as site, site.database.connect() as connection:
        require_head_office(site, "withdraw what it sent")
        known = named_channel(site.plan, channel)
        stream = str(Stream(SiteCode(site.code), known.name))
        stores = _stores(connection, sites)
        batches = [_batch(connection, stream, no, stores) for no in sorted(set(numbers))]
        if not batches:
            raise NotPossible("No batch is chosen.", "Choose at least one.")
        stores = _all_if_all(batches, stores)
        why = checked_reason(reason, "Taking something back")
        at = iso((clock or SystemClock()).now())
        _require_unprocessed(connection, batches, stores)
        rows = _promise(site, connection, batches, stores, at)
        answer = _ask(site, known.name, batches, stores)
        if answer.listed:
            with transaction(connection):
                blocks.forget(connection, rows)
            raise _heard(answer.listed[0].no, answer.listed[0].sites)
        with transaction(connection):
            refilling.note_withdrawals(connection, answer.before, answer.after)
            for batch in batches:
                withdrawing.note_withdrawn(connection, batch, stores, why, present_user(), at)
                note_action(connection, "withdraw", _words(batch, known.title, stores), why, clock)
    many = f"Batch {batches[0].no}" if len(batches) == 1 else f"{len(batches):,} batches"
    return Done(
        f"{many} of {known.title}: withdrawn from {_whom(stores)}.",
        "What was in it goes with each record's next change, or when you send it again.",
    )


def _stores(connection: Connection, sites: Sequence[str] | None) -> tuple[str, ...] | None:
    if sites is None:
        return None
    if not sites:
        raise NotPossible("No store is chosen.", "Choose at least one, or all.")
    return tuple(dict.fromkeys(str(named_store(connection, code).code) for code in sites))


def _batch(
    connection: Connection, stream: str, no: int, stores: tuple[str, ...] | None
) -> Uploaded:
    batch = withdrawing.uploaded_batch(connection, stream, no)
    if batch is None:
        raise NotPossible(f"There is no batch {no} of {stream}.", "Look at Sent Data.")
    if batch.is_withdrawn:
        raise NotPossible(f"Batch {no} of {stream} is withdrawn already.", "Nothing to do.")
    if not batch.is_uploaded:
        raise NotPossible(
            f"Batch {no} of {stream} is not at the Web Database yet.",
            "Sync first, then withdraw it; or block its channel, so that nobody gets it.",
        )
    for store in stores or ():
        if not batch.audience.holds(store):
            raise NotPossible(f"Batch {no} of {stream} is not for {store}.", "Leave the store out.")
    return batch


def _all_if_all(
    batches: Sequence[Uploaded], stores: tuple[str, ...] | None
) -> tuple[str, ...] | None:
    """Every store of each batch's audience is all of them."""
    sets = [batch.audience.sites for batch in batches]
    if stores is not None and all(each is not None and each <= set(stores) for each in sets):
        return None
    return stores


def _promise(
    site: OpenSite,
    connection: Connection,
    batches: Sequence[Uploaded],
    stores: tuple[str, ...] | None,
    at: str,
) -> list[int]:
    """Note of every record that it is not at its sites as the books say."""
    staging = Staging(site.home.staged)
    members = None if stores is None else frozenset(stores)
    rows: list[int] = []
    for batch in batches:
        entity = site.plan.entity(batch.entity)
        body = _as_planned(_body(staging, batch), entity)
        with transaction(connection):
            rows += withdrawing.note_unsent(
                connection, batch, entity, body, members, present_user(), at
            )
    return rows


def _body(staging: Staging, batch: Uploaded) -> bytes:
    data = staging.get(batch.sha256)
    if data is None:
        raise NotPossible(
            f"Batch {batch.no} of {batch.stream} is no longer kept here.",
            "Every store has processed it long ago: it cannot be taken back.",
        )
    try:
        return unpack(data, batch.sha256, batch.raw_size)
    except Damaged as fault:
        raise NotPossible(
            f"Batch {batch.no} of {batch.stream} is damaged in the home folder.",
            "Block its channel, so that nobody gets it, and have the disk looked at.",
            detail=fault.detail,
        ) from fault


def _as_planned(body: bytes, entity: Entity) -> bytes | None:
    """A raw body as the plan reads it; None when the plan had another shape when it was sealed: the
    books know what was in it."""
    try:
        return admit(body, entity)
    except Damaged:
        return None


def _ask(
    site: OpenSite, channel: str, batches: Sequence[Uploaded], stores: tuple[str, ...] | None
) -> WithdrawAnswer:
    web = site.web()
    try:
        return web.withdraw(
            WithdrawRequest(
                channel=channel,
                epoch=batches[0].epoch,
                numbers=[batch.no for batch in batches],
                sites=None if stores is None else list(stores),
            )
        )
    finally:
        web.close()


def _require_unprocessed(
    connection: Connection, batches: Sequence[Uploaded], stores: tuple[str, ...] | None
) -> None:
    """A Web Database that was brought back from an older copy may have forgotten who has what."""
    for batch in batches:
        has_it = withdrawing.processed_by(connection, batch)
        if has_it := has_it if stores is None else has_it & set(stores):
            raise _heard(batch.no, sorted(has_it))


def _heard(no: int, sites: Sequence[str]) -> NotPossible:
    shown = ", ".join(sites[:5]) + (" and more" if len(sites) > 5 else "")
    has = "has" if len(sites) == 1 else "have"
    return NotPossible(
        f"Batch {no} cannot be taken back: {shown} {has} heard of it already.",
        "Take it back from the other stores only, or correct the records and sync.",
    )


def _words(batch: Uploaded, channel: str, stores: tuple[str, ...] | None) -> str:
    return f"batch {batch.no} of {channel} from {_whom(stores)}"


def _whom(stores: tuple[str, ...] | None) -> str:
    return "all stores" if stores is None else ", ".join(stores)
