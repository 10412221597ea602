"""Who did what to the sync, and why: one list, written with the action itself."""

from __future__ import annotations

import getpass

from ginesys_sync.core.clock import Clock, SystemClock, iso
from ginesys_sync.store import audit
from ginesys_sync.store.database import Connection


def present_user() -> str:
    """The person at this program, as the operating system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def note_action(
    connection: Connection, action: str, what: str, reason: str = "", clock: Clock | None = None
) -> None:
    """Inside the caller's transaction: `action` was done to `what`."""
    at = iso((clock or SystemClock()).now())
    audit.write_action(connection, at, present_user(), action, what, reason)
