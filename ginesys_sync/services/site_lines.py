"""The stores of the chain, as *Select Site* and `status --sites` list them."""

from __future__ import annotations

from ginesys_sync.core.model import Role, Site
from ginesys_sync.services.syncing import WHY_NOT
from ginesys_sync.services.views import SiteLine
from ginesys_sync.services.words import moment
from ginesys_sync.store import grids, sites
from ginesys_sync.store.database import Connection
from ginesys_sync.store.glance import NOTHING_OPEN, OpenWork


def site_lines(connection: Connection) -> tuple[SiteLine, ...]:
    """The stores of the chain with what is open for each."""
    work = grids.open_work(connection)
    attention = grids.attention_by_site(connection)
    seen = sites.contacts(connection)
    return tuple(
        _site_line(site, seen.get(site.code), work.get(site.code, NOTHING_OPEN), attention)
        for site in sites.sites(connection)
        if site.role is Role.STORE
    )


def _site_line(
    site: Site,
    contact: sites.Contact | None,
    work: OpenWork,
    attention: dict[str, int],
) -> SiteLine:
    why = WHY_NOT.get(site.state)
    return SiteLine(
        code=site.code,
        name=site.name,
        role=site.role.value,
        state=site.state.value,
        groups=site.groups,
        last_seen_at=moment(contact.last_seen_at) if contact else None,
        waiting=work.waiting,
        unacknowledged=work.unacknowledged,
        attention=attention.get(site.code, 0),
        program=contact.program if contact else "",
        plan_version=contact.plan_version if contact else 0,
        can_sync=why is None,
        why_not="" if why is None else f"It {why[0]}",
    )
