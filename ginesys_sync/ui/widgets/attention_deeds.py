"""The words about what needs attention: the heading over the list, and what is asked before
something is done. Knows no widget."""

from __future__ import annotations

from collections.abc import Sequence

from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.services.control_views import ANSWERED, ASKS, DELETES, DELETES_ANSWERED
from ginesys_sync.services.views import AttentionRow
from ginesys_sync.ui.widgets.deed import Deed

_SAID = (ANSWERED, DELETES_ANSWERED)
_UNWRITTEN = "These records could not be written. Everything else went on."
_TRIED = (
    "Each is tried again at the end of every sync, and leaves this list when it succeeds or when a "
    "newer version of it arrives. Mend the cause named here, then press Sync."
)
_ASKS = "Much would be deleted. Nothing of it goes unasked."
_CHOOSE = (
    "Choose the line and say whether they may go. Until then they stay, and every sync says so."
)
_ANSWERED = "What was asked is answered. The answer goes with the next sync."
_HEARS = "The store hears of it when it syncs after that, and the line leaves this list."
_SOME = "Some records could not be written"
_SOME_TRIED = (
    "The records are tried again at the end of every sync: mend the cause named here, then press "
    "Sync."
)
_SOME_CHOOSE = "Choose the line that asks, and say whether they may go."


def heading(rows: Sequence[AttentionRow]) -> tuple[str, str]:
    """The title and the advice over these lines: records, open questions, answered ones, or
    several of them."""
    opened = any(row.code in (ASKS, DELETES) for row in rows)
    answered = any(row.code in _SAID for row in rows)
    if all(row.code in (ASKS, DELETES, *_SAID) for row in rows) and rows:
        return (_ASKS, _CHOOSE) if opened else (_ANSWERED, _HEARS)
    if opened:
        return f"{_SOME}, and a question waits for an answer.", f"{_SOME_TRIED} {_SOME_CHOOSE}"
    if answered:
        return f"{_SOME}, and an answer is on its way to a store.", _SOME_TRIED
    return _UNWRITTEN, _TRIED


def discard(row: AttentionRow, *, is_here: bool) -> Deed:
    """Before a line is taken off the list. `is_here`: the record is parked at this very site."""
    text = (
        "What came of this record and could not be written is lost here. The record stays where it "
        "came from, and comes again with its next change, or when it is sent again there."
        if is_here
        else f"The line is taken off this list. Nothing changes at {row.site}: what is kept there "
        f"is kept, and the line comes back if {row.site} repeats it."
    )
    return Deed(f"Discard {row.one or row.entity} {row.key}?", text, "Discard", "Keep It")


def remove(row: AttentionRow) -> Deed:
    """Before much is deleted: here, or at the others."""
    if row.code == DELETES:
        there = _there(row)
        text = (
            f"{_first(row.reason)} {_sends(row)} the deletions, and they are deleted {there} too."
        )
        return Deed(f"Delete {_many(row)} {there} too?", text, "Remove Them", "Not Now")
    return Deed(
        f"Remove {_many(row)} that head office does not have?",
        f"{_first(row.reason)} They are deleted at {row.site} with its next sync. What came since "
        "the full load is kept. Deleted, they come back only if head office has them again.",
        "Remove Them",
        "Not Now",
    )


def keep(row: AttentionRow) -> Deed:
    """Before they stay for good."""
    if row.code == DELETES:
        there = _there(row)
        text = (
            f"{_first(row.reason)} They stay {there}, and nobody is asked about them any more. At "
            f"{row.site} they are still deleted."
        )
        return Deed(f"Keep {_many(row)} {there}?", text, "Keep Them", "Not Now")
    return Deed(
        f"Keep {_many(row)} that head office does not have?",
        f"{_first(row.reason)} They stay at {row.site}, and nobody is asked about them any more. "
        "A later full load may ask again.",
        "Keep Them",
        "Not Now",
    )


def _many(row: AttentionRow) -> str:
    """What is asked about, inside a sentence."""
    return row.many or row.entity


def _there(row: AttentionRow) -> str:
    """Where the deletions that a site asks about would arrive."""
    return "at the stores" if row.site == HEAD_OFFICE else "at head office"


def _sends(row: AttentionRow) -> str:
    return "The next sync sends" if row.site == HEAD_OFFICE else f"{row.site}'s next sync sends"


def _first(reason: str) -> str:
    """The sentence with the numbers."""
    return f"{reason.partition('. ')[0].rstrip('.')}."
