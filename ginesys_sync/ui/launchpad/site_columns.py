"""How a site reads: in the list of stores and in *Select Site*."""

from __future__ import annotations

from ginesys_sync.core.model import SiteState
from ginesys_sync.services.views import SiteLine
from ginesys_sync.ui.widgets.columns import Column, PillWord
from ginesys_sync.ui.widgets.wording import exact, grouped, relative

_STATES = {
    SiteState.INVITED: PillWord("Not enrolled", "clock", "calm"),
    SiteState.ACTIVE: PillWord("Active", "tick", "good"),
    SiteState.BLOCKED: PillWord("Blocked", "bar", "bad"),
    SiteState.CLOSED: PillWord("Closed", "cross", "calm"),
}


def _state(site: SiteLine) -> tuple[PillWord, ...]:
    try:
        found = _STATES[SiteState(site.state)]
    except ValueError:
        found = PillWord(site.state, "clock", "calm")
    return (found,)


def _attention(site: SiteLine) -> tuple[PillWord, ...]:
    return (PillWord(grouped(site.attention), "mark", "warning"),) if site.attention else ()


def last_contact(site: SiteLine) -> str:
    """When it was last heard of."""
    return relative(site.last_seen_at, never="never")


def _number(number: int) -> str:
    return grouped(number) if number else "–"


SITE: Column[SiteLine] = Column("Site", lambda site: site.code, 88)
NAME: Column[SiteLine] = Column("Name", lambda site: site.name, 0)
CONTACT: Column[SiteLine] = Column(
    "Last contact", last_contact, 112, tip=lambda site: exact(site.last_seen_at) or "never"
)
WAITING: Column[SiteLine] = Column(
    "Waiting",
    lambda site: _number(site.waiting),
    80,
    is_number=True,
    sort=lambda site: site.waiting,
    tip=lambda site: "Records that are not in the Web Database for this site yet",
)
OVERVIEW_COLUMNS: tuple[Column[SiteLine], ...] = (
    SITE,
    NAME,
    Column(
        "State",
        lambda site: _state(site)[0].word,
        120,
        pills=_state,
        tip=lambda site: site.why_not or "Takes part in every sync",
    ),
    CONTACT,
    WAITING,
    Column(
        "Not acknowledged",
        lambda site: _number(site.unacknowledged),
        136,
        is_number=True,
        sort=lambda site: site.unacknowledged,
        tip=lambda site: "Records in the Web Database that this site has not confirmed yet",
    ),
    Column(
        "Needs attention",
        lambda site: grouped(site.attention) if site.attention else "",
        128,
        pills=_attention,
        sort=lambda site: site.attention,
    ),
)
SELECT_COLUMNS: tuple[Column[SiteLine], ...] = (
    Column("Site", lambda site: site.code, 120),
    NAME,
    CONTACT,
    WAITING,
    Column("Note", lambda site: site.why_not, 208),
)
