"""`ginesys-sync where`: one record's way, for people and for scripts."""

from __future__ import annotations

import json

from tests.support.retail_chain import HO, S001, RetailChain, Said, run_verb


def where(chain: RetailChain, site: str, *words: str) -> Said:
    said = run_verb("where", "--home", chain.home(site), *words)
    assert said.code == 0, said
    return said


def test_it_says_where_an_item_is_for_each_store(settled: RetailChain) -> None:
    (code,) = settled.sql(HO, "SELECT code FROM item ORDER BY code LIMIT 1")[0]
    settled.sql(HO, f"UPDATE item SET name = 'Brass lamp' WHERE code = '{code}'")
    said = where(settled, HO, "brass lamp")
    assert said.lines[0] == f"Item {code}  Brass lamp"
    assert "waits here to be collected by the next sync. Press Sync All" in said.lines[1]
    settled.done(HO)
    settled.done(S001)
    settled.done(HO)
    lines = where(settled, HO, "brass lamp").lines
    assert lines[1] == "  Processed at 1 of 2 stores. 1 waits."
    assert any(line.startswith("  to S002 ") and ": UPLOADED. " in line for line in lines)
    assert any(line.startswith("  to S001 ") and ": PROCESSED. " in line for line in lines)


def test_json_has_a_flat_row_for_each_site(settled: RetailChain) -> None:
    number = settled.sql(S001, "SELECT number FROM bill ORDER BY number LIMIT 1")[0][0]
    rows = json.loads(where(settled, S001, f"S001 / {number}", "--json").out)
    (row,) = [row for row in rows if row["kind"] == "bills"]
    assert list(row) == [
        "kind", "key", "label", "gone", "site", "incoming", "status", "attention", "stream",
        "batch", "sealed_at", "uploaded_at", "received_at", "processed_at", "confirmed_at", "words",
    ]  # fmt: skip
    assert (row["site"], row["status"], row["gone"]) == ("HO", "PROCESSED", False)
    assert row["sealed_at"] <= row["uploaded_at"] <= row["processed_at"] <= row["confirmed_at"]
    assert row["received_at"] is None


def test_what_nobody_knows_is_said_so(settled: RetailChain) -> None:
    assert where(settled, HO, "no such thing").lines == ["Nothing here is called 'no such thing'."]
    assert json.loads(where(settled, HO, "no such thing", "--json").out) == []


def test_many_records_are_told_in_a_line_each(settled: RetailChain) -> None:
    lines = where(settled, HO, "S00").lines
    assert not any(line.startswith("    done") for line in lines)
    assert len(lines) > 4


def test_what_a_table_holds_cannot_steer_a_terminal(settled: RetailChain) -> None:
    settled.sql(HO, "UPDATE item SET name = 'Lamp ' || char(27) || '[2J' WHERE rowid = 1")
    assert "\x1b" not in where(settled, HO, "Lamp", "--limit", "1").out


def test_a_folder_that_is_no_home_is_refused_in_a_sentence(settled: RetailChain) -> None:
    said = run_verb("where", "--home", settled.root / "nowhere", "x")
    assert said.code == 2 and "is not the home folder of a site" in said.err
