"""Finding a record by what a person types: the best first, whatever the plan, whatever the text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ginesys_sync.services.finding import MOST_CANDIDATES, find, record_named
from ginesys_sync.services.journey import journey
from ginesys_sync.services.journey_views import Found
from ginesys_sync.services.site import opened_site
from ginesys_sync.store.finding import splits, variants
from tests.support.chain_floor import HO, S001, ChainFloor

pytestmark = pytest.mark.long

OWN_TABLES = """
CREATE TABLE "order"(shop TEXT NOT NULL, year INTEGER NOT NULL, "no" INTEGER NOT NULL,
  "group" BLOB NOT NULL, title TEXT, PRIMARY KEY(shop, year, "no", "group"));
CREATE TABLE size_chart("from" REAL NOT NULL, code PRIMARY KEY, words TEXT);
"""
OWN_PLAN = {
    "name": "own",
    "version": 1,
    "channels": [{"name": "all", "title": "All of it"}],
    "entities": [
        {
            "name": "orders",
            "one": "order",
            "channel": "all",
            "owner": "ho",
            "table": "order",
            "key": ["shop", "year", "no", "group"],
            "label": "title",
        },
        {
            "name": "charts",
            "one": "size chart",
            "channel": "all",
            "owner": "ho",
            "table": "size_chart",
            "key": ["code"],
            "label": "words",
        },
    ],
}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[ChainFloor]:
    """Head office on a customer's own tables: keys of four columns and of no declared type."""
    with ChainFloor(tmp_path) as chain:
        chain.join(HO, tables=OWN_TABLES, plan=OWN_PLAN)
        chain.sql(
            HO,
            "INSERT INTO \"order\" VALUES ('N-1', 2026, 7, x'c0ffee', 'Winter coats')",
            "INSERT INTO \"order\" VALUES ('N-1', 2026, 8, x'00', 'Gloves / mittens')",
            "INSERT INTO size_chart VALUES (1.5, 38, 'thirty-eight'), (1.5, '38', 'as text')",
        )
        yield chain


def found(floor: ChainFloor, text: str, site: str = HO) -> list[str]:
    """What is found: kind and key of each."""
    return [f"{one.entity} {one.key_text}" for one in all_found(floor, text, site).candidates]


def all_found(floor: ChainFloor, text: str, site: str = HO) -> Found:
    with opened_site(floor.home(site)) as opened:
        return find(opened, text)


def test_the_whole_key_comes_before_its_beginning_and_that_before_what_only_holds_it(
    floor: ChainFloor,
) -> None:
    floor.sql(
        HO,
        "INSERT INTO item VALUES ('A1', 'Lamp', '1'), ('A10', 'Lamp', '2'), ('XA1', 'Lamp', '3')",
        "INSERT INTO price VALUES ('A1', '2026-01-01', 5)",
    )
    assert found(floor, "A1") == [
        "items A1",
        "items A10",
        "prices A1 / 2026-01-01",
        "items XA1",
    ]


def test_capitals_do_not_matter_and_words_may_stand_in_any_order(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('AB-7', 'White hanging heart', '1')")
    for text in ("ab-7", "Ab-7", "heart white", "HANGING", "heart ab-7"):
        assert found(floor, text) == ["items AB-7"], text


def test_letters_beyond_a_to_z_are_found_in_small_and_in_capitals(floor: ChainFloor) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('E', 'ÉCLAIR', '1'), ('S', 'Straße', '2')")
    assert found(floor, "éclair") == ["items E"]
    assert found(floor, "straße") == ["items S"]


def test_a_bill_is_found_by_its_number_alone_at_head_office_too(floor: ChainFloor) -> None:
    floor.sql(S001, "INSERT INTO bill VALUES ('S001', 17, 5, ''), ('S001', 170, 5, '')")
    floor.done(S001)
    floor.done(HO)
    for site in (HO, S001):
        assert found(floor, "17", site)[0] == "bills S001 / 17"
        assert found(floor, "S001/17", site) == ["bills S001 / 17"]
        assert found(floor, "S001 17", site)[0] == "bills S001 / 17"


def test_what_is_gone_is_found_by_its_key(floor: ChainFloor) -> None:
    floor.sql(S001, "INSERT INTO bill VALUES ('S001', 17, 5, '')")
    floor.settle()
    floor.sql(S001, "DELETE FROM bill")
    (gone,) = all_found(floor, "17", S001).candidates
    assert gone.is_gone and gone.key == ("S001", 17)
    floor.settle()
    assert all_found(floor, "S001 / 17", S001).candidates[0].is_gone


@pytest.mark.parametrize(
    "key", ["it's", 'say "x"', "100%", "a_b", "a!b", "[x]*?", "; DROP TABLE item; --", "\\", "<b>"]
)
def test_signs_that_mean_something_to_a_database_are_only_signs(
    floor: ChainFloor, key: str
) -> None:
    with floor.open(HO) as connection:
        connection.execute("INSERT INTO item VALUES (?, 'Odd', '1')", (key,))
        connection.execute("INSERT INTO item VALUES ('axb', 'Other 100 x', '2')")
    assert found(floor, key) == [f"items {key}"]
    with opened_site(floor.home(HO)) as opened:
        named = record_named(opened, "items", key)
        assert named is not None and named.key == (key,)
        assert journey(opened, named).record.label == "Odd"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "%",
        "_",
        "\0",
        "a\0b",
        "\ud800",
        "\x1b[31m",
        "9" * 400,
        "-",
        "1e999",
        "9223372036854775808",
        "ab" * 5000,
        "/ / / /",
        "a/b/c/d/e/f/g/h",
        "\N{RIGHT-TO-LEFT OVERRIDE}x",
    ],
)
def test_hostile_texts_find_nothing_and_break_nothing(floor: ChainFloor, text: str) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('A1', 'Lamp', '1')")
    assert all_found(floor, text).candidates == ()


def test_text_that_is_no_utf8_hides_no_other_record(floor: ChainFloor) -> None:
    floor.sql(
        HO,
        "INSERT INTO item VALUES ('A1', CAST(x'4cff6d70' AS TEXT), '1')",
        "INSERT INTO item VALUES ('A2', 'Lamp', '2')",
    )
    assert found(floor, "A") == ["items A1", "items A2"]


def test_keys_of_four_columns_and_of_any_type_are_found(own: ChainFloor) -> None:
    assert found(own, "N-1 / 2026 / 7 / c0ffee") == ["orders N-1 / 2026 / 7 / c0ffee"]
    assert found(own, "N-1/2026/8/00") == ["orders N-1 / 2026 / 8 / 00"]
    assert found(own, "winter") == ["orders N-1 / 2026 / 7 / c0ffee"]
    assert found(own, "N-1") == ["orders N-1 / 2026 / 7 / c0ffee", "orders N-1 / 2026 / 8 / 00"]
    keys = [one.key for one in all_found(own, "38").candidates]
    assert keys == [(38,), ("38",)], "a number and a text are two records"
    with opened_site(own.home(HO)) as opened:
        for one in find(opened, "38").candidates:
            assert journey(opened, one).record.label in ("thirty-eight", "as text")


def test_there_are_never_too_many_and_it_says_that_there_may_be_more(floor: ChainFloor) -> None:
    floor.sql(
        HO,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) "
        "INSERT INTO item SELECT 'I' || i, 'Lamp', 'B' || i FROM n",
    )
    many = all_found(floor, "lamp")
    assert len(many.candidates) == MOST_CANDIDATES and not many.is_complete
    assert all_found(floor, "I499").is_complete


def test_when_the_time_is_over_it_ends_and_says_so(floor: ChainFloor) -> None:
    floor.sql(
        HO,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
        "INSERT INTO item SELECT 'I' || i, 'Lamp', 'B' || i FROM n",
    )
    passed = iter(range(100_000))
    with opened_site(floor.home(HO)) as opened:
        late = find(opened, "no such lamp", ticks=lambda: float(next(passed)))
    assert late.candidates == () and not late.is_complete


def test_a_key_may_be_read_in_more_than_one_way() -> None:
    assert splits("S001 / 17", 2)[0] == ("S001", "17")
    assert ("a/b", "c") in splits("a/b/c", 2) and ("a", "b/c") in splits("a/b/c", 2)
    assert splits("a b", 1) == [("a b",)]
    assert splits("a", 2) == []


def test_a_typed_word_may_be_a_text_a_number_or_bytes() -> None:
    assert variants("17") == ["17", 17, b"\x17"]
    assert variants("007") == ["007"]
    assert variants("Ab") == ["Ab", "AB", "ab", b"\xab"]
    assert 9223372036854775808 not in variants("9223372036854775808")
