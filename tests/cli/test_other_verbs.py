"""`test-connection`, `doctor`, `batch show`, `relay invite` and the windows, at the prompt."""

from __future__ import annotations

from pathlib import Path

import pytest
import zstandard

from tests.support.retail_chain import HO, S001, S002, SMALL, RetailChain, run_verb
from tests.support.weather import Storm, Weather

GOOD = "Web Database Connection successful."


def test_a_good_connection_is_told_in_exactly_these_words(settled: RetailChain) -> None:
    said = run_verb("test-connection", "--home", settled.home(S001))
    assert said.code == 0
    assert said.lines[0] == GOOD
    assert f"  Address: {settled.relay.url}" in said.lines
    assert "  This site: S001" in said.lines


def test_each_trouble_of_the_connection_has_its_own_words_and_advice(settled: RetailChain) -> None:
    home = settled.home(S001)
    key = (home / "key").read_text()
    (home / "key").write_text("0" * 64 + "\n")
    assert answer(settled, 2) == (
        "The Web Database does not accept this site's key.",
        "Ask head office for a new enrolment code and set this site up again with it.",
    )
    (home / "key").write_text(key)
    with Weather(settled.relay.url) as weather:
        settled.set_home(S001, relay=weather.url)
        host = weather.url.removeprefix("http://")
        for status in (200, 302, 404):
            weather.set(Storm(portal_status=status))
            assert answer(settled, 2) == (
                f"{host} answered, but it is not a Web Database.",
                "Open a browser and sign in to the network if it asks; else check the address in "
                "Web DB Locator.",
            )
        weather.set(Storm(portal_status=503))
        assert answer(settled, 2)[0] == (
            "The Web Database is not running: only the server in front of it answered."
        )
        weather.set(Storm(loses_answers=True))
        assert answer(settled, 2)[0] == "The connection to the Web Database broke."
    settled.set_home(S001, relay="http://127.0.0.1:9")
    assert answer(settled, 2) == (
        "Nothing answers at 127.0.0.1:9: the connection was refused.",
        "Check that the Web Database is running, and the address in Web DB Locator.",
    )
    settled.set_home(S001, relay="https://no-such-name.invalid")
    assert answer(settled, 2) == (
        "The name no-such-name.invalid was not found.",
        "Check the internet connection, and the address in Web DB Locator.",
    )
    settled.set_home(S001, relay="http://sync.example.com")
    assert answer(settled, 2) == (
        "This program does not send its key over plain http to sync.example.com.",
        "Use an address that begins with https://, like https://sync.example.com.",
    )
    settled.set_home(S001, relay="the shop in Pune")
    assert answer(settled, 2)[0] == "'the shop in Pune' is not the address of a Web Database."
    settled.set_home(S001, relay=settled.relay.url)
    assert answer(settled, 0)[0] == GOOD


def answer(chain: RetailChain, code: int) -> tuple[str, str]:
    said = run_verb("test-connection", "--home", chain.home(S001))
    assert said.code == code, said
    return said.lines[0], said.lines[1]


def test_doctor_of_a_sound_site_finds_nothing_and_ends_with_0(settled: RetailChain) -> None:
    said = run_verb("doctor", "--home", settled.home(HO))
    assert said.code == 0, said.out
    assert said.lines[0] == "ok       Home of HO, with its key."
    assert f"ok       {GOOD}" in said.lines
    assert "ok       Every change is noted: all triggers are in place." in said.lines
    assert "PROBLEM" not in said.out


def test_doctor_finds_triggers_that_another_program_dropped(settled: RetailChain) -> None:
    name = settled.scalar(
        S001,
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'bill' "
        "AND name LIKE 'sync%' LIMIT 1",
    )
    settled.sql(S001, f'DROP TRIGGER "{name}"')
    said = run_verb("doctor", "--home", settled.home(S001))
    assert said.code == 1
    assert "PROBLEM  Changes of bills are not noted: triggers are missing." in said.lines


def test_doctor_finds_a_web_database_that_is_down(offline: RetailChain) -> None:
    said = run_verb("doctor", "--home", offline.home(HO))
    assert said.code == 1
    assert "PROBLEM  Nothing answers at 127.0.0.1:9: the connection was refused." in said.lines


def test_doctor_of_no_home_says_so_and_ends_with_2(tmp_path: Path) -> None:
    said = run_verb("doctor", "--home", tmp_path)
    assert said.code == 2
    assert said.lines == [
        f"PROBLEM  {tmp_path} is not the home folder of a site.",
        "         Give the folder that was made with `ginesys-sync init`.",
    ]


def bodies(chain: RetailChain, site: str) -> list[Path]:
    return sorted(path for path in (chain.home(site) / "inbox").rglob("*") if path.is_file())


def test_batch_show_prints_the_tables_of_a_body(chain: RetailChain) -> None:
    chain.done(HO)
    staged = [path for path in (chain.home(HO) / "staged").rglob("*") if path.is_file()]
    shown = [run_verb("batch", "show", path) for path in staged]
    assert all(said.code == 0 for said in shown)
    items = next(said for said in shown if f"item: {SMALL.items} rows" in said.lines)
    code, name = chain.sql(HO, "SELECT code, name FROM item ORDER BY code LIMIT 1")[0]
    assert any(code in line and name in line for line in items.lines)
    heading = items.lines[items.lines.index(f"item: {SMALL.items} rows") + 1]
    assert "code | name" in heading and "mrp_minor" in heading


def test_batch_show_refuses_what_is_no_batch(tmp_path: Path, chain: RetailChain) -> None:
    said = run_verb("batch", "show", tmp_path / "nothing")
    assert (said.code, said.out) == (2, "")
    assert said.err == (f"{tmp_path / 'nothing'} cannot be read. Give the path of a batch body.\n")
    assert run_verb("batch", "show", tmp_path).code == 2
    garbage = {
        "empty": b"",
        "words": b"Hello, these are words and no batch at all.",
        "packed words": zstandard.compress(b"Hello, these are words and no batch at all."),
        "bomb": zstandard.compress(bytes(300_000_000)),
        "html": b"<html><body>Sign in</body></html>",
    }
    for name, data in garbage.items():
        path = tmp_path / name
        path.write_bytes(data)
        said = run_verb("batch", "show", path)
        assert (said.code, said.out) == (2, ""), name
        assert said.err.endswith("\n") and "Traceback" not in said.err, name
        assert len(said.err.splitlines()) == 1, name
    chain.done(HO)
    sound = next(path for path in (chain.home(HO) / "staged").rglob("*") if path.is_file())
    torn = tmp_path / "torn"
    torn.write_bytes(sound.read_bytes()[:-7])
    said = run_verb("batch", "show", torn)
    assert (said.code, said.out) == (2, "")


@pytest.mark.parametrize(
    "site, role, words",
    [
        ("s001", "store", "'s001' cannot be a site's code."),
        ("S 1", "store", "'S 1' cannot be a site's code."),
        ("", "store", "'' cannot be a site's code."),
        ("S" * 17, "store", f"{'S' * 17!r} cannot be a site's code."),
        ("पुणे", "store", "'पुणे' cannot be a site's code."),
        ("HO", "store", "HO cannot be invited as store."),
        ("S001", "ho", "S001 cannot be invited as ho."),
    ],
)
def test_invite_refuses_codes_that_cannot_be(
    offline: RetailChain, site: str, role: str, words: str
) -> None:
    said = run_verb("relay", "invite", "--home", offline.relay.home, "--site", site, "--role", role)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(words)


def test_invite_makes_no_web_database_where_none_was_served(
    offline: RetailChain, tmp_path: Path
) -> None:
    words = ("--site", "S003", "--role", "store")
    for folder in (tmp_path / "typo", tmp_path):
        before = sorted(tmp_path.iterdir())
        said = run_verb("relay", "invite", "--home", folder, *words)
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith(f"No Web Database has its home in {folder}. Give the folder")
        assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("verb", ["invite", "serve"])
def test_a_sites_home_is_never_made_a_web_databases(offline: RetailChain, verb: str) -> None:
    words = ("--site", "S003", "--role", "store") if verb == "invite" else ()
    before = sorted(offline.home(S001).iterdir())
    said = run_verb("relay", verb, "--home", offline.home(S001), *words)
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        f"{offline.home(S001)} is the home of a site, not of a Web Database. "
        "Give the Web Database's own folder.\n"
    )
    assert [path for path in sorted(offline.home(S001).iterdir()) if path.name != "logs"] == [
        path for path in before if path.name != "logs"
    ]


def test_invite_prints_the_code_alone_and_a_new_one_voids_the_old(
    tmp_path: Path, chain: RetailChain
) -> None:
    words = ("relay", "invite", "--home", chain.relay.home, "--site", "S003", "--role", "store")
    first, second = run_verb(*words), run_verb(*words)
    assert first.code == second.code == 0
    assert len(first.lines) == 1 and first.out != second.out
    init = (
        "init",
        "--home",
        tmp_path / "s3",
        "--site",
        "S003",
        "--role",
        "store",
        "--db",
        f"sqlite+pysqlite:///{tmp_path / 's3.sqlite3'}",
        "--relay",
        chain.relay.url,
        "--code",
    )
    said = run_verb(*init, first.last)
    assert said.code == 2
    assert said.err.startswith("This enrolment code is not right for S003.")
    said = run_verb(*init, second.last.lower().replace("-", ""))
    assert said.code == 0, said.err
    assert said.lines[0] == f"S003 has joined default. Its home is {tmp_path / 's3'}."
    assert said.lines[1] == f"Next: ginesys-sync sync --home {tmp_path / 's3'}"


def test_a_window_of_the_wrong_side_is_refused_with_the_right_one(offline: RetailChain) -> None:
    said = run_verb("launchpad", "--home", offline.home(S001))
    assert said.code == 2
    assert said.err.endswith(f"Open it with `ginesys-sync pos --home {offline.home(S001)}`.\n")
    said = run_verb("pos", "--home", offline.home(HO))
    assert said.code == 2
    assert "`ginesys-sync launchpad --home" in said.err


def test_serving_beyond_loopback_without_a_certificate_is_refused(tmp_path: Path) -> None:
    said = run_verb("relay", "serve", "--home", tmp_path, "--host", "0.0.0.0")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("The Web Database does not serve plain HTTP on 0.0.0.0")


def test_a_second_web_database_on_one_home_is_refused(settled: RetailChain) -> None:
    said = run_verb("relay", "serve", "--home", settled.relay.home)
    assert (said.code, said.out) == (2, "")
    assert "already running" in said.err
    settled.done(S002)
