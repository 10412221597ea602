"""Shares cut into parts whose sites all see the same status, as far as a filter wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ginesys_sync.core.status import Status
from ginesys_sync.services.crowds import Crowd, Crowds, Place, Standing
from ginesys_sync.services.shares import Share
from ginesys_sync.services.views import GridFilter
from ginesys_sync.services.words import moment
from ginesys_sync.store.sent_facts import SentFacts

_NOBODY = frozenset[str]()


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some sites of a share, all with one status and one standing: a crowd but for some; or a
    single site that something is to be said of.
    """

    share: Share
    status: Status
    standing: Standing
    crowd: Crowd
    place: Place
    but: frozenset[str]
    count: int
    attention: int = 0
    problem: str = ""

    def sites(self) -> list[str]:
        """Their names, in order."""
        found = self.place.sites(self.share.batch.no, self.standing)
        return sorted(site for site in found if site not in self.but)

    def holds(self, site: str) -> bool:
        """Whether a site is one of them."""
        return (
            site in self.crowd.names
            and site not in self.but
            and self.place.standing(self.share.batch.no, site) is self.standing
        )


def needs_words(count: int, site: str) -> str:
    """`3 records need attention at S001.`, or nothing."""
    if not count:
        return ""
    return f"{count:,} {'record needs' if count == 1 else 'records need'} attention at {site}."


class Cutter:
    """Cuts shares by one filter. `words`: what of a share a person's text may fit, beside its
    sites and status.
    """

    def __init__(
        self,
        facts: SentFacts,
        crowds: Crowds,
        wanted: GridFilter,
        words: Callable[[Share], tuple[str, ...]],
    ) -> None:
        self._facts, self._crowds, self._wanted, self._words = facts, crowds, wanted, words
        self._text = wanted.text.casefold()
        self._some: dict[Crowd, Crowd] = {}
        self._fitting: dict[Crowd, Crowd] = {}

    def parts(self, share: Share) -> Iterator[Part]:
        """What of a share is wanted."""
        if not self._is_in_period(share):
            return
        crowd = self._of_site(share.crowd)
        if not crowd.names:
            return
        place = (share.batch.stream, share.batch.no)
        attention = self._facts.attention.get(place, {})
        withdrawn = self._facts.withdrawn.get(place, frozenset())
        special = crowd.names & (attention.keys() | withdrawn) if attention or withdrawn else None
        is_whole = self._fits(*self._words(share))
        yield from self._ordinary(share, crowd, special or _NOBODY, is_whole)
        for site in sorted(special or ()):
            is_back = site in withdrawn
            yield from self._single(share, site, attention.get(site, 0), is_back, is_whole)

    def _ordinary(
        self, share: Share, crowd: Crowd, special: frozenset[str], is_whole: bool
    ) -> Iterator[Part]:
        for standing in Standing:
            status = share.statuses[standing.value]
            if not self._is_wanted(status):
                continue
            problem = share.blocked if status is Status.BLOCKED else ""
            fits = is_whole or self._fits(status.value, problem)
            chosen = crowd if fits else self._fitting_of(crowd)
            place, no = share.place(chosen), share.batch.no
            but = frozenset(
                site
                for site in special
                if site in chosen.names and place.standing(no, site) is standing
            )
            count = place.counts(no)[standing.value] - len(but)
            if count:
                yield Part(share, status, standing, chosen, place, but, count, problem=problem)

    def _single(
        self, share: Share, site: str, attention: int, is_back: bool, is_whole: bool
    ) -> Iterator[Part]:
        alone = self._crowds.of(frozenset((site,)))
        place = share.place(alone)
        standing = place.standing(share.batch.no, site)
        status = Status.WITHDRAWN if is_back else share.statuses[standing.value]
        problem = needs_words(attention, site)
        problem = problem or (share.blocked if status is Status.BLOCKED else "")
        if self._is_wanted(status) and (is_whole or self._fits(site, status.value, problem)):
            yield Part(share, status, standing, alone, place, _NOBODY, 1, attention, problem)

    def _is_wanted(self, status: Status) -> bool:
        return self._wanted.status is None or status is self._wanted.status

    def _fits(self, *words: str) -> bool:
        return not self._text or any(self._text in word.casefold() for word in words)

    def _is_in_period(self, share: Share) -> bool:
        at = moment(share.uploaded_at) or moment(share.batch.sealed_at)
        return at is None or _is_between(at, self._wanted.since, self._wanted.until)

    def _of_site(self, crowd: Crowd) -> Crowd:
        if not self._wanted.site:
            return crowd
        if crowd not in self._some:
            self._some[crowd] = self._crowds.of(crowd.names & {self._wanted.site})
        return self._some[crowd]

    def _fitting_of(self, crowd: Crowd) -> Crowd:
        """The sites whose codes a person's text fits."""
        if crowd not in self._fitting:
            names = frozenset(site for site in crowd.names if self._text in site.casefold())
            self._fitting[crowd] = self._crowds.of(names)
        return self._fitting[crowd]


def _is_between(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return not ((since and at < since) or (until and at >= until))
