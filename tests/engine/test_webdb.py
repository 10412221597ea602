"""The relay client against a real Web Database, in every weather."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ginesys_sync.core.errors import (
    Damaged,
    NotTheWebDatabase,
    Refused,
    Unreachable,
)
from ginesys_sync.engine.webdb import Patience, WebDatabase
from ginesys_sync.wire import routes
from ginesys_sync.wire.control_messages import SiteChange
from ginesys_sync.wire.messages import (
    AcksRequest,
    EnrolRequest,
    LoadsRequest,
    MailRequest,
)
from tests.relay.lanes import Body, Lane
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import IMPATIENT, Member
from tests.support.weather import Storm, Weather

HERE = Path(__file__).parent
HASTY = Patience(connect_seconds=0.3, read_seconds=0.3, tries=1, pause_seconds=0.001)
STEADY = Patience(connect_seconds=2.0, read_seconds=5.0, tries=6, pause_seconds=0.01)
_numbers = itertools.count(1)


class Watch:
    """A clock that notes how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        self.waited: list[float] = []
        self._seconds = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self._seconds

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self._seconds += seconds


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedRelay]:
    with ForkedRelay(tmp_path_factory.mktemp("relay") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def ho(server: ForkedRelay) -> Member:
    return Member(server, "HO")


@pytest.fixture
def lane(ho: Member) -> Lane:
    return Lane(ho, f"lane{next(_numbers)}")


@pytest.fixture
def store(server: ForkedRelay) -> Member:
    return Member(server, f"S{next(_numbers):03d}")


@pytest.fixture
def weather(server: ForkedRelay) -> Iterator[Weather]:
    with Weather(server.url) as outside:
        yield outside


def client(url: str, member: Member, patience: Patience = IMPATIENT) -> WebDatabase:
    return WebDatabase(url, member.site, member.key, patience=patience, clock=Watch())


BODY = Body.of(200_000)
VERBS: dict[str, Callable[[WebDatabase, Lane], Any]] = {
    "health": lambda web, lane: web.health(),
    "who_am_i": lambda web, lane: web.who_am_i(),
    "enrol": lambda web, lane: web.enrol(
        EnrolRequest(
            site="HO", role="ho", code=lane.member.code, key=lane.member.key, program="test"
        )
    ),
    "open": lambda web, lane: Lane(_on(web, lane), lane.channel).member.open(),
    "put_body": lambda web, lane: web.put_body(BODY.sha256, BODY.data),
    "get_body": lambda web, lane: web.get_body(BODY.sha256, len(BODY.data)),
    "post_batches": lambda web, lane: Lane(_on(web, lane), lane.channel).post(
        [lane.manifest(1, Body(b"the same each time"))], release=lane.release(1)
    ),
    "chain": lambda web, lane: web.chain(),
    "mail": lambda web, lane: web.mail(MailRequest()),
    "acks": lambda web, lane: web.acks(AcksRequest(acks=[])),
    "wait": lambda web, lane: _again(lambda: web.wait(None, 0)),
    "loads": lambda web, lane: web.loads(LoadsRequest(sites=["S001"], load=lane.load(1, []))),
    "change_site": lambda web, lane: web.change_site(SiteChange(site="S998", state="active")),
}


def _again(act: Callable[[], Any]) -> Any:
    """What is not tried again by itself, called as its caller does: once more."""
    try:
        return act()
    except Unreachable:
        return act()


def _on(web: WebDatabase, lane: Lane) -> Member:
    """Head office, calling through another client."""
    twin = object.__new__(Member)
    twin.__dict__.update(lane.member.__dict__, web=web)
    return twin


@pytest.fixture(scope="module")
def ready(server: ForkedRelay, ho: Member) -> Lane:
    """A lane with one batch, so that every verb has something to say."""
    Member(server, "S998")
    lane = Lane(ho, "verbs")
    lane.post([lane.manifest(1, Body(b"the same each time"))], release=lane.release(1))
    ho.web.put_body(BODY.sha256, BODY.data)
    return lane


FAILING = {
    "black hole": (Storm(is_black_hole=True), Unreachable, "in time"),
    "reset": (Storm(cut_up_after=0, resets=True), Unreachable, "broke"),
    "cut before the answer": (Storm(loses_answers=True), Unreachable, "broke"),
    "cut in the answer's head": (Storm(cut_down_after=20), Unreachable, "broke"),
    "sign-in page": (Storm(portal_status=200), NotTheWebDatabase, "not a Web Database"),
    "redirect": (Storm(portal_status=302), NotTheWebDatabase, "not a Web Database"),
    "proxy's not found": (Storm(portal_status=404), NotTheWebDatabase, "not a Web Database"),
    "proxy's bad gateway": (Storm(portal_status=502), Unreachable, "not running"),
    "stripped headers": (
        Storm(strips=(routes.PROTOCOL_HEADER,)),
        NotTheWebDatabase,
        "not a Web Database",
    ),
}


@pytest.mark.parametrize("storm", FAILING)
@pytest.mark.parametrize("verb", VERBS)
def test_in_bad_weather_each_verb_says_what_is_wrong_and_what_to_do(
    weather: Weather, ready: Lane, verb: str, storm: str
) -> None:
    conditions, kind, words = FAILING[storm]
    weather.set(conditions)
    web = client(weather.url, ready.member, HASTY)
    with pytest.raises(kind) as fault:
        VERBS[verb](web, ready)
    assert words in fault.value.title
    assert fault.value.advice
    assert ready.member.key not in fault.value.detail
    weather.set()
    web.close()
    VERBS[verb](web, ready)  # and nothing is left of it when the weather is fair again
    web.close()


PASSING = {
    "one lost answer": Storm(loses_answers=True, times=1),
    "one reset": Storm(cut_up_after=0, resets=True, times=1),
    "one cut in the answer": Storm(cut_down_after=150, times=1),
    "latency": Storm(latency_seconds=0.02),
    "one bad gateway": Storm(portal_status=502, times=1),
}


@pytest.mark.parametrize("storm", PASSING)
@pytest.mark.parametrize("verb", VERBS)
def test_a_passing_storm_is_weathered_by_each_verb(
    weather: Weather, ready: Lane, verb: str, storm: str
) -> None:
    web = client(weather.url, ready.member)
    fair = VERBS[verb](client(weather.url, ready.member), ready)
    weather.set(PASSING[storm])
    answer = VERBS[verb](web, ready)
    if verb in ("get_body", "enrol", "loads", "change_site", "health"):
        assert answer == fair
    web.close()


def test_what_a_lost_answer_did_is_done_once(
    weather: Weather, server: ForkedRelay, ho: Member, store: Member, lane: Lane
) -> None:
    far = Lane(_on(client(weather.url, ho), lane), lane.channel)
    manifests = [lane.manifest(no, Body.of(10)) for no in (1, 2, 3)]
    weather.set(Storm(loses_answers=True, times=1))
    answer = far.post(manifests, release=lane.release(3))
    assert (answer.stored, answer.already) == (0, 3)
    weather.set(Storm(loses_answers=True, times=1))
    client(weather.url, store).acks(AcksRequest(acks=[lane.ack(3)]))
    rows = [row for row in ho.web.mail(MailRequest()).acks if row.ack.stream == lane.text]
    assert len(rows) == 1


@pytest.mark.parametrize("size", [300_000, 1_500_000])
def test_an_upload_over_a_line_that_dies_every_64_kib_finishes(
    weather: Weather, ho: Member, size: int
) -> None:
    body = Body.of(size)
    # With real pauses: the server writes a part down a moment after the line was cut.
    web = WebDatabase(weather.url, ho.site, ho.key, patience=STEADY)
    weather.set(Storm(cut_up_after=65_536))
    web.put_body(body.sha256, body.data)
    assert weather.connections >= size // 65_536
    assert ho.web.get_body(body.sha256, size) == body.data
    web.close()


@pytest.mark.parametrize("size", [300_000, 1_500_000, 5_000_000])
def test_a_download_over_a_line_that_dies_every_64_kib_finishes(
    weather: Weather, ho: Member, size: int
) -> None:
    body = Body.of(size)
    ho.web.put_body(body.sha256, body.data)
    web = WebDatabase(weather.url, ho.site, ho.key, patience=STEADY)
    weather.set(Storm(cut_down_after=65_536))
    assert web.get_body(body.sha256, size) == body.data
    assert weather.connections >= size // 65_536
    web.close()


def test_a_transfer_that_gets_no_further_is_given_up_with_growing_pauses(
    weather: Weather, ho: Member
) -> None:
    body, watch = Body.of(300_000), Watch()
    patience = Patience(connect_seconds=1, read_seconds=1, tries=3, pause_seconds=1.0)
    web = WebDatabase(weather.url, ho.site, ho.key, patience=patience, clock=watch)
    weather.set(Storm(cut_up_after=0))
    with pytest.raises(Unreachable):
        web.put_body(body.sha256, body.data)
    assert len(watch.waited) == 3
    for waited, pause in zip(watch.waited, (1, 2, 4), strict=True):
        assert 0.5 * pause <= waited <= 1.5 * pause
    web.close()


def test_a_download_goes_on_after_a_kill_with_what_its_file_holds(
    weather: Weather, ho: Member, tmp_path: Path
) -> None:
    body, into = Body.of(300_000), tmp_path / "body.part"
    ho.web.put_body(body.sha256, body.data)
    into.write_bytes(bytes(100_000))  # recognisably not fetched again
    assert ho.web.get_body(body.sha256, 300_000, into) == bytes(100_000) + body.data[100_000:]
    into.write_bytes(body.data[:100_000])
    weather.set(Storm(cut_down_after=150_000))
    web = client(weather.url, ho, HASTY)
    assert web.get_body(body.sha256, 300_000, into) == body.data
    assert into.read_bytes() == body.data
    assert ho.web.get_body("0" * 64, 300_000, into) == body.data  # whole: nothing is asked
    into.write_bytes(bytes(300_001))
    assert ho.web.get_body(body.sha256, 300_000, into) == body.data  # too long: begun anew
    assert into.read_bytes() == body.data
    web.close()


def test_what_came_before_the_line_went_down_for_good_is_kept(
    weather: Weather, ho: Member, tmp_path: Path
) -> None:
    body, into = Body.of(300_000), tmp_path / "body.part"
    ho.web.put_body(body.sha256, body.data)
    weather.set(Storm(cut_down_after=100_000, times=1))
    web = client(weather.url, ho, HASTY)

    class Stop(Exception):
        pass

    def stop(seconds: float) -> None:
        raise Stop

    web._clock.sleep = stop  # type: ignore[method-assign]
    with pytest.raises(Stop):
        web.get_body(body.sha256, 300_000, into)
    kept = into.read_bytes()
    assert 90_000 < len(kept) < 100_000
    assert body.data.startswith(kept)
    web.close()


def test_a_body_of_another_size_than_was_said_is_damaged(ho: Member) -> None:
    body = Body.of(300_000)
    ho.web.put_body(body.sha256, body.data)
    for size in (299_999, 10):
        with pytest.raises(Damaged):
            ho.web.get_body(body.sha256, size)


def test_a_body_may_be_sent_from_its_file(ho: Member, tmp_path: Path) -> None:
    body, path = Body.of(300_000), tmp_path / "body"
    path.write_bytes(body.data)
    ho.web.put_body(body.sha256, path)
    assert ho.web.get_body(body.sha256, 300_000) == body.data


def test_several_threads_send_and_fetch_at_the_same_time(weather: Weather, ho: Member) -> None:
    bodies = [Body.of(300_000) for _ in range(24)]
    web = client(weather.url, ho)
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda body: web.put_body(body.sha256, body.data), bodies))
        fetched = list(threads.map(lambda body: web.get_body(body.sha256, 300_000), bodies))
    assert fetched == [body.data for body in bodies]
    assert weather.connections <= 6  # each thread keeps its own
    web.close()


def test_a_bad_body_is_refused_after_trying_again(ho: Member) -> None:
    with pytest.raises(Refused) as refused:
        client_of = WebDatabase(ho.web._url, ho.site, ho.key, patience=HASTY, clock=Watch())
        client_of.put_body("0" * 64, b"not what the name says")
    assert refused.value.reason == "body_damaged"
