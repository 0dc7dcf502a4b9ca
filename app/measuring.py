"""Measuring truth and forecast, in a worker: figures per frame and curves against time. No Qt."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import core
from app.figures import Figures, Role
from core import shells
from core.compare import at_times, frames_within
from core.constants import NH_PER_DENSITY
from core.cubes import Cube, CubeSequence, Vector3
from core.errors import InvalidRequest
from core.evolution import Evolution
from core.progress import CancelCheck, Progress, check_cancelled, part_of, report
from core.shells.remnant import Remnant, surroundings

if TYPE_CHECKING:
    pass

LEVELS = (shells.CAVITY_BELOW, shells.AFFECTED_BELOW)
"""Density over control below which gas belongs to the cavity, and to the affected region."""


def measured_level(level: float) -> float:
    """Return which of `LEVELS` is closest to the level of a surface."""
    return min(LEVELS, key=lambda measured: abs(measured - level))


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


@dataclass(frozen=True, eq=False)
class TheoryCurve:
    """The radius that theory expects, against time.

    Parameters
    ----------
    times_myr : ndarray
        Times in Myr, closely spaced.
    radius_pc : ndarray
        Radius of the shock in uniform gas, in pc.
    description : str
        In what gas, by whose theory.
    """

    times_myr: NDArray[np.float64]
    radius_pc: NDArray[np.float64]
    description: str


def theory_curve(
    cube: Cube, until_myr: float, site_pc: Vector3 = (0.0, 0.0, 0.0), energy_erg: float = 1e51
) -> TheoryCurve | None:
    """Follow a blast wave in uniform gas of the density there is around the site.

    Parameters
    ----------
    cube : Cube
        The gas at the explosion.
    until_myr : float
        Last time, on the clock of the cube, in Myr.
    site_pc : tuple of float
        Place of the explosion relative to the cube's centre, in pc.
    energy_erg : float
        Its energy in erg.

    Returns
    -------
    TheoryCurve or None
        Sedov-Taylor and the snowploughs; None if there is no time, or no gas.
    """
    duration = until_myr - cube.time_myr
    if duration <= 0:
        return None
    try:
        density, within = surroundings(cube, site_pc, duration, energy_erg)
    except InvalidRequest:
        return None
    remnant = Remnant(density, energy_erg)
    formed, coasting = remnant.transitions
    # The radius rises steeply at first: even steps of it, not of time.
    ages = duration * np.linspace(0.0, 1.0, 120) ** 3
    energy = "" if energy_erg == 1e51 else f" for {energy_erg:.3g} erg"
    text = (
        f"Theory{energy}: radius of the shock in uniform gas of {density:.3g} Msun/pc³ "
        f"(n_H {density * NH_PER_DENSITY:.3g} cm⁻³), the mean within {within:.1f} pc of the site. "
        f"Sedov–Taylor until {1e3 * formed:.2g} kyr, pressure-driven snowplough until "
        f"{1e3 * coasting:.2g} kyr, then momentum-conserving (Kim & Ostriker 2015). "
        "The cavity ends inside the shock."
    )
    return TheoryCurve(cube.time_myr + ages, remnant.radius_pc(ages), text)


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
        comparison = core.compare(
            forecast, truth, control, progress=part_of(progress, 0.3, 1.0), cancelled=cancelled
        )
    report(progress, 1.0, "Done")
    theory = None
    if curves:
        start = forecast.sequence if forecast is not None else truth
        assert start is not None
        last = max(float(s.times_myr[-1]) for s in (forecast, truth) if s is not None)
        energy = forecast.energy_erg if forecast is not None else 1e51
        theory = theory_curve(start[0], last, site, energy)
    return Figures(comparison, curves, theory)


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
    of, found = _stand_ins.get(behind, (None, None))
    if of is not None and of() is truth:
        return found
    try:
        frames = frames_within(truth, behind.times_myr)
    except InvalidRequest:
        return None
    found = at_times(behind, truth.times_myr[frames])
    _stand_ins[behind] = weakref.ref(truth), found
    return found


_stand_ins: weakref.WeakKeyDictionary[
    CubeSequence, tuple[weakref.ref[CubeSequence], CubeSequence]
] = weakref.WeakKeyDictionary()
"""By the control they were made of, the last ones: the same object is not drawn anew."""


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
