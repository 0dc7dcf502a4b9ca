"""What a kind of network is trained for: its loss, its optimiser, what it is shown.

The loop (`core.training.loop`) is the same for all; what differs is here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from core.models.mim_forecast import DensityMIM
from core.training.config import TrainingConfig
from core.training.losses import forecast_loss
from core.training.samples import Sample, with_particle_noise

SAMPLING_ENDS = 5 / 8
"""Part of the budget after which 3D-MIM sees nothing but its own frames."""

LENGTHENING = ((0.0, 3), (0.12, 5), (0.3, 9), (0.5, 20))
"""From which part of the budget on clips have how many frames, if they lengthen."""


@dataclass(frozen=True)
class Validation:
    """What a network makes of a batch that it is not trained on.

    Parameters
    ----------
    loss : float
        The loss.
    turbulence, effect : Tensor, (batch, frames, n, n, n)
        The forecast, in dex.
    """

    loss: float
    turbulence: Tensor
    effect: Tensor


class Objective(Protocol):
    """What a network is trained for."""

    clip_norm: float | None
    """Largest norm of a gradient, if there is a limit."""

    def optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        """Make the optimiser."""

    def rate(self, fraction: float) -> float:
        """Learning rate at a fraction of the budget, relative to its highest."""

    def suits(self, sample: Sample) -> bool:
        """Whether the network could learn from a sample."""

    def shown(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Show a sample as snapshots might."""

    def loss(
        self,
        network: nn.Module,
        batch: Sample,
        fraction: float,
        rngs: Sequence[np.random.Generator],
    ) -> Tensor:
        """Loss of a batch, at a fraction of the budget; a source of randomness per sample."""

    def validate(self, network: nn.Module, batch: Sample) -> Validation:
        """Forecast a batch as a user would, and score it."""


class TwoHeads:
    """Turbulence and explosion apart, all frames at once: the U-Nets.

    Parameters
    ----------
    config : TrainingConfig
        How it is trained.
    """

    clip_norm: float | None = 1.0

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config

    def optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        """Make the optimiser."""
        return torch.optim.AdamW(
            network.parameters(),
            self._config.learning_rate,
            weight_decay=self._config.weight_decay,
        )

    def rate(self, fraction: float) -> float:
        """Rise over the first 3 per cent of the budget, then fall with a cosine."""
        warm = 0.03
        if fraction < warm:
            return 0.05 + 0.95 * fraction / warm
        return _falling((fraction - warm) / (1.0 - warm))

    def suits(self, sample: Sample) -> bool:
        """Take all: the network is told the energy."""
        return True

    def shown(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Show some through particles, and some without their velocity."""
        if rng.random() < self._config.particle_noise:
            mass = float(np.exp(rng.uniform(np.log(0.5), np.log(5.0))))
            sample = with_particle_noise(sample, mass, self._config.model.size_pc, rng)
        hide = rng.random() < self._config.hide_velocity
        return sample.without_velocity() if hide else sample

    def loss(
        self,
        network: nn.Module,
        batch: Sample,
        fraction: float,
        rngs: Sequence[np.random.Generator],
    ) -> Tensor:
        """Loss of both heads."""
        return _loss_of_heads(*self._predict(network, batch), batch)

    def validate(self, network: nn.Module, batch: Sample) -> Validation:
        """Forecast a batch, and score it."""
        turbulence, effect = self._predict(network, batch)
        return Validation(float(_loss_of_heads(turbulence, effect, batch)), turbulence, effect)

    def _predict(self, network: nn.Module, batch: Sample) -> tuple[Tensor, Tensor]:
        channels = batch.given.channels().contiguous(memory_format=torch.channels_last_3d)
        with _autocast(self._config, channels.device):
            turbulence, effect = network(channels, batch.given.conditions)
        return turbulence.float(), effect.float()


class NextFrames:
    """The density frame by frame, as the released 3D-MIM is trained.

    Half the sum of squares per frame, Adam with its own moments at a constant
    rate, and scheduled sampling: the share of true frames among the inputs
    falls from 1 to 0 over `SAMPLING_ENDS` of the budget. Clips are not
    reversed in time, as the released code does: no explosion runs backwards.

    With the schedule "lengthening", for budgets that are short, clips begin
    with the explosion and have as many frames as `LENGTHENING` says; Adam
    forgets its moments sooner, gradients are clipped, and the rate falls with
    a cosine from the second length on.

    Parameters
    ----------
    config : TrainingConfig
        How it is trained.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config
        self._lengthens = config.schedule == "lengthening"
        # Of a sum over voxels: hundreds are usual, tens of thousands happen.
        self.clip_norm: float | None = 500.0 if self._lengthens else None

    def optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        """Make the optimiser of the released code, or one for fewer steps."""
        return torch.optim.AdamW(
            network.parameters(),
            self._config.learning_rate,
            betas=(0.9, 0.99) if self._lengthens else (0.95, 0.9995),
            weight_decay=self._config.weight_decay,
        )

    def rate(self, fraction: float) -> float:
        """Stay the same, or rise at once and fall once clips lengthen."""
        if not self._lengthens:
            return 1.0
        warm, falls = 0.005, LENGTHENING[1][0]
        if fraction < falls:
            return min(1.0, 0.05 + 0.95 * fraction / warm)
        return _falling((fraction - falls) / (1.0 - falls))

    def suits(self, sample: Sample) -> bool:
        """Take one energy only: the network is not told it."""
        wanted = self._config.model.energy_erg
        return math.isclose(float(sample.given.energies_erg[0]), wanted, rel_tol=0.01)

    def shown(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Show it as it is: input and truth are one sequence."""
        return sample

    def loss(
        self,
        network: nn.Module,
        batch: Sample,
        fraction: float,
        rngs: Sequence[np.random.Generator],
    ) -> Tensor:
        """Loss with true frames among the inputs."""
        share = max(0.0, 1.0 - fraction / SAMPLING_ENDS)
        frames = self._frames(network, batch)
        if self._lengthens:
            frames = frames[:, : next(n for f, n in reversed(LENGTHENING) if fraction >= f)]
        later = frames.shape[1] - 2
        draws = np.stack([rng.random(later) < share for rng in rngs])
        use_true = torch.as_tensor(draws, dtype=torch.float32, device=frames.device)
        with _autocast(self._config, frames.device):
            made = network(frames, 1, frames.shape[1], use_true)
        return _half_squares(made, frames)

    def validate(self, network: nn.Module, batch: Sample) -> Validation:
        """Forecast a batch from its first frame alone, and score it.

        Its effect includes what turbulence does: there is no control.
        """
        frames = self._frames(network, batch)
        with _autocast(self._config, frames.device):
            made = network(frames[:, :1], 1, frames.shape[1])
        made = made.float()
        effect = _plain(network).to_dex(made.clamp(0.0, 1.0) - frames[:, :1])[..., 0]
        loss = float(_half_squares(made, frames))
        return Validation(loss, torch.zeros_like(effect), effect)

    @staticmethod
    def _frames(network: nn.Module, batch: Sample) -> Tensor:
        first = batch.given.scalars[:, :1]
        log_density = torch.cat((first, first + batch.turbulence + batch.effect), 1)
        return _plain(network).to_values(log_density).unsqueeze(-1)


def objective_of(config: TrainingConfig) -> Objective:
    """Find what a network is trained for.

    Parameters
    ----------
    config : TrainingConfig
        How it is trained.

    Returns
    -------
    Objective
        By its architecture.
    """
    return NextFrames(config) if config.model.architecture == "mim3d" else TwoHeads(config)


def _falling(part: float) -> float:
    """From 1 to 0.01 with a cosine."""
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * part))


def _plain(network: nn.Module) -> DensityMIM:
    """Return the network itself, where it is wrapped to be trained by several processes."""
    inner = getattr(network, "module", network)
    assert isinstance(inner, DensityMIM)
    return inner


def _autocast(config: TrainingConfig, device: torch.device) -> AbstractContextManager[object]:
    if config.precision == "bfloat16":
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def _loss_of_heads(turbulence: Tensor, effect: Tensor, batch: Sample) -> Tensor:
    return forecast_loss(turbulence, effect, batch.turbulence, batch.effect, batch.control_known)


def _half_squares(made: Tensor, frames: Tensor) -> Tensor:
    """Half the sum of squares per sample and frame."""
    squares = (made.float() - frames[:, 1:]).square().sum()
    return 0.5 * squares / (len(frames) * made.shape[1])
