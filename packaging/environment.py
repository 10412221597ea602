"""The `.venv` beside the project: made from nothing, filled from the lock, known by a stamp.

A stamp inside it holds a fingerprint of the lock, of pyproject.toml, of the folder and of the
Python it was made with; while that agrees a start costs a few milliseconds.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import child
from trouble import Trouble

try:
    import fcntl
except ImportError:  # not a POSIX system: two starts at once are then not kept apart
    fcntl = None  # type: ignore[assignment]

FIRST_PIP_THAT_FILLS_OTHERS = (22, 3)  # `pip --python` came with 22.3

_NO_SPACE = "There is no space left on the disk. Free about 1 GB and start again."

# What pip's output may hold, most telling first, and what it means.
_FAULTS = (
    ("No space left", _NO_SPACE),
    (
        "DO NOT MATCH THE HASHES",
        "A downloaded package is not the one that requirements.lock names, so nothing was "
        "installed. Try another network; if it stays so, do not go on.",
    ),
    (
        r"NewConnectionError|Max retries|name resolution|ProxyError|timed out|ConnectionError",
        "The packages could not be downloaded. Check the network connection and start again; "
        "what has been downloaded is kept.",
    ),
    (
        "No matching distribution",
        "A package that requirements.lock names is not to be had for this machine and Python.",
    ),
)


@dataclass
class Environment:
    """The project's own Python environment under `root`/.venv."""

    root: Path
    checks_passed: set[str] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.program("python")

    def program(self, name: str) -> Path:
        """The path of a program inside the environment."""
        if os.name == "posix":
            return self.folder / "bin" / name
        return self.folder / "Scripts" / f"{name}.exe"

    def variables(self) -> dict[str, str]:
        """The process environment for programs started inside: its programs come first."""
        own = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH")}
        own["VIRTUAL_ENV"] = str(self.folder)
        own["PATH"] = os.pathsep.join([str(self.python.parent), own.get("PATH", os.defpath)])
        return own

    def prepare(self) -> None:
        """Make the environment agree with the lock; quick when it already does.

        Raises Trouble, with a sentence, when that is not possible.
        """
        if self._read_stamp():
            return
        try:
            with _only_one(self.root / "requirements.lock"):
                if not self._read_stamp():  # another start may have done it meanwhile
                    self._fill()
        except OSError as fault:
            if fault.errno == errno.ENOSPC:
                raise Trouble(_NO_SPACE) from None
            place = fault.filename or self.folder
            raise Trouble(f"The environment cannot be made at {place}: {fault.strerror}.") from None

    def note_check(self, name: str) -> None:
        """Remember in the stamp that the check `name` passed with this environment."""
        self.checks_passed.add(name)
        self._write_stamp()

    # ------------------------------------------------------------------------------------ stamp

    @property
    def _stamp(self) -> Path:
        return self.folder / "ginesys-sync.stamp"

    def _fingerprint(self) -> str:
        told = hashlib.sha256()
        for name in ("requirements.lock", "pyproject.toml"):
            told.update((self.root / name).read_bytes() + b"\0")
        told.update(f"{self.root}\0{self.python.resolve(strict=True)}\0".encode())
        told.update((self.folder / "pyvenv.cfg").read_bytes())
        return told.hexdigest()

    def _read_stamp(self) -> bool:
        try:
            noted = json.loads(self._stamp.read_text(encoding="utf-8"))
            if noted["fingerprint"] != self._fingerprint():
                return False
            self.checks_passed = set(noted["checks"])
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return True

    def _write_stamp(self) -> None:
        noted = {"fingerprint": self._fingerprint(), "checks": sorted(self.checks_passed)}
        fresh = self._stamp.with_suffix(".new")
        fresh.write_text(json.dumps(noted) + "\n", encoding="utf-8")
        fresh.replace(self._stamp)

    # ------------------------------------------------------------------------------------- fill

    def _fill(self) -> None:
        begun = time.monotonic()
        again = self.folder.exists()
        print(
            "Bringing .venv up to date with requirements.lock and pyproject.toml."
            if again
            else "First start: making .venv and installing what requirements.lock names. "
            "This takes about a minute, and later starts do not repeat it.",
            flush=True,
        )
        self._stamp.unlink(missing_ok=True)
        self.checks_passed = set()
        pip = self._make()
        lock = str(self.root / "requirements.lock")
        self._install(pip, ["--require-hashes", "--only-binary=:all:", "-r", lock])
        self._install(pip, ["--no-deps", "--no-build-isolation", "--editable", str(self.root)])
        self._write_stamp()
        print(f"Ready after {time.monotonic() - begun:.0f} s.", flush=True)

    def _make(self) -> list[str]:
        """Make the bare environment if there is none that works; return the pip that fills it."""
        pip = _pip_of_this_python()
        if not self._works():
            with_own_pip = pip is None
            if with_own_pip and not _has_module("ensurepip"):
                raise Trouble(
                    "This Python has no pip, which installs the dependencies. On Debian and "
                    "Ubuntu this brings it: apt-get install python3-pip"
                )
            venv.EnvBuilder(clear=self.folder.exists(), symlinks=True).create(self.folder)
            if with_own_pip:
                bring_pip = [str(self.python), "-m", "ensurepip", "--upgrade", "--default-pip"]
                subprocess.run(bring_pip, check=True, capture_output=True)
        if pip is not None:
            return [*pip, "--python", str(self.python)]
        return [str(self.python), "-m", "pip"]

    def _works(self) -> bool:
        try:
            told = subprocess.run(
                [self.python, "-c", "import sys; print(sys.version_info >= (3, 11))"],
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError:
            return False
        if _pip_of_this_python() is None:  # then only one with a pip of its own will do
            return _answers([str(self.python), "-m", "pip", "--version"]) is not None
        return told.stdout.strip() == "True"

    def _install(self, pip: list[str], what: list[str]) -> None:
        variables = self.variables()
        for name in ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV"):
            variables.pop(name, None)
        variables.update(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
        told: list[str] = []

        def listen(line: str) -> None:
            told.append(line)
            if re.match(r"\s+Downloading .* \(\d+(\.\d+)? MB\)", line):
                print("  " + line.strip(), flush=True)

        code = child.run(
            [*pip, "install", "--progress-bar=off", *what], variables, self.root, listen
        )
        log = self.folder / "install.log"
        log.write_text("".join(told), encoding="utf-8")
        if code != 0:
            raise Trouble(_why_pip_failed("".join(told), log))


def _why_pip_failed(told: str, log: Path) -> str:
    for pattern, sentence in _FAULTS:
        if re.search(pattern, told):
            return f"{sentence}\nWhat pip said is in {log}"
    last = [line for line in told.splitlines() if line.strip()][-8:]
    return "\n".join(["pip could not install the dependencies:", *last, f"All of it is in {log}"])


def _pip_of_this_python() -> list[str] | None:
    """The command of a pip that can fill another environment, or None."""
    base = getattr(sys, "_base_executable", sys.executable)
    for python in dict.fromkeys((sys.executable, base)):
        told = _answers([python, "-m", "pip", "--version"]) or ""
        found = re.match(r"pip (\d+)\.(\d+)", told)
        if found and (int(found[1]), int(found[2])) >= FIRST_PIP_THAT_FILLS_OTHERS:
            return [python, "-m", "pip"]
    return None


def _answers(command: list[str]) -> str | None:
    """What `command` prints, or None when it fails or is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def _has_module(name: str) -> bool:
    return _answers([sys.executable, "-c", f"import {name}"]) is not None


@contextlib.contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Let one start at a time pass; the lock dies with its holder."""
    with path.open("rb") as held:
        if fcntl is not None:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("Another start is preparing .venv: waiting for it.", flush=True)
                fcntl.flock(held, fcntl.LOCK_EX)
        yield
