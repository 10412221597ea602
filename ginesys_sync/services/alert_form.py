"""The entries of the alerts' two windows, as typed: what they mean, and what is wrong with them.
Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ginesys_sync.services.alert_desk import AlertView, ChannelChange
from ginesys_sync.services.alert_settings import (
    AlertsUnfit,
    Limits,
    Mail,
    check_webhook,
    is_loopback,
)
from ginesys_sync.services.words import counted

MOST_MINUTES = 365 * 24 * 60
_MOST = 1_000_000_000
_MOST_SECONDS = 24 * 3600


class Unit(StrEnum):
    """What a time is counted in."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"


_MINUTES_IN = {Unit.MINUTES: 1, Unit.HOURS: 60, Unit.DAYS: 24 * 60}


@dataclass(frozen=True, slots=True)
class Span:
    """A time as typed: a number and its unit."""

    number: str
    unit: Unit


def span_of(minutes: int) -> Span:
    """The same time as one would type it: `24 hours`, `3 days`, `90 minutes`."""
    for unit in (Unit.DAYS, Unit.HOURS):
        count, rest = divmod(minutes, _MINUTES_IN[unit])
        if not rest and count >= (2 if unit is Unit.DAYS else 1):
            return Span(str(count), unit)
    return Span(str(minutes), Unit.MINUTES)


def span_words(minutes: int) -> str:
    """`24 hours`, `1 hour`, `90 minutes`."""
    span = span_of(minutes)
    return counted(int(span.number), span.unit.value.removesuffix("s"))


class Entry(StrEnum):
    """The entries, by the words beside them. A store's own limit goes by its code."""

    SILENT = "Silent"
    BACKLOG = "Old backlog"
    RECORDS = "Growing backlog"
    PARKED = "Needs attention"
    CLOCK = "Wrong clock"
    TO = "Write to"
    SENDER = "Sender"
    HOST = "Mail server"
    PORT = "Port"
    SECURITY = "Security"
    USER = "User name"
    PASSWORD = "Password"
    WEBHOOK = "Web address"


# --- limits ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LimitEntries:
    """What stands in *Alert Limits*. `stores`: the code of each store with a limit of its own."""

    silent: Span
    backlog: Span
    records: str
    parked: str
    clock: str
    stores: tuple[tuple[str, Span], ...] = ()


def limit_entries(limits: Limits) -> LimitEntries:
    """What holds, as one would type it."""
    return LimitEntries(
        silent=span_of(limits.silent_minutes),
        backlog=span_of(limits.backlog_minutes),
        records=str(limits.backlog_records),
        parked=str(limits.parked_records),
        clock=str(limits.clock_seconds),
        stores=tuple(
            (code, span_of(minutes)) for code, minutes in sorted(limits.silent_minutes_of.items())
        ),
    )


def limit_problems(typed: LimitEntries) -> dict[str, str]:
    """What is wrong, by entry; empty when nothing is."""
    spans = {Entry.SILENT.value: typed.silent, Entry.BACKLOG.value: typed.backlog}
    found = {name: _span_problem(span) for name, span in (spans | dict(typed.stores)).items()}
    found |= {
        Entry.RECORDS.value: _number_problem(typed.records, 1, _MOST),
        Entry.PARKED.value: _number_problem(typed.parked, 1, _MOST),
        Entry.CLOCK.value: _number_problem(typed.clock, 5, _MOST_SECONDS),
    }
    return {name: words for name, words in found.items() if words}


def limits_of(typed: LimitEntries) -> Limits:
    """What the entries mean; they have no problems."""
    return Limits(
        silent_minutes=_minutes(typed.silent),
        silent_minutes_of={code: _minutes(span) for code, span in typed.stores},
        backlog_minutes=_minutes(typed.backlog),
        backlog_records=_number(typed.records),
        parked_records=_number(typed.parked),
        clock_seconds=_number(typed.clock),
    )


def _is_number(text: str) -> bool:
    bare = text.strip()
    return bare.isascii() and bare.isdecimal()


def _number(text: str) -> int:
    return int(text.strip())


def _minutes(span: Span) -> int:
    return _number(span.number) * _MINUTES_IN[span.unit]


def _number_problem(text: str, least: int, most: int) -> str:
    if not _is_number(text):
        return f"Enter a whole number from {least} on."
    if _number(text) < least:
        return f"This is too little: {least} is the least."
    return f"This is too much: {most:,} is the most." if _number(text) > most else ""


def _span_problem(span: Span) -> str:
    if not _is_number(span.number):
        return "Enter a whole number."
    if _minutes(span) < 2:
        return "This is too short: 2 minutes are the least."
    return "This is too long: 365 days are the most." if _minutes(span) > MOST_MINUTES else ""


# --- channels -------------------------------------------------------------------------------------

PORTS = {"starttls": "587", "tls": "465", "none": "25"}


@dataclass(frozen=True, slots=True)
class ChannelEntries:
    """What stands in *Who Is Told*. `password` and `webhook` empty: as it is kept."""

    has_mail: bool
    to: str
    sender: str
    host: str
    port: str
    security: str
    user: str
    password: str
    has_webhook: bool
    webhook: str


def channel_entries(view: AlertView) -> ChannelEntries:
    """What holds, as one would type it; without what is secret."""
    mail = view.mail or Mail("", (), "")
    return ChannelEntries(
        has_mail=view.mail is not None,
        to=", ".join(mail.to),
        sender=mail.sender,
        host=mail.host,
        port=str(mail.port),
        security=mail.security,
        user=mail.user,
        password="",
        has_webhook=bool(view.webhook),
        webhook="",
    )


def channel_problems(typed: ChannelEntries, kept: AlertView) -> dict[str, str]:
    """What is wrong, by entry; empty when nothing is."""
    found = dict(_mail_problems(typed, kept)) if typed.has_mail else {}
    if typed.has_webhook:
        found[Entry.WEBHOOK] = _webhook_problem(typed.webhook.strip(), bool(kept.webhook))
    return {name.value: words for name, words in found.items() if words}


def channels_of(typed: ChannelEntries, kept: AlertView) -> ChannelChange:
    """What the entries mean; they have no problems."""
    mail = _mail(typed) if typed.has_mail else None
    is_forgotten = mail is None or not mail.user
    password = "" if is_forgotten else typed.password or None
    if not typed.has_webhook:
        return ChannelChange(mail, "" if kept.webhook else None, password)
    return ChannelChange(mail, typed.webhook.strip() or None, password)


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace(";", ",").split(",") if part.strip())


def _mail(typed: ChannelEntries) -> Mail:
    return Mail(
        host=typed.host.strip(),
        to=_addresses(typed.to),
        sender=typed.sender.strip(),
        port=_number(typed.port),
        security=typed.security,
        user=typed.user.strip(),
    )


def _mail_problems(typed: ChannelEntries, kept: AlertView) -> Iterator[tuple[Entry, str]]:
    wrong = [each for each in _addresses(typed.to) if not _is_address(each)]
    if wrong:
        yield Entry.TO, f"{wrong[0]} is no mail address."
    elif not _addresses(typed.to):
        yield Entry.TO, "Enter at least one mail address; a comma between two."
    if not _is_address(typed.sender.strip()):
        yield Entry.SENDER, "Enter the mail address that the messages come from."
    host = typed.host.strip()
    if not host or not host.isprintable() or any(sign in host for sign in " /@"):
        yield Entry.HOST, "Enter the mail server's name, such as mail.shop.example."
    yield Entry.PORT, _number_problem(typed.port, 1, 65_535)
    if typed.security == "none" and not is_loopback(host):
        yield Entry.SECURITY, "Without TLS only a mail server on this machine can be used."
    if typed.user.strip() and not typed.password:
        yield Entry.PASSWORD, _password_problem(typed, kept)


def _password_problem(typed: ChannelEntries, kept: AlertView) -> str:
    """A kept password goes only where it was meant to go."""
    if not kept.has_password or kept.mail is None:
        return "Enter this user's password."
    before = (kept.mail.host, str(kept.mail.port), kept.mail.security, kept.mail.user)
    now = (typed.host.strip(), typed.port.strip(), typed.security, typed.user.strip())
    return "" if now == before else "Server or user have changed: enter the password again."


def _is_address(text: str) -> bool:
    name, _, host = text.rpartition("@")
    return bool(name and host) and text.isprintable() and not any(sign in text for sign in " <>,;")


def _webhook_problem(address: str, is_kept: bool) -> str:
    if not address:
        return "" if is_kept else "Enter the address to call; it begins with https://."
    try:
        check_webhook(address)
    except AlertsUnfit as fault:
        return fault.title
    return ""


def is_told(view: AlertView) -> bool:
    """Whether anybody outside the window hears of an alert."""
    return view.mail is not None or bool(view.webhook)


def limit_words(limits: Limits, stores: Mapping[str, str]) -> list[tuple[str, str]]:
    """The limits to read, each with the entry's words. `stores`: their names."""
    own = [
        f"{code} {stores.get(code, '')}".strip() + f" after {span_words(minutes)}"
        for code, minutes in sorted(limits.silent_minutes_of.items())
    ]
    found = [
        (Entry.SILENT, f"has not called for {span_words(limits.silent_minutes)}"),
        (Entry.BACKLOG, f"a record waits longer than {span_words(limits.backlog_minutes)}"),
        (
            Entry.RECORDS,
            f"{limits.backlog_records:,} records or more wait for an hour, and more come, although "
            "the site calls",
        ),
        (Entry.PARKED, f"{counted(limits.parked_records, 'record')} or more"),
        (Entry.CLOCK, f"wrong by more than {counted(limits.clock_seconds, 'second')}"),
    ]
    return [(name.value, words) for name, words in found] + [("Single stores", _few(own))]


def _few(own: list[str]) -> str:
    """`S001 Pune after 30 minutes`, and how many more."""
    if not own:
        return "none: every store goes by the same limit"
    more = f" and {len(own) - 3} more" if len(own) > 3 else ""
    return "silent: " + ", ".join(own[:3]) + more
