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
from ginesys_sync.wire.routes import MAX_MESSAGE_BYTES, PROTOCOL, PROTOCOL_HEADER


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
_DRAIN_SECONDS = 5.0


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


class Line:
    """Watches the line of each call in both directions."""

    def __init__(
        self,
        app: ASGIApp,
        limits: LineLimits | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._limits = limits or LineLimits()
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one call on, watched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limits, began, got, is_whole = self._limits, self._monotonic(), 0, False

        async def watched_receive() -> Message:
            nonlocal got, is_whole
            if is_whole:  # waiting for the caller to hang up is not slow
                return await receive()
            seconds = self._monotonic() - began
            if seconds > limits.grace_seconds and got < seconds * limits.bytes_per_second:
                raise Refusal("too_slow")
            try:
                async with asyncio.timeout(limits.idle_seconds):
                    message = await receive()
            except TimeoutError:
                raise Refusal("too_slow") from None
            if message["type"] == "http.disconnect":
                message = _left_over(receive) or message
            got += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            return message

        async def drain() -> None:
            # An answer before the request was read to its end would reach nobody: closing a socket
            # with unread bytes in it resets the connection. So the rest is read, within bounds.
            left = MAX_MESSAGE_BYTES - got
            with contextlib.suppress(TimeoutError, Refusal):
                async with asyncio.timeout(_DRAIN_SECONDS):
                    while not is_whole and left > 0:
                        left -= len((await watched_receive()).get("body", b""))

        async def watched_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                # First, so that it is among what arrives when an answer's head is cut.
                message["headers"] = [*_ON_EVERY_ANSWER, *message["headers"]]
                if message["status"] != 408:
                    await drain()
            try:
                async with asyncio.timeout(limits.idle_seconds):
                    await send(message)
            except TimeoutError:
                raise _NobodyReads from None

        try:
            await self._app(scope, watched_receive, watched_send)
        except _NobodyReads:
            LOG.info("An answer was given up: the line stood still")
