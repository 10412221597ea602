"""The price in force, new prices and changed ones."""

from __future__ import annotations

from datetime import UTC, date, datetime
from random import Random

import pytest
from sqlalchemy.engine import Engine

from ginesys_sync.shop.errors import NotPossible
from ginesys_sync.shop.lists import item_prices, items
from ginesys_sync.shop.masters import NewItem, add_item
from ginesys_sync.shop.prices import change_prices, prices_in_force, set_price

NOW = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def shelf(engine: Engine) -> Engine:
    for n in range(1, 6):
        add_item(engine, NewItem(f"P{n}", f"Mug {n}", 20000), at=NOW)
        if n < 5:
            set_price(engine, f"P{n}", date(2026, 1, n), 1000 * n, at=NOW)
    set_price(engine, "P1", date(2026, 6, 1), 1500, at=NOW)
    set_price(engine, "P1", date(2027, 1, 1), 1700, at=NOW)
    return engine


def test_the_latest_price_that_has_begun_is_in_force(shelf: Engine) -> None:
    def price_of_p1(on: date) -> int | None:
        return items(shelf, on, "P1").rows[0].price_minor

    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 5, 31), date(2026, 6, 1)]
    assert [price_of_p1(day) for day in days] == [None, 1000, 1000, 1500]
    assert price_of_p1(date(2027, 1, 1)) == 1700
    assert {p.item_code: p.price_minor for p in prices_in_force(shelf, TODAY)} == {
        "P1": 1500,
        "P2": 2000,
        "P3": 3000,
        "P4": 4000,
    }


def test_setting_a_price_of_the_same_day_again_corrects_it(shelf: Engine) -> None:
    set_price(shelf, "P1", date(2026, 6, 1), 1600, at=NOW)
    assert [(p.effective_from, p.price_minor) for p in item_prices(shelf, "P1")] == [
        ("2027-01-01", 1700),
        ("2026-06-01", 1600),
        ("2026-01-01", 1000),
    ]
    with pytest.raises(NotPossible, match="P9"):
        set_price(shelf, "P9", TODAY, 1, at=NOW)


def test_changing_prices_changes_exactly_those_it_names_and_each_of_them(shelf: Engine) -> None:
    before = {p.item_code: p for p in prices_in_force(shelf, TODAY)}
    changes = change_prices(shelf, 3, on=TODAY, at=NOW, rng=Random(7))
    after = {p.item_code: p for p in prices_in_force(shelf, TODAY)}
    assert len(changes) == 3
    for change in changes:
        assert change.old_minor == before[change.item_code].price_minor != change.new_minor
        assert change.new_minor == after[change.item_code].price_minor
    named = {change.item_code for change in changes}
    assert {c for c in before if before[c] != after[c]} == named


def test_asking_for_more_changes_than_there_are_prices_changes_all(shelf: Engine) -> None:
    assert len(change_prices(shelf, 99, on=TODAY, at=NOW, rng=Random(7))) == 4
