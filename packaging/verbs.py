"""What `python3 packaging/run.py VERB` can be asked, and how each is done."""

import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import child
import qt_libraries
from environment import Environment
from trouble import Trouble

ROOT = Path(__file__).resolve().parent.parent

HELP = """\
python3 packaging/run.py VERB [ARGUMENTS]

The first start makes .venv and installs the locked dependencies; later ones go straight to work.
Only Python 3.11 or newer and pip are needed.

  demo [--headless] [--dir DIR]   try it: a head office, two stores and the relay between them;
       [--fresh] [--data FILE]    without a screen, or with --headless, it plays the story by itself
                                  and saves pictures of every window
  test [PYTEST ARGUMENTS]         run the tests, all but the longest when none are named, for
                                  example: test tests/core -k plan
  check [PYTEST ARGUMENTS]        everything a change must pass: ruff, its format, mypy, the floors
                                  of the house, and every test; ends with a table
  bench [NAME ...]                measure the speed and say whether the limits hold
  prove [PART ...] [--minutes N]  try at length what is promised (crashes, bad networks, simulated
       [--json]                   chains, hostile files) and say in one table what broke
  pictures [--dir DIR]            paint every screen in all its faces, light and dark, at 100,
       [--only WORD]              150 and 200 %, with contact sheets; fails when a word is cut or
                                  too weak

`VERB --help` is answered by the program behind the verb. The exit code is that program's own; it is
2 when the work could not begin.
"""

# Whoever says one of these has an opinion of how many workers there are, or wants none.
_WORKER_OPTIONS = {"--numprocesses", "--dist", "--pdb", "--trace", "--collect-only", "--co"}


def main(arguments: list[str]) -> int:
    """Do what the command line asks; returns the exit code."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0 if arguments else 2
    verb, rest = arguments[0], arguments[1:]
    if verb not in _VERBS:
        known = ", ".join(_VERBS)
        print(
            f"There is no verb {verb!r}: try one of {known}, or --help for what they do.",
            file=sys.stderr,
        )
        return 2
    try:
        environment = Environment(ROOT)
        environment.prepare()
        headless = verb != "demo" or "--headless" in rest
        qt_libraries.ensure(environment, qt_libraries.needs(headless))
        return _VERBS[verb](environment, rest)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. The next start goes on from here.", file=sys.stderr)
        return 130


def _demo(environment: Environment, rest: list[str]) -> int:
    program = str(environment.program("ginesys-sync"))
    return child.become([program, "demo", *rest], environment.variables())


_ALL_BUT_LONG = ["-m", "not long"]
"""What `test` runs when it is not told what: all that fits into some ten minutes on two cores."""


def _test(environment: Environment, rest: list[str]) -> int:
    return child.become(_pytest(environment, rest or _ALL_BUT_LONG), _for_tests(environment), ROOT)


_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 6 << 30


def _for_tests(environment: Environment) -> dict[str, str]:
    """Tests flush to disk tens of thousands of times, and none of them cuts the power: their files
    lie in memory where the machine has such a place, and room in it.
    """
    variables = environment.variables()
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ENOUGH_BYTES:
        variables.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
    return variables


def _bench(environment: Environment, rest: list[str]) -> int:
    return _module(environment, "tests.bench", rest)


def _prove(environment: Environment, rest: list[str]) -> int:
    return _module(environment, "tests.prove", rest)


def _pictures(environment: Environment, rest: list[str]) -> int:
    return _module(environment, "tests.pictures", rest)


def _module(environment: Environment, name: str, rest: list[str]) -> int:
    command = [str(environment.python), "-m", name, *rest]
    return child.become(command, environment.variables(), ROOT)


def _pytest(environment: Environment, rest: list[str]) -> list[str]:
    """pytest on as many workers as there are cores and one more, since tests also wait."""
    command = [str(environment.python), "-m", "pytest"]
    if any(word.startswith("-n") or word.split("=")[0] in _WORKER_OPTIONS for word in rest):
        return [*command, *rest]
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return [*command, "-n", str(min(cores + 1, 6)), "--dist", "worksteal", *rest]


# ------------------------------------------------------------------------------------------- check


@dataclass(frozen=True, slots=True)
class _Outcome:
    name: str
    code: int | None  # None: stopped by ctrl-C before its end
    seconds: float

    @property
    def word(self) -> str:
        if self.code is None:
            return "stopped"
        return "passed" if self.code == 0 else "FAILED"


def _check(environment: Environment, rest: list[str]) -> int:
    python = str(environment.python)
    floors = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    steps = {
        "ruff check": [python, "-m", "ruff", "check"],
        "ruff format": [python, "-m", "ruff", "format", "--check"],
        "mypy": [python, "-m", "mypy"],
        "lint-imports": [python, "-c", floors, "--no-logo"],
        "pytest": _pytest(environment, rest),
    }
    outcomes: list[_Outcome] = []
    for name, command in steps.items():
        print(f"\n== {name}", flush=True)
        begun = time.monotonic()
        try:
            code: int | None = child.run(command, _for_tests(environment), ROOT)
        except KeyboardInterrupt:
            code = None
        outcomes.append(_Outcome(name, code, time.monotonic() - begun))
        if code is None or code < 0:  # a signal meant for all of it
            break
    print("\n" + _table(outcomes), flush=True)
    if outcomes[-1].code is None:
        return 130
    return 0 if all(outcome.code == 0 for outcome in outcomes) else 1


def _table(outcomes: list[_Outcome]) -> str:
    rows = [f"{each.name:<14} {each.word:<8} {each.seconds:>7.1f} s" for each in outcomes]
    return "\n".join([f"{'check':<14} {'result':<8} {'time':>9}", "-" * 33, *rows])


_VERBS = {
    "demo": _demo,
    "test": _test,
    "check": _check,
    "bench": _bench,
    "prove": _prove,
    "pictures": _pictures,
}
