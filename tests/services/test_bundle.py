"""The support bundle holds what helps, and no secret."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from ginesys_sync.core.errors import KnownError
from ginesys_sync.services.bundle import make_bundle
from tests.support.retail_chain import HO, S001, RetailChain, run_verb


def test_it_holds_logs_versions_lists_and_queues_of_the_site(
    settled: RetailChain, tmp_path: Path
) -> None:
    said = run_verb("support-bundle", "--home", settled.home(HO), "--to", tmp_path / "bundle.zip")
    assert said.code == 0
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        names = set(bundle.namelist())
        about = json.loads(bundle.read("about.json"))
        queue = json.loads(bundle.read("queue.json"))
        sent = json.loads(bundle.read("sent.json"))
    assert {"about.json", "doctor.txt", "queue.json", "runs.json", "attention.json"} <= names
    assert about["home"]["site"] == HO
    assert queue["rows"]["sync_run"] == settled.scalar(HO, "SELECT count(*) FROM sync_run")
    assert {row["site"] for row in sent} == {"S001", "S002"}


def test_no_secret_is_in_it_wherever_it_may_have_been_written(
    settled: RetailChain, tmp_path: Path
) -> None:
    home = settled.home(S001)
    key = (home / "key").read_text().strip()
    (home / "mail-password").write_text("hunter2-and-more")
    (home / "logs").mkdir(exist_ok=True)
    (home / "logs" / "ginesys-sync.log").write_text(
        f"Authorization: Bearer S001:{key}\npassword=letmein code=ABCD-EFGH\nhunter2-and-more\n"
    )
    settled.set_home(S001, relay=settled.relay.url.replace("://", "://me:mypass@"))
    make_bundle(home, tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        whole = "\n".join(bundle.read(name).decode() for name in bundle.namelist())
    for secret in (key, "hunter2-and-more", "letmein", "ABCD-EFGH", "mypass"):
        assert secret not in whole, secret


def test_a_site_whose_database_is_gone_still_gets_one_that_says_so(
    settled: RetailChain, tmp_path: Path
) -> None:
    settled.database(S001).unlink()
    make_bundle(settled.home(S001), tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        assert b"There is no database at" in bundle.read("queue.json")
        assert b"There is no database at" in bundle.read("doctor.txt")


def test_a_file_that_cannot_be_written_leaves_nothing(settled: RetailChain, tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="is not there"):
        make_bundle(settled.home(S001), tmp_path / "none" / "bundle.zip")
    assert not (tmp_path / "none").exists()
