"""One customer edited at a store while its line was down and at head office: both versions are seen
in the window, the one that lost is put back, and after a sync everybody holds it."""

from __future__ import annotations

import pytest

from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.conflicts_page import ConflictsPage
from ginesys_sync.ui.launchpad.control_page import CONFLICTS, LOG
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from tests.journeys.conftest import Windows
from tests.journeys.stepping_in import control, give, noted, sync, sync_all
from tests.support.retail_chain import HO, S001, S002, RetailChain

pytestmark = [pytest.mark.slow, pytest.mark.long]
EVERYWHERE = (HO, S001, S002)


def _edit(chain: RetailChain, site: str, who: str, phone: str, moment: str) -> None:
    chain.sql(
        site,
        f"UPDATE customer SET phone = '{phone}', changed_at = '{moment}' WHERE id = '{who}'",
    )


def _phones(chain: RetailChain, who: str) -> list[str]:
    return [
        chain.scalar(site, f"SELECT phone FROM customer WHERE id = '{who}'") for site in EVERYWHERE
    ]


def _page(office: LaunchpadWindow) -> ConflictsPage:
    return control(office, CONFLICTS).conflicts


def test_a_customer_edited_at_two_places_is_shown_with_both_versions_and_one_is_put_back(
    settled: RetailChain, windows: Windows
) -> None:
    office, store = windows.launchpad(settled), windows.pos(settled, S001)
    assert _page(office).faces.face == "empty"
    who, name = settled.sql(HO, "SELECT id, name FROM customer ORDER BY id LIMIT 1")[0]
    # Neither has heard of the other: the store's edit waits there while its line is down.
    _edit(settled, S001, who, "022 111", "2026-11-27T10:00:00Z")
    _edit(settled, HO, who, "022 999", "2026-11-27T11:00:00Z")
    sync(store)
    sync_all(office)
    sync(store)
    settled.done(S002)
    assert _phones(settled, who) == ["022 999"] * 3

    page = _page(office)
    assert page.title.text() == "1 record was edited at two places at once."
    (row,) = offscreen.rows(page.table)
    assert (row["Record"].split(), row["Name"], row["Versions"], row["Stands"]) == (
        ["Customer", who],
        name,
        "2",
        "Head office",
    )
    lines = {line["Field"]: line for line in offscreen.rows(page.versions.table)}
    phone = lines["Phone"]
    assert phone["Compared"] == "Differs"
    assert phone["Version 1: Head office"] == "022 999"
    assert phone["Version 2: S001"] == "022 111"
    assert lines["Name"]["Compared"] == "Same"

    offscreen.press(page.put_back)
    give(page.deed, "the store asked the customer", "Put Back")
    offscreen.until(page.said.isVisible, what="what was done")
    assert page.said.words.text() == (
        f"Version 2 of customer {who} stands here now. The next sync sends it."
    )
    offscreen.until(lambda: offscreen.rows(page.table)[0]["Stands"] == S001, what="the list")
    assert _phones(settled, who) == ["022 111", "022 999", "022 999"]
    sync_all(office)
    sync(store)
    settled.done(S002)
    assert _phones(settled, who) == ["022 111"] * 3
    assert settled.rows(S001, "customer") == settled.rows(HO, "customer")
    assert [row["Versions"] for row in offscreen.rows(_page(office).table)] == ["2"]
    assert noted(settled) == [
        ("prefer", f"customer {who}, version 2 (S001)", "the store asked the customer")
    ]
    (line,) = offscreen.rows(control(office, LOG).log.table)
    assert (line["Did"], line["Why"]) == ("Put back", "the store asked the customer")
