"""How a run that a window asked for stands: from its request row, its progress row and its run
row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ginesys_sync.core.errors import UnknownSite
from ginesys_sync.core.plan import Plan
from ginesys_sync.core.status import Outcome, Stage
from ginesys_sync.services.summary import run_summary
from ginesys_sync.services.syncing import what_words
from ginesys_sync.services.views import Progress, RunSummary, StageLine
from ginesys_sync.services.words import moment
from ginesys_sync.store import runs
from ginesys_sync.store.database import Connection

SHOWN = (
    Stage.COLLECTING,
    Stage.SENDING,
    Stage.RECEIVING,
    Stage.UPDATING,
    Stage.CONFIRMING,
    Stage.FINISHING,
)
_SENTENCES = {
    Stage.STARTING: "Calling the Web Database…",
    Stage.COLLECTING: "Collecting what has changed here…",
    Stage.SENDING: "Sending it to the Web Database…",
    Stage.RECEIVING: "Receiving what the others sent…",
    Stage.UPDATING: "Updating this database…",
    Stage.CONFIRMING: "Confirming what has been processed…",
    Stage.FINISHING: "Finishing…",
}


def progress_of(
    connection: Connection, plan: Plan, me: str, number: int, now: datetime
) -> Progress:
    """How a request stands. Raises UnknownSite-like KnownError for a request there is not."""
    request = runs.request_of(connection, number)
    if request is None:
        raise UnknownSite("That sync was never asked for.", "Press Sync again.")
    record = runs.run_of(connection, request.run) if request.run else None
    what = record.what if record else what_words(me, request.sites)
    document = runs.read_progress(connection, request.run) if request.run else {}
    stage = Stage(document.get("stage", Stage.STARTING.value))
    is_waiting = request.state == runs.ASKED
    return Progress(
        request=number,
        run=request.run or 0,
        what=what,
        is_waiting=is_waiting,
        stage=stage,
        sentence="Starting…" if is_waiting else document.get("guided") or _SENTENCES[stage],
        stages=stage_lines(document),
        started_at=moment(record.started_at) if record else None,
        is_cancelling=request.is_cancelled,
        summary=_summary(connection, plan, me, request, record, now),
    )


def stage_lines(document: dict[str, Any]) -> tuple[StageLine, ...]:
    """The stages a person sees, from what the run wrote of itself."""
    stages = document.get("stages", {})
    return tuple(
        StageLine(
            stage=stage,
            done=int(stages.get(stage.value, {}).get("done", 0)),
            total=stages.get(stage.value, {}).get("total"),
            size=int(stages.get(stage.value, {}).get("size", 0)),
            is_finished=bool(stages.get(stage.value, {}).get("finished", False)),
        )
        for stage in SHOWN
    )


def _summary(
    connection: Connection,
    plan: Plan,
    me: str,
    request: runs.Request,
    record: runs.RunRecord | None,
    now: datetime,
) -> RunSummary | None:
    if request.state != runs.ENDED:
        return None
    if record is not None and record.ended_at is not None:
        return run_summary(connection, plan, me, record, now)
    outcome = Outcome.CANCELLED if request.is_cancelled else Outcome.STOPPED
    return RunSummary(
        run=request.run or 0,
        what=what_words(me, request.sites),
        started_at=moment(record.started_at) if record else None,
        ended_at=None,
        outcome=outcome,
        sites=(),
        what_next=(),
        closing=request.message,
        title="The sync could not be done." if outcome is Outcome.STOPPED else "",
        advice="Press Sync again." if outcome is Outcome.STOPPED else "",
    )
