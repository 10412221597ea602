"""What a window may ask about what a person has to decide: a part of `services.desk.Desk`."""

from __future__ import annotations

from typing import Protocol

from ginesys_sync.services.deciding_views import ConflictedRecord
from ginesys_sync.services.views import Done, Page


class DecidingDesk(Protocol):
    """What waits for a person's word."""

    def conflicts(self, after: int | None, limit: int) -> Page[ConflictedRecord]:
        """Records that were edited at two places at once, the newest conflict first."""

    def prefer(self, entity: str, key: str, version: int, reason: str) -> Done:
        """Put a version of a record back, by its number; the next sync sends it."""
