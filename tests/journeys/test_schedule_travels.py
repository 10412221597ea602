"""A schedule set in Launchpad, with real desks and a real Web Database: it travels, the store shows
it, the store's service keeps to it, and what ran is in the run lists."""

from __future__ import annotations

from PySide6.QtTest import QTest

from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.schedule_page import SchedulePage
from ginesys_sync.ui.launchpad.settings_page import SettingsPage
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.pos.schedule_page import StoreSchedulePage
from ginesys_sync.ui.pos.window import PosWindow
from ginesys_sync.ui.widgets.run_list import RunListPage
from ginesys_sync.ui.widgets.sync_window import SyncWindow
from tests.journeys.conftest import Windows
from tests.support.retail_chain import HO, S001, RetailChain


def schedules(office: LaunchpadWindow) -> SchedulePage:
    settings = offscreen.show_tab(office, "Application Settings")
    assert isinstance(settings, SettingsPage)
    return settings.schedule


def at_the_store(store: PosWindow) -> StoreSchedulePage:
    offscreen.show_room(store, "Schedule")
    assert isinstance(store.schedule, StoreSchedulePage)
    return store.schedule


def newest_run(window: SyncWindow) -> dict[str, str]:
    page = offscreen.show_tab(window, "Runs")
    assert isinstance(page, RunListPage)
    return offscreen.rows(page.table)[0]


def set_for_all_stores(office: LaunchpadWindow) -> None:
    """Begin with the proposal, without live mode."""
    page = schedules(office)
    offscreen.press(page.master.proposal)
    assert page.configuration is not None
    offscreen.press(page.configuration.form.live)
    offscreen.press(page.configuration.ok)
    offscreen.until(page.said.isVisible, what="the saved schedule")
    assert page.said_text.text() == "Saved. The next sync takes it to the stores."


def set_for_one_store(office: LaunchpadWindow, site: str, at: str) -> None:
    """Add a store that syncs once a day."""
    page = schedules(office)
    offscreen.press(page.sites.add)
    assert page.picker is not None
    QTest.keyClicks(page.picker.search, site)
    offscreen.press(page.picker.ok)
    assert page.configuration is not None
    offscreen.press(page.configuration.form.is_at)
    page.configuration.form.at.setText(at)
    offscreen.press(page.configuration.ok)
    offscreen.until(lambda: [row.whose for row in page.sites.model.rows] == [site])


def sync_both(office: LaunchpadWindow, store: PosWindow) -> None:
    offscreen.press_sync_all(office)
    offscreen.wait_for_end(office)
    offscreen.press_sync(store)
    offscreen.wait_for_end(store)


def test_what_head_office_sets_for_all_stores_and_for_one_is_what_the_store_shows(
    settled: RetailChain, windows: Windows
) -> None:
    office, store = windows.launchpad(settled), windows.pos(settled, S001)
    assert at_the_store(store).faces.face == "empty"

    set_for_all_stores(office)
    assert at_the_store(store).faces.face == "empty", "it has not come yet"
    sync_both(office, store)
    shown = at_the_store(store)
    assert shown.faces.face == "normal"
    words = shown.facts.words.text()
    assert words.startswith("Every day, every 15 minutes from 09:00 to 21:00, from ")
    assert shown.facts.facts["Comes from"].text() == "Master Policy, for all stores"
    assert len(shown.facts.facts["Next five runs"].text().splitlines()) == 5
    assert shown.facts.live_pill.text() == "Live mode off"
    assert not shown.facts.unserved.isVisible(), "the window's own service keeps to it"

    set_for_one_store(office, S001, "06:30")
    sync_both(office, store)
    shown = at_the_store(store)
    offscreen.until(lambda: " at 06:30, from " in shown.facts.words.text())
    assert shown.facts.facts["Comes from"].text() == "Site Policy, for this store only"

    for window in (office, store):
        newest = newest_run(window)
        assert newest["Trigger"].endswith(" (window)") and newest["Outcome"] == "Done"
    noted = settled.sql(HO, "SELECT what FROM sync_audit WHERE action = 'set schedule'")
    assert [what.partition(":")[0] for (what,) in noted] == ["all stores", S001]


def has_started(chain: RetailChain) -> bool:
    """Whether head office's service has done what its start asked for: On Startup, or live mode,
    which begins at the same time and may be quicker to ask for the same run."""
    return {state for (state,) in chain.sql(HO, "SELECT state FROM sync_request")} == {"ended"}


def test_head_offices_own_live_schedule_takes_effect_at_once(
    settled: RetailChain, windows: Windows
) -> None:
    office = windows.launchpad(settled)
    page = schedules(office)
    offscreen.press(page.own.proposal)
    assert page.configuration is not None
    offscreen.press(page.configuration.form.type.buttons["On Startup"])
    offscreen.press(page.configuration.ok)
    pill = page.own.facts.live_pill
    offscreen.until(lambda: pill.text() == "Live mode on", what="live mode")
    # The run of On Startup would take the price as well, if it had not begun yet.
    offscreen.until(lambda: has_started(settled), what="the run of On Startup")
    settled.sql(HO, "UPDATE item_price SET price_minor = 4712 WHERE rowid = 1")
    runs = offscreen.show_tab(office, "Runs")
    assert isinstance(runs, RunListPage)

    def is_listed() -> bool:
        rows = offscreen.rows(runs.table)
        return ("Live mode", "1") in {(row["Trigger"], row["Sent"]) for row in rows}

    offscreen.until(is_listed, what="the live sync in the list")
