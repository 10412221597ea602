"""How schedules, their next runs and live mode read on screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ginesys_sync.core.schedule_times import MAX_STAGGER_SECONDS
from ginesys_sync.services.schedule_views import EffectiveView, LiveState
from ginesys_sync.ui.widgets import wording

PROPOSAL = "every day, every 15 minutes from 09:00 to 21:00, with live mode on"
LIVE_MEANS = (
    "While the Web Database can be reached, every change goes within seconds. The schedule stays "
    "for everything that was missed."
)
NOT_SERVED = (
    "The sync service does not run on this computer at this moment. It starts with the next press "
    "of Sync; what was missed until then is done once."
)


def sentence(words: str) -> str:
    """Words as a sentence of their own."""
    text = words[:1].upper() + words[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def run_moment(moment: datetime) -> str:
    """`Today 10:45`, `Tomorrow 09:00`, `Thu 26 Nov, 09:00`: by the clock of the moment's zone."""
    today = wording.now().astimezone(moment.tzinfo).date()
    days = (moment.date() - today).days
    if days in (0, 1):
        return f"{('Today', 'Tomorrow')[days]} {moment:%H:%M}"
    year = "" if moment.year == today.year else f" {moment.year}"
    return f"{moment:%a} {moment.day} {moment:%b}{year}, {moment:%H:%M}"


def runs_words(runs: Sequence[datetime]) -> str:
    """The next runs, a line each; what follows when there are fewer than five."""
    lines = [run_moment(moment) for moment in runs]
    if len(runs) < 5:
        lines.append("None after that: the schedule has ended." if runs else "None any more.")
    return "\n".join(lines)


def stagger_words(whose: str, seconds: int) -> str:
    """Why a store begins a little later than the schedule says."""
    if seconds <= 0:
        return ""
    most = MAX_STAGGER_SECONDS // 60
    if whose == "*":
        return (
            f"By each store's own clock, and up to {most} minutes later, so that they do not all "
            "call at once."
        )
    return (
        f"By the clock of {whose}, and {wording.lasted(seconds)} later, so that the stores do not "
        "all call at once."
    )


@dataclass(frozen=True, slots=True)
class LiveWords:
    """Live mode as a pill and a sentence."""

    word: str
    shape: str
    tone: str
    sentence: str


def live_words(view: EffectiveView) -> LiveWords:
    """How live mode stands at a site."""
    if view.live is LiveState.NOT_SET:
        return LiveWords("Live mode off", "bar", "calm", "Data goes at the times of the schedule.")
    if view.live is LiveState.OFF or not view.is_served:
        return LiveWords(
            "Live mode not running", "clock", "warning",
            "It is switched on and begins as soon as the sync service runs on this computer.",
        )  # fmt: skip
    since = wording.clock(view.live_since)
    if view.live is LiveState.LOST:
        return LiveWords(
            "Live mode interrupted", "mark", "warning",
            f"The Web Database cannot be reached since {since}. Nothing is lost; it goes on by "
            "itself.",
        )  # fmt: skip
    return LiveWords(
        "Live mode on", "tick", "good", f"Since {since} every change goes within seconds."
    )
