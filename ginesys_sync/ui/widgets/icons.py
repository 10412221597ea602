"""The icons, drawn from SVG in whatever colour the palette asks for. Nothing is read before the
first icon is shown."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractButton

from ginesys_sync.core.resources import resource_path

_SIDE, _GAP = 16, 6


@cache
def _source(name: str) -> str:
    return resource_path("icons", f"{name}.svg").read_text(encoding="utf-8")


def _svg(name: str, colour: str) -> bytes:
    return _source(name).replace("currentColor", colour).encode()


class _SvgEngine(QIconEngine):
    """Draws the SVG anew at the size and scale that is asked for, so it is sharp at 150 % too."""

    def __init__(self, name: str, colour: str, faint: str) -> None:
        super().__init__()
        self._name, self._colour, self._faint = name, colour, faint

    def clone(self) -> QIconEngine:
        return _SvgEngine(self._name, self._colour, self._faint)

    def paint(self, painter: QPainter, rect: object, mode: QIcon.Mode, state: QIcon.State) -> None:
        from PySide6.QtSvg import QSvgRenderer

        shown = self._faint if mode is QIcon.Mode.Disabled else self._colour
        renderer = QSvgRenderer(QByteArray(_svg(self._name, shown)))
        box = QRectF(rect)  # type: ignore[call-overload]
        # Square and at the left: what is left over at the right is the gap to a button's words.
        side = min(box.width(), box.height())
        top = box.top() + (box.height() - side) / 2
        renderer.render(painter, QRectF(box.left(), top, side, side))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        self.paint(painter, QRectF(0, 0, size.width(), size.height()).toRect(), mode, state)
        painter.end()
        return QPixmap.fromImage(image)


_made: dict[tuple[str, str], QIcon] = {}


def icon(name: str, ink: str = "text") -> QIcon:
    """The icon `name` (a file in resources/icons) in the palette's colour `ink`."""
    from ginesys_sync.ui.widgets import theme, tokens

    colours = theme.colours()
    colour = tokens.flat(colours)[ink]
    key = (name, colour)
    if key not in _made:
        _made[key] = QIcon(_SvgEngine(name, colour, colours.disabled))
    return _made[key]


def put_on(button: QAbstractButton, name: str, ink: str = "text") -> None:
    """Put an icon on a button, with a gap before the words."""
    button.setIcon(icon(name, ink))
    button.setIconSize(QSize(_SIDE + _GAP, _SIDE))


def forget() -> None:
    """Drop what was made: the palette has changed."""
    _made.clear()


_folder: list[tempfile.TemporaryDirectory[str]] = []


def coloured_file(name: str, colour: str) -> str:
    """A file with the icon in this colour, for the style sheet, which can only name files."""
    if not _folder:
        _folder.append(tempfile.TemporaryDirectory(prefix="ginesys-sync-icons-"))
    path = Path(_folder[0].name) / f"{name}-{colour[1:]}.svg"
    if not path.exists():
        path.write_bytes(_svg(name, colour))
    return path.as_posix()
