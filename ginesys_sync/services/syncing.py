"""Sync, as a person asks for it: one run under the site's lock, from its first line to its
closing sentence."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ginesys_sync.core.clock import Clock, SystemClock, iso
from ginesys_sync.core.errors import (
    AlreadyRunning,
    Cancelled,
    HomeUnusable,
    KnownError,
    ProgramFault,
    UnknownSite,
)
from ginesys_sync.core.events import Event, Listener, RunEnded, RunStarted
from ginesys_sync.core.model import HEAD_OFFICE, Role, SiteCode, SiteState
from ginesys_sync.core.status import CLOSING_SENTENCE, Outcome
from ginesys_sync.engine.context import RunContext, Tally
from ginesys_sync.engine.plan import put_plan_in_place
from ginesys_sync.engine.pump import ThreadPump
from ginesys_sync.engine.run import Pump, exchange
from ginesys_sync.engine.staging import Staging
from ginesys_sync.services.audit import present_user
from ginesys_sync.services.connection import explained
from ginesys_sync.services.site import PROGRAM, OpenSite, opened_site
from ginesys_sync.store import parking, runs, sites
from ginesys_sync.store.database import Connection
from ginesys_sync.store.fence import raise_fence

LOCK_FILE = "run.lock"
_PROGRESS_SECONDS = 0.25
_TRANSFERS = 4
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of a run. `sites` None: all. `request`: the row of a window's request, 0 for
    none. `who`: whoever pressed the button; empty: this process's own user."""

    sites: tuple[str, ...] | None = None
    trigger: str = "prompt"
    request: int = 0
    who: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended. `closing` is its last line; `notes` are sentences a person should read."""

    run: int
    outcome: Outcome
    closing: str
    notes: tuple[str, ...] = ()
    fault: KnownError | None = None


def nobody_listens(_: Event) -> None:
    """A listener for those who need none."""


def stopped_sentence(fault: KnownError) -> str:
    """The last line of a run that could not be done."""
    return f"Sync stopped: {_lower_first(fault.title.rstrip('.'))}. Nothing is lost. {fault.advice}"


def _lower_first(text: str) -> str:
    """A sentence's beginning in the middle of a sentence; names and abbreviations keep their
    capitals."""
    first, _, _ = text.partition(" ")
    return text[:1].lower() + text[1:] if first.istitle() and first in _OPENERS else text


_OPENERS = {"The", "A", "An", "This", "There", "Another", "More", "Something", "No", "That", "It"}


def what_words(site: str, asked: Sequence[str] | None) -> str:
    """A run's name as the grids show it."""
    if site != HEAD_OFFICE:
        return "Sync"
    if asked is None:
        return "Sync All"
    shown = ", ".join(asked[:5])
    return f"Sync Selective to {shown}" + (f" and {len(asked) - 5} more" if len(asked) > 5 else "")


def check_asked(connection: Connection, context: RunContext) -> None:
    """Refuse asked sites that the chain does not have, or that cannot sync: once the Web Database
    has said who has joined, and before anything is sealed."""
    known = {listed.code: listed for listed in sites.sites(connection)}
    for code in context.sites or ():
        listed = known.get(SiteCode(code))
        if listed is None or listed.role is not Role.STORE:
            other = code.upper()
            meant = f"Did you mean {other}?" if other != code and other in known else ""
            raise UnknownSite(f"There is no store {code!r} in this chain.", meant)
        why = WHY_NOT.get(listed.state)
        if why is not None:
            raise UnknownSite(f"{code} {why[0]}", why[1])


WHY_NOT = {
    SiteState.CLOSED: ("is closed and does not sync.", "Choose open stores only."),
    SiteState.BLOCKED: ("is blocked and does not sync.", "Unblock it first."),
    SiteState.INVITED: (
        "has been invited but has not joined yet.",
        "Give the store its enrolment code; it joins with `ginesys-sync init`.",
    ),
}
"""Why a site in this state cannot be synced with, and what to do."""


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """The site's run lock: it dies with its holder. Raises AlreadyRunning at once when another
    has it."""
    lock = FileLock(folder / LOCK_FILE, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise AlreadyRunning("A sync of this site is already running.") from None
    except OSError as fault:
        raise HomeUnusable("The home folder cannot be written.", detail=str(fault)) from fault
    try:
        yield
    finally:
        lock.release()


def sync(
    folder: Path,
    ask: Ask,
    listener: Listener = nobody_listens,
    *,
    clock: Clock | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
    make_pump: Callable[[Callable[[], None]], Pump] = ThreadPump,
) -> Ended:
    """One run of the site whose home this is. Never raises KnownError: how it ended says it all."""
    run = 0
    clock = clock or SystemClock()
    try:
        with opened_site(folder) as site, run_lock(folder), site.database.connect() as connection:
            if ask.sites is not None and not site.is_head_office:
                raise UnknownSite(
                    "A store's Sync always goes to head office.",
                    "Leave out --all and --site: they are head office's.",
                )
            fence = raise_fence(connection)
            runs.close_killed(connection, iso(clock.now()))
            what = what_words(site.code, ask.sites)
            who = ask.who or present_user()
            run = runs.begin_run(connection, ask.trigger, who, what, ask.sites, iso(clock.now()))
            listener(RunStarted(run, what))
            if ask.request:
                runs.mark_request(connection, ask.request, runs.TAKEN, run)
            ended = _run(
                site, connection, ask, run, fence, clock, listener, is_cancelled, make_pump
            )
    except KnownError as fault:
        log.warning("run could not begin: %s (%s)", fault, fault.detail)
        ended = Ended(run, _outcome(fault), stopped_sentence(fault), (), fault)
    listener(RunEnded(ended.run, ended.outcome, ended.closing))
    return ended


def _outcome(fault: KnownError) -> Outcome:
    return Outcome.CANCELLED if isinstance(fault, Cancelled) else Outcome.STOPPED


def _run(
    site: OpenSite,
    connection: Connection,
    ask: Ask,
    run: int,
    fence: int,
    clock: Clock,
    listener: Listener,
    is_cancelled: Callable[[], bool],
    make_pump: Callable[[Callable[[], None]], Pump],
) -> Ended:
    tally = Tally(listener)
    with ExitStack() as stack:
        transfers = ThreadPoolExecutor(_TRANSFERS, "transfer")
        stack.callback(transfers.shutdown, cancel_futures=True)
        web = site.web()
        stack.callback(web.close)
        context = RunContext(
            database=site.database,
            web=web,
            staging=Staging(site.home.staged),
            inbox=Staging(site.home.inbox),
            clock=clock,
            transfers=transfers,
            listener=listener,
            is_cancelled=is_cancelled,
            site=SiteCode(site.code),
            epoch=site.epoch,
            incarnation=site.incarnation,
            program=PROGRAM,
            plan=site.plan,
            fence=fence,
            run=run,
            sites=ask.sites,
            tally=tally,
            check_sites=check_asked,
        )
        writer = _ProgressWriter(context)
        stack.callback(writer.close)
        fault = _attempt(context, make_pump(lambda: None))
        fault = fault and explained(fault, web, site.home.settings)
    return _note_end(connection, context, fault)


def _note_end(connection: Connection, context: RunContext, fault: KnownError | None) -> Ended:
    """Keep how a run ended. Its number is the context's: a database that was brought back from an
    older copy took a higher one."""
    attention = parking.count_parked(connection)
    ended = _ended(context.run, fault, attention, context.notes)
    told = ("", "", "", "")
    if fault is not None:
        told = (fault.title, fault.advice, fault.detail, fault.code)
    elif context.notes:
        told = (" ".join(context.notes), "", "", "notes")
    runs.end_run(
        connection,
        ended.run,
        ended.outcome,
        context.now(),
        context.tally.document(),
        ended.closing,
        told,
    )
    return ended


def _attempt(context: RunContext, pump: Pump) -> KnownError | None:
    """Do the run's work; what stopped it, if anything did."""
    try:
        put_plan_in_place(context)
        exchange(context, pump)
    except KnownError as fault:
        log.warning("run %d stopped: %s (%s)", context.run, fault, fault.detail)
        return fault
    except Exception as fault:
        code = secrets.token_hex(3).upper()
        log.exception("run %d stopped by a mistake of the program, code %s", context.run, code)
        return ProgramFault(
            f"The program made a mistake (code {code}).", detail=f"{code} {type(fault).__name__}"
        )
    return None


def _ended(run: int, fault: KnownError | None, attention: int, notes: Sequence[str]) -> Ended:
    if fault is not None:
        return Ended(run, _outcome(fault), stopped_sentence(fault), tuple(notes), fault)
    outcome = Outcome.ATTENTION if attention or notes else Outcome.DONE
    return Ended(run, outcome, CLOSING_SENTENCE, tuple(notes))


class _ProgressWriter:
    """Writes how a run stands into the database, a few times a second, for the windows to read."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="progress")
        self._thread.start()

    def close(self) -> None:
        """Write a last time and end."""
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        last: object = None
        context, tally = self._context, self._context.tally
        with context.database.connect() as connection:
            while True:
                is_over = self._over.wait(_PROGRESS_SECONDS)
                document = {
                    "stage": tally.stage.value,
                    "stages": tally.document(),
                    "guided": tally.guided,
                }
                if document != last:
                    try:
                        runs.write_progress(connection, context.run, document, context.now())
                    except KnownError as fault:
                        log.warning("progress not written: %s", fault.detail)
                    last = document
                if is_over:
                    return
