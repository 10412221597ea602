"""Logs: in the home, rotated, never more than a few files, also of a Web Database's first start."""

import logging
from pathlib import Path

import pytest

from ginesys_sync.cli import main as door


def _as_at_a_start(monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    """The root logger as a process has it at its start."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", logging.WARNING)
    return root


def test_a_log_is_rotated_and_only_the_newest_files_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = _as_at_a_start(monkeypatch)
    monkeypatch.setattr(door, "LOG_BYTES", 10_000)
    door._log_to(tmp_path)
    (handler,) = root.handlers
    for number in range(2_000):
        logging.getLogger("ginesys_sync.test").warning("line %d of something that goes on", number)
    handler.close()
    files = sorted((tmp_path / "logs").iterdir())
    assert len(files) == 1 + door.LOG_FILES
    assert all(file.stat().st_size <= 10_000 for file in files)
    assert "line 1999 of" in (tmp_path / "logs" / "ginesys-sync.log").read_text()


def test_the_first_start_of_a_web_database_is_logged_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = _as_at_a_start(monkeypatch)
    home = tmp_path / "new" / "webdb"
    door._log_to(home, makes_home=True)
    logging.getLogger("ginesys_sync.relay").warning("the first start")
    for handler in root.handlers:
        handler.close()
    assert "the first start" in (home / "logs" / "ginesys-sync.log").read_text()
    assert home.stat().st_mode & 0o777 == 0o700
