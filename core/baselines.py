"""Forecasts that cost nothing: what a network has to beat.

`persistence` and `control_only` are evolutions and are compared like any
forecast. `oracle_sphere` knows the truth; it is the limit of every forecast
that is a sphere, Sedov's and the snowplough's among them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.cubes import Cube, CubeSequence, Vector3
from core.errors import InvalidRequest
from core.shells.region import AFFECTED_BELOW, density_ratio


@dataclass(frozen=True, eq=False)
class SphereFit:
    """The best possible spheres around the site, one per frame.

    Parameters
    ----------
    masks : ndarray of bool, (time, n, n, n)
        Voxels whose centres lie in the sphere.
    radii_pc : ndarray of float, (time,)
        Radius of each sphere in pc; NaN where the true region is empty.
    """

    masks: NDArray[np.bool_]
    radii_pc: NDArray[np.float64]


def persistence(cube: Cube, times_myr: ArrayLike) -> CubeSequence:
    """Nothing moves: the first cube at all times.

    Parameters
    ----------
    cube : Cube
        The state before the explosion.
    times_myr : array_like of float
        Increasing times in Myr.

    Returns
    -------
    CubeSequence
        The density of the cube at every time.
    """
    times = np.array(times_myr, dtype=np.float64, ndmin=1)
    return CubeSequence(
        fields={"density": np.broadcast_to(cube.density, (len(times), *cube.density.shape))},
        times_myr=times,
        size_pc=cube.size_pc,
        center_pc=cube.center_pc,
        provenance={"method": "persistence"},
    )


def control_only(truth_control: CubeSequence) -> CubeSequence:
    """Turbulence alone: the gas as it really moves without the explosion.

    Parameters
    ----------
    truth_control : CubeSequence
        The control run.

    Returns
    -------
    CubeSequence
        The density of the control as a forecast. Relative to the control it
        has no shell at all.
    """
    return CubeSequence(
        fields={"density": truth_control.density},
        times_myr=truth_control.times_myr,
        size_pc=truth_control.size_pc,
        center_pc=truth_control.center_pc,
        provenance={"method": "control"},
    )


def oracle_sphere(
    truth: CubeSequence,
    control: CubeSequence,
    threshold: float = AFFECTED_BELOW,
    site_pc: Vector3 = (0.0, 0.0, 0.0),
) -> SphereFit:
    """Fit the best possible sphere to the true region of every frame.

    Parameters
    ----------
    truth, control : CubeSequence
        The true evolution with and without the explosion, at the same times.
    threshold : float
        Density over control below which a voxel belongs to the region: 0.9
        for the affected region, 0.5 for the cavity.
    site_pc : tuple of float
        Centre of the spheres relative to the cube's centre, in pc.

    Returns
    -------
    SphereFit
        For every frame the sphere at the site with the largest IoU.

    Raises
    ------
    InvalidRequest
        If truth and control differ in shape.
    """
    regions = density_ratio(truth.density, control.density) < threshold
    return fit_spheres(regions, truth.voxel_pc, site_pc)


def fit_spheres(
    regions: ArrayLike, voxel_pc: float, site_pc: Vector3 = (0.0, 0.0, 0.0)
) -> SphereFit:
    """Fit the best possible sphere around a place to each of several regions.

    Every radius that makes a difference is tried: the distance of every
    voxel from the site.

    Parameters
    ----------
    regions : array_like of bool, (time, n, n, n)
        The true regions.
    voxel_pc : float
        Edge length of a voxel in pc.
    site_pc : tuple of float
        Centre of the spheres relative to the cube's centre, in pc.

    Returns
    -------
    SphereFit
        For every region the sphere with the largest IoU; no voxel, and a
        radius of NaN, for an empty region.

    Raises
    ------
    InvalidRequest
        If the regions are not a sequence of cubic masks.
    """
    masks = np.asarray(regions, dtype=bool)
    if masks.ndim != 4 or len(set(masks.shape[1:])) != 1:
        raise InvalidRequest(f"Regions must be (time, n, n, n), not {masks.shape}.")
    distance = _distances(masks.shape[1], voxel_pc, site_pc)
    # Rounded, so that voxels equally far by symmetry enter together.
    shells, rank = np.unique(np.round(distance.ravel(), 6), return_inverse=True)
    sizes = np.cumsum(np.bincount(rank, minlength=len(shells)))
    between = np.append(0.5 * (shells[1:] + shells[:-1]), shells[-1])

    spheres = np.zeros_like(masks)
    radii = np.full(len(masks), math.nan)
    for frame, region in enumerate(masks):
        total = np.count_nonzero(region)
        if total == 0:
            continue
        hits = np.cumsum(np.bincount(rank, weights=region.ravel(), minlength=len(shells)))
        best = int(np.argmax(hits / (sizes + total - hits)))
        radii[frame] = between[best]
        spheres[frame] = (rank <= best).reshape(region.shape)
    return SphereFit(spheres, radii)


def _distances(n: int, voxel_pc: float, site_pc: Vector3) -> NDArray[np.float64]:
    """Distance of every voxel centre from the site, (n, n, n), pc."""
    axis = (np.arange(n) - 0.5 * (n - 1)) * voxel_pc
    x, y, z = np.meshgrid(*(axis - place for place in site_pc), indexing="ij", sparse=True)
    return np.asarray(np.sqrt(x**2 + y**2 + z**2))
