"""The network between a site and the Web Database, in process: what the client sends goes straight
into the real application, in whatever weather the run was given.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from tests.prove.simulation.parts import RelayCut
from tests.prove.simulation.world import World

_ONLY_ONCE = ("/v1/open",)


@dataclass(slots=True)
class Weather:
    """What happens on the line of one run: the numbers of the calls whose request or answer gets
    lost, that are made twice, or after which an older call of this run arrives once more."""

    unheard: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()
    twice: frozenset[int] = frozenset()
    late: frozenset[int] = frozenset()
    calls: int = 0
    older: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


@dataclass(slots=True)
class Line:
    """Where a site's calls go. `app` gives the application as it stands (None: it is down), and
    `fell` is told when it died in a call. `reads` is told of every body that is read."""

    world: World
    site: str
    app: Callable[[], Any]
    fell: Callable[[], None]
    reads: Callable[[str, str], None]
    weather: Weather = field(default_factory=Weather)


class SimulatedSession(requests.Session):
    """A connection of the client's, over a `Line`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def mount(self, prefix: str, adapter: Any) -> None:
        """Nothing goes through adapters."""

    def close(self) -> None:
        """Nothing is open."""

    def request(self, method: Any, url: Any, **facts: Any) -> requests.Response:  # type: ignore[override]
        """One call, without what the machine's proxies and cookies have to say of it."""
        request = requests.PreparedRequest()
        request.prepare_method(method)
        request.url = url
        request.headers = CaseInsensitiveDict(facts["headers"])
        request.body = facts["data"]
        return self.send(facts["auth"](request))

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        """One call in its weather. Raises requests.ConnectionError."""
        line, weather = self._line, self._line.weather
        address = urlsplit(str(request.url))
        body = request.body or b""
        data = body.encode() if isinstance(body, str) else bytes(body)
        headers = {str(name): str(value) for name, value in request.headers.items()}
        call = (str(request.method), address.path, headers, data)
        weather.calls += 1
        number = weather.calls
        line.world.point(f"{call[0]} {call[1][:20]} {zlib.crc32(data):08x}")
        if number in weather.unheard:
            raise requests.ConnectionError("the call was lost")
        answer = _carry(line, call)
        if number in weather.twice:
            answer = _carry(line, call)
        if number in weather.late and weather.older:
            _carry(line, line.world.dice.choice(weather.older))
        if call[0] != "GET" and call[1] not in _ONLY_ONCE:
            weather.older.append(call)
        status, answered, content = answer
        line.world.point(f"answer {status} {zlib.crc32(content):08x}")
        if number in weather.lost:
            raise requests.ConnectionError("the answer was lost")
        if call[0] == "GET" and status in (200, 206) and "/bodies/" in call[1]:
            line.reads(line.site, call[1].rpartition("/")[2])
        return _response(request, status, answered, content)


def _carry(
    line: Line, call: tuple[str, str, dict[str, str], bytes]
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """The call arrives and is carried out."""
    app = line.app()
    if app is None:
        raise requests.ConnectionError("nobody answers")
    try:
        return asked(app, *call)
    except RelayCut:
        line.world.tell("relay killed")
        line.fell()
        raise requests.ConnectionError("the Web Database fell silent") from None


def asked(
    app: Any, method: str, path: str, headers: dict[str, str], data: bytes
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """One call of an application: status, headers, content."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"content-length", str(len(data)).encode()),
            *(
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in headers.items()
                if name.lower() != "content-length"
            ),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    status, answered, pieces = 0, [], []
    is_read = False

    async def receive() -> dict[str, Any]:
        nonlocal is_read
        if is_read:
            return {"type": "http.disconnect"}
        is_read = True
        return {"type": "http.request", "body": data, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, answered
        if message["type"] == "http.response.start":
            status, answered = message["status"], list(message["headers"])
        else:
            pieces.append(message.get("body", b""))

    # By hand, without a loop: in this world nothing has to be waited for (`parts.simulated`).
    call = app(scope, receive, send)
    try:
        waits_for = call.send(None)
    except StopIteration:
        return status, answered, b"".join(pieces)
    raise AssertionError(f"{method} {path} waits for {waits_for}")


def _response(
    request: requests.PreparedRequest,
    status: int,
    headers: list[tuple[bytes, bytes]],
    content: bytes,
) -> requests.Response:
    named = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    raw = urllib3.HTTPResponse(
        BytesIO(content),
        headers=named,
        status=status,
        preload_content=False,
        request_method=request.method,
    )
    response = requests.Response()
    response.status_code = status
    response.headers.update(named)
    response.raw = raw
    response.request = request
    response.url = str(request.url)
    return response
