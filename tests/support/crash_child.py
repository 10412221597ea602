"""What a forked process does: one run, one opening, one joining, or one Web Database, with its
effects counted, and its end at one of them if the job says so.

The order of effects must be the same for equal folders, else "killed at effect 17" means nothing.
So the parts of a run whose order is left to chance in production have one here, by the same
parameters that simulation uses: the stages take turns (`TurnPump`) instead of having a thread
each, transfers are carried out when they are asked for, the clock's seconds are counted instead of
measured (slices follow them), and progress is written at the end only. Traced on threads, a run's
posts and slices vary from one time to the next. What is killed is the same code with the same
effects; the runs that heal afterwards are on threads, as in a shop.
"""

from __future__ import annotations

import io
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from ginesys_sync.core.model import Role
from ginesys_sync.engine import offers, seal
from ginesys_sync.engine.pump import TurnPump
from ginesys_sync.engine.webdb import Patience, WebDatabase
from ginesys_sync.relay import main as relay_main
from ginesys_sync.relay.sweep import sweep
from ginesys_sync.services import setup, site, syncing
from tests.support.effects import Effects, watch

for _name in (
    "alembic.command",
    "alembic.config",
    "anyio._backends._asyncio",
    "ginesys_sync.relay.migrations.climb",
    "pydantic.type_adapter",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "uvicorn.lifespan.off",
    "uvicorn.loops.asyncio",
):
    import_module(_name)  # what a run, a joining or a server imports when it begins: once for all

IMPATIENT = Patience(connect_seconds=2.0, read_seconds=10.0, tries=1, pause_seconds=0.001)


def carry_out(job: dict[str, Any], told: int) -> int:
    """Do a job. Tells `n what` of each effect, `> …` on the way and `= …` at its end, `! …` of
    what must not be. `at` 0 counts only; without `at` nothing is watched."""

    # The true `os.write`: what is told is no effect.
    tell = partial(_tell, os.write, told)
    try:
        effects = None
        if "at" in job:
            effects = Effects(tell, job["at"], job["is_after"])
            watch(effects, Path(job["root"]), is_checked=not job["at"])
        if defect := job.get("defect"):
            from tests.prove import crash_defects

            crash_defects.DEFECTS[defect]()
        _JOBS[job["kind"]](job, tell, effects)
    except BaseException:
        tell(f"! {traceback.format_exc()}".replace("\n", " | "))
        return 1
    return 0


def _tell(write: Callable[[int, bytes], int], told: int, line: str) -> None:
    write(told, f"{line}\n".encode())


# --- a site's run ---------------------------------------------------------------------------------


class SteadyClock:
    """The true time of day; each look at the seconds is a millisecond after the last one."""

    def __init__(self) -> None:
        self._looks = 0

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """A millisecond more than the last time."""
        self._looks += 1
        return self._looks / 1000

    def sleep(self, seconds: float) -> None:
        """Nobody waits."""


class AtOnce(Executor):
    """Carries out what it is given before it gives it back."""

    def submit(self, act: Any, /, *args: Any, **more: Any) -> Future[Any]:
        """The finished work."""
        future: Future[Any] = Future()
        try:
            future.set_result(act(*args, **more))
        except Exception as fault:
            future.set_exception(fault)
        return future


def be_steady(rows: int = 0) -> None:
    """Leave nothing of a run's order to chance. `rows`: how large bodies and chunks become."""
    syncing.ThreadPoolExecutor = lambda *_: AtOnce()  # type: ignore[assignment, misc]
    syncing._PROGRESS_SECONDS = 3600.0
    web = partial(WebDatabase, patience=IMPATIENT)
    site.WebDatabase = setup.WebDatabase = web  # type: ignore[misc, assignment, attr-defined]
    if rows:
        offers.TARGET_ROWS = seal.TARGET_ROWS = rows  # type: ignore[attr-defined]


def _sync(job: dict[str, Any], tell: Callable[[str], None], _: Effects | None) -> None:
    be_steady(job.get("rows", 0))
    ended = syncing.sync(
        Path(job["home"]),
        syncing.Ask(tuple(job["sites"]) or None),
        clock=SteadyClock(),
        make_pump=lambda tick: TurnPump(),
    )
    fault = ended.fault
    facts = {
        "outcome": ended.outcome.value,
        "closing": ended.closing,
        "is_ours": fault is not None and type(fault).__name__ == "ProgramFault",
        "detail": fault.detail if fault else "",
    }
    tell(f"= {json.dumps(facts)}")


def _open(job: dict[str, Any], tell: Callable[[str], None], _: Effects | None) -> None:
    with site.opened_site(Path(job["home"])):
        tell("= {}")


def _join(job: dict[str, Any], tell: Callable[[str], None], _: Effects | None) -> None:
    be_steady()
    new = setup.NewSite(
        Path(job["home"]),
        job["site"],
        Role(job["role"]),
        job["database"],
        job["relay"],
        job["code"],
        plan=Path(job["plan"]),
    )
    setup.join_chain(new)
    tell("= {}")


def _unseen(job: dict[str, Any], tell: Callable[[str], None], _: Effects | None) -> None:
    """Write two files, the second one behind the wrappers' back."""
    root = Path(job["root"])
    (root / "seen").write_text("written")
    io.FileIO(str(root / "unseen"), "w").close()
    tell("= {}")


# --- a Web Database -------------------------------------------------------------------------------


def _serve(job: dict[str, Any], tell: Callable[[str], None], effects: Effects | None) -> None:
    """Serve until the end. When effects are counted, what a kill left over is swept before it
    listens, not meanwhile: so the order is one. The answers' pieces are effects, too."""
    if effects is not None:
        relay_main._swept = _swept_first  # type: ignore[assignment]
        make = relay_main._worker_app
        relay_main._worker_app = lambda *facts: _watched(make(*facts), effects)  # type: ignore
    sys.stdout = _Said(tell)  # type: ignore[assignment]
    relay_main.serve(Path(job["home"]), "127.0.0.1", job["port"], keep_days=job["keep_days"])


@contextmanager
def _swept_first(relay: Any) -> Iterator[None]:
    sweep(relay)
    yield


def _watched(app: Starlette, effects: Effects) -> Any:
    async def watched(scope: Any, receive: Any, send: Any) -> None:
        async def sent(message: Any) -> None:
            with effects.effect(f"{message['type']} {scope['method']} {scope['path']}"):
                await send(message)

        await app(scope, receive, sent)

    return watched


class _Said:
    """Standard output: its lines are told."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def write(self, text: str) -> int:
        """One line."""
        self._tell(f"> {text.rstrip()}")
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""


_JOBS: dict[str, Callable[[dict[str, Any], Callable[[str], None], Effects | None], None]] = {
    "sync": _sync,
    "open": _open,
    "join": _join,
    "relay": _serve,
    "unseen": _unseen,
}
