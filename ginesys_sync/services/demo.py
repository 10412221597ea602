"""The `Demo` menu: ordinary shop work on the built-in tables, so that there is something to
sync."""

from __future__ import annotations

import random
from collections.abc import Callable

from ginesys_sync.core.clock import SystemClock
from ginesys_sync.core.errors import UnknownSite
from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.services.control import money
from ginesys_sync.shop import masters, prices, selling
from ginesys_sync.store.database import Database, database_faults

FIRST_STORE = "S001"
_PRICES = 10
_BILLS = 5


def _change_prices(database: Database, site: str) -> str:
    del site
    now = SystemClock().now()
    changed = prices.change_prices(
        database.engine, _PRICES, on=now.date(), at=now, rng=random.Random()
    )
    return f"{len(changed):,} prices changed. Press Sync Selective or Sync All to send them."


def _assign_user(database: Database, site: str) -> str:
    del site
    user = masters.next_unassigned_user(database.engine, FIRST_STORE)
    if user is None:
        return f"Every user is assigned to {FIRST_STORE} already."
    masters.assign_user(database.engine, user, FIRST_STORE)
    return f"User {user} is now assigned to {FIRST_STORE}. Sync to send the assignment."


def _make_bills(database: Database, site: str) -> str:
    made = selling.make_bills(
        database.engine, site, _BILLS, at=SystemClock().now(), cashier="demo", rng=random.Random()
    )
    return f"{len(made):,} bills made, the last is {made[-1].number}. Press Sync to send them."


_AT_HEAD_OFFICE: dict[str, Callable[[Database, str], str]] = {
    "Change ten prices": _change_prices,
    f"Assign a user to {FIRST_STORE}": _assign_user,
}
_AT_A_STORE: dict[str, Callable[[Database, str], str]] = {"Make five bills": _make_bills}


def sell_one(database: Database, site: str) -> str:
    """One bill at the till. Returns what was sold in a sentence."""
    with database_faults():
        bill = selling.make_bills(
            database.engine, site, 1, at=SystemClock().now(), cashier="demo", rng=random.Random()
        )[0]
    return f"Bill {bill.number} over {money(bill.total_minor)} was made at {site}."


def _actions(site: str) -> dict[str, Callable[[Database, str], str]]:
    return _AT_HEAD_OFFICE if site == HEAD_OFFICE else _AT_A_STORE


def demo_actions(site: str) -> tuple[str, ...]:
    """What the menu offers at this site."""
    return tuple(_actions(site))


def demo_act(database: Database, site: str, name: str) -> str:
    """Do one of them. Returns a sentence that says what was done and what to press next."""
    action = _actions(site).get(name)
    if action is None:
        raise UnknownSite(f"The demo cannot do {name!r} here.", "Choose an entry of the Demo menu.")
    with database_faults():
        return action(database, site)
