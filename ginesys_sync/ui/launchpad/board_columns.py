"""How a store reads on the site board."""

from __future__ import annotations

from datetime import datetime

from ginesys_sync.services.board_views import BoardLine as Line
from ginesys_sync.services.board_views import Level
from ginesys_sync.services.standing import length, worst_first
from ginesys_sync.ui.launchpad.activity_chart import hours_words
from ginesys_sync.ui.widgets import wording
from ginesys_sync.ui.widgets.columns import Column, PillWord

LOOK = {
    Level.PROBLEM: ("cross", "bad"),
    Level.SILENT: ("bar", "bad"),
    Level.BACKLOG: ("clock", "warning"),
    Level.ATTENTION: ("mark", "warning"),
    Level.FINE: ("tick", "good"),
    Level.OUT: ("bar", "calm"),
}
_OUT = {"invited": "Not enrolled", "closed": "Closed", "blocked": "Blocked"}


def status_pill(line: Line) -> PillWord:
    """Its level; of a site that does not sync, why not."""
    shape, tone = LOOK[line.level]
    word = _OUT.get(line.state, line.level.value) if line.level is Level.OUT else line.level.value
    return PillWord(word, shape, tone)


def contact(line: Line) -> str:
    """`online`, or when it last called."""
    return "online" if line.is_online else wording.relative(line.last_seen_at, never="never")


def age(moment: datetime | None) -> str:
    """`26 h`; empty for None."""
    return "" if moment is None else length((wording.now() - moment).total_seconds())


def coming(line: Line) -> str:
    """`live`, the time of its next run, or a dash."""
    if line.is_live:
        return "live"
    return wording.clock(line.next_run_at) or "–"


def version(line: Line) -> str:
    """`0.1.0 / 3`: program and plan, with a word where one is older."""
    program = line.program.rpartition(" ")[2]
    if not program:
        return "–"
    mark = ", old" if line.is_program_old or line.is_plan_old else ""
    return f"{program} / {line.plan_version}{mark}"


def version_words(line: Line) -> str:
    """The same in words."""
    if not line.program:
        return "Its program is not known yet"
    old = " (older than head office's)"
    program = f"{line.program}{old if line.is_program_old else ''}"
    return f"{program}, plan {line.plan_version}{old if line.is_plan_old else ''}"


def _since(moment: datetime | None) -> float:
    return moment.timestamp() if moment else float("inf")


def _number(number: int) -> str:
    return wording.grouped(number) if number else "–"


def _waiting_words(line: Line) -> str:
    return (
        f"{wording.counted(line.waiting, 'record')} not confirmed by it, "
        f"{wording.grouped(line.unread)} of them not released to it yet"
    )


CHART = 8
BOARD_COLUMNS: tuple[Column[Line], ...] = (
    Column("Site", lambda line: line.code, 76),
    Column("Name", lambda line: line.name, 0, sort=lambda line: line.name.casefold()),
    Column(
        "Status",
        lambda line: status_pill(line).word,
        132,
        sort=worst_first,
        tip=lambda line: line.why,
        pills=lambda line: (status_pill(line),),
    ),
    Column(
        "Last contact",
        contact,
        112,
        sort=lambda line: -_since(line.last_seen_at),
        tip=lambda line: wording.exact(line.last_seen_at) or "It has not called yet",
    ),
    Column(
        "Waiting",
        lambda line: _number(line.waiting),
        76,
        is_number=True,
        sort=lambda line: -line.waiting,
        tip=_waiting_words,
    ),
    Column(
        "Oldest",
        lambda line: age(line.oldest_at) or "–",
        64,
        is_number=True,
        sort=lambda line: _since(line.oldest_at),
        tip=lambda line: wording.exact(line.oldest_at) or "Nothing waits for it",
    ),
    Column(
        "Attention",
        lambda line: _number(line.attention),
        80,
        is_number=True,
        sort=lambda line: -line.attention,
        tip=lambda line: "Records that need attention, there and here, and questions",
    ),
    Column(
        "Next sync",
        coming,
        84,
        sort=lambda line: (not line.is_live, _since(line.next_run_at)),
        tip=lambda line: wording.exact(line.next_run_at) or coming(line),
    ),
    Column(
        "Last 24 hours",
        lambda line: "",
        116,
        sort=lambda line: -sum(hour.records for hour in line.hours),
        tip=lambda line: hours_words(line.hours),
    ),
    Column(
        "Program / plan",
        version,
        112,
        sort=lambda line: (line.program, line.plan_version),
        tip=version_words,
    ),
)
