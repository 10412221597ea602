"""`control`: stepping into the sync at the prompt, in words that teach, with codes for scripts."""

from __future__ import annotations

import json

import pytest

from tests.support.retail_chain import HO, S001, S002, RetailChain, Said, run_verb

pytestmark = pytest.mark.long

VERBS = (
    "block",
    "unblock",
    "retry",
    "discard",
    "send-again",
    "reload",
    "withdraw",
    "answer",
    "questions",
    "preview",
    "blocks",
    "audit",
)


def control(chain: RetailChain, site: str, *words: object) -> Said:
    return run_verb("control", "--home", chain.home(site), *words)


def item(chain: RetailChain) -> str:
    return str(chain.scalar(HO, "SELECT min(code) FROM item"))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_of_control_explains_itself(verb: str) -> None:
    said = run_verb("control", "--home", "x", verb, "--help")
    assert said.code == 0
    assert said.out.startswith(f"usage: ginesys-sync control --home DIR {verb}")
    assert verb in run_verb("control", "--help").out


def test_a_record_is_blocked_listed_and_unblocked_and_the_list_of_deeds_says_so(
    settled: RetailChain,
) -> None:
    code = item(settled)
    assert control(settled, HO, "blocks").lines == ["Nothing is blocked."]
    said = control(settled, HO, "block", "--entity", "items", "--key", code, "--reason", "wrong")
    assert (said.code, said.lines) == (
        0,
        [f"The item {code} is blocked: its changes wait here until it is unblocked."],
    )
    settled.sql(HO, f"UPDATE item SET name = 'held back' WHERE code = '{code}'")
    settled.done(HO)
    (block,) = json.loads(control(settled, HO, "blocks", "--json").out)
    assert (block["kind"], block["key"], block["reason"], block["waiting"]) == (
        "record",
        code,
        "wrong",
        1,
    )
    assert block["what"] == f"item {code}"
    assert control(settled, HO, "unblock", "--entity", "items", "--key", code).code == 0
    settled.settle()
    assert settled.rows(S001, "item") == settled.rows(HO, "item")
    deeds = json.loads(control(settled, HO, "audit", "--json").out)
    assert [(deed["action"], deed["what"]) for deed in deeds[:2]] == [
        ("unblock", f"item {code}"),
        ("block", f"item {code}"),
    ]
    assert deeds[0]["who"] and deeds[0]["at"].endswith("Z")


def test_sent_data_says_blocked_and_withdrawn(settled: RetailChain) -> None:
    control(settled, HO, "block", "--channel", "catalogue", "--reason", "not checked")
    settled.sql(HO, "UPDATE item SET name = name || '.'")
    settled.done(HO)
    rows = [row for row in settled.status(HO, "sent") if row["status"] == "BLOCKED"]
    assert {row["site"] for row in rows} == {S001, S002}
    number = rows[0]["batch"]
    told = run_verb("status", "--home", settled.home(HO), "--sent")
    assert "BLOCKED" in told.out
    said = control(
        settled, HO, "withdraw", "--channel", "catalogue", "--batch", number, "--reason", "no"
    )
    assert (said.code, said.lines[0]) == (
        0,
        f"Batch {number} of Items: withdrawn from all stores.",
    )
    rows = [row for row in settled.status(HO, "sent") if row["batch"] == number]
    assert {row["status"] for row in rows if row["stream"] == "HO/catalogue"} == {"WITHDRAWN"}


def test_a_preview_with_something_odd_ends_with_1(settled: RetailChain) -> None:
    assert control(settled, HO, "preview").lines == ["There is nothing to send."]
    settled.sql(HO, "UPDATE item SET name = name || '.'")
    said = control(settled, HO, "preview", "--site", S001)
    assert said.code == 0
    assert said.lines[0].startswith("40 items to S001: about ")
    settled.sql(HO, "UPDATE item SET mrp_minor = mrp_minor / 3")
    said = control(settled, HO, "preview")
    assert said.code == 1
    assert "Look at this: 40 items fall by more than half." in said.out
    found = json.loads(control(settled, HO, "preview", "--json").out)
    assert found["records"] == 40 and found["lines"][0]["entity"] == "items"
    assert len(found["oddities"][0]["examples"]) == 5


def test_sending_again_and_reloading_say_what_follows(settled: RetailChain) -> None:
    said = control(settled, HO, "send-again", "--entity", "items", "--site", S001)
    assert said.lines == ["40 items will be sent again to S001.", "It goes with the next sync."]
    said = control(settled, HO, "send-again", "--entity", "items", "--since", "2999-01-01")
    assert (said.code, said.err) == (
        2,
        "No items were sent since then. There is nothing to send again.\n",
    )
    said = control(settled, HO, "reload", "--site", S002)
    assert said.lines[0] == "S002 will take a full load of everything."
    settled.settle()
    assert settled.rows(S002, "item") == settled.rows(HO, "item")


def test_discarding_asks_for_a_yes(settled: RetailChain) -> None:
    words = ("discard", "--entity", "items", "--key", item(settled))
    said = control(settled, HO, *words)
    assert said.code == 2
    assert "Say --yes if that is what you want." in said.err
    said = control(settled, HO, *words, "--yes")
    assert "needs attention here" in said.err
    assert control(settled, HO, "retry", "--entity", "items", "--key", "none").code == 2


def test_a_store_is_blocked_and_let_in_again(settled: RetailChain) -> None:
    assert control(settled, HO, "block", "--site", S001, "--reason", "stock taking").code == 0
    said = settled.sync(S001)
    assert said.code == 2
    assert "Reason: stock taking." in said.last
    assert control(settled, HO, "unblock", "--site", S001).code == 0
    settled.done(S001)


@pytest.mark.parametrize(
    "words",
    [
        ("block", "--reason", "x"),
        ("block", "--site", "S001"),
        ("block", "--site", "S001", "--channel", "pricing", "--reason", "x"),
        ("withdraw", "--channel", "pricing", "--reason", "x"),
        ("withdraw", "--channel", "pricing", "--reason", "x", "--batch", "9" * 22),
        ("withdraw", "--channel", "pricing", "--reason", "x", "--batch", "-1"),
        ("send-again", "--entity", "items", "--since", "yesterday"),
        ("audit", "--limit", "0"),
        (),
    ],
    ids=" ".join,
)
def test_a_line_that_makes_no_sense_ends_with_2(words: tuple[str, ...]) -> None:
    said = run_verb("control", "--home", "x", *words)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("usage: ginesys-sync control")


def test_a_key_without_a_kind_of_record_is_refused(settled: RetailChain) -> None:
    said = control(settled, HO, "block", "--site", S001, "--key", "x", "--reason", "x")
    assert said.code == 2
    assert "A key needs a kind of record." in said.err
