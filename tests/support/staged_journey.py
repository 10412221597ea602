"""Staged answers to *Where is it?*: a lamp at many stores, its price that a store could not write,
a bill that is gone, a promotion that goes nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.status import Status
from ginesys_sync.services.journey_views import (
    Candidate,
    Found,
    Journey,
    SiteJourney,
    Step,
    StepKind,
    StepState,
)
from tests.support import staged_data as data

LAMP = Candidate("items", "Item", ("85123A",), "85123A", "White hanging heart lamp", False)
PRICE = Candidate("prices", "Price", ("85123A", "2026-11-01"), "85123A / 2026-11-01", "", False)
BILL = Candidate("bills", "Bill", ("S001", 17), "S001 / 17", "", True)
DRAFT = Candidate("promotions", "Promotion", ("<b>P1",), "<b>P1", "<i>Draft</i> lamp", False)
RECORDS = (LAMP, PRICE, BILL, DRAFT)
SITES = 400
_STATIONS = (
    (StepKind.CHANGED, "Changed"),
    (StepKind.SEALED, "Batch 1,204"),
    (StepKind.UPLOADED, "Web Database"),
    (StepKind.PROCESSED, "Processed"),
    (StepKind.CONFIRMED, "Confirmed"),
)


def steps(far: int, is_stuck: bool = False) -> tuple[Step, ...]:
    """The stations, the one numbered `far` reached and not passed."""
    found = []
    for place, (kind, title) in enumerate(_STATIONS):
        at = data.ago(minutes=120 - 20 * place) if 0 < place <= far else None
        state = StepState.DONE if place < far else StepState.AHEAD
        if place == far:
            state = StepState.STUCK if is_stuck else StepState.NOW
        found.append(Step(kind, title, f"{title} in full", state, at))
    return tuple(found)


def _site(number: int) -> SiteJourney:
    code, is_waiting = f"S{number:03d}", number < 4
    return SiteJourney(
        site=code,
        name=f"Shop {number}",
        is_incoming=False,
        status=Status.UPLOADED if is_waiting else Status.PROCESSED,
        sentence=f"It waits at the Web Database: {code} has not synced since (last seen 3 h ago)."
        if is_waiting
        else f"{code} has it.",
        steps=steps(2 if is_waiting else 5),
        stream="HO/catalogue",
        batch=1204,
    )


def _stuck() -> SiteJourney:
    sentence = "It needs attention at S001: It refers to item 85123A, which is not here."
    return replace(
        _site(4),
        site="S001",
        status=Status.RECEIVED,
        sentence=sentence,
        steps=steps(3, True),
        needs_attention=True,
    )


def _told(record: Candidate, search: str) -> tuple[str, str, list[SiteJourney], int]:
    if record == LAMP:
        whole = [_site(number) for number in range(1, SITES + 1)]
        fits = [row for row in whole if search.casefold() in f"{row.site} {row.name}".casefold()]
        return "Processed at 397 of 400 stores. 3 wait.", "", fits, SITES
    if record == PRICE:
        return (
            "It needs attention at S001: It refers to item 85123A, which is not here.",
            "",
            [_stuck()],
            1,
        )
    if record == BILL:
        row = replace(_site(9), site="HO", name="Head office", is_incoming=True, status=None)
        missing = "It is not here: nothing of it has come from S001."
        return missing, "", [replace(row, sentence=missing, steps=())], 1
    return "It is for no store now: it goes nowhere.", "", [], 0


class StagedJourneys:
    """The part of a staged desk that answers them. `find_fault` and `journey_fault` make the
    questions fail; what was asked stands in `searched` and `named`."""

    def __init__(self) -> None:
        self.find_fault: KnownError | None = None
        self.journey_fault: KnownError | None = None
        self.searched: list[str] = []
        self.named: list[tuple[str, ...]] = []
        self.journeys = 0
        self.is_settled = False

    def _ask(self) -> None:
        raise NotImplementedError

    def find_records(self, text: str) -> Found:
        self._ask()
        self.searched.append(text)
        if self.find_fault is not None:
            raise self.find_fault
        words = text.casefold()
        fits = [one for one in RECORDS if words in f"{one.key_text} {one.label}".casefold()]
        return Found(tuple(fits), text != "8")

    def record_named(self, entity: str, key: str) -> Candidate | None:
        self._ask()
        self.named.append((entity, key))
        return PRICE

    def control_record(self, name: str, row: Sequence[str]) -> Candidate | None:
        self._ask()
        self.named.append((name, *row[:1]))
        return LAMP

    def journey(self, record: Candidate, search: str, after: int | None, limit: int) -> Journey:
        self._ask()
        self.journeys += 1
        if self.journey_fault is not None:
            raise self.journey_fault
        headline, advice, rows, whole = _told(record, search)
        if self.is_settled:
            headline = "Processed at all 400 stores."
        start = after or 0
        end = start + limit
        more = end if end < len(rows) else None
        page = tuple(rows[start:end])
        return Journey(record, headline, advice, page, len(rows), whole, more)
