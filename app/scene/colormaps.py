"""The colours that mean something, and the maps from density to colour."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidRequest

ROLE_COLORS: Mapping[str, str] = MappingProxyType(
    {"truth": "#ffc35a", "forecast": "#ef5f9c", "third": "#98a1af"}
)
"""Gold is what happened, rose is what was forecast: in every view, plot and table."""

DEEP_BLUE = (
    *("#05070c", "#0c1f34", "#123d62", "#195c8c", "#2a7eaf"),
    *("#52a0c9", "#81c2dc", "#bae0ec", "#f2fbff"),
)
"""Equal steps in CAM02-UCS, lightness 5 to 98: as good in the slice as in the volume."""

_ROSE = ("#101216", "#3d192f", "#792753", "#bc3b7a", "#ed6fa6", "#ffb3d3")
_GOLD = ("#101216", "#3c2b13", "#734f16", "#af7920", "#ebac42", "#ffe0a6")

_STOPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "deep-blue": DEEP_BLUE,
        "difference": (*reversed(_ROSE), *_GOLD[1:]),
        "probability": ("#101216", "#2b1522", "#4f1e3a", "#7a2a55", "#a63c72", "#cf5a90"),
    }
)
"""Maps of our own; the last two are for what is no density: their colours have a meaning."""

_LIBRARY: Mapping[str, str] = MappingProxyType(
    {
        "oslo": "crameri:oslo",
        "lapaz": "crameri:lapaz",
        "davos": "crameri:davos",
        "batlow": "crameri:batlowK",
        "freeze": "cmasher:freeze",
        "ember": "cmasher:ember",
        "ice": "cmocean:ice",
        "viridis": "bids:viridis",
        "cividis": "cividis",
        "magma": "bids:magma",
        "grey": "crameri:grayC",
    }
)
"""Perceptually uniform, and readable for those who cannot tell red from green."""

NAMES: tuple[str, ...] = ("deep-blue", *_LIBRARY)
"""The maps a transfer function may name, from dark to light; with "_r" they run backwards."""

LABELS: Mapping[str, str] = MappingProxyType(
    {name: name.replace("-", " ").capitalize() for name in NAMES}
)
"""Their names for people."""


@cache
def lookup_table(name: str, count: int = 256) -> NDArray[np.uint8]:
    """Sample a colour map.

    Parameters
    ----------
    name : str
        One of `NAMES`, or "difference" (rose, dark, gold) or "probability";
        followed by "_r" it runs backwards.
    count : int
        Number of colours.

    Returns
    -------
    ndarray of uint8
        (count, 3) sRGB colours, read-only.

    Raises
    ------
    InvalidRequest
        If there is no such map.
    """
    if name.endswith("_r"):
        return lookup_table(name.removesuffix("_r"), count)[::-1]
    places = np.linspace(0.0, 1.0, count)
    if name in _STOPS:
        stops = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in _STOPS[name]])
        at = np.linspace(0.0, 1.0, len(stops))
        colors = np.stack([np.interp(places, at, stops[:, axis]) for axis in range(3)], axis=1)
    elif name in _LIBRARY:
        from cmap import Colormap

        colors = Colormap(_LIBRARY[name])(places)[:, :3] * 255.0
    else:
        raise InvalidRequest(f"There is no colour map '{name}'; choose from {', '.join(NAMES)}.")
    table = np.clip(np.rint(colors), 0, 255).astype(np.uint8)
    table.flags.writeable = False
    return table


def colorize(
    values: NDArray[np.floating], name: str, range_dex: tuple[float, float]
) -> NDArray[np.uint8]:
    """Turn values into colours.

    Parameters
    ----------
    values : ndarray
        log10 density, any shape.
    name : str
        One of `NAMES`.
    range_dex : tuple of float
        The values at both ends of the map.

    Returns
    -------
    ndarray of uint8
        The shape of `values` and a last axis of 3 sRGB channels.
    """
    low, high = range_dex
    place = np.clip((values - low) * (255.0 / (high - low)) + 0.5, 0, 255)
    return lookup_table(name)[place.astype(np.uint8)]
