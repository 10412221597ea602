"""`ginesys-sync sync`: one run at the prompt. Counts first, the closing sentence last."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ginesys_sync.core.ending import when_asked_to_end
from ginesys_sync.core.errors import KnownError, UnknownSite
from ginesys_sync.core.events import (
    Counted,
    Event,
    Guided,
    Listener,
    RecordParked,
    RunEnded,
    StageMoved,
    event_document,
)
from ginesys_sync.core.settings import open_home
from ginesys_sync.core.status import Outcome, Stage
from ginesys_sync.services.syncing import Ask, Ended, stopped_sentence, sync
from ginesys_sync.services.told import count_sentence, ended_lines, plan_of


def run(asked: argparse.Namespace) -> int:
    """One run. Ctrl+C ends it after its current slice."""
    listener: Listener = _print_json if asked.events else _Words(asked.home)
    try:
        _refuse_at_a_store(asked)
    except KnownError as fault:
        closing = stopped_sentence(fault)
        if asked.events:
            listener(RunEnded(0, Outcome.STOPPED, closing))
        else:
            print(closing)
        return Outcome.STOPPED.exit_code
    sites = tuple(dict.fromkeys(asked.site)) if asked.site else None
    with _ctrl_c() as is_cancelled:
        ended = sync(asked.home, Ask(sites, "prompt"), listener, is_cancelled=is_cancelled.is_set)
    if not asked.events:
        _print_end(asked, ended)
    return ended.outcome.exit_code


STOPPED_BY_A_PERSON = "Sync stopped: a person ended it. Nothing is lost. Start it again to go on."


def _refuse_at_a_store(asked: argparse.Namespace) -> None:
    if open_home(asked.home).settings.role == "store" and (asked.all or asked.site):
        raise UnknownSite(
            "A store's Sync always goes to head office.",
            "Leave out --all and --site: they are head office's.",
        )


@contextmanager
def _ctrl_c() -> Iterator[threading.Event]:
    """Ctrl+C ends the run after its present step; pressed again, at once, as a kill would: the next
    run finishes its work. A step may wait for minutes for a Web Database that does not answer.
    """
    wanted = threading.Event()

    def act() -> None:
        if wanted.is_set():
            print(STOPPED_BY_A_PERSON, flush=True)
            os._exit(3)
        wanted.set()
        if sys.stderr.isatty():
            sys.stderr.write("Stopping after this step. Ctrl+C again stops at once.\n")

    with when_asked_to_end(act):
        yield wanted


def _print_json(event: Event) -> None:
    print(json.dumps(event_document(event), default=str), flush=True)


class _Words:
    """Prints what waits and what needs attention as it comes, and how much each stage did at the
    end: a stage goes on in pieces."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._done: dict[Stage, str] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, Counted):
            print(count_sentence(event.waiting, plan_of(self._home)), flush=True)
        elif isinstance(event, Guided) and event.sentence:
            print(event.sentence, flush=True)
        elif isinstance(event, RecordParked):
            print(f"Needs attention: {event.entity} {event.key}: {event.reason}", flush=True)
        elif isinstance(event, StageMoved) and event.done:
            size = f", {event.size:,} bytes" if event.size else ""
            self._done[event.stage] = f"{event.stage.value}: {event.done:,}{size}"
        elif isinstance(event, RunEnded):
            for stage in Stage:
                if stage in self._done:
                    print(self._done[stage], flush=True)


def _print_end(asked: argparse.Namespace, ended: Ended) -> None:
    for line in ended_lines(asked.home, ended):
        print(line)
    print(ended.closing, flush=True)
