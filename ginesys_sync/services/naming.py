"""What a person means by the name of a kind of record, a lane, a record or a store."""

from __future__ import annotations

from collections.abc import Iterable

from ginesys_sync.core.errors import NotPossible, UnknownSite
from ginesys_sync.core.model import Key, Role, Site, SiteState, key_text
from ginesys_sync.core.plan import OWN_ENTITIES, PLAN_CHANNEL, Channel, Entity, Plan
from ginesys_sync.services.syncing import WHY_NOT
from ginesys_sync.store import sites
from ginesys_sync.store.database import Connection
from ginesys_sync.store.key_text import keys_typed

_OWN = frozenset(entity.name for entity in OWN_ENTITIES)


def named_entity(plan: Plan, word: str) -> Entity:
    """A kind of record by its name or by what it is called: `prices`, `price`. Not the sync's own.
    Raises NotPossible.
    """
    wanted = word.strip().casefold()
    business = [entity for entity in plan.entities if entity.name not in _OWN]
    for entity in business:
        if wanted in (entity.name.casefold(), entity.one.casefold(), entity.many.casefold()):
            return entity
    names = ", ".join(entity.name for entity in business)
    raise NotPossible(f"The plan knows no kind of record called {word!r}.", f"It knows {names}.")


def named_channel(plan: Plan, word: str) -> Channel:
    """A lane by its name or title; also by a stream of it (`HO/pricing`). Raises NotPossible."""
    wanted = word.strip().casefold()
    business = [channel for channel in plan.channels if channel.name != PLAN_CHANNEL]
    for channel in business:
        known = (channel.name, channel.title, f"HO/{channel.name}")
        if wanted in (each.casefold() for each in known):
            return channel
    names = ", ".join(channel.name for channel in business)
    raise NotPossible(f"The plan knows no channel called {word!r}.", f"It knows {names}.")


def named_record(connection: Connection, entity: Entity, typed: str) -> Key:
    """A record by its key as the lists show it: parts joined by `/`. Raises NotPossible."""
    texts = [typed.strip()]
    if len(entity.key) > 1:
        texts = [part.strip() for part in typed.split("/")]
    if len(texts) != len(entity.key) or not all(texts):
        columns = " / ".join(entity.key)
        raise NotPossible(
            f"No {entity.one} has a key like {typed!r}.",
            f"Give {columns}, in this order.",
        )
    found = keys_typed(connection, entity, texts)
    if not found:
        raise NotPossible(
            f"There is no {entity.one} {typed!r} here, and none was ever sent.",
            "Check how it is written; capital and small letters count.",
        )
    if len(found) > 1:
        raise NotPossible(f"{typed!r} means more than one {entity.one} here.")
    return found[0]


def record_words(entity: Entity, key: Key) -> str:
    """`item I100`."""
    return f"{entity.one} {key_text(key)}"


def named_store(connection: Connection, code: str) -> Site:
    """A store of the chain. Raises UnknownSite."""
    known = {site.code: site for site in sites.sites(connection)}
    found = next((site for listed, site in known.items() if listed == code.strip().upper()), None)
    if found is None or found.role is not Role.STORE:
        raise UnknownSite(f"There is no store {code!r} in this chain.")
    return found


def named_stores(connection: Connection, codes: Iterable[str]) -> tuple[str, ...]:
    """Stores that something can be sent to. Raises UnknownSite."""
    found = []
    for code in dict.fromkeys(codes):
        store = named_store(connection, code)
        why = WHY_NOT.get(store.state)
        if why is not None and store.state is not SiteState.BLOCKED:
            raise UnknownSite(f"{store.code} {why[0]}", why[1])
        found.append(str(store.code))
    return tuple(found)
