"""What the relay client says of addresses, certificates, strange answers and full disks."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ginesys_sync.core.errors import (
    DiskFull,
    KnownError,
    NotTheWebDatabase,
    Refused,
    Unreachable,
    VersionsDiffer,
)
from ginesys_sync.engine.webdb import Patience, WebDatabase
from ginesys_sync.relay import database
from ginesys_sync.relay.app import make_app
from ginesys_sync.relay.desk import open_relay
from ginesys_sync.wire import routes
from tests.relay.lanes import Body
from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member, RelayServer, serving

HERE = Path(__file__).parent
HASTY = Patience(connect_seconds=0.3, read_seconds=0.3, tries=1, pause_seconds=0.001)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedRelay]:
    with ForkedRelay(tmp_path_factory.mktemp("relay") / "home") as running:
        yield running


def test_nothing_listens_is_told_apart_from_a_name_that_is_not_found() -> None:
    with pytest.raises(Unreachable) as fault:
        WebDatabase("http://127.0.0.1:1", patience=HASTY).health()
    assert "refused" in fault.value.title
    assert "127.0.0.1:1" in fault.value.title
    with pytest.raises(Unreachable) as fault:
        WebDatabase("https://no-such-host.invalid", patience=HASTY).health()
    assert "was not found" in fault.value.title


@pytest.mark.parametrize(
    "url", ["", "sync.example.com", "ftp://sync.example.com", "http://", "http://[::1", "x:y:z"]
)
def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    with pytest.raises(NotTheWebDatabase) as fault:
        WebDatabase(url)
    assert "Web DB Locator" in fault.value.advice


@pytest.mark.parametrize("host", ["x" * 70 + ".example", "a..example", "%", "a b"])
def test_a_name_that_can_be_none_is_said_to_be_none(host: str) -> None:
    with pytest.raises(NotTheWebDatabase) as fault:
        WebDatabase(f"https://{host}", patience=HASTY).health()
    assert host.partition(" ")[0] in fault.value.title


@pytest.mark.parametrize("host", ["sync.example.com", "192.168.1.10", "[2001:db8::1]:8080"])
def test_plain_http_beyond_this_machine_is_refused_and_names_https(host: str) -> None:
    with pytest.raises(Refused) as refused:
        WebDatabase(f"http://{host}")
    assert refused.value.reason == "plain_http"
    assert "https://" in refused.value.advice


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_plain_http_on_this_machine_is_accepted(host: str) -> None:
    WebDatabase(f"http://{host}:8750").close()


def test_a_proxy_of_the_environment_is_not_used_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, server: ForkedRelay
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    assert WebDatabase(server.url, patience=HASTY).health().protocol == routes.PROTOCOL


def test_a_certificate_that_is_not_known_is_refused_until_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = HERE / "loopback-cert.pem", HERE / "loopback-key.pem"
    with RelayServer(tmp_path / "home", tls=(cert, key)) as secure:
        assert secure.url.startswith("https://127.0.0.1:")
        with pytest.raises(NotTheWebDatabase) as fault:
            WebDatabase(secure.url, patience=HASTY).health()
        assert "certificate" in fault.value.title
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nothing"))
        known = WebDatabase(secure.url, verify=str(cert), patience=HASTY)
        assert known.health().protocol == routes.PROTOCOL
        known.close()


@contextmanager
def strange(status: int, headers: dict[str, str], pieces: list[bytes]) -> Iterator[str]:
    """A server that is not ours and says this to everything."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, text in {"Content-Type": "text/plain", **headers}.items():
                self.send_header(name, text)
            self.end_headers()
            for piece in pieces:
                try:
                    self.wfile.write(piece)
                except OSError:
                    return

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{listener.server_port}"
        listener.shutdown()
        thread.join()


PROTOCOL = {routes.PROTOCOL_HEADER: str(routes.PROTOCOL)}


@pytest.mark.parametrize(
    ("headers", "pieces", "kind", "words"),
    [
        ({routes.PROTOCOL_HEADER: "99"}, [b"{}"], VersionsDiffer, "version"),
        ({routes.PROTOCOL_HEADER: "9" * 5_000}, [b"{}"], NotTheWebDatabase, "not a Web Database"),
        ({routes.PROTOCOL_HEADER: "soon"}, [b"{}"], NotTheWebDatabase, "not a Web Database"),
        (PROTOCOL, [b"{}"], NotTheWebDatabase, "does not understand"),
        (PROTOCOL, [b"<html>"], NotTheWebDatabase, "does not understand"),
        (PROTOCOL, [b" " * 1_000_000] * 9, NotTheWebDatabase, "larger"),
        ({**PROTOCOL, "Content-Length": "100"}, [b"{"], Unreachable, "broke"),
    ],
)
def test_an_answer_that_is_not_one_is_told_from_a_good_one(
    headers: dict[str, str], pieces: list[bytes], kind: type[KnownError], words: str
) -> None:
    with strange(200, headers, pieces) as url, pytest.raises(kind) as fault:
        WebDatabase(url, patience=HASTY).health()
    assert words in fault.value.title


def test_versions_too_far_apart_say_which_side_to_update(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for ours, older in ((routes.PROTOCOL, "This program"), (1_000, "The Web Database")):
        monkeypatch.setattr(routes, "PROTOCOL", ours)
        with (
            strange(200, {routes.PROTOCOL_HEADER: "99"}, [b"{}"]) as url,
            pytest.raises(VersionsDiffer) as differ,
        ):
            WebDatabase(url, patience=HASTY).health()
        assert differ.value.advice.startswith(older)


@pytest.mark.parametrize(("status", "kind"), [(500, Unreachable), (418, Refused)])
def test_a_no_without_a_reason_is_still_a_sentence(status: int, kind: type[KnownError]) -> None:
    with strange(status, PROTOCOL, [b"?"]) as url, pytest.raises(kind) as fault:
        WebDatabase(url, patience=HASTY).health()
    assert fault.value.title.endswith(".")


def test_retry_after_is_heeded_within_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", waited.append)
    for said, bounds in (("7", (7, 8)), ("999999", (20, 21))):
        headers = {**PROTOCOL, "Retry-After": said}
        with strange(503, headers, [b""]) as url, pytest.raises(Unreachable):
            WebDatabase(url, patience=HASTY).health()
        assert bounds[0] <= waited.pop() < bounds[1]
        assert waited == []


def test_a_full_disk_at_the_web_database_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    with RelayServer(home) as running:
        ho = Member(running, "HO")
    pages = (home / "relay.sqlite3").stat().st_size // 4096
    limited = (*database._PRAGMAS, f"PRAGMA max_page_count={pages + 20}")
    monkeypatch.setattr(database, "_PRAGMAS", limited)
    with closing(open_relay(home)) as relay, serving(make_app(relay)) as url:
        web = WebDatabase(url, "HO", ho.key, patience=HASTY)
        with pytest.raises(DiskFull) as fault:
            for _ in range(100):
                body = Body.of(30_000)
                web.put_body(body.sha256, body.data)
        assert "Web Database" in fault.value.title
        assert web.who_am_i().site == "HO"  # it lives on
        web.close()
