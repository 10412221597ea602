"""The one way in says what it can do, and says in a sentence what it cannot."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"


def _python(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run this Python with the modules beside run.py importable."""
    variables = {**os.environ, "PYTHONPATH": str(PACKAGING)}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, env=variables
    )


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return _python(str(PACKAGING / "run.py"), *arguments)


def test_help_names_every_verb_and_succeeds() -> None:
    told = _run("--help")
    assert told.returncode == 0
    for verb in ("demo", "test", "check", "bench", "prove", "pictures"):
        assert f"\n  {verb} [" in told.stdout


def test_no_verb_shows_the_help_and_fails() -> None:
    told = _run()
    assert told.returncode == 2
    assert "VERB" in told.stdout


def test_an_unknown_verb_is_refused_in_a_sentence() -> None:
    told = _run("dmeo")
    assert told.returncode == 2
    assert "There is no verb 'dmeo'" in told.stderr
    assert "demo, test, check" in told.stderr
    assert "Traceback" not in told.stderr


def test_an_old_python_is_told_which_one_is_needed() -> None:
    run = str(PACKAGING / "run.py")
    told = _python(
        "-c", f"import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_path({run!r})"
    )
    assert told.returncode == 2
    assert told.stderr.startswith("This needs Python 3.11 or newer, not 3.9.")


def test_the_exit_code_and_the_arguments_of_a_program_pass_through() -> None:
    program = "import sys; print(sys.argv[1:]); raise SystemExit(3)"
    command = f"[sys.executable, '-c', {program!r}, '--dir', 'a b']"
    for how in ("become", "run"):
        told = _python(
            "-c",
            f"import child, os, sys; raise SystemExit(child.{how}({command}, dict(os.environ)))",
        )
        assert (told.returncode, told.stdout) == (3, "['--dir', 'a b']\n"), told.stderr


def test_a_stop_signal_reaches_the_program_behind() -> None:
    program = (
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "print('ready', flush=True)\n"
        "signal.pause()"
    )
    outer = (
        "import child, os, sys\n"
        f"command = [sys.executable, '-c', {program!r}]\n"
        "raise SystemExit(child.run(command, dict(os.environ)))"
    )
    variables = {**os.environ, "PYTHONPATH": str(PACKAGING)}
    with subprocess.Popen(
        [sys.executable, "-c", outer], env=variables, stdout=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        started.send_signal(signal.SIGTERM)
        assert started.wait(timeout=20) == 7
