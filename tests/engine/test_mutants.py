"""Three classic defects, switched on here: each breaks the very promise that its test protects."""

from collections.abc import Callable
from typing import Any

import pytest

from ginesys_sync.engine.bodies import BodyWork
from ginesys_sync.store import capture, claiming
from ginesys_sync.store.claiming import ClaimWriter
from ginesys_sync.store.database import Database, transaction
from ginesys_sync.store.plans import install_plan, present_plan
from tests.support.chain_floor import HO, S001, ChainFloor

Mutate = Callable[[pytest.MonkeyPatch], None]


class PowerCut(BaseException):
    """What ends a run here: no handler of the program may swallow it."""


def _claim_up_to_the_last_id(patch: pytest.MonkeyPatch) -> None:
    """Delete claims by "id <= last", and believe the count."""
    patch.setattr(
        claiming,
        "DELETE_CLAIMED",
        "DELETE FROM main.sync_change WHERE entity = (SELECT entity FROM main.sync_change "
        "WHERE id = (SELECT max(id) FROM claim.change)) "
        "AND id <= (SELECT max(id) FROM claim.change)",
    )
    patch.setattr(ClaimWriter, "_require_all", lambda *_: None)


def _cursor_before_data(patch: pytest.MonkeyPatch) -> None:
    """Move the cursor in a transaction of its own, before the batch's slices."""
    honest = BodyWork.apply

    def hasty(self: BodyWork, work: Any, at_end: Callable[[], None]) -> None:
        with transaction(self._applier.connection):
            at_end()
        honest(self, work, at_end)

    patch.setattr(BodyWork, "apply", hasty)


def _hush_everything(patch: pytest.MonkeyPatch) -> None:
    """While one entity is applied, capture nothing of any."""
    narrow = capture._trigger

    def wide(*facts: Any, **more: Any) -> str:
        entity = facts[0]
        return narrow(*facts, **more).replace(
            f"SELECT 1 FROM sync_hush WHERE entity = '{entity.name}'", "SELECT 1 FROM sync_hush"
        )

    patch.setattr(capture, "_trigger", wide)


def _a_change_that_commits_late_is_not_lost(floor: ChainFloor, patch: pytest.MonkeyPatch) -> None:
    """A transaction that took its change id early and commits while a run is on."""
    floor.sql(HO, "INSERT INTO item VALUES ('LATE', 'early id', NULL)")
    (late,) = floor.sql(HO, "SELECT id, entity, k1 FROM sync_change")
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '1')")
    floor.sql(HO, "DELETE FROM sync_change WHERE k1 = 'LATE'")
    commit = ClaimWriter.commit
    waiting = [late]

    def while_it_seals(self: ClaimWriter, *facts: Any) -> tuple[int, ...]:
        for number, entity, key in waiting:
            floor.sql(
                HO,
                f"INSERT INTO sync_change(id, entity, k1) VALUES ({number}, '{entity}', '{key}')",
            )
        waiting.clear()
        return commit(self, *facts)

    patch.setattr(ClaimWriter, "commit", while_it_seals)
    floor.done(HO)
    floor.settle(S001, rounds=1)
    floor.assert_equal([S001])


def _a_cursor_never_runs_ahead_of_its_data(floor: ChainFloor, patch: pytest.MonkeyPatch) -> None:
    """The power goes after the first slice of a batch."""
    rows = ", ".join(f"('I{n}', 'x', NULL)" for n in range(2_000))
    floor.sql(HO, f"INSERT INTO item VALUES {rows}")
    floor.done(HO)
    once = BodyWork._write_once

    def cut(self: BodyWork, *facts: Any) -> None:
        once(self, *facts)
        raise PowerCut

    with patch.context() as power:
        power.setattr(BodyWork, "_write_once", cut)
        with pytest.raises(PowerCut):
            floor.sync(S001)
    floor.done(S001)
    floor.assert_equal([S001])


def _what_a_trigger_writes_is_captured(floor: ChainFloor, patch: pytest.MonkeyPatch) -> None:
    """A customer's trigger writes an item whenever a bill arrives at head office."""
    _install_anew(floor)
    floor.sql(
        HO,
        "CREATE TRIGGER welcome AFTER INSERT ON bill BEGIN "
        "INSERT INTO item VALUES ('T' || NEW.number, 'by a trigger', NULL); END",
    )
    floor.sql(S001, "INSERT INTO bill VALUES ('S001', 1, 5, NULL)")
    floor.settle(S001, rounds=3)
    assert floor.codes(HO, "item") == ["T1"]
    floor.assert_equal([S001])


def _install_anew(floor: ChainFloor) -> None:
    """Have the triggers written by the code as it is now."""
    database = Database(f"sqlite+pysqlite:///{floor.database(HO)}")
    with database.connect() as connection, transaction(connection):
        install_plan(connection, present_plan(connection), is_head_office=True)


PROTECTED = {
    "a change that commits late is not lost": (
        _a_change_that_commits_late_is_not_lost,
        _claim_up_to_the_last_id,
    ),
    "a cursor never runs ahead of its data": (
        _a_cursor_never_runs_ahead_of_its_data,
        _cursor_before_data,
    ),
    "what a trigger writes is captured": (_what_a_trigger_writes_is_captured, _hush_everything),
}


@pytest.mark.parametrize("promise", PROTECTED)
def test_the_promise_holds(
    floor: ChainFloor, monkeypatch: pytest.MonkeyPatch, promise: str
) -> None:
    protecting, _ = PROTECTED[promise]
    protecting(floor, monkeypatch)


@pytest.mark.parametrize("promise", PROTECTED)
def test_the_mutant_that_breaks_it_is_caught(
    floor: ChainFloor, monkeypatch: pytest.MonkeyPatch, promise: str
) -> None:
    protecting, mutate = PROTECTED[promise]
    mutate(monkeypatch)
    with pytest.raises(AssertionError, match="'S001', 'item'"):
        protecting(floor, monkeypatch)
