"""What the staged desk shows: a small chain, its runs, batches and records, all made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.status import (
    CLOSING_SENTENCE,
    Kind,
    Outcome,
    Stage,
    Status,
)
from ginesys_sync.services.views import (
    AttentionRow,
    BatchRow,
    Identity,
    Lamp,
    Light,
    Overview,
    Progress,
    RecordRow,
    RunGroup,
    RunSummary,
    SiteLine,
    SiteSummary,
    StageLine,
)

WORK = (
    Stage.COLLECTING,
    Stage.SENDING,
    Stage.RECEIVING,
    Stage.UPDATING,
    Stage.CONFIRMING,
    Stage.FINISHING,
)
TOWNS = ("Leeds", "York", "Hull", "Bradford", "Halifax", "Ripon", "Selby", "Whitby", "Malton")
CONTROL_LISTS = (
    "My Store",
    "Item Master",
    "Item Price Management",
    "Promotion",
    "Mode of Payment",
    "Users",
    "Roles",
    "Policies",
)


def ago(**parts: float) -> datetime:
    """A moment that long before now."""
    return datetime.now(UTC) - timedelta(**parts)


def title(sites: Sequence[str] | None) -> str:
    return "Sync All" if sites is None else f"Sync Selective to {', '.join(sites)}"


def lamps(
    is_ho: bool, relay: Light = Light.GOOD, word: str = "Connected"
) -> tuple[Lamp, Lamp, Lamp]:
    far = Light.UNKNOWN if relay is Light.BAD else Light.GOOD
    here, there = Light.GOOD, far
    ho = Lamp(
        "Head office",
        here if is_ho else there,
        "This site" if is_ho else "Seen 2 min ago",
        "Head office",
    )
    store_word = "18 of 20 seen today" if is_ho else "This site"
    name = "Stores" if is_ho else "Store S001"
    store = Lamp(
        name,
        there if is_ho else here,
        store_word if relay is not Light.BAD else "Not known",
        "Stores",
    )
    if not is_ho and relay is Light.BAD:
        store = replace(store, word="This site")
        ho = replace(ho, word="Not known")
    return ho, Lamp("Web Database", relay, word, f"The Web Database: {word}"), store


def overview(is_ho: bool, last: RunSummary) -> Overview:
    code, name = ("HO", "Head office") if is_ho else ("S001", "Leeds Headrow")
    return Overview(
        Identity(
            code,
            name,
            "ho" if is_ho else "store",
            "Northern Gifts Ltd",
            "https://webdb.northern-gifts.example:8443",
            "b7c1-42f0-9d3e",
            "retail",
            3,
            "0.1.0",
            "/var/lib/ginesys-sync/" + code.lower(),
        ),
        lamps(is_ho),
        "Last sync 3 min ago. 2,268 records wait for 5 stores."
        if is_ho
        else "All bills are at head office.",
        "",
        "normal",
        0,
        None,
        last,
        ("S001", "S002") if is_ho else (),
    )


def store_name(number: int) -> str:
    return f"{TOWNS[number % len(TOWNS)]} {'High Street' if number % 2 else 'Market Place'}"


def sites(count: int) -> tuple[SiteLine, ...]:
    found = []
    for n in range(1, count + 1):
        state = "closed" if n == 7 else "invited" if n == 9 else "active"
        why = {
            "closed": "Closed: it no longer takes part.",
            "invited": "Not enrolled yet: give it its code.",
        }.get(state, "")
        found.append(
            SiteLine(
                f"S{n:03d}",
                store_name(n),
                "store",
                state,
                ("north",) if n % 2 else ("south",),
                None if state == "invited" else ago(minutes=3 * n * n),
                0 if n % 3 else 42 * n,
                0 if n % 4 else 1000 + n,
                3 if n == 12 else 0,
                "0.1.0",
                3,
                state == "active",
                why,
            )
        )
    return tuple(found)


def batch(run: int, no: int, site: str, what: str, status: Status, **more: object) -> BatchRow:
    first = what.split()[0]
    count = int(first) if first.isdecimal() else 40 + no
    made = ago(minutes=run_age(run))
    is_done = status is Status.PROCESSED
    row = BatchRow(
        run, Kind.DATA, site, "HO/pricing", "Prices", no, count, what, 130 * count, status,
        made, None if status is Status.WAITING else made, made,
        made + timedelta(minutes=2) if is_done else None, 0, "", "prices",
        status is not Status.WAITING,
    )  # fmt: skip
    return replace(row, **more)  # type: ignore[arg-type]


def run_age(run: int) -> float:
    """How many minutes ago a staged run was: 41 is the newest."""
    return 5 + (41 - run) * 47


def sent(is_ho: bool) -> list[BatchRow]:
    found = []
    for run in range(41, 0, -1):
        status = Status.UPLOADED if run > 39 else Status.PROCESSED
        if not is_ho:
            found.append(
                batch(
                    run,
                    run,
                    "HO",
                    f"{run % 7 + 1} bills",
                    status,
                    stream="S001/sales",
                    channel="Sales",
                )
            )
            continue
        for place, site in enumerate(("S001", "S002")):
            mine = Status.PROCESSED if run == 40 and place == 0 else status
            found.append(batch(run, run, site, f"{40 + run} prices", mine))
        if run % 5 == 0:
            found.append(
                batch(
                    run, run, "S001", "1 user", status, channel="Users", stream="HO/users",
                    attention=1, problem="1 record needs attention: its role is unknown at S001.",
                )
            )  # fmt: skip
    return found


def received(is_ho: bool) -> list[BatchRow]:
    found = []
    for run in range(41, 20, -1):
        origin = "S001" if is_ho else "HO"
        what = "5 bills" if is_ho else "42 prices"
        lane = "Prices" if is_ho else "Sales"
        found.append(
            batch(
                run,
                run,
                origin,
                what,
                Status.PROCESSED,
                stream=f"{origin}/sales",
                channel="Sales" if is_ho else "Prices",
            )
        )
        found.append(
            batch(
                run, 1_200 + run, origin, f"Acknowledgement of {lane}, up to batch {1_200 + run:,}",
                Status.PROCESSED, kind=Kind.ACKNOWLEDGEMENT, size=0, records=3, channel=lane,
            )
        )  # fmt: skip
    return found


def group(run: int, rows: list[BatchRow]) -> RunGroup:
    counts: dict[Status, int] = {}
    for row in rows:
        counts[row.status] = counts.get(row.status, 0) + 1
    sites = ", ".join(sorted({row.site for row in rows}))
    what = "Sync" if sites == "HO" else f"Sync Selective to {sites}"
    kinds = ", ".join(
        dict.fromkeys(row.what if row.kind is Kind.DATA else "1 acknowledgement" for row in rows)
    )
    return RunGroup(
        run,
        ago(minutes=run_age(run)),
        f"{what}: {kinds}",
        len(rows),
        sum(row.records for row in rows),
        sum(row.size for row in rows),
        tuple(counts.items()),
        sum(row.attention for row in rows),
        max((row.uploaded_at for row in rows if row.uploaded_at), default=None),
        max((row.received_at for row in rows if row.received_at), default=None),
        max((row.processed_at for row in rows if row.processed_at), default=None)
        if all(row.processed_at for row in rows)
        else None,
    )


def progress(request: int, what: str, look: int, summary: RunSummary | None) -> Progress:
    place = min(look, len(WORK) - 1)
    lines = []
    for n, stage in enumerate(WORK):
        if n < place or summary is not None:
            lines.append(StageLine(stage, 30100, 30100, 4_210_000, True))
        elif n == place:
            lines.append(StageLine(stage, 12400, 30100, 1_830_000))
        else:
            lines.append(StageLine(stage))
    return Progress(
        request,
        request,
        what,
        look == 0,
        WORK[place],
        f"{WORK[place].value}: 12,400 of 30,100 records" if look else "Starting…",
        tuple(lines),
        ago(seconds=12),
        False,
        summary,
    )


def attention() -> list[AttentionRow]:
    reasons = (
        ("Users", "user", "U-1007", "missing_parent", "Its role is not here yet.", "role CASHIER2"),
        (
            "Prices",
            "price",
            "85123A / 2026-11-01",
            "missing_parent",
            "Its item is not here yet.",
            "item 85123A",
        ),
        (
            "Bills",
            "bill",
            "S001 / 000451",
            "value",
            "The total is not a whole number of pence.",
            "",
        ),
    )
    return [
        AttentionRow(
            "S001",
            entity,
            key,
            code,
            reason,
            missing,
            "HO/users",
            12,
            ago(hours=5),
            ago(minutes=3),
            4,
            one,
            entity.lower(),
        )
        for entity, one, key, code, reason, missing in reasons
    ]


def summary(
    is_ho: bool,
    stopped: KnownError,
    sites: Sequence[str] | None,
    outcome: Outcome = Outcome.DONE,
    run: int = 41,
    what: str = "",
) -> RunSummary:
    codes = list(sites or ("S001", "S002")) if is_ho else ["HO"]
    is_bad = outcome is Outcome.ATTENTION
    lines = tuple(
        SiteSummary(
            code, "Head office" if code == "HO" else store_name(int(code[1:])),
            1243 - place, 0 if place else 12, 0 if place else 12,
            3, 17 * place, 3 if is_bad and not place else 0,
        )
        for place, code in enumerate(codes)
    )  # fmt: skip
    why = {
        Outcome.STOPPED: "Sync stopped: the Web Database did not answer. "
        "Nothing is lost. Press Sync again.",
        Outcome.CANCELLED: "Sync stopped: cancelled. Nothing is lost. Press Sync to go on.",
    }
    next_ho = "Waiting for S001 to press Sync, last seen 3 min ago."
    next_store = "Head office confirms your 5 bills at its next sync."
    return RunSummary(
        run,
        what or ("Sync All" if is_ho else "Sync"),
        ago(minutes=3, seconds=6),
        ago(minutes=3),
        outcome,
        lines if outcome in (Outcome.DONE, Outcome.ATTENTION) else (),
        (next_ho if is_ho else next_store,) if outcome is not Outcome.STOPPED else (),
        why.get(outcome, CLOSING_SENTENCE),
        stopped.title if outcome is Outcome.STOPPED else "",
        stopped.advice if outcome is Outcome.STOPPED else "",
        stopped.detail if outcome is Outcome.STOPPED else "",
    )


def items() -> list[tuple[str, ...]]:
    """A long Item Master."""
    name = "Hanging heart T-light holder, white no."
    return [(f"{85000 + n}A", f"{name} {n}", "Gifts", "1.95", "2.95") for n in range(2000)]


def records() -> list[RecordRow]:
    """What a batch holds: a page and a bit."""
    return [
        RecordRow(
            "prices",
            f"{85000 + n}A / 2026-11-{n % 28 + 1:02d}",
            f"Price of {85000 + n}A",
            n % 17 == 5,
            "",
        )
        for n in range(130)
    ]
