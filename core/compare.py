"""Comparing a forecast with the truth, frame by frame."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core import metrics, shells
from core.comparison import (
    DEFINITIONS,
    FIGURES,
    Comparison,
    ControlSource,
    Definition,
    FrameFigures,
)
from core.cubes import CubeSequence, Vector3
from core.energy import saving
from core.errors import InvalidRequest
from core.evolution import Evolution
from core.origin import origin
from core.progress import CancelCheck, Progress, check_cancelled, report

__all__ = [
    "DEFINITIONS",
    "FIGURES",
    "Comparison",
    "ControlSource",
    "Definition",
    "FrameFigures",
    "at_times",
    "compare",
    "frames_within",
]

_NO_DISTANCES = metrics.SurfaceDistances(math.nan, math.nan, math.nan)


def compare(
    forecast: Evolution,
    truth: CubeSequence | Evolution,
    control: CubeSequence | None = None,
    *,
    surfaces: bool = True,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Comparison:
    """Compare a forecast with what really happened.

    The forecast region is that of the forecast relative to its own control;
    the true region is that of the truth relative to `control`, or to the
    forecast's control if none is given.

    Parameters
    ----------
    forecast : Evolution
        The forecast; its first frame is the state before the explosion. It
        is interpolated to the times of the truth (linearly in log density).
    truth : CubeSequence or Simulation
        The true evolution on the same grid. Frames outside the forecast's
        time range are left out. Of a simulation its own control is taken.
    control : CubeSequence, optional
        The true evolution without the explosion, covering the same times.
    surfaces : bool
        Whether to measure the distances between the shell surfaces, which
        takes most of the time; without, they are NaN.
    progress : callable, optional
        Told the fraction done.
    cancelled : callable, optional
        Asked between the frames.

    Returns
    -------
    Comparison
        One row per true frame within the forecast's time range; and how
        much less the forecast cost, where both provenances state it.

    Raises
    ------
    InvalidRequest
        If the grids differ, no true frame lies in the forecast's time range,
        or the control does not cover the frames.
    Cancelled
        If told to stop.
    """
    cheaper = saving(forecast.provenance, truth.provenance)
    if isinstance(truth, Evolution):
        control = truth.control if control is None else control
        truth = truth.sequence
    _check_grid("truth", truth, forecast.sequence)
    if control is not None:
        _check_grid("control", control, forecast.sequence)
    frames = frames_within(truth, forecast.times_myr)
    times = truth.times_myr[frames]
    predicted = at_times(forecast.sequence, times).density
    predicted_control = at_times(forecast.control, times).density
    real_control = predicted_control if control is None else at_times(control, times).density
    before = forecast.density[0]
    still = _control_velocity(truth, control, float(forecast.times_myr[0]))
    rows: list[FrameFigures] = []
    for row, (frame, time) in enumerate(zip(frames, times, strict=True)):
        check_cancelled(cancelled, "The comparison")
        report(progress, row / len(frames), "Comparing forecast and truth")
        rows.append(
            _figures(
                time_myr=float(time),
                before=before,
                forecast=predicted[row],
                forecast_control=predicted_control[row],
                truth=truth.density[frame],
                truth_control=real_control[row],
                velocities=None
                if still is None
                else (truth.fields["velocity"][frame], still(frame)),
                voxel_pc=truth.voxel_pc,
                site_pc=forecast.site_pc,
                surfaces=surfaces,
            )
        )
    source: ControlSource = "forecast" if control is None else "given"
    return Comparison(tuple(rows), source, cheaper, origin(forecast, truth, source))


def frames_within(truth: CubeSequence, times_myr: NDArray[np.float64]) -> NDArray[np.intp]:
    """Find the true frames inside the time range of a forecast.

    Parameters
    ----------
    truth : CubeSequence
        The true evolution.
    times_myr : ndarray of float, (frames,)
        Times of the forecast in Myr.

    Returns
    -------
    ndarray of int
        The indices, in time order.

    Raises
    ------
    InvalidRequest
        If there is none.
    """
    first, last = float(times_myr[0]), float(times_myr[-1])
    slack = _slack(times_myr)
    inside = (truth.times_myr >= first - slack) & (truth.times_myr <= last + slack)
    if not inside.any():
        raise InvalidRequest(
            f"The truth covers {truth.times_myr[0]:g} to {truth.times_myr[-1]:g} Myr and has no "
            f"frame in the forecast's range, {first:g} to {last:g} Myr."
        )
    return np.flatnonzero(inside)


def at_times(sequence: CubeSequence, times_myr: NDArray[np.float64]) -> CubeSequence:
    """Interpolate a sequence, forgiving times that are outside by rounding only.

    Parameters
    ----------
    sequence : CubeSequence
        The sequence.
    times_myr : ndarray of float, (frames,)
        Increasing times in Myr.

    Returns
    -------
    CubeSequence
        The density at those times.

    Raises
    ------
    InvalidRequest
        If a time lies outside the sequence.
    """
    first, last = sequence.times_myr[0], sequence.times_myr[-1]
    slack = _slack(sequence.times_myr)
    near = (times_myr >= first - slack) & (times_myr <= last + slack)
    return sequence.at(np.where(near, np.clip(times_myr, first, last), times_myr))


def _control_velocity(
    truth: CubeSequence, control: CubeSequence | None, start_myr: float
) -> Callable[[int], NDArray[np.float32]] | None:
    """Find how gas moves at a true frame without the explosion; None if that is not known."""
    if "velocity" not in truth.fields:
        return None
    if (
        control is not None
        and "velocity" in control.fields
        and len(control) == len(truth)
        and np.allclose(control.times_myr, truth.times_myr)
    ):
        return control.fields["velocity"].__getitem__
    if abs(float(truth.times_myr[0]) - start_myr) <= _slack(truth.times_myr):
        before: NDArray[np.float32] = truth.fields["velocity"][0]
        return lambda frame: before
    return None


def _slack(times_myr: NDArray[np.float64]) -> float:
    """Return a thousandth of the typical step: files keep times in single precision."""
    return 1e-3 * float(np.median(np.diff(times_myr))) if len(times_myr) > 1 else 1e-6


def _check_grid(name: str, cube: CubeSequence, reference: CubeSequence) -> None:
    if cube.n != reference.n or not np.isclose(cube.size_pc, reference.size_pc, rtol=1e-4):
        raise InvalidRequest(
            f"The {name} has {cube.n}^3 voxels in {cube.size_pc:g} pc, the forecast "
            f"{reference.n}^3 in {reference.size_pc:g} pc: voxelize both alike."
        )
    if not np.allclose(cube.center_pc, reference.center_pc, rtol=0, atol=0.5 * reference.voxel_pc):
        raise InvalidRequest(
            f"The {name} is centred at {cube.center_pc} pc, the forecast at "
            f"{reference.center_pc} pc: cut both at the same place."
        )


def _figures(
    *,
    time_myr: float,
    before: NDArray[np.float32],
    forecast: NDArray[np.float32],
    forecast_control: NDArray[np.float32],
    truth: NDArray[np.float32],
    truth_control: NDArray[np.float32],
    velocities: tuple[NDArray[np.float32], NDArray[np.float32]] | None,
    voxel_pc: float,
    site_pc: Vector3,
    surfaces: bool,
) -> FrameFigures:
    """Measure one frame, from densities (n, n, n) in Msun/pc^3.

    `velocities` are those of the truth with and without the explosion, (n, n, n, 3) in km/s.
    """
    ratios = (
        shells.density_ratio(forecast, forecast_control),
        shells.density_ratio(truth, truth_control),
    )
    affected = tuple(ratio < shells.AFFECTED_BELOW for ratio in ratios)
    hollow = tuple(ratio < shells.CAVITY_BELOW for ratio in ratios)
    site = shells.site_index(site_pc, truth.shape[0], voxel_pc)
    reached = (
        shells.reached_region(forecast, forecast_control, site),
        shells.reached_region(truth, truth_control, site),
    )
    momentum = math.nan
    if velocities is not None:
        momentum = metrics.explosion_momentum(
            truth, velocities[0], truth_control, velocities[1], reached[1], voxel_pc, site_pc
        )
    naive = (shells.affected_region(forecast, before), shells.affected_region(truth, before))
    radii = tuple(shells.radius_profile(mask, voxel_pc, site_pc) for mask in affected)
    radius_error = metrics.radius_error(*radii)
    distances = _NO_DISTANCES
    if surfaces:
        distances = metrics.surface_distances(
            *(
                _shell_surface(ratio, mask, site, voxel_pc)
                for ratio, mask in zip(ratios, affected, strict=True)
            )
        )
    return FrameFigures(
        time_myr=time_myr,
        affected_iou=metrics.iou(*affected),
        affected_dice=metrics.dice(*affected),
        cavity_iou=metrics.iou(*hollow),
        cavity_dice=metrics.dice(*hollow),
        recall=metrics.recall(*reached),
        precision=metrics.precision(*reached),
        naive_iou=metrics.iou(*naive),
        radius_truth_pc=radii[1].mean_pc,
        radius_forecast_pc=radii[0].mean_pc,
        radius_error_pc=radius_error.mean_pc,
        radius_rms_pc=radius_error.rms_pc,
        swept_truth_msun=metrics.swept_mass_msun(truth_control, reached[1], voxel_pc),
        swept_forecast_msun=metrics.swept_mass_msun(forecast_control, reached[0], voxel_pc),
        momentum_truth=momentum,
        surface_distance_pc=distances.mean_pc,
        hausdorff95_pc=distances.hausdorff95_pc,
        log_error_shell_dex=metrics.log_density_error(forecast, truth, affected[0] | affected[1]),
        log_error_dex=metrics.log_density_error(forecast, truth),
        persistence_error_dex=metrics.log_density_error(before, truth),
    )


def _shell_surface(
    ratio: NDArray[np.float32], affected: shells.Mask, site: Vector3, voxel_pc: float
) -> shells.Surface:
    """Extract the surface of the part of the affected region connected to the site."""
    elsewhere = affected & ~shells.at_site(affected, site)
    return shells.surface(np.where(elsewhere, 1.0, ratio), shells.AFFECTED_BELOW, voxel_pc)
