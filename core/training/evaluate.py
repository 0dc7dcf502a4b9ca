"""Evaluating a network against baselines, on simulations it has not seen."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import length_hint
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core import metrics, shells
from core.baselines import control_only, fit_spheres, persistence, snowplough, thin_shell
from core.compare import at_times, compare, frames_within
from core.cubes import Cube, CubeSequence
from core.errors import InvalidRequest
from core.evolution import Evolution, Simulation
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.training.bootstrap import interval
from core.training.scores import (
    FIGURES,
    METHODS,
    UNIFORM_RADII,
    EvaluationRow,
    EvaluationTable,
    UniformRadiusRow,
    UniformRadiusTable,
)
from core.training.simulations import seed_of, simulation_of

__all__ = [
    "FIGURES",
    "METHODS",
    "UNIFORM_RADII",
    "EvaluationRow",
    "EvaluationTable",
    "SupportsForecast",
    "UniformRadiusRow",
    "UniformRadiusTable",
    "evaluate",
    "uniform_radius_table",
]


class SupportsForecast(Protocol):
    """Whatever can forecast a cube, such as `core.Forecaster`."""

    def forecast(
        self,
        cube: Cube,
        *,
        energy_erg: float = 1e51,
        progress: Progress | None = None,
        cancelled: CancelCheck | None = None,
    ) -> Evolution:
        """Forecast the evolution of a cube after an explosion at its centre."""


def evaluate(
    forecaster: SupportsForecast | Sequence[SupportsForecast],
    simulations: Iterable[Simulation | str | Path],
    *,
    surfaces: bool = False,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> EvaluationTable:
    """Forecast held-out simulations and compare with the truth, next to baselines.

    Every method predicts the frames of the simulation that lie in the
    forecast's time range, and is scored against the truth relative to the
    simulation's own control:

    network
        The forecast from the first frame. Its region is that of the forecast
        density over the *forecast's* control.
    thin-shell, snowplough
        The theories `core.baselines.thin_shell` and `snowplough`, from the
        first frame as the network. Without the explosion they let the gas
        stand still; their regions are relative to that.
    sphere
        A sphere at the site, one for each of the affected region, the cavity
        and the reached region, with the radius of largest IoU with the truth.
        No forecast, but the limit of every forecast that is a sphere. It
        states no density, hence no density error and no naive IoU.
    control
        The density of the true control: turbulence alone, known exactly. It
        has no region, so its overlaps are 0 (1 while the true region is
        empty) and its radius is undefined; its density error is what the
        explosion does.
    persistence
        The first frame at all times. Its region is that of the first frame's
        density over the true control: naive, since what differs is turbulent
        motion alone.

    Parameters
    ----------
    forecaster : SupportsForecast, or a sequence of them
        The network, for example a `core.Forecaster`; or several, which are
        told apart by their ``model_name``.
    simulations : iterable of Simulation or path
        Simulations the network has not been trained on, or native files of
        them, which are loaded one at a time.
    surfaces : bool
        Whether to measure the distances between the shell surfaces, too,
        which takes longer than all else.
    progress : callable, optional
        Told the fraction done.
    cancelled : callable, optional
        Asked whether to stop.

    Returns
    -------
    EvaluationTable
        Means, standard errors and bootstrap intervals over clouds per method
        and time since the explosion. Simulations of the same seed are of one
        cloud.

    Raises
    ------
    InvalidRequest
        If there are no simulations, a file holds something else, or two
        networks have the same name.
    Cancelled
        If told to stop.
    """
    given = list(forecaster) if isinstance(forecaster, Sequence) else [forecaster]
    networks = _named(given)
    scores: dict[tuple[str, float], list[_Score]] = defaultdict(list)
    total = length_hint(simulations)
    uncontrolled: dict[str, None] = {}
    count = 0
    for count, source in enumerate(simulations, start=1):
        check_cancelled(cancelled, "The evaluation")
        of_total = f" of {total}" if total else ""
        report(progress, (count - 1) / max(total, count), f"Simulation {count}{of_total}")
        simulation = simulation_of(source)
        forecasts = {}
        for method, network in networks.items():
            forecasts[method] = network.forecast(
                simulation.sequence[0], energy_erg=simulation.energy_erg, cancelled=cancelled
            )
            if "control" in forecasts[method].provenance:
                uncontrolled[method] = None
        cloud = _cloud_of(simulation, count)
        for key, figures in _scores(simulation, forecasts, surfaces).items():
            scores[key].append((cloud, figures))
    if count == 0:
        raise InvalidRequest("No simulations to evaluate on.")
    report(progress, 1.0, "Done")
    first, *others = (str(getattr(network, "model_name", "")) for network in given)
    n_clouds = len({cloud for pairs in scores.values() for cloud, _ in pairs})
    table = EvaluationTable((), count, first, n_clouds, tuple(others), tuple(uncontrolled))
    order = list(table.methods)
    keys = sorted(scores, key=lambda key: (order.index(key[0]), key[1]))
    rows = tuple(_averaged(method, time, scores[method, time]) for method, time in keys)
    return replace(table, rows=rows)


def uniform_radius_table(
    forecaster: SupportsForecast,
    simulations: Iterable[Simulation | str | Path],
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> UniformRadiusTable:
    """Compare the radii of explosions in uniform gas with their forecasts.

    A network that has not understood how density sets the radius forecasts
    the same radius in thin and in dense gas; nothing shows that more plainly.

    Parameters
    ----------
    forecaster : SupportsForecast
        The network, for example a `core.Forecaster`.
    simulations : iterable of Simulation or path
        Runs in uniform gas, or native files of them.
    progress : callable, optional
        Told the fraction done.
    cancelled : callable, optional
        Asked whether to stop.

    Returns
    -------
    UniformRadiusTable
        Mean radii of the affected region and of the cavity (their outermost
        edge along each ray) and of the dense shell (maximum compression).

    Raises
    ------
    InvalidRequest
        If a file holds no simulation.
    Cancelled
        If told to stop.
    """
    rows: list[UniformRadiusRow] = []
    total = length_hint(simulations)
    for run, source in enumerate(simulations):
        check_cancelled(cancelled, "The evaluation")
        report(progress, run / max(total, run + 1), f"Uniform run {run + 1}")
        simulation = simulation_of(source)
        forecast = forecaster.forecast(
            simulation.sequence[0], energy_erg=simulation.energy_erg, cancelled=cancelled
        )
        truth, predicted = _matched(simulation, forecast)
        for frame, time in enumerate(truth.times_myr):
            rows.append(
                UniformRadiusRow(
                    run=run,
                    mean_density=float(simulation.density[0].mean(dtype=np.float64)),
                    time_myr=float(time - simulation.times_myr[0]),
                    truth_pc=_radii(truth, frame),
                    forecast_pc=_radii(predicted, frame),
                )
            )
    report(progress, 1.0, "Done")
    return UniformRadiusTable(tuple(rows))


def _matched(simulation: Simulation, forecast: Evolution) -> tuple[Evolution, Evolution]:
    """Cut truth and forecast to the true frames that the forecast covers."""
    if not np.allclose(
        simulation.site_pc, forecast.site_pc, rtol=0, atol=0.5 * simulation.sequence.voxel_pc
    ):
        raise InvalidRequest(
            f"The simulated explosion is at {simulation.site_pc} pc, the forecast one at "
            f"{forecast.site_pc} pc from the cube's centre: cut the cube around the explosion."
        )
    frames = frames_within(simulation.sequence, forecast.times_myr)
    times = simulation.times_myr[frames]

    def cut(evolution: Evolution) -> Evolution:
        return Evolution(
            sequence=at_times(evolution.sequence, times),
            control=at_times(evolution.control, times),
            site_pc=evolution.site_pc,
            energy_erg=evolution.energy_erg,
        )

    return cut(simulation), cut(forecast)


_Score = tuple[object, Mapping[str, float]]
"""The cloud, and the figures."""


def _named(forecasters: Sequence[SupportsForecast]) -> dict[str, SupportsForecast]:
    """Name the methods that are networks: the first "network", others as they are called."""
    if not forecasters:
        raise InvalidRequest("No network to evaluate.")
    names = [str(getattr(one, "model_name", "")) for one in forecasters]
    taken = [*METHODS, *names]
    for name in names[1:]:
        if not name or taken.count(name) > 1:
            raise InvalidRequest(
                f"Several networks are told apart by their names, but '{name}' is there twice."
            )
    return dict(zip(("network", *names[1:]), forecasters, strict=True))


def _cloud_of(simulation: Simulation, number: int) -> object:
    """Tell clouds apart by their seed; a run that states none is a cloud of its own."""
    seed = seed_of(simulation)
    return ("run", number) if seed is None else ("seed", seed)


def _scores(
    simulation: Simulation, forecasts: Mapping[str, Evolution], surfaces: bool
) -> dict[tuple[str, float], Mapping[str, float]]:
    """Score every method on every frame; times count from the explosion."""
    for forecast in forecasts.values():
        truth, _ = _matched(simulation, forecast)
    baselines: dict[str, CubeSequence] = {
        "control": control_only(truth.control),
        "persistence": persistence(simulation.sequence[0], truth.times_myr),
    }
    evolutions = {
        **forecasts,
        **{
            method: Evolution(density, truth.control, simulation.site_pc)
            for method, density in baselines.items()
        },
        **_theories(simulation, truth),
    }
    affected = shells.affected_region(truth.density, truth.control.density)
    ages = [round(float(time - simulation.times_myr[0]), 4) for time in truth.times_myr]

    scores: dict[tuple[str, float], Mapping[str, float]] = {}
    for method, evolution in evolutions.items():
        density = at_times(evolution.sequence, truth.times_myr).density
        rows = compare(evolution, truth.sequence, truth.control, surfaces=surfaces).rows
        for frame, row in enumerate(rows):
            figures = {name: float(getattr(row, name, math.nan)) for name in FIGURES}
            figures["log_error_shell_dex"] = metrics.log_density_error(
                density[frame], truth.density[frame], affected[frame]
            )
            figures["swept_mass_ratio"] = _ratio(row.swept_forecast_msun, row.swept_truth_msun)
            figures["log_vrmse"] = metrics.vrmse(_logs(density[frame]), _logs(truth.density[frame]))
            scores[method, ages[frame]] = figures
    for age, figures in zip(ages, _sphere_scores(truth), strict=True):
        scores["sphere", age] = figures
    return scores


def _theories(simulation: Simulation, truth: Evolution) -> dict[str, Evolution]:
    """Forecast by theory, from the first frame of a simulation."""
    first, times, site = simulation.sequence[0], truth.times_myr, simulation.site_pc
    still = persistence(first, times)
    solutions = {"thin-shell": thin_shell, "snowplough": snowplough}
    return {
        method: Evolution(solve(first, times, simulation.energy_erg, site_pc=site), still, site)
        for method, solve in solutions.items()
    }


def _sphere_scores(truth: Evolution) -> list[dict[str, float]]:
    """Score the best spheres, frame by frame."""
    voxel, site = truth.sequence.voxel_pc, truth.site_pc
    index = shells.site_index(site, truth.sequence.n, voxel)
    control = truth.control.density
    affected = shells.affected_region(truth.density, control)
    hollow = shells.cavity(truth.density, control)
    reached = np.stack(
        [
            shells.reached_region(density, without, index)
            for density, without in zip(truth.density, control, strict=True)
        ]
    )
    spheres = {
        name: fit_spheres(regions, voxel, site)
        for name, regions in (("affected", affected), ("cavity", hollow), ("reached", reached))
    }
    scores = []
    for frame in range(len(truth)):
        real = shells.radius_profile(affected[frame], voxel, site)
        radius = np.full_like(real.radii_pc, spheres["affected"].radii_pc[frame])
        error = metrics.radius_error(shells.RadiusProfile(radius, float(radius[0])), real)
        scores.append(
            {
                "cavity_iou": metrics.iou(spheres["cavity"].masks[frame], hollow[frame]),
                "affected_iou": metrics.iou(spheres["affected"].masks[frame], affected[frame]),
                "recall": metrics.recall(spheres["reached"].masks[frame], reached[frame]),
                "precision": metrics.precision(spheres["reached"].masks[frame], reached[frame]),
                "radius_error_pc": error.mean_pc,
                "radius_rms_pc": error.rms_pc,
                "swept_mass_ratio": _ratio(
                    metrics.swept_mass_msun(control[frame], spheres["reached"].masks[frame], voxel),
                    metrics.swept_mass_msun(control[frame], reached[frame], voxel),
                ),
                "cavity_dice": metrics.dice(spheres["cavity"].masks[frame], hollow[frame]),
                "affected_dice": metrics.dice(spheres["affected"].masks[frame], affected[frame]),
            }
        )
    return scores


def _ratio(forecast: float, truth: float) -> float:
    return forecast / truth if truth > 0 else math.nan


def _logs(density: NDArray[np.float32]) -> NDArray[np.float64]:
    logs: NDArray[np.float64] = np.log10(
        np.maximum(density, metrics.DENSITY_FLOOR).astype(np.float64)
    )
    return logs


def _averaged(method: str, time_myr: float, scores: list[_Score]) -> EvaluationRow:
    mean, error, count, ends = {}, {}, {}, {}
    clouds = [cloud for cloud, _ in scores]
    for name in FIGURES:
        # A sphere states no density, and has figures of regions alone.
        values = np.array([figures.get(name, math.nan) for _, figures in scores], dtype=np.float64)
        ends[name] = interval(values, clouds)
        values = values[np.isfinite(values)]
        size = values.size
        count[name] = size
        mean[name] = float(values.mean()) if size else math.nan
        error[name] = float(values.std(ddof=1) / math.sqrt(size)) if size > 1 else math.nan
    return EvaluationRow(method, time_myr, mean, error, ends, count)


def _radii(evolution: Evolution, frame: int) -> dict[str, float]:
    """Mean radii of one frame in pc, for each of `UNIFORM_RADII`."""
    ratio = shells.density_ratio(evolution.density[frame], evolution.control.density[frame])
    voxel, site = evolution.sequence.voxel_pc, evolution.site_pc
    return {
        "affected": shells.radius_profile(ratio < shells.AFFECTED_BELOW, voxel, site).mean_pc,
        "cavity": shells.radius_profile(ratio < shells.CAVITY_BELOW, voxel, site).mean_pc,
        "dense_shell": shells.dense_shell_radius(ratio, voxel, site).mean_pc,
    }
