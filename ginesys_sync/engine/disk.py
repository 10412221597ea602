"""Room on the disks that a run writes to: a till needs some, so nothing more is taken in before."""

from __future__ import annotations

import shutil

from ginesys_sync.core.errors import DiskFull
from ginesys_sync.engine.context import RunContext

LEAST_FREE_BYTES = 100_000_000


def short_of_room(context: RunContext) -> DiskFull | None:
    """The fault of a disk that is nearly full; None while there is room. Two system calls."""
    for what, folder in (
        ("the database", context.database.path.parent),
        ("the home folder", context.inbox.folder),
    ):
        free = shutil.disk_usage(folder).free
        if free < LEAST_FREE_BYTES:
            return DiskFull(
                f"The disk of {what} is nearly full ({free // 1_000_000:,} MB left): nothing more "
                "is taken in, so that this site can go on working.",
                "Nothing is lost: it waits at the Web Database. Free some space, then press Sync "
                "again.",
                detail=f"{folder}: {free} bytes free",
            )
    return None


def require_room(context: RunContext) -> None:
    """Before one more piece is taken in. Raises DiskFull."""
    fault = short_of_room(context)
    if fault is not None:
        raise fault
