"""Room on the disk of the Web Database: what would fill it is refused while there still is some, so
that acknowledgements and what is handed out go on.
"""

from __future__ import annotations

import shutil

from ginesys_sync.relay.desk import Relay
from ginesys_sync.relay.problems import Refusal

LEAST_FREE_BYTES = 100_000_000


def require_room(relay: Relay) -> None:
    """Before a body or a batch is taken in. Raises Refusal."""
    free = shutil.disk_usage(relay.home).free
    if free < LEAST_FREE_BYTES:
        raise Refusal("disk_full", detail=f"{free} bytes free")
