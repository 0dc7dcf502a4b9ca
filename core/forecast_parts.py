"""What forecasts of networks and of theories share: the gas they take, the frames they show."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.coverage import Calibration, calibration_path, read_calibration
from core.cubes import Cube
from core.errors import CorruptSnapshot, InvalidRequest
from core.evolution import Forecast

FrameReady = Callable[[Cube], None]
"""Given a frame of a forecast as soon as it is there."""

MIN_DENSITY = 1e-6
"""Msun/pc^3: empty voxels of a particle snapshot count as this."""

_LOG = logging.getLogger(__name__)


def check_gas(cube: Cube) -> None:
    """Make sure that a cube holds gas to forecast.

    Parameters
    ----------
    cube : Cube
        The cube.

    Raises
    ------
    InvalidRequest
        If its density is not finite, negative somewhere or zero everywhere.
    """
    if not np.isfinite(cube.density).all() or cube.density.min() < 0 or cube.density.max() <= 0:
        raise InvalidRequest(
            "The density of the cube must be finite, not negative and not all zero."
        )


def bare_cube(cube: Cube, density: NDArray[np.float32], time_myr: float) -> Cube:
    """Put a density into the place of a cube, at another time.

    Parameters
    ----------
    cube : Cube
        Gives the place.
    density : ndarray of float32, (n, n, n)
        Msun/pc^3.
    time_myr : float
        Its time in Myr.

    Returns
    -------
    Cube
        The density, and nothing else.
    """
    return Cube({"density": density}, cube.size_pc, cube.center_pc, time_myr=float(time_myr))


def show_frames(forecast: Forecast, frame_ready: FrameReady | None) -> None:
    """Show all frames of a forecast, where they are made at once.

    Parameters
    ----------
    forecast : Forecast
        The forecast.
    frame_ready : callable, optional
        Given each frame in the order of time.
    """
    if frame_ready is not None:
        first = forecast.sequence[0]
        for time, density in zip(forecast.times_myr, forecast.density, strict=True):
            frame_ready(bare_cube(first, density, time))


def calibration_of(weights: Path, weights_hash: str) -> Calibration | None:
    """Read the calibration beside a weights file, if it is of these weights.

    Parameters
    ----------
    weights : Path
        The weights file; of a theory, where it would be.
    weights_hash : str
        SHA-256 of the weights; empty for a theory.

    Returns
    -------
    Calibration or None
        None if there is none, it is damaged or that of other weights.
    """
    path = calibration_path(weights)
    if not path.is_file():
        return None
    try:
        calibration = read_calibration(path)
    except CorruptSnapshot as error:
        # Forecasts do not need it; who asks for a coverage is told to calibrate anew.
        _LOG.warning("%s", error)
        return None
    return calibration if calibration.weights == weights_hash else None
