"""Whatever is edited where, in whatever order the runs come, stop and lose answers: after quiet all
is where it should be.
"""

import sqlite3
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ginesys_sync.engine.bodies import BodyWork
from ginesys_sync.engine.webdb import WebDatabase
from ginesys_sync.store import ledger
from ginesys_sync.store.applying import BodyApplier
from ginesys_sync.store.claiming import ClaimWriter
from ginesys_sync.wire import routes
from tests.support.chain_floor import HO, S001, S002, ChainFloor

SITES = (HO, S001, S002)
PLACES = (
    (ClaimWriter, "commit"),
    (ClaimWriter, "_number"),
    (WebDatabase, "post_batches"),
    (WebDatabase, "acks"),
    (WebDatabase, "mail"),
    (BodyWork, "_write_once"),
    (BodyApplier, "upsert"),
    (BodyApplier, "bury"),
    (ledger, "move_cursor"),
    (ledger, "note_uploaded"),
)

few = st.integers(0, 4)
moments = st.integers(1, 3)


class PowerCut(BaseException):
    """What ends a run here."""


def _head_office_edits(n: int, m: int, at: int) -> list[str]:
    site = ("S001", "S002", "S999")[m % 3]
    return [
        f"INSERT OR REPLACE INTO item VALUES ('I{n}', 'name {m}', NULL)",
        f"INSERT INTO item VALUES ('D{n}', 'goes again', 'B{m}')",
        f"UPDATE item SET barcode = 'B{m}' WHERE code = 'I{n}'",
        f"UPDATE OR REPLACE item SET barcode = 'B{m}' WHERE code = 'D{n}'",
        f"DELETE FROM item WHERE code = 'D{n}'",
        f"INSERT OR REPLACE INTO price SELECT code, '2026-0{n + 1}-01', {m} FROM item LIMIT {m}",
        f"DELETE FROM price WHERE minor = {m}",
        f"INSERT OR REPLACE INTO notice VALUES ('N{n}', '{site}', 'words {m}')",
        f"DELETE FROM notice WHERE code = 'N{n}'",
        f"INSERT OR IGNORE INTO promotion VALUES ('P{n}', 'name {m}')",
        f"INSERT OR IGNORE INTO promotion_site VALUES ('P{n}', '{site}')",
        f"DELETE FROM promotion_site WHERE promotion_code = 'P{n}' AND site_code = '{site}'",
        f"INSERT OR IGNORE INTO promotion_item VALUES ('P{n}', 'I{m}', {at})",
        f"DELETE FROM promotion_item WHERE promotion_code = 'P{n}'",
        f"DELETE FROM promotion WHERE code = 'P{n}'",
        f"INSERT OR REPLACE INTO policy VALUES ('R{n}', 'value {m}')",
        f"INSERT OR IGNORE INTO policy_group VALUES ('R{n}', 'G{m % 2}')",
        f"INSERT OR IGNORE INTO site_group_member VALUES ('G{n % 2}', '{site}')",
        f"DELETE FROM site_group_member WHERE group_code = 'G{n % 2}' AND site_code = '{site}'",
        f"INSERT OR REPLACE INTO odd VALUES ({n}, '{m}', x'0{at}')",
        f"UPDATE odd SET code = {m} WHERE code = {n}",
        *_customer_edits(n, m, at, HO),
    ]


def _customer_edits(n: int, m: int, at: int, site: str) -> list[str]:
    return [
        f"INSERT OR REPLACE INTO customer VALUES ('C{n}', '{site} {m}', '', '2026-01-0{at}')",
        f"UPDATE customer SET name = '{site} {m}', changed_at = '2026-01-0{at}' WHERE id = 'C{n}'",
        f"DELETE FROM customer WHERE id = 'C{n}'",
    ]


def _store_edits(n: int, m: int, at: int, site: str) -> list[str]:
    return [
        f"INSERT INTO bill VALUES ('{site}', {n}, {m}, 'C{m}')",
        f"INSERT INTO bill_line SELECT '{site}', {n}, {m}, code, {at} FROM item "
        "WHERE code LIKE 'I%' LIMIT 1",
        f"UPDATE bill_line SET amount = {m} WHERE number = {n}",
        f"UPDATE bill_line SET number = {m} WHERE number = {n}",
        f"DELETE FROM bill_line WHERE line = {m}",
        f"DELETE FROM bill WHERE number = {n}",
        *_customer_edits(n, m, at, site),
    ]


def _edit(floor: ChainFloor, site: str, pick: int, n: int, m: int, at: int) -> None:
    edits = _head_office_edits(n, m, at) if site == HO else _store_edits(n, m, at, site)
    with suppress(sqlite3.IntegrityError):
        floor.sql(site, edits[pick % len(edits)])


def _run_that_is_cut(
    floor: ChainFloor, site: str, place: int, nth: int, choose: Callable[[int], int]
) -> None:
    holder, name = PLACES[place % len(PLACES)]
    honest = getattr(holder, name)
    left = [nth]

    def cut(*facts: object, **more: object) -> object:
        left[0] -= 1
        if left[0] == 0:
            raise PowerCut
        return honest(*facts, **more)

    with pytest.MonkeyPatch.context() as patch, suppress(PowerCut):
        patch.setattr(holder, name, cut)
        floor.sync(site, choose=choose)


@pytest.mark.long
@settings(
    max_examples=6,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_after_quiet_everything_is_equal_whatever_happened(
    floor: ChainFloor, data: st.DataObject
) -> None:
    order = data.draw(st.lists(few, min_size=5, max_size=20), label="order of stages")
    turns = iter(order * 10_000)

    def choose(count: int) -> int:
        return next(turns) % count

    for _ in range(data.draw(st.integers(4, 8), label="rounds")):
        edits = st.tuples(st.sampled_from(SITES), st.integers(0, 40), few, few, moments)
        for site, pick, n, m, at in data.draw(st.lists(edits, min_size=1, max_size=12)):
            _edit(floor, site, pick, n, m, at)
        site = data.draw(st.sampled_from(SITES), label="site")
        weather = data.draw(st.sampled_from(["fair", "fair", "lost", "cut"]), label="weather")
        if weather == "lost":
            paths = (routes.OPEN, routes.BATCHES, routes.MAIL, routes.ACKS)
            with floor.losing(data.draw(st.sampled_from(paths))):
                floor.sync(site, choose=choose)
        elif weather == "cut":
            _run_that_is_cut(floor, site, data.draw(few) * 2, data.draw(moments), choose)
        else:
            floor.sync(site, *data.draw(st.sampled_from([(), (S001,)])) if site == HO else ())
    floor.settle()
    assert [floor.parked(site) for site in SITES] == [[], [], []]
    floor.assert_equal()
    for site in SITES:
        assert floor.scalar(site, "SELECT count(*) FROM sync_change") == 0
        assert floor.scalar(site, "SELECT count(*) FROM sync_hush") == 0


@settings(max_examples=5, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(first=st.lists(few, min_size=3, max_size=9), second=st.lists(few, min_size=3, max_size=9))
def test_the_order_in_which_stages_take_turns_changes_nothing(
    floor: ChainFloor, first: list[int], second: list[int]
) -> None:
    floor.sql(HO, "DELETE FROM price", "DELETE FROM item")
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
    floor.sql(
        HO,
        f"{numbers} INSERT INTO item SELECT 'I' || i, 'x', NULL FROM n",
        f"{numbers} INSERT INTO price SELECT 'I' || i, '2026-01-01', i FROM n",
    )
    for site, turns in ((HO, iter(first * 10_000)), (S001, iter(second * 10_000))):
        floor.done(site, choose=lambda count, turns=turns: next(turns) % count)
    floor.assert_equal([S001])
