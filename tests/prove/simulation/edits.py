"""What people and their programs write into the business tables: one statement at a time, by any
writer, between any two steps of any run.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from tests.prove.simulation.chain import HO, Chain
from tests.prove.simulation.world import Broken

_SITES = ("S001", "S002", "S003", "S999")
_TEXTS = ("", "naïve ☕", "tab\tand\nline", "007", "1.10", " x ", "--", "\u202eright")


def head_office_edits(n: int, m: int, at: int) -> list[str]:
    """Statements at head office for keys and values made of three small numbers."""
    site, other = _SITES[m % 4], _SITES[(n + at) % 4]
    return [
        f"INSERT OR REPLACE INTO item VALUES ('I{n}', 'name {m}', NULL)",
        f"INSERT OR IGNORE INTO item VALUES ('I{n}', 'first', NULL)",
        f"UPDATE item SET name = 'name {at}' WHERE code = 'I{n}'",
        f"INSERT INTO item VALUES ('D{n}', 'goes again', 'B{m}')",
        f"UPDATE item SET barcode = 'B{m}' WHERE code = 'I{n}'",
        f"UPDATE item SET barcode = NULL WHERE code = 'I{n}'",
        f"UPDATE OR REPLACE item SET barcode = 'B{m}' WHERE code = 'D{n}'",
        # Two records swap a unique value, in one transaction.
        f"SWAP I{n} I{m}",
        f"DELETE FROM item WHERE code = 'D{n}'",
        f"DELETE FROM price WHERE item_code = 'I{n}'; DELETE FROM promotion_item WHERE "
        f"item_code = 'I{n}'; DELETE FROM item WHERE code = 'I{n}'",
        f"UPDATE item SET code = 'D{m}' WHERE code = 'D{n}'",
        f"INSERT OR REPLACE INTO price SELECT code, '2026-0{at}-01', {m} FROM item LIMIT {m}",
        f"INSERT OR REPLACE INTO price VALUES ('I{n}', '2026-0{at}-01', {m})",
        f"DELETE FROM price WHERE minor = {m}",
        f"UPDATE OR IGNORE price SET starts_on = '2026-1{at}-01' WHERE item_code = 'I{n}'",
        f"INSERT OR REPLACE INTO notice VALUES ('N{n}', '{site}', 'words {m}')",
        f"INSERT OR REPLACE INTO notice VALUES ('N{n}', '{other}', 'other words {at}')",
        f"UPDATE notice SET site_code = NULL WHERE code = 'N{n}'",
        f"DELETE FROM notice WHERE code = 'N{n}'",
        f"INSERT OR IGNORE INTO promotion VALUES ('P{n}', 'name {m}')",
        f"UPDATE promotion SET name = 'name {at}{m}' WHERE code = 'P{n}'",
        f"INSERT OR IGNORE INTO promotion_site VALUES ('P{n}', '{site}')",
        f"INSERT OR IGNORE INTO promotion_site VALUES ('P{n}', '{other}')",
        f"DELETE FROM promotion_site WHERE promotion_code = 'P{n}' AND site_code = '{site}'",
        f"INSERT OR IGNORE INTO promotion_item VALUES ('P{n}', 'I{m}', {at})",
        f"UPDATE OR IGNORE promotion_item SET promotion_code = 'P{m}' WHERE promotion_code = "
        f"'P{n}'",
        f"DELETE FROM promotion_item WHERE promotion_code = 'P{n}'",
        f"DELETE FROM promotion WHERE code = 'P{n}'",
        f"INSERT OR REPLACE INTO policy VALUES ('R{n}', 'value {m}')",
        f"UPDATE policy SET value = NULL WHERE code = 'R{n}'",
        f"DELETE FROM policy WHERE code = 'R{n}'",
        f"INSERT OR IGNORE INTO policy_group VALUES ('R{n}', 'G{m % 2}')",
        f"DELETE FROM policy_group WHERE policy_code = 'R{n}' AND group_code = 'G{m % 2}'",
        f"INSERT OR IGNORE INTO site_group_member VALUES ('G{n % 2}', '{site}')",
        f"DELETE FROM site_group_member WHERE group_code = 'G{n % 2}' AND site_code = '{site}'",
        f"INSERT OR REPLACE INTO odd VALUES ({n}, '{m}', x'0{at}')",
        f"INSERT OR REPLACE INTO odd VALUES ('{n}', {m}.5, NULL)",
        f"UPDATE OR REPLACE odd SET code = {m} WHERE code = {n}",
        f"UPDATE odd SET a = char(233) || '{_TEXTS[m % len(_TEXTS)].replace(chr(39), '')}'",
        *customer_edits(n, m, at, HO),
    ]


def customer_edits(n: int, m: int, at: int, site: str) -> list[str]:
    """Of the shared records, at any site."""
    when = f"2026-01-0{at}"
    return [
        f"INSERT OR REPLACE INTO customer VALUES ('C{n}', '{site} {m}', '', '{when}')",
        f"UPDATE customer SET name = '{site} {m}', changed_at = '{when}' WHERE id = 'C{n}'",
        f"DELETE FROM customer WHERE id = 'C{n}'",
    ]


def store_edits(n: int, m: int, at: int, site: str) -> list[str]:
    """Statements at a store."""
    return [
        f"INSERT INTO bill VALUES ('{site}', {n}, {m}, 'C{m}')",
        f"INSERT INTO bill VALUES ('{site}', (SELECT coalesce(max(number), 0) + 1 FROM bill "
        f"WHERE store = '{site}'), {m}, NULL)",
        f"INSERT INTO bill_line SELECT '{site}', {n}, {m}, code, {at} FROM item "
        "WHERE code LIKE 'I%' LIMIT 1",
        f"INSERT INTO bill_line SELECT '{site}', number, {m}, NULL, {at} FROM bill LIMIT 2",
        f"UPDATE bill_line SET amount = {m} WHERE number = {n}",
        f"UPDATE OR IGNORE bill_line SET number = {m} WHERE number = {n}",
        f"UPDATE bill SET total = total + {at} WHERE number = {n}",
        f"DELETE FROM bill_line WHERE line = {m}",
        f"DELETE FROM bill_line WHERE number = {n}; DELETE FROM bill WHERE number = {n}",
        *customer_edits(n, m, at, site),
        *customer_edits(n, m, at, site)[:2],
    ]


def edit(chain: Chain, site: str, pick: int, n: int, m: int, at: int) -> None:
    """One edit; what the tables themselves refuse is the writer's bad luck."""
    choices = head_office_edits(n, m, at) if site == HO else store_edits(n, m, at, site)
    statement = choices[pick % len(choices)]
    chain.world.tell(f"edit {site}: {statement}")
    write(chain, site, _statements(statement))


def _statements(text: str) -> list[str]:
    if text.startswith("SWAP "):
        _, one, other = text.split()
        return [
            "CREATE TEMP TABLE IF NOT EXISTS kept AS SELECT NULL AS one, NULL AS other",
            f"UPDATE kept SET one = (SELECT barcode FROM item WHERE code = '{one}'), "
            f"other = (SELECT barcode FROM item WHERE code = '{other}')",
            f"UPDATE item SET barcode = NULL WHERE code IN ('{one}', '{other}')",
            f"UPDATE item SET barcode = (SELECT other FROM kept) WHERE code = '{one}'",
            f"UPDATE item SET barcode = (SELECT one FROM kept) WHERE code = '{other}'",
        ]
    return [part for part in text.split("; ") if part and part != "--"]


def write(chain: Chain, site: str, statements: Sequence[str]) -> bool:
    """Statements in one transaction; whether the tables took them."""
    connection = chain.plain(site)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in statements:
            connection.execute(statement)
    except sqlite3.IntegrityError as fault:
        connection.execute("ROLLBACK")
        chain.world.tell(f"refused {fault}")
        return False
    except sqlite3.Error as fault:
        raise Broken(f"an edit at {site} failed: {statements}: {fault}") from fault
    connection.execute("COMMIT")
    return True
