"""Records that were edited at two places at once: every version that was kept, side by side, and
putting another one back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ginesys_sync.core.clock import Clock, SystemClock, iso
from ginesys_sync.core.errors import NotPossible
from ginesys_sync.core.model import HEAD_OFFICE, Key, key_text
from ginesys_sync.core.plan import Entity, Plan, captured_by
from ginesys_sync.core.text import readable
from ginesys_sync.services.audit import note_action
from ginesys_sync.services.blocking import Done
from ginesys_sync.services.deciding_views import ConflictedRecord, FieldLine, Version
from ginesys_sync.services.naming import named_entity, named_record, record_words
from ginesys_sync.services.site import opened_site
from ginesys_sync.services.views import Page
from ginesys_sync.services.words import moment
from ginesys_sync.store import conflicts as kept
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.database import Connection, transaction
from ginesys_sync.store.images import image_of
from ginesys_sync.store.refusals import ConstraintBroken
from ginesys_sync.wire.excerpt import Content, content_of, has_schema

NO_RUN = 0
"""What a person did belongs to no run."""


@dataclass(frozen=True, slots=True)
class _Kept:
    whose: str
    at: str
    body: bytes
    content: Content


def conflict_page(
    connection: Connection, plan: Plan, me: str, before: int | None, limit: int
) -> Page[ConflictedRecord]:
    """Records with more than one version, the newest conflict first."""
    known = {entity.name: entity for entity in plan.entities}
    widths = {name: len(entity.key) for name, entity in known.items()}
    found = kept.conflicted_records(connection, widths, before, limit + 1)
    rows = tuple(_record(connection, known[name], key, me) for _, name, key in found[:limit])
    return Page(rows, found[limit - 1][0] if len(found) > limit else None)


def conflicts(folder: Path, limit: int) -> tuple[ConflictedRecord, ...]:
    """The newest `limit` records with more than one version at the site of a home."""
    with opened_site(folder) as site, site.database.connect() as connection:
        return conflict_page(connection, site.plan, site.code, None, limit).rows


def prefer(
    folder: Path,
    entity: str,
    key: str,
    version: int,
    reason: str = "",
    clock: Clock | None = None,
) -> Done:
    """Put a kept version of a record back, by its number in the list: an ordinary edit made here,
    which travels like any other. What stands here until now stays in the list. Raises NotPossible.
    """
    with opened_site(folder) as site, site.database.connect() as connection:
        kind = named_entity(site.plan, entity)
        record = named_record(connection, kind, key)
        versions = _versions(connection, kind, record, site.code)
        words = record_words(kind, record)
        _check(kind, words, versions, version, site.is_head_office)
        chosen = versions[version - 1]
        present = kept.present_content(connection, kind, record)
        if _is_same(kind, chosen.content, present):
            raise NotPossible(f"Version {version} of {words} stands already.", "Choose another.")
        applier = BodyApplier(connection)
        missing = kept.missing_parents(applier, kind, chosen.body)
        if missing:
            raise NotPossible(f"That version refers to {missing[0]}, which is not here.")
        now = (clock or SystemClock()).now()
        edited_at = _stamp(_edited(kind, present) or _edited(kind, chosen.content), now)
        try:
            with transaction(connection):
                _keep_present(connection, kind, record, versions, chosen, site.code, iso(now))
                kept.put_version(applier, kind, edited_at)
                what = f"{words}, version {version} ({chosen.whose})"
                note_action(connection, "prefer", what, reason, clock)
        except ConstraintBroken as broken:
            raise NotPossible(
                f"That version cannot be put back: {broken.reason}",
                "Mend that, or edit the record by hand.",
            ) from broken
    return Done(f"Version {version} of {words} stands here now.", "The next sync sends it.")


def _keep_present(
    connection: Connection,
    kind: Entity,
    record: Key,
    versions: Sequence[_Kept],
    chosen: _Kept,
    me: str,
    at: str,
) -> None:
    """Inside the transaction that replaces it: list what stands here, when it was edited since and
    is none of the kept versions.
    """
    image = image_of(connection, kind, record)
    if image is None:
        return  # deleted here since: nothing is lost by putting it back
    present = content_of(image.data)
    if any(_is_same(kind, present, each.content) for each in versions):
        return
    kept.keep_conflict(
        connection,
        kept.Conflict(kind.name, record, chosen.whose, chosen.whose, image.data, chosen.body),
        NO_RUN,
        at,
    )


def _check(
    kind: Entity, words: str, versions: Sequence[_Kept], version: int, is_head_office: bool
) -> None:
    if not versions:
        raise NotPossible(
            f"Only one version of {words} is known here.", "`control conflicts` lists the others."
        )
    if not 1 <= version <= len(versions):
        raise NotPossible(
            f"There is no version {version} of {words}.",
            f"Choose one from 1 to {len(versions)}, as `control conflicts` lists them.",
        )
    if not captured_by(kind, is_head_office):
        raise NotPossible(
            f"{kind.many.capitalize()} are not this site's to edit.",
            "Both versions stay in the list. Correct it where the record belongs.",
        )
    if not has_schema(versions[version - 1].body, kind):
        raise NotPossible(
            "That version was kept when the plan had other columns.",
            "Edit the record by hand: the list shows what it said.",
        )


def _record(connection: Connection, kind: Entity, key: Key, me: str) -> ConflictedRecord:
    versions = _versions(connection, kind, key, me)
    present = kept.present_content(connection, kind, key)
    return ConflictedRecord(
        kind.name,
        kind.one,
        key_text(key),
        _label(kind, (present, *(each.content for each in versions))),
        moment(max(each.at for each in versions)),
        tuple(
            Version(
                number,
                each.whose,
                str(_edited(kind, each.content) or ""),
                moment(each.at),
                each.content.is_gone,
                _is_same(kind, each.content, present),
            )
            for number, each in enumerate(versions, start=1)
        ),
        _fields(kind, [each.content for each in versions]),
        captured_by(kind, me == HEAD_OFFICE),
    )


def _versions(connection: Connection, kind: Entity, key: Key, me: str) -> list[_Kept]:
    """Each version once, whenever it was edited, in the order in which they were met: the numbers
    never change.
    """
    found: list[_Kept] = []
    for row in kept.conflicts_of(connection, kind, key):
        theirs = row.site if row.site != me else HEAD_OFFICE
        for whose, body in ((me, row.ours), (theirs, row.theirs)):
            content = content_of(body)
            if not any(_is_same(kind, content, each.content) for each in found):
                found.append(_Kept(whose, row.at, body, content))
    return found


def _is_same(kind: Entity, one: Content, other: Content) -> bool:
    """Whether both say the same, whenever it was edited."""
    return _told(kind, one) == _told(kind, other)


def _told(kind: Entity, content: Content) -> dict[str, list[dict[str, object]]]:
    return {
        name: [{c: v for c, v in row.items() if c != kind.edited_column} for row in rows]
        for name, rows in content.rows.items()
        if rows
    }


def _edited(kind: Entity, content: Content) -> object:
    rows = content.rows.get(kind.root.name)
    return rows[0].get(kind.edited_column) if rows and kind.edited_column else None


def _stamp(like: object, now: datetime) -> object:
    """The present moment as the record's own program writes moments; None when that is not told."""
    if not isinstance(like, str) or not like[:4].isdecimal():
        return None
    if len(like) == len("2026-11-02"):
        return now.date().isoformat()
    if like.endswith("Z"):
        return iso(now) if "." in like else now.strftime("%Y-%m-%dT%H:%M:%SZ")
    between = "T" if "T" in like else " "
    return now.strftime(f"%Y-%m-%d{between}%H:%M:%S")


def _label(kind: Entity, contents: Sequence[Content]) -> str:
    """What the first of these that is not deleted is called; empty where the plan names nothing."""
    named = (_text(_root(kind, content).get(kind.label)) for content in contents)
    return next(filter(None, named), "") if kind.label else ""


def _fields(kind: Entity, contents: Sequence[Content]) -> tuple[FieldLine, ...]:
    found = []
    for column in kind.root.columns:
        values = (_root(kind, content).get(column) for content in contents)
        found.append(FieldLine(column, tuple(map(_text, values))))
    for child in kind.children:
        texts = [_rows_text(content.rows.get(child.name, ())) for content in contents]
        found.append(FieldLine(child.name, tuple(texts)))
    return tuple(found)


def _root(kind: Entity, content: Content) -> dict[str, object]:
    rows = content.rows.get(kind.root.name)
    return rows[0] if rows else {}


def _rows_text(rows: Sequence[dict[str, object]]) -> str:
    return "\n".join(", ".join(f"{c} {_text(v)}" for c, v in row.items()) for row in rows)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.hex() if isinstance(value, bytes) else readable(str(value))
