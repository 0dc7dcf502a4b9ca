"""What a shell of known radius makes of the density: a hollow, and its gas in the shell."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cubes import Cube, Vector3
from core.errors import InvalidRequest
from core.shells.radius import fibonacci_directions

LEFT_INSIDE = 0.02
"""Part of the swept-up gas that stays where it was, as hot gas and shreds."""

THICKNESS = 0.09
"""Thickness of the shell over its radius: 1 - (3/4)^(1/3).

A layer so thick holds the gas of the sphere at the fourfold density of a strong
shock. A cooled shell is thinner than any voxel."""

MIN_VOXELS = 0.5
"""Least thickness of the shell in voxels: what a grid code shows of a cooled one."""

_NEIGHBOURS = 3
"""Directions whose radii are interpolated to a voxel."""


class Sweeper:
    """Moves the gas of a cube into shells around a site, conserving mass.

    Along the line from the site, a voxel counts as a stretch one voxel long:
    the part of it within the shell's radius is swept, the part within the
    shell's thickness receives. What one direction sweeps up, its own shell
    gets, in proportion to those parts.

    Parameters
    ----------
    cube : Cube
        The gas before.
    site_pc : tuple of float
        Place of the explosion relative to the cube's centre, in pc.
    n_rays : int
        Directions in which radii will be given.
    """

    def __init__(self, cube: Cube, site_pc: Vector3, n_rays: int) -> None:
        from scipy.spatial import cKDTree

        self._cube = cube
        axis = (np.arange(cube.n) + 0.5) * cube.voxel_pc - 0.5 * cube.size_pc
        axes = [axis - place for place in site_pc]
        places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        self._distance = np.linalg.norm(places, axis=1)
        # In order of distance: what a shell has not reached yet is a slice that is left alone.
        self._order = np.argsort(self._distance, kind="stable")
        self._distance = self._distance[self._order]
        self._density = cube.density.ravel()[self._order].astype(np.float64)
        self._directions = fibonacci_directions(n_rays)
        self._tree = cKDTree(self._directions)
        units = places[self._order] / np.maximum(self._distance, 1e-9)[:, None]
        self._units = units
        self._near = np.zeros((0, _NEIGHBOURS), dtype=np.intp)
        self._weights = np.zeros((0, _NEIGHBOURS))
        half = 0.5 * cube.size_pc
        with np.errstate(divide="ignore"):
            faces = (np.sign(self._directions) * half - np.array(site_pc)) / self._directions
        self._exit = np.where(self._directions == 0, np.inf, faces).min(axis=1)

    def swept(self, radii_pc: NDArray[np.float64]) -> NDArray[np.float32]:
        """Sweep the gas up to a radius in every direction.

        Parameters
        ----------
        radii_pc : ndarray of float, (n_rays,)
            Outer radius of the shell in the directions of
            `core.shells.fibonacci_directions`, in pc.

        Returns
        -------
        ndarray of float32, (n, n, n)
            Density in Msun/pc^3. The mass of the cube is what it was, as long
            as the shell is inside; where it leaves the cube, its gas does.

        Raises
        ------
        InvalidRequest
            If there is not one radius per direction.
        """
        radii = np.asarray(radii_pc, dtype=np.float64)
        if radii.shape != (len(self._directions),):
            raise InvalidRequest(
                f"{len(self._directions)} radii are needed, not an array of {radii.shape}."
            )
        density = self._density.copy()
        voxel = self._cube.voxel_pc
        reach = int(np.searchsorted(self._distance, float(radii.max()) + voxel))
        if radii.max() <= 0 or reach == 0:
            return self._grid(density)
        near, weights = self._neighbours(reach)
        distance = self._distance[:reach]
        outer = (weights * radii[near]).sum(axis=1)
        thickness = np.maximum(THICKNESS * outer, np.minimum(MIN_VOXELS * voxel, outer))
        inside = _overlap(distance, voxel, 0.0, outer)
        shell = _overlap(distance, voxel, outer - thickness, outer)
        taken = density[:reach] * inside * (1.0 - LEFT_INSIDE)
        count = len(radii)
        mass = _sum_at(near, weights * taken[:, None], count)
        room = _sum_at(near, weights * shell[:, None], count)
        mass, room = self._where_there_is_room(mass, room, radii)
        given = np.divide(mass, room, out=np.zeros_like(mass), where=room > 0)
        density[:reach] += shell * (weights * given[near]).sum(axis=1) - taken
        return self._grid(np.maximum(density, 0.0))

    def _neighbours(self, reach: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Directions next to each of the nearest voxels, and their weights."""
        known = len(self._near)
        if known < reach:
            separation, near = self._tree.query(self._units[known:reach], k=_NEIGHBOURS)
            weights = 1.0 / np.maximum(separation, 1e-6)
            weights /= weights.sum(axis=1, keepdims=True)
            self._near = np.concatenate((self._near, near))
            self._weights = np.concatenate((self._weights, weights))
        return self._near[:reach], self._weights[:reach]

    def _where_there_is_room(
        self,
        mass: NDArray[np.float64],
        room: NDArray[np.float64],
        radii: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Hand the mass of directions without a voxel in their shell to the next that has one.

        Small shells have fewer voxels than there are directions. Shells outside the
        cube have none either: that mass is gone.
        """
        # A voxel that a shell only just touches would get the mass of a whole sector.
        enough = room > 0.1 * np.median(room[room > 0]) if (room > 0).any() else room > 0
        without = np.flatnonzero(~enough & (mass > 0))
        if not enough.any():
            return np.zeros_like(mass), room
        inside = without[radii[without] <= self._exit[without]]
        mass = mass.copy()
        if inside.size:
            targets = np.flatnonzero(enough)
            offsets = self._directions[inside] @ self._directions[targets].T
            to = targets[np.argmax(offsets, axis=1)]
            np.add.at(mass, to, mass[inside])
        mass[without] = 0.0
        return mass, np.where(enough, room, 0.0)

    def _grid(self, density: NDArray[np.float64]) -> NDArray[np.float32]:
        grid = np.empty(density.size, dtype=np.float32)
        grid[self._order] = density
        return grid.reshape(self._cube.density.shape)


def _overlap(
    distance: NDArray[np.float64],
    width: float,
    low: NDArray[np.float64] | float,
    high: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Part of a stretch around a distance that lies between two radii."""
    begin = np.maximum(distance - 0.5 * width, low)
    end = np.minimum(distance + 0.5 * width, high)
    return np.asarray(np.maximum(end - begin, 0.0) / width)


def _sum_at(near: NDArray[Any], values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    total: NDArray[np.float64] = np.bincount(near.ravel(), values.ravel(), count).astype(np.float64)
    return total
