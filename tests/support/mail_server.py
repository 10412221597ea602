"""A real, tiny mail server and a real, tiny web hook on loopback sockets, each on a thread."""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_string
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CERT = Path(__file__).parent.parent / "engine" / "loopback-cert.pem"
KEY = CERT.with_name("loopback-key.pem")


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as a message takes. `letters` are what came, `users` who signed in,
    `refuses`: it takes nothing."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Smtp)
        self.letters: list[Message] = []
        self.users: list[str] = []
        self.were_private: list[bool] = []
        self.refuses = False

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Smtp(socketserver.StreamRequestHandler):
    server: MailServer
    is_private = False

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def handle(self) -> None:
        self.say("220 here")
        while line := self.rfile.readline():
            word = line.decode().strip()
            verb = word.partition(" ")[0].upper()
            if verb == "QUIT":
                self.say("221 bye")
                return
            self.act(verb, word)

    def finish(self) -> None:
        """Also of the private line that was put in the first one's place."""
        super().finish()
        self.connection.close()

    def act(self, verb: str, word: str) -> None:
        if verb == "EHLO":
            self.say("250-here")
            self.say("250 AUTH PLAIN" if self.is_private else "250 STARTTLS")
        elif verb == "STARTTLS":
            self.say("220 go on")
            self.to_private()
        elif verb == "AUTH":
            self.server.users.append(word.split()[-1])
            self.say("235 fine")
        elif verb == "RCPT" and self.server.refuses:
            self.say("554 not here")
        elif verb == "DATA":
            self.say("354 go on")
            self.take()
        else:
            self.say("250 fine")

    def to_private(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERT, KEY)
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.is_private = True

    def take(self) -> None:
        lines = []
        while (line := self.rfile.readline().decode()).strip() != ".":
            lines.append(line)
        self.server.were_private.append(self.is_private)
        self.server.letters.append(message_from_string("".join(lines)))
        self.say("250 taken")


class HookServer(ThreadingHTTPServer):
    """Takes what is posted. `documents` are what came; it answers with `status`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.documents: list[Any] = []
        self.status = 204

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook/s3cret"


class _Hook(BaseHTTPRequestHandler):
    server: HookServer

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.documents.append(json.loads(data))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def _served(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A mail server that runs."""
    with _served(MailServer()) as server:
        yield server


@contextmanager
def hook_server() -> Iterator[HookServer]:
    """A web hook that runs."""
    with _served(HookServer()) as server:
        yield server
