"""Small words that several lists and sentences share. Standard library only: a window's first
line needs them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ginesys_sync.core.clock import from_iso


def moment(text: str | None) -> datetime | None:
    """A kept moment, or None."""
    return from_iso(text) if text else None


def ago(then: datetime | None, now: datetime) -> str:
    """`3 min ago`, `just now`, `2 h ago`, `5 days ago`; `never` for None."""
    if then is None:
        return "never"
    seconds = (now - then).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 86_400:
        return f"{int(seconds // 3600)} h ago"
    days = int(seconds // 86_400)
    return f"{days} day{'' if days == 1 else 's'} ago"


def needs_words(
    attention: int, questions: int, grouped: Callable[[int], str] = "{:,}".format
) -> str:
    """`3 records need attention`, `1 question waits for an answer`, or both; empty for none.
    `attention` counts records and questions, `questions` the latter alone.
    """
    records = attention - questions
    parts = []
    if records:
        parts.append(
            f"{grouped(records)} {'record needs' if records == 1 else 'records need'} attention"
        )
    if questions:
        waits = "question waits" if questions == 1 else "questions wait"
        parts.append(f"{grouped(questions)} {waits} for an answer")
    return ", ".join(parts)


def counted(count: int, one: str, many: str = "") -> str:
    """`1 record`, `4,657 records`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
