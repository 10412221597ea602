"""The doors of batch bodies: opaque bytes in and out, resumable both ways."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from ginesys_sync.relay import bodies
from ginesys_sync.relay.desk import Caller, Relay
from ginesys_sync.relay.problems import Refusal
from ginesys_sync.wire.routes import MAX_BODY_BYTES, UPLOAD_OFFSET_HEADER

_FROM_MEMORY = 4_000_000
"""Bodies up to this size are answered in one write."""
_PIECE = 1 << 20
_CONTENT_RANGE = re.compile(r"bytes (\d{1,12})-(\d{1,12})/(\d{1,12})")
_RANGE = re.compile(r"bytes=(\d{1,12})-(\d{0,12})")
_OCTETS = "application/octet-stream"


async def take_body(relay: Relay, caller: Caller, sha256: str, request: Request) -> Response:
    """PUT: the whole body, or with `Content-Range` the rest of an unfinished one."""
    start, total = _place_of(request)
    have, is_whole = await run_in_threadpool(bodies.upload_offset, relay, caller, sha256)
    if is_whole:
        return Response(status_code=200, headers={UPLOAD_OFFSET_HEADER: str(have)})
    if start > have:
        raise Refusal("offset_differs", headers={UPLOAD_OFFSET_HEADER: str(have)})
    await run_in_threadpool(bodies.check_room, relay, caller, total)
    await _take_pieces(relay, caller, sha256, request, start, total)
    return Response(status_code=201, headers={UPLOAD_OFFSET_HEADER: str(total)})


async def _take_pieces(
    relay: Relay, caller: Caller, sha256: str, request: Request, start: int, total: int
) -> None:
    """Take what comes. What a cut line brought is kept: the next call goes on from there."""
    offset, piece = start, bytearray()

    async def keep() -> None:
        nonlocal offset
        data = bytes(piece)
        piece.clear()
        await run_in_threadpool(bodies.keep_part, relay, caller, sha256, offset, data)
        offset += len(data)

    try:
        async for chunk in request.stream():
            piece += chunk
            if offset + len(piece) > total:
                raise Refusal("too_large")
            if len(piece) >= _FROM_MEMORY and offset + len(piece) < total:
                await keep()
    except (ClientDisconnect, Refusal) as fault:
        if piece and getattr(fault, "code", "too_slow") == "too_slow":
            await keep()
        raise
    if offset + len(piece) < total:
        await keep()
        raise Refusal("offset_differs", headers={UPLOAD_OFFSET_HEADER: str(offset)})
    if offset == 0:
        await run_in_threadpool(bodies.keep_whole, relay, caller, sha256, bytes(piece))
    else:
        await keep()
        await run_in_threadpool(bodies.finish_upload, relay, caller, sha256, total)


def _place_of(request: Request) -> tuple[int, int]:
    """Where the bytes of a PUT belong: their start, and the size of the whole. Raises Refusal."""
    kind = request.headers.get("content-type", _OCTETS)
    if kind != _OCTETS or "content-encoding" in request.headers:
        raise Refusal("content_type", detail=f"{_OCTETS}, without Content-Encoding")
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise Refusal("length_required")
    start, total = 0, int(length)
    if "content-range" in request.headers:
        found = _CONTENT_RANGE.fullmatch(request.headers["content-range"])
        if not found:
            raise Refusal("range_refused")
        start, end, total = map(int, found.groups())
        if end + 1 != total or total - start != int(length):
            raise Refusal("range_refused")
    if not 0 < total <= MAX_BODY_BYTES:
        raise Refusal("too_large")
    return start, total


async def answer_offset(relay: Relay, caller: Caller, sha256: str, request: Request) -> Response:
    """HEAD: how much of an upload is here; 200 when it is whole, 204 when not."""
    have, is_whole = await run_in_threadpool(bodies.upload_offset, relay, caller, sha256)
    status = 200 if is_whole else 204
    return Response(status_code=status, headers={UPLOAD_OFFSET_HEADER: str(have)})


async def answer_body(relay: Relay, caller: Caller, sha256: str, request: Request) -> Response:
    """GET: a body the caller may read, or with `Range: bytes=a-` the rest of it."""
    size, data = await run_in_threadpool(bodies.find_body, relay, caller, sha256)
    start, end = _range_of(request, size)
    status = 200 if (start, end) == (0, size) and "range" not in request.headers else 206
    headers = {"Accept-Ranges": "bytes", "ETag": f'"{sha256}"'}
    if status == 206:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if data is not None:
        return Response(data[start:end], status, headers, _OCTETS)
    file = await run_in_threadpool(bodies.open_body, relay, sha256)
    if end - start <= _FROM_MEMORY:
        with file:
            data = await run_in_threadpool(bodies.read_piece, file, start, end)
        return Response(data, status, headers, _OCTETS)

    async def pieces() -> AsyncIterator[bytes]:
        with file:
            for at in range(start, end, _PIECE):
                yield await run_in_threadpool(bodies.read_piece, file, at, min(end, at + _PIECE))

    headers["Content-Length"] = str(end - start)
    return StreamingResponse(pieces(), status, headers, _OCTETS)


def _range_of(request: Request, size: int) -> tuple[int, int]:
    """The asked part of a body: start, and end (not included). Raises Refusal."""
    asked = request.headers.get("range")
    if asked is None:
        return 0, size
    found = _RANGE.fullmatch(asked)
    start = int(found[1]) if found else size
    end = min(int(found[2]) + 1, size) if found and found[2] else size
    if start >= end:
        raise Refusal("range_refused", headers={"Content-Range": f"bytes */{size}"})
    return start, end
