"""Kill anything, anywhere: before and after every effect of a run, of a server, of a migration.

Each story is traced first: its effects are counted from outside (`support.effects`), twice, and
must come out alike. Then, for every effect, a real process is killed by SIGKILL right before it
and another one right after it, each in a copy of the same folder; what it left is looked at, it is
started again as a shop would, everybody syncs until the chain is quiet, and the promises are
checked: unless another kill of the story has left the very same (`crash_states`) and was survived.
As many points are tried as were traced, times two; one that is never reached is broken.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ginesys_sync.core.errors import Refused
from ginesys_sync.core.model import Role
from ginesys_sync.core.settings import is_home
from ginesys_sync.core.status import CLOSING_SENTENCE, Outcome
from ginesys_sync.services.setup import NewSite, join_chain
from tests.prove.crash_checks import (
    in_need,
    make_old,
    open_runs,
    right_after,
    said_to_be_killed,
    strays,
    when_quiet,
)
from tests.prove.crash_older import safety_copies
from tests.prove.crash_states import left_behind
from tests.prove.crash_stories import STORIES, Job, Story, join_of, lived_in, run_of
from tests.prove.report import Line, Work
from tests.support.chain_floor import HO, STORES, ChainFloor
from tests.support.fork_server import ForkServer
from tests.support.forked_relay import ForkedRelay

PART = "crash"
_MOST_ROUNDS = 6
_A_PIECE = 16
"""So many points after one another are one share's: neighbours leave the same most often."""
_MEMORY = Path("/dev/shm")
"""Where copies lie if it is there: a kill takes nothing that was written, so a disk would only be
slower. What a power cut takes is another matter, and is left to fsync and its order."""


class ForkedChain(ChainFloor):
    """A chain whose Web Database is forked. Its end is a power cut: nobody needs it any more."""

    def __init__(self, root: Path, server: ForkServer) -> None:
        super().__init__(root)
        self.relay = ForkedRelay(root / "relay", server)

    @contextmanager
    def opened(self) -> Iterator[ForkedChain]:
        """The chain before its Web Database is started."""
        self.be_impatient()
        try:
            yield self
        finally:
            self.__exit__()


@dataclass(slots=True)
class Traced:
    """The effects of a story, in their order, and what was wrong about counting them."""

    effects: list[str]
    wrong: list[str] = field(default_factory=list)


def prove(work: Work) -> Iterator[Line]:
    """Every point of every story that is this share's."""
    with Workshop(work.folder) as workshop:
        for story in STORIES:
            yield workshop.line(story, lambda place: work.is_mine((place + 1) // _A_PIECE))
        yield Line(PART, "different states among them, each healed", workshop.healed)


class Workshop:
    """Prepares stories, and kills in copies of them. A context manager. `defect` names what the
    killed processes do wrong (`crash_defects`): for showing that it is found."""

    def __init__(self, folder: Path) -> None:
        self.defect = ""
        self.healed = 0
        self._survived: set[str] = set()
        self._folder = folder
        self._in_memory: tempfile.TemporaryDirectory[str] | None = None
        if os.access(_MEMORY, os.W_OK):
            self._in_memory = tempfile.TemporaryDirectory(prefix="prove-crash-", dir=_MEMORY)
            self._folder = Path(self._in_memory.name)
        self._server = ForkServer()

    def __enter__(self) -> Workshop:
        self._server.__enter__()
        self._base = self._folder / "base"
        self._base.mkdir(parents=True)
        with self._chain(self._base) as chain:
            for site in (HO, *STORES):
                chain.join(site)
            for site in (HO, *STORES, HO):
                chain.done(site)
            lived_in(chain)
            chain.relay.stop()
        return self

    def __exit__(self, *facts: Any) -> None:
        self._server.__exit__(*facts)
        if self._in_memory:
            self._in_memory.cleanup()

    def line(self, story: Story, takes: Callable[[int], bool]) -> Line:
        """Try those points of a story whose place `takes` says yes to: effect n before is place
        2n - 2, effect n after place 2n - 1."""
        begun = time.monotonic()
        prepared = self.prepared(story)
        traced = self.trace(story, prepared)
        places = [place for place in range(2 * len(traced.effects)) if takes(place)]
        broken = list(traced.wrong)
        tried = 0
        for place in places:
            tried += 1
            number, is_after = place // 2 + 1, bool(place % 2)
            wrong = self.try_point(story, prepared, traced, number, is_after)
            if wrong:
                moment = f"{'after' if is_after else 'before'} effect {number}"
                what = f"killed {moment} ({traced.effects[number - 1]})"
                broken.append(f"{what}: {'; '.join(wrong)}"[:1500])
        shutil.rmtree(prepared)
        seconds = time.monotonic() - begun
        return Line(PART, story.what, tried, len(places), tuple(broken), seconds)

    def prepared(self, story: Story) -> Path:
        """A folder with the chain as it is the moment before."""
        self._survived.clear()
        root = self._folder / "prepared"
        shutil.copytree(self._base, root)
        with self._chain(root) as chain:
            story.prepare(chain, self._do)
            chain.relay.stop()
        return root

    def trace(self, story: Story, prepared: Path) -> Traced:
        """Count the effects, twice."""
        first, second = (self._trace_once(story, prepared) for _ in range(2))
        if first.effects != second.effects:
            pairs = zip(first.effects, second.effects, strict=False)
            where = next((pair for pair in pairs if pair[0] != pair[1]), "one goes on")
            first.wrong.append(f"traced twice it is not the same: {where}")
        if not first.effects:
            first.wrong.append("it has no effects")
        return first

    def try_point(
        self, story: Story, prepared: Path, traced: Traced, number: int, is_after: bool
    ) -> list[str]:
        """Kill at one point, start again, look. What is wrong; empty when nothing is."""
        point = {"at": number, "is_after": is_after}
        with self._copy(prepared) as root, self._chain(root, starts=False) as chain:
            told, code, wrong = self._carry_out(chain, story, point)
            if code != -signal.SIGKILL:
                return [f"the point was never reached: it ended with {code}, {told[-1:]}"]
            effects = _effects(told)
            if effects != traced.effects[: len(effects)] or len(effects) != number:
                wrong.append(f"it came to another effect: {effects[-1:]}")
            state = left_behind(root)
            if state in self._survived:
                return wrong
            self.healed += 1
            try:
                healing = self._after(chain, story)
            except Exception as fault:  # a mistake of the program is what is looked for
                healing = [f"{type(fault).__name__}: {fault}"[:400]]
            if not healing:
                self._survived.add(state)
            return wrong + healing

    # --- one process --------------------------------------------------------------------------

    def _trace_once(self, story: Story, prepared: Path) -> Traced:
        with self._copy(prepared) as root, self._chain(root, starts=False) as chain:
            told, code, wrong = self._carry_out(chain, story, {"at": 0, "is_after": False})
            if code:
                wrong.append(f"unharmed it ended with {code}")
            wrong += [line for line in told if line.startswith("!")]
            return Traced(_effects(told), [f"traced: {each}" for each in wrong])

    def _carry_out(
        self, chain: ForkedChain, story: Story, point: Job
    ) -> tuple[list[str], int, list[str]]:
        """Do what the story is about: (what was told, exit code, what is wrong)."""
        watched = point | {"root": str(chain.root), "defect": self.defect}
        if story.kind == "relay":
            return self._serve_run(chain, story, watched)
        chain.relay.start()
        chain.move_to(chain.relay.url)
        return *self._run(self._job(chain, story) | watched), []

    def _serve_run(
        self, chain: ForkedChain, story: Story, watched: Job
    ) -> tuple[list[str], int, list[str]]:
        """The Web Database is what is watched, while a site does a run. The site's run must end
        with a sentence, whatever happens to the Web Database."""
        chain.relay.start(**watched)
        wrong: list[str] = []
        if chain.relay.url:
            chain.move_to(chain.relay.url)
            job = run_of(chain, story.site, *story.sites, rows=story.rows)
            told, _ = self._run(job)
            wrong += _wrong_end(told[-1] if told else "")
        return chain.relay.told, chain.relay.end(), wrong

    def _job(self, chain: ForkedChain, story: Story) -> Job:
        if story.kind == "join":
            return join_of(chain, story.site)
        job = run_of(chain, story.site, *story.sites, rows=story.rows)
        return job | {"kind": story.kind}

    def _run(self, job: Job) -> tuple[list[str], int]:
        child = self._server.start(job)
        told = list(child.lines())
        return told, child.wait()

    def _do(self, job: Job) -> None:
        told, code = self._run(job)
        assert code == 0, told[-1:]

    # --- afterwards ---------------------------------------------------------------------------

    def _after(self, chain: ForkedChain, story: Story) -> list[str]:
        """Look, start again as a shop would, sync until it is quiet, look again."""
        sites = [site for site in story.everybody if is_home(chain.home(site))]
        if story.kind == "relay":
            sites = []  # it is read when it stands again
            chain.relay.start()
            chain.move_to(chain.relay.url)
        wrong = right_after(chain, sites) if story.kind == "sync" else []
        killed = open_runs(chain, story.site) if story.kind == "sync" else []
        if story.kind == "join":
            wrong += _join_again(chain, story)
        ended = chain.sync(story.site, *story.sites)
        if ended.outcome not in (Outcome.DONE, Outcome.ATTENTION):
            detail = ended.fault.detail if ended.fault else ""
            wrong.append(f"the next run ended with {ended.closing!r} ({detail})")
        if said_to_be_killed(chain, story.site) != killed:
            wrong.append(f"the killed run {killed} is not said to have been killed")
        wrong += _quiet(chain, story)
        if story.parks:
            found = chain.parked(story.site)
            if found != list(story.parks):
                wrong.append(f"parked is {found}")
            chain.sql(story.site, story.frees)
            chain.sync(story.site)
            wrong += _quiet(chain, story)
        wrong += when_quiet(chain, story.everybody)
        wrong += _left_over(chain, story)
        if story.what.startswith("migration"):
            wrong += safety_copies(chain.root)
        return wrong

    @contextmanager
    def _chain(self, root: Path, starts: bool = True) -> Iterator[ForkedChain]:
        chain = ForkedChain(root, self._server)
        with chain if starts else chain.opened():
            try:
                yield chain
            finally:
                chain.relay.kill()

    @contextmanager
    def _copy(self, prepared: Path) -> Iterator[Path]:
        root = self._folder / "tried"
        subprocess.run(["cp", "-a", prepared, root], check=True)  # a fifth of what copytree takes
        try:
            yield root
        finally:
            shutil.rmtree(root)


def _effects(told: list[str]) -> list[str]:
    return [line.partition(" ")[2] for line in told if line[:1].isdigit()]


def _wrong_end(last: str) -> list[str]:
    """Whether a run whose Web Database died ended in a sentence that a person can use."""
    if not last.startswith("= "):
        return [f"the site's run came to no end: {last!r}"]
    facts = json.loads(last[2:])
    closing = facts["closing"]
    is_stopped = closing.startswith("Sync stopped: ") and "Nothing is lost." in closing
    if facts["is_ours"] or not (is_stopped or closing == CLOSING_SENTENCE):
        return [f"the site's run ended with {closing!r} ({facts['detail']})"]
    return []


def _join_again(chain: ForkedChain, story: Story) -> list[str]:
    """The same `init` again. It may say that the code was used only when nothing is left to do."""
    job = join_of(chain, story.site)
    new = NewSite(
        chain.home(story.site),
        story.site,
        Role.STORE,
        job["database"],
        job["relay"],
        job["code"],
        plan=Path(job["plan"]),
    )
    was_done = is_home(new.folder) and not (new.folder / "key.new").exists()
    try:
        join_chain(new)
    except Refused as fault:
        if not was_done or fault.reason != "code_used":
            return [f"the same init again was refused: {fault}"]
        (new.folder / "key.new").unlink(missing_ok=True)
    return []


def _quiet(chain: ForkedChain, story: Story) -> list[str]:
    """Who has anything to do syncs, until nobody has."""
    for _ in range(_MOST_ROUNDS):
        sites = in_need(chain, story.everybody)
        if not sites:
            return []
        for site in sites:
            ended = chain.sync(site)
            if ended.outcome not in (Outcome.DONE, Outcome.ATTENTION):
                detail = ended.fault.detail if ended.fault else ""
                return [f"a run of {site} ended with {ended.closing!r} ({detail})"]
    return [f"after {_MOST_ROUNDS} rounds there is still something to do at {sites}"]


def _left_over(chain: ForkedChain, story: Story) -> list[str]:
    """Temporary files go by themselves after some days."""
    found = strays(chain.root)
    make_old(found)
    where = {path.relative_to(chain.root).parts[0] for path in found}
    for site in story.everybody:
        if site in where:
            chain.sync(site)
    if chain.relay.home.name in where:
        chain.relay.stop()
        chain.relay.start()
        chain.relay.stop()  # it sweeps while it serves already, and ends when it has swept
    return [f"{path.relative_to(chain.root)} is left for ever" for path in strays(chain.root)]
