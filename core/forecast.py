"""Forecast what an explosion does to a cube."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.baselines import persistence
from core.cubes import Cube
from core.energy import EnergyMeter
from core.errors import InvalidRequest
from core.evolution import Forecast
from core.forecast_parts import MIN_DENSITY, FrameReady, calibration_of, check_gas, show_frames
from core.models.analytic import ANALYTIC_MODELS, FRAMES, INTERVAL_MYR
from core.progress import CancelCheck, Progress, report
from core.resources import models_path

if TYPE_CHECKING:
    from core.coverage import Calibration
    from core.network_forecast import NetworkForecaster

__all__ = ["MIN_DENSITY", "Forecast", "Forecaster", "check_gas"]


class Forecaster:
    """A trained network or a theory, ready to forecast.

    Parameters
    ----------
    model : str or Path
        "default", the name of a shipped network, the path of a weights file,
        or a theory: "thin-shell" or "snowplough".
    device : str
        "auto" (a CUDA GPU where there is one), "cpu" or "cuda".
    averaging : int
        Over how many of the cube's 48 rotations and reflections the forecast
        is averaged, 1 to 48: more is better and takes longer.

    Attributes
    ----------
    model_name : str
        Name of the network or of the theory.
    device : str
        Where it computes, for example "cpu" or "cuda:0".
    device_name : str
        The same for people, for example "NVIDIA H200".
    card : dict
        What the weights file says about the network and its training, or
        what the theory is, with its sources and its limits.
    weights_hash : str
        SHA-256 of the weights file; empty for a theory.
    calibration : Calibration or None
        What runs it has never seen say of its forecasts, where the model has
        been calibrated: see `core.coverage` and `shellsight calibrate`.
    ignores : tuple of str
        The parameters that have no effect: a theory is computed on the CPU
        and is the same however the cube is turned.

    Raises
    ------
    InvalidRequest
        If the model or the device is not there.
    CorruptSnapshot
        If the weights file is damaged.

    Notes
    -----
    The same input on the same device gives the same forecast, bit for bit.
    """

    def __init__(
        self, model: str | Path = "default", *, device: str = "auto", averaging: int = 4
    ) -> None:
        if not 1 <= averaging <= 48:
            raise InvalidRequest(f"The averaging is over 1 to 48 orientations, not {averaging}.")
        self.card: dict[str, Any]
        self.calibration: Calibration | None
        self.ignores: tuple[str, ...]
        self._network: NetworkForecaster | None = None
        self._theory = ANALYTIC_MODELS.get(str(model))
        if self._theory is not None:
            self.averaging = 1
            self.model_name = self._theory.name
            self.device = "cpu"
            self.device_name = f"CPU ({platform.machine() or 'unknown'}, 1 thread)"
            self.card = self._theory.card()
            self.ignores = ("device", "averaging")
            self.weights_hash = ""
            self.calibration = calibration_of(models_path() / self._theory.name, "")
            return
        from core.network_forecast import NetworkForecaster

        self._network = network = NetworkForecaster(model, device, averaging)
        self.averaging = averaging
        self.model_name = network.config.name
        self.device, self.device_name = str(network.device), network.device_name
        self.card = asdict(network.config)
        self.ignores = ()
        self.weights_hash, self.calibration = network.weights_hash, network.calibration

    @property
    def frame_by_frame(self) -> bool:
        """Whether one frame is made after the other (3D-MIM), so that the first is early."""
        return self._network is not None and self._network.frame_by_frame

    def forecast(
        self,
        cube: Cube,
        *,
        energy_erg: float | None = None,
        progress: Progress | None = None,
        cancelled: CancelCheck | None = None,
        frame_ready: FrameReady | None = None,
    ) -> Forecast:
        """Forecast what an explosion at the centre of a cube does to its gas.

        Parameters
        ----------
        cube : Cube
            The gas at the explosion: density, and velocity where known. For
            a network it must have the size and the number of voxels of the
            training (see `card`); a theory takes any.
        energy_erg : float, optional
            Energy of the explosion in erg; by default the usual one of the
            network's training, and refused outside the range of that (see
            `card`). A theory takes any; its default is 1e51.
        progress : callable, optional
            Told the fraction done.
        cancelled : callable, optional
            Asked between the parts of a network, or time steps.
        frame_ready : callable, optional
            Given each frame with the explosion as soon as it is made, in the
            order of time, the cube itself first. Networks that make one frame
            after the other (3D-MIM) show them long before the end; the others
            have all at once.

        Returns
        -------
        Forecast
            Density with and without the explosion; the first frame is the
            cube itself, at its own time. Its provenance says what it cost
            (see `core.energy`).

        Raises
        ------
        InvalidRequest
            If the cube does not suit the model.
        Cancelled
            If told to stop.
        """
        (forecast,) = self._all([cube], energy_erg, progress, cancelled, frame_ready)
        return forecast

    def forecast_batch(
        self,
        cubes: Sequence[Cube],
        *,
        energy_erg: float | None = None,
        progress: Progress | None = None,
        cancelled: CancelCheck | None = None,
    ) -> list[Forecast]:
        """Forecast several cubes at once, which a GPU does faster than one after the other.

        Parameters
        ----------
        cubes : sequence of Cube
            As for `forecast`; all together have to fit into memory. Either
            all or none have velocities.
        energy_erg : float, optional
            Energy of each explosion in erg, as for `forecast`.
        progress : callable, optional
            Told the fraction done.
        cancelled : callable, optional
            Asked between orientations, or time steps.

        Returns
        -------
        list of Forecast
            One for each cube. What they cost is shared equally.

        Raises
        ------
        InvalidRequest
            If a cube does not suit the model.
        Cancelled
            If told to stop.
        """
        return self._all(cubes, energy_erg, progress, cancelled, None) if cubes else []

    def _all(
        self,
        cubes: Sequence[Cube],
        energy_erg: float | None,
        progress: Progress | None,
        cancelled: CancelCheck | None,
        frame_ready: FrameReady | None,
    ) -> list[Forecast]:
        for cube in cubes:
            check_gas(cube)
        with EnergyMeter(self.device, self.device_name) as meter:
            if self._network is not None:
                results = self._network.forecast(
                    cubes, energy_erg, progress, cancelled, frame_ready
                )
            else:
                report(progress, 0.0, "Computing")
                results = [self._by_theory(cube, energy_erg, cancelled) for cube in cubes]
                show_frames(results[0], frame_ready)
                report(progress, 1.0, "Done")
        cost = meter.expense.shared(len(cubes)).as_provenance()
        return [
            self._finished(result, cube, cost) for result, cube in zip(results, cubes, strict=True)
        ]

    def _finished(self, result: Forecast, cube: Cube, cost: dict[str, Any]) -> Forecast:
        """Say of a forecast where it comes from."""
        provenance = {
            "model": self.model_name,
            "averaging": self.averaging,
            "input": dict(cube.provenance),
            **result.provenance,
            **cost,
        }
        return replace(
            result,
            sequence=replace(result.sequence, provenance=provenance),
            control=replace(result.control, provenance=provenance),
            provenance=provenance,
            calibration=self.calibration,
        )

    def _by_theory(
        self, cube: Cube, energy_erg: float | None, cancelled: CancelCheck | None
    ) -> Forecast:
        assert self._theory is not None
        energy = 1e51 if energy_erg is None else energy_erg
        times = cube.time_myr + INTERVAL_MYR * np.arange(FRAMES + 1, dtype=np.float64)
        exploded = self._theory.solution(cube, times, energy, cancelled=cancelled)
        return Forecast(
            sequence=exploded,
            control=persistence(cube, times),
            energy_erg=energy,
            provenance=exploded.provenance,
        )
