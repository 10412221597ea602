"""Before much is deleted at others the sync asks, with numbers; everything else goes on."""

import json
from contextlib import closing

import pytest

from ginesys_sync.cli.main import main
from ginesys_sync.core.errors import KnownError, NotPossible
from ginesys_sync.core.status import Outcome
from ginesys_sync.engine.catching import is_too_much
from ginesys_sync.services.board_views import Level
from ginesys_sync.services.home_desk import HomeDesk
from ginesys_sync.services.plans import change_plan
from ginesys_sync.services.questions import answer, questions
from ginesys_sync.services.status import status_rows
from ginesys_sync.services.sweeps import answer_for
from ginesys_sync.store.glance import read_glance
from tests.support.chain_floor import HO, S001, S002, ChainFloor, floor_plan

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)"
ITEMS = f"{NUMBERS} INSERT INTO item SELECT 'I' || i, 'Item ' || i, 'B' || i FROM n"
BILLS = f"{NUMBERS} INSERT INTO bill SELECT 'S001', i, i, NULL FROM n"
NOTICES = (
    f"{NUMBERS} INSERT INTO notice SELECT 'N' || i, CASE WHEN i <= 30 THEN 'S001' ELSE 'S002' END, "
    "'words' FROM n"
)


def _with_items(floor: ChainFloor) -> None:
    floor.sql(HO, ITEMS)
    floor.settle(rounds=1)


@pytest.mark.parametrize(
    ("gone", "total", "asks"),
    [
        (19, 30, False),
        (20, 200, False),
        (21, 200, True),
        (60, 60, True),
        (5, 5, True),
        (4, 4, False),
        (0, 0, False),
        (1000, 1_000_000, False),
    ],
)
def test_more_than_a_tenth_or_all_there_is_are_asked_about(
    gone: int, total: int, asks: bool
) -> None:
    assert is_too_much(gone, total) is asks


def test_a_table_emptied_by_mistake_at_head_office_empties_no_store(floor: ChainFloor) -> None:
    _with_items(floor)
    floor.sql(HO, "DELETE FROM item", "INSERT INTO odd VALUES ('X', 1, 1)")
    ended = floor.sync(HO)
    assert ended.outcome is Outcome.ATTENTION
    (said,) = ended.notes
    assert said.startswith(
        "60 of the 60 items were deleted at head office; the stores keep theirs until someone says "
        "whether they may go."
    )
    assert "answer --entity items --go" in said
    floor.done(S001)
    assert len(floor.codes(S001, "item")) == 60
    assert floor.codes(S001, "odd") == ["X"]
    assert floor.sync(HO).notes == ended.notes
    rows = status_rows(floor.home(HO), "attention", 10)
    assert [(row["entity"], row["code"], row["reason"]) for row in rows] == [
        ("Items", "deletion_asks", said)
    ]
    (asked,) = questions(floor.home(HO))
    assert (asked.entity, asked.count, asked.total, asked.answer) == ("items", 60, 60, "")


def test_answered_that_they_may_go_they_go(floor: ChainFloor) -> None:
    _with_items(floor)
    floor.sql(HO, "DELETE FROM item WHERE code <> 'I7'")
    floor.sync(HO)
    verbs = ["control", "--home", str(floor.home(HO)), "answer", "--entity", "items", "--go"]
    assert main(verbs) == 0
    floor.done(HO)
    floor.done(S001)
    assert floor.codes(S001, "item") == ["I7"]
    assert questions(floor.home(HO)) == ()
    assert floor.sql(HO, "SELECT action, what FROM sync_audit") == [("answered: go", "items")]
    with pytest.raises(KnownError, match="Nothing is asked about"):
        answer(floor.home(HO), "items", may_go=True)


def test_an_answer_holds_for_what_was_asked_and_not_for_much_more(floor: ChainFloor) -> None:
    floor.sql(HO, ITEMS.replace("i < 60", "i < 200"))
    floor.settle(rounds=1)
    floor.sql(HO, "DELETE FROM item WHERE code IN (SELECT code FROM item LIMIT 25)")
    floor.sync(HO)
    answer(floor.home(HO), "items", may_go=True)
    floor.sql(HO, "DELETE FROM item")
    assert floor.sync(HO).notes[0].startswith("200 of the 200 items were deleted")
    floor.done(S001)
    assert len(floor.codes(S001, "item")) == 200


def test_what_is_brought_back_is_asked_about_no_more(floor: ChainFloor) -> None:
    _with_items(floor)
    kept = floor.rows(HO, "item")
    floor.sql(HO, "DELETE FROM item")
    floor.sync(HO)
    with floor.open(HO) as connection:
        connection.executemany("INSERT INTO item VALUES (?, ?, ?)", kept)
    floor.done(HO)
    assert questions(floor.home(HO)) == ()
    floor.done(S001)
    floor.assert_equal([S001])


def test_answered_that_they_stay_the_stores_keep_them(floor: ChainFloor) -> None:
    _with_items(floor)
    floor.sql(HO, "DELETE FROM item")
    floor.sync(HO)
    said = answer(floor.home(HO), "items", may_go=False, reason="a mistake")
    assert said.sentence == "They stay at the stores, and are asked about no more."
    floor.done(HO)
    floor.done(S001)
    assert len(floor.codes(S001, "item")) == 60
    assert floor.scalar(HO, "SELECT count(*) FROM sync_change") == 0
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'again', 'B1')")
    floor.done(HO)
    floor.done(S001)
    assert ("I1", "again", "B1") in floor.rows(S001, "item")


def test_new_and_changed_records_of_the_same_kind_go_meanwhile(floor: ChainFloor) -> None:
    _with_items(floor)
    floor.sql(
        HO,
        "DELETE FROM item WHERE code <> 'I1'",
        "UPDATE item SET name = 'Tea'",
        "INSERT INTO item VALUES ('NEW', 'new', 'new')",
    )
    floor.sync(HO)
    floor.done(S001)
    assert ("I1", "Tea", "B1") in floor.rows(S001, "item")
    assert len(floor.codes(S001, "item")) == 61


def test_a_store_whose_bills_are_suddenly_gone_takes_none_from_head_office(
    floor: ChainFloor,
) -> None:
    floor.sql(S001, BILLS)
    floor.settle(rounds=1)
    floor.sql(S001, "DELETE FROM bill", "INSERT INTO bill VALUES ('S001', 999, 1, NULL)")
    (said,) = floor.sync(S001).notes
    assert said.startswith("60 of the 61 bills were deleted at S001; head office keeps its own")
    floor.done(HO)
    assert floor.scalar(HO, "SELECT count(*) FROM bill") == 61
    answer(floor.home(S001), "bills", may_go=True)
    floor.done(S001)
    floor.done(HO)
    floor.assert_equal([S001])


def _store_asks(floor: ChainFloor) -> None:
    floor.sql(S001, BILLS)
    floor.settle(rounds=2)
    floor.sql(S001, "DELETE FROM bill")
    floor.sync(S001)
    floor.done(HO)


def _told(floor: ChainFloor) -> list[tuple[str, str, str, str]]:
    rows = status_rows(floor.home(HO), "attention", 10)
    return [(row["site"], row["entity"], row["code"], row["reason"]) for row in rows]


def test_head_office_hears_that_a_store_waits_for_an_answer(floor: ChainFloor) -> None:
    _store_asks(floor)
    asks = (
        "60 of the 60 bills were deleted at S001; head office keeps its own until someone says "
        "whether they may go."
    )
    assert _told(floor) == [(S001, "Bills", "deletion_asks", asks)]
    floor.sync(S001)
    floor.done(HO)
    assert _told(floor) == [(S001, "Bills", "deletion_asks", asks)], "told once, and still true"
    answer(floor.home(S001), "bills", may_go=True)
    floor.done(S001)
    floor.done(HO)
    assert _told(floor) == []
    assert floor.rows(HO, "bill") == []


def _needs(floor: ChainFloor, site: str) -> tuple[int, int]:
    """Records and questions, questions alone, as a window's head counts them."""
    with floor.open(site) as connection:
        found = read_glance(connection)
    return found.attention, found.questions


def test_a_question_is_counted_as_one_and_an_answered_one_no_more(floor: ChainFloor) -> None:
    _store_asks(floor)
    assert (_needs(floor, HO), _needs(floor, S001)) == ((1, 1), (1, 1))
    desk = HomeDesk(floor.home(HO))
    with closing(desk):
        assert "1 question waits for an answer." in desk.overview().headline
        (line,) = (each for each in desk.board().lines if each.code == S001)
    assert (line.level, line.why) == (Level.ATTENTION, "1 question waits for an answer.")
    answer(floor.home(HO), "bills", may_go=True)
    assert (_needs(floor, HO), _needs(floor, S001)) == ((0, 0), (1, 1))


@pytest.mark.parametrize(("may_go", "left", "verb"), [(True, 0, "go"), (False, 60, "stay")])
def test_head_office_answers_for_the_store(
    floor: ChainFloor, may_go: bool, left: int, verb: str
) -> None:
    _store_asks(floor)
    ((asked_at,),) = floor.sql(HO, "SELECT key FROM sync_attention")
    answer_for(floor.home(HO), S001, "bills", asked_at, may_go=may_go)
    ((_, _, code, reason),) = _told(floor)
    assert code == "deletion_answered"
    assert reason.endswith(
        f"Head office has answered: they {verb}. S001 hears of it when it syncs."
    )
    floor.done(HO)
    floor.sync(S001)
    floor.done(S001)
    floor.done(HO)
    assert len(floor.rows(HO, "bill")) == left
    assert questions(floor.home(S001)) == () and _told(floor) == []
    assert floor.scalar(S001, "SELECT count(*) FROM sync_change") == 0


def test_what_several_sites_ask_is_answered_for_the_one_that_is_named(floor: ChainFloor) -> None:
    _with_items(floor)
    _store_asks(floor)
    floor.sql(HO, "DELETE FROM item")
    floor.sync(HO)
    home = floor.home(HO)
    asked = [(each.site, each.entity, each.count) for each in questions(home)]
    assert asked == [(HO, "items", 60), (S001, "bills", None)]
    with pytest.raises(KnownError, match="Nothing is asked about 'items' at S001"):
        answer(home, "items", may_go=True, at=S001)
    with pytest.raises(KnownError, match="Nothing is asked about 'bills' here"):
        answer(home, "bills", may_go=True, about="load")
    said = answer(home, "Bills", may_go=True, at=S001)
    assert said.sentence == "Bills that were deleted at S001 go at head office too."
    assert [(each.site, each.answer) for each in questions(home)] == [(HO, ""), (S001, "go")]
    assert questions(floor.home(S001))[0].answer == "", "it hears of it with its next sync"


def test_the_same_kind_asked_about_twice_is_not_answered_by_chance(floor: ChainFloor) -> None:
    floor.sql(HO, f"{NUMBERS} INSERT INTO customer(id) SELECT 'C' || i FROM n")
    floor.settle(rounds=2)
    for store in (S001, S002):
        floor.sql(store, "DELETE FROM customer")
        floor.sync(store)
    floor.done(HO)
    home = floor.home(HO)
    with pytest.raises(NotPossible, match="asked about at S001, S002") as refused:
        answer(home, "customers", may_go=False)
    assert "--site" in refused.value.advice
    floor.sql(
        HO,
        "UPDATE sync_attention SET code = 'sweep_asks' WHERE site = 'S002'",
        "UPDATE sync_attention SET site = 'S001', stream = 'HO/x' WHERE site = 'S002'",
    )
    with pytest.raises(
        NotPossible, match="Two things are asked about customers at S001"
    ) as refused:
        answer(home, "customers", may_go=False, at=S001)
    assert "--about load" in refused.value.advice
    said = answer(home, "customers", may_go=False, at=S001, about="load")
    assert said.sentence == "Customers that head office does not have stay at S001."


def test_what_is_brought_back_at_the_store_leaves_head_offices_list(floor: ChainFloor) -> None:
    _store_asks(floor)
    floor.sql(S001, BILLS)
    floor.done(S001)
    floor.done(HO)
    assert _told(floor) == []


def test_customers_that_came_from_head_office_are_not_taken_from_it_unasked(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, f"{NUMBERS} INSERT INTO customer SELECT 'C' || i, 'n', 'p', 't' FROM n")
    floor.settle(rounds=1)
    floor.sql(S001, "DELETE FROM customer")
    assert floor.sync(S001).notes[0].startswith("60 of the 60 customers were deleted at S001")
    floor.done(HO)
    assert len(floor.codes(HO, "customer")) == 60


def test_a_plan_that_would_sweep_a_table_asks_first(floor: ChainFloor) -> None:
    floor.sql(HO, f"{NUMBERS} INSERT INTO odd SELECT 'O' || i, 'S001', i FROM n")
    floor.settle(rounds=1)
    plan = floor_plan() | {"version": 2}
    for entity in plan["entities"]:
        if entity["name"] == "odds":
            entity["audience"] = {"rule": "column", "column": "a"}
    path = floor.root / "next.json"
    path.write_text(json.dumps(plan))
    change_plan(floor.home(HO), path)
    (said,) = floor.sync(HO).notes
    assert said.startswith("60 of the 60 odds at S002 would be deleted there")
    floor.sync(S002)
    assert len(floor.codes(S002, "odd")) == 60
    with pytest.raises(KnownError, match="cannot be kept by a word"):
        answer(floor.home(HO), "odds", may_go=False)
    answer(floor.home(HO), "odds", may_go=True)
    floor.done(HO)
    floor.settle(rounds=1)
    assert floor.codes(S002, "odd") == []
    assert len(floor.codes(S001, "odd")) == 60


def test_a_store_that_would_lose_what_is_for_it_alone_is_asked_about(floor: ChainFloor) -> None:
    floor.sql(HO, NOTICES)
    floor.settle(rounds=1)
    floor.sql(HO, "UPDATE notice SET site_code = 'S002' WHERE code <> 'N1'")
    (said,) = floor.sync(HO).notes
    assert said.startswith("29 of the 30 notices at S001 would be deleted there")
    floor.done(S001)
    assert len(floor.codes(S001, "notice")) == 30
    floor.sql(
        HO,
        "UPDATE notice SET site_code = 'S001' WHERE code IN ('N2', 'N3', 'N4', 'N5')",
        "UPDATE notice SET site_code = 'S001' WHERE CAST(substr(code, 2) AS INTEGER) <= 30",
    )
    floor.done(HO)
    assert questions(floor.home(HO)) == ()
    floor.settle(rounds=1)
    floor.assert_equal()


def test_a_store_that_is_closed_is_not_asked_about(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO site VALUES ('S001', 'one', 1), ('S002', 'two', 1)", NOTICES)
    floor.settle(rounds=1)
    floor.sql(HO, "UPDATE site SET is_open = 0 WHERE code = 'S002'")
    assert floor.sync(HO).notes == ()
    assert questions(floor.home(HO)) == ()
