"""`ginesys-sync where`: where one record is, for people, or as JSON for scripts."""

from __future__ import annotations

import argparse
import json
from typing import Any

from ginesys_sync.core.clock import iso
from ginesys_sync.services.finding import find
from ginesys_sync.services.journey import journey
from ginesys_sync.services.journey_views import Journey, SiteJourney, StepKind, StepState
from ginesys_sync.services.site import opened_site

_TOLD_IN_FULL = 3
_MARKS = {
    StepState.DONE: "done",
    StepState.NOW: "now",
    StepState.AHEAD: "-",
    StepState.STUCK: "stuck",
}


def show(asked: argparse.Namespace) -> int:
    """Print the journeys of what fits; of many records one line each."""
    with opened_site(asked.home) as site:
        found = find(site, asked.text)
        journeys = [journey(site, one, limit=asked.limit) for one in found.candidates]
    if asked.json:
        rows = [row for one in journeys for row in _flat(one)]
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return 0
    if not journeys:
        print(f"Nothing here is called {_plain(asked.text)!r}.")
    for one in journeys:
        _print_journey(one, in_full=len(journeys) <= _TOLD_IN_FULL)
    if not found.is_complete:
        print("There may be more: say more of it.")
    return 0


def _print_journey(one: Journey, in_full: bool) -> None:
    record = one.record
    label = f"  {_plain(record.label)}" if record.label else ""
    print(f"{record.kind} {_plain(record.key_text)}{label}")
    print(f"  {_plain(one.headline)} {one.advice}".rstrip())
    for site in one.sites if in_full else ():
        _print_site(site)
    if in_full and one.next is not None:
        print(f"  … and {one.total - len(one.sites):,} more sites.")


def _print_site(site: SiteJourney) -> None:
    way = "from" if site.is_incoming else "to"
    status = site.status.value if site.status else "NOT HERE"
    name = f" {_plain(site.name)}" if site.name not in ("", site.site) else ""
    print(f"  {way} {site.site}{name}: {status}. {_plain(site.sentence)}")
    for step in site.steps:
        at = iso(step.at) if step.at else ""
        print(f"    {_MARKS[step.state]:6}{step.title:20}{at}".rstrip())


def _plain(words: str) -> str:
    """A business table's words without what would steer a terminal."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in words)


def _flat(one: Journey) -> list[dict[str, Any]]:
    """A row a site; a record that goes nowhere has one row without a site."""
    return [_row(one, site) for site in one.sites] or [_row(one, None)]


def _row(one: Journey, site: SiteJourney | None) -> dict[str, Any]:
    moments = {step.kind: step.at for step in site.steps if step.at} if site else {}
    return {
        "kind": one.record.entity,
        "key": one.record.key_text,
        "label": one.record.label or None,
        "gone": one.record.is_gone,
        "site": site.site if site else None,
        "incoming": site.is_incoming if site else None,
        "status": site.status.value if site and site.status else None,
        "attention": site.needs_attention if site else False,
        "stream": site.stream if site else None,
        "batch": site.batch if site else None,
        **{f"{kind.value}_at": _at(moments, kind) for kind in StepKind if kind is not _CHANGED},
        "words": site.sentence if site else one.headline,
    }


_CHANGED = StepKind.CHANGED


def _at(moments: dict[StepKind, Any], kind: StepKind) -> str | None:
    return iso(moments[kind]) if kind in moments else None
