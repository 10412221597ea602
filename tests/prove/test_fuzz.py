"""A slice of the fuzzing of the reader of bodies for every day: more is `run.py prove fuzz`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ginesys_sync.core.plan import PLAN_ENTITY
from ginesys_sync.wire.body import check_structure
from tests.prove import fuzz
from tests.prove.report import Work

fuzzing = pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine != "x86_64" or sys.version_info >= (3, 14),
    reason="atheris has wheels for this machine and Python only",
)


@fuzzing
@pytest.mark.long
def test_some_thousand_inputs_do_not_break_the_reader(tmp_path: Path) -> None:
    (line,) = fuzz.prove(Work(8, tmp_path))
    assert line.holds, line.broken
    assert line.tried > 0


@fuzzing
@pytest.mark.long
def test_what_the_starting_process_once_had_is_not_the_readers(tmp_path: Path) -> None:
    """In a process of its own, which has had more memory than the reader may."""
    told = subprocess.run(
        [sys.executable, "-c", _LARGE, str(tmp_path), str(fuzz.MOST_MEGABYTES + 200)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout == "()\n", told.stderr


_LARGE = """
import sys
from pathlib import Path
from tests.prove import fuzz
from tests.prove.report import Work
bytearray(b"x") * (int(sys.argv[2]) << 20)
print(fuzz.fuzzed(Work(2, Path(sys.argv[1]))).broken)
"""


_CARELESS = """
import sys
sys.argv = sys.argv[1:]
import tests.prove.fuzz_reader as program
from pathlib import Path
from ginesys_sync.wire import body
body._check_numbers = lambda *_: None
body._check_soundness = lambda *_: None
program.main(program._Asked(Path(sys.argv[0]), Path(sys.argv[1]), sys.argv[2:]))
"""


@fuzzing
@pytest.mark.long
def test_a_reader_without_its_checks_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = subprocess.run

    def careless(command: list[str], **more: object) -> object:
        place = command.index("-m")
        changed = [*command[:place], "-c", _CARELESS, *command[place + 2 :]]
        return run(changed, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(fuzz, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(subprocess, "run", careless)
    line = fuzz.fuzzed(Work(60, tmp_path))
    assert line.broken
    assert list((tmp_path / "kept").iterdir())


def test_the_bodies_to_begin_with_are_sound() -> None:
    for raw in fuzz._bodies(PLAN_ENTITY):
        check_structure(raw, PLAN_ENTITY)
