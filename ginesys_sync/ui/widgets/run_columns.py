"""The columns of the run list."""

from __future__ import annotations

from collections.abc import Callable

from ginesys_sync.services.schedule_views import RunEntry
from ginesys_sync.ui.widgets import pill
from ginesys_sync.ui.widgets.columns import Column, PillWord
from ginesys_sync.ui.widgets.wording import exact, grouped, lasted, relative


def outcome_pill(entry: RunEntry) -> PillWord:
    """How it ended, or that it goes on."""
    if entry.outcome is None:
        return PillWord("Running", "clock", "info")
    tone, shape, word = pill.OUTCOME_TONE[entry.outcome]
    return PillWord(word, shape, tone)


def reason_words(entry: RunEntry) -> str:
    """Why it did not do its work, without the words that the pill says already."""
    reason = entry.reason.removeprefix("Skipped: ").removeprefix("Sync stopped: ")
    return reason[:1].upper() + reason[1:]


def _what(entry: RunEntry) -> str:
    reason = reason_words(entry)
    return f"{entry.what}: {reason}" if reason else entry.what


def _took(entry: RunEntry) -> str:
    seconds = entry.lasted_seconds
    return "–" if seconds is None else lasted(seconds)


def _count(title: str, get: Callable[[RunEntry], int], tip: str, width: int) -> Column[RunEntry]:
    def text(entry: RunEntry) -> str:
        return grouped(get(entry)) if get(entry) else "–"

    return Column(title, text, width, is_number=True, tip=lambda _: tip)


RUN_COLUMNS: tuple[Column[RunEntry], ...] = (
    Column("Started", lambda row: relative(row.started_at), 88, tip=lambda r: exact(r.started_at)),
    Column("Sync", _what, 0, tip=_what),
    Column("Trigger", lambda row: row.trigger, 120),
    Column(
        "Outcome",
        lambda row: outcome_pill(row).word,
        140,
        pills=lambda row: (outcome_pill(row),),
    ),
    Column("Took", _took, 84, is_number=True),
    _count("Sent", lambda r: r.sent, "Records that others can fetch since this sync", 68),
    _count("Received", lambda r: r.received, "Records fetched by this sync", 80),
    _count("Processed", lambda r: r.processed, "Records written to this database", 88),
)
