"""Owing a site full loads of own streams when it may have mail there that it has not read.

A load takes the site's cursor to a number that lies beyond that mail, and brings and sweeps only
what is for all. So what is for certain sites is noted to go to this one again: the records that it
should have, and the deletions that it has not heard of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ginesys_sync.core.errors import HomeUnusable
from ginesys_sync.core.model import Audience, Key, Stream
from ginesys_sync.core.plan import Entity, Owner, Plan, Rule
from ginesys_sync.engine.staging import Staging
from ginesys_sync.engine.webdb import WebDatabase
from ginesys_sync.store import blocks, due_loads, ledger, noting
from ginesys_sync.store.capture import AUDIENCE_ONLY
from ginesys_sync.store.database import Connection
from ginesys_sync.store.withdrawing import records_of
from ginesys_sync.wire.body import unpack
from ginesys_sync.wire.own_names import in_own_names

_PAGE = 200


class Owing:
    """One site that is owed loads of own streams. First `make_ready`, then `owe` inside the
    caller's transaction, in which nothing waits for the network.
    """

    def __init__(
        self, connection: Connection, plan: Plan, staging: Staging, web: WebDatabase, site: str
    ) -> None:
        self._connection = connection
        self._plan = plan
        self._staging = staging
        self._web = web
        self._site = site

    def make_ready(self, streams: Sequence[str]) -> None:
        """Have the bodies here that are to be looked into: they are kept until every site has
        acknowledged them, and what a home has lost the Web Database has. Raises KnownError.
        """
        for stream in streams:
            for batch, _ in self._unread(stream):
                if self._staging.get(batch.sha256) is None:
                    data = self._web.get_body(batch.sha256, batch.size)
                    self._staging.put(batch.sha256, data)

    def owe(self, streams: Sequence[str], who: str, at: str) -> None:
        """Owe loads of these streams up to their heads of now. `who`: on whose word."""
        due_loads.owe_load(self._connection, self._site, streams, at)
        weight = noting.weight_for(self._connection, Audience.of([self._site]))
        for stream in streams:
            for entity in self._chosen(stream).values():
                noting.note_site(self._connection, entity, self._site, weight)
            for batch, entity in self._unread(stream):
                for key in self._deleted(batch, entity):
                    blocks.note_unsent(self._connection, entity.name, [(key, self._site)], who, at)
                    noting.note_record(self._connection, entity, key, AUDIENCE_ONLY)

    def _chosen(self, stream: str) -> dict[str, Entity]:
        """The kinds of a stream that are for certain sites."""
        return {
            entity.name: entity
            for entity in self._plan.of_channel(Stream.parse(stream).channel)
            if entity.owner is not Owner.SITE and entity.audience.rule is not Rule.ALL
        }

    def _unread(self, stream: str) -> Iterator[tuple[ledger.Batch, Entity]]:
        """Batches for this site among others, or from when the kind was for all, that tell of
        deletions and are not acknowledged.
        """
        chosen = self._chosen(stream)
        epoch = ledger.streams(self._connection)[stream].epoch
        after = ledger.acknowledged(self._connection, stream, self._site)
        while chosen:
            page = ledger.batches_after(self._connection, stream, epoch, after, _PAGE)
            for batch in page:
                sites = Audience.parse(batch.members).sites
                is_for_it = sites is None or self._site in sites
                if batch.gone and batch.entity in chosen and is_for_it:
                    yield batch, chosen[batch.entity]
            if len(page) < _PAGE:
                return
            after = page[-1].no

    def _deleted(self, batch: ledger.Batch, entity: Entity) -> Sequence[Key]:
        data = self._staging.get(batch.sha256)
        if data is None:
            raise HomeUnusable(
                f"Batch {batch.no} of {batch.stream} is no longer kept in this home.",
                "Try again: it is then fetched from the Web Database.",
            )
        raw = unpack(data, batch.sha256, batch.raw_size)
        return records_of(in_own_names(raw, entity), entity)[1]
