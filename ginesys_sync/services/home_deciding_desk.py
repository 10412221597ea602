"""The answers of `services.deciding_desk.DecidingDesk` from a real home."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from ginesys_sync.core.clock import Clock
from ginesys_sync.core.plan import Plan
from ginesys_sync.services.deciding_views import ConflictedRecord
from ginesys_sync.services.site import OpenSite
from ginesys_sync.services.views import Done, Page
from ginesys_sync.store.database import Connection


class _AtHome(Protocol):
    """What `HomeDesk` has for its parts."""

    _folder: Path
    _clock: Clock
    _site: OpenSite

    def _asking(self) -> AbstractContextManager[Connection]: ...

    def _plan(self, connection: Connection) -> Plan: ...


class HomeDecidingDesk:
    """See `DecidingDesk`. A part of `HomeDesk`, nothing by itself."""

    def conflicts(self: _AtHome, after: int | None, limit: int) -> Page[ConflictedRecord]:
        """Records of which several versions are kept."""
        from ginesys_sync.services.conflicts import conflict_page

        with self._asking() as connection:
            return conflict_page(connection, self._plan(connection), self._site.code, after, limit)

    def prefer(self: _AtHome, entity: str, key: str, version: int, reason: str) -> Done:
        """Put a version back."""
        from ginesys_sync.services.conflicts import prefer

        return prefer(self._folder, entity, key, version, reason, self._clock)
