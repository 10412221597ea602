"""Which site got an own batch by which release: each batch falls into a few *shares*, sets of sites
that got it in one run.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ginesys_sync.core.model import Stream
from ginesys_sync.core.status import Reach, Status, sent_status
from ginesys_sync.services.crowds import Crowd, Crowds, Place, Standing
from ginesys_sync.store.sent_facts import ALL, LaneReach, Release, SentBatch, SentFacts


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """A batch for the sites that one run let read it; or, `released_at` None, for those that
    nothing has let read it yet: then `run` is the one that sealed it. `statuses`: what a site that
    stands so sees, in the order of `Standing`.
    """

    batch: SentBatch
    run: int
    released_at: str | None
    crowd: Crowd
    lane: LaneReach
    statuses: tuple[Status, ...]
    blocked: str

    @property
    def uploaded_at(self) -> str | None:
        """Since when these sites may read it."""
        return self.released_at if self.batch.uploaded_at else None

    def place(self, crowd: Crowd) -> Place:
        """Where some of these sites are in its lane."""
        return crowd.place(self.lane)

    def waits(self, status: Status) -> bool:
        """Whether who sees this status waits for a run to send it."""
        return self.released_at is None and status in (Status.WAITING, Status.BLOCKED)


def shares(facts: SentFacts, crowds: Crowds) -> list[Share]:
    """All shares, the newest run and batch first."""
    ways = {stream: _Ways(facts.releases.get(stream, ())) for stream, _ in facts.lanes}
    known: dict[tuple[int, tuple[int, ...]], Crowd] = {}
    found: list[Share] = []
    for batch in facts.batches:
        way = ways[batch.stream]
        star, early = way.to(batch.no)
        names = facts.members.get(batch.audience, frozenset())
        for bundle in early:
            some = crowds.of(names & bundle.sites)
            found += _share(facts, batch, some, bundle.run, bundle.at)
        key = (batch.audience, tuple(id(bundle) for bundle in early))
        if key not in known:
            taken = frozenset().union(*(bundle.sites for bundle in early))
            known[key] = crowds.of(names - taken)
        run, at = (star.run, star.at) if star else (batch.run, None)
        found += _share(facts, batch, known[key], run, at)
    return sorted(found, key=lambda share: (-share.run, -share.batch.id))


def _share(
    facts: SentFacts, batch: SentBatch, crowd: Crowd, run: int, at: str | None
) -> Iterable[Share]:
    if not crowd.names:
        return ()
    reason = facts.blocked.get(Stream.parse(batch.stream).channel)
    is_there = bool(at and batch.uploaded_at)
    lane = facts.lanes[(batch.stream, batch.epoch)]
    statuses = _statuses(batch, is_there, reason is not None)
    blocked = f"Blocked: {reason}" if reason is not None else ""
    return (Share(batch, run, at, crowd, lane, statuses, blocked),)


def _statuses(batch: SentBatch, is_there: bool, is_blocked: bool) -> tuple[Status, ...]:
    no, gone = batch.no, batch.withdrawn_at is not None
    there = no if is_there else 0
    reaches = {
        Standing.OPEN: Reach(there, there, 0, 0, is_blocked),
        Standing.ACKED: Reach(there, there, no, 0, is_blocked),
        Standing.COVERED: Reach(there, there, no, no, is_blocked),
    }
    return tuple(sent_status(no, reaches[standing], gone) for standing in Standing)


@dataclass(frozen=True, slots=True, eq=False)
class _Bundle:
    """Sites that were let read the same numbers at the same moment by their own names. `rank`: how
    many releases to all are older.
    """

    from_no: int
    to_no: int
    run: int
    at: str
    rank: int
    sites: frozenset[str]


class _Ways:
    """What let whom read one stream: of several releases of a number the oldest counts."""

    def __init__(self, releases: Iterable[Release]) -> None:
        self._stars = [release for release in releases if release.site == ALL]
        self._ends = [star.to_no for star in self._stars]
        older = [star.id for star in self._stars]
        sites = defaultdict[tuple[int, int, int, str, int], list[str]](list)
        for release in releases:
            if release.site != ALL:
                rank = bisect_left(older, release.id)
                what = (release.from_no, release.to_no, release.run, release.at, rank)
                sites[what].append(release.site)
        self._bundles = [_Bundle(*what, frozenset(names)) for what, names in sites.items()]

    def to(self, no: int) -> tuple[Release | None, list[_Bundle]]:
        """What let all sites read a number, and what let some read it before that."""
        place = bisect_left(self._ends, no)
        star = self._stars[place] if place < len(self._stars) else None
        if star is not None and star.from_no >= no:
            star = None
        early = [
            bundle
            for bundle in self._bundles
            if bundle.from_no < no <= bundle.to_no and (star is None or bundle.rank <= place)
        ]
        return star, early
