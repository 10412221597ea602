"""How a site stands: from its facts and head office's limits to a level, a sentence and an age.

Pure: the board shows by it, the alerts are raised by it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from ginesys_sync.services.alert_settings import Limits
from ginesys_sync.services.board_views import RANK, BoardLine, Level
from ginesys_sync.services.words import counted, needs_words

ONLINE_WITHIN = timedelta(seconds=90)
GROWS_AFTER = timedelta(hours=1)
OUT_WORDS = {
    "invited": "It has been invited but has not joined yet.",
    "closed": "It is closed.",
    "blocked": "It is blocked: nothing goes to it or comes from it.",
}


class Facts(NamedTuple):
    """What is known of a site. `now`: by the Web Database's clock; `heard_at`: when that last said
    who is there; `waits_since`: of its oldest unconfirmed record; `attention`: records that need it
    and questions that wait for an answer, `questions`: the latter alone."""

    code: str
    state: str
    now: datetime
    heard_at: datetime | None
    seen_at: datetime | None
    waiting: int
    fresh: int
    waits_since: datetime | None
    unprocessed: int
    attention: int
    clock_ahead_seconds: int
    questions: int = 0


class Standing(NamedTuple):
    """What follows. `why` is one sentence, `age_seconds` how long it has been so."""

    level: Level
    why: str
    age_seconds: float = 0.0


def stand(facts: Facts, limits: Limits) -> Standing:
    """How a site stands; of several things that are wrong, the worst."""
    if facts.state != "active":
        return Standing(Level.OUT, OUT_WORDS.get(facts.state, "It does not sync."))
    quiet = _since(facts.seen_at, facts.now)
    if is_skewed(facts.clock_ahead_seconds, limits):
        return Standing(Level.PROBLEM, clock_words(facts.clock_ahead_seconds), quiet)
    if is_silent(facts, limits):
        return Standing(Level.SILENT, f"It has not called for {length(quiet)}.", quiet)
    waits = _since(facts.waits_since, facts.now)
    if is_behind(facts, limits):
        words = counted(facts.waiting, "record waits", "records wait")
        return Standing(Level.BACKLOG, f"{words} for it, the oldest for {length(waits)}.", waits)
    if facts.unprocessed:
        words = counted(facts.unprocessed, "batch of it is", "batches of it are")
        return Standing(Level.BACKLOG, f"{words} here, but not processed yet.", quiet)
    if needs_somebody(facts, limits):
        return Standing(Level.ATTENTION, f"{needs_words(facts.attention, facts.questions)}.", quiet)
    return Standing(Level.FINE, _fine(facts), quiet)


def _fine(facts: Facts) -> str:
    if facts.waiting:
        return f"{counted(facts.waiting, 'record is', 'records are')} on the way to it."
    return "It has everything."


def needs_somebody(facts: Facts, limits: Limits) -> bool:
    """Whether enough records need attention, or a question waits: that one is never few."""
    return facts.questions > 0 or facts.attention >= limits.parked_records


def is_skewed(ahead_seconds: int, limits: Limits) -> bool:
    """Whether a clock is wrong by more than it may be."""
    return abs(ahead_seconds) > limits.clock_seconds


def is_silent(facts: Facts, limits: Limits) -> bool:
    """Whether it has not called for too long, as far as head office can know: while the Web
    Database cannot be asked, nobody falls silent."""
    if facts.seen_at is None or facts.heard_at is None:
        return False
    known_until = min(facts.now, facts.heard_at)
    return known_until - facts.seen_at > timedelta(minutes=limits.silent_after(facts.code))


def is_behind(facts: Facts, limits: Limits) -> bool:
    """Whether its backlog is old; or grows although it calls."""
    if facts.waits_since is None:
        return False
    waits = facts.now - facts.waits_since
    if waits > timedelta(minutes=limits.backlog_minutes):
        return True
    calls = facts.seen_at is not None and facts.now - facts.seen_at < GROWS_AFTER
    is_growing = facts.fresh > 0 and facts.waiting >= limits.backlog_records
    return calls and is_growing and waits > GROWS_AFTER


def is_online(facts: Facts) -> bool:
    """Whether it called a moment ago, by what the Web Database last said."""
    if facts.seen_at is None or facts.heard_at is None:
        return False
    return min(facts.now, facts.heard_at) - facts.seen_at <= ONLINE_WITHIN


def worst_first(line: BoardLine) -> tuple[int, float, str]:
    """The board's order: by level, the longest first, then by code."""
    return RANK[line.level], -line.age_seconds, line.code


def clock_words(ahead_seconds: int) -> str:
    """`Its clock is 5 min fast.`"""
    side = "fast" if ahead_seconds > 0 else "slow"
    return f"Its clock is {length(abs(ahead_seconds))} {side}."


def _since(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else max(0.0, (now - moment).total_seconds())


def length(seconds: float) -> str:
    """`40 s`, `12 min`, `26 h`, `3 days`."""
    if seconds < 60:
        return f"{int(seconds)} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    if seconds < 48 * 3600:
        return f"{int(seconds // 3600)} h"
    return f"{int(seconds // 86_400)} days"
