"""Retry or discard what needs attention: a record parked here, or a line in which another site said
that a record of ours is parked there.

Records parked here are tried again at the end of every run anyway; to retry one is to say that the
cause has been mended. One that another site parked is sent to it again. What is discarded is gone
from the list; the record itself stays where it came from, and comes again with its next change.
"""

from __future__ import annotations

from pathlib import Path

from ginesys_sync.core.clock import Clock, SystemClock, iso
from ginesys_sync.core.errors import NotPossible
from ginesys_sync.core.model import HEAD_OFFICE, Audience
from ginesys_sync.core.plan import Entity
from ginesys_sync.services.audit import note_action
from ginesys_sync.services.naming import named_entity, named_record
from ginesys_sync.services.site import OpenSite, opened_site
from ginesys_sync.services.views import Done
from ginesys_sync.store import halting, ledger, noting, parking, runs
from ginesys_sync.store.capture import SENT_AGAIN
from ginesys_sync.store.database import Connection, transaction

_PASSED = "A person let it pass: the next sync takes the rest of its batch in without it."


def retry(folder: Path, entity: str, key: str, site: str = "", clock: Clock | None = None) -> Done:
    """Try again a record that needs attention: `entity` and `key` as the list shows them, `site`
    where it needs it (empty: here). Raises KnownError.
    """
    with opened_site(folder) as here, here.database.connect() as connection:
        kind = named_entity(here.plan, entity)
        words = f"{kind.one} {key}"
        if site not in ("", here.code):
            _told(connection, site, kind, key)
            with transaction(connection):
                weight = _weight(connection, here, site)
                noting.note_record(connection, kind, named_record(connection, kind, key), weight)
                note_action(connection, "retry", f"{words}, at {site}", "", clock)
            return Done(f"The {words} is sent to {site} again.", "It goes with the next sync.")
        found = _parked(connection, kind, key)
        with transaction(connection):
            if any(not line.origin for line in found):
                record = named_record(connection, kind, key)
                noting.note_record(connection, kind, record, SENT_AGAIN)
            note_action(connection, "retry", words, "", clock)
        return Done(f"The {words} is tried again.", "The next sync does it.")


def discard(
    folder: Path,
    entity: str,
    key: str,
    site: str = "",
    reason: str = "",
    clock: Clock | None = None,
) -> Done:
    """Take a record out of the list of what needs attention, with the image that was kept of it.
    Raises KnownError.
    """
    with opened_site(folder) as here, here.database.connect() as connection:
        kind = named_entity(here.plan, entity)
        words = f"{kind.one} {key}"
        if site not in ("", here.code):
            return _discard_told(connection, kind, key, site, reason, clock)
        found = _parked(connection, kind, key)
        at = iso((clock or SystemClock()).now())
        with transaction(connection):
            for line in found:
                if line.is_halting:
                    halting.let_pass(connection, line.id, _PASSED)
                else:
                    parking.discard_parked(connection, line.id)
                whence = f", from {line.origin}" if line.origin else ""
                note_action(connection, "discard", f"{words}{whence}", reason, clock)
                if line.stream:
                    run = runs.next_run(connection)
                    ledger.acknowledge_again(connection, line.stream, here.code, run, at)
        if any(line.is_halting for line in found):
            return Done(
                f"The {words} is let pass here.",
                "The next sync takes the rest of its batch in. Its next change there comes again.",
            )
        return Done(
            f"The {words} is discarded here.",
            "Whoever sent it is told by the next sync. Its next change there comes again.",
        )


def _discard_told(
    connection: Connection, kind: Entity, key: str, site: str, reason: str, clock: Clock | None
) -> Done:
    lines = _told(connection, site, kind, key)
    with transaction(connection):
        for number in lines:
            parking.discard_told(connection, number)
        note_action(connection, "discard", f"{kind.one} {key}, told by {site}", reason, clock)
    return Done(
        f"The line of {site} about {kind.one} {key} is discarded.",
        f"It comes again if {site} repeats it.",
    )


def _parked(connection: Connection, kind: Entity, key: str) -> list[parking.Line]:
    found = parking.parked_like(connection, kind.name, _spaced(key))
    if not found:
        raise _nothing(f"No {kind.one} {key} needs attention here.")
    return found


def _told(connection: Connection, site: str, kind: Entity, key: str) -> list[int]:
    found = parking.told_like(connection, site, kind.name, _spaced(key))
    if not found:
        raise _nothing(f"{site} has not said that a {kind.one} {key} needs attention.")
    return [number for number, _ in found]


def _spaced(key: str) -> str:
    """A key as the lists show it, however its parts were typed."""
    return key if " / " in key else " / ".join(part.strip() for part in key.split("/"))


def _nothing(title: str) -> NotPossible:
    return NotPossible(title, "`status --attention` lists what does.")


def _weight(connection: Connection, here: OpenSite, site: str) -> int:
    """Inside the caller's transaction: a store sends to head office alone, whatever the weight."""
    to_chosen = here.code == HEAD_OFFICE
    return noting.weight_for(connection, Audience.of([site])) if to_chosen else SENT_AGAIN
