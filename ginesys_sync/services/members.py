"""Head office asks the Web Database who is in the chain, between two runs: who has joined, and
when each was last seen."""

from __future__ import annotations

from pathlib import Path

from ginesys_sync.core.clock import Clock, SystemClock, iso
from ginesys_sync.engine.members import take_contacts
from ginesys_sync.services.site import opened_site
from ginesys_sync.store.database import transaction


def refresh_members(folder: Path, clock: Clock | None = None) -> None:
    """Bring head office's list of sites up to date; a store has none to keep. Raises KnownError."""
    with opened_site(folder) as site:
        if not site.is_head_office:
            return
        web = site.web()
        try:
            answer = web.chain()
        finally:
            web.close()
        with site.database.connect() as connection, transaction(connection):
            take_contacts(connection, site.plan, answer.sites, iso((clock or SystemClock()).now()))
