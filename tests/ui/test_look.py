"""The look is legible in light and dark, and made of the named values alone."""

from __future__ import annotations

import re

import pytest
from PySide6.QtGui import QColor, QFontDatabase, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit, QStyle, QStyleOptionButton
from pytestqt.qtbot import QtBot

from ginesys_sync.core.resources import resource_path
from ginesys_sync.core.status import Outcome, Status
from ginesys_sync.ui.starting import application
from ginesys_sync.ui.widgets import icons, pill, theme, tokens
from ginesys_sync.ui.widgets.tokens import DARK, LIGHT, Colours

SCHEMES = [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")]


def test_contrast_is_measured_as_the_standard_says() -> None:
    assert tokens.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert tokens.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colours", SCHEMES)
def test_every_text_stands_out_from_its_ground(colours: Colours) -> None:
    weak = {
        name: round(tokens.contrast(ink, ground), 2)
        for name, (ink, ground) in tokens.pairs(colours).items()
        if tokens.contrast(ink, ground) < tokens.CONTRAST_NEEDED
    }
    assert not weak


@pytest.mark.parametrize("colours", SCHEMES)
def test_the_edges_of_controls_can_be_seen(colours: Colours) -> None:
    # WCAG 2.1, 1.4.11: what shows where a control is needs 3:1.
    assert tokens.contrast(colours.control_edge, colours.surface) >= 3
    assert tokens.contrast(colours.accent, colours.surface) >= 3


@pytest.mark.parametrize("colours", SCHEMES)
def test_the_style_sheet_names_only_tokens_that_exist(qtbot: QtBot, colours: Colours) -> None:
    application("light")
    assert "@" not in theme.style_sheet(colours)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_example_in_a_greyed_field_is_greyed_with_it(qtbot: QtBot, scheme: str) -> None:
    application(scheme)
    field = QLineEdit()
    qtbot.addWidget(field)
    field.setEnabled(False)
    field.show()
    qtbot.waitExposed(field)
    example = field.palette().color(QPalette.ColorRole.PlaceholderText)
    assert example == QColor(theme.colours().disabled)
    field.setEnabled(True)
    example = field.palette().color(QPalette.ColorRole.PlaceholderText)
    assert example == QColor(theme.colours().muted)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_tick_of_a_greyed_box_can_be_seen(qtbot: QtBot, scheme: str) -> None:
    application(scheme)
    box = QCheckBox()
    qtbot.addWidget(box)
    box.setChecked(True)
    box.setEnabled(False)
    box.show()
    qtbot.waitExposed(box)
    looks = QStyleOptionButton()
    box.initStyleOption(looks)
    place = box.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, looks, box)
    inside = box.grab(place.adjusted(3, 3, -3, -3)).toImage()
    shades = {
        inside.pixelColor(left, top).name()
        for left in range(inside.width())
        for top in range(inside.height())
    }
    assert max(tokens.contrast(one, other) for one in shades for other in shades) > 2.5


def test_the_style_sheet_has_no_colour_of_its_own() -> None:
    sheet = resource_path("style", "window.qss").read_text(encoding="utf-8")
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b", sheet)


def test_spacings_are_multiples_of_four() -> None:
    names = [name for name in vars(tokens) if name.startswith("SPACE_")]
    sizes = [getattr(tokens, name) for name in (*names, "CONTROL_HEIGHT", "ROW_HEIGHT")]
    assert len(sizes) > 6
    assert not [size for size in sizes if size % 4]


def test_every_status_and_outcome_has_a_word_a_shape_and_a_tone() -> None:
    for status in Status:
        assert status.value and pill.SHAPE_OF[status] and pill.TONE_OF[status] in tokens.TONES
    assert set(pill.OUTCOME_TONE) == set(Outcome)
    by_tone: dict[str, set[str]] = {}
    for status in Status:
        by_tone.setdefault(pill.TONE_OF[status], set()).add(pill.SHAPE_OF[status])
    of_tone = [sum(pill.TONE_OF[one] == tone for one in Status) for tone in by_tone]
    assert of_tone == [len(shapes) for shapes in by_tone.values()], "same tone, same shape"


def test_the_bundled_font_is_the_one_that_is_used(qtbot: QtBot) -> None:
    application("light")
    assert QFontInfo(QApplication.font()).family() == tokens.FONT_FAMILY
    styles = QFontDatabase.styles(tokens.FONT_FAMILY)
    assert {"Regular", "Medium", "SemiBold"} <= set(styles)


def test_the_theme_recolours_a_running_program(qtbot: QtBot) -> None:
    app = application("light")
    ground = QPalette.ColorRole.Window
    assert app.palette().color(ground) == QColor(LIGHT.window)
    light = icons.icon("check", "text").pixmap(16, 16).toImage()
    with qtbot.waitSignal(theme.theme().changed):
        application("dark")
    assert app.palette().color(ground) == QColor(DARK.window)
    assert DARK.window in app.styleSheet()
    assert icons.icon("check", "text").pixmap(16, 16).toImage() != light
    application("light")
    assert app.palette().color(ground) == QColor(LIGHT.window)


def test_auto_follows_the_desktop(qtbot: QtBot) -> None:
    # The offscreen desktop says neither light nor dark: that is light.
    app = application("auto")
    assert app.palette().color(QPalette.ColorRole.Window) == QColor(LIGHT.window)


def test_every_icon_is_recoloured(qtbot: QtBot) -> None:
    for path in resource_path("icons").glob("*.svg"):
        assert "currentColor" in path.read_text(encoding="utf-8"), path.name
