"""Calls made of the relay's own OpenAPI description: no 5xx, and every answer is as described."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from hypothesis import HealthCheck, Phase, given, seed, settings

from ginesys_sync.wire import routes
from tests.prove.report import Line, Work
from tests.prove.weather_verbs import Scene
from tests.relay.lanes import TO_HO, Body, Lane
from tests.support.relay_server import Member, RelayServer

EXAMPLES = 60
"""Calls a door and round."""
_WHAT = "calls made of the OpenAPI description"


def prove(work: Work) -> Iterator[Line]:
    """Round after round, each with a Web Database of its own, as long as there is time."""
    begun, tried, broken, number = time.monotonic(), 0, list[str](), 0
    while not number or (time.monotonic() - begun < work.seconds and not broken):
        first = work.seed + number * work.shards + work.shard
        done, wrong = called(work.folder / str(number), first, EXAMPLES)
        tried, number = tried + done, number + 1
        broken += wrong
    yield Line("api", _WHAT, tried, None, tuple(broken), time.monotonic() - begun)


def called(folder: Path, first: int, examples: int) -> tuple[int, list[str]]:
    """How many calls were made, to every door by head office and by a store, and what broke."""
    tried, broken = 0, []
    with RelayServer(folder / "relay") as server:
        scene = Scene(server)
        store = scene.store()
        _something_there(scene, store)
        for operation in operations(server):
            for member in (scene.ho, store):
                done, why = _calls(operation, server, member, first, examples)
                tried += done
                if why:
                    where = f"{operation.method.upper()} {operation.path} by {member.site}"
                    broken.append(f"{where}, seed {first}: {why}")
    return tried, broken


def described(server: RelayServer) -> dict[str, Any]:
    """What the Web Database says of itself."""
    answer: dict[str, Any] = requests.get(server.url + routes.OPENAPI, timeout=20).json()
    return answer


def operations(server: RelayServer) -> list[Any]:
    """Every door that the description names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a library's own business, not the calls'
        import schemathesis

        schema = schemathesis.openapi.from_dict(described(server))
        return [found.ok() for found in schema.get_all_operations()]


def _something_there(scene: Scene, store: Member) -> None:
    """Lanes of both, so that some calls meet what is there."""
    scene.lane(Body.of(100), Body.of(40_000))
    lane = Lane(store, "sales")
    lane.post([lane.manifest(1, Body.of(50), TO_HO)], release=lane.release(1))


def _calls(
    operation: Any, server: RelayServer, member: Member, first: int, examples: int
) -> tuple[int, str]:
    tried = 0
    headers = {"Authorization": f"Bearer {member.site}:{member.key}"}

    @seed(first)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def one(case: Any) -> None:
        nonlocal tried
        tried += 1
        if operation.path == routes.WAIT and isinstance(case.body, dict):
            case.body["seconds"] = 0
        answer = case.call(base_url=server.url, headers=headers, timeout=30)
        assert answer.status_code < 500, f"{answer.status_code} {answer.text[:300]}"
        case.validate_response(answer, checks=_checks())

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one()
    except (Exception, BaseExceptionGroup) as fault:
        several = fault.exceptions if isinstance(fault, BaseExceptionGroup) else (fault,)
        words = "; ".join(f"{type(one).__name__}: {one}" for one in several)
        return tried, " ".join(words.split())[:600]
    return tried, ""


def _checks() -> list[Any]:
    """Status, kind, headers and shape of every answer are among those described."""
    from schemathesis import checks

    return checks.CHECKS.get_by_names(
        [
            "not_a_server_error",
            "status_code_conformance",
            "content_type_conformance",
            "response_headers_conformance",
            "response_schema_conformance",
        ]
    )
