"""Block and unblock: a store, a lane, a kind of record, one record. Head office's word, with a
reason and who said it.

A blocked store is refused at the door of the Web Database. A blocked lane is sealed and sent, but
its release stands still. The changes of a blocked kind or record are not taken up; they wait, in
one piece, until it is unblocked. What depends on a blocked record waits at the store as *needs
attention*. First loads bring nothing that was edited behind a block, and sweep nothing of it away.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ginesys_sync.core.clock import Clock, SystemClock, iso
from ginesys_sync.core.errors import NotPossible
from ginesys_sync.core.model import Key, SiteState, key_text
from ginesys_sync.core.plan import Entity, Owner
from ginesys_sync.engine.members import take_contacts
from ginesys_sync.services.audit import note_action, present_user
from ginesys_sync.services.control_views import BlockLine
from ginesys_sync.services.naming import (
    named_channel,
    named_entity,
    named_record,
    named_store,
    record_words,
)
from ginesys_sync.services.rights import require_head_office
from ginesys_sync.services.site import OpenSite, opened_site
from ginesys_sync.services.views import Done as Done
from ginesys_sync.services.words import moment
from ginesys_sync.store import blocks as store
from ginesys_sync.store import grids
from ginesys_sync.store.blocks import Held
from ginesys_sync.store.database import Connection, snapshot, transaction
from ginesys_sync.wire.control_messages import SiteChange

MOST_REASON = 200


def block_site(folder: Path, code: str, reason: str, clock: Clock | None = None) -> Done:
    """Refuse a store at the door of the Web Database. Takes as long as the network does. Raises
    KnownError.
    """
    with _head_office(folder, "block a store") as (site, connection):
        store_site = named_store(connection, code)
        if store_site.state is SiteState.CLOSED:
            raise NotPossible(f"{store_site.code} is closed and syncs no more.", "Nothing to do.")
        why = checked_reason(reason)
        _tell_door(site, connection, store_site.code, "blocked", why, clock)
        with transaction(connection):
            _hold(connection, Held.SITE, store_site.code, (), why, clock)
            note_action(connection, "block", f"store {store_site.code}", why, clock)
    return Done(
        f"{store_site.code} is blocked: the Web Database refuses it from now on.",
        "What is sent to all stores goes on. Once it is unblocked, it may need a full load.",
    )


def unblock_site(folder: Path, code: str, reason: str = "", clock: Clock | None = None) -> Done:
    """Let a store in again. Takes as long as the network does. Raises KnownError."""
    with _head_office(folder, "unblock a store") as (site, connection):
        listed = named_store(connection, code)
        if listed.state is not SiteState.BLOCKED:
            raise NotPossible(f"{listed.code} is not blocked.", "There is nothing to do.")
        _tell_door(site, connection, listed.code, "active", "", clock)
        with transaction(connection):
            store.lift(connection, Held.SITE, listed.code)
            note_action(connection, "unblock", f"store {listed.code}", reason, clock)
    return Done(
        f"{listed.code} is unblocked: the Web Database lets it in again.",
        "Its next sync fetches what it has missed.",
    )


def block_channel(folder: Path, channel: str, reason: str, clock: Clock | None = None) -> Done:
    """Keep a lane's release where it is. Raises KnownError."""
    with _head_office(folder, "block a channel") as (site, connection):
        known, why = named_channel(site.plan, channel), checked_reason(reason)
        with transaction(connection):
            _hold(connection, Held.CHANNEL, known.name, (), why, clock)
            note_action(connection, "block", f"channel {known.title}", why, clock)
    return Done(
        f"{known.title} are blocked: no store gets more of them.",
        "Changes are still collected and kept at the Web Database.",
    )


def unblock_channel(
    folder: Path, channel: str, reason: str = "", clock: Clock | None = None
) -> Done:
    """Let a lane go again. Raises KnownError."""
    with _head_office(folder, "unblock a channel") as (site, connection):
        known = named_channel(site.plan, channel)
        _lift(connection, Held.CHANNEL, known.name, (), f"channel {known.title}", reason, clock)
    return Done(f"{known.title} are unblocked.", "The next sync lets the stores have them.")


def block_entity(folder: Path, entity: str, reason: str, clock: Clock | None = None) -> Done:
    """Take up no more changes of a kind of record. Raises KnownError."""
    with _head_office(folder, "block a kind of record") as (site, connection):
        known = _sent_by_head_office(named_entity(site.plan, entity))
        why = checked_reason(reason)
        with transaction(connection):
            _hold(connection, Held.ENTITY, known.name, (), why, clock)
            note_action(connection, "block", f"all {known.many}", why, clock)
    return Done(
        f"{known.many.capitalize()} are blocked: their changes wait here until they are unblocked."
    )


def unblock_entity(folder: Path, entity: str, reason: str = "", clock: Clock | None = None) -> Done:
    """Take up the changes of a kind of record again. Raises KnownError."""
    with _head_office(folder, "unblock a kind of record") as (site, connection):
        known = named_entity(site.plan, entity)
        _lift(connection, Held.ENTITY, known.name, (), f"all {known.many}", reason, clock)
    return Done(f"{known.many.capitalize()} are unblocked.", "The next sync sends what waited.")


def block_record(
    folder: Path, entity: str, key: str, reason: str, clock: Clock | None = None
) -> Done:
    """Take up no more changes of one record. Raises KnownError."""
    with _head_office(folder, "block a record") as (site, connection):
        known = _sent_by_head_office(named_entity(site.plan, entity))
        found = named_record(connection, known, key)
        with transaction(connection):
            _hold(connection, Held.RECORD, known.name, found, checked_reason(reason), clock)
            note_action(
                connection, "block", record_words(known, found), checked_reason(reason), clock
            )
    return Done(
        f"The {record_words(known, found)} is blocked: its changes wait here until it is unblocked."
    )


def unblock_record(
    folder: Path, entity: str, key: str, reason: str = "", clock: Clock | None = None
) -> Done:
    """Take up the changes of one record again. Raises KnownError."""
    with _head_office(folder, "unblock a record") as (site, connection):
        known = named_entity(site.plan, entity)
        found = named_record(connection, known, key)
        words = record_words(known, found)
        _lift(connection, Held.RECORD, known.name, found, words, reason, clock)
    return Done(f"The {words} is unblocked.", "The next sync sends what waited.")


def blocks(folder: Path) -> tuple[BlockLine, ...]:
    """What is blocked, newest first. Raises KnownError."""
    with opened_site(folder) as site, site.database.connect() as connection, snapshot(connection):
        if not site.is_head_office:
            return ()
        found = store.blocks(connection)
        behind = store.waiting_behind(connection) if found else {}
        lanes = grids.waiting_by_stream(connection) if found else {}
        stores = grids.waiting_records(connection) if found else {}
        lines = []
        for each in found:
            waiting = behind.get((each.kind, each.name, each.key), 0)
            if each.kind is Held.CHANNEL:
                waiting = lanes.get(f"{site.code}/{each.name}", 0)
            elif each.kind is Held.SITE:
                waiting = stores.get(each.name, 0)
            lines.append(_line(site, each, waiting))
        return tuple(lines)


def _line(site: OpenSite, each: store.Block, waiting: int) -> BlockLine:
    entities = {entity.name: entity for entity in site.plan.entities}
    titles = {channel.name: channel.title for channel in site.plan.channels}
    entity = entities.get(each.name)
    what = {
        Held.SITE: f"store {each.name}",
        Held.CHANNEL: f"channel {titles.get(each.name, each.name)}",
        Held.ENTITY: f"all {entity.many if entity else each.name}",
    }.get(each.kind) or f"{entity.one if entity else each.name} {key_text(each.key)}"
    return BlockLine(
        each.kind.value,
        each.name,
        key_text(each.key),
        what,
        each.reason,
        each.who,
        moment(each.at),
        waiting,
    )


@contextmanager
def _head_office(folder: Path, doing: str) -> Iterator[tuple[OpenSite, Connection]]:
    with opened_site(folder) as site, site.database.connect() as connection:
        require_head_office(site, doing)
        yield site, connection


def checked_reason(text: str, what: str = "A block") -> str:
    """A reason, stripped. Raises NotPossible when there is none, or too much of it."""
    found = text.strip()
    if not found:
        raise NotPossible(f"{what} needs a reason.", "Say why, for those who meet it later.")
    if len(found) > MOST_REASON:
        raise NotPossible("The reason is too long.", f"Say it in {MOST_REASON} characters.")
    return found


def _hold(
    connection: Connection, kind: Held, name: str, key: Key, reason: str, clock: Clock | None
) -> None:
    at = iso((clock or SystemClock()).now())
    store.block(connection, kind, name, key, reason, present_user(), at)


def _lift(
    connection: Connection,
    kind: Held,
    name: str,
    key: Key,
    words: str,
    reason: str,
    clock: Clock | None,
) -> None:
    with transaction(connection):
        if not store.lift(connection, kind, name, key):
            raise NotPossible(
                f"Nobody has blocked {words}.", "`control blocks` lists what is blocked."
            )
        note_action(connection, "unblock", words, reason, clock)


def _sent_by_head_office(entity: Entity) -> Entity:
    if entity.owner is Owner.SITE:
        raise NotPossible(
            f"{entity.many.capitalize()} come from the stores; head office sends none.",
            "Block the store instead.",
        )
    return entity


def _tell_door(
    site: OpenSite,
    connection: Connection,
    code: str,
    state: str,
    reason: str,
    clock: Clock | None,
) -> None:
    """The Web Database first, then head office's own list: when the answer is lost, the next sync
    brings the list in line."""
    web = site.web()
    try:
        answer = web.change_site(
            SiteChange.model_validate({"site": code, "state": state, "reason": reason})
        )
    finally:
        web.close()
    with transaction(connection):
        take_contacts(connection, site.plan, [answer], iso((clock or SystemClock()).now()))
