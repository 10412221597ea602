"""Send again what was sent before: one record, or a kind of record, or what changed of it since a
moment; to all, or to chosen stores.

The records go as ordinary batches, as they stand when the next sync takes them up. To chosen stores
only those go that are meant for them, and head office's books of who has what stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ginesys_sync.core.clock import Clock, iso
from ginesys_sync.core.errors import NotPossible
from ginesys_sync.core.model import Audience, SiteCode, Stream
from ginesys_sync.core.plan import Entity, captured_by
from ginesys_sync.services.audit import note_action
from ginesys_sync.services.naming import named_entity, named_record, named_stores, record_words
from ginesys_sync.services.site import OpenSite, opened_site
from ginesys_sync.store import noting
from ginesys_sync.store.database import Connection, transaction

_SLICE = 5_000
"""Records noted in one transaction: few enough that nobody waits for the lock."""


@dataclass(frozen=True, slots=True)
class SentAgain:
    """What will go again with the next sync: how many records (those that are not meant for a
    chosen store do not go there), as a sentence too."""

    records: int
    sentence: str
    what_next: str = "It goes with the next sync."


def send_again(
    folder: Path,
    entity: str,
    key: str = "",
    since: datetime | None = None,
    sites: Sequence[str] | None = None,
    reason: str = "",
    clock: Clock | None = None,
) -> SentAgain:
    """Send again one record (`key`), else all of a kind, else what was sent of it since a moment
    (aware). `sites` None: to all it is meant for; a store sends to head office. Raises KnownError.
    """
    with opened_site(folder) as site, site.database.connect() as connection:
        kind = _own(site, named_entity(site.plan, entity))
        chosen = _chosen(site, connection, sites)
        whom = "all it is meant for" if chosen.sites is None else ", ".join(sorted(chosen.sites))
        if not site.is_head_office:
            whom = "head office"
        if key:
            words, count = _one(connection, kind, key, chosen), 1
        else:
            words, count = _many(site, connection, kind, since, chosen)
        with transaction(connection):
            note_action(connection, "send again", f"{words} to {whom}", reason, clock)
        return SentAgain(count, f"{words[0].upper()}{words[1:]} will be sent again to {whom}.")


def _own(site: OpenSite, kind: Entity) -> Entity:
    if not captured_by(kind, site.is_head_office):
        raise NotPossible(
            f"{kind.many.capitalize()} are not {site.code}'s to send.",
            "Do it where they come from.",
        )
    return kind


def _chosen(site: OpenSite, connection: Connection, sites: Sequence[str] | None) -> Audience:
    if sites is None or not site.is_head_office:
        if sites is not None:
            raise NotPossible(
                "A store sends to head office only.", "Leave out the stores: they are not its."
            )
        return Audience.all()
    if not sites:
        raise NotPossible("No store is chosen.", "Choose at least one, or all.")
    return Audience.of(named_stores(connection, sites))


def _one(connection: Connection, kind: Entity, key: str, chosen: Audience) -> str:
    record = named_record(connection, kind, key)
    with transaction(connection):
        noting.note_record(connection, kind, record, noting.weight_for(connection, chosen))
    return record_words(kind, record)


def _many(
    site: OpenSite,
    connection: Connection,
    kind: Entity,
    since: datetime | None,
    chosen: Audience,
) -> tuple[str, int]:
    """Slice by slice, in key order; noted twice (after a kill) is sent once."""
    since_no = None
    if since is not None:
        stream = str(Stream(SiteCode(site.code), kind.channel))
        since_no = noting.first_since(connection, stream, iso(since))
    count, after = 0, None
    while since is None or since_no is not None:
        with transaction(connection):
            weight = noting.weight_for(connection, chosen)
            some, after = noting.note_slice(connection, kind, weight, after, since_no, _SLICE)
        count += some
        if after is None:
            break
    if not count:
        raise NotPossible(
            f"No {kind.many} were sent" + (" since then." if since else " yet."),
            "There is nothing to send again.",
        )
    return kind.count_words(count), count
