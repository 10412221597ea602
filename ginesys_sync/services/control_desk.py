"""What a window may ask to step into the sync: a part of `services.desk.Desk`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from ginesys_sync.services.views import AttentionRow, Done, Page

if TYPE_CHECKING:  # a window's first line does not wait for them
    from ginesys_sync.services.control_views import (
        AgainWanted,
        AuditLine,
        BlockLine,
        Kinds,
        Preview,
        Target,
    )


class ControlDesk(Protocol):
    """Block, retry, discard, send again, reload, withdraw, look before it is sent. What only head
    office may do raises NotPossible at a store. Each is written down with who did it and why."""

    def kinds(self) -> Kinds:
        """What can be named."""

    def blocks(self) -> tuple[BlockLine, ...]:
        """What is blocked, newest first."""

    def block(self, target: Target, reason: str) -> Done:
        """Hold something back (a store: takes as long as the network does)."""

    def unblock(self, target: Target, reason: str) -> Done:
        """Let it go again (a store: takes as long as the network does)."""

    def audit(self, before: int | None, limit: int) -> Page[AuditLine]:
        """What people did, newest first, numbered below `before`."""

    def retry(self, row: AttentionRow) -> Done:
        """Try again what needs attention."""

    def discard(self, row: AttentionRow, reason: str) -> Done:
        """Take it out of the list for good."""

    def answer_line(self, row: AttentionRow, may_go: bool, reason: str) -> Done:
        """Answer a line that asks whether much may be deleted: here, or for a store."""

    def send_again(self, wanted: AgainWanted) -> Done:
        """Send again (a whole kind may take a minute)."""

    def reload(self, site: str, reason: str) -> Done:
        """Give a store a full load of everything (takes as long as the network does)."""

    def withdraw(self, stream: str, batch: int, sites: Sequence[str] | None, reason: str) -> Done:
        """Take a batch back from these stores, or (None) from all (takes as long as the network
        does)."""

    def preview(self, sites: Sequence[str] | None) -> Preview:
        """What a sync to these stores (None: to all) would send: some seconds for a million
        changes."""
