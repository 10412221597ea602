"""The same acts as rules of a state machine: when it finds a broken promise, it finds the shortest
way there as well.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.prove.simulation import backups, control, promises
from tests.prove.simulation.chain import S003, SITES
from tests.prove.simulation.line import Weather
from tests.prove.simulation.play import played

_SEED = 7
_sites = st.sampled_from(SITES)
_few = st.integers(0, 6)
_calls = st.integers(1, 8)
_WITHDRAWS = (9, 10)


class ChainMachine(RuleBasedStateMachine):
    """A chain that hypothesis moves; `simulated` surrounds it."""

    def __init__(self, template: Path, root: Path) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.play = self._stack.enter_context(played(_SEED, template, root))
        self.chain = self.play.chain
        self._has_broken = False

    @rule(site=_sites, pick=st.integers(0, 60), n=_few, m=st.integers(0, 5), at=st.integers(1, 4))
    def edit(self, site: str, pick: int, n: int, m: int, at: int) -> None:
        """Somebody writes."""
        if site in self.chain.joined:
            self.play.edit(site, pick, n, m, at)

    @rule(site=_sites, to_all=st.booleans(), dies_at=st.sampled_from((0, 0, 0, 5, 15, 30, 50)))
    def start(self, site: str, to_all: bool, dies_at: int) -> None:
        """A run begins."""
        if site in self.chain.joined and site not in self.chain.runs:
            sites = None if to_all or site != SITES[0] else ["S001"]
            self.chain.start(site, sites, dies_at=dies_at)

    @rule(site=_sites, kind=st.sampled_from(("unheard", "lost", "twice", "late")), call=_calls)
    def start_in_bad_weather(self, site: str, kind: str, call: int) -> None:
        """A run begins on a line that fails once."""
        if site in self.chain.joined and site not in self.chain.runs:
            self.chain.start(site, weather=Weather(**{kind: frozenset([call])}))

    @precondition(lambda self: self.chain.runs)
    @rule(which=_few, points=st.sampled_from((1, 2, 5, 12, 40, 1_000)))
    def move(self, which: int, points: int) -> None:
        """A run goes on."""
        running = sorted(self.chain.runs)
        self.chain.move(running[which % len(running)], points)

    @rule(pick=st.integers(0, 13), n=_few, m=st.integers(0, 5))
    def operate(self, pick: int, n: int, m: int) -> None:
        """Somebody at head office steps in."""
        self.play.was_withdrawn |= pick in _WITHDRAWS
        control.act(self.chain, pick, n, m)

    @precondition(lambda self: S003 not in self.chain.joined)
    @rule()
    def join(self) -> None:
        """The third store joins."""
        self.chain.join(S003)

    @rule(seconds=st.sampled_from((1.0, 3_600.0)))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.chain.world.pass_time(seconds)

    @precondition(lambda self: not self.chain.copied)
    @rule(whose=st.sampled_from((*SITES, backups.RELAY)))
    def back_up(self, whose: str) -> None:
        """A copy is made; only one a chain, since two may lose what only they held."""
        if whose in self.chain.joined or (whose == backups.RELAY and S003 in self.chain.joined):
            backups.back_up(self.chain, whose)

    @precondition(lambda self: not self.chain.restored)
    @rule()
    def put_back(self) -> None:
        """The copy takes the place of what is there."""
        for whose in (*SITES, backups.RELAY):
            if backups.has_copy(self.chain, whose):
                self.play.restore(whose)

    @rule()
    def look(self) -> None:
        """What must hold at any moment."""
        promises.check_now(self.chain)

    def teardown(self) -> None:
        """After quiet the promises hold."""
        try:
            if not self._has_broken:
                self.play.settle()
                self.play.check()
        finally:
            self._stack.close()
