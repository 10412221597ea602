"""Telling somebody outside of an alert: by mail, by webhook. Both are bounded in time; what goes
wrong is a sentence, and no secret is ever in it."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path

from ginesys_sync.core.clock import iso
from ginesys_sync.core.errors import KnownError
from ginesys_sync.engine.webhook import SECONDS, NotTold, post_json
from ginesys_sync.services.alert_settings import AlertSettings, Mail, read_password
from ginesys_sync.services.board_views import Alert
from ginesys_sync.services.words import counted

_NAMED = 100
"""So many alerts are spelt out in one message; a relay that was away may wake thousands."""


def send_mail(mail: Mail, password: str, subject: str, text: str, certificates: str = "") -> None:
    """Send one message. `certificates`: a file of authorities to trust instead of the machine's.
    Raises NotTold."""
    message = EmailMessage()
    message["From"], message["To"] = mail.sender, ", ".join(mail.to)
    message["Subject"] = subject
    message.set_content(text)
    try:
        trust = ssl.create_default_context(cafile=certificates or None)
        if mail.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                mail.host, mail.port, timeout=SECONDS, context=trust
            )
        else:
            server = smtplib.SMTP(mail.host, mail.port, timeout=SECONDS)
        with server:
            if mail.security == "starttls":
                server.starttls(context=trust)
            if mail.user:
                server.login(mail.user, password)
            refused = server.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError) as fault:
        raise _mail_fault(mail, fault) from fault
    if refused:
        raise NotTold(f"The mail server {mail.host} refused {', '.join(sorted(refused))}.")


def _mail_fault(mail: Mail, fault: Exception) -> NotTold:
    if isinstance(fault, smtplib.SMTPAuthenticationError):
        words = f"The mail server {mail.host} does not accept the user name and password."
    elif isinstance(fault, ssl.SSLError):
        words = f"The mail server {mail.host} cannot be trusted: its certificate does not hold."
    elif isinstance(fault, smtplib.SMTPNotSupportedError):
        words = f"The mail server {mail.host} does not offer what is asked of it (TLS, sign-in)."
    elif isinstance(fault, smtplib.SMTPResponseException):
        words = f"The mail server {mail.host} refused the message (code {fault.smtp_code})."
    elif isinstance(fault, smtplib.SMTPRecipientsRefused):
        words = f"The mail server {mail.host} refused every address."
    else:
        words = f"The mail server {mail.host} does not answer."
    return NotTold(words, detail=type(fault).__name__)


def mail_alerts(folder: Path, mail: Mail, alerts: Sequence[Alert], certificates: str = "") -> None:
    """One message for all of them. Raises KnownError."""
    subject = alerts[0].words.rstrip(".") if len(alerts) == 1 else _heading(alerts)
    text = "\n".join(
        ["Data sync, head office:", "", *(each.words for each in alerts[:_NAMED]), *_rest(alerts)]
    )
    send_mail(mail, read_password(folder), f"Data sync: {subject}", text + "\n", certificates)


def post_alerts(address: str, alerts: Sequence[Alert], certificates: str = "") -> None:
    """One call for all of them: `text` for chat programs, `alerts` for others. Raises NotTold."""
    named = alerts[:_NAMED]
    document = {
        "text": "\n".join([*(each.words for each in named), *_rest(alerts)]),
        "total": len(alerts),
        "alerts": [
            {
                "id": each.id,
                "kind": each.kind.value,
                "site": each.site,
                "words": each.words,
                "since": iso(each.since),
            }
            for each in named
        ],
    }
    post_json(address, document, certificates)


def _heading(alerts: Sequence[Alert]) -> str:
    sites = counted(len({each.site for each in alerts}), "site")
    return f"{counted(len(alerts), 'alert')} at {sites}"


def _rest(alerts: Sequence[Alert]) -> list[str]:
    more = len(alerts) - _NAMED
    return [f"… and {more:,} more: see the tab Sites in Launchpad."] if more > 0 else []


def try_channels(
    folder: Path, settings: AlertSettings, certificates: str = ""
) -> list[tuple[bool, str]]:
    """Send a test message by each channel that is set: whether it went, and a sentence."""
    said = []
    text = "This is a test of the data sync's alerts. Nothing is wrong."
    if settings.mail is not None:
        try:
            password = read_password(folder)
            send_mail(settings.mail, password, "Data sync: test", text, certificates)
            said.append((True, f"Mail: sent to {', '.join(settings.mail.to)}."))
        except KnownError as fault:
            said.append((False, f"Mail: {fault.title}"))
    if settings.webhook:
        document = {"text": text, "total": 0, "alerts": []}
        try:
            post_json(settings.webhook, document, certificates)
            said.append((True, "Webhook: called."))
        except KnownError as fault:
            said.append((False, f"Webhook: {fault.title}"))
    return said
