"""Notes of changes that are not this site's to send stop nothing."""

from __future__ import annotations

from ginesys_sync.core.status import Outcome
from tests.support.chain_floor import HO, S001, ChainFloor


def test_a_stray_note_in_the_change_log_holds_no_bill_back(floor: ChainFloor) -> None:
    floor.settle(rounds=1)
    floor.sql(
        S001,
        "INSERT INTO sync_change(entity, k1) VALUES ('items', 'A'), ('nonsense', 'B')",
        "INSERT INTO bill(store, number, total) VALUES ('S001', '1', 100)",
    )
    assert floor.sync(S001).outcome is Outcome.DONE
    floor.done(HO)
    assert floor.scalar(HO, "SELECT count(*) FROM bill") == 1
    assert floor.scalar(S001, "SELECT count(*) FROM sync_change") == 0
