"""Work off the window's thread answers on it, the newest alone, and ends when the window does."""

from __future__ import annotations

import logging
import sys
import threading

import pytest
from PySide6.QtCore import QObject, QThread, Signal, Slot
from pytestqt.qtbot import QtBot

from ginesys_sync.core.errors import KnownError, Unreachable
from ginesys_sync.ui.widgets.background import Background


class Bell(QObject):
    rung = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.times = 0
        self.rung.connect(self.hear)

    @Slot(object)
    def hear(self, value: object) -> None:
        self.times += 1


def test_an_emit_costs_no_reference_to_true(qtbot: QtBot) -> None:
    # PySide6 6.12.0 drops one reference to True at each emit; after some 550 the process dies.
    bell = Bell()
    bell.rung.emit(True)
    before = sys.getrefcount(True)
    for _ in range(100):
        bell.rung.emit(True)
    lost = before - sys.getrefcount(True)
    assert bell.times == 101
    # From 3.12 on True is immortal and its count is no count; then this cannot fail, nor can the
    # trap.
    assert lost < 50


def test_large_numbers_survive_a_signal(qtbot: QtBot) -> None:
    heard: list[object] = []
    bell = Bell()
    bell.rung.connect(heard.append)
    bell.rung.emit(5_000_000_000)
    assert heard == [5_000_000_000]


def test_an_answer_comes_on_the_windows_thread(qtbot: QtBot) -> None:
    background = Background()
    seen: list[tuple[int, bool]] = []
    here = QThread.currentThread()
    background.run(
        lambda: threading.get_ident(),
        lambda ident: seen.append((ident, QThread.currentThread() is here)),
    )
    qtbot.waitUntil(lambda: bool(seen))
    assert seen[0][0] != threading.get_ident()
    assert seen[0][1]
    background.close()


def test_a_known_fault_reaches_the_failure_branch_as_it_is(qtbot: QtBot) -> None:
    background = Background()
    faults: list[KnownError] = []

    def fail() -> None:
        raise Unreachable("The Web Database did not answer.")

    background.run(fail, lambda nothing: None, faults.append)
    qtbot.waitUntil(lambda: bool(faults))
    assert faults[0].title == "The Web Database did not answer."
    background.close()


def test_a_bug_becomes_a_short_code_and_a_traceback(
    qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    background = Background()
    faults: list[KnownError] = []
    with caplog.at_level(logging.ERROR):
        background.run(lambda: 1 // 0, lambda nothing: None, faults.append)
        qtbot.waitUntil(lambda: bool(faults))
    code = faults[0].detail.split()[1].rstrip(":")
    assert "Something went wrong in the program." in faults[0].title
    assert code in caplog.text and "ZeroDivisionError" in caplog.text
    background.close()


def test_of_one_lane_only_the_newest_answers(qtbot: QtBot) -> None:
    background = Background()
    slow = threading.Event()
    heard: list[str] = []

    def old() -> str:
        slow.wait(5)
        return "old"

    background.run(old, heard.append, lane="search")
    background.run(lambda: "new", heard.append, lane="search")
    qtbot.waitUntil(lambda: heard == ["new"])
    slow.set()
    background.run(lambda: "later", heard.append, lane="other")
    qtbot.waitUntil(lambda: "later" in heard)
    background.close()
    assert heard == ["new", "later"]


def test_closing_waits_for_threads_and_drops_their_answers(qtbot: QtBot) -> None:
    background = Background()
    gate, ended = threading.Event(), threading.Event()
    heard: list[str] = []

    def work() -> str:
        gate.wait(5)
        ended.set()
        return "too late"

    background.run(work, heard.append)
    gate.set()
    background.close()
    assert ended.is_set()
    assert not background.is_busy
    background.run(lambda: "never", heard.append)
    assert not background.is_busy
    assert heard == []
