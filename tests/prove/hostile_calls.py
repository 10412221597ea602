"""Calls malformed on purpose, as anybody on the network could make them to a Web Database."""

from __future__ import annotations

import json
import os
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import requests

from ginesys_sync.wire import routes
from tests.prove.report import Line, Work
from tests.prove.weather_verbs import Scene
from tests.relay.lanes import ALL, MOMENT, TO_HO, Body, Lane
from tests.support.relay_server import Member, RelayServer

JSON = "application/json"
OCTETS = "application/octet-stream"
_SECONDS = 20.0
_MEGABYTES = 200


@dataclass(frozen=True, slots=True)
class HostileCall:
    """One call: it must be refused as the caller's fault (4xx), with a reason in words; unless it
    `may_pass`, which says that something harmless was made of it."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]
    may_pass: bool = False


def calls(work: Work) -> Line:
    """All of them, each by a store with a right key."""
    begun, broken = time.monotonic(), []
    with RelayServer(work.folder / "relay") as server:
        scene = Scene(server)
        store = scene.store()
        plan = list(hostile_calls(scene, store))
        mine = [one for place, one in enumerate(plan) if work.is_mine(place)]
        before = _state(scene)
        memory = resident_megabytes(server.pid)
        for name, call in mine:
            why = _refused(server, store, call)
            if not why and _state(scene) != before:
                why = "it changed something"
                before = _state(scene)
            if why:
                broken.append(f"{name}: {why}")
        grown = resident_megabytes(server.pid) - memory
        if grown > _MEGABYTES:
            broken.append(f"the Web Database grew by {grown:.0f} MB")
        if store.web.who_am_i().site != store.site:
            broken.append("the Web Database is no longer itself")
    seconds = time.monotonic() - begun
    what = "hostile calls to a Web Database"
    return Line("hostile", what, len(mine), len(mine), tuple(broken), seconds)


def _state(scene: Scene) -> list[int]:
    tables = ("batches", "streams", "bodies", "acks", "loads", "reach", "withdrawn", "audiences")
    found = [scene.count(f"SELECT count(*) FROM {table}") for table in tables]
    return [*found, scene.count("SELECT sum(head) FROM streams")]


def resident_megabytes(pid: int) -> float:
    """What a process holds in memory."""
    words = Path(f"/proc/{pid}/statm").read_text().split()
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _refused(server: RelayServer, store: Member, call: HostileCall) -> str:
    begun = time.monotonic()
    try:
        answer = requests.request(
            call.method,
            server.url + call.path,
            data=call.body,
            headers={"Authorization": f"Bearer {store.site}:{store.key}", **call.headers},
            timeout=_SECONDS,
        )
    except requests.RequestException as fault:
        return f"no answer: {type(fault).__name__}"
    if time.monotonic() - begun > _SECONDS:
        return "it took too long"
    if answer.status_code < 400:
        return "" if call.may_pass else f"it was taken: {answer.status_code} {answer.text[:100]}"
    if answer.status_code >= 500:
        return f"{answer.status_code}: {answer.text[:300]}"
    if answer.headers.get("Content-Type") != "application/problem+json":
        return f"{answer.status_code} without a problem: {answer.text[:100]!r}"
    problem = answer.json()
    is_said = problem["title"].endswith(".") and problem["advice"].endswith(".")
    return "" if is_said and len(answer.content) < 10_000 else f"no words: {answer.text[:300]}"


def hostile_calls(scene: Scene, store: Member) -> Iterator[tuple[str, HostileCall]]:
    """Name and call."""
    for path in (routes.OPEN, routes.BATCHES, routes.MAIL, routes.ACKS, routes.WAIT, routes.OWN):
        for name, text in _JSON.items():
            call = HostileCall("POST", path, text, {"Content-Type": JSON})
            yield f"{name} at {path}", call
        for name, headers in _HEADERS.items():
            may_pass = name == "no protocol"  # that is taken for the oldest one
            yield f"{name} at {path}", HostileCall("POST", path, b"{}", headers, may_pass)
    yield from _manifests(store)
    yield from _bodies()
    for path in (routes.LOADS, routes.SITES, routes.RELOAD, routes.WITHDRAW, routes.WITHDRAWN):
        call = HostileCall("POST", path, b"{}", {"Content-Type": JSON})
        yield f"a store at {path}", call


_DEEP = b"[" * 200_000
_JSON: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "an array": b"[]",
    "deep arrays": _DEEP,
    "deep objects": b'{"streams":' * 100_000,
    "a deep field": b'{"more":' + _DEEP + b"]" * 200_000 + b"}",
    "NaN": b'{"run": NaN, "after": NaN, "acks_after": NaN, "acks": NaN, "batches": NaN}',
    "infinity": b'{"run": 1e999, "after": 1e999, "acks_after": 1e999, "acks": 1, "batches": 1}',
    "an enormous number": b'{"after": ' + b"9" * 100_000 + b', "acks": 9, "batches": 9, "limit": '
    b"9" + b"0" * 5_000 + b"}",
    "an enormous string": b'{"channel": "' + b"x" * 7_000_000 + b'", "acks": "", "batches": "", '
    b'"streams": "", "seconds": ""}',
    "half a character": b'{"channel": "\\ud800", "acks": "\\udfff", "batches": "", "streams": "",'
    b' "seconds": "\\ud800"}',
    "no UTF-8": b'{"channel": "\xff\xfe"}',
    "UTF-16": '{"channel": "x"}'.encode("utf-16"),
    "the same key twice": b'{"acks": [], "acks": 5, "batches": 5, "streams": 5, "after": -1,'
    b' "seconds": -1}',
    "a negative number": b'{"after": -1, "limit": -1, "acks": -1, "batches": -1, "seconds": -1,'
    b' "acks_after": -1}',
}
_HEADERS: dict[str, dict[str, str]] = {
    "text": {"Content-Type": "text/plain"},
    "a form": {"Content-Type": "application/x-www-form-urlencoded"},
    "no kind": {"Content-Type": ""},
    "compressed": {"Content-Type": JSON, "Content-Encoding": "gzip"},
    "a protocol to come": {"Content-Type": JSON, routes.PROTOCOL_HEADER: "99"},
    "no protocol": {"Content-Type": JSON, routes.PROTOCOL_HEADER: "x" * 5_000},
    "a key of megabytes": {"Content-Type": JSON, "Authorization": "Bearer " + "x" * 30_000},
    "another's key": {"Content-Type": JSON, "Authorization": "Bearer HO:" + "ab" * 32},
    "no key": {"Content-Type": JSON, "Authorization": ""},
    "odd letters": {"Content-Type": JSON, "Authorization": "Bearer \xff\xfe:\xe9"},
}


def _manifests(store: Member) -> Iterator[tuple[str, HostileCall]]:
    lane = Lane(store, "sales")

    def posted(change: Callable[[dict[str, Any]], None]) -> HostileCall:
        manifest = json.loads(lane.manifest(1, Body(b"x" * 50), TO_HO).model_dump_json())
        change(manifest)
        message = {
            "audiences": {one.name: one.members for one in (ALL, TO_HO)},
            "batches": [manifest],
            "release": {"epoch": store.epoch, "channels": {"sales": 1}},
        }
        return HostileCall(
            "POST", routes.BATCHES, json.dumps(message).encode(), {"Content-Type": JSON}
        )

    changes: dict[str, dict[str, Any]] = {
        "a gap": {"no": 2},
        "number 0": {"no": 0},
        "an enormous number": {"no": 2**53 + 1},
        "another epoch": {"epoch": "1-" + "0" * 16},
        "an epoch that is none": {"epoch": "1"},
        "for another store": {"audience": ALL.name},
        "for nobody named": {"audience": "ab" * 32},
        "another hash": {"sha256": "ab" * 32},
        "another size": {"size": 51},
        "a size of nothing": {"size": 0},
        "an enormous size": {"size": 10**12},
        "an enormous raw size": {"raw_size": 10**12},
        "another codec": {"codec": "pickle"},
        "a channel that is a path": {"channel": "../../etc/passwd"},
        "a channel of megabytes": {"channel": "x" * 1_000_000},
        "a day that is none": {"sealed_at": "yesterday"},
        "records below zero": {"records": -1},
        "rows that are words": {"rows": "many"},
        "a body that is no base64": {"body": "\u00e9\u00e9\u00e9"},
        "a body of another length": {"body": b64encode(b"y" * 60).decode()},
        "a body beyond what is inline": {
            "body": b64encode(bytes(80_000)).decode(),
            "size": 80_000,
            "sha256": sha256(bytes(80_000)).hexdigest(),
        },
    }
    for name, change in changes.items():
        yield f"a manifest with {name}", posted(lambda one, change=change: one.update(change))  # type: ignore[misc]
    for name in ("channel", "epoch", "no", "sha256", "size", "audience"):
        yield f"a manifest without {name}", posted(lambda one, name=name: one.pop(name))  # type: ignore[misc]
    beyond = lane.ack(9).model_dump()
    for name, changed in {
        "beyond what is there": {"stream": "HO/nosuch"},
        "of one's own": {},
        "of an odd stream": {"stream": "HO/\u00e9"},
        "with a key of megabytes": {
            "parked": [{"entity": "x", "key": ["k" * 5_000], "no": 1, "code": "c", "reason": "r"}]
        },
        "with an enormous key": {
            "parked": [{"entity": "x", "key": [10**4000], "no": 1, "code": "c", "reason": "r"}]
        },
    }.items():
        sys_limited = json.dumps({"acks": [beyond | changed | {"applied_at": MOMENT}]})
        call = HostileCall("POST", routes.ACKS, sys_limited.encode(), {"Content-Type": JSON})
        yield f"an acknowledgement {name}", call


def _bodies() -> Iterator[tuple[str, HostileCall]]:
    data = os.urandom(50_000)
    name = sha256(data).hexdigest()
    path, other = f"{routes.BODIES}/{name}", f"{routes.BODIES}/{'ab' * 32}"
    octets = {"Content-Type": OCTETS}
    yield "a body under another's name", HostileCall("PUT", other, data, octets)
    yield "a body of nothing", HostileCall("PUT", path, b"", octets)
    yield "a body too large", HostileCall("PUT", other, bytes(64_000_001), octets)
    for kind in ("text/html", JSON, "multipart/form-data; boundary=x"):
        yield f"a body as {kind}", HostileCall("PUT", path, data, {"Content-Type": kind})
    yield (
        "a compressed body",
        HostileCall("PUT", path, data, {**octets, "Content-Encoding": "zstd"}),
    )
    for words in (
        "bytes 5-1/2",
        "bytes 0-49999/*",
        "bytes 10-49999/50000",
        "bytes 0-49999/99999999999999999999",
        "bytes -1-5/6",
        "\u0661",
        "bytes 60000000-60049999/60050000",
    ):
        headers = {**octets, "Content-Range": words.encode().decode("latin-1")}
        yield f"a body at {words!r}", HostileCall("PUT", path, data, headers)
    for odd in ("x", "AB" * 32, "..%2f..%2frelay.sqlite3", "ab" * 31, "%00" * 64, "\u0661" * 64):
        for method in ("PUT", "GET"):
            call = HostileCall(method, f"{routes.BODIES}/{odd}", data, octets)
            yield f"{method} of a body called {odd!r}", call
    for words in ("bytes=5-1", "bytes=-5", "bytes=99999999999-", "lines=1-2", "bytes=0-1,3-4"):
        call = HostileCall("GET", other, b"", {"Range": words})
        yield f"a range {words!r}", call
