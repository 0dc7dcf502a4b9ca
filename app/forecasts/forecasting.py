"""Forecasting, in a worker, and what there is to choose from: models and devices. No Qt."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

import core
from app.forecasts import model_card
from core.coverage import calibration_path
from core.cubes import Cube, CubeSequence
from core.errors import ShellsightError
from core.evolution import Evolution, Forecast
from core.models.analytic import ANALYTIC_MODELS
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.resources import models_path

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
    growing: Callable[[Evolution], None] | None = None,
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
    growing : callable, optional
        Given what there is of the forecast each time a frame is added, by
        networks that make one after the other; the others have all at once.

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

    def compute(where: str) -> tuple[Forecast, str]:
        forecaster = core.Forecaster(model, device=where, averaging=averaging)
        check_cancelled(cancelled, "The forecast")
        frames = _Growing(growing) if growing is not None and forecaster.frame_by_frame else None
        made = forecaster.forecast(
            cube,
            energy_erg=energy_erg,
            progress=progress,
            cancelled=cancelled,
            frame_ready=frames,
        )
        return made, forecaster.device_name

    report(progress, 0.0, "Loading the model")
    note = ""
    try:
        result, device_name = compute(device)
    except RuntimeError as error:
        if device == "cpu" or "out of memory" not in str(error).lower():
            raise
        note = "The GPU ran out of memory; the forecast was made on the CPU."
        report(progress, 0.0, "GPU memory is full: on the CPU instead")
        result, device_name = compute("cpu")
    return Forecasted(result, device_name, time.monotonic() - began, note)


class _Growing:
    """Joins the frames that arrive to a forecast that grows.

    Until it is complete the gas of the first frame is its control, as it is
    for networks that forecast none.
    """

    def __init__(self, show: Callable[[Evolution], None]) -> None:
        self._show = show
        self._frames: list[Cube] = []

    def __call__(self, frame: Cube) -> None:
        self._frames.append(frame)
        first = self._frames[0]
        density = np.stack([one.density for one in self._frames])
        times = np.array([one.time_myr for one in self._frames])
        still = np.broadcast_to(first.density, density.shape)
        gas, control = (
            CubeSequence({"density": values}, times, first.size_pc, first.center_pc)
            for values in (density, still)
        )
        self._show(Evolution(gas, control))


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
    card : str
        All there is to know of a model, in Markdown.
    calibrated : bool
        Whether it is known how much of what is reached a model's forecasts
        miss, so that they can promise a coverage.
    """

    key: str
    label: str
    tip: str = ""
    energies_erg: tuple[float, float] = (ENERGY_ERG, ENERGY_ERG)
    card: str = ""
    calibrated: bool = False


def models() -> list[Choice]:
    """List what can forecast. Imports torch: call from a worker.

    Returns
    -------
    list of Choice
        The networks that are installed, the default first, without damaged
        files; then the theories.
    """
    from core.models.registry import available_networks

    found = []
    for name in available_networks():
        try:
            found.append(network_choice(name))
        except ShellsightError as error:
            logger.warning("%s", error)
    for theory in ANALYTIC_MODELS.values():
        sources = "; ".join(theory.sources)
        tip = f"{theory.text}\n{theory.limits}\nAfter {sources}."
        calibrated = calibration_path(models_path() / theory.name).is_file()
        card = model_card.of_theory(theory)
        found.append(Choice(theory.name, theory.title, tip, THEORY_ENERGIES_ERG, card, calibrated))
    return found


def network_choice(model: str) -> Choice:
    """Describe a network. Imports torch: call from a worker.

    Parameters
    ----------
    model : str
        The name of a shipped network, or the path of a weights file.

    Returns
    -------
    Choice
        The network with its card.

    Raises
    ------
    ShellsightError
        If there is none, or its file is damaged.
    """
    from core.models.registry import find_model, read_config

    path = find_model(model)
    config = read_config(path)
    tip = (
        f"{config.architecture}: {config.n}³ cells in {config.size_pc:g} pc, "
        f"{config.frames} frames {config.interval_myr:g} Myr apart"
    )
    energies = config.energy_range_erg or (config.energy_erg, config.energy_erg)
    return Choice(
        model,
        config.name,
        tip,
        (energies[0], energies[1]),
        model_card.of_network(path, asdict(config)),
        calibration_path(path).is_file(),
    )


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
