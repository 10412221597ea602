"""*Preview* before a selective send: what would go, what looks odd, and nothing goes unlooked-at
that looks odd."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ginesys_sync.core.errors import Unreachable
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.preview_dialog import PreviewDialog
from ginesys_sync.ui.launchpad.select_site import SelectSite
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens


def chosen(window: LaunchpadWindow) -> SelectSite:
    """*Select Site* with S001 ticked."""
    offscreen.press(window.data_sync.sync_selective)
    assert window.select_site is not None
    offscreen.tick_sites(window.select_site, ["S001"])
    return window.select_site


def previewed(window: LaunchpadWindow) -> PreviewDialog:
    offscreen.press(chosen(window).preview)
    offscreen.settle(window)
    assert window.preview is not None and window.preview.isVisible()
    return window.preview


def asked(window: LaunchpadWindow) -> list[object]:
    assert isinstance(window.desk, StagedDesk)
    return list(window.desk.asked)


def test_nothing_can_be_previewed_before_a_store_is_ticked(launchpad: Opens) -> None:
    window = launchpad()
    offscreen.press(window.data_sync.sync_selective)
    assert window.select_site is not None and not window.select_site.preview.isEnabled()
    window.select_site.reject()


def test_it_shows_what_to_whom_how_much_and_ok_sends(launchpad: Opens) -> None:
    window = launchpad()
    dialog = previewed(window)
    assert not window.select_site.isVisible(), "nothing stacks"  # type: ignore[union-attr]
    rows = offscreen.rows(dialog.table)
    assert [(row["What"], row["To"], row["Records"], row["Deleted"]) for row in rows] == [
        ("1 item", "all stores", "1", "–"),
        ("1,243 prices", "S001, S002", "1,243", "–"),
        ("3 promotions", "S001", "3", "2"),
    ]
    assert rows[2]["Note"] == "Blocked: no store gets it"
    assert dialog.sum.text() == "1,247 records, about 98.9 kB. Nothing is sent yet."
    assert not dialog.odd.isVisible() and asked(window) == []
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    offscreen.until(lambda: asked(window) == [("S001",)])


def test_back_leads_to_the_ticks_as_they_were_and_escape_sends_nothing(launchpad: Opens) -> None:
    window = launchpad()
    dialog = previewed(window)
    offscreen.press(dialog.back)
    select = window.select_site
    assert select is not None and select.isVisible() and select.ticked == ("S001",)
    assert select.ok.isEnabled()
    offscreen.press(select.preview)
    offscreen.settle(window)
    assert window.preview is not None
    QTest.keyClick(window.preview, Qt.Key.Key_Escape)
    assert asked(window) == []


def test_what_looks_odd_is_said_before_ok_sends_it(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().with_oddities())
    select = chosen(window)
    offscreen.press(select.ok)
    offscreen.until(lambda: window.preview is not None and window.preview.isVisible())
    dialog = window.preview
    assert dialog is not None and asked(window) == [] and not select.isVisible()
    said = dialog.odd_words.text().splitlines()
    assert said[0] == "Look at this before it goes:"
    assert "•  12 prices fall by more than half." in said
    assert "     85123A / 2026-12-01: price 2.95 → 1.00" in said
    assert "•  2 promotions would be deleted, of 9." in said
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert asked(window) == [] and select.isVisible(), "Enter goes back"
    offscreen.press(select.ok)
    offscreen.until(lambda: window.preview is not dialog and window.preview.isVisible())  # type: ignore[union-attr]
    offscreen.press(offscreen.button(window.preview, "Send Anyway"))  # type: ignore[arg-type]
    offscreen.until(lambda: asked(window) == [("S001",)])


def test_nothing_odd_goes_without_another_word(launchpad: Opens) -> None:
    window = launchpad()
    offscreen.press(chosen(window).ok)
    offscreen.until(lambda: asked(window) == [("S001",)])
    assert window.preview is None
    assert not window.select_site.isVisible()  # type: ignore[union-attr]


def test_while_it_looks_it_says_so_and_cancel_ends_it(launchpad: Opens) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    select = chosen(window)
    desk.gate.clear()
    offscreen.press(select.ok)
    assert select.count.text() == "Looking at what would go…"
    assert not select.ok.isEnabled() and not select.table.isEnabled()
    offscreen.press(select.cancel)
    desk.gate.set()
    offscreen.settle(window)
    assert desk.previewed and asked(window) == []
    again = chosen(window)
    assert again.ok.isEnabled()
    again.reject()


def test_a_preview_that_cannot_be_made_says_why_and_ok_without_it_still_sends(
    launchpad: Opens,
) -> None:
    desk = StagedDesk()
    window = launchpad(desk)
    select = chosen(window)
    desk.preview_fault = Unreachable("The database is locked.")
    offscreen.press(select.preview)
    offscreen.settle(window)
    dialog = window.preview
    assert dialog is not None and dialog.faces.face == "problem" and not dialog.ok.isEnabled()
    desk.preview_fault = None
    offscreen.press(dialog.faces.notice.action)
    offscreen.until(lambda: dialog.faces.face == "normal")
    desk.preview_fault = Unreachable("The database is locked.")
    offscreen.press(dialog.back)
    offscreen.press(select.ok)
    offscreen.until(lambda: asked(window) == [("S001",)])


def test_with_nothing_to_send_it_says_so_and_still_syncs(launchpad: Opens) -> None:
    desk = StagedDesk()
    desk.to_send = ()
    window = launchpad(desk)
    dialog = previewed(window)
    assert dialog.faces.face == "empty" and "There is nothing to send." in offscreen.words(dialog)
    offscreen.press(dialog.ok)
    offscreen.until(lambda: asked(window) == [("S001",)])
