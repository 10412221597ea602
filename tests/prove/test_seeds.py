"""A few seeds of the long proof, the same seed twice, and the state machine over the same acts."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.prove.report import Work
from tests.prove.seeds import play_some, prove, room
from tests.prove.simulation.chain import make_template
from tests.prove.simulation.machine import ChainMachine
from tests.prove.simulation.parts import simulated

_TRACE = (
    "from tests.prove.seeds import play_some\n"
    "print(*[(v.seed, v.trace, v.broken) for v in play_some(iter([{seeds}]), 30)])"
)


@pytest.fixture
def template() -> Iterator[Path]:
    """A chain to copy, in memory."""
    with room() as folder:
        yield make_template(folder / "template")


def test_after_quiet_the_promises_hold_whatever_chance_did() -> None:
    for verdict in play_some(iter((1, 2))):
        assert not verdict.broken, f"seed {verdict.seed}: {verdict.broken}"
        assert verdict.points > 1_000


def _trace(hash_seed: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", _TRACE.format(seeds="1, 11")],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_same_seed_gives_the_same_trace_in_every_process() -> None:
    first = _trace("1")
    assert "(1, " in first and "(11, " in first
    assert first == _trace("2")


def _play(template: Path, examples: int, steps: int) -> None:
    with simulated():
        run_state_machine_as_test(
            lambda: ChainMachine(template, template.parent / "chain"),
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_whatever_rules_follow_each_other_the_promises_hold(template: Path) -> None:
    _play(template, 4, 40)


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_whatever_many_rules_follow_each_other_the_promises_hold(template: Path) -> None:
    _play(template, 150, 80)


def test_the_part_tells_how_many_seeds_it_played(tmp_path: Path) -> None:
    (line,) = prove(Work(0.1, tmp_path, seed=21, shard=1, shards=2))
    assert (line.part, line.tried, line.broken) == ("seeds", 1, ())
