"""Everything can be told by its name and reached by keyboard, and reads as the desktop's locale."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QProgressBar,
    QTabBar,
    QWidget,
)

from ginesys_sync.ui import offscreen
from ginesys_sync.ui.widgets import wording
from tests.pictures.scenes import Scene, scenes
from tests.support.staged_desk import StagedDesk
from tests.ui.conftest import Opens, OpensPos

pytestmark = pytest.mark.long

_CONTROLS = (
    QAbstractButton, QAbstractItemView, QAbstractSpinBox, QComboBox, QLineEdit, QProgressBar,
    QTabBar,
)  # fmt: skip
SCENES = [scene for scene in scenes() if scene.settles]


def controls(front: QWidget) -> Iterator[QWidget]:
    """What a person can act on there, apart from the parts Qt makes inside its own controls."""
    for child in front.findChildren(QWidget):
        if not isinstance(child, _CONTROLS) or not child.isVisible():
            continue
        inside = child.parentWidget()
        is_qts_own = child.objectName().startswith("qt_") or isinstance(
            inside, QComboBox | QAbstractSpinBox | QLineEdit | QTabBar
        )
        is_corner = isinstance(inside, QAbstractScrollArea) and not child.isEnabled()
        is_corner = is_corner or type(child).__name__ == "QTableCornerButton"
        if not is_qts_own and not is_corner and not isinstance(child, QHeaderView):
            yield child


def name_of(control: QWidget) -> str:
    """What a screen reader says of a control."""
    text = getattr(control, "text", None)
    is_named = isinstance(control, QAbstractButton) and callable(text)
    return control.accessibleName() or (str(text()).replace("&", "") if is_named else "")


def front_of(window: QWidget) -> QWidget:
    """The dialog that stands before a window, else the window."""
    found = [one for one in window.findChildren(QWidget) if one.isWindow() and one.isVisible()]
    return found[-1] if found else window


@pytest.fixture
def opened(launchpad: Opens, pos: OpensPos) -> Callable[[Scene], QWidget]:
    """What stands in front in a scene."""

    def go(scene: Scene) -> QWidget:
        desk = StagedDesk(is_ho=scene.is_ho)
        scene.stage(desk)
        window: Any = (launchpad if scene.is_ho else pos)(desk)
        scene.turn(desk)
        scene.go(window)
        offscreen.turn(300)
        offscreen.settle(window)
        return front_of(window)

    return go


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_every_control_of_every_screen_has_a_name(
    opened: Callable[[Scene], QWidget], scene: Scene
) -> None:
    front = opened(scene)
    found = list(controls(front))
    assert found
    nameless = [
        f"{type(one).__name__} in {type(one.parentWidget()).__name__}"
        for one in found
        if not name_of(one).strip()
    ]
    assert not nameless


_REACHED = ("normal", "problem", "ended", "tested", "empty")


@pytest.mark.slow
@pytest.mark.parametrize(
    "scene",
    [scene for scene in SCENES if scene.name.endswith(_REACHED)],
    ids=lambda scene: scene.name,
)
def test_tab_comes_to_every_control_of_every_screen(
    opened: Callable[[Scene], QWidget], scene: Scene
) -> None:
    front = opened(scene)
    front.activateWindow()
    wanted = {
        one
        for one in controls(front)
        if one.isEnabled() and one.focusPolicy() & Qt.FocusPolicy.TabFocus
    }
    unreachable = [
        one
        for one in controls(front)
        if one.isEnabled()
        and one.focusPolicy() == Qt.FocusPolicy.NoFocus
        and not isinstance(one, QProgressBar)
    ]
    assert not [name_of(one) for one in unreachable], "these can only be clicked"
    reached: set[QWidget] = set()
    for _ in range(4 * len(wanted) + 20):
        place = front.focusWidget()
        if place is not None:
            reached.add(place)
        QTest.keyClick(place or front, Qt.Key.Key_Tab)
    # Of buttons that exclude each other Tab comes to one, and the arrows go to the others.
    by_arrows = {
        other
        for one in reached
        if isinstance(one, QAbstractButton) and one.group() is not None and one.group().exclusive()
        for other in one.group().buttons()
    }
    assert {name_of(one) for one in wanted - reached - by_arrows} == set()


def test_checkboxes_and_buttons_say_what_they_do_not_what_they_are(launchpad: Opens) -> None:
    window = launchpad()
    for one in window.findChildren(QCheckBox):
        assert name_of(one) not in ("", "OK", "Yes")


@pytest.fixture
def speaks() -> Iterator[Callable[[str], None]]:
    """A desktop with another locale."""
    before = QLocale()
    yield lambda name: QLocale.setDefault(QLocale(name))
    QLocale.setDefault(before)


@pytest.mark.parametrize(
    ("locale", "exact", "count"),
    [
        ("C", "Sat 28 Nov 2026, 22:42:07", "1,204"),
        ("de_DE", "Sat 28 Nov 2026, 22:42:07", "1.204"),
        ("en_IN", "Sat 28 Nov 2026, 10:42:07 PM", "12,04,567"),
        ("en_US", "Sat Nov 28, 2026, 10:42:07 PM", "1,204"),
    ],
)
def test_numbers_dates_and_times_read_as_the_desktops_own(
    speaks: Callable[[str], None], locale: str, exact: str, count: str
) -> None:
    speaks(locale)
    moment = datetime(2026, 11, 28, 22, 42, 7).astimezone()
    assert wording.exact(moment) == exact
    assert wording.grouped(1_204_567).startswith(count)
    midnight = moment.replace(hour=0, minute=5)
    assert wording.time_words(midnight) == ("00:05" if "22:" in exact else "12:05 AM")
