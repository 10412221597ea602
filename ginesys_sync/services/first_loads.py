"""A store's first load as a person sees it: how it goes, and what a row of it holds."""

from __future__ import annotations

from dataclasses import replace

from ginesys_sync.core.errors import HomeUnusable
from ginesys_sync.core.model import key_text
from ginesys_sync.core.plan import Plan
from ginesys_sync.core.status import Stage
from ginesys_sync.engine.staging import Staging
from ginesys_sync.services.grid_words import entity_title
from ginesys_sync.services.site import OpenSite
from ginesys_sync.services.views import Overview, Page, RecordRow
from ginesys_sync.store import grids, loading
from ginesys_sync.store.database import Connection
from ginesys_sync.wire.body import unpack
from ginesys_sync.wire.excerpt import labels
from ginesys_sync.wire.own_names import admit

_NUMBER_BITS = 32
"""Where a page of records ends: the chunk's place above so many bits, the record's number below."""
_GOES_ON = "Selling can go on. If it is interrupted, the next sync goes on where it stopped."


def head_during_load(connection: Connection, head: Overview, me: str) -> Overview:
    """What the head of a window says while a run takes a first load; else what it said."""
    run = head.current
    is_under_way = run is not None and run.summary is None and run.run > 0
    if run is None or not is_under_way or not loading.takes_load(connection, me, run.run):
        return head
    line = next((line for line in run.stages if line.stage is Stage.UPDATING), None)
    far = ""
    if line is not None and line.total and not line.is_finished:
        far = f": {line.done:,} of {line.total:,} records so far"
    return replace(
        head,
        situation="first_load",
        headline=f"The first load is under way{far}.",
        next_step=_GOES_ON,
    )


def load_records(
    connection: Connection,
    site: OpenSite,
    plan: Plan,
    run: int,
    stream: str,
    name: str,
    after: int,
    limit: int,
) -> Page[RecordRow]:
    """Records that a run took of one entity of a first load. Raises HomeUnusable when no copy of
    them is kept any more.
    """
    chunks = loading.taken_chunks(connection, site.code, run, stream, name)
    entity, title = plan.entity(name), entity_title(plan, name)
    place, number = after >> _NUMBER_BITS, after & ((1 << _NUMBER_BITS) - 1)
    found: list[RecordRow] = []
    last = 0
    for here, chunk in enumerate(chunks[place:], start=place):
        raw = admit(unpack(_kept(site, chunk), chunk.sha256, chunk.raw_size), entity)
        problems = grids.problems_of(connection, stream, chunk.no, name)
        start = number if here == place else 0
        for at, key, label, is_gone in labels(raw, entity, start, limit - len(found) + 1):
            if len(found) == limit:
                return Page(tuple(found), last)
            text = key_text(key)
            found.append(RecordRow(title, text, label, is_gone, problems.get(text, "")))
            last = here << _NUMBER_BITS | at
    return Page(tuple(found))


def _kept(site: OpenSite, chunk: loading.TakenChunk) -> bytes:
    data = Staging(site.home.inbox).get(chunk.sha256)
    if data is None:
        raise HomeUnusable(
            "The contents of this first load are no longer kept here.",
            "Nothing is lost: look at the records themselves instead.",
        )
    return data
