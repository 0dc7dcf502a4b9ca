"""How the density is distributed, for the editor of colours and opacity. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.view_state import Vector3

BINS = 150
SAMPLE = 400_000
"""Voxels that are looked at: a histogram of more looks the same."""

FLOOR_DEX = -4.0
"""Gas thinner than this is drawn like this."""

REACH_PC = 4.0


@dataclass(frozen=True, eq=False)
class Histogram:
    """Number of voxels by log10 of the density.

    Parameters
    ----------
    edges_dex : ndarray
        (k + 1,) edges of the bins, log10 of the density in Msun/pc^3.
    counts : ndarray
        (k,) voxels in each bin, of those looked at.
    """

    edges_dex: NDArray[np.float64]
    counts: NDArray[np.int64]

    @property
    def centers_dex(self) -> NDArray[np.float64]:
        """Middle of each bin."""
        return 0.5 * (self.edges_dex[1:] + self.edges_dex[:-1])

    @property
    def heights(self) -> NDArray[np.float64]:
        """Logarithm of the counts, 0 for none and 1 for the fullest bin."""
        logs = np.log1p(self.counts.astype(np.float64))
        return logs / max(float(logs.max(initial=0.0)), 1e-9)

    @property
    def span_dex(self) -> tuple[float, float]:
        """Least and largest log10 density."""
        return float(self.edges_dex[0]), float(self.edges_dex[-1])


def density_histogram(density: NDArray[np.floating], bins: int = BINS) -> Histogram | None:
    """Count the voxels by their density.

    Parameters
    ----------
    density : ndarray
        Any shape, in Msun/pc^3. Of many voxels an even sample is counted.
    bins : int
        Number of bins.

    Returns
    -------
    Histogram or None
        None if no voxel holds gas.
    """
    # An odd stride meets every column of a grid whose edge is a power of two.
    stride = max(density.size // SAMPLE, 1) | 1
    values = density.reshape(-1)[::stride]
    values = values[values > 0]
    if len(values) == 0:
        return None
    logs = np.maximum(np.log10(values), FLOOR_DEX)
    low, high = float(logs.min()), float(logs.max())
    if high - low < 0.1:  # uniform gas still gets a hill
        low, high = low - 0.1, high + 0.1
    counts, edges = np.histogram(logs, bins=bins, range=(low, high))
    return Histogram(edges.astype(np.float64), counts.astype(np.int64))


def surface_dex(
    density: NDArray[np.floating],
    control: NDArray[np.floating],
    level: float,
    size_pc: float,
    site_pc: Vector3 = (0.0, 0.0, 0.0),
) -> float | None:
    """Return how dense the gas is where a shell's surface is.

    A surface lies at a ratio to the control, not at a density: this is the
    median along it, which says where to look in a histogram.

    Parameters
    ----------
    density, control : ndarray
        (n, n, n) with and without the explosion, Msun/pc^3.
    level : float
        The surface encloses gas below this fraction of the control's density.
    size_pc : float
        Edge of the cube in pc.
    site_pc : tuple of float
        The explosion relative to the cube's centre, in pc: only the piece
        around it counts.

    Returns
    -------
    float or None
        log10 of the density in Msun/pc^3; None if there is no surface.
    """
    inside = density < level * control
    labels, count = ndimage.label(inside)
    if count == 0:
        return None
    axis = (np.arange(len(density)) + 0.5) / len(density) * size_pc - size_pc / 2
    x, y, z = ((axis - site) ** 2 for site in site_pc)
    near = x[:, None, None] + y[:, None] + z <= max(REACH_PC, size_pc / len(density)) ** 2
    sizes = np.bincount(labels[near], minlength=count + 1)[1:]
    if not sizes.any():
        return None
    piece = labels == int(np.argmax(sizes)) + 1
    edge = piece & ~ndimage.binary_erosion(piece, border_value=1)
    if not edge.any():
        return None
    at = level * control[edge]
    return float(np.log10(max(float(np.median(at)), 10.0**FLOOR_DEX)))
