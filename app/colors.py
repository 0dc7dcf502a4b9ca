"""The colours of the window, dark and light; truth and forecast mean the same in both. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ThemeName = Literal["dark", "light"]
ThemeChoice = Literal["dark", "light", "system"]
"""What can be asked for; the system's is one of the two."""


@dataclass(frozen=True)
class Colors:
    """The colours of one theme; `truth` and `forecast` mean the same everywhere."""

    window: str
    panel: str
    base: str
    raised: str
    hover: str
    line: str
    track: str
    text: str
    secondary: str
    faint: str
    neutral: str
    accent: str
    accent_hover: str
    accent_text: str
    ok: str
    warning: str
    error: str
    truth: str
    forecast: str
    handle: str
    handle_edge: str
    grid_alpha: float


DARK = Colors(
    window="#14161a",
    panel="#1a1d22",
    base="#121417",
    raised="#24282f",
    hover="#2a2f37",
    line="#2a2e36",
    track="#2f343d",
    text="#dfe3ea",
    secondary="#98a1af",
    faint="#646d7b",
    neutral="#7b8594",
    accent="#4a9df0",
    accent_hover="#3a86d6",
    accent_text="#ffffff",
    ok="#5bbf7a",
    warning="#e0a24a",
    error="#e5707a",
    truth="#ffc35a",
    forecast="#ef5f9c",
    handle="#e8ebf0",
    handle_edge="#e8ebf0",
    grid_alpha=0.07,
)

LIGHT = Colors(
    window="#eceef2",
    panel="#f7f8fa",
    base="#ffffff",
    raised="#ffffff",
    hover="#e4e7ed",
    line="#d6dae2",
    track="#d3d8e1",
    text="#1d2129",
    secondary="#5d6675",
    faint="#98a1b0",
    neutral="#8791a1",
    accent="#2f7de1",
    accent_hover="#1f68c4",
    accent_text="#ffffff",
    ok="#3f9d5f",
    warning="#b87a10",
    error="#c9414e",
    truth="#b87a10",
    forecast="#cf3c7d",
    handle="#ffffff",
    handle_edge="#aab2c0",
    grid_alpha=0.12,
)

THEMES: dict[ThemeName, Colors] = {"dark": DARK, "light": LIGHT}
