"""Starting other programs so that signals and exit codes pass through."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

_FORWARDED = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
]


def become(command: list[str], environment: dict[str, str], folder: Path | None = None) -> int:
    """Turn this process into `command`, in `folder` if given.

    Where a process can be replaced this does not return, so every signal reaches the program and
    its exit code is ours; elsewhere its exit code is returned.
    """
    if folder is not None:
        os.chdir(folder)
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execve(command[0], command, environment)
    return run(command, environment)


def run(
    command: list[str],
    environment: dict[str, str],
    folder: Path | None = None,
    each_line: Callable[[str], None] | None = None,
) -> int:
    """Run `command` to its end and return its exit code, negative for a signal.

    With `each_line` its output (both streams) goes there line by line instead of to the terminal.
    The terminal sends ctrl-C to both of us: the program decides what it does about it, we wait for
    it and then raise KeyboardInterrupt. Other stop signals are passed on.
    """
    sys.stdout.flush()
    sink = None if each_line is None else subprocess.PIPE
    with (
        subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdout=sink,
            stderr=None if sink is None else subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
        _signals_passed_to(process) as interrupted,
    ):
        if each_line is not None and process.stdout is not None:
            for line in process.stdout:
                each_line(line)
        code = process.wait()
    if interrupted:
        raise KeyboardInterrupt
    return code


@contextlib.contextmanager
def _signals_passed_to(process: "subprocess.Popen[str]") -> Iterator[list[int]]:
    """Pass stop signals on to `process`; yields the list of interrupts seen meanwhile."""
    interrupted: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    def note(number: int, _frame: FrameType | None) -> None:
        interrupted.append(number)

    before = {number: signal.signal(number, pass_on) for number in _FORWARDED}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, note)
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
