"""The store's one line is true at each step of its bills' way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ginesys_sync.core.clock import iso
from ginesys_sync.core.schedule import Schedule
from ginesys_sync.services.first_look import first_look
from ginesys_sync.services.pos_line import NextSync, next_sync, pos_line
from ginesys_sync.services.schedules import schedule_text, set_schedule
from ginesys_sync.store.glance import OwnRecords
from tests.support.retail_chain import HO, S001, RetailChain

NOW = datetime(2026, 11, 22, 10, 33, tzinfo=UTC)
BILLS = OwnRecords("bill", "bills", "sales")
SLIPS = OwnRecords("goods receipt", "goods receipts", "stock")
AT_10_45 = NextSync(datetime(2026, 11, 22, 10, 45, tzinfo=UTC))


def before(**ago: float) -> str:
    return iso(NOW - timedelta(**ago))


def some(
    kind: OwnRecords, unsent: int = 0, unprocessed: int = 0, since: str | None = None
) -> OwnRecords:
    return OwnRecords(kind.one, kind.many, kind.channel, unsent, unprocessed, since)


@pytest.mark.parametrize(
    ("own", "since", "coming", "line"),
    [
        ((SLIPS, BILLS), None, NextSync(), "All bills are at head office."),
        ((BILLS,), None, AT_10_45, "All bills are at head office. Next sync 10:45."),
        (
            (SLIPS, some(BILLS, 7)),
            before(minutes=12),
            AT_10_45,
            "7 bills waiting, oldest 12 min, next sync 10:45.",
        ),
        (
            (some(SLIPS, 1), some(BILLS, 1)),
            before(hours=3),
            NextSync(),
            "1 bill and 1 goods receipt waiting, oldest 3 h.",
        ),
        (
            (some(BILLS, 2, 0, before(days=3)),),
            before(minutes=1),
            NextSync(is_live=True),
            "2 bills waiting, oldest 3 days, sent within seconds while online.",
        ),
        (
            (some(BILLS, 0, 2, before(minutes=5)),),
            None,
            AT_10_45,
            "2 bills are at the Web Database, waiting for head office, oldest 5 min.",
        ),
        ((), None, NextSync(), "Everything here is at head office."),
    ],
)
def test_the_line_says_what_waits_since_when_and_when_it_goes(
    own: tuple[OwnRecords, ...], since: str | None, coming: NextSync, line: str
) -> None:
    assert pos_line(own, since, coming, NOW) == line


def test_the_next_sync_is_told_in_the_stores_own_time_and_only_when_one_is_planned() -> None:
    coming = next_sync(schedule_text(Schedule()), HO, "Asia/Kolkata", NOW)
    assert coming.at is not None
    assert f"{coming.at:%H:%M}" == "16:15"
    assert next_sync("", S001, "", NOW) == NextSync()
    assert next_sync("{damaged", S001, "", NOW) == NextSync()


def line_at(chain: RetailChain) -> str:
    found = first_look(chain.home(S001))
    assert found is not None
    return found.headline


def test_a_bill_is_waiting_then_at_the_web_database_then_at_head_office(
    settled: RetailChain,
) -> None:
    settled.settle(S001)
    assert line_at(settled).startswith("All bills are at head office. Last sync ")
    settled.sql(
        S001,
        "INSERT INTO bill SELECT store, 'LINE-1', kind, business_day, billed_at, cashier, "
        "customer_id, total_minor FROM bill LIMIT 1",
    )
    assert line_at(settled).startswith("1 bill waiting")
    settled.done(S001)
    assert line_at(settled).startswith(
        "1 bill is at the Web Database, waiting for head office, since just now."
    )
    settled.done(HO)
    settled.done(S001)
    assert line_at(settled).startswith("All bills are at head office.")


def test_a_schedule_from_head_office_stands_in_the_line(settled: RetailChain) -> None:
    set_schedule(settled.home(HO), "*", Schedule())
    settled.settle(S001)
    assert "All bills are at head office. Next sync " in line_at(settled)
