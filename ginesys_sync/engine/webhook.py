"""One message to somebody's own web address: bounded in time, no redirects, the answer unread."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import requests

from ginesys_sync.core.errors import KnownError, Retry

SECONDS = 10.0


class NotTold(KnownError):
    """A mail server or a webhook did not take a message. The address itself is never in it: it may
    hold a secret."""

    code = "not_told"
    retry = Retry.LATER
    default_advice = (
        "The alert stands in Launchpad; telling it is tried again. "
        "Check the settings with `ginesys-sync alerts test`."
    )


def post_json(address: str, document: object, certificates: str = "") -> None:
    """POST a document. `certificates`: a file of authorities to trust instead of the usual ones.
    Raises NotTold."""
    host = urlsplit(address).hostname
    try:
        with requests.post(
            address,
            data=json.dumps(document).encode(),
            headers={"Content-Type": "application/json"},
            timeout=(SECONDS / 2, SECONDS),
            allow_redirects=False,
            stream=True,
            verify=certificates or True,
        ) as answer:
            status = answer.status_code
    except (requests.RequestException, ValueError) as fault:
        words = f"The webhook at {host} does not answer."
        raise NotTold(words, detail=type(fault).__name__) from fault
    if not 200 <= status < 300:
        raise NotTold(f"The webhook at {host} refused the message (code {status}).")
