"""What the prompt tells of a run, in lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ginesys_sync.core.clock import SystemClock
from ginesys_sync.core.plan import Plan
from ginesys_sync.core.status import Outcome
from ginesys_sync.services.grid_words import count_words
from ginesys_sync.services.site import opened_site
from ginesys_sync.services.summary import run_summary
from ginesys_sync.services.syncing import Ended
from ginesys_sync.store import runs


def count_sentence(waiting: Mapping[str, int], plan: Plan) -> str:
    """`To send: 42 prices, 1 user.`"""
    if not waiting:
        return "To send: nothing new."
    words = [count_words(plan, entity, count) for entity, count in waiting.items()]
    return f"To send: {', '.join(words)}."


def plan_of(folder: Path) -> Plan:
    """The plan of a site, for its words. Raises KnownError."""
    with opened_site(folder) as site:
        return site.plan


def ended_lines(folder: Path, ended: Ended) -> list[str]:
    """Per site what was sent, received, processed, acknowledged, waits and needs attention; then
    what comes next. Empty when the run could not be done: its closing line says it all."""
    if not ended.run or ended.outcome not in (Outcome.DONE, Outcome.ATTENTION):
        return []
    with opened_site(folder) as site, site.database.connect() as connection:
        record = runs.run_of(connection, ended.run)
        if record is None:
            return []
        summary = run_summary(connection, site.plan, site.code, record, SystemClock().now())
    lines = [
        f"{line.site}: sent {line.sent:,}, received {line.received:,}, "
        f"processed {line.processed:,}, "
        f"acknowledged {line.acknowledged:,}, waiting {line.waiting:,}, "
        f"needs attention {line.attention:,}"
        for line in summary.sites
    ]
    return lines + list(summary.what_next)
