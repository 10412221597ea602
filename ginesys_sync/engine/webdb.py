"""The engine's side of the conversation with the Web Database: one method per verb.

Every verb may be repeated, so every verb is retried, but for `wait`, which its caller repeats.
Whatever goes wrong comes out as a `KnownError` with a diagnosis; nothing of requests or urllib3
leaves this file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
import urllib3.exceptions as low
from pydantic import ValidationError

from ginesys_sync.core.clock import Clock, SystemClock
from ginesys_sync.core.errors import (
    Damaged,
    KnownError,
    NotTheWebDatabase,
    Refused,
    Unreachable,
    VersionsDiffer,
)
from ginesys_sync.engine.diagnosis import (
    Answer,
    checked_host,
    diagnosis,
    is_head_cut,
    number_in,
    said_no,
    understood,
)
from ginesys_sync.engine.patience import Patience as Patience
from ginesys_sync.engine.sessions import Sessions, SiteKey, Waits, nobody
from ginesys_sync.wire import control_messages as control
from ginesys_sync.wire import messages, own_messages, routes, wait_messages

_PIECE = 1 << 16
_PROBLEM_BYTES = 1 << 16
_OCTETS = "application/octet-stream"


class WebDatabase:
    """A Web Database as one site talks to it. Threads may share it: each has its own connection.

    `site` and `key` may be empty as long as only `health` and `enrol` are called. `verify` is True
    for the usual certificate authorities, or the path of a file with one's own. Raises Refused for
    plain HTTP beyond loopback and NotTheWebDatabase for what is no address.
    """

    def __init__(
        self,
        url: str,
        site: str = "",
        key: str = "",
        *,
        verify: bool | str = True,
        patience: Patience | None = None,
        clock: Clock | None = None,
        new_session: Callable[[], requests.Session] = requests.Session,
    ) -> None:
        self._url = url.rstrip("/")
        self._host, is_loopback = checked_host(self._url)
        self._auth = SiteKey(site, key) if site else nobody
        self._verify = verify
        self._patience = patience or Patience()
        self._clock = clock or SystemClock()
        self._sessions = Sessions(
            self._url,
            self._patience.tries,
            self._patience.pause_seconds,
            new_session,
            trust_env=not is_loopback,
        )
        self._waits = Waits()

    def health(self) -> messages.Health:
        """Whether a Web Database is there at all. Needs no key."""
        return self._call("GET", routes.HEALTH, None, messages.Health, is_known=False)

    def who_am_i(self) -> messages.WhoAmI:
        """Whether the key is accepted, and for whom."""
        return self._call("GET", routes.WHO_AM_I, None, messages.WhoAmI)

    def enrol(self, request: messages.EnrolRequest) -> messages.EnrolAnswer:
        """Trade a one-time code for access. Repeat with the same key after a lost answer."""
        return self._call("POST", routes.ENROL, request, messages.EnrolAnswer, is_known=False)

    def open(self, request: messages.OpenRequest) -> messages.OpenAnswer:
        """The first call of a run."""
        return self._call("POST", routes.OPEN, request, messages.OpenAnswer)

    def post_batches(self, request: messages.BatchesRequest) -> messages.BatchesAnswer:
        """Hand in manifests and a release."""
        return self._call("POST", routes.BATCHES, request, messages.BatchesAnswer)

    def mail(self, request: messages.MailRequest) -> messages.MailAnswer:
        """The next page of mail."""
        return self._call("POST", routes.MAIL, request, messages.MailAnswer)

    def acks(self, request: messages.AcksRequest) -> messages.AcksAnswer:
        """Acknowledge what was applied."""
        return self._call("POST", routes.ACKS, request, messages.AcksAnswer)

    def loads(self, request: messages.LoadsRequest) -> messages.LoadsAnswer:
        """Offer a first load (head office)."""
        return self._call("POST", routes.LOADS, request, messages.LoadsAnswer)

    def change_site(self, request: control.SiteChange) -> messages.SiteContact:
        """Say how a store stands (head office)."""
        return self._call("POST", routes.SITES, request, messages.SiteContact)

    def reload(self, request: control.ReloadRequest) -> messages.SiteContact:
        """Have a store take first loads of everything again (head office)."""
        return self._call("POST", routes.RELOAD, request, messages.SiteContact)

    def withdraw(self, request: control.WithdrawRequest) -> control.WithdrawAnswer:
        """Take batches back that no site has heard of (head office)."""
        return self._call("POST", routes.WITHDRAW, request, control.WithdrawAnswer)

    def withdrawn(self, request: control.WithdrawnRequest) -> control.WithdrawnAnswer:
        """What was taken back after a withdrawal (head office)."""
        return self._call("POST", routes.WITHDRAWN, request, control.WithdrawnAnswer)

    def chain(self) -> messages.Chain:
        """Every site of the chain (head office)."""
        return self._call("GET", routes.CHAIN, None, messages.Chain)

    def own(self, request: own_messages.OwnRequest) -> own_messages.OwnAnswer:
        """The next page of what this site itself sent."""
        return self._call("POST", routes.OWN, request, own_messages.OwnAnswer)

    def again(self, request: own_messages.AgainRequest) -> own_messages.AgainAnswer:
        """Say that everything of some channels is noted to be sent once more."""
        return self._call("POST", routes.AGAIN, request, own_messages.AgainAnswer)

    def same(self, request: own_messages.SameRequest) -> own_messages.SameAnswer:
        """Whether batches that this site read are those that the Web Database has."""
        return self._call("POST", routes.SAME, request, own_messages.SameAnswer)

    def put_body(self, sha256: str, body: bytes | Path) -> None:
        """Send a body, given as bytes or as the file that holds them.

        After a cut it goes on from where the Web Database says it has come to.
        """
        data = body if isinstance(body, bytes) else body.read_bytes()
        start = 0
        with self._patience.persistence(self._clock) as tried_without_progress:
            while True:
                try:
                    self._send(sha256, data, start)
                    return
                except (Unreachable, Refused) as fault:
                    if isinstance(fault, Refused) and fault.reason not in _GO_ON_AFTER:
                        raise
                    tried_without_progress(fault, start)
                try:
                    start, is_whole = self._offset(sha256)
                    if is_whole:
                        return
                except Unreachable as fault:
                    tried_without_progress(fault, start)

    def get_body(self, sha256: str, size: int, into: Path | None = None) -> bytes:
        """Fetch a body of `size` bytes, going on after a cut from where it was.

        With `into`, what comes is appended to that file, and what it holds already is not fetched
        again: so it goes on after a kill, too. The hash is left to `wire.body.unpack`.
        """
        data = bytearray(into.read_bytes() if into and into.exists() else b"")
        if len(data) > size:
            data.clear()
        with self._patience.persistence(self._clock) as tried_without_progress:
            while len(data) < size:
                before = len(data)
                try:
                    self._receive(sha256, size, data)
                except Unreachable as fault:
                    tried_without_progress(fault, len(data))
                finally:
                    _keep(into, data, before)
        return bytes(data)

    def wait(self, after: int | None, seconds: int) -> wait_messages.WaitAnswer:
        """Wait, at most `seconds` (0 to 30), for news after number `after`, an earlier answer's
        `at`; None answers at once. It is not tried again by itself: whoever calls it in a loop
        pauses after a failure, a random while, longer each time.

        Raises Cancelled when another thread calls `stop_waiting` or `close`, VersionsDiffer when
        the Web Database is too old to be waited at, Refused with the reason `waits_elsewhere` when
        the same site began to wait anew, Unreachable when too many sites wait already.
        """
        session = self._sessions.mine()
        request = wait_messages.WaitRequest(after=after, seconds=seconds)

        def act(is_over: Callable[[], bool]) -> wait_messages.WaitAnswer:
            self._sessions.lend(session, is_over)
            return self._ask_once(request, seconds)

        try:
            return self._waits.keep(act)
        except Refused as fault:
            if fault.reason != "not_found":
                raise
            title = "The Web Database is too old to wake this site."
            advice = "Update the Web Database; until then this site syncs by its schedule."
            raise VersionsDiffer(title, advice, fault.detail) from fault

    def stop_waiting(self) -> None:
        """End every `wait` at once, also those to come. Any thread may call it."""
        self._waits.end(for_good=True)
        self._sessions.break_waits()

    def close(self) -> None:
        """Close every thread's connection; a `wait` under way ends."""
        self._waits.end(for_good=False)
        self._sessions.break_waits()
        self._sessions.close()

    def _call(
        self,
        method: str,
        path: str,
        request: messages.Message | None,
        answer: type[Answer],
        *,
        is_known: bool = True,
    ) -> Answer:
        """One message there and one back."""
        data = request.model_dump_json().encode() if request else None
        headers = {"Content-Type": "application/json"} if request else {}
        with self._patience.persistence(self._clock) as tried_without_progress:
            while True:
                with self._asked(method, path, data, headers, is_known) as response:
                    try:
                        text = self._read(response, routes.MAX_MESSAGE_BYTES)
                        break
                    except Unreachable as fault:
                        tried_without_progress(fault, 0)
        return understood(text, answer)

    def _ask_once(
        self, request: wait_messages.WaitRequest, seconds: int
    ) -> wait_messages.WaitAnswer:
        data, headers = request.model_dump_json().encode(), {"Content-Type": "application/json"}
        with self._asked("POST", routes.WAIT, data, headers, seconds=seconds) as response:
            text = self._read(response, routes.MAX_MESSAGE_BYTES)
        return understood(text, wait_messages.WaitAnswer)

    @contextmanager
    def _asked(
        self,
        method: str,
        path: str,
        data: bytes | None,
        headers: dict[str, str],
        is_known: bool = True,
        seconds: float = 0.0,
    ) -> Iterator[requests.Response]:
        """The good answer to one call, not read yet. Raises KnownError for every other."""
        patience = self._patience
        sent = {
            "Accept-Encoding": "identity",
            routes.PROTOCOL_HEADER: str(routes.PROTOCOL),
            **headers,
        }
        try:
            response = self._sessions.mine().request(
                method,
                self._url + path,
                data=data,
                headers=sent,
                auth=self._auth if is_known else nobody,
                timeout=(patience.connect_seconds, patience.read_seconds + seconds),
                verify=self._verify,
                allow_redirects=False,
                stream=True,
            )
        except (requests.RequestException, low.HTTPError, OSError) as fault:
            raise diagnosis(fault, self._host) from fault
        try:
            self._check(response)
            yield response
        finally:
            response.close()

    def _check(self, response: requests.Response) -> None:
        """Raises KnownError unless this is a good answer of a Web Database we can talk to."""
        spoken = number_in(response, routes.PROTOCOL_HEADER)
        kind = response.headers.get("Content-Type", "")
        where = f"{response.request.method} {response.url}: {response.status_code} {kind}".strip()
        if is_head_cut(response):
            raise Unreachable("The connection to the Web Database broke.", detail=f"{where}, cut")
        if spoken is None:
            if response.status_code in (502, 503, 504):
                title = "The Web Database is not running: only the server in front of it answered."
                raise Unreachable(title, detail=where)
            title = f"{self._host} answered, but it is not a Web Database."
            raise NotTheWebDatabase(title, detail=where)
        if abs(spoken - routes.PROTOCOL) > routes.PROTOCOL_SKEW:
            older = "The Web Database" if spoken < routes.PROTOCOL else "This program"
            raise VersionsDiffer(
                "This program and the Web Database are too far apart in version.",
                f"{older} is the older one: update it, then try again.",
                detail=f"{where}; protocol {routes.PROTOCOL} here, {spoken} there",
            )
        if response.status_code >= 300:
            raise said_no(response, self._problem(response), where)

    def _problem(self, response: requests.Response) -> messages.Problem | None:
        try:
            return messages.Problem.model_validate_json(self._read(response, _PROBLEM_BYTES))
        except (ValidationError, KnownError):
            return None

    def _read(self, response: requests.Response, limit: int) -> bytes:
        """All of an answer, at most `limit` bytes."""
        data = bytearray()
        for piece in self._pieces(response):
            data += piece
            if len(data) > limit:
                raise NotTheWebDatabase(
                    "The Web Database gave an answer that is larger than any may be.",
                    detail=f"more than {limit} bytes from {response.url}",
                )
        return bytes(data)

    def _pieces(self, response: requests.Response) -> Iterator[bytes]:
        """An answer as it comes. Raises Unreachable when it is cut, stops or crawls."""
        patience, began, got = self._patience, self._clock.monotonic(), 0
        try:
            while piece := response.raw.read1(_PIECE):
                got += len(piece)
                yield piece
                seconds = self._clock.monotonic() - began
                if seconds > patience.read_seconds and got < seconds * patience.bytes_per_second:
                    raise TimeoutError("too slow")
        except (low.HTTPError, OSError) as fault:
            raise diagnosis(fault, self._host) from fault
        if got < (number_in(response, "Content-Length") or 0):
            raise Unreachable("The connection to the Web Database broke.", detail="cut short")

    def _send(self, sha256: str, data: bytes, start: int) -> None:
        headers = {"Content-Type": _OCTETS}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        path = f"{routes.BODIES}/{sha256}"
        with self._asked("PUT", path, data[start:] if start else data, headers) as response:
            self._read(response, _PROBLEM_BYTES)

    def _offset(self, sha256: str) -> tuple[int, bool]:
        """How much of an upload has come, and whether it is whole."""
        with self._asked("HEAD", f"{routes.BODIES}/{sha256}", None, {}) as response:
            offset = number_in(response, routes.UPLOAD_OFFSET_HEADER) or 0
            return offset, response.status_code == 200

    def _receive(self, sha256: str, size: int, data: bytearray) -> None:
        """Append to `data` what comes of a body, at most up to `size`."""
        headers = {"Range": f"bytes={len(data)}-"} if data else {}
        with self._asked("GET", f"{routes.BODIES}/{sha256}", None, headers) as response:
            if response.status_code == 200:
                data.clear()  # the part was not heeded: it comes from the beginning
            elif response.headers.get("Content-Range") != f"bytes {len(data)}-{size - 1}/{size}":
                raise Damaged("A batch came with another size than was said.", detail=sha256)
            for piece in self._pieces(response):
                data += piece
                if len(data) > size:
                    raise Damaged("A batch came with another size than was said.", detail=sha256)
        if len(data) < size:
            raise Unreachable("The connection to the Web Database broke.", detail="cut short")


_GO_ON_AFTER = frozenset({"offset_differs", "body_damaged", "too_slow"})
"""Refusals of an upload after which asking how far it has come, and going on, helps."""


def _keep(into: Path | None, data: bytearray, before: int) -> None:
    """Append to the file what is new in `data`; write it anew when it began anew."""
    if into is None:
        return
    is_longer = len(data) >= before and into.exists() and into.stat().st_size == before
    with into.open("ab" if is_longer else "wb") as file:
        file.write(data[before if is_longer else 0 :])
