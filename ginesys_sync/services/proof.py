"""Proof that a store equals head office: per table of the plan, the SHA-256 of the sorted rows
at both ends."""

from __future__ import annotations

from pathlib import Path

from ginesys_sync.services.site import opened_site
from ginesys_sync.store.comparing import table_hash
from ginesys_sync.store.database import database_faults


def table_hashes(office: Path, store: Path) -> list[tuple[str, str, str]]:
    """(table, hash at head office, hash at the store) for every table of the plan: at both ends
    only the records that are the store's, or meant for it."""
    with (
        opened_site(office) as there,
        opened_site(store) as here,
        there.database.connect() as at_office,
        here.database.connect() as at_store,
        database_faults(),
    ):
        found = []
        for entity in there.plan.entities:
            for table in entity.tables:
                office_hash = table_hash(at_office, entity, table, here.code)
                store_hash = table_hash(at_store, entity, table, "")
                found.append((table.name, office_hash, store_hash))
        return found
