"""The lists of *Sent Data* and *Received Data* told anew from the tables by plain sqlite3 and plain
Python: what `status --json` says is compared with this, so it shares no line with the program.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

Fact = tuple[str, str, int, int, str, str | None]
"""(site, stream, batch, records, status, processed_at)."""


def _rows(database: Path, query: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


def sent_facts(database: Path) -> set[Fact]:
    """Every own batch for every site it is meant for."""
    stores = {
        row["code"]
        for row in _rows(database, "SELECT * FROM sync_site")
        if row["role"] == "store" and row["state"] in ("active", "blocked")
    }
    names = {row["id"]: row["name"] for row in _rows(database, "SELECT * FROM sync_audience")}
    members: dict[int, set[str]] = {
        number: set(stores) if name == "*" else set() for number, name in names.items()
    }
    for row in _rows(database, "SELECT * FROM sync_audience_site"):
        members[row["audience"]].add(row["site"])
    releases = _rows(database, "SELECT * FROM sync_release")
    acks = _rows(database, "SELECT * FROM sync_ack ORDER BY to_no")
    facts: set[Fact] = set()
    for batch in _rows(database, "SELECT * FROM sync_batch WHERE received_at IS NULL"):
        for site in members[batch["audience"]]:
            count = batch["records"] + batch["gone"]
            status, at = _how_far(batch, site, releases, acks)
            facts.add((site, batch["stream"], batch["no"], count, status, at))
    return facts


def _how_far(
    batch: dict[str, Any],
    site: str,
    releases: list[dict[str, Any]],
    acks: list[dict[str, Any]],
) -> tuple[str, str | None]:
    lane, no = batch["stream"], batch["no"]
    for ack in acks:
        is_of_it = (ack["stream"], ack["site"], ack["epoch"]) == (lane, site, batch["epoch"])
        if is_of_it and ack["to_no"] >= no:
            word = "COVERED BY A FULL LOAD" if ack["kind"] == "load" else "PROCESSED"
            return word, ack["applied_at"]
    is_free = any(
        r["stream"] == lane and r["site"] in (site, "*") and r["to_no"] >= no for r in releases
    )
    return ("UPLOADED" if is_free and batch["uploaded_at"] else "WAITING"), None


def received_facts(database: Path, me: str) -> set[Fact]:
    """Every batch of another site that came, and every acknowledgement that was collected (with the
    number of batches it covers as its records)."""
    places = {row["stream"]: row for row in _rows(database, "SELECT * FROM sync_stream")}
    acks = _rows(database, "SELECT * FROM sync_ack ORDER BY to_no")
    facts: set[Fact] = set()
    for batch in _rows(database, "SELECT * FROM sync_batch WHERE received_at IS NOT NULL"):
        place = places[batch["stream"]]
        is_applied = place["epoch"] == batch["epoch"] and place["applied_no"] >= batch["no"]
        own = [
            ack["applied_at"]
            for ack in acks
            if (ack["stream"], ack["site"]) == (batch["stream"], me) and ack["to_no"] >= batch["no"]
        ]
        count = batch["records"] + batch["gone"]
        origin = batch["stream"].partition("/")[0]
        word = "PROCESSED" if is_applied else "RECEIVED"
        at = own[0] if is_applied and own else None
        facts.add((origin, batch["stream"], batch["no"], count, word, at))
    for ack in acks:
        if ack["site"] != me:
            count = ack["to_no"] - ack["from_no"]
            at = ack["collected_at"]
            facts.add((ack["site"], ack["stream"], ack["to_no"], count, "PROCESSED", at))
    return facts


def told_facts(rows: list[dict[str, Any]]) -> set[Fact]:
    """What `status --json` says, in the same shape. No row may stand twice."""
    facts = {
        (
            row["site"],
            row["stream"],
            row["batch"],
            row["records"],
            row["status"],
            row["processed_at"],
        )
        for row in rows
    }
    assert len(facts) == len(rows), "a row stands twice"
    return facts
