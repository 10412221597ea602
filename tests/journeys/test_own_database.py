"""A pharmacy chain with a database and a plan of its own: other names, composite keys, an INTEGER
PRIMARY KEY, a NUMERIC column, triggers of its own. Nothing of the built-in tables is there."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ginesys_sync.ui import offscreen
from tests.journeys.conftest import Windows
from tests.support.retail_chain import CLOSING, HO, S001, S002, RetailChain, run_verb

SCHEMA = """
CREATE TABLE Medicine(MedID INTEGER PRIMARY KEY, TradeName TEXT NOT NULL, Vat NUMERIC, Sold INTEGER
  NOT NULL DEFAULT 0, Leaflet BLOB);
CREATE TABLE TariffLine(TariffCode TEXT NOT NULL, MedID INTEGER NOT NULL REFERENCES Medicine(MedID),
  Price NUMERIC NOT NULL, PRIMARY KEY(TariffCode, MedID)) WITHOUT ROWID;
CREATE TABLE Receipt(Outlet TEXT NOT NULL, "Order" INTEGER NOT NULL, SoldAt TEXT, Total NUMERIC,
  PRIMARY KEY(Outlet, "Order"));
CREATE TABLE ReceiptRow(Outlet TEXT NOT NULL, "Order" INTEGER NOT NULL, RowNo INTEGER NOT NULL,
  MedID INTEGER, Qty NUMERIC, UNIQUE(Outlet, "Order", RowNo),
  FOREIGN KEY(Outlet, "Order") REFERENCES Receipt(Outlet, "Order"));
CREATE TABLE Patient(PatientID TEXT PRIMARY KEY NOT NULL, Name TEXT, Phone TEXT, Edited TEXT);
CREATE TABLE Diary(At INTEGER PRIMARY KEY, Words TEXT);
CREATE TRIGGER note_medicine AFTER UPDATE ON Medicine BEGIN
  INSERT INTO Diary(Words) VALUES ('medicine ' || NEW.MedID); END;
"""
AT_HEAD_OFFICE = """
CREATE TRIGGER count_sold AFTER INSERT ON ReceiptRow BEGIN
  UPDATE Medicine SET Sold = Sold + 1 WHERE MedID = NEW.MedID; END;
"""
PLAN: dict[str, Any] = {
    "name": "pharmacy",
    "version": 1,
    "channels": [
        {"name": "formulary", "title": "Formulary"},
        {"name": "till", "title": "Till"},
        {"name": "people", "title": "People"},
    ],
    "entities": [
        {
            "name": "medicines",
            "one": "medicine",
            "many": "medicines",
            "channel": "formulary",
            "owner": "ho",
            "table": "Medicine",
            "key": ["MedID"],
            "label": "TradeName",
        },
        {
            "name": "tariffs",
            "one": "tariff line",
            "many": "tariff lines",
            "channel": "formulary",
            "owner": "ho",
            "table": "TariffLine",
            "key": ["TariffCode", "MedID"],
            "audience": {"rule": "column", "column": "TariffCode"},
        },
        {
            "name": "receipts",
            "one": "receipt",
            "many": "receipts",
            "channel": "till",
            "owner": "site",
            "site_column": "Outlet",
            "table": "Receipt",
            "key": ["Outlet", "Order"],
            "children": [
                {
                    "table": "ReceiptRow",
                    "key": ["Outlet", "Order", "RowNo"],
                    "root": ["Outlet", "Order"],
                }
            ],
        },
        {
            "name": "patients",
            "one": "patient",
            "many": "patients",
            "channel": "people",
            "owner": "shared",
            "edited_column": "Edited",
            "table": "Patient",
            "key": ["PatientID"],
        },
    ],
}


class Pharmacy(RetailChain):
    """The same front door and Web Database over the pharmacy's databases."""

    def make(self, site: str) -> None:
        """The customer's own program makes its tables; then `init` with the plan."""
        with closing(sqlite3.connect(self.database(site))) as connection:
            connection.executescript(SCHEMA + (AT_HEAD_OFFICE if site == HO else ""))
        file = self.root / "plan.json"
        file.write_text(json.dumps(PLAN))
        words = ["--home", self.home(site), "--site", site, "--db", self.url(site)]
        words += ["--role", "ho" if site == HO else "store", "--relay", self.relay.url]
        said = run_verb("init", *words, "--code", self.invite(site), "--plan", file)
        assert said.code == 0, said.err

    def exact(self, site: str, table: str, where: str = "1") -> list[tuple[Any, ...]]:
        """Rows with the storage class of every value: 1 and 1.0 and '1' differ."""
        names = [row[1] for row in self.sql(site, f"PRAGMA table_info({table})")]
        values = ", ".join(f'typeof("{name}"), quote("{name}")' for name in names)
        return sorted(self.sql(site, f"SELECT {values} FROM {table} WHERE {where}"))


@pytest.fixture
def pharmacy(tmp_path: Path) -> Iterator[Pharmacy]:
    """Head office and two outlets with the pharmacy's tables, rows in them from long ago."""
    root = tmp_path / "pharmacy"
    root.mkdir()
    with Pharmacy(root) as chain:
        for site in (HO, S001, S002):
            chain.make(site)
        chain.sql(
            HO,
            "INSERT INTO Medicine(MedID, TradeName, Vat, Leaflet) VALUES "
            "(-3, 'Antidote', 0, NULL), (1, 'Paracetamol 500', 12, x'00FF7F'), "
            "(2, 'ibuprofen ''x''', 12.5, x''), (9007199254740993, 'पुदीना', '5.0', 'words')",
            "INSERT INTO TariffLine VALUES ('S001', 1, 10), ('S001', 2, 20.25), "
            "('S002', 1, 1e300), ('S002', 2, 'on request')",
        )
        for site in (S001, S002):
            chain.sql(
                site,
                f"INSERT INTO Receipt VALUES ('{site}', 1, '2026-11-01', 30.25), "
                f"('{site}', 2, NULL, 0)",
                f"INSERT INTO ReceiptRow VALUES ('{site}', 1, 1, 1, 1), ('{site}', 1, 2, 2, 0.5)",
            )
        yield chain


def test_a_pharmacys_own_tables_are_the_same_at_both_ends_to_the_last_type(
    pharmacy: Pharmacy,
) -> None:
    pharmacy.settle()
    for site in (S001, S002):
        assert pharmacy.exact(site, "TariffLine") == pharmacy.exact(
            HO, "TariffLine", f"TariffCode = '{site}'"
        )
        for table in ("Receipt", "ReceiptRow"):
            own = pharmacy.exact(HO, table, f"Outlet = '{site}'")
            assert pharmacy.exact(site, table) == own != []
    pharmacy.settle()
    for site in (S001, S002):
        assert pharmacy.exact(site, "Medicine") == pharmacy.exact(HO, "Medicine") != []


def test_what_head_offices_own_trigger_wrote_while_receiving_goes_out_again(
    pharmacy: Pharmacy,
) -> None:
    pharmacy.settle(rounds=3)
    sold = dict(pharmacy.sql(HO, "SELECT MedID, Sold FROM Medicine"))
    assert sold == {-3: 0, 1: 2, 2: 2, 9007199254740993: 0}
    for site in (S001, S002):
        assert dict(pharmacy.sql(site, "SELECT MedID, Sold FROM Medicine")) == sold
    pharmacy.settle()
    assert dict(pharmacy.sql(HO, "SELECT MedID, Sold FROM Medicine")) == sold, "counted twice"


def test_edits_moves_and_deletions_at_a_sql_prompt_follow(pharmacy: Pharmacy) -> None:
    pharmacy.settle()
    pharmacy.sql(HO, "DELETE FROM TariffLine WHERE TariffCode = 'S002' AND MedID = 2")
    pharmacy.sql(
        HO, "UPDATE TariffLine SET TariffCode = 'S002' WHERE TariffCode = 'S001' AND MedID = 2"
    )
    pharmacy.sql(HO, "DELETE FROM Medicine WHERE MedID = -3")
    pharmacy.sql(S001, 'UPDATE ReceiptRow SET Qty = 2 WHERE "Order" = 1 AND RowNo = 2')
    pharmacy.sql(S002, 'DELETE FROM ReceiptRow WHERE "Order" = 1 AND RowNo = 1')
    pharmacy.sql(S001, "INSERT INTO Patient VALUES ('S001-P1', 'Asha', '1', '2026-11-02')")
    pharmacy.settle(rounds=3)
    for site in (S001, S002):
        assert pharmacy.exact(site, "Medicine") == pharmacy.exact(HO, "Medicine")
        assert pharmacy.exact(site, "Patient") == pharmacy.exact(HO, "Patient") != []
        assert pharmacy.exact(site, "TariffLine") == pharmacy.exact(
            HO, "TariffLine", f"TariffCode = '{site}'"
        )
        assert pharmacy.exact(site, "ReceiptRow") == pharmacy.exact(
            HO, "ReceiptRow", f"Outlet = '{site}'"
        )
    assert pharmacy.rows(S001, "TariffLine") == [("S001", 1, 10)]


def test_the_windows_speak_the_pharmacys_words(pharmacy: Pharmacy, windows: Windows) -> None:
    office = windows.launchpad(pharmacy)
    offscreen.press_sync_all(office)
    assert offscreen.wait_for_end(office).closing == CLOSING
    sent = {row["What"]: row["Batch"] for row in offscreen.read_grid(office, "Sent Data")}
    assert sent["4 medicines"].startswith("Formulary")
    assert "2 tariff lines" in sent
    store = windows.pos(pharmacy, S001)
    offscreen.press_sync(store)
    assert offscreen.wait_for_end(store).closing == CLOSING
    found = {row["What"]: row["Status"] for row in offscreen.read_grid(store, "Sent Data")}
    assert found == {"2 receipts": "UPLOADED"}
    assert store.desk.control_lists() == ()
    assert office.desk.demo_actions() == ()


def test_the_prompt_speaks_the_pharmacys_words_too(pharmacy: Pharmacy) -> None:
    said = pharmacy.done(S001)
    assert said.lines[0] == "To send: 2 receipts."
    pharmacy.done(HO)
    pharmacy.sql(HO, "DELETE FROM TariffLine WHERE TariffCode = 'S002'")
    pharmacy.sql(S001, "INSERT INTO Receipt VALUES ('S001', 3, NULL, 0)")
    assert pharmacy.done(S001).lines[0] == "To send: 1 receipt."
    assert "2 tariff lines" in pharmacy.done(HO).lines[0]
    assert run_verb("doctor", "--home", pharmacy.home(HO)).code == 0
