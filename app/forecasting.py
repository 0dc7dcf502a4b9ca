"""Forecasting, in a worker, and what there is to choose from: models and devices. No Qt."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

import core
from core.cubes import Cube
from core.errors import ShellsightError
from core.evolution import Forecast
from core.models.analytic import ANALYTIC_MODELS
from core.progress import CancelCheck, Progress, check_cancelled, report

ENERGY_ERG = 1e51
"""Energy of an explosion where nothing else is said."""

THEORY_ENERGIES_ERG = (1e49, 1e53)
"""What the window offers for a theory, which takes any."""

logger = logging.getLogger("shellsight")


@dataclass(frozen=True, eq=False)
class Forecasted:
    """A forecast, and how it came about.

    Parameters
    ----------
    forecast : Forecast
        The forecast.
    device : str
        Name of the device that computed it.
    seconds : float
        How long it took, loading the network included.
    note : str
        What the user should know, or "".
    """

    forecast: Forecast
    device: str
    seconds: float
    note: str = ""


def forecast(
    cube: Cube,
    model: str,
    device: str,
    averaging: int,
    energy_erg: float | None = None,
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Forecasted:
    """Forecast what an explosion at the cube's centre does.

    Out of GPU memory, the forecast is made on the CPU instead.

    Parameters
    ----------
    cube : Cube
        The gas at the explosion.
    model, device, averaging
        As for `core.Forecaster`.
    energy_erg : float, optional
        Energy of the explosion in erg; by default the model's usual one.
    progress, cancelled : callable, optional
        As everywhere in the library.

    Returns
    -------
    Forecasted
        20 frames.

    Raises
    ------
    ShellsightError
        If the cube does not fit the network.
    Cancelled
        If `cancelled` says so.
    """
    began = time.monotonic()
    report(progress, 0.0, "Loading the model")
    note = ""
    try:
        forecaster = core.Forecaster(model, device=device, averaging=averaging)
        check_cancelled(cancelled, "The forecast")
        result = forecaster.forecast(
            cube, energy_erg=energy_erg, progress=progress, cancelled=cancelled
        )
    except RuntimeError as error:
        if device == "cpu" or "out of memory" not in str(error).lower():
            raise
        note = "The GPU ran out of memory; the forecast was made on the CPU."
        report(progress, 0.0, "GPU memory is full: on the CPU instead")
        forecaster = core.Forecaster(model, device="cpu", averaging=averaging)
        result = forecaster.forecast(
            cube, energy_erg=energy_erg, progress=progress, cancelled=cancelled
        )
    return Forecasted(result, forecaster.device_name, time.monotonic() - began, note)


@dataclass(frozen=True)
class Choice:
    """One entry of a list to choose from.

    Parameters
    ----------
    key : str
        What the library calls it.
    label : str
        What people read.
    tip : str
        More about it.
    energies_erg : tuple of float
        Least and greatest energy of the explosions that a model knows.
    """

    key: str
    label: str
    tip: str = ""
    energies_erg: tuple[float, float] = (ENERGY_ERG, ENERGY_ERG)


def models() -> list[Choice]:
    """List what can forecast. Imports torch: call from a worker.

    Returns
    -------
    list of Choice
        The networks that are installed, the default first, without damaged
        files; then the theories.
    """
    from core.models.registry import available_networks, find_model, read_config

    found = []
    for name in available_networks():
        try:
            config = read_config(find_model(name))
        except ShellsightError as error:
            logger.warning("%s", error)
            continue
        tip = (
            f"{config.architecture}: {config.n}³ cells in {config.size_pc:g} pc, "
            f"{config.frames} frames {config.interval_myr:g} Myr apart"
        )
        energies = config.energy_range_erg or (config.energy_erg, config.energy_erg)
        found.append(Choice(name, config.name, tip, (energies[0], energies[1])))
    for theory in ANALYTIC_MODELS.values():
        sources = "; ".join(theory.sources)
        tip = f"{theory.text}\n{theory.limits}\nAfter {sources}."
        found.append(Choice(theory.name, theory.title, tip, THEORY_ENERGIES_ERG))
    return found


def is_theory(model: str) -> bool:
    """Tell whether a model is a theory, which has no device and nothing to average."""
    return model in ANALYTIC_MODELS


def devices() -> list[Choice]:
    """List where a forecast can be computed. Imports torch: call from a worker.

    Returns
    -------
    list of Choice
        Automatic, the CPU, and every GPU by name.
    """
    import torch

    gpus = [
        Choice(f"cuda:{index}", torch.cuda.get_device_name(index))
        for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    ]
    threads = torch.get_num_threads()
    cpu = Choice("cpu", f"CPU, {threads} thread{'s' if threads > 1 else ''}")
    best = gpus[0].label if gpus else "CPU"
    return [Choice("auto", f"Automatic ({best})", "The GPU if there is one"), cpu, *gpus]


def choices(progress: Progress | None = None) -> tuple[list[Choice], list[Choice]]:
    """List networks and devices. Imports torch: call from a worker.

    Parameters
    ----------
    progress : callable, optional
        Told what goes on.

    Returns
    -------
    models, devices : list of Choice
        What there is.
    """
    report(progress, 0.2, "Looking for models")
    found = models()
    report(progress, 0.8, "Looking for devices")
    return found, devices()
