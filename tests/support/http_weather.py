"""What proxies do to calls and answers that they understand, or believe to."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO

PORTAL = b"<html><body>Welcome! Please sign in to use this network.</body></html>"
_LENGTH = b"content-length"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it travels: its lines up to the empty one, and all that follows. `is_bare`: by
    its nature nothing follows (of HEAD)."""

    lines: tuple[bytes, ...]
    body: bytes
    is_bare: bool

    def text(self) -> bytes:
        """The answer as bytes."""
        return b"\r\n".join(self.lines) + b"\r\n\r\n" + self.body

    @property
    def says_its_end(self) -> bool:
        """Whether the reader can tell where it ends while the line stays open."""
        if self.is_bare or b" 204 " in self.lines[0]:
            return True
        if b"chunked" in self.header(b"transfer-encoding"):
            return self.body.endswith(b"0\r\n\r\n")
        return self.header(_LENGTH) == str(len(self.body)).encode()

    def header(self, name: bytes) -> bytes:
        """A header's value; empty when there is none."""
        for line in self.lines[1:]:
            known, _, value = line.partition(b":")
            if known.strip().lower() == name:
                return value.strip()
        return b""


Alteration = Callable[[Answer], Answer]


def read_call(reader: BinaryIO) -> bytes:
    """One whole call; empty when the line ends before it does."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = reader.readline(1 << 16)
        if not line:
            return b""
        head += line
    length = Answer(tuple(head.split(b"\r\n")), b"", False).header(_LENGTH)
    size = int(length or b"0")
    body = reader.read(size)
    return head + body if len(body) == size else b""


def ask(target: tuple[str, int], call: bytes) -> Answer | None:
    """What the server answers to a call, on a line of its own; None when it hangs up."""
    first, _, rest = call.partition(b"\r\n")
    with socket.create_connection(target, timeout=60) as server:
        server.sendall(first + b"\r\nConnection: close\r\n" + rest.replace(_KEEP, b"", 1))
        data = bytearray()
        while piece := server.recv(1 << 16):
            data += piece
    head, gap, body = bytes(data).partition(b"\r\n\r\n")
    if not gap:
        return None
    return Answer(tuple(head.split(b"\r\n")), body, first.startswith(b"HEAD "))


_KEEP = b"Connection: keep-alive\r\n"


def portal(status: int) -> bytes:
    """A sign-in page."""
    head = f"HTTP/1.1 {status} Portal\r\nContent-Type: text/html\r\nConnection: close\r\n"
    head += "Location: http://127.0.0.1:1/sign-in\r\n"
    return f"{head}Content-Length: {len(PORTAL)}\r\n\r\n".encode() + PORTAL


def without(answer: Answer, names: tuple[str, ...]) -> Answer:
    """The answer when these headers are lost."""
    lost = {name.lower().encode() for name in names}
    kept = [line for line in answer.lines if line.partition(b":")[0].strip().lower() not in lost]
    return replace(answer, lines=tuple(kept))


def _with(answer: Answer, body: bytes, *headers: str) -> Answer:
    """The answer with another body, and these headers."""
    if answer.is_bare or not answer.body:
        return answer
    bare = without(answer, ("Content-Length", *(one.partition(":")[0] for one in headers)))
    return replace(bare, lines=(*bare.lines, *(one.encode() for one in headers)), body=body)


def compressed(answer: Answer) -> Answer:
    """A proxy that saves bytes."""
    body = gzip.compress(answer.body)
    return _with(answer, body, "Content-Encoding: gzip", f"Content-Length: {len(body)}")


def with_advertisement(answer: Answer) -> Answer:
    """A proxy that earns money."""
    body = answer.body + b"<script src=http://127.0.0.1:1/ad.js></script>"
    return _with(answer, body, f"Content-Length: {len(body)}")


def as_text(answer: Answer) -> Answer:
    """A proxy that takes everything for text and mends its line ends and odd bytes."""
    body = answer.body.decode("latin-1").replace("\r", "\n").encode("utf-8")
    return _with(answer, body, "Content-Type: text/plain", f"Content-Length: {len(body)}")


def in_pieces(answer: Answer) -> Answer:
    """A proxy that passes on before it knows how much it is: allowed, and nothing is wrong."""
    chunks = [answer.body[at : at + 50_000] for at in range(0, len(answer.body), 50_000)]
    body = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in chunks) + b"0\r\n\r\n"
    return _with(answer, body, "Transfer-Encoding: chunked")


def pieces_cut_off(answer: Answer) -> Answer:
    """The same, and the line dies in the midst of it."""
    whole = in_pieces(answer)
    return whole if whole is answer else replace(whole, body=whole.body[: len(whole.body) // 2])


def shortened(answer: Answer) -> Answer:
    """Half of an answer that says it is all."""
    body = answer.body[: len(answer.body) // 2]
    return _with(answer, body, f"Content-Length: {len(body)}")


def broken_off(answer: Answer) -> Answer:
    """Half of an answer, which says how much there would be."""
    half = answer.body[: len(answer.body) // 2]
    return _with(answer, half, f"Content-Length: {len(answer.body)}")


def emptied(answer: Answer) -> Answer:
    """An answer that says nothing."""
    return _with(answer, b"", "Content-Length: 0")
