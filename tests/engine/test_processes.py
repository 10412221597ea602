"""One run at a time. That one killed anywhere is finished by the next is shown by `prove crash`."""

import pytest

from ginesys_sync.core.status import Outcome
from ginesys_sync.services.syncing import run_lock
from ginesys_sync.store.database import Database
from ginesys_sync.store.fence import raise_fence
from tests.support.chain_floor import HO, S001, ChainFloor

pytestmark = pytest.mark.long


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
