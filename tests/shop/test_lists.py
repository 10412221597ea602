"""The read-only lists: searched, paged by key, with totals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy.engine import Engine

from ginesys_sync.shop.bill_lists import bills
from ginesys_sync.shop.chain import Chain, fill_head_office, fill_store
from ginesys_sync.shop.lists import (
    customers,
    items,
    modes_of_payment,
    my_store,
    policies,
    prices,
    promotion_items,
    promotions,
    roles,
    users,
)
from ginesys_sync.shop.masters import NewItem, add_item, close_site
from ginesys_sync.shop.paging import After, Page

TODAY = date(2026, 11, 2)
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
CHAIN = Chain(today=TODAY, items=60, stores=2, customers=30)

LISTS: dict[str, Callable[[Engine, str, int, After], Page[object]]] = {
    "items": lambda e, s, n, a: items(e, TODAY, s, n, a),
    "prices": lambda e, s, n, a: prices(e, s, n, a),
    "users": lambda e, s, n, a: users(e, s, n, a),
    "roles": lambda e, s, n, a: roles(e, s, n, a),
    "promotions": lambda e, s, n, a: promotions(e, s, n, a),
    "promotion items": lambda e, s, n, a: promotion_items(e, "PR0001", n, a),
    "policies": lambda e, s, n, a: policies(e, s, n, a),
    "modes of payment": lambda e, s, n, a: modes_of_payment(e, s, n, a),
    "customers": lambda e, s, n, a: customers(e, s, n, a),
    "bills": lambda e, s, n, a: bills(e, "", s, n, a),
}


@pytest.fixture
def filled(engine: Engine) -> Engine:
    fill_head_office(engine, CHAIN)
    for store in CHAIN.store_codes:
        fill_store(engine, CHAIN, store, 10)
    return engine


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_put_together_are_the_whole_list_once(filled: Engine, name: str, limit: int) -> None:
    whole = LISTS[name](filled, "", 1_000, ())
    assert whole.next_after is None
    assert whole.total == len(whole.rows) > 1
    seen: list[object] = []
    after: After | None = ()
    while after is not None:
        page = LISTS[name](filled, "", limit, after)
        assert page.total == whole.total
        assert len(page.rows) <= limit
        seen += page.rows
        after = page.next_after
    assert seen == list(whole.rows)


@pytest.mark.parametrize("name", [name for name in LISTS if name != "promotion items"])
def test_what_nobody_is_called_finds_nothing(filled: Engine, name: str) -> None:
    page = LISTS[name](filled, "no such thing", 10, ())
    assert page == Page((), 0, None)


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_database_has_empty_lists(engine: Engine, name: str) -> None:
    assert LISTS[name](engine, "", 10, ()) == Page((), 0, None)


def test_a_search_takes_its_signs_literally_and_capitals_as_you_like(engine: Engine) -> None:
    for code, name in (("A1", "100% Wool"), ("A2", "100 Pins"), ("B_1", "Scarf"), ("BX1", "Tie")):
        add_item(engine, NewItem(code, name, 100, barcode=f"890{code}"), at=NOW)
    found = {
        text: [row.code for row in items(engine, TODAY, text).rows]
        for text in ("100%", "wOOl", "B_", "890a2", "  ", "Kitchen")
    }
    assert found == {
        "100%": ["A1"],
        "wOOl": ["A1"],
        "B_": ["B_1"],
        "890a2": ["A2"],
        "  ": ["A1", "A2", "BX1", "B_1"],
        "Kitchen": [],
    }


def test_my_store_is_there_once_it_has_arrived(filled: Engine) -> None:
    assert my_store(filled, "S009") is None
    close_site(filled, "S002", at=NOW)
    mine, other = my_store(filled, "S001"), my_store(filled, "S002")
    assert mine is not None
    assert other is not None
    assert (mine.name, mine.currency, mine.is_open) == ("Pune Central", "INR", True)
    assert other.is_open is False


def test_flags_come_as_truth_and_not_as_numbers(filled: Engine) -> None:
    assert {row.is_active for row in items(filled, TODAY, limit=1_000).rows} <= {True, False}
    assert all(row.is_active is True for row in users(filled).rows)
    assert all(row.is_active is True for row in promotions(filled).rows)
    assert all(row.is_active is True for row in modes_of_payment(filled).rows)


def test_master_and_site_policies_stand_together(filled: Engine) -> None:
    days = [(p.site_code, p.code) for p in policies(filled, "RETURN_DAYS").rows]
    assert days == [("", "RETURN_DAYS"), ("S001", "RETURN_DAYS"), ("S002", "RETURN_DAYS")]


def test_bills_can_be_those_of_one_store(filled: Engine) -> None:
    assert bills(filled).total == 20
    page = bills(filled, "S002", limit=4)
    assert page.total == 10
    assert {row.store for row in page.rows} == {"S002"}
    assert page.next_after == ("S002", "S002-000004")
    assert bills(filled, search="S002-00001").total == 1
