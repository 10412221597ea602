"""*Test Connection*: whether the Web Database can be reached with this site's key, and if not,
why and what to do."""

from __future__ import annotations

from pathlib import Path

from ginesys_sync.core.errors import KnownError, Refused, VersionsDiffer
from ginesys_sync.core.model import HEAD_OFFICE
from ginesys_sync.core.settings import Settings, open_home
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
        except Refused as fault:
            raise explained(fault, web, settings) from fault
        finally:
            web.close()
        _check_versions(answer)
    except KnownError as fault:
        return Diagnosis(False, fault.title, fault.advice, fault.detail, (("Address", address),))
    return Diagnosis(True, CONNECTION_SENTENCE, "", "", _facts(address, answer))


def explained(fault: KnownError, web: WebDatabase, settings: Settings) -> KnownError:
    """A key that is not accepted may mean that the Web Database is another one than this site
    joined: then what to do, step by step."""
    if not isinstance(fault, Refused) or fault.reason != "key_refused" or not settings.relay_id:
        return fault
    try:
        found = web.health().relay_id
    except KnownError:
        return fault
    if found in ("", settings.relay_id):
        return fault
    if settings.site == HEAD_OFFICE:
        steps = (
            "If the old one is lost: where the new one runs, make a code with `ginesys-sync relay "
            f"invite --site {HEAD_OFFICE} --role ho`; here, run `ginesys-sync init` for this home "
            "with it; then do the same for every store."
        )
    else:
        steps = (
            "If the old one is lost: ask head office for a new enrolment code, and run "
            "`ginesys-sync init` for this home with it."
        )
    return Refused(
        f"The Web Database at this address is not the one that {settings.site} joined: it is new, "
        "or another one.",
        f"Check the address in Web DB Locator. {steps} Everything is then sent once more; no bill "
        "is lost.",
        detail=f"joined {settings.relay_id}, found {found}; {fault.detail}",
        reason="another_web_database",
    )


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
