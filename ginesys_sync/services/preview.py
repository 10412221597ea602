"""A preview of what a sync would send: what, to whom, how much, and what looks odd. It reads one
snapshot and changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ginesys_sync.core.errors import Damaged
from ginesys_sync.core.model import SiteCode, Stream, key_text
from ginesys_sync.core.plan import Entity, captured_by
from ginesys_sync.engine.catching import is_too_much
from ginesys_sync.engine.staging import Staging
from ginesys_sync.services.control_views import Oddity, Preview, PreviewLine
from ginesys_sync.services.naming import named_stores
from ginesys_sync.services.rights import require_head_office
from ginesys_sync.services.site import OpenSite, opened_site
from ginesys_sync.services.units import amount, called
from ginesys_sync.store.previewing import Fall, Look, PreviewReader, Sealed, Staged
from ginesys_sync.wire.body import unpack

DELETED_SHARE = 10
"""More than one in this many records of a kind deleted looks odd."""
_NAMED = 5


def preview(folder: Path, sites: Sequence[str] | None = None) -> Preview:
    """Look at what would be sent to these stores (None: to all). Raises KnownError."""
    with opened_site(folder) as site:
        require_head_office(site, "look at what it would send")
        with site.database.connect() as connection:
            asked = None if sites is None else named_stores(connection, sites)
        members = None if asked is None else frozenset(asked)
        reader = PreviewReader(site.database, site.plan, site.code, members)
        try:
            return _seen(site, reader, asked)
        finally:
            reader.close()


def _seen(site: OpenSite, reader: PreviewReader, asked: tuple[str, ...] | None) -> Preview:
    waiting, sealed, staged = reader.waiting(), reader.sealed(), _staged(site)
    blocked = reader.blocked_channels()
    lines, oddities = [], []
    for entity in site.plan.in_order():
        before = sealed.get(entity.name)
        if not captured_by(entity, True) or not (waiting.get(entity.name) or before):
            continue
        stream = str(Stream(SiteCode(site.code), entity.channel))
        look = reader.look(entity, stream, staged) if waiting.get(entity.name) else Look()
        if look.records or before:
            lines.append(_line(entity, look, before, asked, entity.channel in blocked))
            gone = look.gone + (before.gone if before else 0)
            standing = reader.standing(entity) if gone else 0
            oddities += odd_words(entity, look, gone, standing)
    return Preview(asked, tuple(lines), tuple(oddities))


def _line(
    entity: Entity,
    look: Look,
    before: Sealed | None,
    asked: tuple[str, ...] | None,
    is_blocked: bool,
) -> PreviewLine:
    earlier = before.records + before.gone if before else 0
    records = look.records + earlier
    sites = look.sites
    if earlier:
        sites = None if asked is None else (sites or frozenset()) | frozenset(asked)
    return PreviewLine(
        entity.name,
        entity.count_words(records),
        _whom(sites),
        records,
        look.gone + (before.gone if before else 0),
        earlier,
        look.size + (before.size if before else 0),
        is_blocked,
    )


def _whom(sites: frozenset[str] | None) -> str:
    if sites is None:
        return "all stores"
    named = sorted(sites)
    more = f" and {len(named) - _NAMED:,} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more


def odd_words(entity: Entity, look: Look, gone: int, standing: int) -> list[Oddity]:
    """What looks odd, decided from the counts alone. `standing`: records that stand here, or (of
    what is for certain stores) stood there before."""
    found = []
    whole = max(standing, gone) if entity.audience.table else standing + gone
    if gone * DELETED_SHARE > whole:
        words = f"{entity.count_words(gone)} would be deleted, of {whole:,}."
        if not entity.audience.table and is_too_much(look.gone, whole):
            words += " The sync keeps them back and asks first."
        found.append(Oddity(entity.name, words))
    if look.falls:
        verb = "falls" if look.falls == 1 else "fall"
        words = f"{entity.count_words(look.falls)} {verb} by more than half."
        found.append(Oddity(entity.name, words, tuple(map(_example, look.examples))))
    if look.unknown:
        words = (
            f"Of {entity.count_words(look.unknown)} the value that was last sent is no longer "
            "kept here: whether it falls cannot be said."
        )
        found.append(Oddity(entity.name, words))
    return found


def _example(fall: Fall) -> str:
    key = key_text(tuple(str(part) for part in fall.key))
    before, after = (amount(fall.column, value) for value in (fall.before, fall.after))
    return f"{key}: {called(fall.column)} {before} → {after}"


def _staged(site: OpenSite) -> Staged:
    staging = Staging(site.home.staged)

    def found(sha256: str, raw_size: int) -> bytes | None:
        data = staging.get(sha256)
        try:
            return None if data is None else unpack(data, sha256, raw_size)
        except Damaged:
            return None

    return found
