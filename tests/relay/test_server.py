"""The server as a process: starts, stops, is killed, refuses what it cannot do, shares a home."""

from __future__ import annotations

import asyncio
import functools
import json
import multiprocessing
import os
import signal
import socket
import sqlite3
import stat
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from ginesys_sync.core.errors import (
    AlreadyRunning,
    DatabaseUnusable,
    HomeUnusable,
    KnownError,
    VersionsDiffer,
)
from ginesys_sync.relay import database as database_room
from ginesys_sync.relay import main as relay_main
from ginesys_sync.relay.database import open_database
from ginesys_sync.relay.main import invite, serve
from ginesys_sync.relay.migrations import KNOWN_VERSIONS
from ginesys_sync.relay.migrations.climb import climb
from ginesys_sync.wire.messages import AcksRequest, MailRequest
from tests.relay.lanes import ALL, TO_HO, Body, Lane
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member, RelayServer


def test_it_says_where_it_listens_and_stops_on_a_polite_signal(tmp_path: Path) -> None:
    server = RelayServer(tmp_path / "home").start()
    facts = json.loads((server.home / "relay.json").read_text())
    assert facts["pid"] == server.pid
    assert facts["url"] == server.url == f"http://127.0.0.1:{facts['port']}"
    assert server.stop() == 0
    assert not (server.home / "relay.json").exists()


def test_a_signal_in_the_first_moment_stops_it_too(tmp_path: Path) -> None:
    for _ in range(3):
        server = RelayServer(tmp_path / "home").start()
        os.kill(server.pid, signal.SIGINT)
        assert server.stop() == 0


def test_after_a_kill_everything_it_answered_for_is_there(tmp_path: Path) -> None:
    with RelayServer(tmp_path / "home") as server:
        ho, store = Member(server, "HO"), Member(server, "S001")
        lane, bills = Lane(ho, "items"), Lane(store, "sales")
        bodies = [Body.of(10), Body.of(40_000), Body.of(5_000_000)]
        lane.send(1, bodies)
        bills.send(1, bodies[:2], TO_HO)
        store.web.acks(AcksRequest(acks=[lane.ack(1)]))
        server.kill()
        server.start()
        answer = lane.read(store, 1)
        assert lane.numbers(answer) == [2, 3]
        for body in bodies[1:]:
            assert store.web.get_body(body.sha256, len(body.data)) == body.data
        assert [row.ack.to_no for row in ho.open().mail.acks] == [1]
        assert store.open().own[0].no == 2


def test_what_a_kill_left_over_is_swept_at_the_next_start(tmp_path: Path) -> None:
    with RelayServer(tmp_path / "home", keep_days=0) as server:
        ho, store = Member(server, "HO"), Member(server, "S001")
        lane = Lane(ho, "items")
        needed, finished, orphan, fresh = (Body.of(40_000) for _ in range(4))
        lane.send(1, [finished, needed])
        for body in (orphan, fresh):
            ho.web.put_body(body.sha256, body.data)
        stray = server.home / "bodies" / "ab" / ("ab" + "0" * 62)
        stray.parent.mkdir(exist_ok=True)
        server.kill()

        stray.write_bytes(b"without a row")
        parts = server.home / "uploads" / "S001"
        parts.mkdir(parents=True, exist_ok=True)
        for name, age in (("old.part", 2 * 86_400), ("young.part", 0)):
            (parts / name).write_bytes(b"part")
            moment = (parts / name).stat().st_mtime - age
            os.utime(parts / name, (moment, moment))
        with closing(sqlite3.connect(server.home / "relay.sqlite3")) as connection, connection:
            connection.execute(
                "UPDATE bodies SET added_at = '2026-01-01T00:00:00.000Z' WHERE sha256 = ?",
                (orphan.sha256,),
            )
            # As if the power had gone between an acknowledgement and forgetting what it finished.
            connection.execute(
                "INSERT INTO reach (organisation, stream, site, acked)"
                " SELECT 'default', stream, 'S001', 1 FROM streams"
            )
        server.start()
        server.stop()  # waits for the sweep

        def is_there(body: Body) -> bool:
            return (server.home / "bodies" / body.sha256[:2] / body.sha256).exists()

        there = [is_there(body) for body in (needed, finished, orphan, fresh)]
        assert there == [True, False, False, True]
        assert not stray.exists()
        assert [path.name for path in parts.iterdir()] == ["young.part"]
        server.start()
        assert lane.numbers(lane.read(store, 1)) == [2]


def test_several_workers_share_one_home(tmp_path: Path) -> None:
    with RelayServer(tmp_path / "home", workers=2) as server:
        ho, stores = Member(server, "HO"), [Member(server, f"S00{n}") for n in (1, 2, 3)]
        lanes = [Lane(ho, "items"), *(Lane(store, "sales") for store in stores)]

        def story(lane: Lane) -> None:
            audience = ALL if lane.member is ho else TO_HO
            for no in range(1, 11):
                lane.send(no, [Body.of(10 if no % 2 else 40_000)], audience)
                lane.member.open(no)

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(story, lanes))
        for store in stores:
            assert lanes[0].numbers(lanes[0].read(store)) == list(range(1, 11))
        answer = ho.web.mail(MailRequest())
        assert len(answer.batches) == 30
        assert server.stop() == 0


def test_two_servers_do_not_share_a_home(tmp_path: Path) -> None:
    with RelayServer(tmp_path / "home") as server, pytest.raises(AlreadyRunning) as refused:
        serve(server.home)
    assert "relay.json" in refused.value.advice


def test_the_pieces_of_an_answer_do_not_wait_for_each_other() -> None:
    async def has_no_delay(listener: socket.socket) -> bool:
        found: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            line = writer.get_extra_info("socket")
            found.set_result(bool(line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
            writer.close()

        async with await asyncio.start_server(answer, sock=listener):
            _, caller = await asyncio.open_connection(*listener.getsockname())
            caller.close()
            return await found

    with relay_main._listening("127.0.0.1", 0) as listener:
        assert asyncio.run(has_no_delay(listener))


def test_a_port_in_use_is_a_sentence(tmp_path: Path) -> None:
    with RelayServer(tmp_path / "one") as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(KnownError) as refused:
            serve(tmp_path / "two", "127.0.0.1", port)
    assert str(port) in refused.value.title
    assert refused.value.advice


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_plain_http_is_served_on_loopback_only(tmp_path: Path, host: str) -> None:
    with pytest.raises(KnownError) as refused:
        serve(tmp_path / "home", host)
    assert "plain HTTP" in refused.value.title
    assert "certificate" in refused.value.advice
    assert not (tmp_path / "home").exists()


def test_another_database_than_its_own_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KnownError) as refused:
        serve(tmp_path / "home", db_url="postgresql+psycopg://localhost/relay")
    assert "--db" in refused.value.advice


def test_a_database_of_a_newer_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    invite(home, "HO", "ho")
    path = home / "relay.sqlite3"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE relay_version SET version_num = '9999'")
    before = path.read_bytes()
    with pytest.raises(VersionsDiffer) as differ:
        invite(home, "HO", "ho")
    assert "9999" in differ.value.title
    with pytest.raises(VersionsDiffer):
        serve(home)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all, but long enough" * 50, None])
def test_a_file_that_is_no_database_of_ours_is_refused(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "relay.sqlite3"
    if content is None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE bills (no INTEGER)")
    else:
        path.write_bytes(content)
    with pytest.raises(DatabaseUnusable):
        invite(tmp_path, "HO", "ho")


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(HomeUnusable):
        invite(tmp_path / "home", "HO", "ho")


def test_a_home_is_for_its_owner_only(tmp_path: Path) -> None:
    invite(tmp_path / "home", "HO", "ho")
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


def test_the_known_versions_are_those_of_the_migrations() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from ginesys_sync.relay import migrations

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    steps = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(steps)) == KNOWN_VERSIONS


def schema(path: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
        ).fetchall()


def test_an_older_database_climbs_with_all_it_holds_and_is_copied_first(tmp_path: Path) -> None:
    from ginesys_sync.relay.migrations.climb import climb

    open_database(tmp_path / "new.sqlite3").close()
    for version in KNOWN_VERSIONS[:-1]:
        home = tmp_path / version
        with ForkedRelay(home) as server:
            ho, store = Member(server, "HO"), Member(server, "S001")
            lane, body = Lane(ho, "items"), Body.of(10)
            lane.send(1, [body])
        whole, old = home / "relay.sqlite3", home / "old.sqlite3"
        climb(old, version)
        with closing(sqlite3.connect(old)) as connection, connection:
            connection.execute("ATTACH ? AS whole", (str(whole),))
            connection.execute("DELETE FROM audiences")
            connection.execute("DELETE FROM organisations")
            tables = "organisations sites streams audiences audience_members batches bodies reach"
            for table in tables.split():
                columns = ", ".join(
                    f'"{row[1]}"' for row in connection.execute(f"PRAGMA main.table_info({table})")
                )
                connection.execute(
                    f"INSERT INTO {table} ({columns}) SELECT {columns} FROM whole.{table}"
                )
        old.replace(whole)
        with server:
            assert lane.numbers(lane.read(store)) == [1]
            answer = store.web.wait(store.web.wait(None, 0).at, 0)
            assert not answer.rang
            lane.send(2, [body])
            assert store.web.wait(answer.at, 0).rang
        assert schema(whole) == schema(tmp_path / "new.sqlite3")
        with closing(sqlite3.connect(f"{whole}.before-{KNOWN_VERSIONS[-1]}")) as copy:
            assert copy.execute("SELECT version_num FROM relay_version").fetchone() == (version,)
            assert copy.execute("SELECT count(*) FROM batches").fetchone() == (1,)


def test_every_key_leads_with_the_organisation(tmp_path: Path) -> None:
    open_database(tmp_path / "relay.sqlite3").close()
    with closing(sqlite3.connect(tmp_path / "relay.sqlite3")) as connection:
        tables = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        tables.remove("relay_version")
        assert len(tables) > 5
        for table in tables:
            columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
            first = next(column for column in columns if column[5] == 1)
            assert (table, first[1]) == (table, "organisation")


def test_a_new_database_that_somebody_is_writing_to_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "relay.sqlite3"
    climb(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        pauses = []

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            other.execute("COMMIT")

        monkeypatch.setattr(database_room.time, "sleep", pause)
        opened = open_database(path)
        with opened.reading() as reader:
            assert reader.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        opened.close()
    assert len(pauses) == 1


def test_a_first_start_by_several_at_once_makes_one_database(tmp_path: Path) -> None:
    home = tmp_path / "home"
    sites = [f"S{number:03d}" for number in range(6)]
    invited = functools.partial(invite, home, role="store")
    with (
        ThreadPoolExecutor(3) as threads,
        ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as processes,
    ):
        codes = [*processes.map(invited, sites[:3]), *threads.map(invited, sites[3:])]
    assert len(set(codes)) == 6
    with closing(sqlite3.connect(home / "relay.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM organisations").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM sites").fetchone() == (6,)
