"""What a run can meet: each is a sentence with what to do, ends with 2, and leaves nothing lost."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ginesys_sync.cli.verbs import VERBS
from tests.support.retail_chain import CLOSING, HO, S001, RetailChain, Said, run_verb
from tests.support.weather import Storm, Weather

SMALL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from ginesys_sync.cli.main import main
raise SystemExit(main(sys.argv[2:]))
"""
OWN = "SELECT * FROM bill WHERE store = 'S001' ORDER BY number"


def stopped(said: Said, why: str, advice: str) -> None:
    assert said.code == 2, said
    assert said.last == f"Sync stopped: {why}. Nothing is lost. {advice}"


def ends_whole(chain: RetailChain) -> None:
    """Once the trouble is over, everything arrives and nothing is doubled."""
    chain.settle()
    for table in ("item", "item_price", "mode_of_payment"):
        assert chain.rows(S001, table) == chain.rows(HO, table) != []
    assert chain.sql(S001, OWN) == chain.sql(HO, OWN) != []


def test_a_wrong_key_is_refused_and_nothing_is_sealed(chain: RetailChain) -> None:
    key = chain.home(S001) / "key"
    sound = key.read_text()
    key.write_text("2" * 64 + "\n")
    stopped(
        chain.sync(S001),
        "the Web Database does not accept this site's key",
        "Ask head office for a new enrolment code and set this site up again with it.",
    )
    assert chain.rows(S001, "sync_batch") == []
    key.write_text(sound)
    ends_whole(chain)


def test_another_sites_key_is_no_good(chain: RetailChain) -> None:
    shutil.copy(chain.home(HO) / "key", chain.home(S001) / "key")
    assert "does not accept this site's key" in chain.sync(S001).last


@pytest.mark.parametrize("key", ["", "\n", "कुंजी", "a b\r\nX-Evil: 1"], ids=repr)
def test_a_spoilt_key_file_is_told_in_a_sentence(offline: RetailChain, key: str) -> None:
    (offline.home(S001) / "key").write_text(key, encoding="utf-8")
    said = offline.sync(S001)
    assert said.code == 2
    assert said.last.startswith("Sync stopped: the key of this site in its home folder ")
    assert said.last.endswith(
        "Ask head office for a new enrolment code and run `ginesys-sync init` again."
    )
    assert said.err == ""


@pytest.mark.parametrize(
    "text, why",
    [
        ("", "The settings in {home} cannot be read"),
        ("not JSON", "The settings in {home} cannot be read"),
        ("[]", "The settings in {home} are not those of a site"),
        ('{"format": 1}', "The settings in {home} are incomplete"),
        ('{"format": 2}', "This home folder was made by a newer version of the program"),
        ("[" * 100_000, "The settings in {home} cannot be read"),
        (None, "{home} is not the home folder of a site"),
    ],
    ids=["empty", "no JSON", "a list", "half", "newer", "nested", "none"],
)
def test_a_home_that_is_none_is_refused(
    tmp_path: Path, offline: RetailChain, text: str | None, why: str
) -> None:
    home = offline.home(S001)
    if text is None:
        (home / "home.json").unlink()
    else:
        (home / "home.json").write_text(text)
    said = offline.sync(S001)
    assert said.code == 2
    assert why.format(home=home).lower() in said.last.lower()
    assert said.last.count(". ") >= 2, "no advice"
    if text is not None:
        (home / "home.json").unlink()


@pytest.mark.parametrize(
    "name, value",
    [
        ("site", 5),
        ("site", "s 1"),
        ("role", "boss"),
        ("role", "ho"),
        ("database", ["x"]),
        ("relay", None),
        ("time_zone", {"a": 1}),
        ("certificates", 1.5),
        ("demo", "yes"),
        ("format", True),
    ],
)
def test_settings_that_a_hand_has_spoilt_are_told_by_every_verb(
    offline: RetailChain, name: str, value: object
) -> None:
    file = offline.home(S001) / "home.json"
    sound = file.read_text()
    file.write_text(json.dumps(json.loads(sound) | {name: value}))
    for verb in (["sync"], ["status", "--sent"], ["doctor"], ["plan", "show"], ["pos"]):
        said = run_verb(*verb, "--home", offline.home(S001))
        assert said.code == 2, (verb, said)
        told = f"settings in {offline.home(S001)} say {json.dumps(value)} where {name!r} stands"
        assert told in said.out + said.err, (verb, said)
    file.write_text(sound)


def test_settings_saved_by_an_editor_that_marks_utf8_are_read(offline: RetailChain) -> None:
    file = offline.home(S001) / "home.json"
    file.write_text("\ufeff" + file.read_text(), encoding="utf-8")
    assert run_verb("status", "--sent", "--home", offline.home(S001)).code == 0
    file.write_text(file.read_text(encoding="utf-8-sig"), encoding="utf-8")


def test_a_database_made_by_a_newer_version_is_refused_and_not_touched(
    offline: RetailChain,
) -> None:
    offline.sql(S001, "UPDATE sync_version SET version_num = '9999'")
    before = offline.dump(S001)
    stopped(
        offline.sync(S001),
        "this database was made by a newer version of the program",
        "Install the newer version here as well; nothing was changed.",
    )
    assert offline.dump(S001) == before


def test_a_database_that_is_gone_empty_or_damaged_is_refused(offline: RetailChain) -> None:
    database = offline.database(S001)
    database.rename(database.with_suffix(".aside"))
    assert offline.sync(S001).last.startswith(
        f"Sync stopped: there is no database at {database}. Nothing is lost."
    )
    assert not database.exists(), "an empty database was made in its place"
    database.write_bytes(b"")
    assert "has not been prepared for syncing" in offline.sync(S001).last
    for extra in ("-wal", "-shm"):
        Path(f"{database}{extra}").unlink(missing_ok=True)
    database.write_bytes(b"not a database at all, " * 500)
    said = offline.sync(S001)
    assert said.code == 2
    assert "the database file is damaged or is not a database" in said.last
    assert "Restore it from your last backup" in said.last


def test_a_home_with_another_sites_database_is_refused(offline: RetailChain) -> None:
    offline.set_home(S001, database=offline.url(HO))
    said = offline.sync(S001)
    assert said.code == 2
    assert "this home is S001's, but its database is HO's" in said.last
    offline.set_home(S001, database=offline.url(S001))


def test_a_web_database_that_is_down_leaves_everything_waiting(chain: RetailChain) -> None:
    chain.done(HO)
    chain.relay.stop()
    before = [chain.rows(S001, table) for table in ("item", "bill", "sync_change")]
    said = chain.sync(S001)
    assert said.code == 2
    assert said.last.startswith("Sync stopped: Nothing answers at 127.0.0.1:")
    assert said.last.endswith(
        "Nothing is lost. Check that the Web Database is running, and the address in "
        "Web DB Locator."
    )
    assert [chain.rows(S001, table) for table in ("item", "bill", "sync_change")] == before
    for site in (HO, S001):
        assert "PROCESSED" not in {row["status"] for row in chain.status(site, "sent")}
    assert chain.status(S001, "received") == []
    chain.relay.start()
    ends_whole(chain)


@pytest.mark.parametrize("status", [200, 302, 403, 503])
def test_something_else_that_answers_is_not_taken_for_a_web_database(
    chain: RetailChain, status: int
) -> None:
    with Weather(chain.relay.url) as weather:
        weather.set(Storm(portal_status=status))
        chain.set_home(S001, relay=weather.url)
        said = chain.sync(S001)
    assert said.code == 2
    wanted = "is not running" if status == 503 else "but it is not a Web Database"
    assert wanted in said.last
    assert chain.status(S001, "sent") == []
    chain.set_home(S001, relay=chain.relay.url)
    ends_whole(chain)


def test_a_slow_line_is_slow_and_no_trouble(chain: RetailChain) -> None:
    with Weather(chain.relay.url) as weather:
        weather.set(Storm(latency_seconds=0.05))
        chain.set_home(S001, relay=weather.url)
        said = chain.sync(S001)
    assert (said.code, said.last) == (0, CLOSING)


def test_answers_that_get_lost_lose_nothing_and_double_nothing(chain: RetailChain) -> None:
    chain.done(HO)
    with Weather(chain.relay.url) as weather:
        weather.set(Storm(loses_answers=True, times=2))
        chain.set_home(S001, relay=weather.url)
        said = chain.sync(S001)
        weather.set()
        assert said.code in (0, 2), said
    chain.set_home(S001, relay=chain.relay.url)
    ends_whole(chain)


def test_a_body_damaged_at_the_web_database_stops_what_needs_it_and_is_told(
    chain: RetailChain,
) -> None:
    chain.done(HO)
    name = chain.scalar(HO, "SELECT sha256 FROM sync_batch WHERE entity = 'items'")
    store = chain.relay.home / "relay.sqlite3"
    with closing(sqlite3.connect(store)) as webdb:
        (sound,) = webdb.execute("SELECT data FROM bodies WHERE sha256 = ?", (name,)).fetchone()
        spoilt = sound[:60] + bytes([sound[60] ^ 0xFF]) + sound[61:]
        webdb.execute("UPDATE bodies SET data = ? WHERE sha256 = ?", (spoilt, name))
        webdb.commit()
    said = chain.sync(S001)
    assert said.code in (1, 2), said
    assert "amaged" in said.out
    assert "mistake" not in said.out
    assert chain.rows(S001, "item") == []
    received = {(r["stream"], r["status"]) for r in chain.status(S001, "received")}
    assert ("HO/catalogue", "PROCESSED") not in received
    with closing(sqlite3.connect(store)) as webdb:
        webdb.execute("UPDATE bodies SET data = ? WHERE sha256 = ?", (sound, name))
        webdb.commit()
    ends_whole(chain)


@pytest.mark.parametrize("room", [40_000, 200_000, 420_000], ids=lambda n: f"{n // 1000}kB")
def test_a_full_disk_is_named_and_the_next_run_finishes(chain: RetailChain, room: int) -> None:
    chain.done(HO)
    before = chain.rows(S001, "bill")
    ran = subprocess.run(
        [sys.executable, "-c", SMALL_DISK, str(room), "sync", "--home", str(chain.home(S001))],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "Traceback" not in ran.stderr, ran.stderr
    last = ran.stdout.splitlines()[-1]
    if ran.returncode != 0:  # with more room it may just have fitted
        assert ran.returncode == 2, ran
        assert "no room left on the disk" in last, last
        assert last.endswith("Free some space on the disk, then press Sync again.")
    if room == 40_000:
        assert ran.returncode == 2
    assert chain.rows(S001, "bill") == before
    assert chain.rows(S001, "sync_hush") == []
    ends_whole(chain)


def test_a_plans_table_that_somebody_dropped_is_named_and_nothing_is_half_done(
    settled: RetailChain,
) -> None:
    settled.sql(S001, "PRAGMA foreign_keys=OFF", "ALTER TABLE mode_of_payment RENAME TO old_modes")
    settled.sql(HO, "UPDATE mode_of_payment SET name = name || '!'", "UPDATE item SET brand = 'B'")
    settled.done(HO)
    said = settled.sync(S001)
    assert said.code in (1, 2), said
    assert "mistake" not in said.out, said.out
    assert "mode_of_payment" in said.out
    settled.sql(S001, "ALTER TABLE old_modes RENAME TO mode_of_payment")
    ends_whole(settled)


def test_the_log_holds_why_and_no_secret(chain: RetailChain) -> None:
    key = (chain.home(S001) / "key").read_text().strip()
    chain.relay.stop()
    child = chain.child("sync", "--home", chain.home(S001))
    out, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (2, ""), out
    log = (chain.home(S001) / "logs" / "ginesys-sync.log").read_text(encoding="utf-8")
    assert "the connection was refused" in log
    assert key not in log and key not in out
    assert "key" not in json.loads((chain.home(S001) / "home.json").read_text())


def test_a_mistake_of_the_program_ends_a_verb_with_2_and_a_code_and_its_traceback_in_the_log(
    offline: RetailChain, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(_: object) -> int:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setitem(VERBS, "status", breaks)
    said = run_verb("status", "--home", offline.home(HO), "--sent")
    assert (said.code, said.out) == (2, "")
    found = re.fullmatch(
        r"The program made a mistake \(code ([0-9A-F]{6})\)\. Try again; .*\n", said.err
    )
    assert found, said.err
    assert found[1] in caplog.text
    assert "ZeroDivisionError: nobody thought of this" in caplog.text
