"""*Received Data* of a store that joined late: what its first load brought, run by run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ginesys_sync.core.errors import HomeUnusable
from ginesys_sync.core.events import Event, StageMoved
from ginesys_sync.core.status import Kind, Stage, Status
from ginesys_sync.engine import offers, seal
from ginesys_sync.services.first_loads import head_during_load
from ginesys_sync.services.home_desk import HomeDesk
from ginesys_sync.services.status import status_rows
from ginesys_sync.services.syncing import Ask, sync
from ginesys_sync.services.views import (
    BatchRow,
    ExportProgress,
    GridFilter,
    Overview,
    Progress,
    StageLine,
)
from ginesys_sync.store import runs
from tests.support.chain_floor import HO, S003, ChainFloor

pytestmark = pytest.mark.long

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
ITEMS = f"{NUMBERS} INSERT INTO item SELECT 'I' || i, 'Item ' || i, 'B' || i FROM n"
PRICES = f"{NUMBERS} INSERT INTO price SELECT 'I' || i, '2026-01-01', i FROM n"
CHUNK = "ginesys_sync.engine.loads:LoadWork._apply_chunk"
WHOLE = {"First load: 300 items", "First load: 300 prices"}


@pytest.fixture
def offered(floor: ChainFloor, monkeypatch: pytest.MonkeyPatch) -> ChainFloor:
    """S003 joined late; its first load, in chunks of a hundred records, waits for its Sync."""
    monkeypatch.setattr(offers, "TARGET_ROWS", 100)
    monkeypatch.setattr(seal, "TARGET_ROWS", 100)
    floor.sql(
        HO,
        ITEMS,
        PRICES,
        "INSERT INTO odd VALUES ('O1', 1, 2)",
        "INSERT INTO notice VALUES ('N3', 'S003', 'for the new one')",
    )
    floor.settle(rounds=1)
    floor.join(S003)
    floor.sync(S003)
    floor.done(HO)
    return floor


@contextmanager
def desk_of(chain: ChainFloor, site: str = S003) -> Iterator[HomeDesk]:
    desk = HomeDesk(chain.home(site))
    try:
        yield desk
    finally:
        desk.close()


def first_load(chain: ChainFloor) -> list[BatchRow]:
    with desk_of(chain) as desk:
        rows = desk.received_rows(None, GridFilter(), None, 500).rows
    return [row for row in rows if row.is_first_load]


def told(rows: list[BatchRow]) -> set[str]:
    return {row.what for row in rows if row.entity in ("items", "prices")}


def test_what_a_first_load_brought_is_listed_with_its_run_and_moments(offered: ChainFloor) -> None:
    offered.done(S003)
    rows = first_load(offered)
    assert told(rows) == WHOLE
    applied = dict(offered.sql(S003, "SELECT stream, applied_at FROM sync_ack WHERE kind = 'load'"))
    for row in rows:
        assert (row.kind, row.site, row.run, row.batch) == (Kind.DATA, HO, 2, None)
        assert row.status is Status.PROCESSED and row.received_at is not None
        assert (
            row.processed_at is not None
            and row.processed_at.isoformat()[:19] == (applied[row.stream][:19])
        )
    items = next(row for row in rows if row.entity == "items")
    assert (items.stream, items.channel, items.records) == ("HO/catalogue", "Catalogue", 300)


def test_as_json_a_first_load_is_data_without_a_batch_number(offered: ChainFloor) -> None:
    offered.done(S003)
    rows: list[dict[str, Any]] = status_rows(offered.home(S003), "received", 100)
    found = {row["stream"]: row for row in rows if row["batch"] is None}
    items = found["HO/catalogue"]
    shown = ("run", "kind", "site", "records", "status", "uploaded_at", "what")
    assert tuple(items[name] for name in shown) == (
        2, "data", HO, 300, "PROCESSED", None, "First load: 300 items",
    )  # fmt: skip
    assert items["received_at"] <= items["processed_at"]
    assert list(items) == list(next(row for row in rows if row["batch"] is not None))


def test_the_summary_counts_a_first_load_once(offered: ChainFloor) -> None:
    offered.done(S003)
    with desk_of(offered) as desk:
        summary = desk.overview().last
        group = desk.received_groups(GridFilter(), None, 10).rows[0]
        rows = desk.received_rows(2, GridFilter(), None, 500).rows
    whole = sum(row.records for row in rows if row.kind is Kind.DATA)
    assert summary is not None and whole > 600
    assert [(line.received, line.processed) for line in summary.sites] == [(whole, whole)]
    assert group.records == whole
    largest_first = "Sync: first load (300 prices, 300 items, 4 sites, 1 odds and 1 more kind), "
    assert group.title.startswith(f"{largest_first}1 notices")


def test_a_load_that_was_interrupted_shows_the_part_of_each_run(offered: ChainFloor) -> None:
    assert offered.killed_run(S003, f"{CHUNK}:after:3")
    first = first_load(offered)
    parts = {row.what for row in first if row.status is Status.RECEIVED}
    assert parts and all(row.processed_at is None for row in first if row.what in parts)
    assert any(" of 300 " in words for words in parts)
    offered.done(S003)
    rows = first_load(offered)
    assert {row.status for row in rows} == {Status.PROCESSED}
    assert {row.run for row in rows} == {2, 3}
    for entity in ("items", "prices"):
        assert sum(row.records for row in rows if row.entity == entity) == 300


def test_a_load_that_head_office_makes_anew_keeps_what_came_of_the_first(
    offered: ChainFloor,
) -> None:
    assert offered.killed_run(S003, f"{CHUNK}:after:3")
    before = sum(row.records for row in first_load(offered))
    offered.sql(S003, "UPDATE sync_state SET value = 'another 1' WHERE name LIKE 'load %'")
    offered.done(S003)
    rows = first_load(offered)
    assert sum(row.records for row in rows if row.run == 2) == before
    assert sum(row.records for row in rows if row.run == 3 and row.entity == "items") == 300


def test_a_row_of_a_first_load_opens_to_its_records_page_by_page(offered: ChainFloor) -> None:
    offered.done(S003)
    with desk_of(offered) as desk:
        seen: list[str] = []
        after: int | None = None
        while True:
            page = desk.load_records(2, "HO/catalogue", "items", after, 70)
            seen += [row.key for row in page.rows]
            after = page.next
            if after is None:
                break
            assert len(page.rows) == 70
    assert seen == sorted(offered.codes(HO, "item"))
    assert all(one < other for one, other in pairwise(seen))


def test_without_its_bodies_a_row_says_why_it_cannot_be_opened(offered: ChainFloor) -> None:
    offered.done(S003)
    shutil.rmtree(offered.home(S003) / "inbox")
    with desk_of(offered) as desk, pytest.raises(HomeUnusable, match="no longer kept") as fault:
        desk.load_records(2, "HO/catalogue", "items", None, 70)
    assert "Nothing is lost" in fault.value.advice


def test_a_record_of_a_load_that_needs_attention_is_counted_and_told(offered: ChainFloor) -> None:
    offered.sql(S003, "CREATE TRIGGER no BEFORE INSERT ON item WHEN new.code = 'I7' "
        "BEGIN SELECT RAISE(ABORT, 'not this one'); END")  # fmt: skip
    offered.sync(S003)
    needing = {row.entity: row.attention for row in first_load(offered) if row.attention}
    with desk_of(offered) as desk:
        page = desk.load_records(2, "HO/catalogue", "items", None, 500)
    assert needing == {"items": 1, "prices": 1}
    assert [row.key for row in page.rows if row.problem] == ["I7"]


def test_a_record_that_needs_attention_is_counted_once_in_a_load_of_two_runs(
    offered: ChainFloor,
) -> None:
    offered.sql(
        S003,
        "CREATE TRIGGER no BEFORE INSERT ON item WHEN new.code = 'I1' "
        "BEGIN SELECT RAISE(ABORT, 'not this one'); END",
    )
    assert offered.killed_run(S003, f"{CHUNK}:after:3")
    offered.sync(S003)
    items = [row for row in first_load(offered) if row.entity == "items"]
    assert {row.run for row in items} == {2, 3}
    assert sum(row.attention for row in items) == 1


def test_an_export_knows_how_many_rows_a_load_of_many_chunks_makes(
    offered: ChainFloor, tmp_path: Path
) -> None:
    offered.done(S003)
    told: list[ExportProgress] = []
    with desk_of(offered) as desk:
        count = desk.export(False, GridFilter(), tmp_path / "received.csv", told.append)
    assert told[-1] == ExportProgress(count, count, count)


def test_filters_reach_first_loads_too(offered: ChainFloor) -> None:
    offered.done(S003)
    with desk_of(offered) as desk:
        found = desk.received_rows(None, GridFilter(text="first load: 300 it"), None, 50).rows
        none = desk.received_rows(None, GridFilter(text="none"), None, 50).rows
        sorted_rows = desk.received_rows(None, GridFilter(sort="batch"), None, 500).rows
    assert [row.what for row in found] == ["First load: 300 items"]
    assert none == ()
    assert len(sorted_rows) == len({(r.run, r.stream, r.entity, r.batch) for r in sorted_rows})


def test_while_a_first_load_is_under_way_the_head_says_so_and_how_far_it_is(
    offered: ChainFloor,
) -> None:
    heads: list[Overview] = []
    with desk_of(offered) as desk:
        number = runs.ask(desk._connection, None, "window", "window", "2026-01-01T00:00:00.000Z")

        def look(event: Event) -> None:
            if isinstance(event, StageMoved) and event.stage is Stage.UPDATING:
                heads.append(desk.overview())

        sync(offered.home(S003), Ask(None, "window", number), look)
        runs.mark_request(desk._connection, number, runs.ENDED)
        after = desk.overview()
    assert {head.situation for head in heads[:-1]} == {"first_load"}
    assert all(head.headline.startswith("The first load is under way") for head in heads)
    assert heads[0].next_step.startswith("Selling can go on.")
    assert after.situation == "normal"
    assert after.lamps[0].word != "Not heard yet"


def test_the_head_tells_how_far_a_first_load_is_as_the_run_below_it_does(
    offered: ChainFloor,
) -> None:
    assert offered.killed_run(S003, f"{CHUNK}:after:3")
    with desk_of(offered) as desk:
        head = desk.overview()
        line = StageLine(Stage.UPDATING, 12_400, 30_100)
        going = Progress(1, 2, "Sync", False, Stage.UPDATING, "", (line,), None)
        other_run = replace(going, run=1)
        shown, before, idle = (
            head_during_load(desk._connection, replace(head, current=current), S003)
            for current in (going, other_run, None)
        )
    assert shown.headline == "The first load is under way: 12,400 of 30,100 records so far."
    assert shown.situation == "first_load"
    assert (before.situation, idle) == (head.situation, head)


def test_a_store_that_got_nothing_but_a_first_load_has_heard_of_head_office(
    offered: ChainFloor,
) -> None:
    assert offered.killed_run(S003, f"{CHUNK}:after:3")
    offered.sql(S003, "DELETE FROM sync_batch")
    with desk_of(offered) as desk:
        assert desk.overview().lamps[0].word != "Not heard yet"


def test_a_load_that_head_office_is_building_is_nothing_it_received(floor: ChainFloor) -> None:
    floor.sql(HO, ITEMS, PRICES)
    floor.settle(rounds=1)
    floor.join(S003)
    floor.sync(S003)
    assert floor.killed_run(HO, "ginesys_sync.engine.offers:_Offer._keep:after:2")
    assert floor.sql(HO, "SELECT 1 FROM sync_load WHERE chunks <> '[]'")
    with desk_of(floor, HO) as desk:
        rows = desk.received_rows(None, GridFilter(), None, 500).rows
    assert rows and not any(row.is_first_load or not row.site for row in rows)
