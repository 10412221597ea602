"""The status words, and the one place that derives them.

Status is derived, not stored: is the batch for this site, and is its number beyond the release /
the cursor?
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Every status a person can read. `UPLOADED` and `PROCESSED` mean exactly what the trade means
    by them.
    """

    WAITING = "WAITING"
    UPLOADED = "UPLOADED"
    RECEIVED = "RECEIVED"
    PROCESSED = "PROCESSED"
    BLOCKED = "BLOCKED"
    WITHDRAWN = "WITHDRAWN"
    COVERED = "COVERED BY A FULL LOAD"


class Kind(StrEnum):
    """What a row of *Sent Data* and *Received Data* is about."""

    DATA = "data"
    ACKNOWLEDGEMENT = "acknowledgement"


CLOSING_SENTENCE = "Sync process completed, flushing buffer."
CONNECTION_SENTENCE = "Web Database Connection successful."


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one stream is, for one site, as numbers.

    uploaded: the Web Database has the batches up to here on disk.
    released: the site may read up to here.
    acknowledged: the site has applied up to here.
    covered: a full load brought the site up to here (0: none did).
    is_blocked: a person keeps the release of this stream where it is.
    """

    uploaded: int
    released: int
    acknowledged: int
    covered: int = 0
    is_blocked: bool = False


def sent_status(no: int, reach: Reach, is_withdrawn: bool = False) -> Status:
    """The status of the sender's batch `no` for one site of its audience. `is_withdrawn`: a person
    took it back before the site had heard of it.
    """
    if is_withdrawn:
        return Status.WITHDRAWN
    if no <= reach.covered:
        return Status.COVERED
    if no <= reach.acknowledged:
        return Status.PROCESSED
    if no <= min(reach.uploaded, reach.released):
        return Status.UPLOADED
    return Status.BLOCKED if reach.is_blocked else Status.WAITING


def received_status(no: int, cursor: int) -> Status:
    """The status of a fetched batch `no` at its receiver. `cursor`: how far its stream is applied
    in that batch's epoch, which may be over.
    """
    return Status.PROCESSED if no <= cursor else Status.RECEIVED


class Stage(StrEnum):
    """What a run is busy with, in shop words."""

    STARTING = "Starting"
    COLLECTING = "Collecting"
    SENDING = "Sending"
    RECEIVING = "Receiving"
    UPDATING = "Updating"
    CONFIRMING = "Confirming"
    FINISHING = "Finishing"


class Outcome(StrEnum):
    """How a run ended. The last two are of syncs that never began: skipped (it was due while
    another was under way) and refused (it was asked for and could not begin).
    """

    DONE = "done"
    ATTENTION = "needs attention"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    REFUSED = "refused"

    @property
    def exit_code(self) -> int:
        """The front door's exit code."""
        codes = {Outcome.DONE: 0, Outcome.ATTENTION: 1, Outcome.CANCELLED: 3}
        return codes.get(self, 2)
