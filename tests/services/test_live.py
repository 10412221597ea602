"""Live mode, with real services and a real Web Database: nobody clicks anything here."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from ginesys_sync.core.schedule import Schedule, ScheduleType
from ginesys_sync.services.planner import LIVE_STATE
from ginesys_sync.services.schedules import set_schedule
from tests.support.retail_chain import HO, S001, RetailChain, wait_until

pytestmark = pytest.mark.long

LIVE = Schedule(ScheduleType.ON_STARTUP, live=True)


@pytest.fixture
def live(settled: RetailChain) -> Iterator[RetailChain]:
    """A settled chain in which head office and S001 are live."""
    set_schedule(settled.home(HO), HO, LIVE)
    set_schedule(settled.home(HO), "*", LIVE)
    settled.settle(S001)
    for site in (HO, S001):
        serve(settled, site)
    for site in (HO, S001):
        wait_until(lambda site=site: state(settled, site) == "on", f"live mode at {site}")
    yield settled


def serve(chain: RetailChain, site: str) -> None:
    chain.child("service", "--home", chain.home(site))
    wait_until(lambda: chain.service_pid(site), f"the service of {site}")


def state(chain: RetailChain, site: str) -> str:
    """`on`, `lost` or `off`; empty when no service has said yet."""
    found = chain.sql(site, f"SELECT value FROM sync_state WHERE name = '{LIVE_STATE}'")
    return str(found[0][0]).partition(" ")[0] if found else ""


def change_price(chain: RetailChain, minor: int) -> None:
    """As a SQL prompt at head office would."""
    chain.sql(HO, f"UPDATE item_price SET price_minor = {minor} WHERE rowid = 1")


def has_price(chain: RetailChain, minor: int) -> bool:
    return bool(chain.sql(S001, f"SELECT 1 FROM item_price WHERE price_minor = {minor}"))


def new_bill(chain: RetailChain, number: str) -> None:
    chain.sql(
        S001,
        f"INSERT INTO bill SELECT store, '{number}', kind, business_day, billed_at, cashier, "
        "customer_id, total_minor FROM bill LIMIT 1",
    )


def has_bill(chain: RetailChain, number: str) -> bool:
    return bool(chain.sql(HO, f"SELECT 1 FROM bill WHERE number = '{number}'"))


def test_a_price_goes_to_the_store_and_a_bill_to_head_office_by_themselves(
    live: RetailChain,
) -> None:
    change_price(live, 77_701)
    wait_until(lambda: has_price(live, 77_701), "the price at the store")
    new_bill(live, "LIVE-1")
    wait_until(lambda: has_bill(live, "LIVE-1"), "the bill at head office")
    wait_until(lambda: acknowledged(live), "every acknowledgement at head office")
    ended = {(run["trigger"], run["outcome"]) for run in live.status(HO, "runs")}
    assert ("live", "done") in ended


def acknowledged(chain: RetailChain) -> bool:
    rows = chain.status(HO, "sent", "--limit", "50")
    return all(row["status"] == "PROCESSED" for row in rows if row["site"] == S001)


def test_what_happens_while_the_web_database_is_away_arrives_when_it_is_back(
    live: RetailChain,
) -> None:
    live.relay.kill()
    wait_until(lambda: state(live, S001) == "lost", "the store to notice")
    change_price(live, 77_702)
    new_bill(live, "LIVE-2")
    live.relay.start()
    wait_until(lambda: has_price(live, 77_702), "the price at the store")
    wait_until(lambda: has_bill(live, "LIVE-2"), "the bill at head office")
    wait_until(lambda: (state(live, HO), state(live, S001)) == ("on", "on"), "live mode again")


def test_a_killed_service_is_followed_by_one_that_finishes_its_work(live: RetailChain) -> None:
    live.kill_service(S001)
    change_price(live, 77_703)
    new_bill(live, "LIVE-3")
    serve(live, S001)
    wait_until(lambda: has_price(live, 77_703), "the price at the store")
    wait_until(lambda: has_bill(live, "LIVE-3"), "the bill at head office")


def test_head_office_switches_live_mode_off_at_the_store_without_a_restart(
    live: RetailChain,
) -> None:
    pid = live.service_pid(S001)
    set_schedule(live.home(HO), S001, Schedule(ScheduleType.ON_STARTUP))
    wait_until(lambda: state(live, S001) == "off", "the store to be off")
    assert (live.service_pid(S001), state(live, HO)) == (pid, "on")


def test_a_service_in_live_mode_ends_at_once_when_told(live: RetailChain) -> None:
    child = next(c for c in live._children if c.pid == live.service_pid(HO))
    child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=5)
    assert (child.returncode, out, err) == (0, "", "")
