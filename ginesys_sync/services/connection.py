"""*Test Connection*: whether the Web Database can be reached with this site's key, and if not,
why and what to do."""

from __future__ import annotations

from pathlib import Path

from ginesys_sync.core.errors import KnownError, VersionsDiffer
from ginesys_sync.core.settings import open_home
from ginesys_sync.core.status import CONNECTION_SENTENCE
from ginesys_sync.engine.webdb import Patience, WebDatabase
from ginesys_sync.services.site import PROGRAM
from ginesys_sync.services.views import Diagnosis
from ginesys_sync.wire.messages import WhoAmI
from ginesys_sync.wire.routes import PROTOCOL, PROTOCOL_SKEW

_SECONDS = 5.0


def check_connection(folder: Path) -> Diagnosis:
    """Ask the Web Database who we are. Never raises KnownError: the diagnosis says it."""
    address = ""
    try:
        home = open_home(folder)
        settings = home.settings
        address = settings.relay
        web = WebDatabase(
            settings.relay,
            settings.site,
            home.key(),
            verify=settings.certificates or True,
            patience=Patience(connect_seconds=_SECONDS, read_seconds=_SECONDS, tries=1),
        )
        try:
            answer = web.who_am_i()
        finally:
            web.close()
        _check_versions(answer)
    except KnownError as fault:
        return Diagnosis(False, fault.title, fault.advice, fault.detail, (("Address", address),))
    return Diagnosis(True, CONNECTION_SENTENCE, "", "", _facts(address, answer))


def _check_versions(answer: WhoAmI) -> None:
    if abs(answer.protocol - PROTOCOL) <= PROTOCOL_SKEW:
        return
    older = "This program" if answer.protocol > PROTOCOL else "The Web Database"
    raise VersionsDiffer(
        f"{older} is too old for the other side.",
        detail=f"{PROGRAM} protocol {PROTOCOL}, {answer.program} protocol {answer.protocol}",
    )


def _facts(address: str, answer: WhoAmI) -> tuple[tuple[str, str], ...]:
    return (
        ("Address", address),
        ("Web Database", answer.relay_id),
        ("Organisation", answer.organisation),
        ("This site", answer.site),
        ("Program there", answer.program),
    )
