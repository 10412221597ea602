"""Control > Edited twice: the versions of a record side by side, and putting another one back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from ginesys_sync.core.errors import NotPossible
from ginesys_sync.services.deciding_views import FieldLine
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.launchpad.conflicts_page import ConflictsPage
from ginesys_sync.ui.launchpad.control_page import CONFLICTS, LOG
from ginesys_sync.ui.launchpad.version_table import edited_words
from ginesys_sync.ui.launchpad.window import LaunchpadWindow
from ginesys_sync.ui.widgets.ask import Question
from ginesys_sync.ui.widgets.columns import Role
from ginesys_sync.ui.widgets.rows import PAGE
from ginesys_sync.ui.widgets.wording import exact
from tests.support import staged_data as data
from tests.support.judged import cut, cut_titles
from tests.support.staged_conflicts import ASHA, MANY, RAVI, record
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens
from tests.ui.stepping_in import desk_of, give, section


def opened(window: LaunchpadWindow) -> ConflictsPage:
    return section(window, CONFLICTS).conflicts


def click(page: ConflictsPage, row: int) -> None:
    """Click on a record."""
    place = page.table.visualRect(page.model.index(row, 0)).center()
    QTest.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def click_version(page: ConflictsPage, number: int, line: int = 3) -> QPoint:
    """Click in the column of a version; where that was."""
    table = page.versions.table
    place = table.visualRect(table.model().index(line, number + 1)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    return place


def compared(page: ConflictsPage) -> dict[str, str]:
    """Field → whether the versions differ in it, as it is read."""
    return {row["Field"]: row["Compared"] for row in offscreen.rows(page.versions.table)}


def pills(page: ConflictsPage, row: int, column: int) -> list[tuple[str, str]]:
    found = page.versions.model.index(row, column).data(Role.PILLS) or ()
    return [(each.word, each.shape) for each in found]


def test_nothing_was_edited_twice_and_it_is_said(launchpad: Opens) -> None:
    page = opened(launchpad())
    assert page.faces.face == "empty"
    assert "No record was edited at two places at once." in offscreen.words(page)


def test_what_cannot_be_read_is_said_and_read_again_on_demand(launchpad: Opens) -> None:
    desk = StagedDesk().with_conflicts()
    window = launchpad(desk)
    section(window, LOG)
    desk.fault = NotPossible("The database of this site cannot be read.", "Try again.")
    page = opened(window)
    assert page.faces.face == "problem"
    desk.fault = None
    offscreen.press(page.faces.notice.action)
    offscreen.until(lambda: page.faces.face == "normal")


def test_it_says_that_it_looks_while_nothing_is_answered_yet(launchpad: Opens) -> None:
    desk = StagedDesk().with_conflicts()
    window = launchpad(desk)
    control = section(window, LOG)
    desk.gate.clear()
    control.show_section(CONFLICTS)
    offscreen.turn(20)
    assert control.conflicts.faces.face == "loading"
    desk.gate.set()
    offscreen.until(lambda: control.conflicts.faces.face == "normal")


def test_the_list_names_the_record_its_versions_and_whose_stands(launchpad: Opens) -> None:
    page = opened(launchpad(StagedDesk().with_conflicts()))
    assert page.title.text() == "3 records were edited at two places at once."
    first, second, _ = offscreen.rows(page.table)
    assert first["Record"].split() == ["Customer", "C000117"]
    assert (first["Name"], first["Versions"], first["Stands"], first["Since"]) == (
        "Asha Nair", "2", "Head office", "3 h ago")  # fmt: skip
    assert (second["Versions"], second["Stands"]) == ("3", "S002")
    assert page.model.index(0, 4).data(Qt.ItemDataRole.ToolTipRole) == exact(ASHA.at)


def test_fields_that_differ_come_first_and_are_marked_by_a_word_and_a_shape(
    launchpad: Opens,
) -> None:
    page = opened(launchpad(StagedDesk().with_conflicts()))
    assert page.about.text() == "Customer C000117 Asha Nair: 2 of 6 fields differ."
    assert list(compared(page).items()) == [
        ("Now", ""), ("Edited", ""), ("Name", "Differs"), ("Phone", "Differs"), ("Id", "Same"),
        ("Email", "Same"), ("Town", "Same"), ("Country", "Same"),
    ]  # fmt: skip
    assert pills(page, 2, 1) == [("Differs", "mark")]
    assert pills(page, 4, 1) == []
    now, edited, name, phone, *_ = offscreen.rows(page.versions.table)
    office, store = "Version 1: Head office", "Version 2: S001"
    assert (now[office], now[store]) == ("Stands", "Kept")
    assert pills(page, 0, 2) == [("Stands", "tick")]
    moments = [exact(datetime.fromisoformat(each.edited_at)) for each in ASHA.versions]
    assert [edited[office], edited[store]] == moments
    assert moments[0] != moments[1]
    assert (name[office], name[store]) == ("Asha Nair", "Asha Nair-Kulkarni")
    assert (phone[office], phone[store]) == ("+91 98200 11871", "+91 98200 11817")


def test_a_moment_without_a_zone_is_shown_as_the_record_says_it() -> None:
    version = ASHA.versions[0]
    told = {"2026-04-02": "2026-04-02", "2026-04-02T10:30:00": "2026-04-02 10:30:00",
            "": "Not told", "soon": "soon"}  # fmt: skip
    for said, shown in told.items():
        assert edited_words(replace(version, edited_at=said)) == shown
    assert edited_words(replace(version, edited_at="", is_gone=True)) == "–"


def test_a_version_is_put_back_after_a_question_that_says_what_happens(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().with_conflicts())
    page = opened(window)
    assert page.meant.text().startswith("Version 2: S001, edited ")
    offscreen.press(page.put_back)
    assert page.deed is not None
    assert page.deed.title.text() == "Put S001's version of customer C000117 back?"
    assert page.deed.text.text() == (
        "It becomes an ordinary edit made at head office now, and the next sync takes it to every "
        "site that has the record. The version that stands now is kept in this list, and can be "
        "put back in the same way."
    )
    QTest.keyClick(page.deed, Qt.Key.Key_Return)
    assert desk_of(window).deeds == [], "Enter leaves it"
    offscreen.press(page.put_back)
    give(page.deed, "she married", "Put Back")
    offscreen.until(page.said.isVisible)
    assert desk_of(window).deeds == [("prefer", "customers", "C000117", 2, "she married")]
    assert page.said.words.text() == (
        "Version 2 of customer C000117 stands here now. The next sync sends it."
    )
    offscreen.until(lambda: offscreen.rows(page.table)[0]["Stands"] == "S001")
    assert page.meant.text() == "Version 2: S001 is the one that stands now."
    assert not page.put_back.isEnabled()

    click_version(page, 1)
    offscreen.press(page.put_back)
    assert page.deed.title.text() == "Put head office's version of customer C000117 back?"
    offscreen.press(offscreen.button(page.deed, "Put Back"))
    offscreen.until(lambda: desk_of(window).deeds[-1][3] == 1)


def test_the_version_that_stands_is_not_offered_and_a_click_chooses_another(
    launchpad: Opens,
) -> None:
    page = opened(launchpad(StagedDesk().with_conflicts()))
    click_version(page, 1)
    assert not page.put_back.isEnabled()
    assert page.meant.text() == "Version 1: Head office is the one that stands now."
    table = page.versions.table
    place = table.visualRect(table.model().index(3, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert not page.put_back.isEnabled()
    assert page.meant.text() == "Choose a version: click in its column."
    click_version(page, 2)
    assert page.put_back.isEnabled()


def test_everything_can_be_done_by_keys(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().with_conflicts())
    page = opened(window)
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_Down)
    assert page.about.text().startswith("Customer C000042")
    QTest.keyClick(page.table, Qt.Key.Key_Tab)
    table = page.versions.table
    offscreen.until(table.hasFocus)
    assert page.versions.chosen is not None and page.versions.chosen.number == 3
    QTest.keyClick(table, Qt.Key.Key_Left)
    assert page.versions.chosen.number == 2
    QTest.keyClick(table, Qt.Key.Key_Return)
    assert page.deed is not None and page.deed.isVisible()
    assert page.deed.title.text() == "Put head office's version of customer C000042 back?"
    QTest.keyClick(page.deed, Qt.Key.Key_Escape)
    assert desk_of(window).deeds == []
    QTest.keyClick(table, Qt.Key.Key_Tab)
    offscreen.until(page.put_back.hasFocus)


def test_what_is_read_aloud_names_each_part(launchpad: Opens) -> None:
    page = opened(launchpad(StagedDesk().with_conflicts()))
    assert page.table.accessibleName() == "Records that were edited at two places at once"
    assert page.versions.table.accessibleName() == "Versions of the selected record"
    assert page.put_back.accessibleName() == "Put the selected version back"


def test_a_deletion_is_a_version_and_the_question_says_so(launchpad: Opens) -> None:
    page = opened(launchpad(StagedDesk().with_conflicts()))
    click(page, 1)
    assert pills(page, 0, 4) == [("Kept", "clock"), ("Deleted", "cross")]
    assert page.meant.text() == "Version 3: S001, deleted there"
    offscreen.press(page.put_back)
    assert page.deed is not None
    assert "an ordinary deletion made at head office now" in page.deed.text.text()
    page.deed.reject()


def test_a_record_that_was_edited_since_says_that_this_is_kept_too(launchpad: Opens) -> None:
    desk = StagedDesk()
    versions = tuple(replace(each, stands=False) for each in ASHA.versions)
    desk.conflicted = [replace(ASHA, versions=versions)]
    page = opened(launchpad(desk))
    assert page.title.text() == "1 record was edited at two places at once."
    assert offscreen.rows(page.table)[0]["Stands"] == "Edited since"
    assert page.about.text().endswith("It was edited since: what it says now is none of these.")
    offscreen.press(page.put_back)
    assert page.deed is not None
    assert "edited since: it is kept in this list too" in page.deed.text.text()
    page.deed.reject()


def test_what_is_not_head_offices_to_edit_is_shown_and_not_offered(launchpad: Opens) -> None:
    desk = StagedDesk()
    desk.conflicted = [replace(ASHA, can_prefer=False)]
    page = opened(launchpad(desk))
    assert not page.put_back.isEnabled()
    assert page.meant.text() == "Records of this kind are not head office's to edit."
    page.versions.table.activated.emit(page.versions.model.index(0, 3))
    assert page.deed is None


def test_a_refusal_is_told_and_nothing_changes(launchpad: Opens) -> None:
    desk = StagedDesk().with_conflicts()
    page = opened(launchpad(desk))
    desk.deed_fault = NotPossible("That version refers to town T9, which is not here.")
    offscreen.press(page.put_back)
    assert page.deed is not None
    dialog = page.deed
    offscreen.press(dialog.yes)
    offscreen.until(lambda: dialog.findChild(Question) is not None)
    told = dialog.findChild(Question)
    assert told is not None and "refers to town T9" in " ".join(offscreen.words(told))
    told.accept()
    dialog.reject()
    assert not page.said.isVisible()


def test_looking_again_keeps_the_record_and_the_version_one_stands_on(launchpad: Opens) -> None:
    desk = StagedDesk().with_conflicts()
    window = launchpad(desk)
    page = opened(window)
    click(page, 2)
    click_version(page, 2)
    desk.conflicted = [RAVI, MANY]
    desk.change()
    page.refresh()
    offscreen.until(lambda: len(page.model.rows) == 2)
    assert page.selected == MANY
    assert page.versions.chosen is not None and page.versions.chosen.number == 2


def test_a_further_version_that_comes_does_not_move_one_to_it(launchpad: Opens) -> None:
    desk = StagedDesk().with_conflicts()
    window = launchpad(desk)
    page = opened(window)
    click_version(page, 1)
    further = replace(ASHA.versions[1], number=3, whose="S002")
    fields = tuple(replace(each, values=(*each.values, "S2")) for each in ASHA.fields)
    desk.conflicted[0] = replace(ASHA, versions=(*ASHA.versions, further), fields=fields)
    page.refresh()
    offscreen.until(lambda: page.versions.model.columnCount() == 5)
    assert page.versions.chosen is not None and page.versions.chosen.number == 1


def test_long_values_and_child_rows_are_shown_over_several_lines(launchpad: Opens) -> None:
    desk = StagedDesk()
    lines = ("line 1, item I1\nline 2, item I2\nline 3, item I3", "line 1, item I1")
    fields = (*ASHA.fields, FieldLine("addresses", lines))
    desk.conflicted = [replace(ASHA, fields=fields)]
    page = opened(launchpad(desk))
    table = page.versions.table
    row = [line.name for line in page.versions.model.rows].index("Addresses")
    assert table.rowHeight(row) >= 3 * table.fontMetrics().height()


def test_more_than_a_page_is_told_and_fetched_as_one_scrolls(launchpad: Opens) -> None:
    desk = StagedDesk()
    words = ("A", "1", "a@example.com", "Pune", "India")
    desk.conflicted = [
        record(f"C{n:06}", n, ("HO", data.ago(hours=n), words), ("S001", data.ago(hours=n), words))
        for n in range(PAGE + 1)
    ]
    page = opened(launchpad(desk))
    assert page.title.text() == "100 and more records were edited at two places at once."
    page.table.scrollToBottom()
    offscreen.until(lambda: len(page.model.rows) == PAGE + 1)
    assert page.title.text() == "101 records were edited at two places at once."


def test_nothing_is_cut_in_the_smallest_window(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().with_conflicts())
    page = opened(window)
    window.resize(window.minimumSize())
    offscreen.turn(50)
    for row in range(3):
        click(page, row)
        assert not cut(window)
        assert not cut_titles(page)
