"""Who did what to the sync, and why: one list, written with the action itself."""

from __future__ import annotations

import getpass
from pathlib import Path

from ginesys_sync.core.clock import Clock, SystemClock, iso
from ginesys_sync.services.control_views import AuditLine
from ginesys_sync.services.site import opened_site
from ginesys_sync.services.words import moment
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


def audit_lines(folder: Path, limit: int, before: int | None = None) -> tuple[AuditLine, ...]:
    """What people did at a site, newest first, numbered below `before`. Raises KnownError."""
    with opened_site(folder) as site, site.database.connect() as connection:
        return tuple(
            AuditLine(each.id, moment(each.at), each.who, each.action, each.what, each.reason)
            for each in audit.actions(connection, before, limit)
        )
