"""Owing a site full loads of own streams when it may have mail there that it has not read.

A load takes the site's cursor to a number that lies beyond that mail, and brings and sweeps only
what is for all. So what was for this site among others is noted to go to it again: the records that
it should have, and the deletions that it has not heard of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
    """One site that is owed loads. Its methods are called inside the caller's transaction."""

    def __init__(
        self, connection: Connection, plan: Plan, staging: Staging, web: WebDatabase, site: str
    ) -> None:
        self._connection = connection
        self._plan = plan
        self._staging = staging
        self._web = web
        self._site = site

    def owe(self, streams: Sequence[str], who: str, at: str) -> None:
        """Owe loads of these streams up to their heads of now. `who`: on whose word. Raises
        KnownError when a batch that the site has not read cannot be looked into.
        """
        due_loads.owe_load(self._connection, self._site, streams, at)
        weight = noting.weight_for(self._connection, Audience.of([self._site]))
        for stream in streams:
            chosen = {
                entity.name: entity
                for entity in self._plan.of_channel(Stream.parse(stream).channel)
                if entity.owner is not Owner.SITE and entity.audience.rule is not Rule.ALL
            }
            for entity in chosen.values():
                noting.note_site(self._connection, entity, self._site, weight)
            for entity, key in self._unread_deletions(stream, chosen):
                blocks.note_unsent(self._connection, entity.name, [(key, self._site)], who, at)
                noting.note_record(self._connection, entity, key, AUDIENCE_ONLY)

    def _unread_deletions(
        self, stream: str, chosen: dict[str, Entity]
    ) -> Iterator[tuple[Entity, Key]]:
        """Of the kinds that are for certain sites: what batches for this one say is gone, that it
        has not acknowledged.
        """
        epoch = ledger.streams(self._connection)[stream].epoch
        after = ledger.acknowledged(self._connection, stream, self._site)
        while True:
            page = ledger.batches_after(self._connection, stream, epoch, after, _PAGE)
            for batch in page:
                if batch.gone and batch.entity in chosen and self._is_for_it(batch):
                    entity = chosen[batch.entity]
                    _, gone = records_of(self._body(batch, entity), entity)
                    yield from ((entity, key) for key in gone)
            if len(page) < _PAGE:
                return
            after = page[-1].no

    def _is_for_it(self, batch: ledger.Batch) -> bool:
        sites = Audience.parse(batch.members).sites
        return sites is not None and self._site in sites

    def _body(self, batch: ledger.Batch, entity: Entity) -> bytes:
        data = self._staging.get(batch.sha256)
        if data is None:
            data = self._web.get_body(batch.sha256, batch.size)
        return in_own_names(unpack(data, batch.sha256, batch.raw_size), entity)
