"""One scene: the window opened, led there, painted light and dark, and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from PySide6.QtWidgets import QWidget

from ginesys_sync.ui import offscreen
from ginesys_sync.ui.starting import application, make_window
from ginesys_sync.ui.widgets.faces import FourFaces
from ginesys_sync.ui.widgets.memory import opens_at
from ginesys_sync.ui.widgets.sync_window import SyncWindow
from tests.pictures.scenes import Scene
from tests.pictures.sheet import contact_sheet
from tests.support.judged import cut, cut_titles, weak
from tests.support.staged_desk import StagedDesk

LOOKS = ("light", "dark")
_LONG_ENOUGH = 400
"""Milliseconds after which a question that gets no answer has reached its loading face: longer than
the pause after typing."""
Told = Callable[[str], None]


def folder_of(into: Path, look: str, percent: int) -> Path:
    """Where the pictures of one look and scale lie."""
    return into / f"{look}-{percent}"


def paint(scenes: Sequence[Scene], into: Path, percent: int, told: Told) -> list[str]:
    """Save every picture in both looks, and a contact sheet of each look. Returns the faults, one
    line each; `told` hears each as it is found."""
    offscreen.without_noise()
    faults: list[str] = []
    pictures: dict[str, list[Path]] = {look: [] for look in LOOKS}
    for scene in scenes:
        application(LOOKS[0])
        with opened(scene) as window:
            for look in LOOKS:
                application(look)
                path = folder_of(into, look, percent) / f"{scene.name}.png"
                pictures[look].append(offscreen.picture(window, path))
                for fault in _judged(scene, window, look, percent):
                    faults.append(f"{look} {percent} %  {scene.name}: {fault}")
                    told(faults[-1])
    application(LOOKS[0])
    for look, found in pictures.items():
        contact_sheet(found, into / f"contact-{look}-{percent}.png")
    return faults


@contextmanager
def opened(scene: Scene) -> Iterator[SyncWindow]:
    """The window where the scene wants it; at rest, unless an answer is to be waited for."""
    desk = StagedDesk(is_ho=scene.is_ho)
    scene.stage(desk)
    window = make_window(cast(Any, desk), None, is_ho=scene.is_ho)
    window.resize(opens_at(window.screen().availableSize()))
    window.show()
    try:
        if desk.answers:
            offscreen.settle(window)
        elif desk.gate.is_set():
            offscreen.until(lambda: window.is_built)
        scene.turn(desk)
        scene.go(window)
        offscreen.turn(_LONG_ENOUGH)
        if desk.answers:
            offscreen.settle(window)
        yield window
    finally:
        desk.close()
        offscreen.close(window)
        window.deleteLater()


def _judged(scene: Scene, window: SyncWindow, look: str, percent: int) -> list[str]:
    """What is wrong here. Sizes are the same in every look, colours at every scale."""
    front = _front(window)
    found = weak(front) if percent == 100 else []
    if look == LOOKS[-1]:
        found += other_faces(scene, front)
        found += [f"cut: {what}" for what in cut(window) + cut_titles(window)]
        if front is window:
            found += [f"cut at its smallest: {what}" for what in _cut_when_small(window)]
    return found


def other_faces(scene: Scene, front: QWidget) -> list[str]:
    """The face that is shown, where it is not the one that the scene wants."""
    shown = {each.face for each in front.findChildren(FourFaces) if each.isVisible()}
    if not scene.face or scene.face in shown:
        return []
    return [f"shows its face {' and '.join(sorted(shown)) or '(none)'}, not {scene.face}"]


def _cut_when_small(window: SyncWindow) -> list[str]:
    window.resize(window.minimumSize())
    offscreen.turn(50)
    return cut(window) + cut_titles(window)


def _front(window: SyncWindow) -> QWidget:
    """The dialog that stands before the window, else the window."""
    dialogs = [
        child for child in window.findChildren(QWidget) if child.isWindow() and child.isVisible()
    ]
    return dialogs[-1] if dialogs else window
