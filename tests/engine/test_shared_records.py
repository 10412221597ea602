"""Customers, edited at head office and at stores: who wins, and that everybody ends equal."""

from tests.support.chain_floor import HO, S001, S002, ChainFloor

ANN = "INSERT INTO customer VALUES ('C1', 'Ann', '1', '2026-01-01')"


def _edit(name: str, moment: str) -> str:
    return f"UPDATE customer SET name = '{name}', changed_at = '{moment}' WHERE id = 'C1'"


def _names(floor: ChainFloor) -> list[list[object]]:
    return [[row[1] for row in floor.rows(site, "customer")] for site in (HO, S001, S002)]


def _conflicts(floor: ChainFloor) -> list[tuple[object, ...]]:
    return floor.sql(HO, "SELECT k1, site, winner FROM sync_conflict ORDER BY id")


def test_a_customer_made_at_one_store_reaches_head_office_and_the_other_store(
    floor: ChainFloor,
) -> None:
    floor.sql(S001, ANN)
    floor.settle()
    assert _names(floor) == [["Ann"]] * 3
    assert _conflicts(floor) == []
    assert floor.scalar(S001, "SELECT count(*) FROM sync_parked") == 0


def test_an_edit_on_head_offices_present_version_is_no_conflict_whatever_the_clock_says(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, ANN)
    floor.settle(rounds=1)
    floor.sql(S001, _edit("Anna", "1999-01-01"))
    floor.settle()
    assert _names(floor) == [["Anna"]] * 3
    assert _conflicts(floor) == []


def test_of_two_edits_at_once_the_newer_wins_and_both_are_kept(floor: ChainFloor) -> None:
    floor.sql(HO, ANN)
    floor.settle(rounds=1)
    floor.sql(S001, _edit("One", "2026-03-01"))
    floor.sql(S002, _edit("Two", "2026-03-02"))
    floor.settle()
    assert _names(floor) == [["Two"]] * 3
    assert len(_conflicts(floor)) == 1


def test_the_older_edit_loses_also_when_it_comes_last(floor: ChainFloor) -> None:
    floor.sql(HO, ANN)
    floor.settle(rounds=1)
    floor.sql(S001, _edit("Newer", "2026-03-05"))
    floor.sql(S002, _edit("Older", "2026-03-02"))
    floor.sync(S001)
    floor.sync(HO)
    floor.sync(S002)
    floor.settle()
    assert _names(floor) == [["Newer"]] * 3
    assert _conflicts(floor) == [("C1", "S002", "HO")]


def test_head_offices_newer_edit_wins_and_flows_back(floor: ChainFloor) -> None:
    floor.sql(HO, ANN)
    floor.settle(rounds=1)
    floor.sql(HO, _edit("Head office", "2026-04-02"))
    floor.sql(S001, _edit("Store", "2026-04-01"))
    floor.settle()
    assert _names(floor) == [["Head office"]] * 3
    assert _conflicts(floor) == [("C1", "S001", "HO")]


def test_a_tie_goes_to_head_office(floor: ChainFloor) -> None:
    floor.sql(HO, ANN)
    floor.settle(rounds=1)
    floor.sql(HO, _edit("Head office", "2026-04-01"))
    floor.sql(S001, _edit("Store", "2026-04-01"))
    floor.settle()
    assert _names(floor) == [["Head office"]] * 3


def test_a_store_that_edits_twice_before_it_hears_an_answer_has_no_conflict_with_itself(
    floor: ChainFloor,
) -> None:
    floor.sql(S001, ANN)
    floor.sync(S001)
    floor.sync(HO)
    floor.sql(S001, "UPDATE customer SET name = 'Anna'")
    floor.sync(S001)
    floor.sync(HO)
    floor.sync(HO)
    floor.sql(S001, "UPDATE customer SET name = 'Annabel'")
    floor.settle()
    assert _names(floor) == [["Annabel"]] * 3
    assert _conflicts(floor) == []


def test_a_store_keeps_its_edit_until_head_office_has_answered(floor: ChainFloor) -> None:
    floor.sql(HO, ANN)
    floor.settle(rounds=1)
    floor.sql(HO, _edit("Head office", "2026-04-01"))
    floor.done(HO)
    floor.sql(S001, _edit("Store", "2026-04-02"))
    floor.done(S001)
    assert _names(floor)[1] == ["Store"]
    assert floor.parked(S001) == []
    floor.settle()
    assert _names(floor) == [["Store"]] * 3


def test_a_deletion_loses_to_an_edit_made_meanwhile(floor: ChainFloor) -> None:
    floor.sql(HO, ANN)
    floor.settle(rounds=1)
    floor.sql(HO, _edit("Kept", "2026-04-01"))
    floor.sql(S001, "DELETE FROM customer")
    floor.settle()
    assert _names(floor) == [["Kept"]] * 3
    floor.sql(HO, "DELETE FROM customer")
    floor.sql(S002, _edit("Saved", "2026-05-01"))
    floor.settle()
    assert _names(floor) == [["Saved"]] * 3


def test_a_deletion_that_nobody_contradicts_reaches_everybody(floor: ChainFloor) -> None:
    floor.sql(HO, ANN)
    floor.settle(rounds=1)
    floor.sql(S001, "DELETE FROM customer")
    floor.settle()
    assert _names(floor) == [[], [], []]


def test_both_kept_versions_can_be_read_again(floor: ChainFloor) -> None:
    floor.sql(HO, ANN)
    floor.settle(rounds=1)
    floor.sql(HO, _edit("Ours", "2026-04-02"))
    floor.sql(S001, _edit("Theirs", "2026-04-01"))
    floor.settle()
    ((ours, theirs),) = floor.sql(HO, "SELECT ours, theirs FROM sync_conflict")
    with floor.open(HO) as connection:
        names = []
        for body in (ours, theirs):
            connection.execute("ATTACH ':memory:' AS version")
            connection.deserialize(body, name="version")
            names += connection.execute("SELECT name FROM version.customer").fetchone()
            connection.execute("DETACH version")
    assert names == ["Ours", "Theirs"]
