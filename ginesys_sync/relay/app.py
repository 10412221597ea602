"""The Web Database as a Starlette application: calls in, use cases, answers or problems out."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ginesys_sync.core.model import Role
from ginesys_sync.relay.access import WrongTries, recognise
from ginesys_sync.relay.body_doors import answer_body, answer_offset, take_body
from ginesys_sync.relay.desk import Caller, Relay
from ginesys_sync.relay.doors import DOORS, Door, Open
from ginesys_sync.relay.limits import Line, LineLimits
from ginesys_sync.relay.openapi import describe
from ginesys_sync.relay.opening import check_protocol
from ginesys_sync.relay.problems import Refusal, world_fault
from ginesys_sync.relay.protocol import is_stopping
from ginesys_sync.relay.waiting import WaitingRoom
from ginesys_sync.wire import routes
from ginesys_sync.wire.messages import Message
from ginesys_sync.wire.wait_messages import WaitRequest

LOG = logging.getLogger("ginesys_sync.relay")
_GUESSES = frozenset({"key_refused", "code_wrong", "code_used", "code_expired"})
_BODY_DOORS = {"PUT": take_body, "HEAD": answer_offset, "GET": answer_body}
Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(
    relay: Relay, limits: LineLimits | None = None, most_waiting: int | None = None
) -> Starlette:
    """The application for one Web Database. `most_waiting`: so many calls may wait for news at a
    time (None: as many as the process has room for).
    """
    tries = WrongTries()
    room = WaitingRoom(relay, most_waiting)
    made = [
        _route(door.path, _guarded(relay, tries, _message_endpoint(relay, door, room)), door.method)
        for door in DOORS
    ]
    bodies = f"{routes.BODIES}/{{sha256}}"
    made.append(_route(bodies, _guarded(relay, tries, _body_endpoint(relay)), *_BODY_DOORS))
    made.append(_route(routes.OPENAPI, _describe, "GET"))
    app = Starlette(
        routes=made,
        middleware=[Middleware(Line, limits=limits, monotonic=relay.clock.monotonic)],
        exception_handlers={HTTPException: _plain_problem},
    )
    app.router.redirect_slashes = False
    return app


async def _describe(request: Request) -> Response:
    return Response(await run_in_threadpool(describe), media_type="application/json")


def _route(path: str, endpoint: Endpoint, *methods: str) -> Route:
    """Exactly these methods: Starlette alone would add HEAD to GET."""
    route = Route(path, endpoint)
    route.methods = set(methods)
    return route


def _body_endpoint(relay: Relay) -> Endpoint:
    async def handle(request: Request) -> Response:
        caller = _caller(relay, request)
        sha256 = request.path_params["sha256"]
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise Refusal("not_found")
        return await _BODY_DOORS[request.method](relay, caller, sha256, request)

    return handle


def _message_endpoint(relay: Relay, door: Door, room: WaitingRoom) -> Endpoint:
    async def handle(request: Request) -> Response:
        caller = None
        if door.open_to is not Open.ANYONE:
            caller = _caller(relay, request)
            if door.open_to is Open.HEAD_OFFICE and caller.role is not Role.HO:
                raise Refusal("ho_only")
        message = await _read_message(request, door.asks) if door.asks else None
        if door.act is None:
            assert caller is not None and isinstance(message, WaitRequest)
            data = await _wait(relay, room, request, caller, message)
        else:
            data = await run_in_threadpool(_act, relay, door.act, caller, message)
        return Response(data, media_type="application/json")

    return handle


def _act(
    relay: Relay,
    act: Callable[[Relay, Any, Any], Message],
    caller: Caller | None,
    message: Message | None,
) -> bytes:
    return act(relay, caller, message).model_dump_json().encode()


async def _wait(
    relay: Relay, room: WaitingRoom, request: Request, caller: Caller, message: WaitRequest
) -> bytes:
    if is_stopping(request.scope):
        message = message.model_copy(update={"seconds": 0})
    answer = await room.wait(caller, message, request.receive)
    _caller(relay, request)  # who was blocked, closed or enrolled anew meanwhile is refused
    return answer.model_dump_json().encode()


def _caller(relay: Relay, request: Request) -> Caller:
    # One indexed read of a few microseconds, so it is done right here and not on a thread.
    return recognise(relay, request.headers.get("authorization", ""))


async def _read_message(request: Request, asks: type[Message]) -> Message:
    """The message of a call, bounded and checked. Raises Refusal."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" or "content-encoding" in request.headers:
        raise Refusal("content_type", detail="application/json, without Content-Encoding")
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > routes.MAX_MESSAGE_BYTES:
        raise Refusal("too_large")
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > routes.MAX_MESSAGE_BYTES:
            raise Refusal("too_large")
    try:
        return await run_in_threadpool(asks.model_validate_json, bytes(data))
    except ValidationError as fault:
        errors = fault.errors(include_url=False, include_context=False, include_input=False)
        words = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in errors[:10])
        raise Refusal("malformed", detail=words) from None


def _guarded(relay: Relay, tries: WrongTries, endpoint: Endpoint) -> Endpoint:
    """Turn every fault into a problem: refusals and the world's as they are, ours into the log."""

    async def handle(request: Request) -> Response:
        try:
            spoken = request.headers.get(routes.PROTOCOL_HEADER, str(routes.PROTOCOL))
            is_number = spoken.isdecimal() and len(spoken) < 10
            check_protocol(int(spoken) if is_number else 0, "the calling program")
            return await endpoint(request)
        except Refusal as refusal:
            address = request.client.host if request.client else ""
            if refusal.code in _GUESSES and tries.note(address, relay.clock.monotonic()):
                return problem_answer(Refusal("too_many_tries", headers={"Retry-After": "60"}))
            return problem_answer(refusal)
        except ClientDisconnect:
            return Response(status_code=499)  # nobody is there to read it
        except Exception as fault:
            return problem_answer(world_fault(fault) or _bug(fault))

    return handle


def _bug(fault: Exception) -> Refusal:
    number = secrets.token_hex(4)
    LOG.error("A bug of the Web Database, number %s", number, exc_info=fault)
    return Refusal("internal", detail=f"number {number} in the Web Database's log")


def problem_answer(refusal: Refusal) -> Response:
    """A refusal as problem+json."""
    return Response(
        refusal.problem.model_dump_json(),
        status_code=refusal.status,
        headers=refusal.headers,
        media_type="application/problem+json",
    )


async def _plain_problem(request: Request, fault: Exception) -> Response:
    """Starlette's own refusals, in our words."""
    status = fault.status_code if isinstance(fault, HTTPException) else 500
    code = {404: "not_found", 405: "method_refused"}.get(status, "internal")
    headers = getattr(fault, "headers", None)
    return problem_answer(Refusal(code, headers=headers))
