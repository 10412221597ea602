"""`ginesys-sync status`: the shape of every list, and that it says what the tables say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.plain_books import received_facts, sent_facts, told_facts
from tests.support.retail_chain import BILLS, HO, S001, S002, RetailChain, run_verb

SHAPES = {
    "sent": (
        "run kind site stream batch records status uploaded_at received_at processed_at what "
        "attention"
    ),
    "sites": (
        "site name state last_seen_at waiting unacknowledged attention program plan_version "
        "can_sync why_not level why is_online waiting_in_all oldest_waiting_at unprocessed "
        "is_program_old is_plan_old clock_ahead_seconds is_live next_run_at records_24h "
        "contacts_24h alerts"
    ),
    "attention": "site entity key code reason missing stream batch first_at last_at tries",
    "runs": (
        "run started_at ended_at trigger who what outcome sent received processed acknowledged "
        "attention message"
    ),
}
SHAPES["received"] = SHAPES["sent"]


def assert_true(chain: RetailChain, *sites: str) -> None:
    """`status` at these sites says what their tables say."""
    for site in sites:
        database = chain.database(site)
        assert told_facts(chain.status(site, "sent")) == sent_facts(database), site
        assert told_facts(chain.status(site, "received")) == received_facts(database, site), site


def flat(rows: list[dict[str, Any]], what: str) -> None:
    for row in rows:
        assert " ".join(row) == SHAPES[what]
        for name, value in row.items():
            assert value is None or isinstance(value, str | int), f"{name} is not flat"
            if name.endswith("_at") and value is not None:
                assert value.endswith("Z")
                assert datetime.fromisoformat(value) <= datetime.now(UTC)


def test_status_is_true_after_every_step_of_both_ways(chain: RetailChain) -> None:
    assert chain.status(HO, "sent") == chain.status(HO, "received") == []
    for step in ((HO, "--site", S001), (S001,), (HO,), (S002,), (S001,), (HO,), (S001,), (S002,)):
        chain.done(*step)
        assert_true(chain, HO, S001, S002)
    for site in (HO, S001, S002):
        for what in SHAPES:
            flat(chain.status(site, what), what)
    assert {row["status"] for row in chain.status(HO, "sent")} == {"PROCESSED"}
    assert {row["status"] for row in chain.status(S001, "sent")} == {"PROCESSED"}


def test_uploaded_means_on_the_web_database_and_processed_means_in_the_stores_tables(
    chain: RetailChain,
) -> None:
    chain.done(HO)
    uploaded = [row for row in chain.status(HO, "sent") if row["site"] == S001]
    assert {row["status"] for row in uploaded} == {"UPLOADED"}
    assert all(row["uploaded_at"] and row["processed_at"] is None for row in uploaded)
    assert chain.status(S001, "received") == []
    chain.done(S001)
    assert {row["status"] for row in chain.status(HO, "sent") if row["site"] == S001} == {
        "UPLOADED"
    }
    received = chain.status(S001, "received")
    assert {(row["kind"], row["site"], row["status"]) for row in received} == {
        ("data", HO, "PROCESSED")
    }
    assert sum(row["records"] for row in received if row["stream"] == "HO/catalogue") == (
        chain.scalar(S001, "SELECT count(*) FROM item")
    )
    chain.done(HO)
    sent = {row["batch"]: row for row in chain.status(HO, "sent") if row["site"] == S001}
    assert {row["status"] for row in sent.values()} == {"PROCESSED"}
    answers = [row for row in chain.status(HO, "received") if row["kind"] == "acknowledgement"]
    assert {(row["site"], row["status"]) for row in answers} == {(S001, "PROCESSED")}
    at_store = {(row["stream"], row["batch"]): row["processed_at"] for row in received}
    for row in chain.status(HO, "sent"):
        if row["site"] == S001 and (row["stream"], row["batch"]) in at_store:
            assert row["processed_at"] == at_store[row["stream"], row["batch"]]


def test_the_sites_list_says_who_waits_for_what(chain: RetailChain) -> None:
    chain.done(HO, "--site", S001)
    sites = {row["site"]: row for row in chain.status(HO, "sites")}
    sent = chain.status(HO, "sent")
    assert set(sites) == {S001, S002}
    assert sites[S002]["waiting"] == sum(r["records"] for r in sent if r["site"] == S002) > 0
    assert sites[S001]["waiting"] == 0 < sites[S001]["unacknowledged"]
    assert sites[S002]["last_seen_at"] is None
    assert {row["state"] for row in sites.values()} == {"active"}
    assert all(row["can_sync"] and row["why_not"] is None for row in sites.values())
    names = dict(chain.sql(HO, "SELECT code, name FROM site"))
    assert {code: row["name"] for code, row in sites.items()} == names
    chain.done(S001)
    chain.done(HO)
    now = {row["site"]: row for row in chain.status(HO, "sites")}[S001]
    assert now["unacknowledged"] == 0 and now["last_seen_at"] is not None


def test_the_runs_list_tells_every_run_with_its_end(chain: RetailChain) -> None:
    chain.done(S001)
    chain.done(HO)
    chain.relay.stop()
    assert chain.sync(S001).code == 2
    newest, first = chain.status(S001, "runs")
    assert (first["run"], first["outcome"], first["sent"]) == (1, "done", BILLS)
    assert (newest["run"], newest["outcome"]) == (2, "stopped")
    assert newest["message"].startswith("Sync stopped: ")
    assert first["trigger"] == "prompt" and first["started_at"] <= first["ended_at"]


@pytest.mark.parametrize("what", SHAPES)
def test_without_json_the_same_rows_stand_in_a_table(offline: RetailChain, what: str) -> None:
    said = run_verb("status", "--home", offline.home(HO), f"--{what}")
    rows = offline.status(HO, what)
    assert said.code == 0
    if not rows:
        assert said.lines == ["Nothing yet."]
        return
    assert said.lines[0].split() == SHAPES[what].split()
    assert len(said.lines) == len(rows) + 1


def test_limit_gives_the_newest_rows(offline: RetailChain) -> None:
    everything = offline.status(HO, "sent", "--limit", "1000")
    assert len(everything) > 5
    assert offline.status(HO, "sent", "--limit", "5") == everything[:5]
    assert [row["run"] for row in offline.status(HO, "runs", "--limit", "1")] == [3]


def test_status_needs_no_web_database_and_changes_nothing(offline: RetailChain) -> None:
    before = offline.dump(HO)
    assert offline.status(HO, "sent")
    assert offline.dump(HO) == before


def test_status_of_a_folder_that_is_no_home_says_so(tmp_path: object) -> None:
    said = run_verb("status", "--home", tmp_path, "--sent", "--json")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        f"{tmp_path} is not the home folder of a site. "
        "Give the folder that was made with `ginesys-sync init`.\n"
    )
