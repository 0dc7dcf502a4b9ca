"""What further layers show of a forecast that follows the mouse: made where it is made. No Qt.

Only the frame that is shown is looked at: the others can wait until the
explosion rests. While it moves the margin of a coverage is that of forecasts
made well; at rest a coverage is what it promises to be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.look import Look
from app.scene.details import Details
from app.scene.prepare import PreparedEvolution
from core.coverage import margin_field, plain_regions
from core.cubes import CubeSequence
from core.errors import InvalidRequest
from core.evolution import Evolution, Forecast
from core.shells.region import reached_region, site_index


@dataclass(frozen=True)
class DetailsWanted:
    """What of a forecast is seen besides its gas.

    Parameters
    ----------
    levels : tuple of float
        Levels of the shell.
    coverage : float or None
        The share that the surface of coverage shall hold; None without one.
    probable : float or None
        The probability of the surface of probability; None without one.
    particles : bool
        Whether particles are coloured where the blast wave has reached them.
    """

    levels: tuple[float, ...] = ()
    coverage: float | None = None
    probable: float | None = None
    particles: bool = False

    @classmethod
    def of(cls, look: Look) -> DetailsWanted:
        """Return what a look asks for."""
        layers = look.forecast
        coloured = any(
            each.cube_particles and each.reached_particles for each in (look.truth, layers)
        )
        return cls(
            (layers.shell_level,),
            layers.coverage if layers.reached else None,
            layers.probable_level if layers.probable else None,
            coloured,
        )


@dataclass(frozen=True, eq=False)
class LiveDetails:
    """What was made of a forecast.

    Parameters
    ----------
    details : Details
        What is drawn, with the envelope of the coverage if there is one.
    reached_myr : ndarray of float64, (n, n, n), or None
        The time shown in Myr where the blast wave has passed by then, NaN
        elsewhere. None where no particles are shown.
    fine : bool
        Whether the forecast was made at rest.
    """

    details: Details
    reached_myr: NDArray[np.float64] | None = None
    fine: bool = True


def live_details(
    forecast: Forecast,
    prepared: PreparedEvolution,
    frame: int,
    wanted: DetailsWanted,
    *,
    fine: bool,
) -> LiveDetails:
    """Make what is drawn of a frame, in the thread that forecasts.

    Parameters
    ----------
    forecast : Forecast
        The forecast.
    prepared : PreparedEvolution
        The same, as it is drawn.
    frame : int
        The frame that is shown.
    wanted : DetailsWanted
        What of it is seen.
    fine : bool
        Whether the forecast was made at rest.

    Returns
    -------
    LiveDetails
        With everything of the frame ready to be drawn.
    """
    prepared.volume(frame)
    for level in wanted.levels:
        prepared.shell(frame, level)
    envelope = None
    if wanted.coverage is not None:
        envelope = envelope_of(forecast, wanted.coverage, frame, fine=fine)
    coverage = wanted.coverage if envelope is not None else None
    details = Details(prepared, forecast, None, envelope, coverage or 0.0)
    if envelope is not None:
        details.reached(frame)
    if wanted.probable is not None and details.has_probability:
        details.probable(frame, wanted.probable)
    reached_myr = None
    if wanted.particles:
        reached_myr = _reached_by(forecast, frame)
    return LiveDetails(details, reached_myr, fine)


def envelope_of(
    forecast: Forecast, coverage: float, frame: int, *, fine: bool = True
) -> NDArray[np.bool_] | None:
    """Find the region that holds a share of what is reached, in one frame.

    Parameters
    ----------
    forecast : Forecast
        The forecast.
    coverage : float
        The share.
    frame : int
        The frame.
    fine : bool
        Whether it is what it promises to be; else the margin may be that of
        forecasts averaged over more orientations than this one.

    Returns
    -------
    ndarray of bool, (time, n, n, n), or None
        The region, empty in all other frames; None where nothing is promised.
    """
    calibration = forecast.calibration
    if calibration is None:
        return None
    if not fine:
        averaging = {"averaging": calibration.averaging}
        forecast = replace(forecast, provenance={**forecast.provenance, **averaging})
    try:
        margin = forecast.margin(coverage)
    except InvalidRequest:
        return None
    regions: NDArray[np.bool_] = np.zeros(forecast.density.shape, dtype=np.bool_)
    alone = _frame_of(forecast, frame)
    regions[frame] = plain_regions(alone)[-1]
    if frame > 0:  # Nothing has been reached before the explosion.
        regions[frame] |= margin_field(alone)[-1] <= margin.pc
    return regions


def _reached_by(forecast: Forecast, frame: int) -> NDArray[np.float64]:
    """Time of a frame where the blast wave has passed by then; NaN elsewhere."""
    density, control = forecast.density[frame], forecast.control.density[frame]
    site = site_index(forecast.site_pc, forecast.sequence.n, forecast.sequence.voxel_pc)
    region = reached_region(density, control, site)
    return np.where(region, float(forecast.times_myr[frame]), np.nan)


def _frame_of(forecast: Forecast, frame: int) -> Evolution:
    """Return a frame; before it the first one, which `margin_field` takes for the start."""
    frames = [0, frame] if frame > 0 else [0]

    def some(sequence: CubeSequence) -> CubeSequence:
        density = sequence.density[frames]
        return replace(sequence, fields={"density": density}, times_myr=sequence.times_myr[frames])

    return Evolution(some(forecast.sequence), some(forecast.control), forecast.site_pc)
