"""The few received rows that a filter may want, where they are few: found by what they say, not by
looking through all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain

from ginesys_sync.core.clock import iso
from ginesys_sync.core.plan import Plan
from ginesys_sync.core.status import Status
from ginesys_sync.services.grid_words import channel_title, count_words
from ginesys_sync.services.views import GridFilter
from ginesys_sync.store.grids import ReceivedRow
from ginesys_sync.store.received_facts import ReceivedFacts
from ginesys_sync.store.received_search import ReceivedSearch

FEW = 8_000
"""So many rows are made and sorted within a quarter of a second. Where a filter may want more, one
row of some hundred fits it, and a page is full soon."""
MANY = 60_000
"""So many are still worth their numbers: then the runs are known that have some."""
_BEGINNING, _END = "", "~"
"""Texts before and after every moment."""


class Sieve:
    """What of the received rows may fit one filter."""

    def __init__(
        self, facts: ReceivedFacts, search: ReceivedSearch, plan: Plan, wanted: GridFilter
    ) -> None:
        self._facts, self._search, self._plan, self._wanted = facts, search, plan, wanted
        self._many: tuple[set[int], set[int]] | None = None
        self._text = wanted.text.casefold()
        self._has_figures = any(sign.isdecimal() or sign == "," for sign in self._text)

    def few(self) -> list[ReceivedRow] | None:
        """All rows that may fit, and some others; None: too many, or nothing is asked for."""
        if self._wanted.status not in (None, Status.PROCESSED, Status.RECEIVED):
            return []
        for find in (self._by_status, self._by_site, self._by_text, self._by_time):
            found = find()
            if found is not None:
                return found + self._facts.loads
        return None

    def _by_status(self) -> list[ReceivedRow] | None:
        if self._wanted.status is not Status.RECEIVED:
            return None
        found = self._facts.open_rows(FEW + 1)
        return found if len(found) <= FEW else None

    def _by_site(self) -> list[ReceivedRow] | None:
        site = self._wanted.site
        if not site:
            return None
        batches = list(self._facts.of_site(site, FEW + 1))
        acks = list(self._facts.acks_of_site(site, limit=FEW + 1))
        return batches + acks if len(batches) + len(acks) <= FEW else None

    def _by_time(self) -> list[ReceivedRow] | None:
        span = moments_of(self._wanted)
        if span is None:
            return None
        return self._made(self._search.batches_between(*span), self._search.acks_between(*span))

    def _by_text(self) -> list[ReceivedRow] | None:
        if not self._text or self._text in Status.PROCESSED.value.casefold():
            return None
        batches = chain(
            (row.id for row in self._facts.troubled()),
            self._open(),
            self._search.batches_of(self._meant()),
            *map(self._holding, self._facts.entities()),
            self._search.batches_numbered(self._numbers(self._search.last_batch())),
        )
        return self._made(batches, chain(*self._acks()))

    def _open(self) -> Iterator[int]:
        if self._text in Status.RECEIVED.value.casefold():
            yield from (row.id for row in self._facts.open_rows(MANY + 1))

    def _meant(self) -> Iterator[str]:
        """Streams whose site or lane is called so."""
        fitting = dict[str, bool]()
        for stream in self._facts.streams():
            site, _, lane = stream.partition("/")
            if lane not in fitting:
                fitting[lane] = self._fits(channel_title(self._plan, stream))
            if fitting[lane] or self._fits(site):
                yield stream

    def _fits(self, words: str) -> bool:
        return self._text in words.casefold()

    def _holding(self, kind: str) -> Iterator[int]:
        """Batches whose words (`42 prices`) hold the text, whatever part of them it is."""
        most = self._search.most_records(kind)
        if not self._has_figures:
            # Then only one record or several can make a difference.
            most = min(most, 2)
        found = [n for n in range(most + 1) if self._fits(count_words(self._plan, kind, n))]
        is_any = not self._has_figures and 2 in found
        return self._search.batches_holding(kind, None if is_any else found)

    def _numbers(self, last: int, words: str = "{}") -> Iterator[int]:
        """Numbers up to one that hold the text, in what is said of them."""
        if self._has_figures:
            yield from (n for n in range(last + 1) if self._fits(words.format(n)))

    def _acks(self) -> Iterator[Iterator[int]]:
        last = self._search.last_ack()
        yield (-row.id for row in self._facts.troubled_acks())
        yield self._search.acks_numbered(self._numbers(last))
        for stream in self._facts.own_lanes():
            title = channel_title(self._plan, stream)
            words = f"Acknowledgement of {title}, up to batch "
            if self._fits(words) or self._fits(title):
                yield self._search.acks_of([stream])
            sites = filter(self._fits, self._facts.answering(stream))
            yield self._search.acks_from(stream, sites)
            yield self._search.acks_numbered(self._numbers(last, words + "{:,}"))

    def _made(self, batches: Iterator[int], acks: Iterator[int]) -> list[ReceivedRow] | None:
        """The rows with these numbers; None where they are more than a few."""
        some, told = set[int](), set[int]()
        for found, numbers in ((some, batches), (told, acks)):
            for number in numbers:
                found.add(number)
                if len(some) + len(told) > MANY:
                    return None
        if len(some) + len(told) > FEW:
            self._many = (some, told)
            return None
        return self._facts.by_ids(some) + self._facts.acks_by_ids(told)

    def may_fit(self, row: ReceivedRow) -> bool:
        """After `few` found too many: False for a row that is not one of them."""
        if self._many is None:
            return True
        some, told = self._many
        return row.id in some if row.id > 0 else row.id == 0 or -row.id in told

    def of_newest_runs(self, below: int | None) -> tuple[list[ReceivedRow], int] | None:
        """After `few` found too many: those of the newest runs before one, and which of these runs
        is the last (0: there are no more). None where there are more than can be looked up.
        """
        if self._many is None:
            return None
        places = [
            each for each in self._facts.runs_of(*self._many) if below is None or each[0] < below
        ]
        last = places[FEW // 2][0] if len(places) > FEW // 2 else 0
        taken = [each for each in places if each[0] >= last]
        batches = self._facts.by_ids(number for _, number, is_ack in taken if not is_ack)
        acks = self._facts.acks_by_ids(number for _, number, is_ack in taken if is_ack)
        loads = [
            row
            for row in self._facts.loads
            if row.run >= last and (below is None or row.run < below)
        ]
        return batches + acks + loads, last


def moments_of(wanted: GridFilter) -> tuple[str, str] | None:
    """The kept moments from which and before which a filter wants rows; None for any."""
    since, until = wanted.since, wanted.until
    if since is None and until is None:
        return None
    return _up(since) if since else _BEGINNING, _up(until) if until else _END


def _up(moment: datetime) -> str:
    """The first kept moment (they have milliseconds) that is not before this one."""
    rest = moment.microsecond % 1000
    return iso(moment + timedelta(microseconds=1000 - rest) if rest else moment)
