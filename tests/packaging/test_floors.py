"""The floors of the house hold, and the contracts that hold them would notice a breach."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# One breach per contract: the file, what it imports, the id of the contract that must notice.
BREACHES = {
    "floors": ("engine", "import ginesys_sync.services"),
    "core-is-words": ("core", "import requests"),
    "shop-knows-no-sync": ("shop", "import ginesys_sync.core.plan"),
    "relay-is-a-wing": ("relay", "import ginesys_sync.store"),
    "ui-asks-services": ("ui", "def late() -> None:\n    import ginesys_sync.engine"),
    "qt-in-ui": ("services", "from PySide6.QtCore import QObject"),
    "qt-in-ui-not-in-cli": ("cli", "def late() -> None:\n    import PySide6.QtWidgets"),
    "sql-in-store": ("engine", "import sqlite3"),
    "http-client-in-engine": ("services", "import requests"),
    "web-server-in-relay": ("cli", "import uvicorn"),
}


def _lint(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-logo", "--no-cache", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_room_imports_only_what_it_may() -> None:
    told = _lint(ROOT)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("contract", BREACHES)
def test_a_contract_notices_a_breach(contract: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    house = tmp_path / "ginesys_sync"
    for room in ("", "cli", "ui", "relay", "services", "engine", "wire", "store", "shop", "core"):
        (house / room).mkdir()
        (house / room / "__init__.py").touch()
    (house / "core" / "plan.py").touch()
    assert _lint(tmp_path, "--contract", contract).returncode == 0
    room, breach = BREACHES[contract]
    (house / room / "guilty.py").write_text(breach)
    told = _lint(tmp_path, "--contract", contract)
    assert told.returncode == 1
    assert f"ginesys_sync.{room}.guilty -> " in told.stdout


def test_every_contract_has_a_breach_that_tries_it() -> None:
    written = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = written["tool"]["importlinter"]["contracts"]
    assert {contract["id"] for contract in contracts} == set(BREACHES)
