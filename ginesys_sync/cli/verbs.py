"""The verbs behind the front door: each takes the parsed command line and returns the exit code."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path


def _init(asked: argparse.Namespace) -> int:
    from ginesys_sync.core.model import Role
    from ginesys_sync.services.setup import NewSite, join_chain

    _refuse_a_web_databases_home(asked.home)
    home = join_chain(
        NewSite(
            asked.home,
            asked.site,
            Role(asked.role),
            asked.db,
            asked.relay,
            asked.code,
            plan=asked.plan,
            names=asked.names,
        )
    )
    print(
        f"{home.settings.site} has joined {home.settings.organisation}. Its home is {asked.home}."
    )
    print(f"Next: ginesys-sync sync --home {asked.home}")
    return 0


def _test_connection(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.connection import check_connection

    found = check_connection(asked.home)
    print(found.title)
    if not found.is_good:
        print(found.advice)
    for name, value in found.facts:
        print(f"  {name}: {value}")
    return 0 if found.is_good else 2


def _doctor(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.doctor import examine

    findings = examine(asked.home)
    for finding in findings:
        mark = "ok     " if finding.is_good else "PROBLEM"
        print(f"{mark}  {finding.what}")
        if finding.advice:
            print(f"         {finding.advice}")
    if all(finding.is_good for finding in findings):
        return 0
    return 2 if len(findings) == 1 else 1


def _launchpad(asked: argparse.Namespace) -> int:
    from ginesys_sync.ui.app import run_launchpad

    _require_role(asked, "ho")
    return run_launchpad(asked.home, theme=asked.theme, place=asked.place)


def _pos(asked: argparse.Namespace) -> int:
    from ginesys_sync.ui.app import run_pos

    _require_role(asked, "store")
    return run_pos(asked.home, theme=asked.theme, place=asked.place)


def _require_role(asked: argparse.Namespace, role: str) -> None:
    from ginesys_sync.core.errors import HomeUnusable
    from ginesys_sync.core.settings import open_home

    settings = open_home(asked.home).settings
    if settings.role != role:
        other = "pos" if settings.role == "store" else "launchpad"
        raise HomeUnusable(
            f"{asked.home} is the home of {settings.site}.",
            f"Open it with `ginesys-sync {other} --home {asked.home}`.",
        )


def _service(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.worker import serve

    return serve(asked.home, is_child=asked.child, minutes=asked.minutes)


def _plan(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.plans import change_plan, names_words, plan_words

    if asked.plan_verb == "show":
        print(names_words(asked.home) if asked.names else plan_words(asked.home))
        return 0
    change = change_plan(asked.home, asked.file, only_look=asked.check)
    if change.is_nothing:
        print("This plan is in place already.")
        return 0
    would = "would be" if asked.check else "is"
    print(f"Version {change.version} of the plan {would} in place.")
    for words, kinds in (
        ("New", change.added),
        ("Changed", change.changed),
        ("Synced no more", change.dropped),
        ("Sent whole by the next sync", change.sent_again),
    ):
        if kinds:
            print(f"  {words}: {', '.join(kinds)}")
    if not asked.check:
        print(f"Next: ginesys-sync sync --home {asked.home}")
    return 0


def _control(asked: argparse.Namespace) -> int:
    from ginesys_sync.cli.control import run

    return run(asked)


def _schedule(asked: argparse.Namespace) -> int:
    from ginesys_sync.cli.schedule import run

    return run(asked)


def _support_bundle(asked: argparse.Namespace) -> int:
    from pathlib import Path

    from ginesys_sync.services.bundle import make_bundle, usual_name

    made = make_bundle(asked.home, asked.to or Path(usual_name(asked.home)))
    print(f"Written: {made.path}")
    print(f"It holds {', '.join(made.names)}; no key, code or password.")
    return 0


def _alerts(asked: argparse.Namespace) -> int:
    from ginesys_sync.cli.alerts import run

    return run(asked)


def _batch(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.batches import show_batch

    for table in show_batch(asked.file):
        print(f"{table['table']}: {table['count']:,} rows")
        print("  " + " | ".join(table["columns"]))
        for row in table["rows"]:
            print("  " + " | ".join("NULL" if value is None else str(value) for value in row))
    return 0


def _relay(asked: argparse.Namespace) -> int:
    from ginesys_sync.relay import main as relay

    if asked.relay_verb == "invite":
        _require_web_database(asked.home)
        print(relay.invite(asked.home, asked.site, asked.role, asked.name))
        return 0
    _refuse_a_sites_home(asked.home)
    return relay.serve(
        asked.home,
        asked.host,
        relay.last_port(asked.home) if asked.port is None else asked.port,
        db_url=asked.db,
        workers=asked.workers,
        tls_cert=asked.tls_cert,
        tls_key=asked.tls_key,
        keep_days=asked.keep_days,
    )


def _require_web_database(home: Path) -> None:
    """A code is good at the Web Database that gave it: a new one that nobody serves gives none."""
    from ginesys_sync.core.errors import HomeUnusable
    from ginesys_sync.relay.main import is_served_home

    _refuse_a_sites_home(home)
    if not is_served_home(home):
        raise HomeUnusable(
            f"No Web Database has its home in {home}.",
            "Give the folder that `ginesys-sync relay serve` was started with; serve a new one "
            "before you invite anybody to it.",
        )


def _refuse_a_sites_home(home: Path) -> None:
    from ginesys_sync.core.errors import HomeUnusable
    from ginesys_sync.core.settings import is_home

    if is_home(home):
        raise HomeUnusable(
            f"{home} is the home of a site, not of a Web Database.",
            "Give the Web Database's own folder.",
        )


def _refuse_a_web_databases_home(home: Path) -> None:
    """With a site's home in it, the Web Database would not be served from it again."""
    from ginesys_sync.core.errors import HomeUnusable
    from ginesys_sync.relay.main import is_served_home

    if is_served_home(home):
        raise HomeUnusable(
            f"{home} is the folder of a Web Database, not of a site.",
            "Give a new folder for the site's home; this one was not touched.",
        )


def _sync(asked: argparse.Namespace) -> int:
    from ginesys_sync.cli.sync import run

    return run(asked)


def _status(asked: argparse.Namespace) -> int:
    from ginesys_sync.cli.status import show

    return show(asked)


def _where(asked: argparse.Namespace) -> int:
    from ginesys_sync.cli.where import show

    return show(asked)


def _demo(asked: argparse.Namespace) -> int:
    from ginesys_sync.cli.demo import run

    return run(asked)


VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "demo": _demo,
    "init": _init,
    "sync": _sync,
    "status": _status,
    "where": _where,
    "test-connection": _test_connection,
    "doctor": _doctor,
    "launchpad": _launchpad,
    "pos": _pos,
    "service": _service,
    "schedule": _schedule,
    "alerts": _alerts,
    "control": _control,
    "plan": _plan,
    "support-bundle": _support_bundle,
    "batch": _batch,
    "relay": _relay,
}
