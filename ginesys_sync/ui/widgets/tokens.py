"""The look in named values: colours for light and dark, spacings, radii, type sizes. Knows no Qt.

Every pair of text and ground that is drawn stands in `pairs()`; a test measures that each has a
contrast of 4.5:1.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

# Spacings and sizes: multiples of 4 logical pixels.
SPACE_1, SPACE_2, SPACE_3, SPACE_4, SPACE_5, SPACE_6, SPACE_8 = 4, 8, 12, 16, 20, 24, 32
CONTROL_HEIGHT = 32
ROW_HEIGHT = 32
PILL_HEIGHT = 20
LAMP_SIZE = 24
RADIUS_SMALL, RADIUS, RADIUS_LARGE = 4, 6, 8

# Type sizes in logical pixels, and the two weights beside Regular.
TEXT_SMALL, TEXT_BODY, TEXT_TITLE, TEXT_HEADLINE = 12, 13, 15, 20
WEIGHT_REGULAR, WEIGHT_MEDIUM, WEIGHT_STRONG = 400, 500, 600
FONT_FAMILY = "Inter"

CONTRAST_NEEDED = 4.5


@dataclass(frozen=True, slots=True)
class Tone:
    """A meaning's colours: text and shapes on its soft ground, and the edge around it."""

    ink: str
    ground: str
    edge: str


@dataclass(frozen=True, slots=True)
class Colours:
    """One scheme. `window` is the ground of windows, `surface` that of cards, lists and fields."""

    window: str
    surface: str
    raised: str
    stripe: str
    edge: str
    control_edge: str
    text: str
    muted: str
    disabled: str
    accent: str
    accent_hover: str
    accent_press: str
    on_accent: str
    selection: str
    track: str
    focus_ring: str
    calm: Tone
    info: Tone
    good: Tone
    warning: Tone
    bad: Tone

    def tone(self, name: str) -> Tone:
        """The tone called `calm`, `info`, `good`, `warning` or `bad`."""
        found = getattr(self, name)
        assert isinstance(found, Tone)
        return found


LIGHT = Colours(
    window="#f4f6f8",
    surface="#ffffff",
    raised="#ffffff",
    stripe="#f8f9fb",
    edge="#dce1e8",
    control_edge="#8690a0",
    text="#18202c",
    muted="#556072",
    disabled="#8d96a5",
    accent="#1d5bbf",
    accent_hover="#174da5",
    accent_press="#123f89",
    on_accent="#ffffff",
    selection="#dbe8fc",
    track="#e3e8ef",
    focus_ring="#8fb8f6",
    calm=Tone("#4a5567", "#edf0f4", "#cfd6e0"),
    info=Tone("#1a52ad", "#e6effd", "#bfd5f8"),
    good=Tone("#14692f", "#e2f5e8", "#b3dfc1"),
    warning=Tone("#7a4d00", "#fdf1d7", "#efd08f"),
    bad=Tone("#a8221b", "#fdeae8", "#f3bfba"),
)
DARK = Colours(
    window="#12161d",
    surface="#191f28",
    raised="#202733",
    stripe="#1c222c",
    edge="#2f3846",
    control_edge="#6c788a",
    text="#e7ebf1",
    muted="#a4afbf",
    disabled="#6f7b8c",
    accent="#7fb0ff",
    accent_hover="#9bc1ff",
    accent_press="#b5d1ff",
    on_accent="#0a1730",
    selection="#27406a",
    track="#2b3442",
    focus_ring="#2f5aa0",
    calm=Tone("#b9c3d1", "#262e3a", "#3b4656"),
    info=Tone("#9cc2ff", "#1a2c4a", "#2f4d7d"),
    good=Tone("#7fd99c", "#15301f", "#2a5a3b"),
    warning=Tone("#f0c36a", "#362a10", "#6a5321"),
    bad=Tone("#ff9f97", "#40201e", "#7a3a36"),
)

TONES = ("calm", "info", "good", "warning", "bad")


def pairs(colours: Colours) -> dict[str, tuple[str, str]]:
    """Every text and the ground it is drawn on, by a name for the reader of a failing test."""
    found = {
        f"{ink} on {ground}": (getattr(colours, ink), getattr(colours, ground))
        for ink in ("text", "muted", "accent")
        for ground in ("window", "surface", "raised", "stripe")
    }
    for ground in ("accent", "accent_hover", "accent_press"):
        found[f"on_accent on {ground}"] = (colours.on_accent, getattr(colours, ground))
    found["text on selection"] = (colours.text, colours.selection)
    found["muted on selection"] = (colours.muted, colours.selection)
    for name in TONES:
        tone = colours.tone(name)
        found[f"{name} ink on its ground"] = (tone.ink, tone.ground)
        found[f"{name} ink on surface"] = (tone.ink, colours.surface)
        found[f"{name} ink on window"] = (tone.ink, colours.window)
        found[f"text on {name} ground"] = (colours.text, tone.ground)
        found[f"muted on {name} ground"] = (colours.muted, tone.ground)
    return found


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` as WCAG 2.1 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(ink: str, ground: str) -> float:
    """The contrast of two colours, 1 to 21, as WCAG 2.1 defines it."""
    light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def flat(colours: Colours) -> dict[str, str]:
    """The scheme as names for the style sheet: `@text`, `@good_ground`, …"""
    names: dict[str, str] = {}
    for entry in fields(colours):
        value = getattr(colours, entry.name)
        if isinstance(value, Tone):
            names |= {
                f"{entry.name}_ink": value.ink,
                f"{entry.name}_ground": value.ground,
                f"{entry.name}_edge": value.edge,
            }
        else:
            names[entry.name] = value
    return names
