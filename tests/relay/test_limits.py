"""Bounds on everything that comes in, and lines that are too slow."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ginesys_sync.relay.app import make_app
from ginesys_sync.relay.desk import open_relay
from ginesys_sync.relay.limits import LineLimits
from ginesys_sync.wire import routes
from tests.relay.calls import call
from tests.relay.lanes import Body, Lane
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member, RelayServer, serving

ACK = {
    "stream": "HO/items",
    "epoch": "1-" + "0" * 16,
    "from_no": 0,
    "to_no": 1,
    "run": 1,
    "applied_at": "2026-11-22T10:00:00Z",
}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (routes.OPEN, {}),
        (routes.OPEN, []),
        (routes.BATCHES, {"batches": [{}]}),
        (routes.BATCHES, {"audiences": {"x": "S001"}}),
        (routes.BATCHES, {"release": {"epoch": "1", "channels": {}}}),
        (routes.MAIL, {"limit": 0}),
        (routes.MAIL, {"streams": [{"stream": "HO", "epoch": "1-" + "0" * 16, "after": 0}]}),
        (routes.MAIL, {"acks_after": -1}),
        (routes.MAIL, {"acks_after": 2**60}),
        (routes.ACKS, {"acks": [{**ACK, "to_no": "many"}]}),
        (routes.ACKS, {"acks": [ACK] * (routes.MAX_BATCHES_A_CALL + 1)}),
        (routes.LOADS, {"sites": [], "load": {}}),
        (routes.SITES, {"site": "S001", "state": "invited"}),
        (routes.ENROL, {"site": "lower", "role": "store"}),
        (routes.WAIT, {"after": 0}),
        (routes.WAIT, {"after": -1, "seconds": 0}),
        (routes.WAIT, {"seconds": 56}),
        (routes.WAIT, {"seconds": 0.5}),
    ],
)
def test_a_message_that_is_not_what_its_model_says_is_refused_with_where_it_is_wrong(
    server: ForkedRelay, ho: Member, path: str, message: Any
) -> None:
    answer = call(server, ho, path, message)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "malformed"
    assert problem["title"]
    assert problem["advice"]
    assert problem["detail"]


def test_what_is_no_json_is_refused(server: ForkedRelay, ho: Member) -> None:
    headers = {
        "Authorization": f"Bearer {ho.site}:{ho.key}",
        "Content-Type": "application/json",
    }
    for data in (b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"limit": NaN}'):
        answer = requests.post(server.url + routes.MAIL, data=data, headers=headers, timeout=5)
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


def test_another_kind_of_content_is_refused(server: ForkedRelay, ho: Member) -> None:
    key = {"Authorization": f"Bearer {ho.site}:{ho.key}"}
    for headers in (
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {},
    ):
        answer = requests.post(
            server.url + routes.MAIL, data=b"{}", headers={**key, **headers}, timeout=5
        )
        assert (answer.status_code, answer.json()["code"]) == (415, "content_type")


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_message_that_is_too_large_is_refused_and_the_refusal_arrives(
    server: ForkedRelay, ho: Member, is_chunked: bool
) -> None:
    data = b" " * (routes.MAX_MESSAGE_BYTES + 1)
    answer = requests.post(
        server.url + routes.MAIL,
        data=iter([data[:5_000_000], data[5_000_000:]]) if is_chunked else data,
        headers={
            "Authorization": f"Bearer {ho.site}:{ho.key}",
            "Content-Type": "application/json",
        },
        timeout=10,
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("size", [routes.MAX_MESSAGE_BYTES + 1, 15_000_000, 50_000_000])
def test_a_refusal_arrives_although_the_message_is_still_being_sent(
    server: ForkedRelay, ho: Member, size: int
) -> None:
    for _ in range(10):
        answer = requests.post(
            server.url + routes.MAIL,
            data=bytes(size),
            headers={
                "Authorization": f"Bearer {ho.site}:{ho.key}",
                "Content-Type": "application/json",
            },
            timeout=30,
        )
        assert answer.json()["code"] == "too_large"


@pytest.mark.parametrize("path", ["/", "/v1/nosuch", "/v1/mail/", "/v1/bodies", "/docs"])
def test_an_address_that_is_none_is_a_problem_too(
    server: ForkedRelay, ho: Member, path: str
) -> None:
    answer = call(server, ho, path, {})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers[routes.PROTOCOL_HEADER] == str(routes.PROTOCOL)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", routes.MAIL, "POST"),
        ("POST", routes.HEALTH, "GET"),
        ("HEAD", routes.HEALTH, "GET"),
        ("DELETE", f"{routes.BODIES}/{'0' * 64}", "GET, HEAD, PUT"),
    ],
)
def test_a_method_that_is_none_is_a_problem_that_names_those_there_are(
    server: ForkedRelay, ho: Member, method: str, path: str, allowed: str
) -> None:
    answer = call(server, ho, path, None, method)
    assert answer.status_code == 405
    assert ", ".join(sorted(answer.headers["Allow"].split(", "))) == allowed
    if method != "HEAD":
        assert answer.json()["code"] == "method_refused"


MOMENT = "2026-11-22T10:00:00Z"
GOOD: dict[str, dict[str, Any]] = {
    routes.OPEN: {
        "incarnation": "0" * 16,
        "run": 1,
        "program": "test",
        "protocol": 1,
        "plan_version": 1,
        "clock": MOMENT,
        "heads": [{"stream": "HO/items", "epoch": "1-" + "0" * 16, "no": 3}],
        "mail": {"streams": [], "acks_after": 0, "limit": 10},
    },
    routes.BATCHES: {
        "audiences": {"*": "*"},
        "batches": [
            {
                "channel": "fuzz",
                "epoch": "1-" + "0" * 16,
                "no": 1,
                "entity": "items",
                "audience": "*",
                "plan_version": 1,
                "sha256": "0" * 64,
                "size": 3,
                "raw_size": 3,
                "records": 1,
                "gone": 0,
                "rows": 1,
                "run": 1,
                "sealed_at": MOMENT,
                "body": "AAAA",
            }
        ],
        "release": {"epoch": "1-" + "0" * 16, "channels": {"fuzz": 1}, "sites": ["S001"]},
    },
    routes.MAIL: {
        "streams": [{"stream": "S001/sales", "epoch": "1-" + "0" * 16, "after": 0, "upto": 7}],
        "acks_after": 0,
        "limit": 10,
    },
    routes.ACKS: {"acks": [{**ACK, "parked": [], "parked_total": 0}]},
    routes.LOADS: {
        "sites": ["S001"],
        "load": {
            "stream": "HO/items",
            "epoch": "1-" + "0" * 16,
            "no": 1,
            "plan_version": 1,
            "made_at": MOMENT,
            "chunks": [],
        },
    },
    routes.SITES: {"site": "S001", "state": "active", "reason": ""},
    routes.WAIT: {"after": None, "seconds": 0},
    routes.ENROL: {
        "site": "S001",
        "role": "store",
        "code": "A",
        "key": "0" * 64,
        "program": "test",
    },
}
_odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["", "*", "HO", "S001", "HO/items", "\x00", "\u202e", "9" * 400, "0" * 64]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def _leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a message: its holder and the key there."""
    places = enumerate(value) if isinstance(value, list) else value.items()
    for key, inner in list(places):
        yield value, key
        if isinstance(inner, (list, dict)):
            yield from _leaves(inner)


@given(path=st.sampled_from(sorted(GOOD)), data=st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_said_to_it_it_never_makes_a_mistake(
    server: ForkedRelay, ho: Member, path: str, data: st.DataObject
) -> None:
    message = json.loads(json.dumps(GOOD[path]).replace("1-" + "0" * 16, ho.epoch))
    for _ in range(data.draw(st.integers(0, 2))):
        places = list(_leaves(message))
        holder, key = data.draw(st.sampled_from(places)) if places else (message, "x")
        holder[key] = data.draw(_odd)
    if path == routes.WAIT and isinstance(message.get("seconds"), int):
        message["seconds"] = min(message["seconds"], 1)  # not long, should it be right by chance
    answer = call(server, ho, path, message)
    assert answer.status_code < 500
    assert answer.headers[routes.PROTOCOL_HEADER] == str(routes.PROTOCOL)
    if answer.status_code >= 400:
        assert answer.json()["advice"]


@pytest.mark.parametrize(
    "headers",
    [
        {routes.PROTOCOL_HEADER: "9" * 5_000},
        {routes.PROTOCOL_HEADER: "\xb2"},
        {"Authorization": "Bearer HO:\xe4\xf6"},
        {"Authorization": "Bearer " + ":" * 5_000},
        {"Range": "bytes=" + "9" * 5_000 + "-"},
        {"Content-Range": "bytes " + "9" * 5_000 + "-1/1"},
    ],
)
def test_odd_headers_are_refused_and_no_mistake(
    server: ForkedRelay, ho: Member, headers: dict[str, str]
) -> None:
    key = {"Authorization": f"Bearer {ho.site}:{ho.key}"}
    for method in ("GET", "PUT", "HEAD"):
        answer = requests.request(
            method,
            f"{server.url}{routes.BODIES}/{'0' * 64}",
            headers={name: text.encode("latin-1") for name, text in {**key, **headers}.items()},
            data=b"x" if method == "PUT" else None,
            timeout=5,
        )
        assert answer.status_code < 500


def test_unknown_fields_of_a_newer_program_are_ignored(server: ForkedRelay, ho: Member) -> None:
    answer = call(server, ho, routes.MAIL, {"limit": 5, "colour": "green"})
    assert answer.status_code == 200


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[tuple[str, Member]]:
    """A server that gives a line up after a fifth of a second, and head office at it."""
    home = tmp_path / "home"
    with RelayServer(home) as running:
        ho = Member(running, "HO")
    relay = open_relay(home)
    limits = LineLimits(idle_seconds=0.2, grace_seconds=0.1, bytes_per_second=100_000.0)
    with contextlib.closing(relay), serving(make_app(relay, limits)) as url:
        yield url.removeprefix("http://"), ho


def begin(
    address: str, ho: Member, method: str, path: str, size: int
) -> http.client.HTTPConnection:
    line = http.client.HTTPConnection(address, timeout=10)
    line.putrequest(method, path)
    line.putheader("Authorization", f"Bearer {ho.site}:{ho.key}")
    if method == "POST":
        line.putheader("Content-Type", "application/json")
    line.putheader("Content-Length", str(size))
    line.endheaders()
    return line


@pytest.mark.parametrize(
    ("method", "path"), [("POST", routes.MAIL), ("PUT", f"{routes.BODIES}/{'0' * 64}")]
)
def test_a_line_that_stands_still_is_given_up(
    impatient: tuple[str, Member], method: str, path: str
) -> None:
    address, ho = impatient
    line = begin(address, ho, method, path, 1_000)
    line.send(b"{")
    answer = line.getresponse()
    assert answer.status == 408
    assert b"too_slow" in answer.read()
    line.close()


def test_a_line_that_crawls_is_given_up_and_what_came_is_kept(
    impatient: tuple[str, Member],
) -> None:
    address, ho = impatient
    body = Body.of(50_000_000)
    path = f"{routes.BODIES}/{body.sha256}"
    line = begin(address, ho, "PUT", path, len(body.data))
    sent = 0
    answered = threading.Event()

    def wait_for_answer() -> None:
        line.sock.recv(1, 2)  # peek: blocks until the server says something
        answered.set()

    watcher = threading.Thread(target=wait_for_answer)
    watcher.start()
    while not answered.wait(0.02):
        line.send(body.data[sent : sent + 100])
        sent += 100
    watcher.join()
    assert line.getresponse().status == 408
    line.close()
    line = begin(address, ho, "HEAD", path, 0)
    kept = int(line.getresponse().headers[routes.UPLOAD_OFFSET_HEADER])
    line.close()
    assert 0 < kept <= sent


def test_a_refusal_before_the_request_is_whole_ends_the_connection_within_bounds(
    impatient: tuple[str, Member],
) -> None:
    address, ho = impatient
    stranger = object.__new__(Member)
    stranger.__dict__.update(ho.__dict__, key="0" * 64)
    for first, last in ((b"", b""), (b"{", b""), (b"{", b"}")):
        line = begin(address, stranger, "POST", routes.MAIL, 1_000)
        line.send(first)
        answer = line.getresponse()
        assert (answer.status, answer.headers["Connection"]) == (401, "close")
        assert b"key_refused" in answer.read()
        line = begin(address, ho, "GET", routes.HEALTH, 1_000)
        assert line.sock.recv(5, 2) == b"HTTP/"  # the answer does not wait for the rest
        line.send(last)
        answer = line.getresponse()
        assert (answer.status, answer.headers["Connection"]) == (200, "close")
        line.close()


def test_who_never_sends_the_rest_after_a_refusal_is_let_go_quietly(
    impatient: tuple[str, Member], caplog: pytest.LogCaptureFixture
) -> None:
    address, ho = impatient
    for method, path in (("POST", routes.HEALTH), ("HEAD", routes.HEALTH), ("PUT", routes.BODIES)):
        line = begin(address, ho, method, path, 1_000)
        line.send(b"only this")
        said = b""
        while piece := line.sock.recv(1 << 16):  # to the end, which the server makes
            said += piece
        assert said.startswith(b"HTTP/1.1 40")
        line.close()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_whole_request_that_is_refused_leaves_the_connection_open(
    server: ForkedRelay, ho: Member
) -> None:
    line = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    for _ in range(3):
        line.request("GET", routes.CHAIN, headers={"Authorization": "Bearer HO:wrong"})
        answer = line.getresponse()
        assert (answer.status, answer.headers["Connection"]) == (401, None)
        answer.read()
    assert line.sock is not None
    line.close()


def test_a_large_page_of_mail_stays_below_the_largest_message(
    server: ForkedRelay, ho: Member, channel: str
) -> None:
    store = Member(server, "S900")
    lane = Lane(ho, channel)
    body = Body.of(8_000)
    for first in (1, 501):
        lane.post([lane.manifest(first + number, body) for number in range(500)])
    lane.post([], release=lane.release(1_000))
    answer = call(
        server,
        store,
        routes.MAIL,
        {"limit": 1_000, "streams": [{"stream": lane.text, "epoch": ho.epoch, "after": 0}]},
    )
    assert answer.status_code == 200
    assert len(answer.content) <= routes.MAX_MESSAGE_BYTES
    assert len(answer.json()["batches"]) == 250  # two million bytes of bodies
    assert answer.json()["more"] is True
