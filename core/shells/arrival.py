"""When the blast wave arrives at each voxel, by the thin-shell model."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.cubes import Cube
from core.shells.radius import fibonacci_directions
from core.shells.thin_shell import thin_shell_radii

N_RAYS = 400
"""Rays followed: one for about every second voxel on the sphere of a grown shell at 32^3."""

_TIMES_MYR = np.geomspace(2e-4, 1.0, 40)
_NEIGHBOURS = 4


def arrival_times_myr(cube: Cube, energy_erg: float = 1e51) -> NDArray[np.float32]:
    """Time after an explosion at the centre at which its shell reaches each voxel.

    Parameters
    ----------
    cube : Cube
        The gas at the explosion.
    energy_erg : float
        Energy of the explosion in erg.

    Returns
    -------
    ndarray of float32, (n, n, n)
        Times in Myr, between 2e-4 and 1: what is earlier or later counts as
        these.
    """
    nearest, weight, radius = _rays(cube.n, cube.size_pc)
    radii = thin_shell_radii(cube, (0.0, 0.0, 0.0), _TIMES_MYR, energy_erg, N_RAYS)
    # Rays first overtake their neighbours only on paper; a time needs a radius that grows.
    radii = np.maximum.accumulate(radii, axis=0)
    reached = np.einsum("tvk,vk->tv", radii[:, nearest], weight)
    after = np.clip((reached < radius).sum(axis=0), 1, len(_TIMES_MYR) - 1)
    voxels = np.arange(len(radius))
    low, high = reached[after - 1, voxels], reached[after, voxels]
    part = np.clip((radius - low) / np.maximum(high - low, 1e-9), 0.0, 1.0)
    logs = np.log(_TIMES_MYR)
    times = np.exp(logs[after - 1] + part * (logs[after] - logs[after - 1]))
    return times.reshape((cube.n,) * 3).astype(np.float32)


@lru_cache(maxsize=4)
def _rays(
    n: int, size_pc: float
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Rays around the direction of each voxel, their weights, and its distance in pc."""
    from scipy.spatial import cKDTree

    x = (np.arange(n) + 0.5) * (size_pc / n) - 0.5 * size_pc
    places = np.stack(np.meshgrid(x, x, x, indexing="ij"), -1).reshape(-1, 3)
    radius = np.maximum(np.linalg.norm(places, axis=1), 1e-6 * size_pc)
    tree = cKDTree(fibonacci_directions(N_RAYS))
    distance, nearest = tree.query(places / radius[:, None], k=_NEIGHBOURS)
    weight = 1.0 / (distance**2 + 1e-4)
    return nearest, weight / weight.sum(axis=1, keepdims=True), radius
