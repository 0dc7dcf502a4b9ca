"""Forecasts by networks: what goes into them, what comes out, for one cube or several."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.cubes import Cube, CubeSequence
from core.errors import InvalidRequest
from core.evolution import Forecast
from core.forecast_parts import MIN_DENSITY, FrameReady, bare_cube, calibration_of, show_frames
from core.models.devices import find_device
from core.models.inference import multiplies_bfloat16, predict, prepared
from core.models.inputs import network_input
from core.models.mim_forecast import DensityMIM
from core.models.registry import find_model, load_model
from core.models.symmetry import spread
from core.progress import CancelCheck, Progress, check_cancelled, part_of, report
from core.uncertainty import membership


class NetworkForecaster:
    """A trained network, ready to forecast.

    Parameters
    ----------
    model : str or Path
        As for `core.models.registry.find_model`.
    device : str
        As for `core.models.devices.find_device`.
    averaging : int
        Over how many orientations of the cube a forecast is averaged.

    Attributes
    ----------
    config : ModelConfig
        What the weights file says about the network.
    device : torch.device
        Where it computes.
    device_name : str
        The same for people.
    half : bool
        Whether it multiplies in bfloat16.
    weights_hash : str
        SHA-256 of the weights file.
    calibration : Calibration or None
        That of these weights, where there is one.

    Raises
    ------
    InvalidRequest
        If the model or the device is not there.
    CorruptSnapshot
        If the weights file is damaged.
    """

    def __init__(self, model: str | Path, device: str, averaging: int) -> None:
        weights = find_model(model)
        self.device, self.device_name = find_device(device)
        loaded, self.config = load_model(model, self.device)
        self._network: nn.Module = prepared(loaded)
        self._averaging = averaging
        self.half = multiplies_bfloat16(self.device)
        self.weights_hash = hashlib.sha256(weights.read_bytes()).hexdigest()
        self.calibration = calibration_of(weights, self.weights_hash)

    @property
    def frame_by_frame(self) -> bool:
        """Whether one frame is made after the other."""
        return isinstance(self._network, DensityMIM)

    def forecast(
        self,
        cubes: Sequence[Cube],
        energy_erg: float | None = None,
        progress: Progress | None = None,
        cancelled: CancelCheck | None = None,
        frame_ready: FrameReady | None = None,
    ) -> list[Forecast]:
        """Forecast cubes at once; see `core.Forecaster.forecast`.

        Parameters
        ----------
        cubes : sequence of Cube
            As the network needs them; either all or none have velocities.
        energy_erg : float, optional
            Energy of each explosion in erg.
        progress : callable, optional
            Told the fraction done.
        cancelled : callable, optional
            Asked between the parts of the network.
        frame_ready : callable, optional
            Given the frames of the first cube.

        Returns
        -------
        list of Forecast
            One for each cube; their provenance says only what the network did.

        Raises
        ------
        InvalidRequest
            If a cube does not suit the network.
        Cancelled
            If told to stop.
        """
        for cube in cubes:
            self._check(cube, energy_erg)
        report(progress, 0.0, "Preparing")
        gas = np.stack([np.maximum(cube.density, MIN_DENSITY) for cube in cubes])
        density = torch.tensor(gas, device=self.device)
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
            velocity = torch.tensor(moved, device=self.device)
        energy = self.config.energy_erg if energy_erg is None else energy_erg
        theory = getattr(self._network, "channels", 0) > 7
        given = network_input(density, velocity, cubes[0].size_pc, energy, arrival=theory)
        turbulence = torch.zeros(
            (len(cubes), self.config.frames, *density.shape[1:]), device=self.device
        )
        effect = torch.zeros_like(turbulence)
        affected = torch.zeros_like(turbulence)
        orientations = spread(self._averaging)
        for done, symmetry in enumerate(orientations):
            check_cancelled(cancelled, "The forecast")
            report(
                progress, done / len(orientations), f"Orientation {done + 1} of {len(orientations)}"
            )
            channels = given.transformed(symmetry).channels()
            one_turbulence, one_effect = predict(
                self._network, channels, given.conditions, half=self.half, cancelled=cancelled
            )
            back = symmetry.inverse()
            turbulence += back.scalar(one_turbulence) / len(orientations)
            turned = back.scalar(one_effect)
            effect += turned / len(orientations)
            affected += membership(turned) / len(orientations)
        check_cancelled(cancelled, "The forecast")
        forecasts = [
            replace(
                self._joined(cube, density[k], turbulence[k], effect[k], energy),
                probability=self._probability(affected[k]),
                provenance={"velocity": velocity is not None},
            )
            for k, cube in enumerate(cubes)
        ]
        show_frames(forecasts[0], frame_ready)
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
        network, config = self._network, self.config
        assert isinstance(network, DensityMIM)
        effects, memberships = [], []
        if frame_ready is not None:
            frame_ready(bare_cube(cube, cube.density, cube.time_myr))
        check_cancelled(cancelled, "The forecast")
        made = network.changes(torch.log10(density), spread(self._averaging), cancelled)
        for number, changes in enumerate(made, start=1):
            effects.append(torch.stack(changes).mean(0))
            memberships.append(torch.stack([membership(one) for one in changes]).mean(0))
            if frame_ready is not None:
                time = cube.time_myr + number * config.interval_myr
                frame = (density * 10.0 ** effects[-1]).cpu().numpy()
                frame_ready(bare_cube(cube, frame, time))
            report(progress, number / config.frames, f"Frame {number} of {config.frames}")
            if number < config.frames:
                check_cancelled(cancelled, "The forecast")
        effect = torch.stack(effects)
        forecast = self._joined(cube, density, torch.zeros_like(effect), effect, config.energy_erg)
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
        config = self.config
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

    def _joined(
        self, cube: Cube, density: Tensor, turbulence: Tensor, effect: Tensor, energy_erg: float
    ) -> Forecast:
        """Join the network's logarithms with the cube they start from."""
        steps = np.arange(self.config.frames + 1, dtype=np.float64)
        times = cube.time_myr + self.config.interval_myr * steps
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
