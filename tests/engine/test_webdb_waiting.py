"""Waiting for news, from the client's side: how it ends, and that it is never tried again alone."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from ginesys_sync.core.errors import Cancelled, Unreachable, VersionsDiffer
from ginesys_sync.engine.webdb import Patience, WebDatabase
from ginesys_sync.relay import app as relay_app
from ginesys_sync.relay.desk import open_relay
from ginesys_sync.wire import routes
from ginesys_sync.wire.wait_messages import WaitAnswer
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member, RelayServer, serving
from tests.support.weather import Storm, Weather

HERE = Path(__file__).parent
HASTY = Patience(connect_seconds=0.3, read_seconds=0.3, tries=3, pause_seconds=0.001)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedRelay]:
    with ForkedRelay(tmp_path_factory.mktemp("relay") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def ho(server: ForkedRelay) -> Member:
    return Member(server, "HO")


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
def weather(server: ForkedRelay) -> Iterator[Weather]:
    with Weather(server.url) as outside:
        yield outside


def client(url: str, member: Member, **how: Any) -> WebDatabase:
    return WebDatabase(url, member.site, member.key, **how)


class Telling(requests.Session):
    """A session that says when a call begins."""

    def __init__(self) -> None:
        super().__init__()
        self.has_begun = threading.Event()

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        self.has_begun.set()
        return super().request(*args, **kwargs)


class Stuck(Telling):
    """A session that looks a name up for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = threading.Event()

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        self.has_begun.set()
        self.may_go_on.wait()
        raise requests.ConnectionError("at last")


def test_its_line_is_not_given_up_before_the_time_is_over(ho: Member) -> None:
    web = client(ho.web._url, ho, patience=HASTY)
    at = web.wait(None, 30).at
    began = time.monotonic()
    assert web.wait(at, 1) == WaitAnswer(rang=False, at=at)
    assert time.monotonic() - began >= 0.9  # three times the read timeout
    web.close()


def ends(
    thread: ThreadPoolExecutor,
    web: WebDatabase,
    session: Telling,
    end: str,
    ready: Callable[[], object],
) -> float:
    """How long a wait lasts after another thread ended it."""
    at = web.wait(None, 0).at
    session.has_begun.clear()
    waits: Future[WaitAnswer] = thread.submit(web.wait, at, 30)
    assert session.has_begun.wait(5)
    ready()
    began = time.monotonic()
    getattr(web, end)()
    with pytest.raises(Cancelled):
        waits.result(10)
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("end", "is_secure", "is_connecting"),
    [
        ("stop_waiting", False, True),
        ("stop_waiting", False, False),
        ("stop_waiting", True, False),
        ("close", False, False),
        ("close", True, True),
    ],
)
def test_another_thread_ends_it_at_once(
    tmp_path: Path, thread: ThreadPoolExecutor, end: str, is_secure: bool, is_connecting: bool
) -> None:
    tls = (HERE / "loopback-cert.pem", HERE / "loopback-key.pem")
    before = threading.active_count()
    with RelayServer(tmp_path / "home", tls=tls if is_secure else None) as server:
        session = Telling()
        verify: bool | str = str(tls[0]) if is_secure else True
        store = Member.__new__(Member)
        store.__dict__.update(site="HO", key="0" * 64)
        enrolled(server, store)
        web = client(server.url, store, verify=verify, new_session=lambda: session)
        other = WebDatabase(server.url, verify=verify)  # its answer comes after the call has come
        assert ends(thread, web, session, end, int if is_connecting else other.health) < 5
        other.close()
        for helper in threading.enumerate():
            if helper.name == "wait":
                helper.join(5)  # its line was cut: it does not go on
                assert not helper.is_alive()
        assert threading.active_count() <= before + 1
        if end == "close":
            assert web.wait(None, 0).rang  # a closed client may be used again
        web.stop_waiting()
        with pytest.raises(Cancelled) as stopped:
            web.wait(None, 0)
        assert stopped.value.advice
        web.close()


def enrolled(server: ForkedRelay, member: Member) -> None:
    """Make the member known without a call."""
    from ginesys_sync.relay import access
    from ginesys_sync.wire.messages import EnrolRequest

    with contextlib.closing(open_relay(server.home)) as relay:
        code = access.invite(relay, member.site, "ho")
        access.enrol(
            relay,
            EnrolRequest(site="HO", role="ho", code=code, key=member.key, program="test"),
        )


def test_it_ends_at_once_also_where_nothing_can_be_cut(
    ho: Member, thread: ThreadPoolExecutor
) -> None:
    session = Stuck()
    web = client(ho.web._url, ho, new_session=lambda: session)
    waits = thread.submit(web.wait, None, 30)
    assert session.has_begun.wait(5)
    web.stop_waiting()
    with pytest.raises(Cancelled):
        waits.result(10)
    session.may_go_on.set()
    web.close()


FAULTS: dict[str, Callable[[], Storm]] = {
    "a lost answer": lambda: Storm(loses_answers=True),
    "a bad gateway": lambda: Storm(portal_status=502),
    "a reset": lambda: Storm(cut_up_after=0, resets=True),
    "a black hole": lambda: Storm(is_black_hole=True),
    "a cut in the answer": lambda: Storm(cut_down_after=150),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_not_tried_again_by_itself(weather: Weather, ho: Member, fault: str) -> None:
    web = client(weather.url, ho, patience=HASTY)
    weather.set(FAULTS[fault]())
    with pytest.raises(Unreachable):
        web.wait(None, 0)
    assert weather.connections == 1
    web.close()


def test_one_connection_serves_one_wait_after_the_other(weather: Weather, ho: Member) -> None:
    web = client(weather.url, ho)
    for _ in range(5):
        web.wait(None, 0)
    assert weather.connections == 1
    web.close()


def test_a_web_database_that_knows_no_waiting_is_said_to_be_too_old(
    tmp_path: Path, ho: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    doors = tuple(door for door in relay_app.DOORS if door.path != routes.WAIT)
    monkeypatch.setattr(relay_app, "DOORS", doors)
    with (
        contextlib.closing(open_relay(tmp_path / "home")) as relay,
        serving(relay_app.make_app(relay)) as url,
    ):
        web = client(url, ho)
        with pytest.raises(VersionsDiffer) as old:
            web.wait(None, 30)
        assert "too old" in old.value.title
        assert "Update the Web Database" in old.value.advice
        web.close()
