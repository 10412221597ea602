"""One seed, played from its first edit to the verdict."""

from __future__ import annotations

import gc
import shutil
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ginesys_sync.core.status import Outcome
from tests.prove.simulation import backups, control, promises
from tests.prove.simulation.chain import HO, S003, SITES, STORES, Chain, copy_template, standing
from tests.prove.simulation.edits import edit, write
from tests.prove.simulation.line import Weather
from tests.prove.simulation.parts import doom_relay
from tests.prove.simulation.world import Broken, World
from tests.support.chain_floor import Row

RUNS = 60
_ACTS = {"move": 45, "start": 17, "control": 3, "look": 1, "time": 3}
"""How often each is done, beside the edits."""
_EDITS = (4, 8, 16)
"""How often people write: quiet, usual and busy chains. Chains that differ from each other show
more than as many of one average kind (swarm testing: Groce et al., ISSTA 2012). Measured with five
of the zoo's defects switched on, one at a time, in 16 to 24 chains of each kind: in 100 seconds of
processor time chains of 4 caught one 15 times, of 8 19 times, of 16 23 times, of 31 19 times."""
_MOST_ROUNDS = 12
_STORED = ("bill", "bill_line")
_CUSTOMERS = {
    # A customer's trigger at head office writes an item whenever a bill arrives.
    HO: "CREATE TRIGGER welcome AFTER INSERT ON bill BEGIN "
    "INSERT OR IGNORE INTO item VALUES ('T' || NEW.number, 'by a trigger', NULL); END",
    # One at a store refuses some notices, one changes some policies.
    "S001": "CREATE TRIGGER grumble BEFORE INSERT ON notice WHEN NEW.words LIKE '%4' BEGIN "
    "SELECT RAISE(ABORT, 'not here'); END",
    "S002": "CREATE TRIGGER shout AFTER INSERT ON policy WHEN NEW.value LIKE '%3' BEGIN "
    "UPDATE policy SET value = upper(value) WHERE code = NEW.code; END",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a seed. `broken`: why, empty when all held; `last` the end of the trace."""

    seed: int
    broken: str
    trace: str
    runs: int
    points: int
    last: tuple[str, ...] = ()


class Play:
    """The acts of a seed. `chance` is the world's."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.world = chain.world
        self.dice = chain.world.dice
        self.started = 0
        self.edits = 0
        self.was_withdrawn = False
        self.tills: dict[str, dict[str, list[Row]] | None] = {}
        for store in STORES:
            self.learn_till(store)

    # --- acts -----------------------------------------------------------------------------------

    def learn_till(self, store: str) -> None:
        """What the store owns is as its own people wrote it, and nothing else may change it."""
        self.tills[store] = {
            table: self.chain.sql(store, f"SELECT * FROM {table} ORDER BY 1, 2, 3")
            for table in _STORED
        }

    def check_till(self, store: str) -> None:
        """Raises Broken when a run changed what the store owns."""
        known = self.tills[store]
        if known is None:
            return
        self.learn_till(store)
        if known != self.tills[store]:
            raise Broken(f"a run changed what {store} owns: {known} became {self.tills[store]}")

    def edit(self, site: str, pick: int, n: int, m: int, at: int) -> None:
        """One edit."""
        if site in self.tills:
            self.check_till(site)
        edit(self.chain, site, pick, n, m, at)
        if self.tills.get(site) is not None:
            self.learn_till(site)

    def start(self, site: str) -> None:
        """A run, with the fate that chance has for it."""
        dice, fate = self.dice, self.dice.random()
        sites = None
        if site == HO and dice.random() < 0.4:
            sites = dice.sample(self.chain.joined, 2)
            sites = [store for store in sites if store != HO]
        dies_at = cancels_at = 0
        weather = Weather()
        if fate < 0.15:
            dies_at = dice.randint(1, 70)
        elif fate < 0.2:
            cancels_at = dice.randint(1, 10)
        elif fate < 0.4:
            some = frozenset([dice.randint(1, 8)])
            kind = dice.choice(("unheard", "lost", "lost", "twice", "late"))
            weather = Weather(**{kind: some})
        elif fate < 0.43:
            doom_relay(dice.randint(1, 12))
        self.started += 1
        self.chain.start(site, sites, dies_at=dies_at, cancels_at=cancels_at, weather=weather)

    def restore(self, whose: str) -> None:
        """The last copy is put back once no run is on."""
        self.chain.finish()
        if whose in self.tills:
            self.check_till(whose)
            self.tills[whose] = None
        backups.put_back(self.chain, whose)

    # --- quiet ----------------------------------------------------------------------------------

    def settle(self) -> None:
        """Everything that holds something back is lifted, and everybody syncs until nothing moves
        any more. Raises Broken when that never comes."""
        chain = self.chain
        doom_relay(0)
        chain.finish()
        if S003 not in chain.joined:
            chain.join(S003)
        control.unblock_all(chain)
        control.answer_all(chain)
        is_quiet = False
        for round_ in range(_MOST_ROUNDS):
            before = chain.watch.moved
            for site in SITES:
                ended = chain.sync(site)
                is_well = ended.outcome in (Outcome.DONE, Outcome.ATTENTION)
                if not is_well and round_ > 2:
                    detail = ended.fault.detail if ended.fault else ""
                    raise Broken(f"{site} cannot sync: {ended.closing} ({detail})")
            answered = control.answer_all(chain)
            if round_ < 2:
                control.unblock_all(chain)
            if round_ == 1 and self.was_withdrawn:
                control.send_all_again(chain)
            elif is_quiet := chain.watch.moved == before and not answered and round_ > 0:
                break
        if not is_quiet:
            raise Broken(f"after {_MOST_ROUNDS} rounds mail still goes around")
        chain.restored.clear()

    def check(self) -> None:
        """Raises Broken when a promise does not hold after quiet."""
        for store in STORES:
            self.check_till(store)
        promises.check_quiet(self.chain)


def by_chance(play: Play, runs: int = RUNS) -> None:
    """The whole of a seed."""
    chain, dice = play.chain, play.dice
    _begin(play)
    joins_at = dice.choice((0, dice.randint(1, runs // 2)))
    copies = backups.Copies.by_chance(dice) if runs > 20 else backups.Copies()
    while play.started < runs or chain.runs:
        if S003 not in chain.joined and play.started >= joins_at:
            chain.join(S003)
        copies.make(chain, play.started)
        for whose in copies.due(chain, play.started):
            play.restore(whose)
        _act(play, runs)


def _begin(play: Play) -> None:
    dice, chain = play.dice, play.chain
    play.edits = dice.choice(_EDITS)
    for site, trigger in _CUSTOMERS.items():
        if dice.random() < 0.25:
            write(chain, site, [trigger])
    for site in SITES:
        skews = (0, 0, 0, 0.4, 86_400, -86_400, 7 * 86_400)
        play.world.ahead[site] = dice.choice(skews)
    for _ in range(dice.randint(0, 40)):
        play.edit(HO, dice.randrange(100), *_three(play))


def _three(play: Play) -> tuple[int, int, int]:
    dice = play.dice
    return dice.randint(0, 6), dice.randint(0, 5), dice.randint(1, 4)


def _act(play: Play, runs: int) -> None:
    dice, chain = play.dice, play.chain
    often = _ACTS | {"edit": play.edits}
    match dice.choices(tuple(often), tuple(often.values()))[0]:
        case "move" if chain.runs:
            chain.move(dice.choice(sorted(chain.runs)), dice.choice((1, 1, 2, 3, 5, 8, 20, 60)))
        case "start" if play.started < runs:
            idle = [site for site in chain.joined if site not in chain.runs]
            if idle:
                play.start(dice.choice(idle))
        case "control":
            pick = dice.randrange(14)
            play.was_withdrawn |= pick in (9, 10)
            control.act(chain, pick, dice.randint(0, 6), dice.randint(0, 5))
        case "look":
            promises.check_now(chain)
        case "time":
            # A copy is of use for a week only: no days pass while one may still be put back.
            has_copy = any(backups.has_copy(chain, whose) for whose in (*SITES, backups.RELAY))
            long = 60.0 if has_copy else 86_400.0
            play.world.pass_time(dice.choice((0.01, 1.0, 60.0, 900.0, long)))
        case "edit":
            play.edit(dice.choice(chain.joined), dice.randrange(100), *_three(play))


@contextmanager
def played(seed: int, template: Path, root: Path) -> Iterator[Play]:
    """A fresh chain to play on; `simulated` surrounds it."""
    gc.collect()
    shutil.rmtree(root, ignore_errors=True)
    copy_template(template, root)
    with standing(Chain(root, World(seed), (HO, "S001", "S002"))) as chain:
        doom_relay(0)
        yield Play(chain)


def play_seed(seed: int, template: Path, root: Path, runs: int = RUNS) -> Verdict:
    """Play one seed to its verdict."""
    broken, last = "", ()
    with played(seed, template, root) as play:
        world = play.world
        try:
            by_chance(play, runs)
            play.settle()
            play.check()
        except Broken as fault:
            broken = str(fault)
        except Exception as fault:
            broken = f"{type(fault).__name__}: {fault} {traceback.format_exc()}"
        if broken:
            last = tuple(world.last)
        trace, points, count = world.trace, world.points, len(play.chain.ended)
    return Verdict(seed, broken, trace, count, points, last)
