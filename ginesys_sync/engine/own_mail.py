"""Own mail that is read back, against what was written here since the database was brought back.

A record that the mail holds and that was written here since is one of two things:

- the site's own document under a number that was used twice, such as a bill: the one that the
  chain has stands, here and at head office; the one written since is set aside with both versions,
  for a person to enter it again under a new number;
- a record that is edited again and again: the newer edit stands and goes out; both are kept.
"""

from __future__ import annotations

from ginesys_sync.core.events import RecordParked
from ginesys_sync.core.model import HEAD_OFFICE, Key, key_text
from ginesys_sync.core.plan import Entity, Owner, Rule
from ginesys_sync.engine.conflicts import (
    LOST_CONFLICT,
    ConflictingWork,
    Faults,
    standing_otherwise,
)
from ginesys_sync.engine.context import RunContext
from ginesys_sync.store import healing, parking
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.body_span import Span
from ginesys_sync.store.conflicts import Conflict, keep_conflict
from ginesys_sync.store.images import image_of
from ginesys_sync.wire.excerpt import excerpts

_STANDS = (LOST_CONFLICT, "", "")


class OwnMail:
    """Decides, inside the transaction that applies own mail, what of it goes in."""

    def __init__(self, context: RunContext, applier: BodyApplier) -> None:
        self._context = context
        self._applier = applier

    def decide(self, work: ConflictingWork, span: Span, faults: Faults, from_gone: bool) -> Faults:
        """Which records of a span are left as they stand here."""
        entity = work.entity
        if from_gone and self._context.is_head_office and entity.audience.rule is not Rule.ALL:
            # It may only have been taken from some sites: what is here goes to whom it is for.
            return {number: _STANDS for number in range(span.first, span.last + 1)}
        edited = self._applier.books.edited_since(entity, span, from_gone)
        numbers = [number for number in edited if number not in faults]
        if from_gone:
            return {number: _STANDS for number in numbers}
        found: Faults = {}
        for number, key, theirs in excerpts(work.raw, entity, numbers):
            if not self._takes(entity, number, key, theirs):
                found[number] = _STANDS
        return found

    def _takes(self, entity: Entity, number: int, key: Key, theirs: bytes) -> bool:
        """Whether the version that was read back goes in."""
        connection = self._applier.connection
        ours = image_of(connection, entity, key)
        is_owned = entity.owner is Owner.SITE
        if ours is None:
            if is_owned:
                healing.drop_notes(connection, entity, number)
            return is_owned
        if not standing_otherwise(self._applier, entity, Span(number, number)):
            healing.drop_notes(connection, entity, number)
            return True
        site = self._context.site
        keep_conflict(
            connection,
            Conflict(entity.name, key, site, HEAD_OFFICE if is_owned else site, ours.data, theirs),
            self._context.run,
            self._context.now(),
        )
        if is_owned:
            self._set_aside(entity, key, ours.data)
            healing.drop_notes(connection, entity, number)
        return is_owned

    def _set_aside(self, entity: Entity, key: Key, ours: bytes) -> None:
        reason = (
            "This number was used twice: the one that head office has was written before this "
            "database was brought back from an older copy, and stands. The one written since is "
            "kept with this line: enter it again under a new number."
        )
        record = parking.NewParked(
            entity.name, key, "", "", 0, parking.USED_TWICE, reason, "", ours
        )
        parking.park(self._applier.connection, [record], self._context.now())
        self._context.listener(RecordParked(entity.name, key_text(key), parking.USED_TWICE, reason))
