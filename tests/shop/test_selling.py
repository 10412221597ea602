"""Bills, returns and settlements as a till writes them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from random import Random

import pytest
from sqlalchemy.engine import Engine

from ginesys_sync.shop.bill_lists import bill_lines, bill_payments, bills, sales_figures
from ginesys_sync.shop.errors import NotPossible
from ginesys_sync.shop.masters import NewItem, add_item
from ginesys_sync.shop.prices import set_price
from ginesys_sync.shop.selling import (
    Paid,
    Sold,
    make_bill,
    make_bills,
    make_return,
    settle_day,
)

NOW = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)
MUG = Sold("P1", "Mug", 2000, 19900)
TEA = Sold("P2", "Loose tea", 335, 4990)


def sell(engine: Engine, store: str = "S001", *lines: Sold) -> str:
    return make_bill(engine, store, lines or (MUG,), at=NOW, cashier="U1").number


def test_bills_are_numbered_within_their_store(engine: Engine) -> None:
    assert [sell(engine), sell(engine), sell(engine, "S002"), sell(engine)] == [
        "S001-000001",
        "S001-000002",
        "S002-000001",
        "S001-000003",
    ]


def test_numbers_go_on_after_the_last_one_of_six_digits(engine: Engine) -> None:
    with engine.begin() as connection:
        for tail in ("999999", "X", "5A", "Z9"):
            connection.exec_driver_sql(
                "INSERT INTO bill VALUES ('S001', ?, 'sale', 'd', 't', 'U1', NULL, 0)",
                (f"S001-{tail}",),
            )
    assert [sell(engine), sell(engine)] == ["S001-1000000", "S001-1000001"]


def test_two_tills_of_one_store_never_get_the_same_number(
    open_shop: Callable[[str], Engine],
) -> None:
    made: list[str] = []

    def till() -> None:
        engine = open_shop("shared")
        made.extend(sell(engine) for _ in range(25))

    open_shop("shared")
    tills = [threading.Thread(target=till) for _ in range(3)]
    for thread in tills:
        thread.start()
    for thread in tills:
        thread.join()
    assert sorted(made) == [f"S001-{n:06d}" for n in range(1, 76)]


def test_a_bill_joins_the_transaction_of_its_caller(engine: Engine) -> None:
    with engine.connect() as connection:
        make_bill(connection, "S001", [MUG], at=NOW, cashier="U1")
        connection.rollback()
    assert bills(engine).total == 0


def test_a_weighed_line_is_rounded_once_and_the_bill_is_the_sum_of_its_lines(
    engine: Engine,
) -> None:
    number = sell(engine, "S001", MUG, TEA)
    amounts = [line.amount_minor for line in bill_lines(engine, "S001", number)]
    assert amounts == [39800, 1672]  # 0.335 × 49.90 = 16.7165
    assert bills(engine).rows[0].total_minor == sum(amounts)
    assert [p.amount_minor for p in bill_payments(engine, "S001", number)] == [sum(amounts)]
    (figures,) = sales_figures(engine)
    assert (figures.bills, figures.lines, figures.value_minor) == (1, 2, sum(amounts))


def test_a_bill_without_lines_or_not_paid_is_refused_and_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(NotPossible):
        make_bill(engine, "S001", [], at=NOW, cashier="U1")
    with pytest.raises(NotPossible):
        make_bill(engine, "S001", [MUG], at=NOW, cashier="U1", payments=[Paid("CARD", 1)])
    assert bills(engine).total == 0


def test_a_return_negates_lines_and_payments(engine: Engine) -> None:
    payments = (Paid("CASH", 30000), Paid("CARD", 11472))
    sold = make_bill(engine, "S001", [MUG, TEA], at=NOW, cashier="U1", payments=payments)
    back = make_return(engine, "S001", sold.number, at=NOW, cashier="U2")
    assert (back.number, back.total_minor) == ("S001-000002", -sold.total_minor)
    assert [p.amount_minor for p in bill_payments(engine, "S001", back.number)] == [-30000, -11472]
    (figures,) = sales_figures(engine)
    assert (figures.bills, figures.lines, figures.value_minor) == (2, 4, 0)


@pytest.mark.parametrize("number", ["S001-000009", "S001-000002"])
def test_only_a_sale_of_this_store_can_be_taken_back(engine: Engine, number: str) -> None:
    make_return(engine, "S001", sell(engine), at=NOW, cashier="U1")
    with pytest.raises(NotPossible, match="no sale"):
        make_return(engine, "S001", number, at=NOW, cashier="U1")


def test_a_day_is_settled_once_with_its_bills_and_its_cash(engine: Engine) -> None:
    paid = (Paid("CASH", 30000), Paid("CARD", 9800))
    make_bill(engine, "S001", [MUG], at=NOW, cashier="U1", payments=paid)
    sell(engine, "S002")
    settle_day(engine, "S001", "2026-11-02", counted_minor=29900, at=NOW, closed_by="U1")
    settle_day(engine, "S001", "2026-11-03", counted_minor=0, at=NOW, closed_by="U1")
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM day_settlement ORDER BY 1, 2").all()
    closed = ("2026-11-02T18:30:00.000Z", "U1")
    assert [tuple(row) for row in rows] == [
        ("S001", "2026-11-02", 1, 39800, 30000, 29900, *closed),
        ("S001", "2026-11-03", 0, 0, 0, 0, *closed),
    ]
    with pytest.raises(NotPossible, match="settled already"):
        settle_day(engine, "S001", "2026-11-02", counted_minor=0, at=NOW, closed_by="U1")


def test_random_bills_sell_at_the_price_in_force(engine: Engine) -> None:
    with pytest.raises(NotPossible, match="no items"):
        make_bills(engine, "S001", 1, at=NOW, cashier="U1", rng=Random(1))
    add_item(engine, NewItem("P1", "Mug", 20000), at=NOW)
    set_price(engine, "P1", date(2026, 1, 1), 18000, at=NOW)
    set_price(engine, "P1", date(2026, 12, 1), 15000, at=NOW)
    made = make_bills(engine, "S001", 5, at=NOW, cashier="U1", rng=Random(1))
    assert len({bill.number for bill in made}) == 5
    assert {line.price_minor for b in made for line in bill_lines(engine, "S001", b.number)} == {
        18000
    }
