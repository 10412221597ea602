"""Sets of sites counted by how far they are: how many have acknowledged a number is a look into
sorted numbers, never a walk over sites.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from enum import Enum

from ginesys_sync.store.sent_facts import LaneReach


class Standing(Enum):
    """How a site stands to a number of a lane. Its status follows, by `core.status`."""

    OPEN = 0
    ACKED = 1
    COVERED = 2


class Place:
    """Where each site of a crowd is in one lane."""

    def __init__(self, names: frozenset[str], lane: LaneReach) -> None:
        self._reach = lane.reach
        reach = lane.reach.get
        self._sorted = sorted((reach(site, 0), site) for site in names)
        self._numbers = [number for number, _ in self._sorted]
        self._covered = [span for span in lane.covered if span[2] in names]
        self._loads = defaultdict[str, list[tuple[int, int]]](list)
        for lo, hi, site in self._covered:
            self._loads[site].append((lo, hi))
        self._from = sorted(span[0] for span in self._covered)
        self._to = sorted(span[1] for span in self._covered)

    def counts(self, no: int) -> tuple[int, int, int]:
        """How many stand how to a number, in the order of `Standing`."""
        behind = bisect_left(self._numbers, no)
        covered = bisect_left(self._from, no) - bisect_left(self._to, no)
        return behind, len(self._numbers) - behind - covered, covered

    def sites(self, no: int, standing: Standing) -> list[str]:
        """Who stands so to a number."""
        if standing is Standing.COVERED:
            return [site for lo, hi, site in self._covered if lo < no <= hi]
        behind = bisect_left(self._numbers, no)
        if standing is Standing.OPEN:
            return [site for _, site in self._sorted[:behind]]
        found = [site for _, site in self._sorted[behind:]]
        loaded = set(self.sites(no, Standing.COVERED)) if self._covered else ()
        return [site for site in found if site not in loaded] if loaded else found

    def standing(self, no: int, site: str) -> Standing:
        """How one of them stands to a number."""
        if self._reach.get(site, 0) < no:
            return Standing.OPEN
        if site in self._loads and any(lo < no <= hi for lo, hi in self._loads[site]):
            return Standing.COVERED
        return Standing.ACKED


class Crowd:
    """A set of sites, and its places in the lanes it was asked for."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self._places: dict[int, Place] = {}

    def place(self, lane: LaneReach) -> Place:
        """Where they are in a lane."""
        found = self._places.get(id(lane))
        if found is None:
            found = self._places[id(lane)] = Place(self.names, lane)
        return found


class Crowds:
    """Each set of sites once, so that what is known of it is found again."""

    def __init__(self) -> None:
        self._known: dict[frozenset[str], Crowd] = {}

    def of(self, names: frozenset[str]) -> Crowd:
        """The crowd of these sites."""
        found = self._known.get(names)
        if found is None:
            found = self._known[names] = Crowd(names)
        return found
