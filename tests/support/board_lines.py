"""Lines of the site board, made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ginesys_sync.services.board_views import Alert, AlertKind, BoardLine, HourOfSite, Level


def board_line(code: str, **more: Any) -> BoardLine:
    """A store of which nothing is wrong."""
    now = datetime.now(UTC)
    whole: dict[str, Any] = {
        "code": code, "name": f"Store {code}", "state": "active", "groups": (),
        "level": Level.FINE, "enrolled_at": now - timedelta(days=90),
        "last_seen_at": now - timedelta(seconds=20), "is_online": True,
        "program": "ginesys-sync 0.1.0", "plan_version": 3, "is_program_old": False,
        "is_plan_old": False, "waiting": 0, "unread": 0, "fresh": 0, "unacknowledged": 0,
        "oldest_at": None, "unprocessed": 0, "attention": 0, "clock_ahead_seconds": 0,
        "is_live": False, "next_run_at": now + timedelta(minutes=9), "why": "It has everything.",
        "age_seconds": 20.0,
    }  # fmt: skip
    return BoardLine(**whole | more)


def busy_day(seed: int) -> tuple[HourOfSite, ...]:
    """A shop's day: nothing at night, the most in the afternoon."""
    return tuple(
        HourOfSite(4 if 6 < hour < 22 else 0, (hour - 6) * (22 - hour) * (3 + (seed + hour) % 5))
        if 6 < hour < 22
        else HourOfSite()
        for hour in range(24)
    )


def wrong_lines() -> tuple[BoardLine, ...]:
    """One store for each thing that can be wrong, worst first."""
    now = datetime.now(UTC)

    def alert(number: int, kind: AlertKind, site: str, words: str, hours: float) -> Alert:
        return Alert(number, kind, site, words, now - timedelta(hours=hours))

    return (
        board_line(
            "S014", name="Leeds Arcade", level=Level.PROBLEM, why="Its clock is 17 min fast.",
            clock_ahead_seconds=1_020, groups=("north",), hours=busy_day(1),
            alerts=(alert(3, AlertKind.CLOCK, "S014", "S014's clock is 17 min fast.", 2),),
        ),
        board_line(
            "S002", name="Bristol Harbourside", level=Level.SILENT, is_online=False,
            why="It has not called for 30 h.", last_seen_at=now - timedelta(hours=30),
            age_seconds=108_000.0, waiting=12_400, unacknowledged=310,
            oldest_at=now - timedelta(hours=29), groups=("south", "franchise"),
            alerts=(alert(1, AlertKind.SILENT, "S002", "S002 has not called since …", 6),),
        ),
        board_line(
            "S031", name="Kendal Market Place", level=Level.BACKLOG, waiting=48_211, unread=40_000,
            fresh=900, unacknowledged=122, oldest_at=now - timedelta(hours=3),
            why="48,211 records wait for it, the oldest for 3 h.", age_seconds=10_800.0,
            is_live=True, groups=("north",), hours=busy_day(3), is_plan_old=True, plan_version=2,
        ),
        board_line(
            "S007", name="Ely Quay", level=Level.ATTENTION, attention=3, groups=("east",),
            why="3 records need attention.", hours=busy_day(4), is_program_old=True,
            program="ginesys-sync 0.0.9", is_online=False, age_seconds=600.0,
            last_seen_at=now - timedelta(minutes=10),
        ),
    )  # fmt: skip
