"""`alerts`: what is wrong at which site, and who is told: shown and set at the prompt."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from pathlib import Path
from typing import Any

_TEACH = """\
Head office's service looks after each sync and once a minute; an alert is raised once and clears
itself when things are right again.
  ginesys-sync alerts --home ho                            what is wrong, newest first
  ginesys-sync alerts set --home ho --silent 6h --silent-of S001=30m --backlog 12h
  ginesys-sync alerts set --home ho --mail-to it@shop.example --mail-from sync@shop.example \\
      --mail-server mail.shop.example --mail-user sync --mail-password
  ginesys-sync alerts set --home ho --webhook https://chat.shop.example/hook
  ginesys-sync alerts test --home ho                       send a test by mail and webhook
"""


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The verb's words on the command line."""
    words = "what is wrong at which site, and who is told"
    alerts = verbs.add_parser(
        "alerts",
        help=words,
        description="Shows and sets w" + words[1:] + ". Exit code 1 when something is wrong.",
        epilog=_TEACH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    alerts.add_argument("--home", type=Path, metavar="DIR", help="head office's home folder")
    alerts.add_argument("--json", action="store_true", help="an array of flat objects")
    alerts.add_argument("--limit", type=_whole, default=100, metavar="N", help="default: 100")
    under = alerts.add_subparsers(dest="alerts_verb", metavar="[set | test]")
    change = under.add_parser("set", help="set limits and who is told")
    test = under.add_parser("test", help="send a test by mail and webhook")
    for verb in (change, test):
        verb.add_argument(
            "--home", type=Path, default=argparse.SUPPRESS, metavar="DIR", help="the home folder"
        )
    _limits(change)
    _channels(change)


def _limits(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--silent", type=_minutes, metavar="24h", help="a site has not called for")
    verb.add_argument(
        "--silent-of",
        action="append",
        default=[],
        type=_site_minutes,
        metavar="S001=2h",
        help="for one site; 0 takes it back; repeatable",
    )
    verb.add_argument("--backlog", type=_minutes, metavar="24h", help="records wait longer than")
    verb.add_argument(
        "--backlog-records",
        type=_whole,
        metavar="N",
        help="so many wait for an hour and more come, although the site calls",
    )
    verb.add_argument("--parked", type=_whole, metavar="N", help="so many need attention")
    verb.add_argument("--clock", type=_whole, metavar="SECONDS", help="a clock is wrong by more")


def _channels(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--mail-to", action="append", metavar="ADDRESS", help="repeatable")
    verb.add_argument("--mail-from", metavar="ADDRESS")
    verb.add_argument("--mail-server", metavar="HOST")
    verb.add_argument("--mail-port", type=_whole, metavar="PORT", help="default: 587, tls: 465")
    verb.add_argument("--mail-security", choices=("starttls", "tls", "none"))
    verb.add_argument("--mail-user", metavar="NAME")
    verb.add_argument(
        "--mail-password",
        action="store_true",
        help="ask for the password (or read a line from a pipe); it is kept in a file of its own",
    )
    verb.add_argument("--no-mail", action="store_true", help="write no mail")
    verb.add_argument("--webhook", metavar="URL", help="call this address; empty: none")


def _whole(text: str) -> int:
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a whole number from 1 on")
    return int(text)


def _minutes(text: str) -> int:
    number, unit = text[:-1], text[-1:]
    if unit not in ("m", "h", "d") or not number.isdecimal() or len(number) > 6:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a time like 30m, 24h or 3d")
    return int(number) * {"m": 1, "h": 60, "d": 1440}[unit]


def _site_minutes(text: str) -> tuple[str, int]:
    site, _, value = text.partition("=")
    return site, 0 if value == "0" else _minutes(value)


def run(asked: argparse.Namespace) -> int:
    """Do what was asked; the exit code."""
    from ginesys_sync.core.errors import HomeUnusable

    if asked.home is None:
        raise HomeUnusable("Which head office?", "Give its home folder: --home DIR.")
    if asked.alerts_verb == "set":
        return _set(asked)
    return _test(asked) if asked.alerts_verb == "test" else _show(asked)


def _show(asked: argparse.Namespace) -> int:
    from ginesys_sync.core.clock import iso
    from ginesys_sync.services.alerting import alert_list

    found, fault = alert_list(asked.home, asked.limit)
    if asked.json:
        rows = [
            {
                "id": each.id,
                "kind": each.kind.value,
                "site": each.site,
                "words": each.words,
                "since": iso(each.since),
                "told_at": each.told_at and iso(each.told_at),
                "cleared_at": each.cleared_at and iso(each.cleared_at),
            }
            for each in found
        ]
        print(json.dumps(rows, indent=1))
    else:
        for each in found:
            state = "cleared" if each.cleared_at else "OPEN   "
            print(f"{state}  {each.since.astimezone():%Y-%m-%d %H:%M}  {each.words}")
        if not found:
            print("No alerts.")
    if fault:
        sys.stderr.write(f"{fault}\n")
    return 1 if fault or any(each.cleared_at is None for each in found) else 0


def _set(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.alert_settings import change_settings

    change: dict[str, Any] = {
        name: value
        for name, value in (
            ("silent_minutes", asked.silent),
            ("backlog_minutes", asked.backlog),
            ("backlog_records", asked.backlog_records),
            ("parked_records", asked.parked),
            ("clock_seconds", asked.clock),
            ("webhook", asked.webhook),
        )
        if value is not None
    }
    if asked.silent_of:
        change["silent_of"] = dict(asked.silent_of)
    if asked.no_mail:
        change["mail"] = None
    else:
        change |= _mail(asked)
    change_settings(asked.home, change, _password() if asked.mail_password else None)
    print("Set. The service takes it up by itself.")
    return 0


def _mail(asked: argparse.Namespace) -> dict[str, Any]:
    """The mail settings with what was given put in; nothing when nothing was."""
    from dataclasses import replace

    from ginesys_sync.services.alert_settings import Mail, present_settings

    given: dict[str, Any] = {
        name: value
        for name, value in (
            ("host", asked.mail_server),
            ("to", asked.mail_to and tuple(asked.mail_to)),
            ("sender", asked.mail_from),
            ("security", asked.mail_security),
            ("port", asked.mail_port or (465 if asked.mail_security == "tls" else None)),
            ("user", asked.mail_user),
        )
        if value is not None
    }
    if not given:
        return {}
    before = present_settings(asked.home).mail or Mail("", (), "")
    return {"mail": replace(before, **given)}


def _password() -> str:
    """Typed unseen, or a line from a pipe; never an argument, which others could read."""
    if sys.stdin.isatty():
        return getpass.getpass("Password of the mail server: ")
    return sys.stdin.readline().rstrip("\n")


def _test(asked: argparse.Namespace) -> int:
    from ginesys_sync.core.settings import open_home
    from ginesys_sync.services.alert_channels import try_channels
    from ginesys_sync.services.alert_settings import present_settings

    trusted = open_home(asked.home).settings.certificates
    said = try_channels(asked.home, present_settings(asked.home), trusted)
    for is_good, sentence in said:
        print(sentence if is_good else f"PROBLEM  {sentence}")
    if not said:
        print("Neither mail nor a webhook is set: `ginesys-sync alerts set --help`.")
    return 0 if all(is_good for is_good, _ in said) else 1
