"""Waiting for news over a real socket: who wakes, when, and what a stop, a crowd or a cut does."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from ginesys_sync.core.errors import Refused, Unreachable
from ginesys_sync.core.model import Audience
from ginesys_sync.engine.webdb import WebDatabase
from ginesys_sync.relay import access, waiting
from ginesys_sync.relay.app import make_app
from ginesys_sync.relay.desk import Relay, open_relay
from ginesys_sync.relay.sightings import note_waiting
from ginesys_sync.wire import routes
from ginesys_sync.wire.control_messages import SiteChange
from ginesys_sync.wire.wait_messages import WaitAnswer
from tests.relay.calls import call
from tests.relay.lanes import Body, Lane
from tests.support.forked_relay import ForkedRelay
from tests.support.hands import Hands
from tests.support.relay_server import Member, RelayServer, serving

pytestmark = pytest.mark.long


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(40) as pool:
        yield pool


def begin(threads: ThreadPoolExecutor, member: Member, seconds: int = 30) -> Future[WaitAnswer]:
    """The member waits from now on."""
    at = member.web.wait(None, 0).at
    return threads.submit(member.web.wait, at, seconds)


def is_here(server: ForkedRelay, member: Member) -> None:
    """One round of the waiting room: whoever called before this has come in."""
    call(server, member, routes.WAIT, {"after": 0, "seconds": 0})


def are_seen(ho: Member, sites: set[str]) -> None:
    """That these wait has been noted, as it is once a minute."""
    ends_at = time.monotonic() + 20
    while not sites <= {each.site for each in ho.web.chain().sites if each.last_seen_at}:
        assert time.monotonic() < ends_at, "not all were seen"


def test_only_whom_it_concerns_wakes(
    server: ForkedRelay,
    ho: Member,
    new_store: Callable[[], Member],
    channel: str,
    threads: ThreadPoolExecutor,
) -> None:
    one, two, ears = new_store(), new_store(), new_store()
    lane, only_one = Lane(ho, channel), Audience.of([one.site])
    office, waits_one, waits_two = (begin(threads, who, 2) for who in (ho, one, two))
    is_here(server, ears)
    lane.send(1, [Body.of(10)], only_one)
    woken, _ = wait([office, waits_one, waits_two], 5, FIRST_COMPLETED)
    assert woken == {waits_one}
    assert [one.result().rang for one in (waits_one, waits_two, office)] == [True, False, False]
    assert not two.web.wait(waits_two.result().at, 0).rang  # and what it has seen is seen


def test_what_happens_between_two_waits_is_not_missed(
    ho: Member, new_store: Callable[[], Member], channel: str
) -> None:
    store, lane = new_store(), Lane(ho, channel)
    at = store.web.wait(None, 0).at
    for no in range(1, 21):
        lane.send(no, [Body.of(10)])
        answer = store.web.wait(at, 30)
        assert answer.rang
        at = answer.at
    assert not store.web.wait(at, 0).rang


def test_no_bell_is_missed_while_waits_come_and_go(
    ho: Member, new_store: Callable[[], Member], channel: str, threads: ThreadPoolExecutor
) -> None:
    """Each store waits for one batch after the other, as soon as it has read the one before."""
    stores, lane, last = [new_store() for _ in range(8)], Lane(ho, channel), 40

    def follow(store: Member) -> int:
        at, have, woken = store.web.wait(None, 0).at, 0, 0
        while have < last:
            answer = store.web.wait(at, 30)
            assert answer.rang, f"{store.site} has {have} and was not woken"
            at, woken = answer.at, woken + 1
            have = max(lane.numbers(lane.read(store, have)), default=have)
        return woken

    followed = [threads.submit(follow, store) for store in stores]
    for no in range(1, last + 1):
        lane.send(no, [Body.of(10)])
    assert all(1 <= woken.result(60) <= last + 1 for woken in followed)


def test_a_store_that_is_blocked_while_it_waits_is_told_at_once(
    server: ForkedRelay, ho: Member, new_store: Callable[[], Member], threads: ThreadPoolExecutor
) -> None:
    one, two = new_store(), new_store()
    waits = begin(threads, one)
    is_here(server, two)
    ho.web.change_site(SiteChange(site=one.site, state="blocked", reason="moving"))
    with pytest.raises(Refused) as refused:
        waits.result(10)
    assert refused.value.reason == "site_blocked"
    assert "moving" in refused.value.advice


def test_a_key_that_was_replaced_while_its_site_waits_is_refused_at_once(
    server: ForkedRelay, ho: Member, threads: ThreadPoolExecutor
) -> None:
    waits = begin(threads, Member(server, "S960"))
    is_here(server, ho)
    again = Member(server, "S960")
    with pytest.raises(Refused) as refused:
        waits.result(10)
    assert refused.value.reason == "key_refused"
    assert again.web.wait(None, 0).rang


def test_a_newer_call_of_the_same_site_ends_the_older(
    server: ForkedRelay, ho: Member, new_store: Callable[[], Member], threads: ThreadPoolExecutor
) -> None:
    store = new_store()
    older = begin(threads, store)
    is_here(server, ho)
    assert not store.web.wait(older_at := store.web.wait(None, 0).at, 0).rang
    with pytest.raises(Refused) as refused:
        older.result(10)
    assert refused.value.reason == "waits_elsewhere"
    assert "copy" in refused.value.advice
    assert store.web.wait(older_at + 1_000, 30).rang  # a number of another log: at once


# --- crowds ---


def enrol_many(home: Path, count: int) -> dict[str, str]:
    """So many stores with their keys, made in one transaction."""
    keys = {f"X{number:04d}": f"{number:064x}" for number in range(count)}
    with contextlib.closing(open_relay(home)) as relay, relay.database.writing() as writer:
        writer.executemany(
            "INSERT INTO sites (organisation, site, role, state, key_hash, epoch_no, epoch,"
            " invited_at) VALUES ('default', ?, 'store', 'active', ?, 1, ?, '')",
            [(site, access.hashed(key), "1-" + "0" * 16) for site, key in keys.items()],
        )
    return keys


class Line:
    """A raw connection of one waiting site."""

    def __init__(self, url: str, site: str, key: str) -> None:
        self._address = urlsplit(url)
        self._head = f"POST {routes.WAIT} HTTP/1.1\r\nHost: relay\r\n"
        self._head += f"Authorization: Bearer {site}:{key}\r\nContent-Type: application/json\r\n"

    async def ask(self, after: int | None, seconds: int) -> None:
        """Send the call."""
        self._reader, self._writer = await asyncio.open_connection(
            self._address.hostname, self._address.port
        )
        data = json.dumps({"after": after, "seconds": seconds})
        self._writer.write(f"{self._head}Content-Length: {len(data)}\r\n\r\n{data}".encode())
        await self._writer.drain()

    async def answer(self) -> WaitAnswer:
        """Read the answer."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        assert head.startswith("HTTP/1.1 200"), head
        length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
        data = await self._reader.readexactly(length)
        self._writer.close()
        return WaitAnswer.model_validate_json(data)


@pytest.mark.alone
def test_one_release_wakes_five_hundred_sites_in_well_under_a_second(tmp_path: Path) -> None:
    with RelayServer(tmp_path / "home") as server:
        ho = Member(server, "HO")
        keys = enrol_many(server.home, 500)
        at = ho.web.wait(None, 0).at
        lane = Lane(ho, "items")
        lane.post([lane.manifest(1, Body.of(10))])

        async def story() -> float:
            lines = [Line(server.url, site, key) for site, key in keys.items()]
            for line in lines:
                await line.ask(at, 30)
            await asyncio.to_thread(is_here, server, ho)
            answers = [asyncio.ensure_future(line.answer()) for line in lines]
            began = time.monotonic()
            await asyncio.to_thread(lane.post, [], release=lane.release(1))
            assert all(answer.rang for answer in await asyncio.gather(*answers))
            return time.monotonic() - began

        assert asyncio.run(story()) < 1.0


def lines_of_workers(server: ForkedRelay) -> list[int]:
    """How many connections each worker process holds."""
    workers = psutil.Process(server.pid).children()
    held = [
        sum(one.status == psutil.CONN_ESTABLISHED for one in worker.net_connections("tcp"))
        for worker in workers
    ]
    return [number for number in held if number]


def test_a_bell_rung_at_one_worker_wakes_who_waits_at_another(
    tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    with RelayServer(tmp_path / "home", workers=2) as server:
        ho, stores = Member(server, "HO"), []
        waits: list[Future[WaitAnswer]] = []
        while len(lines_of_workers(server)) < 2 or len(stores) < 4:
            assert len(stores) < 32
            stores.append(Member(server, f"S{len(stores):03d}"))
            waits.append(begin(threads, stores[-1]))
        lane = Lane(ho, "items")
        lane.post([lane.manifest(1, Body.of(10))])
        began = time.monotonic()
        lane.post([], release=lane.release(1))
        assert all(answer.result(5).rang for answer in waits)
        assert time.monotonic() - began < 5  # of thirty that they would have waited
        ho.web.close()


# --- ends and bounds ---


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_does_not_wait_for_those_who_wait(tmp_path: Path, workers: int) -> None:
    with RelayServer(tmp_path / "home", workers=workers) as server:
        ho = Member(server, "HO")
        keys = enrol_many(server.home, 40)
        at = ho.web.wait(None, 0).at

        async def story() -> tuple[float, list[WaitAnswer]]:
            lines = [Line(server.url, site, key) for site, key in keys.items()]
            for line in lines:
                await line.ask(at, 30)
            for _ in range(4):  # with two workers, both have been asked
                await asyncio.to_thread(is_here, server, ho)
            answers = [asyncio.ensure_future(line.answer()) for line in lines]
            began = time.monotonic()
            assert await asyncio.to_thread(server.stop) == 0
            return time.monotonic() - began, await asyncio.gather(*answers)

        seconds, answers = asyncio.run(story())
    assert seconds < 4
    assert {(answer.rang, answer.at) for answer in answers} == {(False, at)}


def test_a_wait_that_comes_while_the_server_stops_is_answered_at_once(tmp_path: Path) -> None:
    with RelayServer(tmp_path / "home") as server:
        ho = Member(server, "HO")
        at, address = ho.web.wait(None, 0).at, urlsplit(server.url)
        data = json.dumps({"after": at, "seconds": 30}).encode()
        line = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
        line.putrequest("POST", routes.WAIT)
        line.putheader("Authorization", f"Bearer HO:{ho.key}")
        line.putheader("Content-Type", "application/json")
        line.putheader("Content-Length", str(len(data)))
        line.endheaders(data[:5])
        is_here(server, ho)
        ho.web.close()
        os.kill(server.pid, signal.SIGTERM)
        with contextlib.suppress(ConnectionError):
            while True:  # until it takes no more calls
                socket.create_connection((address.hostname, address.port), timeout=5).close()
        began = time.monotonic()
        line.send(data[5:])
        assert json.loads(line.getresponse().read()) == {"rang": False, "at": at}
        line.close()
        assert server.stop() == 0
        assert time.monotonic() - began < 4


@pytest.mark.alone
def test_waiting_costs_next_to_nothing(tmp_path: Path) -> None:
    with RelayServer(tmp_path / "home") as server:
        ho = Member(server, "HO")
        keys = enrol_many(server.home, 100)
        at = ho.web.wait(None, 0).at
        process = psutil.Process(server.pid)

        def files() -> list[tuple[str, int, int]]:
            facts = [(path.name, path.stat()) for path in server.home.glob("relay.sqlite3*")]
            return sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in facts)

        async def story() -> float:
            lines = [Line(server.url, site, key) for site, key in keys.items()]
            for line in lines:
                await line.ask(at, 3)
            await asyncio.to_thread(are_seen, ho, set(keys))
            before, began = files(), sum(process.cpu_times()[:2])
            first = await lines[0].answer()
            spent = sum(process.cpu_times()[:2]) - began
            assert not first.rang
            for line in lines[1:]:
                assert not (await line.answer()).rang
            assert files() == before
            return spent

        assert asyncio.run(story()) < 0.3  # a tenth of the time that passed


@pytest.fixture
def small(tmp_path: Path) -> Iterator[tuple[str, Relay, list[Member]]]:
    """A server at which one site may wait at a time, and two stores."""
    home = tmp_path / "home"
    with RelayServer(home) as running:
        members = [Member(running, site) for site in ("HO", "S001", "S002")]
    relay = open_relay(home)
    with contextlib.closing(relay), serving(make_app(relay, most_waiting=1)) as url:
        for member in members:
            member.web = WebDatabase(url, member.site, member.key)
        yield url, relay, members


def test_who_finds_no_room_is_told_that_it_is_busy(
    small: tuple[str, Relay, list[Member]], threads: ThreadPoolExecutor
) -> None:
    _, _, (_, one, two) = small
    waits = begin(threads, one)
    refused = None
    while refused is None:  # until the first is in
        if waits.done():  # it found the second there
            waits = begin(threads, one)
        try:
            two.web.wait(None, 0)
        except Unreachable as fault:
            refused = fault
    assert "busy" in refused.title
    one.web.close()
    with pytest.raises(Exception, match="stopped"):
        waits.result(5)
    deadline = time.monotonic() + 5
    answer = None
    while answer is None:  # the place of who hung up is free again
        assert time.monotonic() < deadline
        with contextlib.suppress(Unreachable):
            answer = two.web.wait(None, 0)
    assert answer.rang


def test_a_fault_of_the_database_is_said_and_the_room_goes_on(
    small: tuple[str, Relay, list[Member]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, (_, one, two) = small

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(waiting, "listen", fail)
        with pytest.raises(Exception, match="disk is full"):
            one.web.wait(None, 0)
    assert two.web.wait(None, 0).rang


def test_who_waits_is_seen_though_it_opens_no_run_and_that_is_noted_once_a_minute(
    server: ForkedRelay, ho: Member, new_store: Callable[[], Member]
) -> None:
    store = new_store()
    store.web.wait(None, 0)
    are_seen(ho, {store.site})
    seen = {each.site: each.last_seen_at for each in ho.web.chain().sites}[store.site]
    for _ in range(3):
        store.web.wait(None, 0)
    other = new_store()
    other.web.wait(None, 0)
    are_seen(ho, {other.site})  # what came before has been noted by now
    assert {each.site: each.last_seen_at for each in ho.web.chain().sites}[store.site] == seen


def test_a_minute_later_it_is_noted_again(tmp_path: Path) -> None:
    with RelayServer(tmp_path / "home") as server:
        member = Member(server, "S001")
    hands = Hands()
    with contextlib.closing(open_relay(server.home, hands)) as relay:
        caller = access.recognise(relay, f"Bearer S001:{member.key}")

        def noted() -> str | None:
            note_waiting(relay, [caller])
            with relay.database.reading() as reader:
                return access.list_contacts(reader, relay.organisation, "S001")[0].last_seen_at

        first = noted()
        hands.sleep(30)
        assert noted() == first
        hands.sleep(30)
        assert noted() != first
