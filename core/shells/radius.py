"""The radius of a shell, direction by direction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.cubes import Vector3
from core.shells.region import Mask, at_site, site_index

N_RAYS = 768
"""Directions by default: on a sphere of 10 voxels radius, two per voxel face."""

MIN_COMPRESSION = 1.1
"""Density over control that a ray must reach to have a dense shell at all."""

_EDGE_STEP = 0.5  # voxels; the crossing itself is interpolated
_PEAK_STEP = 0.25  # voxels


@dataclass(frozen=True, eq=False)
class RadiusProfile:
    """Radius of a shell along rays from the explosion site.

    Parameters
    ----------
    radii_pc : ndarray of float, (n_rays,)
        Radius in each direction of `fibonacci_directions`, in pc; NaN where
        it is not defined.
    volume_equivalent_pc : float
        Radius of the sphere of the same volume, in pc; NaN if undefined.
    """

    radii_pc: NDArray[np.float64]
    volume_equivalent_pc: float

    @property
    def mean_pc(self) -> float:
        """Mean over the directions where it is defined, in pc; NaN if nowhere."""
        known = self._known
        return float(known.mean()) if known.size else math.nan

    @property
    def p16_pc(self) -> float:
        """16th percentile over the directions, in pc; NaN if undefined."""
        return self._percentile(16)

    @property
    def p84_pc(self) -> float:
        """84th percentile over the directions, in pc; NaN if undefined."""
        return self._percentile(84)

    @property
    def _known(self) -> NDArray[np.float64]:
        return self.radii_pc[np.isfinite(self.radii_pc)]

    def _percentile(self, share: float) -> float:
        known = self._known
        return float(np.percentile(known, share)) if known.size else math.nan


@lru_cache(maxsize=8)
def fibonacci_directions(n_rays: int = N_RAYS) -> NDArray[np.float64]:
    """Directions that cover the sphere evenly.

    Parameters
    ----------
    n_rays : int
        How many.

    Returns
    -------
    ndarray of float64, (n_rays, 3)
        Unit vectors along a spiral of the golden angle, each standing for
        the same solid angle.
    """
    index = np.arange(n_rays) + 0.5
    z = 1.0 - 2.0 * index / n_rays
    azimuth = np.pi * (1.0 + math.sqrt(5.0)) * index
    across = np.sqrt(1.0 - z**2)
    directions = np.stack([across * np.cos(azimuth), across * np.sin(azimuth), z], axis=1)
    directions.flags.writeable = False
    return directions


def radius_profile(
    mask: Mask,
    voxel_pc: float,
    site_pc: Vector3 = (0.0, 0.0, 0.0),
    n_rays: int = N_RAYS,
) -> RadiusProfile:
    """How far a region extends from the site in every direction.

    Only the part of the mask that is connected to the site counts. Along each
    ray the radius is where the ray leaves that part for the last time (the
    mask interpolated linearly between voxel centres, at one half); 0 where
    the ray does not meet it. A region that leaves the cube ends at its face.

    Parameters
    ----------
    mask : ndarray of bool, (n, n, n)
        The region.
    voxel_pc : float
        Edge length of a voxel in pc.
    site_pc : tuple of float
        Place of the explosion relative to the cube's centre, in pc.
    n_rays : int
        Number of directions.

    Returns
    -------
    RadiusProfile
        All NaN if no part of the mask is connected to the site.
    """
    site = np.array(site_index(site_pc, mask.shape[0], voxel_pc))
    region = at_site(np.asarray(mask, dtype=bool), tuple(site))
    count = np.count_nonzero(region)
    if count == 0:
        return RadiusProfile(np.full(n_rays, math.nan), math.nan)
    farthest = np.sqrt(((np.argwhere(region) - site) ** 2).sum(axis=1).max())
    # A voxel past the farthest centre every ray is outside.
    steps = _EDGE_STEP * np.arange(math.ceil((farthest + 2.0) / _EDGE_STEP) + 1)
    inside = _sample(region.astype(np.float32), site, steps, n_rays, mode="grid-constant")

    within = inside >= 0.5
    last = within.shape[1] - 1 - np.argmax(within[:, ::-1], axis=1)
    last = np.minimum(last, len(steps) - 2)
    rays = np.arange(n_rays)
    here, beyond = inside[rays, last], inside[rays, last + 1]
    crossing = steps[last] + _EDGE_STEP * (here - 0.5) / np.maximum(here - beyond, 1e-6)
    radii = np.where(within.any(axis=1), crossing * voxel_pc, 0.0)
    return RadiusProfile(radii, _sphere_radius(count * voxel_pc**3))


def dense_shell_radius(
    ratio: ArrayLike,
    voxel_pc: float,
    site_pc: Vector3 = (0.0, 0.0, 0.0),
    n_rays: int = N_RAYS,
    min_compression: float = MIN_COMPRESSION,
) -> RadiusProfile:
    """Find the radius of maximum compression in every direction.

    Parameters
    ----------
    ratio : array_like of float, (n, n, n)
        Density over control.
    voxel_pc : float
        Edge length of a voxel in pc.
    site_pc : tuple of float
        Place of the explosion relative to the cube's centre, in pc.
    n_rays : int
        Number of directions.
    min_compression : float
        Rays on which the ratio stays below this have no dense shell (NaN).

    Returns
    -------
    RadiusProfile
        Radii in steps of a quarter of a voxel; the volume-equivalent radius
        is that of the star-shaped body the radii describe.
    """
    values = np.asarray(ratio, dtype=np.float32)
    n = values.shape[0]
    site = np.array(site_index(site_pc, n, voxel_pc))
    corner = np.maximum(np.abs(site + 0.5), np.abs(n - 0.5 - site))
    steps = np.arange(0.0, float(np.linalg.norm(corner)), _PEAK_STEP)
    along = _sample(values, site, steps, n_rays, mode="nearest")
    along[steps[None, :] > _exit_distance(site, n, n_rays)[:, None]] = -np.inf
    peak = np.argmax(along, axis=1)
    dense = along[np.arange(n_rays), peak] >= min_compression
    radii = np.where(dense, steps[peak] * voxel_pc, math.nan)
    known = radii[dense]
    volume = 4.0 / 3.0 * math.pi * float((known**3).mean()) if known.size else math.nan
    return RadiusProfile(radii, _sphere_radius(volume))


def _sample(
    values: NDArray[np.float32],
    site: NDArray[np.float64],
    steps: NDArray[np.float64],
    n_rays: int,
    mode: str,
) -> NDArray[np.float32]:
    """Values along every ray, (n_rays, len(steps)), interpolated linearly."""
    from scipy import ndimage

    points = fibonacci_directions(n_rays).T[:, :, None] * steps + site[:, None, None]
    sampled: NDArray[np.float32] = ndimage.map_coordinates(
        values, points, order=1, mode=mode, output=np.float32
    )
    return sampled


def _exit_distance(site: NDArray[np.float64], n: int, n_rays: int) -> NDArray[np.float64]:
    """Voxels from the site to the cube's surface along every ray."""
    directions = fibonacci_directions(n_rays)
    face = np.where(directions > 0, n - 0.5, -0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(directions == 0, np.inf, (face - site) / directions)
    return np.asarray(distance.min(axis=1))


def _sphere_radius(volume: float) -> float:
    return (3.0 * volume / (4.0 * math.pi)) ** (1.0 / 3.0)
