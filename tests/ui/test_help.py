"""F1 opens help in the words of the shop, on the page for what is in front."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ginesys_sync.core.resources import resource_path
from ginesys_sync.core.status import Status
from ginesys_sync.ui import offscreen
from ginesys_sync.ui.starting import application
from ginesys_sync.ui.widgets.help_pages import ORDER, PAGE_OF, help_pages, page_for
from ginesys_sync.ui.widgets.help_window import HelpWindow
from ginesys_sync.ui.widgets.sync_window import SyncWindow
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens, OpensPos

ROOT = Path(__file__).parents[2]
KEYS = {"Ctrl+K"}


def said_in_the_program() -> set[str]:
    """Every text in the program's source, without the marks of keys."""
    found: set[str] = set()
    for path in (ROOT / "ginesys_sync").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value.replace("&", ""))
    return found


def opened(window: SyncWindow, where: QWidget | None = None) -> str:
    """The page that F1 opens, pressed in `where`; the help is closed again."""
    target = where or window
    target.activateWindow()
    offscreen.until(target.isActiveWindow, 10)
    QTest.keyClick(target, Qt.Key.Key_F1)
    assert window.help is not None and window.help.isVisible()
    assert window.help.page is not None
    name = window.help.page.name
    window.help.reject()
    return name


def test_no_page_names_a_label_that_does_not_exist() -> None:
    labels = said_in_the_program()
    named = {
        (page.name, " ".join(label.split()))
        for page in help_pages()
        for label in re.findall(r"\*\*(.+?)\*\*", page.text, re.DOTALL)
    }
    assert len(named) > 40
    assert {(page, label) for page, label in named if label not in labels | KEYS} == set()


def test_every_status_that_a_page_names_exists() -> None:
    named = {word for page in help_pages() for word in re.findall(r"`(.+?)`", page.text, re.DOTALL)}
    assert {"WAITING", "UPLOADED", "RECEIVED", "PROCESSED"} == named
    assert named <= {status.value for status in Status}


def test_every_page_is_in_the_list_and_every_file_is_a_page() -> None:
    assert {path.stem for path in resource_path("help").glob("*.md")} == set(ORDER)
    assert set(PAGE_OF.values()) == set(ORDER)


def test_every_picture_of_a_page_exists() -> None:
    named = [
        place for page in help_pages() for place in re.findall(r"!\[.+?\]\((.+?)\)", page.text)
    ]
    assert named
    for place in named:
        assert resource_path(*place.split("/")).is_file()


def test_every_tab_of_launchpad_has_a_page(launchpad: Opens) -> None:
    window = launchpad()
    for place in range(window.tabs.count()):
        window.tabs.setCurrentIndex(place)
        assert window.tabs.tabText(place) in PAGE_OF
        assert window.shown in PAGE_OF
    offscreen.settle(window)


def test_f1_opens_the_page_for_the_tab_in_front(launchpad: Opens) -> None:
    window = launchpad()
    assert opened(window) == "first-minute"
    offscreen.show_tab(window, "Sent Data")
    assert opened(window) == "statuses"
    offscreen.show_tab(window, "Application Settings")
    assert opened(window) == "schedules"
    window.tabs.go("Application Settings").show_section("Web Database")  # type: ignore[attr-defined]
    assert opened(window) == "web-database"


def test_f1_opens_the_page_for_the_room_in_front(pos: OpensPos) -> None:
    window = pos()
    assert opened(window) == "my-bills"
    offscreen.show_room(window, "Schedule")
    assert opened(window) == "schedules"
    offscreen.show_room(window, "Users")
    assert window.shown == "HO Control"


def test_f1_helps_with_a_dialog_that_stands_before_the_window(launchpad: Opens) -> None:
    window = launchpad(StagedDesk().needing_attention())
    window.show_attention()
    offscreen.settle(window)
    assert opened(window, window.attention_dialog) == "needs-attention"
    assert window.help is not None
    assert window.help.parent() is window.attention_dialog, "or the dialog would lock it"
    window.attention_dialog.reject()
    window.show_where()
    assert window.where is not None
    assert opened(window, window.where) == "where-is-it"
    window.where.reject()


@pytest.fixture
def help_window(qtbot: QtBot) -> Iterator[HelpWindow]:
    application("light")
    parent = QWidget()
    qtbot.addWidget(parent)
    yield HelpWindow(parent)


def test_every_page_can_be_reached_and_shows_its_title(help_window: HelpWindow) -> None:
    for page in help_pages():
        help_window.open_on(page.name)
        assert help_window.page == page
        assert help_window.text.toPlainText().startswith(page.title)


def test_the_pages_are_searched_by_words(help_window: HelpWindow) -> None:
    help_window.open_on(page_for("Runs"))
    QTest.keyClicks(help_window.search, "log in users")
    titles = [help_window.list.item(row).text() for row in range(help_window.list.count())]
    assert titles == ["For the store: my bills"]
    assert help_window.page is not None and help_window.page.name == "my-bills"
    help_window.search.setText("elephant")
    assert help_window.list.count() == 0 and help_window.nothing.isVisible()
    help_window.search.clear()
    assert help_window.list.count() == len(ORDER)


def test_escape_closes_the_help(help_window: HelpWindow) -> None:
    help_window.open_on(ORDER[0])
    QTest.keyClick(help_window, Qt.Key.Key_Escape)
    assert not help_window.isVisible()
