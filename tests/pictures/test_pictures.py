"""Pictures are made of every screen in its faces, and what is wrong with one is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ginesys_sync.ui.starting import application
from ginesys_sync.ui.widgets import tokens
from tests.pictures.painting import LOOKS, folder_of, opened, other_faces, paint
from tests.pictures.scenes import scenes
from tests.support.judged import cut, weak

pytestmark = pytest.mark.long

A_FEW = (
    "launchpad-sent-data-loading",
    "launchpad-needs-attention-normal",
    "pos-item-master-problem",
)


def test_a_few_screens_are_painted_light_and_dark_without_a_fault(
    qtbot: QtBot, tmp_path: Path
) -> None:
    few = [scene for scene in scenes() if scene.name in A_FEW]
    assert len(few) == len(A_FEW)
    told: list[str] = []
    assert paint(few, tmp_path, 100, told.append) == told == []
    for name in A_FEW:
        light, dark = (
            QImage(str(folder_of(tmp_path, look, 100) / f"{name}.png")) for look in LOOKS
        )
        assert light.size() == dark.size() and light.width() >= 900
        assert light != dark
    for look in LOOKS:
        assert not QImage(str(tmp_path / f"contact-{look}-100.png")).isNull()


@pytest.mark.parametrize("screen", ["launchpad-sent-data", "launchpad-runs", "pos-item-master"])
def test_a_screen_has_its_four_faces(screen: str) -> None:
    names = {scene.name for scene in scenes()}
    assert {f"{screen}-{face}" for face in ("loading", "empty", "normal", "problem")} <= names


@pytest.mark.parametrize("screen", ["launchpad-sites", "pos-received-data"])
def test_a_page_that_a_window_opens_on_shows_its_four_faces_at_the_first_answer(
    qtbot: QtBot, screen: str
) -> None:
    application("light")
    of_screen = [scene for scene in scenes() if scene.name.rpartition("-")[0] == screen]
    for scene in of_screen:
        with opened(scene) as window:
            assert other_faces(scene, window) == [], scene.name
            told = other_faces(replace(scene, face="another"), window)
            assert told == [f"shows its face {scene.face}, not another"]
    assert {scene.face for scene in of_screen} == {"loading", "empty", "normal", "problem"}


def _page(qtbot: QtBot, words: str, ink: str) -> QWidget:
    application("light")
    page, label = QWidget(), QLabel(words)
    label.setStyleSheet(f"color: {ink}; background: {tokens.LIGHT.surface}")
    QVBoxLayout(page).addWidget(label)
    qtbot.addWidget(page)
    page.show()
    qtbot.waitExposed(page)
    return page


def test_words_too_weak_to_be_read_are_found_by_their_painted_colour(qtbot: QtBot) -> None:
    assert weak(_page(qtbot, "Hard to read", "#999999")) == [
        "QLabel 'Hard to read' stands out by 2.8:1 only"
    ]
    assert weak(_page(qtbot, "Easy to read", tokens.LIGHT.muted)) == []


def test_words_without_room_are_found(qtbot: QtBot) -> None:
    page = _page(qtbot, "A sentence that needs more room than this", "#000000")
    assert cut(page) == []
    page.findChildren(QLabel)[0].setFixedWidth(40)
    assert cut(page) == ["label 'A sentence that needs more room than this'"]
