"""A look ahead: what would go, to whom, how much, and what looks odd; and it changes nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from ginesys_sync.core.errors import NotPossible, UnknownSite
from ginesys_sync.services import blocking
from ginesys_sync.services.preview import preview
from ginesys_sync.services.sending_again import send_again
from tests.support.chain_floor import HO, S001, S002, ChainFloor, floor_plan

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)"


def watching(version: int = 2) -> dict[str, Any]:
    plan = floor_plan() | {"version": version}
    for entity in plan["entities"]:
        if entity["name"] == "prices":
            entity["watch"] = ["minor"]
    return plan


@pytest.fixture
def chain(floor: ChainFloor, tmp_path: Path) -> ChainFloor:
    """Forty items with prices at both stores; the plan watches the prices."""
    from ginesys_sync.services.plans import change_plan

    path = tmp_path / "watching.json"
    path.write_text(json.dumps(watching()))
    said = change_plan(floor.home(HO), path)
    assert (said.changed, said.sent_again) == (("prices",), ())
    floor.sql(
        HO,
        f"{NUMBERS} INSERT INTO item SELECT 'I' || i, 'Item', NULL FROM n",
        f"{NUMBERS} INSERT INTO price SELECT 'I' || i, '2026-01-01', 1000 FROM n",
        "INSERT INTO promotion VALUES ('P1', 'Summer'), ('P2', 'Winter'), ('P3', 'Autumn')",
        "INSERT INTO promotion_site VALUES ('P1', 'S001'), ('P2', 'S002'), ('P3', 'S001')",
    )
    floor.settle(rounds=1)
    return floor


def seen(chain: ChainFloor, *sites: str) -> dict[str, tuple[str, int, int, int]]:
    """Entity → to whom, records, gone, sealed before."""
    found = preview(chain.home(HO), sites or None)
    return {each.entity: (each.to, each.records, each.gone, each.sealed) for each in found.lines}


def test_it_says_what_would_go_and_to_whom_and_the_sync_then_sends_just_that(
    chain: ChainFloor,
) -> None:
    chain.sql(
        HO,
        "UPDATE price SET minor = 900 WHERE item_code IN ('I1', 'I2', 'I3')",
        "UPDATE price SET minor = 901 WHERE item_code = 'I1'",
        "UPDATE promotion SET name = 'Sommer' WHERE code = 'P1'",
        "UPDATE promotion SET name = 'Hiver' WHERE code = 'P2'",
    )
    before = [chain.rows(HO, table) for table in ("sync_change", "sync_record", "sync_batch")]
    assert seen(chain) == {
        "prices": ("all stores", 3, 0, 0),
        "promotions": ("S001, S002", 2, 0, 0),
    }
    assert seen(chain, S001) == {"prices": ("S001", 3, 0, 0), "promotions": ("S001", 1, 0, 0)}
    assert preview(chain.home(HO)).oddities == ()
    after = [chain.rows(HO, table) for table in ("sync_change", "sync_record", "sync_batch")]
    assert after == before
    chain.done(HO)
    sent = chain.sql(HO, "SELECT entity, sum(records) FROM sync_batch GROUP BY run, entity")[-2:]
    assert sorted(sent) == [("prices", 3), ("promotions", 2)]
    assert seen(chain) == {}


def test_what_was_sealed_for_others_before_goes_to_those_who_may_not_read_it_yet(
    chain: ChainFloor,
) -> None:
    chain.sql(HO, "UPDATE item SET name = 'newer' WHERE code < 'I2'")
    chain.done(HO, S001)
    assert seen(chain, S001) == {}
    (line,) = preview(chain.home(HO), [S002]).lines
    assert (line.entity, line.to, line.records, line.sealed) == ("items", "S002", 11, 11)
    assert line.size > 0


def test_a_price_that_falls_by_more_than_half_is_shown_with_then_and_now(
    chain: ChainFloor,
) -> None:
    chain.sql(
        HO,
        "UPDATE price SET minor = 500 WHERE item_code = 'I1'",
        "UPDATE price SET minor = 499 WHERE item_code = 'I2'",
        "INSERT INTO price VALUES ('I3', '2026-02-01', 100), ('I4', '2026-02-01', 990)",
    )
    (odd,) = preview(chain.home(HO)).oddities
    assert odd.sentence == "2 prices fall by more than half."
    assert sorted(odd.examples) == [
        "I2 / 2026-01-01: minor 1,000 → 499",
        "I3 / 2026-02-01: minor 1,000 → 100",
    ]


def test_when_the_last_sent_value_is_no_longer_kept_it_says_so(chain: ChainFloor) -> None:
    chain.sql(HO, "UPDATE price SET minor = 1 WHERE item_code = 'I2'")
    for body in (chain.home(HO) / "staged").glob("*/*"):
        body.unlink()
    (odd,) = preview(chain.home(HO)).oddities
    assert odd.sentence.startswith("Of 1 prices the value that was last sent is no longer kept")


def test_more_than_a_tenth_deleted_looks_odd_and_less_does_not(chain: ChainFloor) -> None:
    chain.sql(HO, "DELETE FROM price WHERE item_code IN ('I1', 'I2', 'I3', 'I4')")
    assert preview(chain.home(HO)).oddities == ()
    assert seen(chain) == {"prices": ("all stores", 4, 4, 0)}
    chain.sql(HO, "DELETE FROM price WHERE item_code = 'I5'")
    (odd,) = preview(chain.home(HO)).oddities
    assert odd.sentence == "5 prices would be deleted, of 40."


def test_a_store_that_loses_what_is_allocated_to_it_looks_odd(chain: ChainFloor) -> None:
    chain.sql(HO, "DELETE FROM promotion_site WHERE site_code = 'S002'")
    assert seen(chain, S001) == {}
    found = preview(chain.home(HO), [S002])
    assert found.lines[0].gone == 1
    assert found.oddities[0].sentence == "1 promotions would be deleted, of 1."


def test_what_is_blocked_is_not_in_it_and_a_blocked_channel_is_marked(chain: ChainFloor) -> None:
    chain.sql(HO, "UPDATE item SET name = 'a' WHERE code IN ('I1', 'I2')")
    blocking.block_record(chain.home(HO), "items", "I1", "why")
    assert seen(chain) == {"items": ("all stores", 1, 0, 0)}
    blocking.block_channel(chain.home(HO), "catalogue", "why")
    assert preview(chain.home(HO)).lines[0].is_blocked


def test_what_is_sent_again_to_chosen_stores_is_in_it(chain: ChainFloor) -> None:
    send_again(chain.home(HO), "items", sites=[S001])
    assert seen(chain, S002) == {}
    assert seen(chain) == {"items": ("S001", 40, 0, 0)}


def test_the_estimated_size_is_near_what_the_sync_then_sends(chain: ChainFloor) -> None:
    chain.sql(HO, "UPDATE item SET name = hex(randomblob(200))")
    guess = preview(chain.home(HO)).size
    chain.done(HO)
    sent = chain.scalar(HO, "SELECT size FROM sync_batch ORDER BY id DESC LIMIT 1")
    assert 0.8 < guess / sent < 1.25


def test_a_store_that_is_not_there_and_a_store_that_asks_are_refused(chain: ChainFloor) -> None:
    with pytest.raises(UnknownSite, match="There is no store 'S009'"):
        preview(chain.home(HO), ["S009"])
    with pytest.raises(NotPossible, match="Only head office"):
        preview(chain.home(S001))
