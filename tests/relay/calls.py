"""Plain calls, as any program could make them, past our own client."""

from __future__ import annotations

from typing import Any

import requests

from tests.support.forked_relay import ForkedRelay
from tests.support.relay_server import Member


def call(
    server: ForkedRelay, member: Member | None, path: str, message: Any, method: str = "POST"
) -> requests.Response:
    """One call with a JSON message (None: without any)."""
    headers = {"Authorization": f"Bearer {member.site}:{member.key}"} if member else {}
    return requests.request(
        method, server.url + path, json=message, headers=headers, timeout=10, allow_redirects=False
    )
