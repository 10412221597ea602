"""Own batches summed along each lane: what lies between two numbers for a site is a look-up."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from ginesys_sync.store.glance import NOTHING_OPEN, OpenWork
from ginesys_sync.store.sent_facts import ALL, Lane, SentBatch, SentFacts


class Much(NamedTuple):
    """So many batches, with so many records."""

    batches: int
    records: int


class LaneSums:
    """Sums of what was not withdrawn."""

    def __init__(self, facts: SentFacts) -> None:
        self._facts = facts
        lanes = defaultdict[Lane, defaultdict[int, list[SentBatch]]](lambda: defaultdict(list))
        for batch in facts.batches:
            if batch.withdrawn_at is None:
                lanes[(batch.stream, batch.epoch)][batch.audience].append(batch)
        self._lanes = {
            lane: {audience: _Running(some) for audience, some in audiences.items()}
            for lane, audiences in lanes.items()
        }
        self._known: dict[tuple[str, str, int, int, int], Much] = {}

    def of_span(
        self, stream: str, epoch: str, from_no: int, to_no: int
    ) -> list[tuple[frozenset[str], int]]:
        """The records beyond one number, up to another, by whom they are for."""
        members, nobody = self._facts.members, frozenset[str]()
        return [
            (members.get(audience, nobody), running.between(from_no, to_no).records)
            for audience, running in self._lanes.get((stream, epoch), {}).items()
        ]

    def between(self, stream: str, epoch: str, from_no: int, to_no: int, site: str) -> Much:
        """What is for a site beyond one number, up to another."""
        batches = records = 0
        for audience, running in self._lanes.get((stream, epoch), {}).items():
            if site in self._facts.members.get(audience, ()):
                key = (stream, epoch, audience, from_no, to_no)
                found = self._known.get(key)
                if found is None:
                    found = self._known[key] = running.between(from_no, to_no)
                batches += found.batches
                records += found.records
        return Much(batches, records)

    def open_work(self) -> dict[str, OpenWork]:
        """What is open for each site for which something is: what `store.glance` asks the books
        for, site by site.
        """
        found: dict[str, OpenWork] = {}
        for stream, epoch in self._lanes:
            head = self._facts.heads.get((stream, epoch))
            if head is None:
                continue
            released = _reached(self._facts, stream)
            done = self._facts.lanes[(stream, epoch)].reach
            for site in self._facts.open_sites:
                reach = done.get(site, 0)
                if reach < head:
                    free = max(reach, released.get(site, 0), released.get(ALL, 0))
                    out = self.between(stream, epoch, reach, free, site)
                    rest = self.between(stream, epoch, free, head, site)
                    if out.batches or rest.batches:
                        found[site] = _plus(found.get(site, NOTHING_OPEN), out, rest)
        return found


def _plus(work: OpenWork, out: Much, rest: Much) -> OpenWork:
    return OpenWork(
        work.waiting + rest.records,
        work.unacknowledged + out.records,
        work.batches + out.batches,
    )


def _reached(facts: SentFacts, stream: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for release in facts.releases.get(stream, ()):
        found[release.site] = max(release.to_no, found.get(release.site, 0))
    return found


class _Running:
    """The running sum of some batches of one lane."""

    def __init__(self, batches: Iterable[SentBatch]) -> None:
        ordered = sorted(batches, key=lambda batch: batch.no)
        self._numbers = [batch.no for batch in ordered]
        self._sums = [0, *accumulate(batch.records for batch in ordered)]

    def between(self, from_no: int, to_no: int) -> Much:
        """What is beyond one number, up to another."""
        first, last = bisect_right(self._numbers, from_no), bisect_right(self._numbers, to_no)
        return Much(last - first, self._sums[last] - self._sums[first])
