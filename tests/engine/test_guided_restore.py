"""A restore says, while it heals and afterwards, what is done and what to do: prompt and window."""

from contextlib import closing
from typing import Any

from ginesys_sync.core.events import Guided
from ginesys_sync.services.home_desk import HomeDesk
from ginesys_sync.services.told import ended_lines
from ginesys_sync.store import runs
from ginesys_sync.store.database import Database
from tests.engine.test_restored_web_database import back_up_relay, put_back_relay
from tests.engine.test_restores import back_up, bills, put_back, sell
from tests.support.chain_floor import HO, S001, ChainFloor
from tests.support.retail_chain import run_verb


def _restored_store(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '1')")
    floor.settle(rounds=1)
    copy = back_up(floor, S001)
    sell(floor, S001, 1, 2)
    floor.done(S001)
    put_back(floor, S001, copy)


def test_the_prompt_says_that_own_mail_is_read_back_and_what_came_of_it(floor: ChainFloor) -> None:
    _restored_store(floor)
    said = run_verb("sync", "--home", floor.home(S001))
    reading = (
        "This database was brought back from an older copy. What it had sent since is read back "
        "from the Web Database first…"
    )
    healed = (
        "This database was brought back from an older copy. What it had sent since then was read "
        "back from the Web Database: 2 records. Nothing is lost."
    )
    assert said.code == 1
    assert said.lines.index(reading) < said.lines.index(healed)
    assert bills(floor, S001) == [(1, 5), (2, 5)]


def test_the_window_says_it_while_it_runs_and_in_the_summary(floor: ChainFloor) -> None:
    _restored_store(floor)
    heard: list[str] = []

    def listen(event: Any) -> None:
        if isinstance(event, Guided):
            heard.append(event.sentence)

    ended = floor.sync(S001, listener=listen)
    assert [bool(sentence) for sentence in heard] == [True, False]
    assert ended_lines(floor.home(S001), ended)[-1].startswith("Waiting for head office")
    database = Database(f"sqlite+pysqlite:///{floor.database(S001)}")
    with closing(HomeDesk(floor.home(S001))) as desk, database.connect() as connection:
        last = desk.overview().last
        assert last is not None
        assert last.what_next[0].endswith("2 records. Nothing is lost.")
        number = runs.ask(connection, None, "window", "somebody", "2026-11-02T09:00:00.000Z")
        runs.mark_request(connection, number, runs.TAKEN, ended.run)
        document = {"stage": "Receiving", "stages": {}, "guided": heard[0]}
        runs.write_progress(connection, ended.run, document, "2026-11-02T09:00:00.000Z")
        assert desk.overview().current.sentence == heard[0]  # type: ignore[union-attr]
    database.dispose()


def test_a_restored_web_database_is_refilled_in_words(floor: ChainFloor) -> None:
    copy = back_up_relay(floor)
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '1')")
    floor.settle(rounds=1)
    put_back_relay(floor, copy)
    said = run_verb("sync", "--home", floor.home(HO))
    words = "The Web Database was brought back from an older copy. What it lost of this site"
    assert f"{words} is sent to it again…" in said.lines
    assert f"{words} was sent to it again. Nothing is lost." in said.lines


def test_a_second_copy_in_use_is_refused_with_what_to_do(floor: ChainFloor) -> None:
    _restored_store(floor)
    mine = back_up(floor, S001, "mine")
    floor.sync(S001)
    sell(floor, S001, 3)
    floor.done(S001)
    put_back(floor, S001, mine)
    floor.sync(S001)
    assert bills(floor, S001) == [(1, 5), (2, 5), (3, 5)]
    newer = back_up(floor, S001, "newer")
    put_back(floor, S001, mine)
    floor.sync(S001)
    put_back(floor, S001, newer)
    said = run_verb("sync", "--home", floor.home(S001))
    assert said.code == 2
    assert "Two copies of S001 are in use" in said.last
    assert "Nothing is lost." in said.last
    assert "Do not sell on both" in said.last
    assert "enrolment code" in said.last
