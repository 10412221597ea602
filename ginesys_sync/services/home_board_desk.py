"""The answers of `services.board_desk.BoardDesk` from a real home."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from ginesys_sync.core.clock import Clock
from ginesys_sync.core.settings import open_home
from ginesys_sync.services.board_views import Alert, Board
from ginesys_sync.services.site import OpenSite
from ginesys_sync.store.database import Connection


class _AtHome(Protocol):
    """What `HomeDesk` has for its parts."""

    _folder: Path
    _clock: Clock
    _site: OpenSite

    def _asking(self) -> AbstractContextManager[Connection]: ...


class HomeBoardDesk:
    """See `BoardDesk`. A part of `HomeDesk`, nothing by itself."""

    def board(self: _AtHome) -> Board:
        """Every store, on a connection of its own: the window goes on asking meanwhile."""
        from ginesys_sync.services.board import read_board
        from ginesys_sync.services.schedules import zone_or_own
        from ginesys_sync.store.database import database_faults, snapshot

        if not self._site.is_head_office:
            return Board()
        zone = zone_or_own(open_home(self._folder).settings.time_zone)
        with self._site.database.connect() as connection, database_faults(), snapshot(connection):
            return read_board(connection, self._clock.now(), zone)

    def open_alerts(self: _AtHome) -> tuple[Alert, ...]:
        """What is wrong now."""
        from ginesys_sync.services.alerting import alert_of
        from ginesys_sync.store.alerts import open_alerts

        with self._asking() as connection:
            return tuple(alert_of(each) for each in open_alerts(connection))
