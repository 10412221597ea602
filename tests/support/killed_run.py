"""One run in a process of its own that a power cut ends at a chosen point.

`python -m tests.support.killed_run HOME module:Class.method:before|after:N [SITE …]`
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

from ginesys_sync.services.syncing import Ask, sync


def arm(point: str) -> None:
    """Wrap the function that `point` names, so that its Nth call kills this process."""
    module_name, path, when, nth = point.split(":")
    holder: Any = import_module(module_name)
    *classes, name = path.split(".")
    for part in classes:
        holder = getattr(holder, part)
    setattr(holder, name, _killing(getattr(holder, name), when, int(nth)))


def _killing(work: Callable[..., Any], when: str, nth: int) -> Callable[..., Any]:
    calls = count(1)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        is_it = next(calls) == nth
        if is_it and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = work(*args, **kwargs)
        if is_it:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return wrapped


if __name__ == "__main__":
    arm(sys.argv[2])
    sync(Path(sys.argv[1]), Ask(tuple(sys.argv[3:]) or None))
