"""`ginesys-sync demo`: a whole chain to try, on free ports, in real windows; or its story
without a screen."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from ginesys_sync.cli.demo_chain import DemoChain, made_up_chain
from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.services.worker import stop_service

_GUIDE = """\
Three windows have opened: Launchpad of head office, and the POS of S001 and S002.
Your first minute:
  1. In Launchpad press Sync Selective, tick S001, press OK. Sent Data then says UPLOADED.
  2. In the window of S001 press Sync. Received Data says PROCESSED; HO Control shows the items.
  3. In Launchpad sync S001 again: Received Data lists the acknowledgement, Sent Data says
     PROCESSED.
  4. The menu Demo makes something to sync: ten prices, a user for S001, five bills.
Close the last window to end everything. `ginesys-sync demo --dir {folder}` goes on from here.
"""


def run(asked: argparse.Namespace) -> int:
    """Build or go on with the chain in `--dir`, then open the windows or play the story."""
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    if asked.data is not None:
        from ginesys_sync.cli.demo_data import play_sales_file

        return play_sales_file(asked.dir, asked.data, is_fresh=asked.fresh)
    headless = asked.headless or not has_display()
    if headless and not asked.headless:
        print("There is no display here: the story is played without one.")
    with DemoChain(asked.dir, is_fresh=asked.fresh) as chain:
        made_up_chain(chain)
        if headless:
            from ginesys_sync.cli.demo_story import play

            return play(chain)
        return _open_windows(chain)


def _as_ctrl_c(*_: object) -> None:
    """Asked to end, the demo ends its children first."""
    raise KeyboardInterrupt


def has_display() -> bool:
    """Whether windows can be shown on this machine's screen."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open_windows(chain: DemoChain) -> int:
    print(_GUIDE.format(folder=chain.folder), flush=True)
    windows = [
        subprocess.Popen(_window_command(chain.home(code), code, place))
        for place, code in enumerate(chain.shown())
    ]
    try:
        for window in windows:
            window.wait()
    except KeyboardInterrupt:
        for window in windows:
            window.terminate()
        for window in windows:
            window.wait()
    finally:
        for code in chain.shown():
            stop_service(chain.home(code))
    return max((window.returncode for window in windows if window.returncode > 0), default=0)


def _window_command(home: Path, code: str, place: int) -> list[str]:
    verb = "launchpad" if code == HEAD_OFFICE else "pos"
    command = [sys.executable, "-m", "ginesys_sync", verb, "--home", str(home)]
    return [*command, "--place", str(place)]
