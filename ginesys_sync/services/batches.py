"""Looking into one batch: its records, from its body as long as a copy is kept in the home."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ginesys_sync.core.errors import HomeUnusable
from ginesys_sync.core.model import key_text
from ginesys_sync.core.plan import Plan
from ginesys_sync.engine.staging import Staging
from ginesys_sync.services.grid_words import entity_title
from ginesys_sync.services.site import OpenSite
from ginesys_sync.services.views import Page, RecordRow
from ginesys_sync.store import grids, ledger
from ginesys_sync.store.database import Connection
from ginesys_sync.wire.body import unpack
from ginesys_sync.wire.excerpt import labels
from ginesys_sync.wire.looking import describe_body
from ginesys_sync.wire.own_names import admit


def batch_records(
    connection: Connection,
    site: OpenSite,
    plan: Plan,
    stream: str,
    no: int,
    after: int,
    limit: int,
) -> Page[RecordRow]:
    """Records of a batch after record number `after`. Raises HomeUnusable when no copy is kept
    any more."""
    batch = ledger.batch_at(connection, stream, no)
    if batch is None:
        return Page(())
    data = _kept(site, batch.sha256)
    entity = plan.entity(batch.entity)
    raw = admit(unpack(data, batch.sha256, batch.raw_size), entity)
    problems = grids.problems_of(connection, stream, no)
    found = labels(raw, entity, after, limit + 1)
    title = entity_title(plan, entity.name)
    rows = tuple(
        RecordRow(title, key_text(key), label, is_gone, problems.get(key_text(key), ""))
        for _, key, label, is_gone in found[:limit]
    )
    return Page(rows, found[limit - 1][0] if len(found) > limit else None)


def _kept(site: OpenSite, name: str) -> bytes:
    for folder in (site.home.staged, site.home.inbox):
        data = Staging(folder).get(name)
        if data is not None:
            return data
    raise HomeUnusable(
        "The contents of this batch are no longer kept here.",
        "Nothing is lost: they have been processed. Look at the records themselves instead.",
    )


def show_batch(path: Path, limit: int = 20) -> list[dict[str, Any]]:
    """What a body file holds, table by table, for `batch show`. Raises Damaged when it is no
    body."""
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise HomeUnusable(
            f"{path} cannot be read.", "Give the path of a batch body.", detail=str(fault)
        ) from fault
    return describe_body(data, limit)
