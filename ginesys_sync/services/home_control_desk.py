"""The part of `HomeDesk` that steps into the sync of a real home. Each verb opens the home for
itself: some take as long as the network does, and the window goes on asking meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from ginesys_sync.core.clock import Clock
from ginesys_sync.core.plan import OWN_ENTITIES, PLAN_CHANNEL, Plan, captured_by
from ginesys_sync.services.control_views import (
    ASKS,
    AgainWanted,
    AuditLine,
    BlockKind,
    BlockLine,
    Kinds,
    Preview,
    RecordKind,
    Target,
)
from ginesys_sync.services.site import OpenSite
from ginesys_sync.services.views import AttentionRow, Done, Page
from ginesys_sync.services.words import moment
from ginesys_sync.store.database import Connection

_OWN = frozenset(entity.name for entity in OWN_ENTITIES)


class _AtHome(Protocol):
    """What `HomeDesk` has for its parts."""

    _folder: Path
    _clock: Clock
    _site: OpenSite

    def _asking(self) -> AbstractContextManager[Connection]: ...

    def _plan(self, connection: Connection) -> Plan: ...


class HomeControlDesk:
    """See `services.control_desk.ControlDesk`. A part of `HomeDesk`, nothing by itself."""

    def kinds(self: _AtHome) -> Kinds:
        """What can be named."""
        with self._asking() as connection:
            plan = self._plan(connection)
        return kinds_of(plan, self._site.is_head_office)

    def blocks(self: _AtHome) -> tuple[BlockLine, ...]:
        """What is blocked, newest first."""
        from ginesys_sync.services.blocking import blocks

        return blocks(self._folder)

    def block(self: _AtHome, target: Target, reason: str) -> Done:
        """Hold something back."""
        from ginesys_sync.services import blocking

        if target.kind is BlockKind.RECORD:
            home, clock = self._folder, self._clock
            return blocking.block_record(home, target.name, target.key, reason, clock)
        verbs: dict[BlockKind, Callable[[Path, str, str, Clock], Done]] = {
            BlockKind.SITE: blocking.block_site,
            BlockKind.CHANNEL: blocking.block_channel,
            BlockKind.ENTITY: blocking.block_entity,
        }
        return verbs[target.kind](self._folder, target.name, reason, self._clock)

    def unblock(self: _AtHome, target: Target, reason: str) -> Done:
        """Let it go again."""
        from ginesys_sync.services import blocking

        if target.kind is BlockKind.RECORD:
            home, clock = self._folder, self._clock
            return blocking.unblock_record(home, target.name, target.key, reason, clock)
        verbs: dict[BlockKind, Callable[[Path, str, str, Clock], Done]] = {
            BlockKind.SITE: blocking.unblock_site,
            BlockKind.CHANNEL: blocking.unblock_channel,
            BlockKind.ENTITY: blocking.unblock_entity,
        }
        return verbs[target.kind](self._folder, target.name, reason, self._clock)

    def audit(self: _AtHome, before: int | None, limit: int) -> Page[AuditLine]:
        """What people did, newest first."""
        from ginesys_sync.services.audit import audit_lines

        lines = audit_lines(self._folder, limit + 1, before)
        return Page(lines[:limit], lines[limit - 1].id if len(lines) > limit else None)

    def retry(self: _AtHome, row: AttentionRow) -> Done:
        """Try again what needs attention."""
        from ginesys_sync.services.attending import retry

        return retry(self._folder, row.entity, row.key, row.site, self._clock)

    def discard(self: _AtHome, row: AttentionRow, reason: str) -> Done:
        """Take it out of the list for good."""
        from ginesys_sync.services.attending import discard

        return discard(self._folder, row.entity, row.key, row.site, reason, self._clock)

    def answer_line(self: _AtHome, row: AttentionRow, may_go: bool, reason: str) -> Done:
        """Answer a line that asks: here, or for a store."""
        from ginesys_sync.services import questions

        return questions.answer(
            self._folder,
            row.entity,
            may_go=may_go,
            at=row.site,
            about=questions.LOAD if row.code == ASKS else questions.DELETIONS,
            asked_at=moment(row.key),
            reason=reason,
            clock=self._clock,
        )

    def send_again(self: _AtHome, wanted: AgainWanted) -> Done:
        """Send again."""
        from ginesys_sync.services.sending_again import send_again

        done = send_again(
            self._folder,
            wanted.entity,
            wanted.key,
            wanted.since,
            wanted.sites,
            wanted.reason,
            self._clock,
        )
        return Done(done.sentence, done.what_next)

    def reload(self: _AtHome, site: str, reason: str) -> Done:
        """Give a store a full load of everything."""
        from ginesys_sync.services.reloading import reload_site

        return reload_site(self._folder, site, reason, self._clock)

    def withdraw(
        self: _AtHome, stream: str, batch: int, sites: Sequence[str] | None, reason: str
    ) -> Done:
        """Take a batch back."""
        from ginesys_sync.services.withdrawing import withdraw

        return withdraw(self._folder, stream, [batch], sites, reason, self._clock)

    def preview(self: _AtHome, sites: Sequence[str] | None) -> Preview:
        """What a sync would send."""
        from ginesys_sync.services.preview import preview

        return preview(self._folder, sites)


def kinds_of(plan: Plan, is_head_office: bool) -> Kinds:
    """The business part of a plan, as a person names it."""
    return Kinds(
        tuple(
            RecordKind(
                entity.name,
                entity.one,
                entity.many,
                entity.channel,
                captured_by(entity, is_head_office),
            )
            for entity in plan.entities
            if entity.name not in _OWN
        ),
        tuple((one.name, one.title) for one in plan.channels if one.name != PLAN_CHANNEL),
    )
