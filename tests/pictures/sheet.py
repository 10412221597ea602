"""The contact sheet: every picture of one look, small, with its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from ginesys_sync.ui.widgets import theme, tokens

_WIDE, _HIGH, _LINE, _GAP, _COLUMNS = 420, 280, 20, 16, 5


def contact_sheet(pictures: Sequence[Path], path: Path) -> Path:
    """Save it as one PNG. Raises OSError."""
    rows = -(-len(pictures) // _COLUMNS)
    high = _GAP + rows * (_HIGH + _LINE + _GAP)
    sheet = QImage(_GAP + _COLUMNS * (_WIDE + _GAP), high, QImage.Format.Format_RGB32)
    sheet.fill(QColor("#7a8391"))
    painter = QPainter(sheet)
    painter.setFont(theme.text_font(tokens.TEXT_BODY, tokens.WEIGHT_MEDIUM))
    painter.setPen(QColor("#000000"))
    for number, picture in enumerate(pictures):
        row, column = divmod(number, _COLUMNS)
        left = _GAP + column * (_WIDE + _GAP)
        top = _GAP + row * (_HIGH + _LINE + _GAP)
        small = _small(picture)
        painter.drawText(QRect(left, top, _WIDE, _LINE), Qt.AlignmentFlag.AlignLeft, picture.stem)
        painter.drawImage(left, top + _LINE, small)
    painter.end()
    if not sheet.save(str(path), "PNG"):
        raise OSError(f"could not write {path}")
    return path


def _small(picture: Path) -> QImage:
    image = QImage(str(picture))
    image.setDevicePixelRatio(1)
    return image.scaled(
        _WIDE,
        _HIGH,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
