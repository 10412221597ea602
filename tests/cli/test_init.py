"""`ginesys-sync init`: joining, being refused with nothing changed, and being set up again."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.retail_chain import HO, S001, S003, RetailChain, Said, run_verb
from tests.support.weather import Storm, Weather


def init(chain: RetailChain, code: str, site: str = S003, **more: object) -> Said:
    words: dict[str, object] = {
        "home": chain.home(site),
        "site": site,
        "role": "ho" if site == HO else "store",
        "db": chain.url(site),
        "relay": chain.relay.url or "http://127.0.0.1:9",
        "code": code,
    } | more
    return run_verb("init", *(part for k, v in words.items() for part in (f"--{k}", v)))


def refused(said: Said) -> str:
    assert (said.code, said.out) == (2, ""), said
    assert "Traceback" not in said.err
    assert len(said.err.splitlines()) == 1
    return said.err.rstrip("\n")


def nothing_was_made(chain: RetailChain, site: str = S003) -> bool:
    return not chain.database(site).exists() and not (chain.home(site) / "home.json").exists()


def test_a_store_joins_and_its_first_sync_brings_everything(settled: RetailChain) -> None:
    said = init(settled, settled.invite(S003))
    assert said.code == 0, said
    assert said.lines == [
        f"S003 has joined default. Its home is {settled.home(S003)}.",
        f"Next: ginesys-sync sync --home {settled.home(S003)}",
    ]
    key = settled.home(S003) / "key"
    assert key.stat().st_mode & 0o077 == 0, "others may read the key"
    first = settled.sync(S003)
    assert first.code in (0, 1)
    settled.done(HO)
    settled.done(S003)
    assert settled.rows(S003, "item") == settled.rows(HO, "item")


def test_a_database_named_from_the_present_folder_is_found_from_any_other(
    settled: RetailChain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(settled.root)
    words = ("--home", settled.home(S003), "--site", S003, "--role", "store")
    words += ("--db", "sqlite+pysqlite:///S003.sqlite3", "--relay", settled.relay.url)
    first = run_verb("init", *words, "--code", settled.invite(S003))
    assert first.code == 0, first
    again = run_verb("init", *words, "--code", settled.invite(S003))
    assert again.code == 0, again
    (elsewhere := tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(elsewhere)
    assert settled.sync(S003).code in (0, 1)
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize(
    "code, words",
    [
        ("AAAAA-BBBBB-CCCCC-DDDDD-EEEEE", "This enrolment code is not right for S003."),
        ("x", "This enrolment code is not right for S003."),
        ("", "That is not an enrolment code."),
        ("y" * 201, "That is not an enrolment code."),
    ],
    ids=["wrong", "short", "empty", "endless"],
)
def test_a_wrong_code_is_refused_and_nothing_is_made(
    settled: RetailChain, code: str, words: str
) -> None:
    settled.invite(S003)
    assert refused(init(settled, code)).startswith(words)
    assert nothing_was_made(settled)


def test_a_code_of_another_site_or_role_is_refused(settled: RetailChain) -> None:
    code = settled.invite(S003)
    assert "not right for S004" in refused(init(settled, code, "S004"))
    settled.invite("S004")
    assert "not right for S004" in refused(init(settled, code, "S004"))
    words = refused(init(settled, code, role="ho"))
    assert words.startswith("Head office's code is HO, and only head office's.")
    assert nothing_was_made(settled) and nothing_was_made(settled, "S004")
    assert init(settled, code).code == 0


def test_a_used_code_is_refused_to_another_computer(settled: RetailChain, tmp_path: Path) -> None:
    code = settled.invite(S003)
    assert init(settled, code).code == 0
    other = tmp_path / "other.sqlite3"
    said = init(settled, code, home=tmp_path / "other", db=f"sqlite+pysqlite:///{other}")
    assert refused(said) == (
        "This enrolment code was used before. Ask for a new enrolment code: each one works once."
    )
    assert not other.exists()
    assert settled.sync(S003).code in (0, 1)


def test_an_expired_code_is_refused(settled: RetailChain) -> None:
    code = settled.invite(S003)
    with closing(sqlite3.connect(settled.relay.home / "relay.sqlite3")) as webdb:
        webdb.execute("UPDATE sites SET code_expires_at = '2020-01-01T00:00:00.000Z'")
        webdb.commit()
    assert refused(init(settled, code)) == (
        "This enrolment code is too old. Ask for a new enrolment code: each one works for "
        "seven days."
    )
    assert nothing_was_made(settled)


def test_a_web_database_that_is_down_or_none_is_told_and_the_same_line_works_later(
    settled: RetailChain,
) -> None:
    code = settled.invite(S003)
    settled.relay.stop()
    assert refused(init(settled, code)).startswith("Nothing answers at 127.0.0.1:")
    assert nothing_was_made(settled)
    settled.relay.start()
    with Weather(settled.relay.url) as weather:
        weather.set(Storm(portal_status=200))
        assert "but it is not a Web Database." in refused(init(settled, code, relay=weather.url))
        assert nothing_was_made(settled)
        weather.set(Storm(loses_answers=True, times=1))
        assert init(settled, code, relay=weather.url).code == 0, "a lost answer lost the site"
    assert "plain http" in refused(init(settled, code, "S005", relay="http://sync.example.com"))
    assert "not the address of a Web" in refused(init(settled, code, "S005", relay="here"))


@pytest.mark.parametrize("written", ["", "0123456789abcdef"], ids=["empty", "cut"])
def test_an_init_that_was_ended_while_it_wrote_its_key_goes_on(
    settled: RetailChain, written: str
) -> None:
    settled.home(S003).mkdir()
    (settled.home(S003) / "key.new").write_text(written)
    assert init(settled, settled.invite(S003)).code == 0
    assert settled.sync(S003).code in (0, 1)


@pytest.mark.parametrize(
    "more, words",
    [
        ({"site": "s3"}, "'s3' cannot be a site's code."),
        ({"site": "HO", "role": "store"}, "Head office's code is HO, and only head office's."),
        ({"db": "shop.sqlite3"}, "'shop.sqlite3' is no database address."),
        ({"db": "postgresql+psycopg://x/y"}, "This version syncs SQLite databases only"),
        ({"db": "sqlite+pysqlite:///:memory:"}, "'sqlite+pysqlite:///:memory:' does not name the"),
        ({"db": "sqlite://"}, "'sqlite://' does not name the file of a database."),
        ({"db": "sqlite+pysqlite:///file:x?uri=true"}, "'sqlite+pysqlite:///file:x?uri=true' does"),
        ({"db": "sqlite+pysqlite:////no/such/folder/a.db"}, "The folder /no/such/folder for the"),
    ],
    ids=["letters", "role", "no address", "postgresql", "memory", "no file", "a URI", "no folder"],
)
def test_what_cannot_be_is_refused_before_anybody_is_called(
    offline: RetailChain, more: dict[str, object], words: str
) -> None:
    assert refused(init(offline, "ABCDE", **more)).startswith(words)
    assert nothing_was_made(offline)


def test_another_sites_home_or_database_is_refused_and_left_as_it_was(
    offline: RetailChain,
) -> None:
    before = offline.dump(S001)
    words = refused(init(offline, "ABCDE", home=offline.home(S001)))
    assert words.startswith(f"{offline.home(S001)} already is the home of S001")
    assert words.endswith("Give another folder; this one was not touched.")
    assert refused(init(offline, "ABCDE", db=offline.url(S001))) == (
        "This database already is S001's. Give the database that belongs to this site."
    )
    assert offline.dump(S001) == before
    assert not (offline.home(S003) / "home.json").exists()


def test_a_web_databases_own_folder_is_refused_and_goes_on_being_one(
    settled: RetailChain,
) -> None:
    folder = settled.relay.home
    words = refused(init(settled, settled.invite(S003), home=folder))
    assert words == (
        f"{folder} is the folder of a Web Database, not of a site. "
        "Give a new folder for the site's home; this one was not touched."
    )
    assert not list(folder.glob("key*"))
    assert not (folder / "home.json").exists()
    again = run_verb("relay", "invite", "--home", folder, "--site", S003, "--role", "store")
    assert again.code == 0, again


def test_a_file_that_is_no_database_is_refused(offline: RetailChain) -> None:
    offline.database(S003).write_text("a shopping list, and not a short one\n" * 100)
    words = refused(init(offline, "ABCDE"))
    assert words.startswith("The database file is damaged or is not a database.")
    assert offline.database(S003).read_text().startswith("a shopping list")


def plan(**changes: Any) -> dict[str, Any]:
    entity = {
        "name": "goods",
        "channel": "masters",
        "owner": "ho",
        "table": "stock_item",
        "key": ["sku"],
    }
    return {
        "name": "own",
        "version": 1,
        "channels": [{"name": "masters", "title": "Masters"}],
        "entities": [entity | changes],
    }


@pytest.mark.parametrize(
    "document, words",
    [
        (plan(table="stock_itm"), "Goods: this database has no table 'stock_itm'."),
        (plan(key=[]), "entity 'goods': table 'stock_item' has no key."),
        (plan(key=["name"]), "Goods: table 'stock_item' has no primary key or unique index over"),
        (plan(key=["nothing"]), "Goods: table 'stock_item' has no column 'nothing'."),
        (plan(channel="lane"), "entity 'goods' is in channel 'lane', which the plan does not"),
        (plan(owner="store"), "entity 'goods': the owner must be ho, site or shared."),
        (plan(colour="red"), ""),
        ({"name": "own"}, ""),
        ([], ""),
        ("{", "The plan is not readable as JSON"),
    ],
    ids=[
        "missing table",
        "no key",
        "key that is not unique",
        "key column that is not there",
        "unlisted channel",
        "unknown owner",
        "unknown word",
        "half a plan",
        "a list",
        "no JSON",
    ],
)
def test_a_plan_that_does_not_fit_is_refused_and_the_database_stays_as_it_was(
    offline: RetailChain, tmp_path: Path, document: object, words: str
) -> None:
    offline.sql(S003, "CREATE TABLE stock_item(sku TEXT PRIMARY KEY NOT NULL, name TEXT)")
    before = offline.dump(S003)
    file = tmp_path / "plan.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    said = refused(init(offline, "ABCDE", plan=file))
    assert said.startswith(words)
    assert offline.dump(S003) == before
    assert not (offline.home(S003) / "home.json").exists()


def test_a_plan_that_is_not_there_or_has_no_database_is_refused(
    offline: RetailChain, tmp_path: Path
) -> None:
    words = refused(init(offline, "ABCDE", plan=tmp_path / "none.json"))
    assert words == f"The plan {tmp_path / 'none.json'} cannot be read. " + (
        "Check the path of the plan file."
    )
    (tmp_path / "plan.json").write_text(json.dumps(plan()))
    words = refused(init(offline, "ABCDE", plan=tmp_path / "plan.json"))
    assert words.startswith(f"There is no database at {offline.database(S003)} for the plan")
    assert nothing_was_made(offline)


def test_a_site_whose_key_was_lost_is_set_up_again_with_a_new_code_and_keeps_its_settings(
    settled: RetailChain,
) -> None:
    (settled.home(S001) / "key").unlink()
    said = settled.sync(S001)
    assert said.code == 2
    assert (
        "Ask head office for a new enrolment code and run `ginesys-sync init` again." in said.last
    )
    settled.set_home(S001, time_zone="Asia/Kolkata")
    settled.sql(
        S001,
        "INSERT INTO bill SELECT store, 'LATE-1', kind, business_day, billed_at, cashier, "
        "customer_id, total_minor FROM bill LIMIT 1",
    )
    assert init(settled, settled.invite(S001), S001).code == 0
    assert json.loads((settled.home(S001) / "home.json").read_text())["time_zone"] == "Asia/Kolkata"
    for site in (S001, HO, S001, HO):
        assert settled.sync(site).code in (0, 1)
    settled.done(S001)
    for table in ("bill", "bill_line", "bill_payment"):
        own = f"SELECT * FROM {table} WHERE store = 'S001' ORDER BY 1, 2, 3"
        assert settled.sql(HO, own) == settled.sql(S001, own), table
    assert settled.rows(S001, "item") == settled.rows(HO, "item")
