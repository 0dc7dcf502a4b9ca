"""How far a region has to be enlarged until a voxel, or a share of what is reached, is in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.evolution import Evolution
from core.shells.region import (
    SITE_REACH_VOXELS,
    Mask,
    at_site,
    density_ratio,
    fill_holes,
    reached_region,
    site_index,
)

SEED_DEX = 0.02
"""Change of log10 density that a margin starts from.

Much less than what counts as reached: where a network sees a trace of the
blast, its edge may be; on a distance from there margins of 1 voxel or two
suffice, against 3 and more on one from the forecast region itself."""

TRACE_VOXELS = 0.3
"""Voxels of distance that a tenfold smaller forecast change counts for.

Distances on a grid come in steps of most of a voxel; this ranks the voxels of
one distance by what is forecast there."""


def plain_regions(evolution: Evolution) -> NDArray[np.bool_]:
    """Find the reached regions of all frames, as the densities have them.

    Parameters
    ----------
    evolution : Evolution
        A simulation or a forecast.

    Returns
    -------
    ndarray of bool, (frames, n, n, n)
        `core.shells.reached_region` of each frame.
    """
    site = _site(evolution)
    pairs = zip(evolution.density, evolution.control.density, strict=True)
    return np.stack([reached_region(density, control, site) for density, control in pairs])


def margin_field(evolution: Evolution) -> NDArray[np.float32]:
    """Margin at which each voxel joins the enlarged region.

    The one-parameter family of regions {field <= margin} is nested. Its seed
    are the voxels at the site whose log10 density is forecast to change by
    more than `SEED_DEX`, with holes filled, and the site itself; the field is
    the distance from the edge of the seed, negative inside, and a little
    less where more change is forecast (`TRACE_VOXELS`).

    Parameters
    ----------
    evolution : Evolution
        A forecast.

    Returns
    -------
    ndarray of float32, (frames, n, n, n)
        Margin in pc; infinite in the first frame, before the explosion.
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    index, voxel = _site(evolution), evolution.sequence.voxel_pc
    field = np.full(evolution.density.shape, np.inf, dtype=np.float32)
    n = evolution.sequence.n
    x, y, z = np.ogrid[:n, :n, :n]
    squared = (x - index[0]) ** 2 + (y - index[1]) ** 2 + (z - index[2]) ** 2
    start = squared <= SITE_REACH_VOXELS**2
    for frame in range(1, len(field)):
        ratio = density_ratio(evolution.density[frame], evolution.control.density[frame])
        change = np.abs(np.log10(ratio))
        seed = at_site(fill_holes(change > SEED_DEX), index) | start
        # Between the centres of two neighbours lies the edge, half a voxel from both.
        inside, outside = (
            np.full(seed.shape, 0.5 * n) if part.all() else distance_transform_edt(part) - 0.5
            for part in (seed, ~seed)
        )
        trace = gaussian_filter(np.log10(np.clip(change, 1e-3, 0.3)), 0.6) + 2.0
        field[frame] = voxel * (np.where(seed, -inside, outside) - TRACE_VOXELS * trace)
    return field


def needed_margin(
    margins_pc: NDArray[np.floating], reached: Mask, weights: ArrayLike, share: float
) -> float:
    """Find the least margin at which a region holds a share of what is reached.

    Parameters
    ----------
    margins_pc : ndarray of float, (n, n, n)
        One frame of `margin_field`.
    reached : ndarray of bool, (n, n, n)
        What is really reached.
    weights : array_like of float, (n, n, n)
        What counts: volume (ones), or mass.
    share : float
        The share of it that is wanted, up to 1.

    Returns
    -------
    float
        Margin in pc; minus infinity where nothing is reached.
    """
    values = margins_pc[reached]
    if values.size == 0:
        return -np.inf
    order = np.argsort(values, kind="stable")
    held = np.cumsum(np.broadcast_to(weights, reached.shape)[reached][order], dtype=np.float64)
    # The last voxel's sum is the whole, whatever rounding says of shares near 1.
    first = int(np.searchsorted(held, share * held[-1] * (1 - 1e-9)))
    return float(values[order][min(first, values.size - 1)])


def _site(evolution: Evolution) -> tuple[float, float, float]:
    sequence = evolution.sequence
    return site_index(evolution.site_pc, sequence.n, sequence.voxel_pc)
