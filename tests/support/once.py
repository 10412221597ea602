"""What takes long to make and is only read or copied: made once in a session, not once a worker."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that `make` fills (and makes: it is not there yet), by whoever needs it first."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # all workers of a session have theirs in one folder
    folder, mark = base / name, base / f"{name}.made"
    with FileLock(base / f"{name}.lock"):
        if not mark.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of one that failed half-way
            make(folder)
            mark.touch()
    return folder
