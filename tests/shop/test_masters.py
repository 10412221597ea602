"""Head office's writes to its masters."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy.engine import Engine

from ginesys_sync.shop.errors import NotPossible
from ginesys_sync.shop.masters import (
    Customer,
    NewItem,
    add_item,
    assign_user,
    close_site,
    edit_customer,
    get_customer,
    next_unassigned_user,
    unassign_user,
)

NOW = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)


@pytest.fixture
def chain(engine: Engine) -> Engine:
    with engine.begin() as connection:
        for code in ("S001", "S002"):
            connection.exec_driver_sql(
                f"INSERT INTO site VALUES ('{code}', 'Pune', 'Pune', 'India', 'INR', 'd', 1, 't')"
            )
        connection.exec_driver_sql("INSERT INTO role VALUES ('CASHIER', 'Cashier', 'bill', 't')")
        for code in ("U1", "U2"):
            connection.exec_driver_sql(
                f"INSERT INTO app_user VALUES ('{code}', 'Asha', 'CASHIER', 1, 't')"
            )
    return engine


def everything(engine: Engine, table: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table}")]


def test_an_item_is_added_once(engine: Engine) -> None:
    add_item(engine, NewItem("P1", "Mug", 19900, barcode="8900000000017"), at=NOW)
    with pytest.raises(NotPossible, match="already"):
        add_item(engine, NewItem("P1", "Cup", 9900), at=NOW)
    ((*_, mrp, active, changed),) = everything(engine, "item")
    assert (mrp, active, changed) == (19900, 1, "2026-11-02T18:30:00.000Z")


def test_a_user_is_assigned_once_and_taken_off_once(chain: Engine) -> None:
    assert next_unassigned_user(chain, "S001") == "U1"
    assert [assign_user(chain, "U1", "S001"), assign_user(chain, "U1", "S001")] == [True, False]
    assert next_unassigned_user(chain, "S001") == "U2"
    assert next_unassigned_user(chain, "S002") == "U1"
    assert [unassign_user(chain, "U1", "S001"), unassign_user(chain, "U1", "S001")] == [True, False]
    assert everything(chain, "user_site") == []


@pytest.mark.parametrize(("user", "site"), [("U9", "S001"), ("U1", "S009")])
def test_an_unknown_user_or_site_is_named_in_the_refusal(
    chain: Engine, user: str, site: str
) -> None:
    with pytest.raises(NotPossible, match=r"[US]\d*9"):
        assign_user(chain, user, site)


def test_an_edited_customer_carries_the_time_of_the_edit(engine: Engine) -> None:
    with pytest.raises(NotPossible):
        get_customer(engine, "C1")
    edit_customer(engine, Customer("C1", "Asha"), at=datetime(2026, 1, 1, tzinfo=UTC))
    edit_customer(engine, Customer("C1", "Asha Rao", phone="98"), at=NOW)
    assert get_customer(engine, "C1") == Customer("C1", "Asha Rao", phone="98")
    ((*_, changed_at),) = everything(engine, "customer")
    assert changed_at == "2026-11-02T18:30:00.000Z"


def test_a_closed_site_stays_listed(chain: Engine) -> None:
    close_site(chain, "S002", at=NOW)
    assert [(row[0], row[6]) for row in everything(chain, "site")] == [("S001", 1), ("S002", 0)]
    with pytest.raises(NotPossible, match="S009"):
        close_site(chain, "S009", at=NOW)
