"""Every verb of the relay's client in every weather; large bodies over a line that keeps dying;
whole runs in every weather; clocks that are wrong.

In bad weather a verb gives the right answer or a `KnownError` with a thing to do, in bounded time;
when the weather is fair again the same call succeeds, and what it does has happened once.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ginesys_sync.core.errors import KnownError
from ginesys_sync.engine.webdb import Patience, WebDatabase
from ginesys_sync.wire import routes
from tests.prove.report import Line, Work
from tests.prove.weather_clocks import clocks
from tests.prove.weather_runs import runs
from tests.prove.weather_verbs import CALLS, Call, Scene, verbs_of
from tests.relay.lanes import Body
from tests.support import http_weather as proxies
from tests.support.relay_server import Member, RelayServer
from tests.support.weather import Storm, Weather

DIES = 65_536
HASTY = Patience(connect_seconds=0.5, read_seconds=0.5, tries=2, pause_seconds=0.002)
STEADY = Patience(connect_seconds=5.0, read_seconds=20.0, tries=6, pause_seconds=0.002)
LONGEST_SECONDS = 20.0
"""In any weather, a call has come to an end after so long."""
LARGE = 64_000_000
_CALLS_A_SCENE = 150
"""A Web Database takes 200 channels of a site, and every call may have one of its own."""
_HEADERS = ("Content-Length", "Content-Type", "Content-Range", "ETag", "Accept-Ranges")

STORMS: dict[str, Storm] = {
    "fair": Storm(),
    "latency": Storm(latency_seconds=0.05),
    "a thin line": Storm(bytes_per_second=400_000),
    "a line that crawls": Storm(bytes_per_second=100),
    "cut at once, up": Storm(cut_up_after=0),
    "cut in a call's head": Storm(cut_up_after=40),
    "cut in a call": Storm(cut_up_after=400),
    "cut in an answer's head": Storm(cut_down_after=20),
    "cut in an answer": Storm(cut_down_after=330, times=12),
    "one cut in an answer": Storm(cut_down_after=330, times=1),
    "dies every 64 KiB": Storm(cut_up_after=DIES, cut_down_after=DIES),
    "reset": Storm(cut_up_after=0, resets=True),
    "one reset in an answer": Storm(cut_down_after=100, resets=True, times=1),
    "black hole": Storm(is_black_hole=True),
    "one black hole": Storm(is_black_hole=True, times=1),
    "half-open": Storm(is_half_open=True),
    "once half-open": Storm(is_half_open=True, times=1),
    "lost answers": Storm(loses_answers=True),
    "one lost answer": Storm(loses_answers=True, times=1),
    "repeated requests": Storm(repeats_requests=True),
    "repeated answers": Storm(repeats_answers=True),
    "sign-in page": Storm(portal_status=200),
    "sign-in page, once": Storm(portal_status=200, times=1),
    "redirect": Storm(portal_status=302),
    "network authentication": Storm(portal_status=511),
    "proxy's not found": Storm(portal_status=404),
    "proxy's bad gateway": Storm(portal_status=502),
    **{f"no {name}": Storm(strips=(name,)) for name in _HEADERS},
    "no protocol": Storm(strips=(routes.PROTOCOL_HEADER,)),
    "no headers": Storm(strips=(*_HEADERS, routes.PROTOCOL_HEADER, routes.UPLOAD_OFFSET_HEADER)),
    "compressed": Storm(alters=proxies.compressed),
    "advertisement": Storm(alters=proxies.with_advertisement),
    "taken for text": Storm(alters=proxies.as_text),
    "in pieces": Storm(alters=proxies.in_pieces),
    "pieces cut off": Storm(alters=proxies.pieces_cut_off),
    "shortened": Storm(alters=proxies.shortened),
    "broken off": Storm(alters=proxies.broken_off),
    "emptied": Storm(alters=proxies.emptied),
}


def prove(work: Work) -> Iterator[Line]:
    """All of it: a fixed amount of work."""
    pairs = [(verb, name) for verb in verbs_of(WebDatabase) for name in STORMS]
    mine = [pair for place, pair in enumerate(pairs) if work.is_mine(place)]
    yield verbs(work.folder / "verbs", mine)
    for place, way in enumerate((upload, download)):
        if work.is_mine(place):
            yield way(work.folder / way.__name__, LARGE)
    yield runs(work, STORMS, HASTY)
    yield clocks(work)


def verbs(folder: Path, pairs: list[tuple[str, str]]) -> Line:
    """These verbs, each in its weather."""
    begun, broken = time.monotonic(), []
    for start in range(0, len(pairs), _CALLS_A_SCENE):
        broken += _verbs(folder / str(start), pairs[start : start + _CALLS_A_SCENE])
    seconds = time.monotonic() - begun
    what = "verbs of the client × weathers"
    return Line("weather", what, len(pairs), len(pairs), tuple(broken), seconds)


def _verbs(folder: Path, pairs: list[tuple[str, str]]) -> Iterator[str]:
    with ExitStack() as stack:
        server = stack.enter_context(RelayServer(folder / "relay"))
        scene = Scene(server)
        weather = stack.enter_context(Weather(server.url))
        for verb, name in pairs:
            if verb not in CALLS:
                yield f"{verb}: this verb of the client has met no weather"
                continue
            why = _one(weather, CALLS[verb](scene), STORMS[name])
            if why:
                yield f"{verb} in {name!r}: {why}"


def _one(weather: Weather, call: Call, storm: Storm) -> str:
    """What is wrong with one call in one weather; empty when nothing is."""
    weather.set(storm)
    begun = time.monotonic()
    why = _outcome(_client(weather, call.who, HASTY), call, may_fail=True)
    seconds = time.monotonic() - begun
    if seconds > LONGEST_SECONDS:
        why = why or f"it took {seconds:.0f} s"
    weather.set()
    why = why or _outcome(_client(weather, call.who, STEADY), call, may_fail=False)
    if not why and call.effect is not None and (done := call.effect()) != 1:
        why = f"what it does was done {done} times"
    return why


def _client(weather: Weather, who: Member, patience: Patience) -> WebDatabase:
    return WebDatabase(weather.url, who.site, who.key, patience=patience)


def _outcome(web: WebDatabase, call: Call, may_fail: bool) -> str:
    try:
        answer = call.make(web)
    except KnownError as fault:
        if not may_fail:
            return f"in fair weather: {fault} ({fault.detail})"
        return unfit_words(fault, call.who.key)
    except Exception as fault:
        return f"{type(fault).__name__}: {fault}"
    finally:
        web.close()
    return "" if call.is_right(answer) else f"a wrong answer: {str(answer)[:200]}"


_SHOP_WORDS = re.compile(r"[^<>{}]*[.?]")
_TECHNICAL = re.compile(r"Traceback|Exception|Errno|0x[0-9a-f]+|\bNone\b|\w+Error\b")


def unfit_words(fault: KnownError, key: str = "\0") -> str:
    """What a shop user would not understand, or must not read, of an error; empty when nothing."""
    for sentence in (fault.title, fault.advice):
        if not _SHOP_WORDS.fullmatch(sentence) or _TECHNICAL.search(sentence):
            return f"these are no shop words: {sentence!r}"
    return "its details tell the key" if key in fault.detail else ""


@dataclass(frozen=True, slots=True)
class _Crossing:
    """A large body on its way over a line that dies every 64 KiB: connections it took, bytes it
    cost in each direction."""

    is_equal: bool
    connections: int
    up: int
    down: int


def upload(folder: Path, size: int) -> Line:
    """A body of `size` bytes to the Web Database."""

    def cross(scene: Scene, far: WebDatabase, body: Body) -> bool:
        far.put_body(body.sha256, body.data)
        return scene.ho.web.get_body(body.sha256, size) == body.data

    return _crossing("upload", folder, size, cross, lambda found: found.up)


def download(folder: Path, size: int) -> Line:
    """A body of `size` bytes from the Web Database."""

    def cross(scene: Scene, far: WebDatabase, body: Body) -> bool:
        scene.ho.web.put_body(body.sha256, body.data)
        return far.get_body(body.sha256, size) == body.data

    return _crossing("download", folder, size, cross, lambda found: found.down)


def _crossing(
    what: str,
    folder: Path,
    size: int,
    cross: Callable[[Scene, WebDatabase, Body], bool],
    cost: Callable[[_Crossing], int],
) -> Line:
    begun, broken = time.monotonic(), []
    with RelayServer(folder / "relay") as server, Weather(server.url) as weather:
        scene, body = Scene(server), Body.of(size)
        weather.set(Storm(cut_up_after=DIES, cut_down_after=DIES))
        web = _client(weather, scene.ho, STEADY)
        try:
            is_equal = cross(scene, web, body)
            found = _Crossing(is_equal, weather.connections, weather.bytes_up, weather.bytes_down)
        except KnownError as fault:
            broken.append(f"it was given up: {fault} ({fault.detail[:200]})")
        else:
            if not found.is_equal or cost(found) > 1.3 * size or found.connections < size // DIES:
                broken.append(f"{found} for {size:,} bytes")
        finally:
            web.close()
    name = f"{what} of {size / 1e6:,.0f} MB, 64 KiB a connection"
    return Line("weather", name, 1, 1, tuple(broken), time.monotonic() - begun)
