"""Chains by chance: seed after seed, each a chain of three stores with sixty runs that are
interleaved at every step, killed, cut off and put back; after quiet every promise is looked at.

`python -m tests.prove.seeds SEED` plays one seed again and shows its trace.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.prove.report import Line, Work
from tests.prove.simulation.chain import make_template
from tests.prove.simulation.parts import simulated
from tests.prove.simulation.play import RUNS, Verdict, play_seed

_WHAT = f"chains of 3 stores and {RUNS} runs by seed"
_SHOWN = 3_000
_MEMORY = Path("/dev/shm")


@contextmanager
def room() -> Iterator[Path]:
    """A folder for chains, in memory where the machine has such a place: a killed run is an
    exception here, so nothing has to survive a power cut."""
    place = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="chains-", dir=place) as folder:
        yield Path(folder)


def play_some(seeds: Iterator[int], runs: int = RUNS) -> Iterator[Verdict]:
    """The verdict of each seed, as they are asked for."""
    with room() as folder:
        template = make_template(folder / "template")
        with simulated():
            for seed in seeds:
                yield play_seed(seed, template, folder / "chain", runs)
                shutil.rmtree(folder / "chain", ignore_errors=True)


def prove(work: Work) -> Iterator[Line]:
    """As many seeds as there is time for, at least one."""
    begun, tried = time.monotonic(), 0
    broken: list[str] = []

    def seeds() -> Iterator[int]:
        for seed in count(work.seed + work.shard, work.shards):
            yield seed
            if time.monotonic() - begun >= work.seconds:
                return

    for verdict in play_some(seeds()):
        tried += 1
        if verdict.broken:
            broken.append(f"seed {verdict.seed}: {verdict.broken[:_SHOWN]}")
    yield Line("seeds", _WHAT, tried, None, tuple(broken), time.monotonic() - begun)


def main(arguments: list[str]) -> int:
    """Play seeds by hand. 1 when one broke."""
    (first, *_), worst = map(int, arguments), 0
    for verdict in play_some(iter([first])):
        print(*verdict.last, sep="\n")
        print(f"seed {first}: {verdict.broken or 'holds'}; trace {verdict.trace}")
        worst = int(bool(verdict.broken))
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
