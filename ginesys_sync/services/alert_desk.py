"""What a window may ask about alert settings: a part of `services.desk.Desk`. No secret leaves it:
of a webhook only the host, of a password only that one is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ginesys_sync.services.alert_settings import Limits, Mail


@dataclass(frozen=True, slots=True)
class AlertView:
    """What holds now. `webhook` is its scheme and host (`https://chat.shop.example`), empty when
    there is none. `stores`: code and name of every store of the chain."""

    limits: Limits
    mail: Mail | None
    has_password: bool
    webhook: str
    stores: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """Who is told from now on. `webhook` and `password` None: as it was; empty: none any more."""

    mail: Mail | None
    webhook: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What one channel did with a test message."""

    is_good: bool
    words: str


class AlertDesk(Protocol):
    """When head office is alarmed, and who is told (head office only)."""

    def alert_settings(self) -> AlertView:
        """What holds now."""

    def set_alert_limits(self, limits: Limits) -> None:
        """Lay down from when on something is wrong."""

    def set_alert_channels(self, change: ChannelChange) -> None:
        """Lay down who is told."""

    def try_alerts(self) -> tuple[Tried, ...]:
        """Send a test message by every channel that is set; at most some twenty seconds each."""
