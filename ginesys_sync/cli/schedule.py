"""`schedule`: when sites sync by themselves, shown and laid down at the prompt."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

_TEACH = """\
Head office runs by its own schedule; the stores run by the one for all stores (Master Policy), or
by one of their own (Site Policy), which wins. Both reach the stores by sync.
  ginesys-sync schedule set --home ho --stores --every 15m --from 09:00 --to 21:00 --live
  ginesys-sync schedule set --home ho --own --every 15m --live
  ginesys-sync schedule set --home ho --site S001 --weekly mon,thu --at 06:30
  ginesys-sync schedule clear --home ho --site S001
"""


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The verb's words on the command line."""
    words = "when sites sync by themselves"
    schedule = verbs.add_parser(
        "schedule",
        help=words,
        description="Shows and lays down w" + words[1:] + ".",
        epilog=_TEACH,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    under = schedule.add_subparsers(dest="schedule_verb", metavar="VERB", required=True)
    show = under.add_parser("show", help="the schedule this site works by, and its next runs")
    _home(show)
    show.add_argument("--json", action="store_true", help="one object")
    change = under.add_parser("set", help="lay down a schedule (head office)")
    _whose(change)
    _pattern(change)
    _whose(under.add_parser("clear", help="take a schedule back (head office)"))


def _home(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--home", type=Path, required=True, metavar="DIR", help="the home folder")


def _whose(verb: argparse.ArgumentParser) -> None:
    _home(verb)
    whose = verb.add_mutually_exclusive_group(required=True)
    whose.add_argument("--own", action="store_true", help="head office's own")
    whose.add_argument("--stores", action="store_true", help="all stores' (Master Policy)")
    whose.add_argument("--site", metavar="CODE", help="one store's (Site Policy)")


def _pattern(verb: argparse.ArgumentParser) -> None:
    kind = verb.add_mutually_exclusive_group(required=True)
    kind.add_argument("--on-startup", action="store_true", help="right after the program starts")
    kind.add_argument("--every", metavar="15m|2h", help="again and again, within a day's hours")
    kind.add_argument("--at", metavar="HH:MM", help="once a day")
    verb.add_argument("--from", dest="starting", default="00:00", metavar="HH:MM")
    verb.add_argument("--to", dest="ending", default="23:59", metavar="HH:MM")
    verb.add_argument("--weekly", default="", metavar="mon,thu", help="on these week-days only")
    verb.add_argument("--recurs-every", default="1", metavar="N", help="every N days or weeks")
    verb.add_argument("--start", default="", metavar="DATE", help="2026-12-01; default: today")
    verb.add_argument("--end", default="", metavar="DATE", help="default: no end date")
    verb.add_argument("--live", action="store_true", help="live mode, beside the schedule")


def run(asked: argparse.Namespace) -> int:
    """Do what was asked; the exit code."""
    if asked.schedule_verb == "show":
        return _show(asked)
    from ginesys_sync.services import schedules

    whose = "HO" if asked.own else "*" if asked.stores else asked.site
    if asked.schedule_verb == "clear":
        schedules.set_schedule(asked.home, whose, None)
        print("Taken back.")
    else:
        schedules.set_schedule_form(asked.home, whose, form(asked))
        print("Laid down.")
    if whose != "HO":
        print("The next sync takes it to the stores.")
    return 0


def form(asked: argparse.Namespace) -> dict[str, Any]:
    """The entries of Schedule Configuration that the words mean."""
    from ginesys_sync.services.schedules import today

    every = (asked.every or "").strip().lower()
    return {
        "type": "On Startup" if asked.on_startup else "Recurring",
        "occurs": "Weekly" if asked.weekly else "Daily",
        "recurs_every": asked.recurs_every,
        "week_days": ",".join(day.strip().capitalize() for day in asked.weekly.split(",")),
        "frequency": "Occurs at" if asked.at else "Occurs every",
        "at": asked.at or "",
        "every": every.rstrip("mh"),
        "unit": "hours" if every.endswith("h") else "minutes",
        "starting_at": asked.starting,
        "ending_at": asked.ending,
        "start_date": asked.start or today(asked.home).isoformat(),
        "end_date": asked.end,
        "live": asked.live,
    }


def _show(asked: argparse.Namespace) -> int:
    from ginesys_sync.services.schedules import overview

    found = overview(asked.home)
    if asked.json:
        print(json.dumps(found.document(), indent=1))
        return 0
    print(f"{found.site}: {found.effective.words} ({found.effective.source})")
    for moment in found.next_runs:
        print(f"  {moment:%a %d %b %Y %H:%M:%S %Z}")
    if found.master:
        print(f"All stores: {found.master}")
    for site, words in found.sites:
        print(f"{site}: {words}")
    return 0
