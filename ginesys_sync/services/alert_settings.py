"""When head office is alarmed, and who is told: one document in its own policy, with defaults.

The mail server's password is no part of it: it lies in a file of the home that only its owner may
read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ginesys_sync.core.errors import HomeUnusable, KnownError, UnknownSite
from ginesys_sync.core.model import is_site_code
from ginesys_sync.services.audit import note_action
from ginesys_sync.services.site import opened_site
from ginesys_sync.store import policies
from ginesys_sync.store.database import Connection, transaction

POLICY = "alerts"
PASSWORD_FILE = "mail-password"
DAY_MINUTES = 24 * 60
_MOST = 10**9
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class AlertsUnfit(KnownError):
    """The settings of the alerts cannot be used as they are."""

    code = "alerts_unfit"
    default_advice = "Change this entry; `ginesys-sync alerts set --help` tells what may stand."


_CHANGED = {
    "silent_minutes": "silent",
    "silent_of": "silent, single stores",
    "silent_minutes_of": "silent, single stores",
    "backlog_minutes": "old backlog",
    "backlog_records": "growing backlog",
    "parked_records": "needs attention",
    "clock_seconds": "wrong clock",
    "webhook": "web address",
}
"""What was changed, in the words of *Alert Limits* and *Who Is Told*; the rest says it itself."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on something is wrong. `silent_minutes_of` holds sites with a limit of their own.

    A backlog is old when its oldest record waits longer than `backlog_minutes`; it grows when a
    site that calls has left at least `backlog_records` waiting for an hour, and more came."""

    silent_minutes: int = DAY_MINUTES
    silent_minutes_of: Mapping[str, int] = field(default_factory=dict)
    backlog_minutes: int = DAY_MINUTES
    backlog_records: int = 1_000
    parked_records: int = 1
    clock_seconds: int = 120

    def silent_after(self, site: str) -> int:
        """After how many minutes this site is silent."""
        return self.silent_minutes_of.get(site, self.silent_minutes)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server. security: `tls` from the first byte, `starttls`, or `none` (this machine
    only)."""

    host: str
    to: tuple[str, ...]
    sender: str
    port: int = 587
    security: str = "starttls"
    user: str = ""


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Limits and channels."""

    limits: Limits = Limits()
    mail: Mail | None = None
    webhook: str = ""


def is_loopback(host: str) -> bool:
    """Whether this is the machine itself."""
    return host.lower() in _LOOPBACK


def read_settings(connection: Connection) -> AlertSettings:
    """What holds now. What cannot be read counts as not set: alarms must not stop for that."""
    try:
        return parse(policies.own_policy(connection, POLICY) or "{}")
    except AlertsUnfit:
        return AlertSettings()


def parse(text: str) -> AlertSettings:
    """The settings that a policy's text holds. Raises AlertsUnfit."""
    try:
        document = json.loads(text[:100_000])
        limits = Limits(**document.get("limits", {}))
        mail = document.get("mail")
        found = AlertSettings(
            replace(limits, silent_minutes_of=dict(limits.silent_minutes_of)),
            Mail(**{**mail, "to": tuple(mail["to"])}) if mail else None,
            document.get("webhook", ""),
        )
    except (ValueError, TypeError, AttributeError, KeyError) as fault:
        raise AlertsUnfit("The alert settings cannot be read.", detail=str(fault)) from fault
    check(found)
    return found


def settings_text(settings: AlertSettings) -> str:
    """What the policy keeps."""
    return json.dumps(asdict(settings), sort_keys=True)


def check(settings: AlertSettings) -> None:
    """Raises AlertsUnfit for what cannot be meant."""
    limits = settings.limits
    for name, least in (
        ("silent_minutes", 2), ("backlog_minutes", 2), ("backlog_records", 1),
        ("parked_records", 1), ("clock_seconds", 5),
    ):  # fmt: skip
        _check_number(name, getattr(limits, name), least)
    for site, minutes in limits.silent_minutes_of.items():
        if not is_site_code(site):
            raise AlertsUnfit(f"{site!r} is no site's code.")
        _check_number(f"silent_minutes of {site}", minutes, 2)
    if settings.mail is not None:
        _check_mail(settings.mail)
    if settings.webhook:
        check_webhook(settings.webhook)


def _check_number(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _MOST:
        raise AlertsUnfit(f"{name.replace('_', ' ')} must be a whole number from {least} on.")


def _check_mail(mail: Mail) -> None:
    texts: tuple[object, ...] = (mail.host, mail.sender, mail.user, *mail.to)
    if not all(isinstance(text, str) and text.isprintable() for text in texts):
        raise AlertsUnfit("The mail settings hold something that is no text.")
    if not mail.host or not mail.to or any("@" not in each for each in (mail.sender, *mail.to)):
        raise AlertsUnfit("Mail needs a server, a sender and at least one address to write to.")
    _check_number("mail port", mail.port, 1)
    if mail.security not in ("tls", "starttls", "none"):
        raise AlertsUnfit("Mail security is tls, starttls or none.")
    if mail.security == "none" and not is_loopback(mail.host):
        raise AlertsUnfit("Mail without TLS goes to a server on this machine only.")


def check_webhook(address: str) -> None:
    """Raises AlertsUnfit unless it is https, or http to this machine."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError as fault:
        raise AlertsUnfit("The webhook is no web address.", detail=str(fault)) from fault
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not host or not is_safe or not address.isprintable():
        raise AlertsUnfit("The webhook must begin with https:// (http:// for this machine only).")


def webhook_host(address: str) -> str:
    """What of a webhook's address may be shown: its path may hold a secret."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}" if address else ""


def set_limits(folder: Path, limits: Limits) -> None:
    """Lay down all limits anew at head office; a site that is not named loses its own. Raises
    KnownError."""
    before = present_settings(folder).limits.silent_minutes_of
    names = Limits.__dataclass_fields__.keys() - {"silent_minutes_of"}
    change = {name: getattr(limits, name) for name in names}
    own = dict.fromkeys(before, 0) | dict(limits.silent_minutes_of)
    change_settings(folder, change | {"silent_of": own})


def change_settings(folder: Path, change: Mapping[str, Any], password: str | None = None) -> None:
    """Lay down new settings at head office. `change` has fields of Limits, `silent_of` (site and
    minutes, 0 takes it back), `mail` (a Mail or None) and `webhook`. Raises KnownError."""
    with opened_site(folder) as site, site.database.connect() as connection:
        if not site.is_head_office:
            raise UnknownSite("Only head office watches over the sites.", "Set this up there.")
        found = changed(read_settings(connection), change)
        check(found)
        if password is not None:
            write_password(folder, password)
        with transaction(connection):
            policies.write_own_policy(connection, POLICY, settings_text(found))
            words = ", ".join(dict.fromkeys(_CHANGED.get(name, name) for name in sorted(change)))
            note_action(connection, "set alerts", words or "password")


def present_settings(folder: Path) -> AlertSettings:
    """What holds at the head office of a home. Raises KnownError."""
    with opened_site(folder) as site, site.database.connect() as connection:
        return read_settings(connection)


def changed(settings: AlertSettings, change: Mapping[str, Any]) -> AlertSettings:
    """The settings with these entries put in."""
    limits = settings.limits
    own = dict(limits.silent_minutes_of) | dict(change.get("silent_of", {}))
    known = {name: change[name] for name in Limits.__dataclass_fields__ if name in change}
    known["silent_minutes_of"] = {site: minutes for site, minutes in own.items() if minutes}
    return AlertSettings(
        replace(limits, **known),
        change.get("mail", settings.mail),
        change.get("webhook", settings.webhook),
    )


def write_password(folder: Path, password: str) -> None:
    """Keep the mail server's password, for its owner's eyes only; empty: forget it."""
    path = folder / PASSWORD_FILE
    try:
        path.unlink(missing_ok=True)
        if password:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(password + "\n")
    except OSError as fault:
        raise HomeUnusable("The home folder cannot be written.", detail=str(fault)) from fault


def read_password(folder: Path) -> str:
    """The mail server's password; empty when there is none."""
    try:
        return (folder / PASSWORD_FILE).read_text(encoding="utf-8").rstrip("\n")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as fault:
        detail = type(fault).__name__
        raise HomeUnusable("The mail password cannot be read.", detail=detail) from fault
