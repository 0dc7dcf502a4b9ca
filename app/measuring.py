"""Measuring truth and forecast, in a worker: figures per frame and curves against time. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import core
from app.document import Figures, Role
from core import shells
from core.compare import Comparison, FrameFigures, at_times, frames_within
from core.cubes import CubeSequence, Vector3
from core.errors import InvalidRequest
from core.evolution import Evolution
from core.progress import CancelCheck, Progress, check_cancelled, report

if TYPE_CHECKING:
    pass

LEVELS = (shells.CAVITY_BELOW, shells.AFFECTED_BELOW)
"""Density over control below which gas belongs to the cavity, and to the affected region."""


@dataclass(frozen=True, eq=False)
class Curve:
    """How far an explosion has come, against time.

    Parameters
    ----------
    level : float
        Density over control below which gas counts: 0.5 is the cavity, 0.9
        the affected region.
    times_myr : ndarray
        Times in Myr.
    mean_pc, p16_pc, p84_pc : ndarray
        Mean radius over directions, and its 16 and 84 % quantiles, in pc;
        NaN where nothing is below the level.
    volume_pc3 : ndarray
        Volume in pc^3.
    """

    level: float
    times_myr: NDArray[np.float64]
    mean_pc: NDArray[np.float64]
    p16_pc: NDArray[np.float64]
    p84_pc: NDArray[np.float64]
    volume_pc3: NDArray[np.float64]

    def row(self, time_myr: float) -> int | None:
        """Return the index of a time (to a tenth of the spacing), or None."""
        if len(self.times_myr) == 0:
            return None
        distance = np.abs(self.times_myr - time_myr)
        nearest = int(np.argmin(distance))
        spacing = float(np.median(np.diff(self.times_myr))) if len(self.times_myr) > 1 else 1.0
        return nearest if distance[nearest] <= 0.1 * spacing else None


def measure(
    truth: CubeSequence | None,
    control: CubeSequence | None,
    forecast: Evolution | None,
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Figures:
    """Compare a forecast with the truth and follow both through time.

    Parameters
    ----------
    truth, control : CubeSequence or None
        The run and its control, which may be missing.
    forecast : Evolution or None
        The forecast; its control stands in for a missing one.
    progress, cancelled : callable, optional
        As everywhere in the library.

    Returns
    -------
    Figures
        What could be measured with what there is.
    """
    curves: dict[Role, tuple[Curve, ...]] = {}
    site = forecast.site_pc if forecast is not None else (0.0, 0.0, 0.0)
    behind = stand_in_control(truth, control, forecast)
    if truth is not None and behind is not None:
        report(progress, 0.0, "Measuring the truth")
        curves["truth"] = _curves(_at_times_of(truth, behind), behind, site, cancelled)
    if forecast is not None:
        report(progress, 0.15, "Measuring the forecast")
        curves["forecast"] = _curves(forecast.sequence, forecast.control, site, cancelled)
    comparison = None
    if truth is not None and forecast is not None and behind is not None:
        comparison = _compare(forecast, truth, control, progress, cancelled)
    report(progress, 1.0, "Done")
    return Figures(comparison, curves)


def stand_in_control(
    truth: CubeSequence | None, control: CubeSequence | None, forecast: Evolution | None
) -> CubeSequence | None:
    """Return the control to show behind the truth.

    Parameters
    ----------
    truth, control : CubeSequence or None
        The run and its own control.
    forecast : Evolution or None
        A forecast of the same cube.

    Returns
    -------
    CubeSequence or None
        The control given (on the truth's times); without it the forecast's
        control at those of the truth's times it reaches; None if neither
        exists or the grids differ.
    """
    if truth is None:
        return None
    behind = control if control is not None else forecast.control if forecast else None
    if behind is None or behind.n != truth.n:
        return None
    if len(behind) == len(truth) and np.allclose(behind.times_myr, truth.times_myr, atol=1e-9):
        return behind
    try:
        frames = frames_within(truth, behind.times_myr)
    except InvalidRequest:
        return None
    return at_times(behind, truth.times_myr[frames])


def _compare(
    forecast: Evolution,
    truth: CubeSequence,
    control: CubeSequence | None,
    progress: Progress | None,
    cancelled: CancelCheck | None,
) -> Comparison:
    """Compare frame by frame, so that the work can be followed and stopped."""
    frames = frames_within(truth, forecast.times_myr)
    rows: list[FrameFigures] = []
    for done, frame in enumerate(frames):
        check_cancelled(cancelled, "The comparison")
        report(progress, 0.3 + 0.7 * done / len(frames), "Comparing forecast and truth")
        rows += core.compare(forecast, _frames(truth, [int(frame)]), control).rows
    return Comparison(tuple(rows), "forecast" if control is None else "given")


def _curves(
    sequence: CubeSequence, control: CubeSequence, site: Vector3, cancelled: CancelCheck | None
) -> tuple[Curve, ...]:
    """Measure cavity and affected region in each frame of a sequence with its control."""
    voxel = sequence.voxel_pc
    rows: dict[float, list[tuple[float, ...]]] = {level: [] for level in LEVELS}
    for density, without in zip(sequence.density, control.density, strict=True):
        check_cancelled(cancelled, "Measuring")
        ratio = shells.density_ratio(density, without)
        for level in LEVELS:
            mask = ratio < level
            profile = shells.radius_profile(mask, voxel, site)
            volume = np.count_nonzero(mask) * voxel**3
            rows[level].append((profile.mean_pc, profile.p16_pc, profile.p84_pc, volume))
    return tuple(
        Curve(level, sequence.times_myr, *np.array(rows[level], dtype=np.float64).T)
        for level in LEVELS
    )


def _frames(sequence: CubeSequence, frames: list[int]) -> CubeSequence:
    """Return some frames of a sequence, density only."""
    density = sequence.density[frames]
    times = sequence.times_myr[frames]
    return replace(sequence, fields={"density": density}, times_myr=times)


def _at_times_of(truth: CubeSequence, control: CubeSequence) -> CubeSequence:
    """Return the frames of the truth that a stand-in control has."""
    if len(control) == len(truth):
        return truth
    return _frames(truth, [truth.nearest(time) for time in control.times_myr])
