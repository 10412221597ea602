"""Reload a store: it takes a full load of everything head office sends, and lets go of what is not
in it. The same machinery as for a store that joins late; it goes on selling meanwhile."""

from __future__ import annotations

from pathlib import Path

from ginesys_sync.core.clock import Clock, SystemClock, iso
from ginesys_sync.core.errors import NotPossible
from ginesys_sync.core.model import HEAD_OFFICE, Stream
from ginesys_sync.services.audit import note_action
from ginesys_sync.services.naming import named_stores
from ginesys_sync.services.rights import require_head_office
from ginesys_sync.services.site import opened_site
from ginesys_sync.services.views import Done
from ginesys_sync.store.database import transaction
from ginesys_sync.store.due_loads import owe_load
from ginesys_sync.wire.control_messages import ReloadRequest


def reload_site(folder: Path, code: str, reason: str = "", clock: Clock | None = None) -> Done:
    """Owe a store full loads of everything. Takes as long as the network does. Raises KnownError.

    The Web Database is told first: from then on the store waits for its loads, and every number
    that it has reached is below the heads that the loads are owed up to.
    """
    with opened_site(folder) as site, site.database.connect() as connection:
        require_head_office(site, "reload a store")
        (store,) = named_stores(connection, [code])
        web = site.web()
        try:
            wanted = web.reload(ReloadRequest(site=store)).loads_wanted
            streams = [name for name in wanted if Stream.parse(name).origin == HEAD_OFFICE]
            if not streams:
                raise NotPossible(
                    f"Head office has sent nothing yet that {store} could take again.",
                    "Sync first; then everything goes to it anyway.",
                )
            with transaction(connection):
                owe_load(connection, store, streams, iso((clock or SystemClock()).now()))
                note_action(connection, "reload", f"store {store}", reason, clock)
        finally:
            web.close()
    return Done(
        f"{store} will take a full load of everything.",
        f"Head office's next sync makes it, and {store}'s sync after that takes it.",
    )
