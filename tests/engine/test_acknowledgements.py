"""Acknowledgements, lost answers, and things that are said twice."""

from contextlib import closing

import pytest

from ginesys_sync.core.status import Outcome
from ginesys_sync.relay import mail
from ginesys_sync.relay.app import make_app
from ginesys_sync.relay.desk import open_relay
from ginesys_sync.services.home_desk import HomeDesk
from ginesys_sync.services.status import status_rows
from ginesys_sync.wire import routes
from tests.support.chain_floor import HO, S001, S002, ChainFloor
from tests.support.relay_server import serving

ITEM = "INSERT INTO item VALUES ('I1', 'Tea', '111')"


def _acks(floor: ChainFloor, site: str, stream: str) -> list[tuple[object, ...]]:
    return floor.sql(
        site, f"SELECT site, from_no, to_no FROM sync_ack WHERE stream = '{stream}' ORDER BY id"
    )


def test_one_acknowledgement_covers_all_that_one_run_applied(floor: ChainFloor) -> None:
    for n in range(3):
        floor.sql(HO, f"INSERT INTO item VALUES ('I{n}', 'x', NULL)")
        floor.done(HO)
    floor.done(S001)
    floor.done(HO)
    assert _acks(floor, HO, "HO/catalogue") == [("S001", 0, 3)]


def test_an_acknowledgement_is_counted_once_however_often_it_is_collected(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, ITEM)
    floor.done(HO)
    floor.done(S001)
    with floor.losing(routes.OPEN):
        assert floor.sync(HO).outcome is Outcome.STOPPED
    floor.done(HO)
    floor.done(HO)
    assert _acks(floor, HO, "HO/catalogue") == [("S001", 0, 1)]


@pytest.mark.parametrize("path", [routes.OPEN, routes.BATCHES])
def test_when_an_answer_to_the_sender_is_lost_nothing_is_lost_or_doubled(
    floor: ChainFloor, path: str
) -> None:
    floor.sql(HO, ITEM)
    with floor.losing(path):
        ended = floor.sync(HO)
    assert ended.outcome is Outcome.STOPPED
    assert ended.closing.startswith("Sync stopped: ")
    assert "Nothing is lost." in ended.closing
    floor.settle(rounds=1)
    floor.assert_equal()
    assert floor.batches(HO, "HO/catalogue") == [(1, "*", 1, 0)]


@pytest.mark.parametrize("path", [routes.OPEN, routes.MAIL, routes.ACKS])
def test_when_an_answer_to_the_receiver_is_lost_the_next_run_ends_it(
    floor: ChainFloor, path: str
) -> None:
    floor.sql(HO, ITEM)
    floor.done(HO)
    with floor.losing(path):
        assert floor.sync(S001).outcome is Outcome.STOPPED
    floor.done(S001)
    floor.done(HO)
    assert _acks(floor, HO, "HO/catalogue") == [("S001", 0, 1)]
    floor.settle(S001, rounds=1)
    floor.assert_equal([S001])


def test_when_the_answer_to_a_large_body_is_lost_it_is_asked_for_and_stands_once(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, "INSERT INTO odd VALUES ('B', randomblob(100000), 1)")
    with floor.losing(routes.BODIES):
        floor.done(HO)
    methods = [method for method, path in floor.calls if path.startswith(routes.BODIES)]
    assert methods == ["PUT", "HEAD"]
    floor.done(S001)
    floor.assert_equal([S001])


def test_a_body_of_the_same_bytes_is_stored_once_and_sent_twice(floor: ChainFloor) -> None:
    floor.sql(HO, ITEM)
    floor.settle(rounds=1)
    floor.sql(HO, "UPDATE item SET name = 'x'", "UPDATE item SET name = 'Tea'")
    floor.settle(rounds=1)
    shas = floor.sql(HO, "SELECT DISTINCT sha256 FROM sync_batch WHERE stream = 'HO/catalogue'")
    assert len(shas) == 1
    assert floor.cursor(S001, "HO/catalogue") == 2
    floor.assert_equal()


def test_books_that_lost_a_batch_go_on_behind_its_number(floor: ChainFloor) -> None:
    floor.sql(HO, ITEM)
    floor.done(HO)
    floor.sql(HO, "UPDATE item SET name = 'Coffee'")
    floor.sql(HO, "UPDATE sync_stream SET head_no = 0 WHERE stream = 'HO/catalogue'")
    floor.sql(HO, "DELETE FROM sync_batch WHERE stream = 'HO/catalogue'")
    ended = floor.sync(HO)
    assert ended.outcome is Outcome.ATTENTION
    floor.done(S001)
    assert floor.rows(S001, "item") == [("I1", "Coffee", "111")]
    assert [no for no, *_ in floor.batches(HO, "HO/catalogue")] == [1, 2]


def test_a_batch_that_is_applied_twice_changes_nothing(floor: ChainFloor) -> None:
    floor.sql(HO, ITEM)
    floor.settle()
    floor.sql(S001, "UPDATE sync_stream SET applied_no = 0 WHERE stream = 'HO/catalogue'")
    floor.sync(S001)
    assert floor.rows(S001, "item") == [("I1", "Tea", "111")]
    floor.done(HO)
    floor.assert_equal()


def test_what_one_store_has_done_does_not_speak_for_the_other(floor: ChainFloor) -> None:
    floor.sql(HO, ITEM)
    floor.done(HO)
    floor.done(S002)
    floor.done(HO)
    assert _acks(floor, HO, "HO/catalogue") == [("S002", 0, 1)]


def test_a_staged_body_that_the_web_database_lost_is_sent_again(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO odd VALUES ('B', randomblob(100000), 1)")
    floor.done(HO)
    kept = [path for path in (floor.relay.home / "bodies").rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        path.unlink()
    floor.done(HO)
    floor.done(S001)
    floor.assert_equal([S001])


def test_acknowledgements_that_fill_many_pages_are_all_collected_in_one_run(
    floor: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor.sql(HO, ITEM, "INSERT INTO policy VALUES ('P', '1')")
    floor.done(HO)
    floor.sql(S001, "INSERT INTO bill VALUES ('S001', 1, 100, NULL)")
    floor.done(S001)
    floor.done(S002)
    floor.relay.stop()
    monkeypatch.setattr(mail, "_ACKS_BYTES", 1)  # one acknowledgement a page
    relay = open_relay(floor.relay.home)
    with closing(relay), serving(make_app(relay)) as url:
        floor.move_to(url)
        floor.calls.clear()
        floor.done(HO)
    floor.relay.start()
    assert floor.scalar(HO, "SELECT count(DISTINCT site) FROM sync_ack WHERE site <> 'HO'") == 2
    assert floor.codes(HO, "bill") == ["S001"]
    assert len(floor.calls) < 30


def test_beyond_the_first_thousand_head_office_still_counts_all_that_need_attention(
    floor: ChainFloor,
) -> None:
    floor.sql(S001, "DROP TABLE odd", "CREATE TABLE odd(code PRIMARY KEY, a CHECK(a < 0), b)")
    floor.sql(
        HO,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100) "
        "INSERT INTO odd SELECT 'O' || i, i, 1 FROM n",
    )
    floor.done(HO)
    floor.sync(S001)
    floor.done(HO)
    home = floor.home(HO)
    lines = status_rows(home, "attention", 2000)
    assert len(lines) == 1001
    assert [line["reason"] for line in lines if line["code"] == "more"] == [
        "100 more records of HO/catalogue need attention at S001; its own list shows them all."
    ]
    (store,) = (row for row in status_rows(home, "sites", 9) if row["site"] == "S001")
    assert store["attention"] == 1100
    with closing(HomeDesk(home)) as desk:
        assert desk.overview().attention == 1100
        (line,) = (line for line in desk.board().lines if line.code == "S001")
        assert line.attention == 1100
    floor.sql(S001, "DROP TABLE odd", "CREATE TABLE odd(code PRIMARY KEY, a, b)")
    floor.done(S001)
    floor.done(HO)
    assert status_rows(home, "attention", 9) == []
