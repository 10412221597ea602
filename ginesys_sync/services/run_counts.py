"""What one run did with each site, counted in records throughout."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from ginesys_sync.core.status import Status
from ginesys_sync.services.lane_sums import LaneSums
from ginesys_sync.services.sent_list import SentList
from ginesys_sync.services.sent_parts import Part
from ginesys_sync.store import grids
from ginesys_sync.store.database import Connection
from ginesys_sync.store.sent_facts import acks_of_run

_NOT_SENT = frozenset({Status.WAITING, Status.BLOCKED, Status.WITHDRAWN})


@dataclass(slots=True)
class Counts:
    """One site: `acknowledged` are records that it was sent and that it confirmed."""

    sent: int = 0
    received: int = 0
    processed: int = 0
    acknowledged: int = 0


def run_counts(
    connection: Connection, sums: LaneSums, found: SentList, me: str, run: int
) -> defaultdict[str, Counts]:
    """The sites that a run sent to, heard from, or sealed something for that waits."""
    counts: defaultdict[str, Counts] = defaultdict(Counts)
    for part in found.parts(run):
        _add_sent(counts, part)
    for part in found.sealed_and_waiting(run):
        _add_sent(counts, part)
    for row in grids.received_rows(connection, me, run, with_acks=False):
        counts[row.site].received += row.records
        counts[row.site].processed += row.records if row.processed_at else 0
    for span, sites in acks_of_run(connection, me, run):
        for members, records in sums.of_span(*span):
            for site in sites if records else ():
                if site in members:
                    counts[site].acknowledged += records
    return counts


def _add_sent(counts: defaultdict[str, Counts], part: Part) -> None:
    is_sent = part.status not in _NOT_SENT
    for site in part.sites():
        counts[site].sent += part.share.batch.records if is_sent else 0
