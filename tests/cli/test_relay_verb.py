"""`relay serve` at the front door: sites keep the address they were given."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path


def served_at(home: Path, *more: str) -> str:
    """Serve a home, stop it politely, and say at which address it stood."""
    command = [sys.executable, "-m", "ginesys_sync", "relay", "serve", "--home", str(home), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        line = served.stdout.readline().strip()
        served.send_signal(signal.SIGTERM)
        assert served.wait(30) == 0
    return line.rpartition(" ")[2]


def test_a_web_database_comes_back_where_its_sites_look_for_it(tmp_path: Path) -> None:
    first = served_at(tmp_path / "webdb")
    assert first.startswith("http://127.0.0.1:")
    assert served_at(tmp_path / "webdb") == first
