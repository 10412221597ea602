"""`ginesys-sync sync`: whom it goes to, what it prints, how it ends."""

from __future__ import annotations

import json
import signal
import socket

import pytest

from ginesys_sync.services import syncing
from ginesys_sync.services.syncing import run_lock
from tests.support.retail_chain import (
    BILLS,
    CLOSING,
    HO,
    S001,
    S002,
    SMALL,
    RetailChain,
    run_verb,
    wait_until,
)
from tests.support.weather import Storm, Weather


def changes(chain: RetailChain, site: str) -> int:
    """Changes that no run has sealed yet."""
    return int(chain.scalar(site, "SELECT count(*) FROM sync_change"))


def test_head_office_without_a_site_sends_to_all_of_them(chain: RetailChain) -> None:
    said = chain.done(HO)
    assert said.lines[0].startswith("To send: ")
    assert f"{SMALL.items} items" in said.lines[0]
    assert {row["site"] for row in chain.status(HO, "sent")} == {S001, S002}
    assert all(row["status"] == "UPLOADED" for row in chain.status(HO, "sent"))
    assert chain.status(HO, "runs")[0]["what"] == "Sync All"


def test_all_is_the_same_as_naming_nobody(chain: RetailChain) -> None:
    chain.done(HO, "--all")
    assert all(row["status"] == "UPLOADED" for row in chain.status(HO, "sent"))


def test_a_named_site_gets_what_is_its_and_the_other_waits(chain: RetailChain) -> None:
    said = chain.done(HO, "--site", S002)
    rows = chain.status(HO, "sent")
    assert {row["status"] for row in rows if row["site"] == S002} == {"UPLOADED"}
    assert {row["status"] for row in rows if row["site"] == S001} == {"WAITING"}
    waiting = sum(row["records"] for row in rows if row["site"] == S001)
    assert f"{waiting:,} records wait for S001, not ticked this time." in said.lines
    chain.done(S001)
    assert chain.rows(S001, "item") == []


def test_site_may_be_named_again_and_again(chain: RetailChain) -> None:
    chain.done(HO, "--site", S002, "--site", S001, "--site", S002)
    assert {row["status"] for row in chain.status(HO, "sent")} == {"UPLOADED"}
    assert chain.status(HO, "runs")[0]["what"] == "Sync Selective to S002, S001"


def test_a_run_prints_its_counts_first_and_the_closing_sentence_last(chain: RetailChain) -> None:
    said = chain.done(S001)
    assert said.lines[0] == f"To send: {BILLS} bills."
    assert any(line.startswith(f"HO: sent {BILLS}, received 0,") for line in said.lines)
    assert said.lines[-2] == (
        "Waiting for head office to sync: then your records are processed there."
    )
    assert said.last == CLOSING
    assert said.err == ""


def test_each_stage_has_one_line_with_what_it_did_in_all(chain: RetailChain) -> None:
    said = chain.done(HO)
    lines = [line for line in said.lines if line.startswith(("Collecting: ", "Sending: "))]
    assert [line.partition(":")[0] for line in lines] == ["Collecting", "Sending"]
    sent = {(row["stream"], row["batch"]): row["records"] for row in chain.status(HO, "sent")}
    assert lines[1].startswith(f"Sending: {sum(sent.values()):,}, ")


def test_a_run_with_nothing_to_do_says_so(settled: RetailChain) -> None:
    assert settled.done(S001).lines[0] == "To send: nothing new."
    assert settled.done(HO).lines[-2] == "Every store has processed what it was sent."


@pytest.mark.parametrize("words", [("--all",), ("--site", "S001"), ("--site", "HO")], ids=" ".join)
def test_a_store_is_refused_all_and_site(chain: RetailChain, words: tuple[str, ...]) -> None:
    said = chain.sync(S001, *words)
    assert said.code == 2
    assert said.last == (
        "Sync stopped: a store's Sync always goes to head office. Nothing is lost. "
        "Leave out --all and --site: they are head office's."
    )
    assert changes(chain, S001) > 0
    assert chain.status(S001, "runs") == []


def test_a_code_in_small_letters_is_asked_back(chain: RetailChain) -> None:
    said = chain.sync(HO, "--site", "s001")
    assert said.code == 2
    assert said.last.endswith("Nothing is lost. Did you mean S001?")


@pytest.mark.parametrize("code", ["S009", "HO", "S001 ", ""])
def test_a_site_the_chain_does_not_have_is_refused_before_anything_is_sealed(
    chain: RetailChain, code: str
) -> None:
    before = changes(chain, HO)
    said = chain.sync(HO, "--site", S001, "--site", code)
    assert said.code == 2
    assert said.last == (
        f"Sync stopped: there is no store {code!r} in this chain. Nothing is lost. "
        "`ginesys-sync status --sites` lists the sites of the chain."
    )
    assert changes(chain, HO) >= before
    assert chain.status(HO, "sent") == []
    assert chain.rows(HO, "sync_batch") == []


def test_a_run_that_is_refused_for_a_site_has_done_nothing_before(settled: RetailChain) -> None:
    settled.sql(HO, "UPDATE item SET name = name || '!'")
    settled.done(HO)
    settled.done(S001)
    said = settled.sync(HO, "--site", "S009")
    assert said.code == 2
    assert len(said.lines) == 1, said.out
    settled.done(HO)
    done = {row["site"] for row in settled.status(HO, "sent") if row["status"] == "PROCESSED"}
    assert S001 in done


def test_a_site_that_was_invited_but_has_not_joined_is_refused(chain: RetailChain) -> None:
    chain.invite("S003")
    said = chain.sync(HO, "--site", "S003")
    assert said.code == 2
    assert said.last == (
        "Sync stopped: S003 has been invited but has not joined yet. Nothing is lost. "
        "Give the store its enrolment code; it joins with `ginesys-sync init`."
    )


def test_a_closed_site_is_refused_and_the_others_go_on(chain: RetailChain) -> None:
    chain.sql(HO, "UPDATE site SET is_open = 0 WHERE code = 'S002'")
    said = chain.sync(HO, "--site", S002)
    assert said.code == 2
    assert said.last == (
        "Sync stopped: S002 is closed and does not sync. Nothing is lost. Choose open stores only."
    )
    chain.done(HO)
    assert {row["site"] for row in chain.status(HO, "sent")} == {S001}


def test_a_blocked_site_is_refused_at_head_office_and_told_so_itself(chain: RetailChain) -> None:
    from ginesys_sync.services.site import opened_site
    from ginesys_sync.wire.control_messages import SiteChange

    with opened_site(chain.home(HO)) as site:
        web = site.web()
        web.change_site(SiteChange(site=S002, state="blocked", reason="Stock taking"))
        web.close()
    said = chain.sync(HO, "--site", S002)
    assert (said.code, said.last) == (
        2,
        "Sync stopped: S002 is blocked and does not sync. Nothing is lost. Unblock it first.",
    )
    said = chain.sync(S002)
    assert said.code == 2
    assert said.last == (
        "Sync stopped: S002 is blocked at head office. Nothing is lost. "
        "Reason: Stock taking. Ask head office to unblock it."
    )
    assert changes(chain, S002) > 0


def test_a_run_with_something_that_needs_attention_ends_with_1_and_says_which(
    settled: RetailChain,
) -> None:
    settled.sql(
        S001,
        "CREATE TRIGGER no BEFORE UPDATE ON item BEGIN SELECT RAISE(ABORT, 'locked here'); END",
    )
    code = settled.scalar(HO, "SELECT min(code) FROM item")
    settled.sql(
        HO,
        f"UPDATE item SET name = 'New name' WHERE code = '{code}'",
        "UPDATE mode_of_payment SET name = name || '!'",
    )
    settled.done(HO)
    said = settled.sync(S001)
    assert (said.code, said.last) == (1, CLOSING)
    assert any(line.startswith(f"Needs attention: items {code}: ") for line in said.lines)
    assert "needs attention 1" in next(line for line in said.lines if line.startswith("HO: "))
    assert settled.rows(S001, "mode_of_payment") == settled.rows(HO, "mode_of_payment")
    listed = settled.status(S001, "attention")
    assert [(row["site"], row["key"]) for row in listed] == [(S001, code)]
    assert "locked here" in listed[0]["reason"]
    said = settled.sync(HO)
    assert (said.code, said.last) == (0, CLOSING)
    assert [(row["site"], row["key"]) for row in settled.status(HO, "attention")] == [(S001, code)]
    settled.sql(S001, "DROP TRIGGER no")
    assert settled.sync(S001).code == 0
    settled.done(HO)
    assert settled.status(S001, "attention") == settled.status(HO, "attention") == []
    assert settled.rows(S001, "item") == settled.rows(HO, "item")


def test_events_come_as_one_object_a_line_from_the_beginning_to_the_end(
    chain: RetailChain,
) -> None:
    said = chain.sync(S001, "--events", "json")
    events = [json.loads(line) for line in said.lines]
    assert said.code == 0
    assert [event["event"] for event in (events[0], events[-1])] == ["RunStarted", "RunEnded"]
    assert events[0] == {"event": "RunStarted", "run": 1, "what": "Sync"}
    assert {"event": "Counted", "waiting": {"bills": BILLS}} in events
    assert events[-1] == {"event": "RunEnded", "run": 1, "outcome": "done", "closing": CLOSING}
    moved = [event for event in events if event["event"] == "StageMoved"]
    assert {event["stage"] for event in moved} >= {"Collecting", "Sending", "Finishing"}
    for stage in {event["stage"] for event in moved}:
        done = [event["done"] for event in moved if event["stage"] == stage]
        assert done == sorted(done), f"{stage} went backwards"


def test_events_of_a_run_that_could_not_be_done_end_with_why(chain: RetailChain) -> None:
    chain.relay.stop()
    said = chain.sync(S001, "--events", "json")
    last = json.loads(said.last)
    assert said.code == 2
    assert (last["event"], last["outcome"]) == ("RunEnded", "stopped")
    assert last["closing"].startswith("Sync stopped: ")


def test_a_refusal_with_events_is_told_as_an_event_too(chain: RetailChain) -> None:
    said = chain.sync(S001, "--all", "--events", "json")
    assert said.code == 2
    assert [json.loads(line)["event"] for line in said.lines] == ["RunEnded"]


def test_a_second_run_while_one_is_on_is_refused_and_disturbs_nothing(
    settled: RetailChain,
) -> None:
    with run_lock(settled.home(HO)):
        said = settled.sync(HO)
    assert said.code == 2
    assert said.last == (
        "Sync stopped: a sync of this site is already running. Nothing is lost. "
        "Wait until it has ended; there is no need to start another."
    )
    settled.done(HO)


def test_ctrl_c_ends_a_run_with_3_and_the_next_one_finishes_it(chain: RetailChain) -> None:
    chain.done(HO)
    lock = chain.home(S001) / syncing.LOCK_FILE
    with Weather(chain.relay.url) as weather:
        weather.set(Storm(latency_seconds=0.3))
        chain.set_home(S001, relay=weather.url)
        child = chain.child("sync", "--home", chain.home(S001))
        wait_until(lock.exists, "the run's beginning")
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (3, "")
    assert out.splitlines()[-1].startswith("Sync stopped: ")
    assert "Nothing is lost." in out.splitlines()[-1]
    assert chain.status(S001, "runs")[0]["outcome"] == "cancelled"
    chain.set_home(S001, relay=chain.relay.url)
    chain.done(S001)
    chain.done(HO)
    assert chain.rows(S001, "item") == chain.rows(HO, "item")
    assert chain.rows(S001, "bill") == chain.sql(HO, "SELECT * FROM bill WHERE store = 'S001'")


def test_ctrl_c_pressed_again_ends_a_run_whose_web_database_never_answers(
    chain: RetailChain,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        chain.set_home(S001, relay=f"http://127.0.0.1:{silent.getsockname()[1]}")
        child = chain.child("sync", "--home", chain.home(S001))
        wait_until(lambda: chain.rows(S001, "sync_run"), "the run's beginning")

        def has_ended() -> bool:
            child.send_signal(signal.SIGINT)
            return child.poll() is not None

        wait_until(has_ended, "its end", seconds=20)
        out, err = child.communicate()
    assert (child.returncode, err) == (3, "")
    assert out.splitlines()[-1].startswith("Sync stopped: a person ended it. Nothing is lost.")
    chain.set_home(S001, relay=chain.relay.url)
    assert chain.sync(S001).code in (0, 1)
    assert [row["outcome"] for row in chain.status(S001, "runs")] == ["done", "stopped"]


def test_a_folder_that_is_no_home_is_refused_in_a_sentence(chain: RetailChain) -> None:
    said = run_verb("sync", "--home", chain.root / "nowhere")
    assert said.code == 2
    assert said.last.startswith("Sync stopped: ")
    assert said.last.endswith("Give the folder that was made with `ginesys-sync init`.")
    assert "Nothing is lost." in said.last
