"""At the smallest size a window may have, every word is there in full."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ginesys_sync.ui import offscreen
from ginesys_sync.ui.widgets.sync_window import SyncWindow
from tests.support.judged import cut
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens, OpensPos

STAGES: dict[str, Callable[[StagedDesk], StagedDesk]] = {
    "normal": lambda desk: desk,
    "first run": StagedDesk.first_run,
    "relay down": StagedDesk.relay_down,
    "first load": StagedDesk.first_load,
    "running": StagedDesk.running,
    "attention": StagedDesk.needing_attention,
    "scheduled": StagedDesk.with_schedules,
    "something wrong": StagedDesk.something_wrong,
}


def shrink(window: SyncWindow) -> None:
    window.resize(window.minimumSize())
    offscreen.turn(50)


@pytest.mark.parametrize("stage", STAGES)
def test_launchpad(launchpad: Opens, stage: str) -> None:
    window = launchpad(STAGES[stage](StagedDesk()))
    shrink(window)
    for tab in (
        "Sites",
        "Data Sync",
        "Sent Data",
        "Received Data",
        "Runs",
        "Control",
        "Application Settings",
    ):
        offscreen.show_tab(window, tab)
        assert not cut(window), tab


@pytest.mark.parametrize("stage", STAGES)
def test_pos(pos: OpensPos, stage: str) -> None:
    window = pos(STAGES[stage](StagedDesk(is_ho=False)))
    shrink(window)
    for tab in ("Received Data", "Sent Data", "Runs"):
        offscreen.show_tab(window, tab)
        assert not cut(window), tab
    for room in ("Schedule", "Item Master", "Users"):
        offscreen.show_room(window, room)
        assert not cut(window), room


def test_dialogs(launchpad: Opens, pos: OpensPos) -> None:
    window = launchpad(StagedDesk().needing_attention())
    shrink(window)
    offscreen.press(window.data_sync.sync_selective)
    assert window.select_site is not None
    assert not cut(window.select_site)
    window.select_site.reject()
    window.show_attention()
    offscreen.settle(window)
    assert not cut(window.attention_dialog)
    window.attention_dialog.reject()
    store = pos(StagedDesk(is_ho=False).relay_down())
    shrink(store)
    offscreen.press_test_connection(store)
    offscreen.turn(20)
    assert not cut(store.locator)
    store.locator.reject()


def test_large_numbers_in_the_stages_are_not_cut(pos: OpensPos) -> None:
    from dataclasses import replace

    desk = StagedDesk(is_ho=False).running()
    window = pos(desk)
    shrink(window)
    progress = desk.progress(5)
    lines = tuple(
        replace(line, done=1_301_000, total=12_000_000, size=6_400_000_000, is_finished=False)
        for line in progress.stages
    )
    window.exchange.pane.show_progress(replace(progress, stages=lines))
    offscreen.turn(20)
    assert not cut(window.exchange.pane)
