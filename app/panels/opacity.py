"""Editing a transfer function: its points, its axes, its presets. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from app.view_state import OPACITY_POINTS, TransferFunction

Points = tuple[tuple[float, float], ...]
"""(log10 density, opacity), in increasing density."""

LEAST_POINTS = 2
LEAST_OPACITY = 1e-3
"""Where a logarithmic axis ends; below there is nothing."""

LEAST_RANGE_DEX = 0.1
REVERSED = "_r"
"""What the name of a colour map ends with when it runs the other way."""


# ---------------------------------------------------------------- points


def opacity_at(points: Points, place: float) -> float:
    """Return the opacity of a log10 density, between the points linear."""
    places, opacities = zip(*points, strict=True)
    return float(np.interp(place, places, opacities))


def with_point(points: Points, place: float, opacity: float) -> tuple[Points, int]:
    """Add a point.

    Parameters
    ----------
    points : tuple of (float, float)
        The points so far.
    place, opacity : float
        The new one; its opacity is limited to 0 to 1.

    Returns
    -------
    points : tuple of (float, float)
        With the new one.
    index : int
        Its index.
    """
    index = int(np.searchsorted([at for at, _ in points], place, side="right"))
    new = (float(place), float(np.clip(opacity, 0.0, 1.0)))
    return (*points[:index], new, *points[index:]), index


def without_point(points: Points, index: int) -> Points:
    """Take a point away, unless too few would remain."""
    if len(points) <= LEAST_POINTS:
        return points
    return points[:index] + points[index + 1 :]


def with_moved(points: Points, index: int, place: float, opacity: float) -> Points:
    """Move a point, as far as its neighbours let it."""
    low = points[index - 1][0] if index > 0 else -np.inf
    high = points[index + 1][0] if index + 1 < len(points) else np.inf
    new = (float(np.clip(place, low, high)), float(np.clip(opacity, 0.0, 1.0)))
    return (*points[:index], new, *points[index + 1 :])


def with_range(transfer: TransferFunction, end: int, value: float) -> TransferFunction:
    """Move one end of the colour range, not beyond the other.

    Parameters
    ----------
    transfer : TransferFunction
        The colours so far.
    end : {0, 1}
        The lower or the upper end.
    value : float
        log10 of the density in Msun/pc^3.

    Returns
    -------
    TransferFunction
        The colours after the change.
    """
    low, high = transfer.range_dex
    if end == 0:
        low = min(float(value), high - LEAST_RANGE_DEX)
    else:
        high = max(float(value), low + LEAST_RANGE_DEX)
    return replace(transfer, range_dex=(low, high))


# ---------------------------------------------------------------- colour maps


def is_reversed(colormap: str) -> bool:
    """Whether a colour map runs the other way."""
    return colormap.endswith(REVERSED)


def plain(colormap: str) -> str:
    """Return the name of a colour map that runs its usual way."""
    return colormap.removesuffix(REVERSED)


def directed(colormap: str, backwards: bool) -> str:
    """Return the name of a colour map that runs its usual or the other way."""
    return plain(colormap) + (REVERSED if backwards else "")


# ---------------------------------------------------------------- axes


@dataclass(frozen=True)
class Axes:
    """Where densities and opacities are in a picture.

    Parameters
    ----------
    left, top, width, height : float
        The picture in pixels.
    span_dex : tuple of float
        log10 density at its left and right edge.
    logarithmic : bool
        Whether the opacity is; its lowest 1/1000 is then the bottom, which
        stands for 0.
    """

    left: float
    top: float
    width: float
    height: float
    span_dex: tuple[float, float]
    logarithmic: bool = False

    def x(self, place: float) -> float:
        """Return the pixel of a log10 density."""
        low, high = self.span_dex
        return self.left + (place - low) / (high - low) * self.width

    def y(self, opacity: float) -> float:
        """Return the pixel of an opacity."""
        share = opacity
        if self.logarithmic:
            decades = -np.log10(LEAST_OPACITY)
            share = max(1.0 + np.log10(max(opacity, LEAST_OPACITY)) / decades, 0.0)
        return self.top + (1.0 - float(share)) * self.height

    def place(self, x: float) -> float:
        """Return the log10 density of a pixel."""
        low, high = self.span_dex
        return low + (x - self.left) / max(self.width, 1.0) * (high - low)

    def opacity(self, y: float) -> float:
        """Return the opacity of a pixel, 0 to 1."""
        share = float(np.clip(1.0 - (y - self.top) / max(self.height, 1.0), 0.0, 1.0))
        if not self.logarithmic or share <= 0.0:
            return share
        return float(10.0 ** ((share - 1.0) * -np.log10(LEAST_OPACITY)))


def span_of(
    transfer: TransferFunction, data_dex: tuple[float, float] | None
) -> tuple[float, float]:
    """Return the densities an editor shows: those there are, and those with a colour."""
    low, high = transfer.range_dex
    if data_dex is not None:
        low, high = min(low, data_dex[0]), max(high, data_dex[1])
    margin = 0.04 * (high - low)
    return low - margin, high + margin


# ---------------------------------------------------------------- presets


@dataclass(frozen=True)
class Preset:
    """A way to look at a cloud.

    Parameters
    ----------
    key : str
        What the program calls it.
    label : str
        Its name.
    tip : str
        What it brings out.
    points : tuple of (float, float)
        Opacity by log10 density, for clouds of about 45 hydrogen atoms per cm^3.
    range_dex : tuple of float
        Range of the colours, for the same clouds.
    backwards : bool
        Whether thin gas is bright and dense gas dark.
    """

    key: str
    label: str
    tip: str
    points: Points
    range_dex: tuple[float, float]
    backwards: bool = False


PRESETS = (
    Preset(
        "cloud",
        "Whole cloud",
        "The medium stays invisible, filaments glow, a cavity is a hole",
        OPACITY_POINTS,
        TransferFunction().range_dex,
    ),
    Preset(
        "shell",
        "Shell only",
        "Nothing but the gas that is dense: swept-up shells and the densest filaments",
        ((-4.0, 0.0), (0.55, 0.0), (0.8, 0.05), (1.1, 0.35), (1.5, 0.90), (2.2, 1.0)),
        (0.2, 1.9),
    ),
    Preset(
        "cavity",
        "Cavity",
        "The thin gas inside the shell glows; everything else is left out",
        ((-4.0, 0.30), (-2.2, 0.25), (-1.6, 0.12), (-1.1, 0.0), (2.2, 0.0)),
        (-3.0, 0.6),
        backwards=True,
    ),
)


def preset_for(preset: Preset, fitted: TransferFunction, colormap: str) -> TransferFunction:
    """Return a preset for the gas there is.

    Parameters
    ----------
    preset : Preset
        The preset.
    fitted : TransferFunction
        What suits this gas (see `app.scene.prepare.fitting_transfer`): its
        shift from the usual one is taken over.
    colormap : str
        The colour map to keep.

    Returns
    -------
    TransferFunction
        The colours and opacities.
    """
    shift = fitted.range_dex[0] - TransferFunction().range_dex[0]
    low, high = preset.range_dex
    return TransferFunction(
        directed(colormap, preset.backwards),
        (low + shift, high + shift),
        tuple((place + shift, opacity) for place, opacity in preset.points),
    )
