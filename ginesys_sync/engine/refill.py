"""A Web Database that was itself brought back from an older copy gets again what it lost of this
site: its batches (left over, like any that were not uploaded), who may read them, and how far it
has applied what others sent.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from ginesys_sync.core.errors import Refused
from ginesys_sync.core.model import Stream
from ginesys_sync.engine.context import RunContext
from ginesys_sync.store import due_loads, ledger, refilling
from ginesys_sync.store.database import Connection, transaction
from ginesys_sync.store.fence import require_fence
from ginesys_sync.wire.control_messages import ReloadRequest
from ginesys_sync.wire.messages import BatchesRequest, Release, StreamPlace
from ginesys_sync.wire.own_messages import SameRequest

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Search:
    """Where a stream of others stopped being the one that was read here: between `low` and `high`.
    `same` is the last batch that both know.
    """

    state: ledger.StreamState
    high: int
    low: int = 0
    same: int = 0
    is_other: bool = False

    @property
    def middle(self) -> int:
        """The number to look at next; at first the newest, which settles most streams."""
        return (self.low + self.high) // 2 if self.is_other else self.high - 1


def go_back(context: RunContext, connection: Connection) -> None:
    """Before anything is read: where the Web Database has other batches under numbers that this
    site has applied (their sender was brought back, too), it goes back to the last one that both
    know, and reads on from there. Found by halving, all streams in one call.
    """
    context.guide(
        "The Web Database was brought back from an older copy. How far it still knows what this "
        "site has read is looked for…"
    )
    searches = [
        _Search(state, state.applied_no + 1)
        for name, state in ledger.streams(connection).items()
        if Stream.parse(name).origin != context.site and state.applied_no
    ]
    while open_ones := [one for one in searches if one.high - one.low > 1]:
        _look(context, connection, open_ones)
    with transaction(connection):
        require_fence(connection, context.fence)
        for one in searches:
            name = one.state.stream
            loaded = 0 if one.is_other else refilling.loaded_no(connection, name, context.site)
            no = max(one.same, loaded)
            if one.is_other:
                refilling.keep_both(connection, name, context.doubt_ends())
            if no < one.state.applied_no:
                refilling.go_back(connection, name, no)
    context.guide("")
    lost = sorted({Stream.parse(one.state.stream).origin for one in searches if one.is_other})
    if lost:
        context.note(
            "The Web Database was brought back from an older copy. What this site had read from "
            f"{' and '.join(lost)} since then is read again as soon as it is there. If the sender "
            "was brought back as well, what it had sent in between stands only where it was "
            "processed: head office can send everything again, and ask the stores to."
        )


def _look(context: RunContext, connection: Connection, searches: Sequence[_Search]) -> None:
    """One step of all searches."""
    found = {
        one.state.stream: refilling.received_at(
            connection, one.state.stream, one.state.epoch, one.middle
        )
        for one in searches
    }
    places = [
        StreamPlace(stream=name, epoch=one.state.epoch, no=place[0], sha256=place[1])
        for one in searches
        for name, place in [(one.state.stream, found[one.state.stream])]
        if place is not None and place[0] > one.same
    ]
    others = set(context.web.same(SameRequest(places=places)).others) if places else set()
    for one in searches:
        place, middle = found[one.state.stream], one.middle
        if place is not None and one.state.stream in others:
            one.high, one.is_other = place[0], True
        else:
            one.same = max(one.same, place[0] if place else 0)
            one.low = middle


def refill(context: RunContext, connection: Connection) -> None:
    """After the left-over batches were sent: releases as the books have them, and every
    acknowledgement once more; it is delivered with those of this run.
    """
    context.guide(
        "The Web Database was brought back from an older copy. What it lost of this site is sent "
        "to it again…"
    )
    by_site: dict[str, dict[str, int]] = {}
    for name in ledger.streams(connection):
        stream = Stream.parse(name)
        if stream.origin == context.site:
            for site, no in refilling.releases(connection, name).items():
                by_site.setdefault(site, {})[stream.channel] = no
    for site, channels in by_site.items():
        context.check_cancelled()
        sites = None if site == ledger.ALL_SITES else [site]
        release = Release(epoch=context.epoch, channels=channels, sites=sites)
        context.web.post_batches(BatchesRequest(release=release))
    with transaction(connection):
        require_fence(connection, context.fence)
        refilling.acknowledge_all_again(connection, context.site, context.run, context.now())
        refilling.note_opened(connection, context.epoch, context.run)
    context.guide("")
    context.note(
        "The Web Database was brought back from an older copy. What it lost of this site was sent "
        "to it again. Nothing is lost."
    )


def want_loads_again(context: RunContext, connection: Connection) -> None:
    """Head office: the Web Database may have forgotten that stores are to take full loads. Those
    that have not said that they took theirs are owed them anew. One that it does not know any more
    has to join again, and wants them then.
    """
    for site in sorted({load.site for load in due_loads.due_loads(connection)}):
        try:
            wanted = context.web.reload(ReloadRequest(site=site)).loads_wanted
        except Refused as fault:
            log.warning("%s is not owed its loads again: %s (%s)", site, fault, fault.detail)
            continue
        with transaction(connection):
            require_fence(connection, context.fence)
            streams = [name for name in wanted if Stream.parse(name).origin == context.site]
            due_loads.owe_load(connection, site, streams, context.now())
