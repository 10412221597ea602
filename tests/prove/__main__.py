"""`python -m tests.prove [PART …] [--minutes N] [--json]`: the long proof, on all cores.

Each part runs in processes of its own, as many as `--jobs` at a time, and beside them as many that
mostly wait. What has a fixed amount of work comes first and is done whole; what can go on for ever
shares the time that is left.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tests.prove.report import Line, Work, line_of, table, together

_LEAST_SECONDS = 5.0
_PATIENCE_SECONDS = 900.0
"""How much longer than it was given a share may take before it counts as stuck."""
_BUSY = 4
"""So many times longer may a fixed amount of work take, on a machine that others use."""


@dataclass(frozen=True, slots=True)
class Part:
    """`weight` says how the time that is left is shared; 0: a fixed amount of work, which takes
    `seconds` on a quiet machine. Who mostly `waits` for lines takes no core from the others."""

    module: str
    weight: int = 0
    seconds: float = 0.0
    waits: bool = False

    def prove(self, work: Work) -> Iterator[Line]:
        """The lines of this part's share of the work."""
        return import_module(f"tests.prove.{self.module}").prove(work)  # type: ignore[no-any-return]


PARTS: dict[str, Part] = {
    "crash": Part("crash", seconds=400.0),
    "weather": Part("weather", seconds=150.0, waits=True),
    "hostile": Part("hostile"),
    "zoo": Part("zoo"),
    "api": Part("api", weight=1),
    "seeds": Part("seeds", weight=30),
    "fuzz": Part("fuzz", weight=1),
}


def main(arguments: list[str]) -> int:
    """0 when nothing broke, 1 when something did."""
    asked = _asked(arguments)
    if asked.share:
        return _one_share(asked)
    begun = time.monotonic()
    names = asked.parts or list(PARTS)
    found: list[Line] = []
    fixed = [name for name in names if not PARTS[name].weight]
    found += _on_all_cores(asked, [(name, 0.0) for name in fixed])
    open_ended = {name: PARTS[name].weight for name in names if PARTS[name].weight}
    left = max(0.0, asked.minutes * 60 - (time.monotonic() - begun))
    # Every share occupies a core while it runs, and there are `jobs` shares of each part.
    found += _on_all_cores(
        asked,
        [
            (name, max(_LEAST_SECONDS, left * weight / sum(open_ended.values())))
            for name, weight in open_ended.items()
        ],
    )
    lines = together(found)
    if asked.json:
        for line in lines:
            print(line.text(), flush=True)
    else:
        print(table(lines), flush=True)
    return 0 if all(line.holds for line in lines) else 1


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="prove", description="Try at length what is promised, and say what broke."
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--minutes", type=float, default=30.0, help="about how long (30)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--json", action="store_true", help="one line of JSON a row, no table")
    parser.add_argument("--jobs", type=int, default=_cores(), help="processes at a time")
    parser.add_argument("--share", metavar="N/OF", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=0.0, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.parts if name not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}: choose of {', '.join(PARTS)}")
    if asked.minutes <= 0 or asked.jobs < 1:
        parser.error("--minutes and --jobs must be more than nothing")
    return asked


def _patience(name: str, seconds: float) -> float:
    """When a share that was given `seconds` counts as stuck."""
    return seconds + _BUSY * PARTS[name].seconds + _PATIENCE_SECONDS


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _one_share(asked: argparse.Namespace) -> int:
    shard, shards = map(int, asked.share.split("/"))
    with tempfile.TemporaryDirectory(prefix="prove-") as folder:
        work = Work(asked.seconds, Path(folder), asked.seed, shard, shards)
        for line in PARTS[asked.parts[0]].prove(work):
            print(line.text(), flush=True)
    return 0


def _on_all_cores(asked: argparse.Namespace, parts: Iterable[tuple[str, float]]) -> list[Line]:
    shares = [(name, seconds, share) for name, seconds in parts for share in range(asked.jobs)]
    waiting = [share for share in shares if PARTS[share[0]].waits]
    working = [share for share in shares if not PARTS[share[0]].waits]
    with (
        closing(_Children(asked)) as children,
        ThreadPoolExecutor(asked.jobs) as beside,
        ThreadPoolExecutor(asked.jobs) as pool,
    ):
        found = [
            each.map(lambda share: children.lines(*share), some)
            for each, some in ((beside, waiting), (pool, working))
        ]
        return [line for lines in found for one in lines for line in one]


class _Children:
    """The processes that do the shares; none outlives this one."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self._asked = asked
        self._running: set[subprocess.Popen[str]] = set()

    def close(self) -> None:
        for process in self._running:
            process.kill()

    def lines(self, name: str, seconds: float, share: int) -> list[Line]:
        """What one share came to; a share that died or hung is broken, with its last words."""
        command = [sys.executable, "-m", "tests.prove", name]
        command += ["--share", f"{share}/{self._asked.jobs}", "--seconds", str(seconds)]
        command += ["--seed", str(self._asked.seed)]
        begun = time.monotonic()
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._running.add(process)
        try:
            out, err = process.communicate(timeout=_patience(name, seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += "\nIt did not come to an end."
        finally:
            self._running.discard(process)
        taken = time.monotonic() - begun
        found = [line_of(text) for text in out.splitlines() if text.startswith("{")]
        told = f"{name} {share + 1} of {self._asked.jobs}: {taken:.0f} s"
        print(told, file=sys.stderr, flush=True)
        if process.returncode:
            last = " ".join(err.strip().splitlines()[-3:])
            why = f"exit {process.returncode}: {last}"
            found.append(Line(name, "a share that ended before its time", 1, 1, (why,), taken))
        return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
