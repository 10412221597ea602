"""The OpenAPI description is true: every call our client makes is in it, and its answers fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import requests
from openapi_spec_validator import OpenAPIV31SpecValidator

from ginesys_sync.core.errors import Refused
from ginesys_sync.relay.doors import DOORS
from ginesys_sync.relay.problems import CATALOGUE
from ginesys_sync.wire import routes
from ginesys_sync.wire.control_messages import (
    ReloadRequest,
    SiteChange,
    WithdrawnRequest,
    WithdrawRequest,
)
from ginesys_sync.wire.messages import AcksRequest, LoadsRequest
from ginesys_sync.wire.own_messages import AgainRequest, OwnRequest, SameRequest
from tests.relay.lanes import TO_HO, Body, Lane
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member

SEEN: list[requests.Response] = []


class Recording(requests.Session):
    """A session that keeps every answer and what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.hooks["response"].append(self._keep)

    @staticmethod
    def _keep(answer: requests.Response, **_: object) -> None:
        if answer.headers.get("Content-Type", "").endswith("json"):
            answer._content = answer.raw.read()
            answer._content_consumed = True
            answer.raw = Replayed(answer._content)
        SEEN.append(answer)


class Replayed:
    """What was read once, to be read again."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read1(self, size: int) -> bytes:
        data, self._data = self._data[:size], self._data[size:]
        return data

    def close(self) -> None: ...

    def release_conn(self) -> None: ...


@pytest.fixture(scope="module")
def described(server: ForkedRelay) -> dict[str, Any]:
    answer = requests.get(server.url + routes.OPENAPI, timeout=5)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def told(
    server: ForkedRelay, ho: Member, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[requests.Response]]:
    """Everything the two sides say to each other in a small story, refusals included."""
    SEEN.clear()
    monkeypatch.setattr(requests, "Session", Recording)
    from ginesys_sync.engine import webdb

    def recorded(member: Member) -> None:
        member.web = webdb.WebDatabase(server.url, member.site, member.key, new_session=Recording)

    store, other = Member(server, "S001"), Member(server, "S002")
    for member in (ho, store, other):
        recorded(member)
    items, bills = Lane(ho, "items"), Lane(store, "sales")
    ho.web.health()
    ho.web.who_am_i()
    ho.web.chain()
    ho.web.wait(None, 0)
    items.send(1, [Body.of(10), Body.of(40_000)])
    bills.send(1, [Body.of(10)], TO_HO)
    store.open()
    items.read(store)
    store.web.acks(AcksRequest(acks=[items.ack(2)]))
    ho.open()
    late = Member(server, "S003")
    recorded(late)
    chunk = Body.of(40_000)
    ho.web.put_body(chunk.sha256, chunk.data)
    ho.web.put_body(chunk.sha256, chunk.data)
    ho.web.loads(LoadsRequest(sites=["S003"], load=items.load(2, [chunk])))
    items.read(late)
    late.web.get_body(chunk.sha256, 40_000)
    assert ho.web.own(OwnRequest(channel="items")).batches
    store.web.again(AgainRequest(channels=["sales"]))
    store.web.same(SameRequest(places=[]))
    ho.web.withdraw(WithdrawRequest(channel="items", epoch=ho.epoch, numbers=[1]))
    ho.web.withdrawn(WithdrawnRequest(channel="items"))
    ho.web.reload(ReloadRequest(site="S003"))
    ho.web.change_site(SiteChange(site="S003", state="blocked", reason="moving"))
    for bad in (
        late.open,
        lambda: store.web.get_body("0" * 64, 5),
        lambda: store.web.change_site(SiteChange(site="S002", state="closed")),
        lambda: ho.web.change_site(SiteChange(site="NOSUCH", state="closed")),
        lambda: items.post([items.manifest(9, Body.of(10))]),
        lambda: store.web.acks(AcksRequest(acks=[items.ack(9)])),
        lambda: late.web.wait(0, 1),
    ):
        with pytest.raises(Refused):
            bad()
    yield list(SEEN)


def test_the_description_is_valid_openapi(described: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(described).validate()
    assert described["openapi"].startswith("3.1")


def test_every_door_and_no_other_is_described(
    server: ForkedRelay, described: dict[str, Any]
) -> None:
    expected = {(door.path, door.method.lower()) for door in DOORS}
    expected |= {(f"{routes.BODIES}/{{sha256}}", one) for one in ("put", "head", "get")}
    expected.add((routes.OPENAPI, "get"))
    found = {
        (path, method)
        for path, operations in described["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert found == expected
    names = [
        one["operationId"]
        for path in described["paths"].values()
        for one in path.values()
        if isinstance(one, dict)
    ]
    assert len(names) == len(set(names))


def test_what_is_really_said_is_what_the_description_says(
    described: dict[str, Any], told: list[requests.Response]
) -> None:
    met: set[tuple[str, str]] = set()
    for answer in told:
        path = re.sub(r"/[0-9a-f]{64}$", "/{sha256}", requests.utils.urlparse(answer.url).path)
        method = (answer.request.method or "").lower()
        operation = described["paths"][path][method]
        met.add((path, method))
        response = operation["responses"][str(answer.status_code)]
        for header, words in response.get("headers", {}).items():
            assert header in answer.headers
            jsonschema.validate(int(answer.headers[header]), words["schema"])
        kind = answer.headers.get("Content-Type", "")
        if answer.request.method == "HEAD" or not answer.content:
            continue
        schema = response["content"][kind].get("schema")
        if schema:
            fits(described, answer.json(), schema)
        asked = answer.request.headers.get("Content-Type")
        if asked == "application/json":
            wanted = operation["requestBody"]["content"][asked]["schema"]
            fits(described, requests.models.complexjson.loads(answer.request.body), wanted)
        if kind == "application/problem+json":
            assert answer.json()["code"] in response["description"].split(", ")
    assert {path for path, _ in met} >= {door.path for door in DOORS if door.name != "enrol"}
    assert (f"{routes.BODIES}/{{sha256}}", "put") in met
    assert any(answer.status_code >= 400 for answer in told)


def fits(described: dict[str, Any], value: Any, schema: dict[str, Any]) -> None:
    whole = {**schema, "components": described["components"]}
    jsonschema.Draft202012Validator(whole).validate(value)


def test_every_problem_has_a_sentence_and_a_thing_to_do() -> None:
    for code, (status, title, advice) in CATALOGUE.items():
        assert re.fullmatch(r"[a-z_]+", code)
        assert 400 <= status < 600
        assert title.endswith(".")
        assert advice.endswith(".")
