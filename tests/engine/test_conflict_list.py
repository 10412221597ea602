"""Records edited at two places at once: all versions can be found, and another one put back."""

import json
from contextlib import closing

import pytest

from ginesys_sync.core.errors import NotPossible
from ginesys_sync.services.conflicts import conflicts, prefer
from ginesys_sync.services.deciding_views import ConflictedRecord
from ginesys_sync.services.home_desk import HomeDesk
from tests.support.chain_floor import HO, S001, S002, ChainFloor
from tests.support.retail_chain import run_verb

S003 = "S003"
ANN = "INSERT INTO customer VALUES ('C1', 'Ann', '1', '2026-01-01')"


def _edit(name: str, moment: str) -> str:
    return f"UPDATE customer SET name = '{name}', changed_at = '{moment}' WHERE id = 'C1'"


def _listed(floor: ChainFloor, site: str = HO) -> ConflictedRecord:
    (found,) = conflicts(floor.home(site), 10)
    return found


def _names(record: ConflictedRecord) -> dict[str, str]:
    """Whose version says which name."""
    (name,) = (field for field in record.fields if field.name == "name")
    return {each.whose: value for each, value in zip(record.versions, name.values, strict=True)}


def _two_versions(floor: ChainFloor) -> None:
    floor.sql(HO, ANN)
    floor.settle(rounds=1)
    floor.sql(HO, _edit("Head office", "2026-04-02"))
    floor.sql(S001, _edit("Store", "2026-04-01"))
    floor.settle(rounds=2)


def test_one_customer_edited_at_three_stores_and_head_office_while_the_line_was_down(
    floor: ChainFloor,
) -> None:
    stores = (S001, S002, S003)
    floor.join(S003)
    floor.sql(HO, ANN)
    floor.settle(*stores)
    for day, site in enumerate((S002, HO, S003, S001), start=1):
        floor.sql(site, _edit(f"from {site}", f"2026-03-0{day}"))
    floor.settle(*stores)
    everywhere = {row[1] for site in (HO, *stores) for row in floor.rows(site, "customer")}
    assert everywhere == {"from S001"}
    record = _listed(floor)
    assert _names(record) == {site: f"from {site}" for site in (HO, *stores)}
    assert [each.whose for each in record.versions if each.stands] == [S001]
    chosen = next(each.number for each in record.versions if each.whose == S003)
    said = prefer(floor.home(HO), "customers", "C1", chosen, "the number was right")
    assert said.what_next == "The next sync sends it."
    floor.settle(*stores)
    for site in (HO, *stores):
        ((_, name, _, changed_at),) = floor.rows(site, "customer")
        assert name == "from S003"
        assert changed_at > "2026-03-09"
    floor.assert_equal(stores)
    assert [each.whose for each in _listed(floor).versions if each.stands] == [S003]
    assert floor.sql(HO, "SELECT action, what, reason FROM sync_audit") == [
        ("prefer", f"customers C1, version {chosen} (S003)", "the number was right")
    ]


def test_the_version_put_back_wins_over_older_edits_that_are_still_on_their_way(
    floor: ChainFloor,
) -> None:
    _two_versions(floor)
    floor.sql(S002, _edit("Older", "2026-04-05"))
    floor.done(S002)
    prefer(floor.home(HO), "customers", "C1", 2)
    floor.settle(rounds=2)
    assert [floor.rows(site, "customer")[0][1] for site in (HO, S001, S002)] == ["Store"] * 3
    assert len(_listed(floor).versions) == 3


def test_the_prompt_lists_the_versions_and_puts_one_back(floor: ChainFloor) -> None:
    _two_versions(floor)
    home = ["control", "--home", floor.home(HO)]
    said = run_verb(*home, "conflicts")
    assert said.lines == [
        "customers C1",
        "  version 1: HO, edited 2026-04-02, stands",
        "  version 2: S001, edited 2026-04-01",
        "    name: Head office | Store",
        "    changed_at: 2026-04-02 | 2026-04-01",
    ]
    (record,) = json.loads(run_verb(*home, "conflicts", "--json").out)
    assert (record["key"], len(record["versions"])) == ("C1", 2)
    said = run_verb(*home, "prefer", "--entity", "customers", "--key", "C1", "--version", 2)
    assert (said.code, said.lines[0]) == (0, "Version 2 of customers C1 stands here now.")
    assert run_verb(*home, "conflicts").lines[2].endswith("S001, edited 2026-04-01, stands")
    said = run_verb(*home, "prefer", "--entity", "customers", "--key", "C1", "--version", 2)
    assert (said.code, said.err) == (
        2,
        "Version 2 of customers C1 stands already. Choose another.\n",
    )


def test_a_deletion_that_lost_is_a_version_too_and_can_be_put_back(floor: ChainFloor) -> None:
    floor.sql(HO, ANN)
    floor.settle(rounds=1)
    floor.sql(HO, _edit("Kept", "2026-04-01"))
    floor.sql(S001, "DELETE FROM customer")
    floor.settle()
    record = _listed(floor)
    assert [(each.whose, each.is_gone, each.stands) for each in record.versions] == [
        (HO, False, True),
        (S001, True, False),
    ]
    prefer(floor.home(HO), "customers", "C1", 2)
    floor.settle()
    assert [floor.rows(site, "customer") for site in (HO, S001, S002)] == [[], [], []]
    prefer(floor.home(HO), "customers", "C1", 1)
    floor.settle()
    assert [floor.rows(site, "customer")[0][1] for site in (HO, S001, S002)] == ["Kept"] * 3


def test_a_window_pages_through_them_newest_first(floor: ChainFloor) -> None:
    floor.sql(HO, ANN, ANN.replace("C1", "C2"), ANN.replace("C1", "C3"))
    floor.settle(rounds=1)
    floor.sql(HO, "UPDATE customer SET name = 'Head office', changed_at = '2026-02-02'")
    floor.sql(S001, "UPDATE customer SET name = 'Store', changed_at = '2026-02-01'")
    floor.settle()
    with closing(HomeDesk(floor.home(HO))) as desk:
        first = desk.conflicts(None, 2)
        rest = desk.conflicts(first.next, 2)
        assert [row.key for row in (*first.rows, *rest.rows)] == ["C3", "C2", "C1"]
        assert rest.next is None
        assert desk.prefer("customers", "C2", 2, "").sentence.startswith("Version 2")
    assert floor.scalar(HO, "SELECT name FROM customer WHERE id = 'C2'") == "Store"


def test_what_cannot_be_put_back_is_said_with_what_to_do(floor: ChainFloor) -> None:
    _two_versions(floor)
    home = floor.home(HO)
    with pytest.raises(NotPossible, match="There is no version 3 of customers C1"):
        prefer(home, "customers", "C1", 3)
    floor.sql(HO, ANN.replace("C1", "C9"))
    with pytest.raises(NotPossible, match="Only one version of customers C9 is known"):
        prefer(home, "customers", "C9", 1)
    floor.sql(
        HO,
        "CREATE UNIQUE INDEX one ON customer(name)",
        ANN.replace("C1", "C8").replace("Ann", "Store"),
    )
    with pytest.raises(NotPossible, match="Another record here already has the same"):
        prefer(home, "customers", "C1", 2)
    assert floor.scalar(HO, "SELECT name FROM customer WHERE id = 'C1'") == "Head office"
    assert floor.scalar(HO, "SELECT count(*) FROM sync_audit") == 0


def test_what_was_edited_since_is_kept_too_when_another_version_is_put_back(
    floor: ChainFloor,
) -> None:
    _two_versions(floor)
    floor.sql(HO, _edit("Edited since", "2026-04-03"))
    assert not any(each.stands for each in _listed(floor).versions)
    prefer(floor.home(HO), "customers", "C1", 2)
    record = _listed(floor)
    assert [(each.number, each.whose, each.stands) for each in record.versions] == [
        (1, HO, False),
        (2, S001, True),
        (3, HO, False),
    ]
    prefer(floor.home(HO), "customers", "C1", 3)
    floor.settle()
    assert {floor.rows(site, "customer")[0][1] for site in (HO, S001, S002)} == {"Edited since"}
    assert len(_listed(floor).versions) == 3
