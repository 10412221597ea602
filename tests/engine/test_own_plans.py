"""Plans as customers write them, on tables as customers have them: they work, or are refused in a
sentence while the enrolment code is still good and with nothing changed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ginesys_sync.core.errors import KnownError
from ginesys_sync.core.model import Role
from ginesys_sync.relay.main import invite
from ginesys_sync.services.doctor import examine
from ginesys_sync.services.setup import NewSite, join_chain
from tests.support.chain_floor import HO, S001, S002, ChainFloor
from tests.support.retail_chain import NOWHERE

pytestmark = pytest.mark.long

ITEM = "CREATE TABLE item(code TEXT PRIMARY KEY NOT NULL, name TEXT);"
ITEMS = {"name": "items", "channel": "goods", "table": "item", "key": ["code"]}
GROUPED = {
    "audience": {"rule": "groups", "table": "item_group", "record": ["code"], "group": "grp"}
}
ITEM_GROUP = "CREATE TABLE item_group(code TEXT, grp TEXT, PRIMARY KEY(code, grp));"
MEMBERS = {"groups": {"table": "member", "group": "grp", "site": "store"}}
MEMBER = "CREATE TABLE member(grp TEXT, store TEXT);"
Plan = dict[str, Any]


def _plan(*entities: Plan, **more: Any) -> Plan:
    return {
        "name": "own",
        "version": 1,
        "channels": [{"name": "goods"}],
        "entities": list(entities) or [ITEMS],
    } | more


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[ChainFloor]:
    """A Web Database that knows nobody yet."""
    with ChainFloor(tmp_path) as chain:
        yield chain


def _joined(chain: ChainFloor, tables: str, plan: Plan, store_tables: str = "") -> None:
    chain.join(HO, tables, plan)
    chain.join(S001, store_tables or tables, plan)


def _round(chain: ChainFloor) -> None:
    chain.done(HO)
    chain.done(S001)


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


# --- plans that must simply work ------------------------------------------------------------------


def test_the_list_of_sites_may_be_a_part_of_the_record(chain: ChainFloor) -> None:
    promotions = {
        "name": "promotions",
        "channel": "goods",
        "table": "promo",
        "key": ["code"],
        "children": [{"table": "promo_site", "key": ["code", "site"], "root": ["code"]}],
        "audience": {
            "rule": "allocation",
            "table": "promo_site",
            "record": ["code"],
            "site": "site",
        },
    }
    tables = (
        "CREATE TABLE promo(code TEXT PRIMARY KEY NOT NULL);"
        "CREATE TABLE promo_site(code TEXT, site TEXT, PRIMARY KEY(code, site));"
    )
    _joined(chain, tables, _plan(promotions))
    chain.sql(
        HO,
        "INSERT INTO promo VALUES ('P'), ('Q')",
        "INSERT INTO promo_site VALUES ('P', 'S001'), ('Q', 'S009')",
    )
    _round(chain)
    assert chain.rows(S001, "promo") == [("P",)]
    assert chain.rows(S001, "promo_site") == [("P", "S001")]
    chain.sql(HO, "UPDATE promo_site SET code = 'Q' WHERE site = 'S001'")
    _round(chain)
    assert chain.rows(S001, "promo") == [("Q",)]
    assert chain.rows(S001, "promo_site") == [("Q", "S001"), ("Q", "S009")]


def test_kinds_and_tables_whose_names_run_together_are_kept_apart(chain: ChainFloor) -> None:
    tables = (
        "CREATE TABLE list_item(code TEXT PRIMARY KEY NOT NULL);"
        "CREATE TABLE item(code TEXT PRIMARY KEY NOT NULL);"
    )
    price = {"name": "price", "channel": "goods", "table": "list_item", "key": ["code"]}
    _joined(chain, tables, _plan(price, ITEMS | {"name": "price_list"}))
    chain.sql(HO, "INSERT INTO list_item VALUES ('L')", "INSERT INTO item VALUES ('I')")
    _round(chain)
    assert (chain.rows(S001, "list_item"), chain.rows(S001, "item")) == ([("L",)], [("I",)])


def test_tables_and_columns_are_called_as_the_customer_likes(chain: ChainFloor) -> None:
    tables = """
        CREATE TABLE "Order Details"("Straße" TEXT, "a b" TEXT, "x""y" TEXT UNIQUE, "order" TEXT,
          "50%" TEXT, "a:b" TEXT, "it's?" TEXT, "É" TEXT, "é" TEXT, PRIMARY KEY("Straße", "a b"));
        CREATE TABLE "sub.line"("no." INTEGER PRIMARY KEY, "S s" TEXT, "a.b" TEXT, "v{0}" TEXT);
        CREATE TABLE "for whom?"("S s" TEXT, "a b" TEXT, "which store" TEXT);
    """
    details = {
        "name": "details",
        "channel": "goods",
        "table": "Order Details",
        "key": ["Straße", "a b"],
        "label": "order",
        "children": [{"table": "sub.line", "key": ["no."], "root": ["S s", "a.b"]}],
        "audience": {
            "rule": "allocation",
            "table": "for whom?",
            "record": ["S s", "a b"],
            "site": "which store",
        },
    }
    _joined(chain, tables, _plan(details))
    chain.sql(
        HO,
        """INSERT INTO "Order Details" VALUES ('s', 'a', 'u', 'o', '%', ':', '?', 'E', 'e')""",
        """INSERT INTO "sub.line" VALUES (1, 's', 'a', 'v'), (2, 's', 'a', 'w')""",
        """INSERT INTO "for whom?" VALUES ('s', 'a', 'S001')""",
    )
    _round(chain)
    for table in ('"Order Details"', '"sub.line"'):
        assert chain.rows(S001, table) == chain.rows(HO, table) != []
    chain.sql(
        HO,
        """DELETE FROM "sub.line" WHERE "no." = 2""",
        """REPLACE INTO "Order Details" VALUES ('t', 'a', 'u', 'o', '%', ':', '?', 'E', 'e')""",
    )
    _round(chain)
    assert chain.rows(S001, '"Order Details"') == []
    assert [f.what for f in examine(chain.home(HO)) if not f.is_good] == []


def test_a_store_may_lack_what_only_head_office_reads(chain: ChainFloor) -> None:
    tables = ITEM + ITEM_GROUP + MEMBER + "CREATE TABLE branch(code TEXT, name TEXT);"
    plan = _plan(
        ITEMS | GROUPED,
        sites={"table": "branch", "code": "code", "name": "name"},
        **MEMBERS,
    )
    _joined(chain, tables, plan, store_tables=ITEM)
    chain.sql(
        HO,
        "INSERT INTO item VALUES ('a', 'Tea'), ('b', 'Milk')",
        "INSERT INTO item_group VALUES ('a', 'G')",
        "INSERT INTO member VALUES ('G', 'S001')",
    )
    _round(chain)
    assert chain.rows(S001, "item") == [("a", "Tea")]


# --- plans that are refused -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tables", "plan", "sentence"),
    [
        (
            ITEM + ITEM_GROUP,
            _plan(ITEMS | GROUPED),
            "go to groups of stores, but the plan does not say which store is in which group",
        ),
        (
            ITEM + ITEM_GROUP,
            _plan(ITEMS | GROUPED, **MEMBERS),
            "The plan's `groups`: this database has no table 'member'",
        ),
        (
            ITEM + ITEM_GROUP + "CREATE TABLE member(grp TEXT);",
            _plan(ITEMS | GROUPED, **MEMBERS),
            "The plan's `groups`: table 'member' has no column 'store'",
        ),
        (
            ITEM,
            _plan(sites={"table": "branch", "code": "code", "name": "name"}),
            "The plan's `sites`: this database has no table 'branch'",
        ),
        (
            ITEM + "CREATE TABLE branch(code TEXT, name TEXT);",
            _plan(sites={"table": "branch", "code": "code", "name": "name", "is_open": "open"}),
            "The plan's `sites`: table 'branch' has no column 'open'",
        ),
        (
            ITEM + MEMBER + "CREATE VIEW item_group AS SELECT code, name AS grp FROM item;",
            _plan(ITEMS | GROUPED, **MEMBERS),
            "Items: 'item_group' is a view, and changes of one cannot be noted",
        ),
        (
            ITEM + MEMBER + "CREATE VIRTUAL TABLE item_group USING fts5(code, grp);",
            _plan(ITEMS | GROUPED, **MEMBERS),
            "Items: 'item_group' is a virtual table, and changes",
        ),
        (
            "CREATE TABLE thing(code TEXT); CREATE VIEW item AS SELECT code FROM thing;",
            _plan(),
            "Items: 'item' is a view, and changes of one cannot be noted",
        ),
        (
            'CREATE TABLE item(code TEXT PRIMARY KEY NOT NULL, "a\nb" TEXT);',
            _plan(),
            "a column called 'a\\\\nb' cannot travel",
        ),
        (
            ITEM + "CREATE TABLE sync_state(x);",
            _plan(),
            "already has a table called sync_state, which is not the sync's",
        ),
        (
            ITEM + "CREATE VIEW Sync_Change AS SELECT * FROM item;",
            _plan(),
            "already has a view called Sync_Change, which is not the sync's",
        ),
        (
            # Whatever nobody thought of is met by the rehearsal.
            ITEM + "CREATE TABLE part(no INTEGER PRIMARY KEY, item TEXT);"
            'CREATE TABLE "sync_link_part.item"(x);',
            _plan(ITEMS | {"children": [{"table": "part", "key": ["no"], "root": ["item"]}]}),
            "refused what the sync asked of it: there is already a table named sync_link_part.item",
        ),
    ],
    ids=lambda value: "" if isinstance(value, dict) else None,
)
def test_what_head_office_cannot_use_is_refused_before_anybody_is_called_and_nothing_is_left(
    tmp_path: Path, tables: str, plan: Plan, sentence: str
) -> None:
    database, home, file = tmp_path / "ho.sqlite3", tmp_path / "ho", tmp_path / "plan.json"
    file.write_text(json.dumps(plan))
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(tables)
    before = _dump(database)
    url = f"sqlite+pysqlite:///{database}"
    with pytest.raises(KnownError, match=sentence) as caught:
        join_chain(NewSite(home, HO, Role.HO, url, NOWHERE, "A-CODE", plan=file))
    assert caught.value.title.endswith(".") and caught.value.advice.endswith(".")
    assert _dump(database) == before
    assert not home.exists()


def test_a_code_that_is_refused_leaves_the_customers_database_as_it_was(chain: ChainFloor) -> None:
    invite(chain.relay.home, HO, "ho")
    with closing(sqlite3.connect(chain.database(HO))) as connection:
        connection.executescript("CREATE TABLE note(x); INSERT INTO note VALUES (1);")
    before = _dump(chain.database(HO))
    new = NewSite(chain.home(HO), HO, Role.HO, chain.url(HO), chain.relay.url, "AAAAA-BBBBB-CCCCC")
    with pytest.raises(KnownError, match="not right for HO"):
        join_chain(new)
    assert _dump(chain.database(HO)) == before


# --- text that is no UTF-8 ------------------------------------------------------------------------


def test_a_site_whose_name_is_no_utf8_is_listed_with_a_mark_and_stops_nobody(
    chain: ChainFloor,
) -> None:
    plan = _plan(sites={"table": "branch", "code": "code", "name": "name"})
    _joined(chain, ITEM + "CREATE TABLE branch(code TEXT, name TEXT);", plan)
    chain.sql(
        HO,
        "INSERT INTO branch VALUES ('S001', CAST(x'4dfc6e' AS TEXT)), (CAST(x'ff41' AS TEXT), 'b')",
        "INSERT INTO branch VALUES (NULL, NULL), (x'00', x'01'), ('lower case', 'x')",
        "INSERT INTO item VALUES ('a', 'Tea')",
    )
    _round(chain)
    assert chain.rows(S001, "item") == [("a", "Tea")]
    listed = dict(chain.sql(HO, "SELECT code, name FROM sync_site"))
    assert listed == {"HO": "Head office", "S001": "M\ufffdn"}


def test_groups_whose_code_is_no_utf8_still_say_who_gets_what_and_are_not_news_each_run(
    chain: ChainFloor,
) -> None:
    _joined(chain, ITEM + ITEM_GROUP + MEMBER, _plan(ITEMS | GROUPED, **MEMBERS))
    chain.join(S002, ITEM + ITEM_GROUP + MEMBER, _plan(ITEMS | GROUPED, **MEMBERS))
    chain.sql(
        HO,
        "INSERT INTO member VALUES (CAST(x'ff41' AS TEXT), 'S001'), ('a,b', 'S001')",
        "INSERT INTO member VALUES (NULL, 'S001'), ('', 'S001'), ('G', CAST(x'ff' AS TEXT))",
        "INSERT INTO member VALUES (CAST(x'fe41' AS TEXT), 'S002')",
        "INSERT INTO item VALUES ('1', 'Tea'), ('2', 'Milk'), ('3', 'Salt')",
        "INSERT INTO item_group VALUES ('1', CAST(x'ff41' AS TEXT)), ('2', 'a,b'), ('3', 'G')",
    )
    for _ in range(2):
        _round(chain)
        chain.done(S002)
    assert chain.codes(S001, "item") == ["1", "2"]
    assert chain.codes(S002, "item") == []
    assert chain.scalar(HO, "SELECT count(*) FROM sync_change") == 0
    chain.done(HO)
    assert chain.scalar(HO, "SELECT count(*) FROM sync_change") == 0


# --- what doctor tells ----------------------------------------------------------------------------


def test_doctor_counts_rows_that_have_no_key_and_says_what_to_do(chain: ChainFloor) -> None:
    tables = (
        "CREATE TABLE item(code TEXT PRIMARY KEY, name TEXT);"
        "CREATE TABLE part(no INTEGER PRIMARY KEY, item TEXT);"
    )
    child = {"table": "part", "key": ["no"], "root": ["item"]}
    _joined(chain, tables, _plan(ITEMS | {"children": [child]}))
    chain.sql(HO, "INSERT INTO item VALUES ('a', 'Tea')", "INSERT INTO part VALUES (1, 'a')")
    assert all(finding.is_good for finding in examine(chain.home(HO)))
    chain.sql(
        HO,
        "INSERT INTO item VALUES (NULL, 'Milk'), (NULL, 'Salt')",
        "INSERT INTO part VALUES (2, NULL)",
    )
    bad = [finding for finding in examine(chain.home(HO)) if not finding.is_good]
    assert [finding.what for finding in bad] == [
        "2 rows of item have no value in code and are never sent.",
        "1 row of part has no value in no or item and is never sent.",
    ]
    assert {finding.advice for finding in bad} == {
        "A record is found again by its key: fill it in, or delete what is not needed."
    }


def test_doctor_tells_of_an_index_by_which_an_eviction_cannot_be_noted(chain: ChainFloor) -> None:
    index = "CREATE UNIQUE INDEX by_name ON item(lower(name));"
    _joined(chain, ITEM + index, _plan())
    bad = [finding.what for finding in examine(chain.home(HO)) if not finding.is_good]
    assert len(bad) == 1 and bad[0].startswith(
        "item has a unique index over an expression, by_name"
    )
    assert all(finding.is_good for finding in examine(chain.home(S001)))
