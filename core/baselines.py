"""Forecasts without a network: what a network has to beat.

`persistence` and `control_only` cost nothing; `snowplough` and `thin_shell`
are what a theorist would use. They are evolutions and are compared like any
forecast. `oracle_sphere` knows the truth; it is the limit of every forecast
that is a sphere, the snowplough among them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.cubes import Cube, CubeSequence, Vector3
from core.errors import InvalidRequest
from core.progress import CancelCheck, check_cancelled
from core.shells import thin_shell as thin_shells
from core.shells.radius import N_RAYS
from core.shells.region import AFFECTED_BELOW, density_ratio
from core.shells.remnant import Remnant, surroundings
from core.shells.sweep import Sweeper


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


def thin_shell(
    cube: Cube,
    times_myr: ArrayLike,
    energy_erg: float = 1e51,
    *,
    site_pc: Vector3 = (0.0, 0.0, 0.0),
    cancelled: CancelCheck | None = None,
) -> CubeSequence:
    """Sweep the gas into a shell whose radius differs from direction to direction.

    Parameters
    ----------
    cube : Cube
        The gas at the explosion.
    times_myr : array_like of float
        Increasing times in Myr, on the clock of the cube.
    energy_erg : float
        Energy of the explosion in erg.
    site_pc : tuple of float
        Place of the explosion relative to the cube's centre, in pc.
    cancelled : callable, optional
        Asked at every step.

    Returns
    -------
    CubeSequence
        The density, with radii by `core.shells.thin_shell.thin_shell` and
        the gas moved by `core.shells.sweep.Sweeper`. Without the explosion
        the gas stays as it is.

    Raises
    ------
    InvalidRequest
        If the cube holds no gas, the site is outside, or a time precedes it.
    Cancelled
        If told to stop.
    """
    times = np.array(times_myr, dtype=np.float64, ndmin=1)
    shell = thin_shells.thin_shell(
        cube, site_pc, _ages(cube, times), energy_erg, cancelled=cancelled
    )
    provenance = {"method": "thin-shell", "energy_erg": energy_erg, "directions": N_RAYS}
    return _swept(cube, times, shell.radii_pc, site_pc, provenance, cancelled)


def snowplough(
    cube: Cube,
    times_myr: ArrayLike,
    energy_erg: float = 1e51,
    *,
    site_pc: Vector3 = (0.0, 0.0, 0.0),
    cancelled: CancelCheck | None = None,
) -> CubeSequence:
    """Sweep the gas into a spherical shell that grows as in uniform gas.

    Parameters
    ----------
    cube, times_myr, energy_erg, site_pc, cancelled
        As for `thin_shell`.

    Returns
    -------
    CubeSequence
        The density, with the radius of `core.shells.remnant.Remnant` in gas of
        the mean density that it sweeps up until the last time.

    Raises
    ------
    InvalidRequest
        As `thin_shell` does.
    Cancelled
        If told to stop.
    """
    times = np.array(times_myr, dtype=np.float64, ndmin=1)
    ages = _ages(cube, times)
    density, _ = surroundings(cube, site_pc, max(float(ages[-1]), 1e-9), energy_erg)
    radii = np.repeat(Remnant(density, energy_erg).radius_pc(ages)[:, None], N_RAYS, axis=1)
    provenance = {"method": "snowplough", "energy_erg": energy_erg, "mean_density": density}
    return _swept(cube, times, radii, site_pc, provenance, cancelled)


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


def _ages(cube: Cube, times_myr: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count times from the explosion; rounding must not put the first frame before it."""
    ages = times_myr - cube.time_myr
    return np.where(np.abs(ages) < 1e-9, 0.0, ages)


def _swept(
    cube: Cube,
    times_myr: NDArray[np.float64],
    radii_pc: NDArray[np.float64],
    site_pc: Vector3,
    provenance: Mapping[str, Any],
    cancelled: CancelCheck | None,
) -> CubeSequence:
    """Sweep a cube up to radii, (time, direction)."""
    sweeper = Sweeper(cube, site_pc, radii_pc.shape[1])
    frames = np.empty((len(times_myr), *cube.density.shape), dtype=np.float32)
    for frame, radii in zip(frames, radii_pc, strict=True):
        check_cancelled(cancelled, "The forecast")
        frame[:] = sweeper.swept(radii)
    return CubeSequence(
        fields={"density": frames},
        times_myr=times_myr,
        size_pc=cube.size_pc,
        center_pc=cube.center_pc,
        provenance=provenance,
    )


def _distances(n: int, voxel_pc: float, site_pc: Vector3) -> NDArray[np.float64]:
    """Distance of every voxel centre from the site, (n, n, n), pc."""
    axis = (np.arange(n) - 0.5 * (n - 1)) * voxel_pc
    x, y, z = np.meshgrid(*(axis - place for place in site_pc), indexing="ij", sparse=True)
    return np.asarray(np.sqrt(x**2 + y**2 + z**2))
