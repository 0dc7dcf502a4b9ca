"""Finding out what forecasts miss, on runs that the model has never seen."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from importlib.metadata import version
from operator import length_hint
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.compare import frames_within
from core.coverage import (
    LEVELS,
    Calibration,
    Need,
    margin_field,
    needed_margin,
    plain_regions,
)
from core.errors import InvalidRequest
from core.evolution import Evolution, Forecast, Simulation
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.shells.region import affected_region
from core.training.simulations import seed_of, simulation_of
from core.uncertainty import ReliabilityCounts

if TYPE_CHECKING:
    from core.forecast import Forecaster


def calibrate(
    forecaster: Forecaster,
    simulations: Iterable[Simulation | str | Path],
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Calibration:
    """Measure what a model's forecasts miss and what its probabilities are worth.

    Parameters
    ----------
    forecaster : Forecaster
        The model, with the averaging that its forecasts shall have.
    simulations : iterable of Simulation or path
        Runs in clouds that the model was neither trained nor will be tested
        on, or native files of them, which are loaded one at a time. Runs
        whose provenance states the same seed are of one cloud.
    progress : callable, optional
        Told the fraction done.
    cancelled : callable, optional
        Asked whether to stop.

    Returns
    -------
    Calibration
        What each run needed, and the map of probabilities.

    Raises
    ------
    InvalidRequest
        If there are no simulations, or one does not suit the model.
    Cancelled
        If told to stop.
    """
    # Raw probabilities are wanted, whatever an earlier calibration says of them.
    raw = copy(forecaster)
    raw.calibration = None
    counts, needs = ReliabilityCounts(), []
    total, energies = length_hint(simulations), []
    velocity, probable = True, False
    for number, source in enumerate(simulations, start=1):
        check_cancelled(cancelled, "The calibration")
        of_total = f" of {total}" if total else ""
        report(progress, (number - 1) / max(total, number), f"Simulation {number}{of_total}")
        name = f"run {number}" if isinstance(source, Simulation) else Path(source).name
        simulation = simulation_of(source)
        forecast = raw.forecast(
            simulation.sequence[0], energy_erg=simulation.energy_erg, cancelled=cancelled
        )
        name = name.removesuffix(".shell.h5")
        needs.append(Need(_cloud(simulation, name), name, *_needed(simulation, forecast)))
        energies.append(simulation.energy_erg)
        velocity = velocity and "velocity" in simulation.sequence.fields
        if forecast.probability is not None:
            probable = True
            truth = affected_region(simulation.density, simulation.control.density)
            for index, frame in _pairs(simulation, forecast):
                counts.add(forecast.probability[frame], truth[index])
    if not needs:
        raise InvalidRequest("No simulations to calibrate on.")
    report(progress, 1.0, "Done")
    return Calibration(
        model=forecaster.model_name,
        weights=forecaster.weights_hash,
        averaging=forecaster.averaging,
        velocity=velocity and forecaster.weights_hash != "",
        needs=tuple(needs),
        reliability=counts.fit() if probable else None,
        provenance={
            "version": version("shellsight"),
            "runs": len(needs),
            "energies_erg": [min(energies), max(energies)],
        },
    )


def held_shares(
    simulation: Simulation, forecast: Evolution, regions: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Share of what is really reached that regions hold.

    Parameters
    ----------
    simulation : Simulation
        The truth.
    forecast : Evolution
        The forecast that the regions are of.
    regions : ndarray of bool, (frames, n, n, n)
        One region for each frame of the forecast.

    Returns
    -------
    ndarray of float64, (common frames after the first, 2)
        Share of the volume and of the mass; NaN where nothing is reached.
    """
    truth = plain_regions(simulation)
    shares = []
    for index, frame in _pairs(simulation, forecast):
        inside = truth[index] & regions[frame]
        density = simulation.density[index].astype(np.float64)
        shares.append(
            [
                inside.sum() / truth[index].sum() if truth[index].any() else np.nan,
                density[inside].sum() / density[truth[index]].sum()
                if truth[index].any()
                else np.nan,
            ]
        )
    return np.array(shares)


def _needed(
    simulation: Simulation, forecast: Forecast
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Margins in pc for all levels: in the frame that needs most, and for the gas."""
    margins, truth = margin_field(forecast), plain_regions(simulation)
    pairs = _pairs(simulation, forecast)
    most = np.full(len(LEVELS), -np.inf)
    for index, frame in pairs:
        for weights in (np.ones_like(simulation.density[index]), simulation.density[index]):
            needed = [needed_margin(margins[frame], truth[index], weights, s) for s in LEVELS]
            most = np.maximum(most, needed)
    if not np.isfinite(most).all():
        raise InvalidRequest("The explosion of a simulation reaches nothing.")
    indices, frames = (list(numbers) for numbers in zip(*pairs, strict=True))
    nearest, ever = margins[frames].min(axis=0), np.any(truth[indices], axis=0)
    gas = tuple(needed_margin(nearest, ever, simulation.density[0], share) for share in LEVELS)
    return tuple(map(float, most)), gas


def _pairs(simulation: Simulation, forecast: Evolution) -> list[tuple[int, int]]:
    """Frames of the simulation after the explosion, each with the forecast's of the same time."""
    times = forecast.times_myr
    if not np.allclose(simulation.site_pc, forecast.site_pc, atol=simulation.sequence.voxel_pc / 2):
        raise InvalidRequest("The explosion of a simulation is not at the centre of its cube.")
    pairs = []
    for index in frames_within(simulation.sequence, times):
        time = simulation.times_myr[index]
        frame = int(np.argmin(np.abs(times - time)))
        if abs(times[frame] - time) > 1e-4:
            raise InvalidRequest(
                f"The forecast has no frame at {time:.4g} Myr, the simulation has."
            )
        if frame > 0:
            pairs.append((int(index), frame))
    return pairs


def _cloud(simulation: Simulation, name: str) -> str:
    seed = seed_of(simulation)
    return name if seed is None else f"seed {seed}"
