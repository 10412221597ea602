"""The part of the staged desk that is stepped into: what was asked of it stands in `deeds`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ginesys_sync.core.errors import KnownError, NotPossible
from ginesys_sync.services.control_views import (
    ASKS,
    AgainWanted,
    AuditLine,
    BlockLine,
    Kinds,
    Oddity,
    Preview,
    PreviewLine,
    RecordKind,
    Target,
)
from ginesys_sync.services.views import AttentionRow, Done, Page
from tests.support import staged_data as data
from tests.support.staged_conflicts import StagedConflicts

KINDS = Kinds(
    (
        RecordKind("items", "item", "items", "catalogue", True),
        RecordKind("prices", "price", "prices", "pricing", True),
        RecordKind("promotions", "promotion", "promotions", "pricing", True),
        RecordKind("users", "user", "users", "users", True),
        RecordKind("customers", "customer", "customers", "customers", True),
        RecordKind("bills", "bill", "bills", "sales", False),
    ),
    (
        ("users", "Users"),
        ("catalogue", "Items"),
        ("pricing", "Prices"),
        ("sales", "Sales"),
        ("customers", "Customers"),
    ),
)
LINES = (
    PreviewLine("items", "1 item", "all stores", 1, 0, 0, 410, False),
    PreviewLine("prices", "1,243 prices", "S001, S002", 1243, 0, 42, 96_400, False),
    PreviewLine("promotions", "3 promotions", "S001", 3, 2, 0, 2_100, True),
)
ODD = (
    Oddity(
        "prices",
        "12 prices fall by more than half.",
        (
            "85123A / 2026-12-01: price 2.95 → 1.00",
            "84029G / 2026-12-01: price 4.25 → 1.25",
        ),
    ),
    Oddity("promotions", "2 promotions would be deleted, of 9."),
)


class StagedControl(StagedConflicts):
    """Set `blocked`, `logged`, `odd` before a window is shown. `deed_fault` makes what is done
    fail, `preview_fault` the preview."""

    attention_rows: list[AttentionRow]

    def stage_control(self) -> None:
        """Nothing blocked, nothing odd, nothing done."""
        self.blocked: list[BlockLine] = []
        self.logged: list[AuditLine] = []
        self.conflicted = []
        self.to_send: tuple[PreviewLine, ...] = LINES
        self.odd: tuple[Oddity, ...] = ()
        self.previewed: list[Sequence[str] | None] = []
        self.deeds: list[tuple[Any, ...]] = []
        self.deed_fault: KnownError | None = None
        self.preview_fault: KnownError | None = None

    def _ask(self) -> None:
        raise NotImplementedError

    def change(self, **fields: object) -> None:
        raise NotImplementedError

    def _do(self, *deed: Any) -> Done:
        self._ask()
        if self.deed_fault is not None:
            raise self.deed_fault
        self.deeds.append(deed)
        return Done(f"{deed[0].capitalize()}: done.", "It goes with the next sync.")

    def with_blocks(self) -> Any:
        """A channel, a kind, a record and a store, and what was done before."""
        self.blocked = [
            BlockLine("record", "items", "85123A", "item 85123A", "Wrong bar code on the label",
                      "asha", data.ago(minutes=12), 1),
            BlockLine("channel", "pricing", "", "channel Prices",
                      "The Christmas prices are not checked yet", "asha", data.ago(hours=3), 1243),
            BlockLine("entity", "users", "", "all users", "Roles are being changed", "ravi",
                      data.ago(days=2), 0),
            BlockLine("site", "S014", "", "store S014", "Stock taking", "ravi", data.ago(days=3),
                      412),
        ]  # fmt: skip
        told = (
            ("block", "item 85123A", "Wrong bar code on the label"),
            ("withdraw", "batch 12 of Prices from all stores", "half the price"),
            ("answered: keep", "items at S003", "our own range"),
            ("set schedule", "all stores: every day, every 15 minutes from 09:00 to 21:00", ""),
            ("send again", "price 85123A / 2026-11-01 to S001", ""),
            ("discard", "bill S001 / 000451, from S001", "entered twice"),
        )
        self.logged = [
            AuditLine(len(told) - place, data.ago(hours=7 * place, minutes=12), "asha", *words)
            for place, words in enumerate(told)
        ]
        return self

    def with_question(self, site: str = "S001") -> Any:
        """A full load left out more than a tenth of the items."""
        at_office = f"12 of the 40 items at {site} are not in head office's full load. They are "
        reason = f"{at_office}kept until someone says whether they should go."
        row = AttentionRow(site, "Items", "2026-11-28T01:00:00Z", ASKS, reason, "", "HO/catalogue",
                           9, data.ago(hours=2), data.ago(hours=2), 0, "item", "items")  # fmt: skip
        self.attention_rows = [row]
        self.change(attention=1, questions=1)
        return self

    def with_oddities(self) -> Any:
        """Prices that fall, promotions that would be deleted."""
        self.odd = ODD
        return self

    # --- what a Desk answers ---

    def kinds(self) -> Kinds:
        self._ask()
        return KINDS

    def blocks(self) -> tuple[BlockLine, ...]:
        self._ask()
        return tuple(self.blocked)

    def block(self, target: Target, reason: str) -> Done:
        done = self._do("block", target, reason)
        what = f"{target.name} {target.key}".strip()
        line = BlockLine(target.kind, target.name, target.key, what, reason, "asha", data.ago(), 0)
        self.blocked.insert(0, line)
        self.change()
        return done

    def unblock(self, target: Target, reason: str) -> Done:
        done = self._do("unblock", target, reason)
        self.blocked = [line for line in self.blocked if line.target != target]
        self.change()
        return done

    def audit(self, before: int | None, limit: int) -> Page[AuditLine]:
        self._ask()
        return Page(tuple(self.logged[:limit]))

    def retry(self, row: AttentionRow) -> Done:
        return self._do("retry", row.entity, row.key, row.site)

    def discard(self, row: AttentionRow, reason: str) -> Done:
        done = self._do("discard", row.entity, row.key, row.site, reason)
        self.attention_rows = [one for one in self.attention_rows if one != row]
        return done

    def answer_line(self, row: AttentionRow, may_go: bool, reason: str) -> Done:
        done = self._do("answer", row.entity, row.site, may_go, reason)
        self.attention_rows = [
            replace(one, code="sweep_answered") if one == row else one
            for one in self.attention_rows
        ]
        return done

    def send_again(self, wanted: AgainWanted) -> Done:
        return self._do("send again", wanted)

    def reload(self, site: str, reason: str) -> Done:
        return self._do("reload", site, reason)

    def withdraw(self, stream: str, batch: int, sites: Sequence[str] | None, reason: str) -> Done:
        return self._do("withdraw", stream, batch, sites, reason)

    def preview(self, sites: Sequence[str] | None) -> Preview:
        self._ask()
        self.previewed.append(sites)
        if self.preview_fault is not None:
            raise self.preview_fault
        return Preview(None if sites is None else tuple(sites), self.to_send, self.odd)


HEARD = NotPossible(
    "Batch 41 cannot be taken back: S002 has heard of it already.",
    "Take it back from the other stores only, or correct the records and sync.",
)
