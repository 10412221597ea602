"""One run at a time; a run that is killed anywhere is finished by the next one, which says so."""

import pytest

from ginesys_sync.core.status import Outcome
from ginesys_sync.services.syncing import run_lock
from ginesys_sync.store.database import Database
from ginesys_sync.store.fence import raise_fence
from tests.support.chain_floor import HO, S001, ChainFloor

pytestmark = pytest.mark.long

STAGING = "ginesys_sync.engine.staging:Staging.put"
SEAL = "ginesys_sync.store.claiming:ClaimWriter.commit"
WEB = "ginesys_sync.engine.webdb:WebDatabase"
BOOKS = "ginesys_sync.store.ledger"

SENDING = [
    f"{STAGING}:before:1",
    f"{STAGING}:after:2",
    f"{SEAL}:before:1",
    f"{SEAL}:after:1",
    f"{SEAL}:after:3",
    "ginesys_sync.store.claiming:ClaimWriter._number:after:2",
    f"{WEB}.open:after:1",
    f"{WEB}.put_body:before:1",
    f"{WEB}.put_body:after:1",
    f"{WEB}.post_batches:before:1",
    f"{WEB}.post_batches:after:1",
    f"{BOOKS}:note_uploaded:after:1",
    f"{BOOKS}:note_release:after:1",
]
RECEIVING = [
    f"{STAGING}:after:1",
    f"{WEB}.get_body:after:1",
    "ginesys_sync.store.applying:BodyApplier.upsert:after:1",
    "ginesys_sync.store.applying:BodyApplier.differing:before:1",
    "ginesys_sync.engine.bodies:BodyWork._write_once:after:2",
    "ginesys_sync.engine.bodies:BodyWork._finish:before:1",
    "ginesys_sync.engine.bodies:BodyWork._finish:after:1",
    f"{BOOKS}:move_cursor:before:1",
    f"{BOOKS}:move_cursor:after:1",
    f"{BOOKS}:note_delivered:before:1",
    f"{WEB}.acks:before:1",
    f"{WEB}.acks:after:1",
    "ginesys_sync.engine.run:flush:before:1",
]


def _edit(floor: ChainFloor) -> None:
    """Work for every lane, and a body large enough to travel by itself."""
    floor.sql(
        HO,
        "INSERT INTO item VALUES ('I1', 'Tea', '1'), ('I2', 'Milk', '2')",
        "INSERT INTO odd VALUES ('BIG', randomblob(100000), 1)",
        "INSERT INTO price VALUES ('I1', '2026-01-01', 5)",
        "INSERT INTO notice VALUES ('N1', 'S001', 'x'), ('N2', 'S002', 'y')",
        "INSERT INTO customer VALUES ('C1', 'Ann', '1', '2026-01-01')",
    )


def _killed_runs(floor: ChainFloor, site: str) -> list[str]:
    return [row[0] for row in floor.sql(site, "SELECT title FROM sync_run WHERE code = 'killed'")]


@pytest.mark.parametrize("point", SENDING)
def test_a_sender_that_is_killed_is_finished_by_its_next_run(floor: ChainFloor, point: str) -> None:
    _edit(floor)
    assert floor.killed_run(HO, point)
    floor.done(HO)
    assert _killed_runs(floor, HO) == ["This sync was ended from outside before it could finish."]
    floor.done(S001)
    floor.assert_equal([S001])
    assert floor.scalar(HO, "SELECT count(*) FROM sync_change") == 0
    numbers = [row[0] for row in floor.batches(HO, "HO/catalogue")]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("point", RECEIVING)
def test_a_receiver_that_is_killed_is_finished_by_its_next_run(
    floor: ChainFloor, point: str
) -> None:
    _edit(floor)
    floor.done(HO)
    assert floor.killed_run(S001, point)
    assert floor.cursor(S001, "HO/catalogue") in (0, 1, 2)
    floor.done(S001)
    assert len(_killed_runs(floor, S001)) == 1
    floor.assert_equal([S001])
    floor.done(HO)
    reached = "SELECT max(to_no) FROM sync_ack WHERE stream = 'HO/catalogue' AND site = 'S001'"
    assert floor.scalar(HO, reached) == len(floor.batches(HO, "HO/catalogue"))


def test_a_second_run_while_one_is_on_is_refused_in_a_sentence(floor: ChainFloor) -> None:
    with run_lock(floor.home(HO)):
        ended = floor.sync(HO)
    assert ended.outcome is Outcome.STOPPED
    assert ended.closing.startswith("Sync stopped: a sync of this site is already running.")
    floor.done(HO)


def test_a_run_that_lost_its_fence_stops_before_it_changes_anything_more(
    floor: ChainFloor,
) -> None:
    _edit(floor)

    def somebody_takes_over(event: object) -> None:
        if type(event).__name__ == "Counted":
            with Database(f"sqlite+pysqlite:///{floor.database(HO)}").connect() as connection:
                raise_fence(connection)

    before = floor.sql(HO, "SELECT * FROM sync_change")
    ended = floor.sync(HO, listener=somebody_takes_over)
    assert "another run of this site has taken over" in ended.closing
    assert floor.sql(HO, "SELECT * FROM sync_change") == before
    assert floor.batches(HO, "HO/catalogue") == []
    floor.settle()
    floor.assert_equal()


def test_a_receiver_that_lost_its_fence_applies_nothing_more(floor: ChainFloor) -> None:
    _edit(floor)
    floor.done(HO)

    def somebody_takes_over(event: object) -> None:
        if type(event).__name__ == "Counted":
            with Database(f"sqlite+pysqlite:///{floor.database(S001)}").connect() as connection:
                raise_fence(connection)

    assert floor.sync(S001, listener=somebody_takes_over).outcome is Outcome.STOPPED
    assert floor.codes(S001, "item") == []
    floor.done(S001)
    floor.assert_equal([S001])


def test_a_person_may_stop_a_run_and_the_next_one_goes_on(floor: ChainFloor) -> None:
    _edit(floor)
    seen: list[object] = []
    ended = floor.sync(HO, listener=seen.append, is_cancelled=lambda: len(seen) > 3)
    assert ended.outcome is Outcome.CANCELLED
    floor.done(HO)
    floor.done(S001)
    floor.assert_equal([S001])


def test_a_claim_whose_changes_another_program_took_is_not_sealed(floor: ChainFloor) -> None:
    _edit(floor)

    def thief(event: object) -> None:
        if type(event).__name__ == "Counted":
            floor.sql(HO, "DELETE FROM sync_change WHERE entity = 'items'")

    ended = floor.sync(HO, listener=thief)
    assert ended.outcome is Outcome.STOPPED
    assert "another program has taken changes" in ended.closing
    assert floor.scalar(HO, "SELECT count(*) FROM sync_batch WHERE entity = 'items'") == 0
