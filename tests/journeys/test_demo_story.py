"""`demo --headless`: the story of the README, played once with real processes, then looked at."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from PySide6.QtGui import QImage

from tests.support.once import made_once
from tests.support.plain_books import received_facts, sent_facts, told_facts
from tests.support.retail_chain import CLOSING, HO, S001, S002, run_verb

SITES = (HO, S001, S002)
Rows = list[dict[str, Any]]


def play(folder: Path, *words: str, timeout: int = 110) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ginesys_sync", "demo", "--headless", "--dir", str(folder), *words],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def _play_and_note(folder: Path) -> None:
    folder.mkdir()
    played = play(folder / "out")
    (folder / "told.out").write_text(played.stdout)
    (folder / "told.err").write_text(played.stderr)
    assert played.returncode == 0, played.stdout[-2000:] + played.stderr


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, played once for this module: what it said, and its folder `out`."""
    return made_once(tmp_path_factory, "demo-story", _play_and_note)


@pytest.fixture
def folder(played: Path) -> Path:
    return played / "out"


def step(folder: Path, number: int, site: str, what: str) -> Rows:
    rows: Rows = json.loads((folder / f"step-{number}-{site}-{what}.json").read_text())
    return rows


def words(rows: Rows, site: str = "") -> set[str]:
    return {row["status"] for row in rows if site in ("", row["site"])}


def sql(folder: Path, site: str, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / f"{site}.sqlite3")) as connection:
        found = connection.execute(query).fetchall()
        connection.commit()
        return found


def test_it_tells_its_six_steps_each_with_the_closing_sentence(
    played: Path,
) -> None:
    lines = (played / "told.out").read_text().splitlines()
    assert [line for line in lines if line.startswith("=== Step")] == [
        "=== Step 1. Head office: Sync Selective to S001",
        "=== Step 2. S001: Sync",
        "=== Step 3. Head office: Sync Selective to S001, the acknowledgement comes home",
        "=== Step 4. S001: a bill at the till, then Sync",
        "=== Step 5. Head office: Sync Selective to S001, the bill arrives",
        "=== Step 6. S001: Sync, the acknowledgement comes home",
    ]
    assert lines.count(CLOSING) == 6
    assert "Traceback" not in (played / "told.err").read_text()


def test_after_step_1_head_offices_rows_for_s001_are_uploaded_and_s002_waits(
    folder: Path,
) -> None:
    sent = step(folder, 1, HO, "sent")
    assert words(sent, S001) == {"UPLOADED"}
    assert words(sent, S002) == {"WAITING"}
    assert step(folder, 1, S001, "received") == []


def test_after_step_2_the_store_has_processed_it_and_head_office_does_not_know_yet(
    folder: Path,
) -> None:
    received = step(folder, 2, S001, "received")
    assert words(received) == {"PROCESSED"}
    assert {row["kind"] for row in received} == {"data"}
    assert words(step(folder, 2, HO, "sent"), S001) == {"UPLOADED"}
    assert step(folder, 2, HO, "received") == []
    assert words(step(folder, 2, S001, "sent")) == {"UPLOADED"}


def test_after_step_3_the_acknowledgement_is_processed_at_head_office(folder: Path) -> None:
    received = step(folder, 3, HO, "received")
    answers = [row for row in received if row["kind"] == "acknowledgement"]
    assert answers and words(answers, S001) == {"PROCESSED"}
    sent = step(folder, 3, HO, "sent")
    assert words(sent, S001) == {"PROCESSED"} and words(sent, S002) == {"WAITING"}
    at_store = {
        (row["stream"], row["batch"]): row["processed_at"]
        for row in step(folder, 2, S001, "received")
    }
    for row in sent:
        if row["site"] == S001:
            assert row["processed_at"] == at_store.get(
                (row["stream"], row["batch"]), row["processed_at"]
            )


def test_the_bill_is_the_mirror_image(folder: Path) -> None:
    newest = step(folder, 4, S001, "sent")[0]
    assert (newest["stream"], newest["records"], newest["status"]) == ("S001/sales", 1, "UPLOADED")
    came = step(folder, 5, HO, "received")[0]
    assert (came["stream"], came["batch"], came["status"]) == (
        newest["stream"],
        newest["batch"],
        "PROCESSED",
    )
    assert step(folder, 5, S001, "sent")[0]["status"] == "UPLOADED"
    assert step(folder, 6, S001, "sent")[0]["status"] == "PROCESSED"
    answer = step(folder, 6, S001, "received")[0]
    assert (answer["kind"], answer["site"], answer["status"]) == (
        "acknowledgement",
        HO,
        "PROCESSED",
    )
    for table in ("bill", "bill_line", "bill_payment"):
        own = f"SELECT * FROM {table} WHERE store = 'S001' ORDER BY 1, 2, 3"
        assert sql(folder, S001, own) == sql(folder, HO, own) != []


def test_status_in_each_home_says_what_its_tables_say(folder: Path) -> None:
    for site in SITES:
        for what, facts in (
            ("sent", sent_facts(folder / f"{site}.sqlite3")),
            ("received", received_facts(folder / f"{site}.sqlite3", site)),
        ):
            said = run_verb(
                "status", "--home", folder / site, f"--{what}", "--json", "--limit", "9999"
            )
            assert told_facts(json.loads(said.out)) == facts, (site, what)
            last = step(folder, 6, site, what)
            assert told_facts(last) == facts, (site, what)


def test_what_every_store_gets_is_the_same_at_both_ends(folder: Path) -> None:
    for table in ("item", "item_price", "master_policy", "mode_of_payment", "customer"):
        query = f"SELECT * FROM {table} ORDER BY 1, 2"
        assert sql(folder, S001, query) == sql(folder, HO, query) != [], table
    assert sql(folder, HO, "SELECT count(*) FROM item") == [(2000,)]
    assert sql(folder, S002, "SELECT count(*) FROM item") == [(0,)]


def test_there_is_a_real_picture_of_every_window_after_every_step(folder: Path) -> None:
    expected = {"select-site.png"}
    for number in range(1, 7):
        for site in SITES:
            pages = ("sync", "sent", "received") + (() if site == HO else ("items",))
            expected |= {f"step-{number}-{site}-{page}.png" for page in pages}
    assert {path.name for path in folder.glob("*.png")} == expected
    for path in sorted(folder.glob("step-[16]-*.png")):
        image = QImage(str(path))
        assert image.width() >= 900 and image.height() >= 480, path.name
        colours = {
            image.pixel(x, y)
            for x in range(0, image.width(), 7)
            for y in range(0, image.height(), 7)
        }
        assert len(colours) > 12, f"{path.name} shows nothing"
    assert QImage(str(folder / "step-1-HO-sent.png")) != QImage(str(folder / "step-3-HO-sent.png"))
    first, last = (QImage(str(folder / f"step-{n}-S001-items.png")) for n in (1, 2))
    assert first != last, "the items that came cannot be seen"


def test_nothing_is_left_running(folder: Path) -> None:
    left = [
        child.info["cmdline"]
        for child in psutil.process_iter(["cmdline"])
        if any(str(folder) in word for word in child.info["cmdline"] or ())
    ]
    assert left == []


@pytest.mark.long
def test_again_in_the_same_folder_it_goes_on_and_a_price_from_a_sql_prompt_arrives(
    tmp_path: Path,
) -> None:
    """In a folder of its own: it writes the steps anew, and the others may be read after it."""
    folder = tmp_path / "out"
    assert play(folder).returncode == 0
    code, day = sql(folder, HO, "SELECT item_code, max(effective_from) FROM item_price")[0]
    key = f"item_code = '{code}' AND effective_from = '{day}'"
    sql(folder, HO, f"UPDATE item_price SET price_minor = 987654 WHERE {key}")
    again = play(folder)
    assert again.returncode == 0, again.stdout[-2000:] + again.stderr
    found = sql(folder, S001, f"SELECT price_minor FROM item_price WHERE {key}")
    assert found == [(987654,)]
    sent = [row for row in step(folder, 1, HO, "sent") if row["site"] == S001]
    assert (sent[0]["what"], sent[0]["status"]) == ("1 price", "UPLOADED")


def test_with_the_web_database_down_the_stores_sync_ends_with_2_and_nothing_is_processed(
    folder: Path,
) -> None:
    """Step 2 without its Web Database: here for S002, which has received nothing yet."""
    said = run_verb("sync", "--home", folder / S002)
    assert said.code == 2
    assert said.last.startswith("Sync stopped: Nothing answers at 127.0.0.1:")
    assert said.last.endswith(
        "Nothing is lost. Check that the Web Database is running, and the address in "
        "Web DB Locator."
    )
    listed = run_verb("status", "--home", folder / S002, "--received", "--json")
    assert json.loads(listed.out) == []
    listed = run_verb("status", "--home", folder / S002, "--sent", "--json")
    assert "PROCESSED" not in listed.out and "UPLOADED" not in listed.out
    assert sql(folder, S002, "SELECT count(*) FROM item") == [(0,)]


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "accounts.txt").write_text("mine")
    said = run_verb("demo", "--headless", "--fresh", "--dir", tmp_path)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"{tmp_path} holds other things than a demo.")
    assert [path.name for path in tmp_path.iterdir()] == ["accounts.txt"]


def test_ctrl_c_ends_the_demo_with_all_its_children(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    command = [sys.executable, "-m", "ginesys_sync", "demo", "--headless", "--dir", str(folder)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            for line in child.stdout:
                if line.startswith("=== Step 1"):
                    break
            os.kill(child.pid, signal.SIGINT)
            out, err = child.communicate(timeout=60)
        finally:
            child.kill()
    assert (child.returncode, out) == (3, out)
    assert err.endswith("Stopped. Nothing is lost.\n")
    assert "Traceback" not in err
    test_nothing_is_left_running(folder)
