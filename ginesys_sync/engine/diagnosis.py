"""What is wrong on the way to the Web Database: foreign faults and refusals, as `KnownError`s."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import suppress
from typing import TypeVar
from urllib.parse import urlsplit

import requests
import urllib3.exceptions as low
from pydantic import ValidationError

from ginesys_sync.core.errors import (
    DiskFull,
    KnownError,
    NotTheWebDatabase,
    Refused,
    Unreachable,
    VersionsDiffer,
)
from ginesys_sync.wire import messages

Answer = TypeVar("Answer", bound=messages.Message)


def checked_host(url: str) -> tuple[str, bool]:
    """The host of an address, and whether it is this machine."""
    try:
        parts = urlsplit(url)
        host, scheme = parts.hostname or "", parts.scheme
        port = parts.port
    except ValueError:
        host, scheme, port = "", "", None
    if not host or scheme not in ("http", "https"):
        raise not_an_address(url)
    is_loopback = host == "localhost"
    with suppress(ValueError):
        is_loopback = is_loopback or ipaddress.ip_address(host).is_loopback
    if scheme == "http" and not is_loopback:
        raise Refused(
            f"This program does not send its key over plain http to {host}.",
            f"Use an address that begins with https://, like https://{host}.",
            reason="plain_http",
        )
    return f"{host}:{port}" if port else host, is_loopback


def not_an_address(text: str, detail: str = "") -> NotTheWebDatabase:
    """The error for an address that is none."""
    return NotTheWebDatabase(
        f"{text!r} is not the address of a Web Database.",
        "An address looks like https://sync.example.com: correct it in Web DB Locator.",
        detail,
    )


def _causes(fault: BaseException | None) -> Iterator[BaseException]:
    """A fault and what it was made of."""
    seen: set[int] = set()
    waiting: list[object] = [fault]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]


def diagnosis(fault: BaseException, host: str) -> KnownError:
    """What is wrong with the line, in shop words."""
    causes = list(_causes(fault))
    detail = "; ".join(dict.fromkeys(f"{type(one).__name__}: {one}" for one in causes))[:2000]

    def is_one(*kinds: type[BaseException]) -> bool:
        return any(isinstance(one, kinds) for one in causes)

    if is_one(low.SSLError, requests.exceptions.SSLError):
        return NotTheWebDatabase(
            f"The certificate of {host} is not accepted.",
            "Check this computer's date and the address in Web DB Locator; else ask whoever runs "
            "the Web Database for its certificate.",
            detail,
        )
    if is_one(requests.exceptions.InvalidURL, low.LocationParseError):
        return not_an_address(host, detail)
    if is_one(low.NameResolutionError):
        return Unreachable(
            f"The name {host} was not found.",
            "Check the internet connection, and the address in Web DB Locator.",
            detail,
        )
    if is_one(low.ProxyError):
        return Unreachable(
            "The proxy on the way to the Web Database does not work.",
            "Ask whoever looks after this network.",
            detail,
        )
    if is_one(ConnectionRefusedError):
        return Unreachable(
            f"Nothing answers at {host}: the connection was refused.",
            "Check that the Web Database is running, and the address in Web DB Locator.",
            detail,
        )
    if is_one(low.TimeoutError, TimeoutError, requests.Timeout):
        return Unreachable(f"{host} did not answer in time.", "", detail)
    return Unreachable("The connection to the Web Database broke.", "", detail)


def understood(text: bytes, answer: type[Answer]) -> Answer:
    """A message from the Web Database. Raises NotTheWebDatabase when it is none that is known."""
    try:
        return answer.model_validate_json(text)
    except ValidationError as fault:
        raise NotTheWebDatabase(
            "The Web Database gave an answer that this program does not understand.",
            "Update this program; if it is new, check the address in Web DB Locator.",
            detail=str(fault)[:2000],
        ) from fault


def is_head_cut(response: requests.Response) -> bool:
    """Whether the line was cut within an answer's head: then it says nothing of what follows."""
    signs = ("Content-Length", "Transfer-Encoding", "Content-Type")
    return response.status_code != 204 and not any(sign in response.headers for sign in signs)


def number_in(response: requests.Response, name: str) -> int | None:
    """The number that a header says; None when it is missing or no number that could be meant."""
    text = response.headers.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def said_no(
    response: requests.Response, problem: messages.Problem | None, where: str
) -> KnownError:
    """The error for an answer that is a no."""
    if problem is None:
        if response.status_code == 401:
            title = "The Web Database does not accept this site's key."
            return Refused(title, detail=where, reason="key_refused")
        if response.status_code >= 500:
            return Unreachable("The Web Database is not well.", detail=where)
        return Refused("The Web Database refused.", detail=where, reason=str(response.status_code))
    detail = f"{where} {problem.code} {problem.detail}".strip()
    if problem.code == "versions_differ":
        return VersionsDiffer(problem.title, problem.advice, detail)
    if problem.code == "disk_full":
        return DiskFull(problem.title, problem.advice, detail)
    if response.status_code >= 500:
        return Unreachable(problem.title, problem.advice, detail)
    return Refused(problem.title, problem.advice, detail, reason=problem.code)
