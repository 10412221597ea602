"""Light and dark: Fusion, our palettes, our font, one style sheet made from the tokens. Follows the
desktop's choice.

`setColorScheme` does nothing on a bare X11 desktop or offscreen, so the palettes are our own.
"""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from ginesys_sync.core.resources import resource_path
from ginesys_sync.ui.widgets import icons, tokens
from ginesys_sync.ui.widgets.tokens import Colours


class Choice(StrEnum):
    """What a person can choose; `auto` follows the desktop."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


class Theme(QObject):
    """The look of the whole program: one for each application. `changed` comes after everything is
    recoloured."""

    changed = Signal()

    def __init__(self, app: QApplication, choice: Choice = Choice.AUTO) -> None:
        super().__init__(app)
        self._app = app
        self._choice = choice
        self._colours: Colours | None = None
        app.setStyle("Fusion")
        app.setFont(text_font())
        app.styleHints().colorSchemeChanged.connect(self._follow)
        self._apply()

    @property
    def colours(self) -> Colours:
        """The colours in use now."""
        assert self._colours is not None
        return self._colours

    def choose(self, choice: Choice) -> None:
        """Show light, dark, or whatever the desktop shows."""
        self._choice = choice
        self._apply()

    @Slot()
    def _follow(self) -> None:
        self._apply()

    def _wanted(self) -> Colours:
        if self._choice is Choice.AUTO:
            is_dark = self._app.styleHints().colorScheme() is Qt.ColorScheme.Dark
        else:
            is_dark = self._choice is Choice.DARK
        return tokens.DARK if is_dark else tokens.LIGHT

    def _apply(self) -> None:
        colours = self._wanted()
        if colours is self._colours:
            return
        self._colours = colours
        icons.forget()
        self._app.setPalette(palette_of(colours))
        self._app.setStyleSheet(style_sheet(colours))
        self.changed.emit()


_theme: Theme | None = None


def set_up(app: QApplication, choice: Choice = Choice.AUTO) -> Theme:
    """Dress the application, or change its dress when it wears one already."""
    global _theme
    if _theme is None or _theme.parent() is not app:
        _theme = Theme(app, choice)
    else:
        _theme.choose(choice)
    return _theme


def theme() -> Theme:
    """The theme that `set_up` made."""
    assert _theme is not None, "no theme yet: call set_up(app) first"
    return _theme


def colours() -> Colours:
    """The colours in use now, for what paints itself."""
    return theme().colours


def colour(name: str) -> QColor:
    """One of the colours in use now, by its flat name: `accent`, `good_ink`."""
    return QColor(tokens.flat(colours())[name])


def text_font(size: int = tokens.TEXT_BODY, weight: int = tokens.WEIGHT_REGULAR) -> QFont:
    """The program's font."""
    _load_fonts()
    font = QFont(tokens.FONT_FAMILY)
    font.setPixelSize(size)
    font.setWeight(QFont.Weight(weight))
    return font


def number_font(size: int = tokens.TEXT_BODY) -> QFont:
    """The same with figures of one width, so that columns of numbers line up and counts do not
    jitter.

    Not for words: it widens hyphens too.
    """
    font = text_font(size)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


_fonts_loaded: list[str] = []


def _load_fonts() -> None:
    if _fonts_loaded:
        return
    for weight in ("Regular", "Medium", "SemiBold"):
        path = str(resource_path("fonts", f"Inter-{weight}.ttf"))
        QFontDatabase.addApplicationFont(path)
        _fonts_loaded.append(path)


def palette_of(colours: Colours) -> QPalette:
    """The palette that Fusion paints with."""
    role = QPalette.ColorRole
    palette = QPalette()
    for name, value in {
        role.Window: colours.window,
        role.WindowText: colours.text,
        role.Base: colours.surface,
        role.AlternateBase: colours.stripe,
        role.Text: colours.text,
        role.PlaceholderText: colours.muted,
        role.Button: colours.raised,
        role.ButtonText: colours.text,
        role.BrightText: colours.on_accent,
        role.ToolTipBase: colours.raised,
        role.ToolTipText: colours.text,
        role.Highlight: colours.selection,
        role.HighlightedText: colours.text,
        role.Accent: colours.accent,
        role.Link: colours.accent,
        role.LinkVisited: colours.accent,
        role.Light: colours.raised,
        role.Midlight: colours.stripe,
        role.Mid: colours.edge,
        role.Dark: colours.control_edge,
        role.Shadow: colours.control_edge,
    }.items():
        palette.setColor(name, QColor(value))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(colours.disabled))
    return palette


def style_sheet(colours: Colours) -> str:
    """The style sheet with the tokens' values in place of their names."""
    sheet = resource_path("style", "window.qss").read_text(encoding="utf-8")
    values = tokens.flat(colours) | {
        "chevron": icons.coloured_file("chevron-down", colours.muted),
        "chevron_up": icons.coloured_file("chevron-up", colours.muted),
        "tick": icons.coloured_file("check", colours.on_accent),
        "dash": icons.coloured_file("minus", colours.on_accent),
    }
    # Longest first, so that @accent does not eat the beginning of @accent_hover.
    for name in sorted(values, key=len, reverse=True):
        sheet = sheet.replace(f"@{name}", values[name])
    return sheet


def mark(widget: QWidget, part: str = "", tone: str = "") -> None:
    """Say what a widget is to the style sheet, and let it be dressed anew when that changes."""
    if widget.property("part") == part and widget.property("tone") == tone:
        return
    widget.setProperty("part", part)
    widget.setProperty("tone", tone)
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)
