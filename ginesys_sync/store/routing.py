"""Deciding who gets what of a record: from whom it was sent to, and whom it is for now."""

from __future__ import annotations

from ginesys_sync.core.model import Audience

FIRST_CHOSEN = 10
"""From this weight on a change was noted by a person: the record goes again as it stands, to chosen
sites alone. The weight less this is the number of that set of sites in `sync_audience`."""


def audiences_of(
    old: str, new: str, is_here: bool, is_image: bool
) -> tuple[tuple[Audience, bool], ...]:
    """Who gets what of a record whose audience was `old` and is `new` (canonical member lists):
    pairs of a set of sites and whether the record is there for them. When only the audience
    changed, those who have the image get nothing.
    """
    before, after = Audience.parse(old), Audience.parse(new)
    if not is_here:
        found = [(before, False)]
    elif before.sites is None or after.sites is None:
        found = (
            [(before, False), (after, True)]
            if before.sites is None and after.sites is not None
            else [(after, True)]
        )
    else:
        kept = after.sites if is_image else after.sites - before.sites
        found = [(Audience(before.sites - after.sites), False), (Audience(kept), True)]
    return tuple((audience, there) for audience, there in found if not audience.is_nobody)


def chosen_audiences(
    old: str, new: str, is_here: bool, chosen: Audience
) -> tuple[tuple[Audience, bool], ...]:
    """Who of the chosen sites gets what of a record that is sent again, as `audiences_of` says it:
    an image those it is meant for, a tombstone those that still have it and should not.
    """
    sites = chosen.sites or frozenset()
    before, after = Audience.parse(old), Audience.parse(new)
    gets = frozenset(site for site in sites if is_here and after.holds(site))
    loses = frozenset(site for site in sites if before.holds(site)) - gets
    found = ((Audience(loses), False), (Audience(gets), True))
    return tuple((audience, there) for audience, there in found if not audience.is_nobody)
