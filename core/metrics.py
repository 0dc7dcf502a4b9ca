"""Measures of how well a forecast agrees with the truth.

Conventions, the same for every overlap: if both regions are empty the
agreement is perfect (1), if only one is empty there is none (0). A distance
that is not defined, because a region or surface is empty, is NaN.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.cubes import Vector3
from core.errors import InvalidRequest
from core.shells.radius import RadiusProfile
from core.shells.surface import Surface, distances_to_surface

DENSITY_FLOOR = 1e-4
"""Density, Msun/pc^3, below which a voxel counts as this dense in logarithms.

Less than any gas in a cavity. Particles leave some voxels quite empty, and a
logarithm of nothing would drown every other voxel.
"""


MOMENTUM_VOXELS = 2
"""So far from the reached region an explosion's momentum is looked for.

The outermost voxels of a blast wave have changed by less than what counts as
reached, and hold a tenth of its momentum, soon after the explosion a half.
Further out it is only noise that turbulence adds.
"""


class SurfaceDistances(NamedTuple):
    """Distances between two surfaces, in pc."""

    mean_pc: float
    hausdorff95_pc: float
    hausdorff_pc: float


class RadiusError(NamedTuple):
    """Errors of a radius profile, in pc: signed mean, and r.m.s. over directions."""

    mean_pc: float
    rms_pc: float


def iou(forecast: ArrayLike, truth: ArrayLike) -> float:
    """Measure the intersection over union of two regions.

    Parameters
    ----------
    forecast, truth : array_like of bool
        Masks of the same shape.

    Returns
    -------
    float
        Voxels in both, over voxels in either; both empty: 1.
    """
    hit, n_forecast, n_truth = _counts(forecast, truth)
    return _share(hit, n_forecast + n_truth - hit, n_forecast, n_truth)


def dice(forecast: ArrayLike, truth: ArrayLike) -> float:
    """Dice coefficient of two regions.

    Parameters
    ----------
    forecast, truth : array_like of bool
        Masks of the same shape.

    Returns
    -------
    float
        Twice the voxels in both, over the sum of the two; both empty: 1.
    """
    hit, n_forecast, n_truth = _counts(forecast, truth)
    return _share(2 * hit, n_forecast + n_truth, n_forecast, n_truth)


def recall(forecast: ArrayLike, truth: ArrayLike) -> float:
    """Share of the true region that was forecast.

    Parameters
    ----------
    forecast, truth : array_like of bool
        Masks of the same shape.

    Returns
    -------
    float
        Voxels in both, over voxels of the truth; both empty: 1, one: 0.
    """
    hit, n_forecast, n_truth = _counts(forecast, truth)
    return _share(hit, n_truth, n_forecast, n_truth)


def precision(forecast: ArrayLike, truth: ArrayLike) -> float:
    """Share of the forecast region that is true.

    Parameters
    ----------
    forecast, truth : array_like of bool
        Masks of the same shape.

    Returns
    -------
    float
        Voxels in both, over voxels of the forecast; both empty: 1, one: 0.
    """
    hit, n_forecast, n_truth = _counts(forecast, truth)
    return _share(hit, n_forecast, n_forecast, n_truth)


def surface_distances(forecast: Surface, truth: Surface) -> SurfaceDistances:
    """Mean and Hausdorff distances between two surfaces.

    Each triangle is represented by its centroid and weighted by its area;
    its distance is that to the nearest point of the other surface.

    Parameters
    ----------
    forecast, truth : Surface
        The surfaces, in pc, in the same coordinates.

    Returns
    -------
    SurfaceDistances
        `mean_pc`: mean over both surfaces together; `hausdorff95_pc`: the
        larger of the two 95th percentiles, one per direction; `hausdorff_pc`:
        the largest distance. 0 when both surfaces are empty would claim an
        agreement that was not measured: NaN if either is empty.
    """
    if len(forecast) == 0 or len(truth) == 0:
        return SurfaceDistances(math.nan, math.nan, math.nan)
    directed = [
        (distances_to_surface(source.corners_pc.mean(axis=1), target), source.areas_pc2)
        for source, target in ((forecast, truth), (truth, forecast))
    ]
    distances, weights = (np.concatenate(parts) for parts in zip(*directed, strict=True))
    return SurfaceDistances(
        mean_pc=float(np.average(distances, weights=weights)),
        hausdorff95_pc=max(_weighted_percentile(d, w, 0.95) for d, w in directed),
        hausdorff_pc=float(distances.max()),
    )


def radius_error(forecast: RadiusProfile, truth: RadiusProfile) -> RadiusError:
    """Errors of the radius over the directions where both are defined.

    Parameters
    ----------
    forecast, truth : RadiusProfile
        Profiles along the same rays.

    Returns
    -------
    RadiusError
        `mean_pc`: mean of forecast minus truth, positive if the forecast is
        too large; `rms_pc`: root mean square of the same. NaN if there is
        no common direction.

    Raises
    ------
    InvalidRequest
        If the profiles have different rays.
    """
    if forecast.radii_pc.shape != truth.radii_pc.shape:
        raise InvalidRequest("Radius profiles can only be compared along the same rays.")
    difference = forecast.radii_pc - truth.radii_pc
    known = difference[np.isfinite(difference)]
    if known.size == 0:
        return RadiusError(math.nan, math.nan)
    return RadiusError(float(known.mean()), float(np.sqrt((known**2).mean())))


def log_density_error(
    forecast: ArrayLike, truth: ArrayLike, mask: ArrayLike | None = None
) -> float:
    """Mean absolute error of log10 density.

    Parameters
    ----------
    forecast, truth : array_like of float
        Densities of the same shape, in Msun/pc^3; less than `DENSITY_FLOOR`
        counts as that.
    mask : array_like of bool, optional
        Voxels to count; all by default.

    Returns
    -------
    float
        The error in dex; NaN if the mask is empty.
    """
    ours, real = np.asarray(forecast), np.asarray(truth)
    if mask is not None:
        chosen = np.asarray(mask, dtype=bool)
        ours, real = ours[chosen], real[chosen]
    if real.size == 0:
        return math.nan
    difference = np.log10(np.maximum(ours, DENSITY_FLOOR))
    difference -= np.log10(np.maximum(real, DENSITY_FLOOR))
    return float(np.abs(difference).mean(dtype=np.float64))


def vrmse(forecast: ArrayLike, truth: ArrayLike, epsilon: float = 1e-7) -> float:
    """Root mean square error relative to the variance of the truth.

    As The Well defines it (arXiv:2412.00568): 1 is what a forecast of the
    mean would score. State with it whether the field was the density or its
    logarithm, and the times: they make a large difference.

    Parameters
    ----------
    forecast, truth : array_like of float
        The field, linear or logarithmic.
    epsilon : float
        Added to the variance, in the square of the field's unit.

    Returns
    -------
    float
        sqrt(<(forecast - truth)^2> / (var(truth) + epsilon)).
    """
    real = np.asarray(truth, dtype=np.float64)
    error = np.mean((np.asarray(forecast, dtype=np.float64) - real) ** 2)
    return float(np.sqrt(error / (real.var() + epsilon)))


def swept_mass_msun(control: ArrayLike, reached: ArrayLike, voxel_pc: float) -> float:
    """Mass that the blast wave has overrun.

    Parameters
    ----------
    control : array_like of float, (n, n, n)
        Density without the explosion, Msun/pc^3.
    reached : array_like of bool, (n, n, n)
        The reached region.
    voxel_pc : float
        Edge length of a voxel in pc.

    Returns
    -------
    float
        The mass the region would hold without the explosion, in Msun.
    """
    inside = np.asarray(control)[np.asarray(reached, dtype=bool)]
    return float(inside.sum(dtype=np.float64)) * voxel_pc**3


def radial_momentum(
    density: ArrayLike,
    velocity: ArrayLike,
    voxel_pc: float,
    site_pc: Vector3 = (0.0, 0.0, 0.0),
) -> float:
    """Momentum away from the explosion site.

    Parameters
    ----------
    density : array_like of float, (n, n, n)
        Density in Msun/pc^3.
    velocity : array_like of float, (n, n, n, 3)
        Velocity in km/s.
    voxel_pc : float
        Edge length of a voxel in pc.
    site_pc : tuple of float
        Place of the explosion relative to the cube's centre, in pc.

    Returns
    -------
    float
        Sum of mass times outward velocity, in Msun km/s.
    """
    rho = np.asarray(density, dtype=np.float64)
    axis = (np.arange(rho.shape[0]) - 0.5 * (rho.shape[0] - 1)) * voxel_pc
    away = np.stack(np.meshgrid(*(axis - x for x in site_pc), indexing="ij"), axis=-1)
    distance = np.maximum(np.linalg.norm(away, axis=-1), 1e-12)
    outward = (np.asarray(velocity, dtype=np.float64) * away).sum(axis=-1) / distance
    return float((rho * outward).sum()) * voxel_pc**3


def explosion_momentum(
    density: ArrayLike,
    velocity: ArrayLike,
    control: ArrayLike,
    control_velocity: ArrayLike,
    reached: ArrayLike,
    voxel_pc: float,
    site_pc: Vector3 = (0.0, 0.0, 0.0),
) -> float:
    """Measure the radial momentum that an explosion has given to the gas.

    Parameters
    ----------
    density, control : array_like of float, (n, n, n)
        Density with and without the explosion in Msun/pc^3.
    velocity, control_velocity : array_like of float, (n, n, n, 3)
        Velocities of the same in km/s.
    reached : array_like of bool, (n, n, n)
        The reached region.
    voxel_pc : float
        Edge length of a voxel in pc.
    site_pc : tuple of float
        Place of the explosion relative to the cube's centre, in pc.

    Returns
    -------
    float
        `radial_momentum` with less that without the explosion, within
        `MOMENTUM_VOXELS` of the reached region, in Msun km/s; 0 if nothing is
        reached.
    """
    from scipy.ndimage import binary_dilation

    near = np.asarray(reached, dtype=bool)
    if not near.any():
        return 0.0
    near = binary_dilation(near, iterations=MOMENTUM_VOXELS)
    pairs = ((density, velocity), (control, control_velocity))
    after, before = (
        radial_momentum(np.where(near, rho, 0.0), moving, voxel_pc, site_pc)
        for rho, moving in pairs
    )
    return after - before


def _counts(forecast: ArrayLike, truth: ArrayLike) -> tuple[int, int, int]:
    """Count voxels in both, in the forecast and in the truth."""
    ours, real = np.asarray(forecast, dtype=bool), np.asarray(truth, dtype=bool)
    if ours.shape != real.shape:
        raise InvalidRequest(f"Regions of {ours.shape} and {real.shape} voxels: not one grid.")
    return int((ours & real).sum()), int(ours.sum()), int(real.sum())


def _share(part: int, whole: int, n_forecast: int, n_truth: int) -> float:
    if n_forecast == 0 and n_truth == 0:
        return 1.0
    return part / whole if whole else 0.0


def _weighted_percentile(
    values: NDArray[np.float64], weights: NDArray[np.float64], share: float
) -> float:
    """Find the value below which a share of the weight lies."""
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    index = np.searchsorted(cumulative, share * cumulative[-1])
    return float(values[order][min(int(index), len(values) - 1)])
