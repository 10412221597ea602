"""A full disk leaves nothing half-done and is said in a sentence."""

import errno
import os
import shutil
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from ginesys_sync.core.errors import DiskFull
from ginesys_sync.core.status import Outcome
from ginesys_sync.engine.staging import Staging
from ginesys_sync.relay import disk
from ginesys_sync.relay.app import make_app
from ginesys_sync.relay.desk import open_relay
from tests.support.chain_floor import HO, S001, ChainFloor
from tests.support.relay_server import serving

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
    monkeypatch.setattr(database, "_engine", database._engine.__wrapped__)  # a new one each time


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


def _nearly_full(monkeypatch: pytest.MonkeyPatch, after: int = 0) -> None:
    """Every disk has 50 MB left from its look number `after` on."""
    usage, looks = shutil.disk_usage, count()

    def found(folder: Path) -> object:
        return usage(folder)._replace(free=50_000_000 if next(looks) >= after else 10**12)

    monkeypatch.setattr(shutil, "disk_usage", found)


def test_a_store_whose_disk_is_nearly_full_sends_and_takes_nothing_in(
    floor: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '1')")
    floor.done(HO)
    floor.sql(S001, "INSERT INTO bill VALUES ('S001', 1, 5, NULL)")
    with monkeypatch.context() as patch:
        _nearly_full(patch)
        ended = floor.sync(S001)
    assert ended.outcome is Outcome.ATTENTION
    (said,) = ended.notes
    assert "is nearly full (50 MB left): nothing more is taken in" in said
    assert "Nothing is lost: it waits at the Web Database. Free some space" in said
    assert floor.codes(S001, "item") == []
    floor.done(S001)
    floor.done(HO)
    floor.assert_equal([S001])


def test_a_disk_that_fills_up_while_it_receives_stops_the_run(
    floor: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '1')")
    floor.done(HO)
    with monkeypatch.context() as patch:
        _nearly_full(patch, after=2)
        ended = floor.sync(S001)
    assert ended.outcome is Outcome.STOPPED
    assert "nearly full" in ended.closing
    assert "Nothing is lost." in ended.closing
    floor.done(S001)
    floor.assert_equal([S001])


def test_a_web_database_whose_disk_is_nearly_full_refuses_what_would_fill_it(
    floor: ChainFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '1')")
    floor.done(HO)
    floor.sql(HO, f"{ROWS} INSERT INTO odd SELECT 'O' || i, hex(randomblob(40)), i FROM n")
    floor.relay.stop()
    relay = open_relay(floor.relay.home)
    with closing(relay), serving(make_app(relay)) as url, monkeypatch.context() as patch:
        floor.move_to(url)
        patch.setattr(disk, "LEAST_FREE_BYTES", 1 << 60)
        ended = floor.sync(HO)
        assert ended.outcome is Outcome.STOPPED
        assert "disk is full, or nearly so: it takes nothing in" in ended.closing
        assert "Free some space where the Web Database runs" in ended.closing
        floor.done(S001)
        assert floor.codes(S001, "item") == ["I1"]
    floor.relay.start()
    floor.move_to(floor.relay.url)
    floor.settle(rounds=1)
    floor.assert_equal()
