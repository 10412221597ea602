"""Once at the start of a server: what a kill left over is put right."""

from __future__ import annotations

import logging
import sqlite3
import time
from datetime import timedelta
from pathlib import Path

from ginesys_sync.core.clock import iso
from ginesys_sync.relay.desk import Relay
from ginesys_sync.relay.loads import drop_unread_loads
from ginesys_sync.relay.purge import drop_bodies, drop_files, purge_everything

LOG = logging.getLogger("ginesys_sync.relay")
_KEPT = timedelta(days=1)
"""How long a body that no batch names, or a part of an upload that stands still, is kept."""


def sweep(relay: Relay) -> None:
    """Drop finished batches' bodies, unread loads, old orphans, old parts, files without a row."""
    try:
        oldest = iso(relay.clock.now() - _KEPT)
        with relay.database.writing() as writer:
            dropped = purge_everything(relay, writer)
            dropped += drop_unread_loads(writer, relay.organisation)
            orphans = [
                row["sha256"]
                for row in writer.execute(
                    "SELECT sha256 FROM bodies WHERE organisation = ? AND is_named = 0"
                    " AND added_at < ?",
                    (relay.organisation, oldest),
                )
            ]
            dropped += drop_bodies(writer, relay.organisation, orphans)
        drop_files(relay, dropped)
        drop_files(relay, _files_without_row(relay))
        _drop_old_parts(relay.home / "uploads")
    except (OSError, sqlite3.Error) as fault:
        LOG.warning("The sweep at the start was given up; the next start tries again: %s", fault)


def _files_without_row(relay: Relay) -> list[str]:
    names = [path.name for path in (relay.home / "bodies").glob("??/*")]
    with relay.database.reading() as reader:
        known = {
            row["sha256"]
            for row in reader.execute(
                "SELECT sha256 FROM bodies WHERE organisation = ? AND data IS NULL",
                (relay.organisation,),
            )
        }
    return [name for name in names if name not in known]


def _drop_old_parts(folder: Path) -> None:
    before = time.time() - _KEPT.total_seconds()
    for part in folder.glob("*/*.part"):
        if part.stat().st_mtime < before:
            part.unlink(missing_ok=True)
