"""Everything the Web Database can say no to: code, HTTP status, what happened, what to do."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Mapping

from ginesys_sync.wire.messages import Problem

_HO = "Ask head office to check this site."
_ITSELF = "Nothing: it mends itself with the next sync."
_UPDATE = "Update this program, then try again."
_COPY = "Copy the details and give them to whoever looks after your system."

CATALOGUE: Mapping[str, tuple[int, str, str]] = {
    # Who is asking
    "key_refused": (
        401,
        "The Web Database does not accept this site's key.",
        "Ask head office for a new enrolment code and set this site up again with it.",
    ),
    "site_blocked": (
        403,
        "{site} is blocked at head office.",
        "{reason}Ask head office to unblock it.",
    ),
    "site_closed": (
        403,
        "{site} is closed at head office.",
        "{reason}Closed sites do not sync. " + _HO,
    ),
    "ho_only": (403, "Only head office may do this.", "Do it at head office."),
    "too_many_tries": (429, "Too many wrong tries.", "Wait a minute, then try again."),
    # Enrolment
    "code_wrong": (
        403,
        "This enrolment code is not right for {site}.",
        "Check the site's code and the enrolment code, letter by letter, or ask for a new one.",
    ),
    "code_used": (
        403,
        "This enrolment code was used before.",
        "Ask for a new enrolment code: each one works once.",
    ),
    "code_expired": (
        403,
        "This enrolment code is too old.",
        "Ask for a new enrolment code: each one works for seven days.",
    ),
    "role_differs": (
        403,
        "{site} was invited as {invited}, not as {asked}.",
        "Set it up in the role it was invited for, or ask for another enrolment code.",
    ),
    # Runs
    "versions_differ": (
        426,
        "{older} is too old to talk to {newer}.",
        "Update {older}, then try again.",
    ),
    "site_restored": (
        409,
        "{site} is behind what the Web Database knows of it: {why}.",
        "It was brought back from an older copy. Update this program: a newer one reads back what "
        "is missing.",
    ),
    "site_cloned": (
        409,
        "Two copies of {site} are in use: this one, and one that has synced since.",
        "Do not sell on both. Decide which one stays. To go on with this one, let head office "
        "make a new enrolment code for {site}, and set this home up again with it.",
    ),
    "waits_elsewhere": (
        409,
        "{site} waits for news from another place now.",
        "If it was started anew, nothing. Else a second copy of it is running: stop one of them.",
    ),
    # Bodies
    "body_damaged": (400, "A batch arrived damaged: its checksum differs.", _ITSELF),
    "body_unknown": (404, "The Web Database holds no such batch for {site}.", _ITSELF),
    "body_gone": (410, "A batch is no longer kept: every site had applied it.", _HO),
    "offset_differs": (409, "The upload goes on from another place.", _ITSELF),
    "range_refused": (416, "The batch has no such part.", _ITSELF),
    "too_many_unnamed": (
        429,
        "{site} has sent more than the Web Database keeps before it is told what it is for.",
        "Wait a day, then sync again; if it comes back, ask head office.",
    ),
    "disk_full": (
        507,
        "The Web Database's disk is full, or nearly so: it takes nothing in.",
        "Free some space where the Web Database runs, then sync again. Nothing is lost.",
    ),
    # Batches, mail, acknowledgements, loads
    "not_your_stream": (403, "{stream} is not {site}'s to write.", _COPY),
    "audience_refused": (403, "A store sends to head office only.", _COPY),
    "audience_unknown": (409, "A batch is for a set of sites that was never named.", _COPY),
    "audience_wrong": (422, "A set of sites does not match its name.", _COPY),
    "epoch_unknown": (
        409,
        "{site} numbers its batches in a way the Web Database did not grant.",
        "Ask head office to enrol this site again.",
    ),
    "gap": (409, "{stream} must go on with number {expected}, not {got}.", _ITSELF),
    "number_taken": (
        409,
        "{stream} number {no} is already another batch.",
        "This site may have been brought back from an older copy. Ask head office.",
    ),
    "ack_beyond": (
        409,
        "{site} acknowledges more of {stream} than it may have read.",
        "This site may have been set up for another Web Database. Ask head office.",
    ),
    "load_refused": (
        409,
        "This first load cannot be offered: {why}.",
        "Make it anew; the next sync does.",
    ),
    "batch_unknown": (
        404,
        "{stream} has no number {no} at the Web Database.",
        "Look at Sent Data: only what says UPLOADED can be taken back.",
    ),
    "site_unknown": (404, "The Web Database knows no site {site}.", "Invite it first."),
    "site_is_ho": (
        409,
        "Head office can be neither blocked nor closed nor reloaded.",
        "Choose a store.",
    ),
    # The request itself
    "malformed": (422, "The Web Database does not understand this request.", _UPDATE),
    "not_found": (404, "The Web Database knows no such address.", _UPDATE),
    "method_refused": (405, "The Web Database does not do this at this address.", _UPDATE),
    "content_type": (415, "The Web Database expects another kind of content.", _UPDATE),
    "too_large": (413, "The request is larger than the Web Database takes.", _COPY),
    "length_required": (411, "The request does not say how long it is.", _UPDATE),
    "too_slow": (408, "The line was too slow, or stopped.", "Try again when the line is better."),
    "busy": (503, "The Web Database is busy.", "Nothing: it is tried again by itself."),
    "internal": (500, "The Web Database made a mistake.", _COPY),
}


class Refusal(Exception):
    """A no that goes to the caller as problem+json. `facts` fill the catalogue's sentences."""

    def __init__(
        self,
        code: str,
        *,
        detail: str = "",
        headers: Mapping[str, str] | None = None,
        **facts: object,
    ) -> None:
        status, title, advice = CATALOGUE[code]
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        self.problem = Problem(
            title=title.format(**facts),
            status=status,
            code=code,
            advice=advice.format(**facts),
            detail=detail[:2000],
        )
        super().__init__(self.problem.title)


def world_fault(fault: BaseException) -> Refusal | None:
    """The refusal for a fault of the disk or the database's lock; None for anything else."""
    text = str(fault)
    if isinstance(fault, OSError) and fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return Refusal("disk_full")
    if isinstance(fault, sqlite3.OperationalError):
        if "full" in text:
            return Refusal("disk_full")
        if "locked" in text or "busy" in text:
            return Refusal("busy", headers={"Retry-After": "1"})
    return None
