"""A full disk leaves nothing half-done and is said in a sentence."""

import errno
import os
from pathlib import Path

import pytest

from ginesys_sync.core.errors import DiskFull
from ginesys_sync.core.status import Outcome
from ginesys_sync.engine.staging import Staging
from tests.support.chain_floor import HO, S001, ChainFloor

ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"


def _limit(floor: ChainFloor, monkeypatch: pytest.MonkeyPatch, site: str, spare: int) -> None:
    """Let a site's database grow by no more than `spare` pages."""
    from ginesys_sync.store import database

    prepare = database._prepare_connection

    def limited(connection: object, record: object) -> None:
        prepare(connection, record)  # type: ignore[arg-type]
        pages = connection.execute("PRAGMA page_count").fetchone()[0]  # type: ignore[attr-defined]
        if str(floor.database(site)) in str(
            connection.execute("PRAGMA database_list").fetchone()  # type: ignore[attr-defined]
        ):
            connection.execute(f"PRAGMA max_page_count={pages + spare}")  # type: ignore[attr-defined]

    monkeypatch.setattr(database, "_prepare_connection", limited)


@pytest.mark.parametrize("spare", [2, 20, 40])
def test_a_store_whose_database_is_full_stops_and_goes_on_when_there_is_room(
    floor: ChainFloor, monkeypatch: pytest.MonkeyPatch, spare: int
) -> None:
    floor.sql(HO, f"{ROWS} INSERT INTO item SELECT 'I' || i, 'Item number ' || i, i FROM n")
    floor.done(HO)
    with monkeypatch.context() as patch:
        _limit(floor, patch, S001, spare)
        ended = floor.sync(S001)
        assert ended.outcome is Outcome.STOPPED
        assert "no room left on the disk" in ended.closing
        assert floor.cursor(S001, "HO/catalogue") == 0
        assert floor.parked(S001) == []
    floor.done(S001)
    floor.assert_equal([S001])


def test_a_sender_without_room_for_its_batches_keeps_every_change(
    floor: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '1')")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        ended = floor.sync(HO)
    assert isinstance(ended.fault, DiskFull)
    assert floor.scalar(HO, "SELECT count(*) FROM sync_change") == 1
    assert list((floor.home(HO) / "staged").rglob("*.part")) == []
    floor.settle(rounds=1)
    floor.assert_equal()


def test_a_body_is_kept_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging = Staging(tmp_path / "staged")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(DiskFull):
            staging.put("ab" * 32, b"body")
    assert not staging.has("ab" * 32)
    assert staging.names() == []
    staging.put("ab" * 32, b"body")
    staging.put("ab" * 32, b"body")
    assert staging.get("ab" * 32) == b"body"
    staging.drop("ab" * 32)
    assert staging.get("ab" * 32) is None
