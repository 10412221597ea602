"""Goods issued to a store and received there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

from ginesys_sync.shop.errors import NotPossible
from ginesys_sync.shop.masters import NewItem, add_item
from ginesys_sync.shop.stock import Goods, issue_goods, receive_goods

NOW = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)


@pytest.fixture
def chain(engine: Engine) -> Engine:
    add_item(engine, NewItem("P1", "Mug", 19900), at=NOW)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO site VALUES ('S001', 'Pune', 'Pune', 'India', 'INR', 'd', 1, 't')"
        )
    return engine


def test_what_was_issued_is_received_without_typing_it_again(chain: Engine) -> None:
    issued = issue_goods(chain, "S001", [Goods("P1", 12000, 9000), Goods("P1", 500)], at=NOW)
    received = receive_goods(chain, "S001", at=NOW, received_by="U1", issue_number=issued)
    assert (issued, received) == ("GI-000001", "S001-G000001")
    with chain.connect() as connection:
        lines = connection.exec_driver_sql("SELECT * FROM goods_receipt_line ORDER BY line").all()
    assert [tuple(line) for line in lines] == [
        ("S001", received, 1, "P1", 12000),
        ("S001", received, 2, "P1", 500),
    ]


def test_a_receipt_may_name_items_this_store_does_not_know(engine: Engine) -> None:
    number = receive_goods(engine, "S001", [Goods("new", 1000)], at=NOW, received_by="U1")
    assert number == "S001-G000001"


def test_documents_without_goods_are_refused(chain: Engine) -> None:
    with pytest.raises(NotPossible):
        issue_goods(chain, "S001", [], at=NOW)
    with pytest.raises(NotPossible):
        receive_goods(chain, "S001", at=NOW, received_by="U1", issue_number="GI-000009")


def test_goods_go_only_to_sites_and_of_items_that_exist(chain: Engine) -> None:
    for site, item in (("S009", "P1"), ("S001", "P9")):
        with pytest.raises(IntegrityError):
            issue_goods(chain, site, [Goods(item, 1000)], at=NOW)
    with chain.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM goods_issue").scalar_one() == 0
