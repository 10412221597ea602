"""Whom the kills meet, and in the middle of what: chains that are prepared once and copied.

A story takes a chain that has lived to the moment before the process that will be killed.
Everything that this process has to do is made of plain SQL: nothing of it is left to chance.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ginesys_sync.relay.main import invite
from tests.prove import crash_older
from tests.support.chain_floor import HO, S001, S003, STORES, TABLES, ChainFloor, floor_plan

Job = dict[str, Any]
Prepare = Callable[[ChainFloor, Callable[[Job], None]], None]
"""Brings a chain to the moment before. The second argument does a job in a process of its own."""


@dataclass(frozen=True, slots=True)
class Story:
    """`kind` is the job that is killed (`relay`: the Web Database, while `site` does a run); `rows`
    how large bodies and chunks become in it (0: as in production). `parks` are the records that
    stand in *Needs attention* afterwards, and `frees` the SQL at that site that lets them in."""

    what: str
    prepare: Prepare
    site: str
    kind: str = "sync"
    sites: tuple[str, ...] = ()
    stores: tuple[str, ...] = STORES
    rows: int = 0
    parks: tuple[tuple[str, str, str], ...] = ()
    frees: str = ""

    @property
    def everybody(self) -> tuple[str, ...]:
        """Every site of the chain."""
        return (HO, *self.stores)


def run_of(chain: ChainFloor, site: str, *sites: str, rows: int = 0) -> Job:
    """A run in a process of its own."""
    return {"kind": "sync", "home": str(chain.home(site)), "sites": sites, "rows": rows}


def join_of(chain: ChainFloor, site: str) -> Job:
    """`init` in a process of its own, with the code that was prepared."""
    return {
        "kind": "join",
        "home": str(chain.home(site)),
        "site": site,
        "role": "ho" if site == HO else "store",
        "database": f"sqlite+pysqlite:///{chain.database(site)}",
        "relay": chain.relay.url,
        "code": (chain.root / "code.txt").read_text(),
        "plan": str(chain.root / "plan.json"),
    }


def lived_in(chain: ChainFloor) -> None:
    """A chain that has been at work: something of every kind has come where it belongs."""
    chain.sql(
        HO,
        "INSERT INTO site_group_member VALUES ('north', 'S001'), ('south', 'S002')",
        "INSERT INTO item VALUES ('I1','Tea','1'), ('I2','Milk','2'), ('I3','Salt','3')",
        "INSERT INTO odd VALUES ('O1', 1.5, x'00ff')",
        "INSERT INTO price VALUES ('I1','2026-01-01',5), ('I2','2026-01-01',6), "
        "('I3','2026-01-01',7)",
        "INSERT INTO notice VALUES ('N1','S001','x'), ('N2','S002','y')",
        "INSERT INTO policy VALUES ('P1','on'), ('P2','off')",
        "INSERT INTO policy_group VALUES ('P1','north'), ('P2','south')",
        "INSERT INTO promotion VALUES ('M1','Summer'), ('M2','Winter')",
        "INSERT INTO promotion_item VALUES ('M1','I1',3), ('M1','I2',4), ('M2','I1',2)",
        "INSERT INTO promotion_site VALUES ('M1','S001'), ('M2','S001'), ('M2','S002')",
        "INSERT INTO customer VALUES ('C1','Ann','1','2026-01-01T00:00:00Z')",
    )
    chain.settle(rounds=1)
    for number, store in enumerate(STORES, 1):
        chain.sql(store, *_bill(store, 1), *_bill(store, 2))
        chain.sql(
            store, f"INSERT INTO customer VALUES ('C{number}1','Bob','2','2026-01-02T00:00:00Z')"
        )
    chain.settle()


def _bill(store: str, number: int) -> tuple[str, str]:
    return (
        f"INSERT INTO bill VALUES ('{store}',{number},{number * 100},NULL)",
        f"INSERT INTO bill_line VALUES ('{store}',{number},1,'I1',40), "
        f"('{store}',{number},2,'I2',60)",
    )


_BIG = (
    # 100,000 bytes that do not shrink and are the same in every chain.
    "WITH RECURSIVE n(i, x) AS (SELECT 1, 12345 UNION ALL SELECT i + 1, "
    "(x * 1103515245 + 12345) & 2147483647 FROM n WHERE i < 25000) "
    "INSERT INTO odd SELECT 'BIG{}', group_concat(printf('%08x', x * 7919 & 4294967295), ''), 1 "
    "FROM n"
)
_WORK = (
    "UPDATE item SET name = 'Green tea', barcode = '11' WHERE code = 'I1'",
    "INSERT INTO item VALUES ('I4','Rice','4')",
    "DELETE FROM price WHERE item_code = 'I3'",
    "DELETE FROM item WHERE code = 'I3'",
    "INSERT INTO price VALUES ('I4','2026-01-01',9)",
    "UPDATE notice SET site_code = 'S002' WHERE code = 'N1'",
    "UPDATE policy SET value = 'never' WHERE code = 'P2'",
    "DELETE FROM promotion_item WHERE promotion_code = 'M1' AND item_code = 'I2'",
    "DELETE FROM promotion_site WHERE promotion_code = 'M2' AND site_code = 'S002'",
    "UPDATE customer SET name = 'Anne', changed_at = '2026-02-01T00:00:00Z' WHERE id = 'C1'",
)
"""Work for every lane: new and changed records, tombstones, records that change their sites."""


def _head_office(chain: ChainFloor, _: Callable[[Job], None]) -> None:
    """Something is sealed and released to S001 alone, more has been edited since, and bills,
    customers and acknowledgements of the stores wait."""
    chain.sql(HO, "INSERT INTO item VALUES ('I5','Soap','5')", _BIG.format(1))
    chain.done(HO, S001)
    for store in STORES:
        chain.sql(store, *_bill(store, 3), *_bill(store, 4))
        chain.sql(store, "UPDATE customer SET phone = '9' WHERE id = 'C1'")
        chain.done(store)
    chain.sql(HO, *_WORK, _BIG.format(2))


def _selective(chain: ChainFloor, _: Callable[[Job], None]) -> None:
    chain.sql(HO, *_WORK)


def _store(chain: ChainFloor, _: Callable[[Job], None]) -> None:
    """More than one slice of items comes, one of them not to be taken; bills and customers go."""
    chain.sql(
        HO,
        *_WORK,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) "
        "INSERT INTO item SELECT 'X' || i, 'Item ' || i, 'B' || i FROM n",
        _BIG.format(1),
    )
    chain.done(HO)
    chain.sql(
        S001,
        "INSERT INTO item VALUES ('LOCAL','mine','B7')",
        *_bill(S001, 3),
        *_bill(S001, 4),
        "UPDATE bill SET total = 7 WHERE number = 1",
        "INSERT INTO customer VALUES ('C77','Cid','7','2026-03-01T00:00:00Z')",
        "UPDATE customer SET phone = '8', changed_at = '2026-03-01T00:00:00Z' WHERE id = 'C1'",
    )


_MANY = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250) "
    "INSERT INTO {} FROM n"
)


def _late_store(chain: ChainFloor, _: Callable[[Job], None]) -> None:
    """S003 has joined, sold and synced once; its first load is not made yet."""
    chain.sql(
        HO,
        _MANY.format("item SELECT 'X' || i, 'Item ' || i, 'B' || i"),
        _MANY.format("price SELECT 'X' || i, '2026-01-01', i"),
        "INSERT INTO notice VALUES ('N3','S003','z')",
        "INSERT INTO promotion_site VALUES ('M1','S003')",
    )
    chain.settle(rounds=1)
    chain.join(S003)
    chain.sql(
        S003,
        "INSERT INTO bill VALUES ('S003',1,100,NULL)",
        "INSERT INTO customer VALUES ('C31','Dan','3','2026-01-03T00:00:00Z')",
    )
    chain.sync(S003)
    chain.sql(HO, "UPDATE item SET name = 'newer' WHERE code = 'X5'")


def _loading(chain: ChainFloor, do: Callable[[Job], None]) -> None:
    """S003's first load is offered, in chunks of a hundred records, and has a tail."""
    _late_store(chain, do)
    do(run_of(chain, HO, rows=100))
    chain.sql(HO, "UPDATE item SET name = 'newest' WHERE code = 'X6'", *_WORK)
    chain.done(HO)


def _joining(chain: ChainFloor, _: Callable[[Job], None]) -> None:
    """S003 has its tables, a bill and a code."""
    _invited(chain, S003)


def _joining_again(chain: ChainFloor, _: Callable[[Job], None]) -> None:
    """S001 is enrolled again, with a new code, in the home that it has."""
    chain.sql(S001, *_bill(S001, 3))
    _invited(chain, S001)


def _invited(chain: ChainFloor, site: str) -> None:
    if not chain.database(site).exists():
        chain.sql(site, *filter(str.strip, TABLES.split(";")))
        chain.sql(site, f"INSERT INTO bill VALUES ('{site}',1,100,NULL)")
    (chain.root / "code.txt").write_text(invite(chain.relay.home, site, "store"))
    (chain.root / "plan.json").write_text(json.dumps(floor_plan()))


def _older_head_office(chain: ChainFloor, do: Callable[[Job], None]) -> None:
    _head_office(chain, do)
    crash_older.take_back_site(chain.database(HO))


def _older_store(chain: ChainFloor, do: Callable[[Job], None]) -> None:
    _selective(chain, do)
    chain.done(HO)
    chain.sql(S001, *_bill(S001, 3))
    crash_older.take_back_site(chain.database(S001))


def _older_relay(chain: ChainFloor, do: Callable[[Job], None]) -> None:
    _head_office(chain, do)
    chain.done(HO)
    chain.sql(S001, *_bill(S001, 5))
    chain.relay.stop()
    crash_older.take_back_relay(chain.relay.home / "relay.sqlite3")


_ALL = (*STORES, S003)
_CLASH = (("items", "X7", "duplicate"),)
_LOCAL_GOES = "DELETE FROM item WHERE code = 'LOCAL'"
STORIES = (
    Story("head office, a run", _head_office, HO),
    Story("head office, a selective run", _selective, HO, sites=(S001,)),
    Story("a store, a run", _store, S001, parks=_CLASH, frees=_LOCAL_GOES),
    Story("head office makes a first load", _late_store, HO, stores=_ALL, rows=100),
    Story("a store takes its first load", _loading, S003, stores=_ALL, rows=100),
    Story("Web Database in head office's run", _head_office, HO, kind="relay"),
    Story(
        "Web Database in a store's run",
        _store,
        S001,
        kind="relay",
        parks=_CLASH,
        frees=_LOCAL_GOES,
    ),
    Story("Web Database while a first load is made", _late_store, HO, "relay", (), _ALL, 100),
    Story("Web Database while a first load is taken", _loading, S003, "relay", (), _ALL, 100),
    Story("a store joins", _joining, S003, kind="join", stores=_ALL),
    Story("a store joins again", _joining_again, S001, kind="join"),
    Story("migration of head office", _older_head_office, HO, kind="open"),
    Story("migration of a store", _older_store, S001, kind="open"),
    Story("migration of the Web Database", _older_relay, S001, kind="relay"),
)
