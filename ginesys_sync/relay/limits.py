"""Middleware around every call: slow lines are cut off, and every answer says the protocol."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ginesys_sync.relay.problems import Refusal
from ginesys_sync.relay.protocol import is_stopping
from ginesys_sync.wire.routes import MAX_BODY_BYTES, PROTOCOL, PROTOCOL_HEADER


@dataclass(frozen=True, slots=True)
class LineLimits:
    """How slow a line may be: no byte for `idle_seconds`, or, after `grace_seconds`, on average
    fewer than `bytes_per_second`, and the call is given up."""

    idle_seconds: float = 30.0
    grace_seconds: float = 20.0
    bytes_per_second: float = 512.0


LOG = logging.getLogger("ginesys_sync.relay")
_ON_EVERY_ANSWER = (
    (PROTOCOL_HEADER.lower().encode(), str(PROTOCOL).encode()),
    (b"cache-control", b"no-store"),
)
_CLOSE = (b"connection", b"close")
_LINGER_SECONDS = 60.0


class _NobodyReads(Exception):
    """The other end does not take the answer."""


def _left_over(receive: Receive) -> Message | None:
    """What came before the line was cut and nobody has read yet.

    uvicorn tells of the cut first and forgets those bytes. A line that dies after every few bytes
    would then never get an upload any further, so they are taken out of its cycle here.
    """
    cycle = getattr(receive, "__self__", None)
    body = bytes(getattr(cycle, "body", b""))
    if not body:
        return None
    cycle.body = bytearray()  # type: ignore[union-attr]
    return {"type": "http.request", "body": body, "more_body": cycle.more_body}  # type: ignore[union-attr]


def _is_more_to_come(receive: Receive) -> bool:
    """Whether a part of the request has not come yet, as uvicorn's cycle knows."""
    return getattr(getattr(receive, "__self__", None), "more_body", False)


class _Call:
    """One call under watch: how much of its request has come, and whether that is all."""

    def __init__(self, line: Line, scope: Scope, receive: Receive, send: Send) -> None:
        self._limits, self._monotonic = line.limits, line.monotonic
        self._scope, self._receive, self._send = scope, receive, send
        self._began = self._monotonic()
        self._got = 0
        self._is_whole = False
        self._is_answered = False
        self._is_too_slow = False

    async def receive(self) -> Message:
        """The next piece of the request. Raises Refusal when the line is too slow, as long as that
        can still be said."""
        if self._is_whole:  # waiting for the caller to hang up is not slow
            return await self._receive()
        message = await self._piece()
        if message is None:
            if self._is_answered:
                return {"type": "http.disconnect"}
            raise Refusal("too_slow")
        if message["type"] == "http.disconnect":
            message = _left_over(self._receive) or message
        self._got += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        return message

    async def _piece(self) -> Message | None:
        """What comes next; None when the line is too slow."""
        seconds, limits = self._monotonic() - self._began, self._limits
        if seconds > limits.grace_seconds and self._got < seconds * limits.bytes_per_second:
            return None
        try:
            async with asyncio.timeout(limits.idle_seconds):
                return await self._receive()
        except TimeoutError:
            return None

    async def send(self, message: Message) -> None:
        """The next piece of the answer; after its last byte, what the caller still sends is read.

        Closing a socket with unread bytes in it resets the connection, and a refusal that is on its
        way then may never arrive. So the answer is whole first, and ends when the request does. And
        it ends the connection: uvicorn would read on without bounds what never came to its end.
        """
        if message["type"] == "http.response.start":
            # First, so that it is among what arrives when an answer's head is cut.
            message["headers"] = [*_ON_EVERY_ANSWER, *message["headers"]]
            if not self._is_whole and _is_more_to_come(self._receive):
                message["headers"].append(_CLOSE)
            self._is_answered = True
            self._is_too_slow = message["status"] == 408
        elif not message.get("more_body", False) and not (self._is_whole or self._is_too_slow):
            await self._pass_on({**message, "more_body": True})
            await self._linger()
            message = {"type": "http.response.body", "body": b""}
        await self._pass_on(message)

    async def _pass_on(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._limits.idle_seconds):
                await self._send(message)
        except TimeoutError:
            raise _NobodyReads from None

    async def _linger(self) -> None:
        """Read the rest of the request, within bounds."""
        left = MAX_BODY_BYTES
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while not self._is_whole and left > 0 and not is_stopping(self._scope):
                    message = await self.receive()
                    if message["type"] == "http.disconnect":
                        return
                    left -= len(message.get("body", b""))


class Line:
    """Watches the line of each call in both directions."""

    def __init__(
        self,
        app: ASGIApp,
        limits: LineLimits | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self.limits = limits or LineLimits()
        self.monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one call on, watched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call = _Call(self, scope, receive, send)
        try:
            await self._app(scope, call.receive, call.send)
        except _NobodyReads:
            LOG.info("An answer was given up: the line stood still")
