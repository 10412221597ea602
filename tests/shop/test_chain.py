"""The made-up chain is realistic, exact and always the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy.engine import Engine

from ginesys_sync.shop.bill_lists import bills, sales_figures
from ginesys_sync.shop.chain import Chain, fill_head_office, fill_store
from ginesys_sync.shop.chain_items import ean13, products
from ginesys_sync.shop.lists import items, promotions, users
from ginesys_sync.shop.masters import next_unassigned_user
from ginesys_sync.shop.schema import metadata

CHAIN = Chain(today=date(2026, 11, 2), stores=3)


def everything(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            table: sorted(
                map(tuple, connection.exec_driver_sql(f"SELECT * FROM {table}")), key=repr
            )
            for table in metadata.tables
        }


def ask(engine: Engine, sql: str) -> object:
    with engine.connect() as connection:
        return connection.exec_driver_sql(sql).scalar_one()


@pytest.fixture
def head_office(engine: Engine) -> Engine:
    fill_head_office(engine, CHAIN)
    return engine


def test_the_same_seed_gives_the_same_chain_and_another_another(
    open_shop: Callable[[str], Engine],
) -> None:
    made = []
    for n, chain in enumerate((CHAIN, CHAIN, replace(CHAIN, seed=2))):
        engine = open_shop(f"ho{n}")
        fill_head_office(engine, chain)
        fill_store(engine, chain, "S001", 20)
        made.append(everything(engine))
    assert made[0] == made[1]
    assert made[0]["item"] != made[2]["item"]
    assert made[0]["bill"] != made[2]["bill"]


def test_every_table_that_head_office_owns_is_filled(head_office: Engine) -> None:
    of_stores = {"bill", "bill_line", "bill_payment", "day_settlement"}
    of_stores |= {"goods_receipt", "goods_receipt_line"}
    empty = {table for table, rows in everything(head_office).items() if not rows}
    assert empty == of_stores
    assert len(everything(head_office)["item"]) == 2_000


def test_names_and_barcodes_are_each_items_own() -> None:
    goods = products(CHAIN)
    assert not [p.name for p in goods if "Series" in p.name]
    assert len({p.name for p in goods}) == len({p.code for p in goods}) == 2_000
    barcodes = [p.barcode for p in goods if p.barcode]
    assert len(set(barcodes)) == len(barcodes) == 1_996
    assert all(ean13(barcode[:12]) == barcode for barcode in barcodes)
    assert ean13("400638133393") == "4006381333931"


def test_money_is_plausible() -> None:
    for p in products(CHAIN):
        assert 50 <= p.price_minor <= p.mrp_minor <= 1_000_000
        assert p.price_minor % 50 == 0


def test_every_item_has_a_price_today_and_some_have_one_to_come(head_office: Engine) -> None:
    page = items(head_office, CHAIN.today, limit=5_000)
    assert page.total == 2_000
    assert all(row.price_minor is not None for row in page.rows)
    to_come = ask(head_office, "SELECT count(*) FROM item_price WHERE effective_from>'2026-11-02'")
    assert isinstance(to_come, int)
    assert 50 < to_come < 200


def test_there_is_somebody_left_to_assign_and_something_allocated(head_office: Engine) -> None:
    assert next_unassigned_user(head_office, "S001") == "HO-N1"
    assert promotions(head_office).total == 12
    assert users(head_office, "manager").total == 3
    allocated = "SELECT count(*) FROM promotion_site"
    assert 12 <= int(str(ask(head_office, allocated))) < 36


def test_a_stores_bills_are_paid_in_full_and_in_the_order_of_their_numbers(engine: Engine) -> None:
    fill_store(engine, CHAIN, "S002", 100)
    rows = bills(engine, limit=200).rows
    assert [row.number for row in rows] == [f"S002-{n:06d}" for n in range(1, 101)]
    assert [row.billed_at for row in rows] == sorted(row.billed_at for row in rows)
    assert rows[-1].business_day == "2026-11-01"
    assert all(1 <= row.lines <= 8 for row in rows)
    (figures,) = sales_figures(engine)
    paid = ask(engine, "SELECT sum(amount_minor) FROM bill_payment")
    assert figures.value_minor == paid == sum(row.total_minor for row in rows)
    assert ask(engine, "SELECT count(*) FROM bill_line WHERE quantity_milli % 1000") != 0


@pytest.mark.parametrize("chain", [replace(CHAIN, items=2), replace(CHAIN, customers=0, stores=1)])
def test_a_very_small_chain_can_be_made(engine: Engine, chain: Chain) -> None:
    fill_head_office(engine, chain)
    fill_store(engine, chain, "S001", 3)
    assert items(engine, chain.today).total == chain.items


def test_a_large_chain_still_has_a_name_for_every_item() -> None:
    names = [p.name for p in products(replace(CHAIN, items=10_000))]
    assert len(set(names)) == 10_000
