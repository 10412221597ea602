"""The part of `HomeDesk` that answers about alert settings, from a real home."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from ginesys_sync.core.errors import UnknownSite
from ginesys_sync.core.model import Role
from ginesys_sync.core.settings import open_home
from ginesys_sync.services.alert_channels import try_channels
from ginesys_sync.services.alert_desk import AlertView, ChannelChange, Tried
from ginesys_sync.services.alert_settings import (
    Limits,
    change_settings,
    present_settings,
    read_password,
    read_settings,
    set_limits,
    webhook_host,
)
from ginesys_sync.services.site import OpenSite
from ginesys_sync.store import sites
from ginesys_sync.store.database import Connection


class _AtHome(Protocol):
    """What `HomeDesk` has for its parts."""

    _folder: Path
    _site: OpenSite

    def _asking(self) -> AbstractContextManager[Connection]: ...


class HomeAlertDesk:
    """See `services.alert_desk.AlertDesk`. A part of `HomeDesk`, nothing by itself."""

    def alert_settings(self: _AtHome) -> AlertView:
        """What holds now."""
        if not self._site.is_head_office:
            raise UnknownSite("Only head office watches over the sites.")
        with self._asking() as connection:
            found = read_settings(connection)
            stores = [(s.code, s.name) for s in sites.sites(connection) if s.role is Role.STORE]
        return AlertView(
            limits=found.limits,
            mail=found.mail,
            has_password=bool(read_password(self._folder)),
            webhook=webhook_host(found.webhook),
            stores=tuple(sorted(stores)),
        )

    def set_alert_limits(self: _AtHome, limits: Limits) -> None:
        """Lay down from when on something is wrong."""
        set_limits(self._folder, limits)

    def set_alert_channels(self: _AtHome, change: ChannelChange) -> None:
        """Lay down who is told."""
        wanted: dict[str, object] = {"mail": change.mail}
        if change.webhook is not None:
            wanted["webhook"] = change.webhook
        change_settings(self._folder, wanted, change.password)

    def try_alerts(self: _AtHome) -> tuple[Tried, ...]:
        """Send a test message by every channel that is set."""
        trusted = open_home(self._folder).settings.certificates
        said = try_channels(self._folder, present_settings(self._folder), trusted)
        return tuple(Tried(is_good, words) for is_good, words in said)
