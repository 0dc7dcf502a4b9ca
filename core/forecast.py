"""Forecast what an explosion does to a cube."""

from __future__ import annotations

import hashlib
import logging
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.baselines import persistence
from core.cubes import Cube, CubeSequence
from core.energy import EnergyMeter
from core.errors import CorruptSnapshot, InvalidRequest
from core.evolution import Forecast
from core.models.analytic import ANALYTIC_MODELS, FRAMES, INTERVAL_MYR
from core.progress import CancelCheck, Progress, check_cancelled, part_of, report
from core.resources import models_path

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from core.coverage import Calibration
    from core.models.registry import ModelConfig

__all__ = ["Forecast", "Forecaster"]

FrameReady = Callable[[Cube], None]
"""Given a frame of a forecast as soon as it is there."""

_LOG = logging.getLogger(__name__)

MIN_DENSITY = 1e-6
"""Msun/pc^3: empty voxels of a particle snapshot count as this."""


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
        self._theory = ANALYTIC_MODELS.get(str(model))
        if self._theory is not None:
            self.averaging = 1
            self.model_name = self._theory.name
            self.device = "cpu"
            self.device_name = f"CPU ({platform.machine() or 'unknown'}, 1 thread)"
            self.card = self._theory.card()
            self.ignores = ("device", "averaging")
            self.weights_hash = ""
            self.calibration = _calibration(models_path() / self._theory.name, "")
            return
        from core.models.inference import multiplies_bfloat16, prepared
        from core.models.registry import find_model, load_model

        weights = find_model(model)
        self._device, self.device_name = _find_device(device)
        self._network: nn.Module
        self._config: ModelConfig
        loaded, self._config = load_model(model, self._device)
        self._network = prepared(loaded)
        self._half = multiplies_bfloat16(self._device)
        self.averaging = averaging
        self.model_name = self._config.name
        self.device = str(self._device)
        self.card = asdict(self._config)
        self.ignores = ()
        self.weights_hash = hashlib.sha256(weights.read_bytes()).hexdigest()
        self.calibration = _calibration(weights, self.weights_hash)

    @property
    def frame_by_frame(self) -> bool:
        """Whether one frame is made after the other (3D-MIM), so that the first is early."""
        return self._theory is None and self._config.architecture == "mim3d"

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
            if self._theory is not None:
                report(progress, 0.0, "Computing")
                results = [self._by_theory(cube, energy_erg, cancelled) for cube in cubes]
                _show(results[0], frame_ready)
                report(progress, 1.0, "Done")
            else:
                results = self._by_network(cubes, energy_erg, progress, cancelled, frame_ready)
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

    def _by_network(
        self,
        cubes: Sequence[Cube],
        energy_erg: float | None,
        progress: Progress | None,
        cancelled: CancelCheck | None,
        frame_ready: FrameReady | None,
    ) -> list[Forecast]:
        import torch

        from core.models.inference import predict
        from core.models.inputs import network_input
        from core.models.mim_forecast import DensityMIM
        from core.models.symmetry import spread
        from core.uncertainty import membership

        for cube in cubes:
            self._check(cube, energy_erg)
        report(progress, 0.0, "Preparing")
        gas = np.stack([np.maximum(cube.density, MIN_DENSITY) for cube in cubes])
        density = torch.tensor(gas, device=self._device)
        if isinstance(self._network, DensityMIM):
            return [
                self._frame_by_frame(
                    cube,
                    density[k],
                    part_of(progress, k / len(cubes), (k + 1) / len(cubes)),
                    cancelled,
                    frame_ready,
                )
                for k, cube in enumerate(cubes)
            ]
        velocity = None
        moving = ["velocity" in cube.fields for cube in cubes]
        if any(moving):
            if not all(moving):
                raise InvalidRequest("Of cubes in a batch either all or none have velocities.")
            moved = np.stack([np.moveaxis(cube.fields["velocity"], -1, 0) for cube in cubes])
            velocity = torch.tensor(moved, device=self._device)
        energy = self._config.energy_erg if energy_erg is None else energy_erg
        theory = getattr(self._network, "channels", 0) > 7
        given = network_input(density, velocity, cubes[0].size_pc, energy, arrival=theory)
        turbulence = torch.zeros(
            (len(cubes), self._config.frames, *density.shape[1:]), device=self._device
        )
        effect = torch.zeros_like(turbulence)
        affected = torch.zeros_like(turbulence)
        orientations = spread(self.averaging)
        for done, symmetry in enumerate(orientations):
            check_cancelled(cancelled, "The forecast")
            report(
                progress, done / len(orientations), f"Orientation {done + 1} of {len(orientations)}"
            )
            channels = given.transformed(symmetry).channels()
            one_turbulence, one_effect = predict(
                self._network, channels, given.conditions, half=self._half, cancelled=cancelled
            )
            back = symmetry.inverse()
            turbulence += back.scalar(one_turbulence) / len(orientations)
            turned = back.scalar(one_effect)
            effect += turned / len(orientations)
            affected += membership(turned) / len(orientations)
        check_cancelled(cancelled, "The forecast")
        forecasts = [
            replace(
                self._forecast(cube, density[k], turbulence[k], effect[k], energy),
                probability=self._probability(affected[k]),
                provenance={"velocity": velocity is not None},
            )
            for k, cube in enumerate(cubes)
        ]
        _show(forecasts[0], frame_ready)
        return forecasts

    def _frame_by_frame(
        self,
        cube: Cube,
        density: Tensor,
        progress: Progress | None,
        cancelled: CancelCheck | None,
        frame_ready: FrameReady | None,
    ) -> Forecast:
        """Forecast by a network that sees its own frames, and knows no control."""
        import torch

        from core.models.mim_forecast import DensityMIM
        from core.models.symmetry import spread
        from core.uncertainty import membership

        network, config = self._network, self._config
        assert isinstance(network, DensityMIM)
        effects, memberships = [], []
        if frame_ready is not None:
            frame_ready(_bare(cube, cube.density, cube.time_myr))
        check_cancelled(cancelled, "The forecast")
        made = network.changes(torch.log10(density), spread(self.averaging), cancelled)
        for number, changes in enumerate(made, start=1):
            effects.append(torch.stack(changes).mean(0))
            memberships.append(torch.stack([membership(one) for one in changes]).mean(0))
            if frame_ready is not None:
                time = cube.time_myr + number * config.interval_myr
                frame = (density * 10.0 ** effects[-1]).cpu().numpy()
                frame_ready(_bare(cube, frame, time))
            report(progress, number / config.frames, f"Frame {number} of {config.frames}")
            if number < config.frames:
                check_cancelled(cancelled, "The forecast")
        effect = torch.stack(effects)
        forecast = self._forecast(
            cube, density, torch.zeros_like(effect), effect, config.energy_erg
        )
        return replace(
            forecast,
            probability=self._probability(torch.stack(memberships)),
            provenance={
                "velocity": False,
                "control": "persistence: the network forecasts no control, so the gas of the "
                "first frame stands in, and what turbulence does counts as the explosion's",
            },
        )

    def _probability(self, affected: Tensor) -> NDArray[np.float32]:
        """Correct the raw probabilities, where runs say how; in the first frame they are 0."""
        raw: NDArray[np.float32] = affected.clamp(0.0, 1.0).cpu().numpy()
        if self.calibration is not None and self.calibration.reliability is not None:
            raw = self.calibration.reliability.apply(raw)
        return np.concatenate((np.zeros_like(raw[:1]), raw))

    def _check(self, cube: Cube, energy_erg: float | None) -> None:
        config = self._config
        low, high = config.energy_range_erg or (config.energy_erg, config.energy_erg)
        if energy_erg is not None and not 0.99 * low <= energy_erg <= 1.01 * high:
            known = f"{low:.3g} erg only" if low == high else f"{low:.3g} to {high:.3g} erg"
            raise InvalidRequest(
                f"The network {config.name} knows explosions of {known}, not of "
                f"{energy_erg:.3g} erg."
            )
        if cube.n != config.n or not np.isclose(cube.size_pc, config.size_pc, rtol=1e-3):
            raise InvalidRequest(
                f"The network {config.name} needs a cube of {config.size_pc:g} pc with "
                f"{config.n}^3 voxels, not {cube.size_pc:g} pc with {cube.n}^3: "
                f"use voxelize(..., size_pc={config.size_pc:g}, n={config.n})."
            )

    def _forecast(
        self, cube: Cube, density: Tensor, turbulence: Tensor, effect: Tensor, energy_erg: float
    ) -> Forecast:
        """Join the network's logarithms with the cube they start from."""
        steps = np.arange(self._config.frames + 1, dtype=np.float64)
        times = cube.time_myr + self._config.interval_myr * steps
        control = density * 10.0**turbulence
        exploded = control * 10.0**effect

        def sequence(future: Tensor) -> CubeSequence:
            frames: NDArray[np.float32] = future.cpu().numpy()
            return CubeSequence(
                fields={"density": np.concatenate((cube.density[None], frames))},
                times_myr=times,
                size_pc=cube.size_pc,
                center_pc=cube.center_pc,
            )

        return Forecast(
            sequence=sequence(exploded),
            control=sequence(control),
            energy_erg=energy_erg,
        )


def _bare(cube: Cube, density: NDArray[np.float32], time_myr: float) -> Cube:
    """Put a density into the place of a cube, at another time."""
    return Cube({"density": density}, cube.size_pc, cube.center_pc, time_myr=float(time_myr))


def _show(forecast: Forecast, frame_ready: FrameReady | None) -> None:
    """Show all frames, where they are made at once."""
    if frame_ready is not None:
        first = forecast.sequence[0]
        for time, density in zip(forecast.times_myr, forecast.density, strict=True):
            frame_ready(_bare(first, density, time))


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


def _calibration(weights: Path, weights_hash: str) -> Calibration | None:
    """Read the calibration beside a weights file, if it is of these weights."""
    from core.coverage import calibration_path, read_calibration

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


def _find_device(wanted: str) -> tuple[torch.device, str]:
    """Find a device and its name for people."""
    import torch

    if wanted not in ("auto", "cpu", "cuda") and not wanted.startswith("cuda:"):
        raise InvalidRequest(f"The device is auto, cpu or cuda, not '{wanted}'.")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cpu":
        threads = torch.get_num_threads()
        name = platform.machine() or "CPU"
        return torch.device("cpu"), f"CPU ({name}, {threads} thread{'s' if threads != 1 else ''})"
    if not torch.cuda.is_available():
        raise InvalidRequest(
            "PyTorch finds no CUDA GPU here; choose device='cpu', or 'auto' to take what there is."
        )
    device = torch.device(wanted)
    return device, torch.cuda.get_device_name(device)
