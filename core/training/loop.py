"""The training loop: a fixed budget of time, resumable at any moment."""

from __future__ import annotations

import csv
import json
import math
import time as clock
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from core.energy import EnergyMeter, Expense
from core.errors import InvalidRequest
from core.models.inputs import CHANNELS, CONDITIONS
from core.models.registry import ModelConfig, load_model, save_model
from core.models.symmetry import SYMMETRIES
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.simulate.dataset import files_of_split
from core.training.losses import AFFECTED_DEX, CAVITY_DEX, forecast_loss, region_iou
from core.training.samples import Sample, batch_of, load_samples, with_particle_noise

CHECKPOINT = "checkpoint.safetensors"
METRICS = "metrics.csv"
EXPENSE = "expense"
"""Key of a checkpoint's metadata: what the run has cost."""

VALIDATED_FRAMES = (7, 14, 19)
"""Frames whose overlap goes into the metrics file."""


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained.

    Parameters
    ----------
    model : ModelConfig
        The network.
    minutes : float
        Budget of training time, that of earlier runs included.
    batch : int
        Samples per step.
    learning_rate : float
        Of AdamW, at its highest: it rises over the first 3 per cent of the
        budget and falls with a cosine.
    weight_decay : float
        Of AdamW.
    average_steps : int
        Over about how many steps the weights that are kept are averaged.
    hide_velocity : float
        Share of the samples whose velocity is hidden.
    particle_noise : float
        Share of the samples that are shown as if deposited from particles,
        of 0.5 to 5 Msun.
    seed : int
        Of the order, the orientations and the initial weights.
    save_minutes : float
        Time between checkpoints, each with a validation.
    """

    model: ModelConfig = field(
        default_factory=lambda: ModelConfig(
            "unet-32",
            arguments={
                "widths": (32, 64, 128, 192),
                "blocks": 2,
                "channels": CHANNELS,
                "conditions": CONDITIONS,
            },
        )
    )
    minutes: float = 60.0
    batch: int = 4
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    average_steps: int = 200
    hide_velocity: float = 0.1
    particle_noise: float = 0.3
    seed: int = 1
    save_minutes: float = 3.0


class Trainer:
    """A training run in a directory.

    Parameters
    ----------
    config : TrainingConfig
        How to train.
    data : str or Path
        Directory of a data set made by `core.simulate.dataset.generate`. It
        may still be growing: new simulations are picked up.
    run : str or Path
        Directory of the run; a run that is there is continued.
    device : str
        Where to train.
    initial : str or Path, optional
        Model to start a new run from: "default", a name or a weights file.

    Raises
    ------
    InvalidRequest
        If there is nothing to train on.
    """

    def __init__(
        self,
        config: TrainingConfig,
        data: str | Path,
        run: str | Path,
        device: str = "cpu",
        initial: str | Path | None = None,
    ) -> None:
        self.config = config
        self.data = Path(data)
        self.run = Path(run)
        self.device = torch.device(device)
        self.run.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(config.seed)
        self.network = _build(config.model, self.device)
        if initial is not None:
            weights = load_model(initial, self.device)[0].state_dict()
            try:
                self.network.load_state_dict(_widened(weights, self.network))
            except RuntimeError as error:
                raise InvalidRequest(
                    f"The weights of '{initial}' do not fit the network that is to be trained; "
                    f"start from one of the same widths and blocks, or from nothing."
                ) from error
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        self.average = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        self.step = 0
        self.seconds = 0.0
        self._expense = Expense(0.0, 0.0, energy_j=0.0)
        self._meter: EnergyMeter | None = None
        self.train_samples: dict[Path, Sample] = {}
        self.validation_samples: dict[Path, Sample] = {}
        if (self.run / CHECKPOINT).exists():
            self._resume()

    def train(
        self, *, progress: Progress | None = None, cancelled: CancelCheck | None = None
    ) -> Path:
        """Train until the budget is spent.

        Parameters
        ----------
        progress : callable, optional
            Told the fraction of the budget spent, and the loss.
        cancelled : callable, optional
            Asked at every step; a checkpoint is written before stopping.

        Returns
        -------
        Path
            The weights, averaged over the last steps.

        Raises
        ------
        InvalidRequest
            If there is nothing to train on.
        Cancelled
            If told to stop.
        """
        with EnergyMeter(str(self.device)) as self._meter:
            try:
                self._spend_budget(progress, cancelled)
            finally:
                self._expense, self._meter = self.expense, None
        return self._export()

    @property
    def expense(self) -> Expense:
        """What the run has cost so far, earlier parts of it included."""
        return self._expense if self._meter is None else self._expense + self._meter.expense

    def _spend_budget(self, progress: Progress | None, cancelled: CancelCheck | None) -> None:
        self._load()
        budget = 60.0 * self.config.minutes
        last_save = self.seconds
        losses: list[float] = []
        while self.seconds < budget:
            if cancelled is not None and cancelled():
                self._save()
                check_cancelled(cancelled, "The training")
            start = clock.perf_counter()
            losses.append(self._one_step(self.seconds / budget))
            self.seconds += clock.perf_counter() - start
            recent = float(np.mean(losses[-50:]))
            report(progress, self.seconds / budget, f"step {self.step}, loss {recent:.4f}")
            if self.seconds - last_save > 60.0 * self.config.save_minutes:
                self._save()
                self._validate(recent)
                self._load()
                last_save = self.seconds
        self._save()
        if losses:
            self._validate(float(np.mean(losses[-50:])))

    def _one_step(self, fraction: float) -> float:
        # The choice depends on seed and step alone, so that a resumed run goes on as it would have.
        rng = np.random.default_rng([self.config.seed, self.step])
        keys = sorted(self.train_samples)
        chosen = []
        for index in rng.integers(len(keys), size=self.config.batch):
            sample = self.train_samples[keys[index]]
            sample = sample.transformed(SYMMETRIES[rng.integers(len(SYMMETRIES))])
            if rng.random() < self.config.particle_noise:
                mass = float(np.exp(rng.uniform(np.log(0.5), np.log(5.0))))
                sample = with_particle_noise(sample, mass, self.config.model.size_pc, rng)
            hide = rng.random() < self.config.hide_velocity
            chosen.append(sample.without_velocity() if hide else sample)
        batch = batch_of(chosen, self.device)
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * _schedule(fraction)
        loss = self._loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        decay = min(1.0 - 1.0 / self.config.average_steps, self.step / (self.step + 10.0))
        for key, value in self.network.state_dict().items():
            self.average[key].lerp_(value, 1.0 - decay)
        return loss.item()

    def _loss(self, batch: Sample) -> Tensor:
        turbulence, effect = _predict(self.network, batch)
        return forecast_loss(turbulence, effect, batch.turbulence, batch.effect)

    @torch.no_grad()
    def _validate(self, train_loss: float) -> None:
        """Score the averaged weights on the validation clouds, into the metrics file."""
        network = _build(self.config.model, self.device).eval()
        network.load_state_dict(self.average)
        rows = []
        for sample in self.validation_samples.values():
            batch = batch_of([sample], self.device)
            turbulence, effect = _predict(network, batch)
            loss = forecast_loss(turbulence, effect, batch.turbulence, batch.effect)
            row = [float(loss)]
            for threshold in (CAVITY_DEX, AFFECTED_DEX):
                iou = region_iou(effect, batch.effect, threshold).tolist()
                # Frame 0 is the input, so that the first forecast is frame 1.
                row += [iou[frame - 1] for frame in VALIDATED_FRAMES if frame <= len(iou)]
            rows.append(row)
        means = np.mean(rows, axis=0) if rows else []
        path = self.run / METRICS
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(
                    ["minutes", "step", "samples", "train_loss", "validation_loss"]
                    + [f"{r}_iou_{f}" for r in ("cavity", "affected") for f in VALIDATED_FRAMES]
                )
            writer.writerow(
                [f"{self.seconds / 60:.2f}", self.step, len(self.train_samples)]
                + [f"{train_loss:.5f}", *(f"{mean:.5f}" for mean in means)]
            )

    def _load(self) -> None:
        """Read simulations that have appeared since the last look."""
        self.train_samples = load_samples(files_of_split(self.data, "train"), self.train_samples)
        self.validation_samples = load_samples(
            files_of_split(self.data, "validation"), self.validation_samples
        )
        if not self.train_samples:
            raise InvalidRequest(f"{self.data}: there are no simulations to train on.")

    def _save(self) -> None:
        tensors: dict[str, Tensor] = {}
        for key, value in self.network.state_dict().items():
            tensors[f"network.{key}"] = value.contiguous()
        for key, value in self.average.items():
            tensors[f"average.{key}"] = value.contiguous()
        for index, state in self.optimizer.state_dict()["state"].items():
            for key, value in state.items():
                tensors[f"optimizer.{index}.{key}"] = torch.as_tensor(value).contiguous()
        tensors["progress"] = torch.tensor([self.step, self.seconds], dtype=torch.float64)
        path = self.run / CHECKPOINT
        temporary = path.with_suffix(".partial")
        save_file(tensors, temporary, {EXPENSE: json.dumps(self.expense.as_provenance())})
        temporary.replace(path)
        config = self.run / "config.json"
        config.write_text(json.dumps(asdict(self.config), indent=1))

    def _resume(self) -> None:
        tensors = load_file(self.run / CHECKPOINT, device=str(self.device))
        with safe_open(self.run / CHECKPOINT, framework="pt") as file:
            cost = json.loads((file.metadata() or {}).get(EXPENSE, "{}"))
        progress = tensors.pop("progress").tolist()
        self.step, self.seconds = int(progress[0]), float(progress[1])
        # A run from before costs were kept knows no more than its time.
        self._expense = Expense.from_provenance(cost) or Expense(self.seconds)
        parts: dict[str, dict[str, Tensor]] = {"network": {}, "average": {}, "optimizer": {}}
        for key, value in tensors.items():
            part, name = key.split(".", 1)
            parts[part][name] = value
        try:
            self.network.load_state_dict(parts["network"])
        except RuntimeError as error:
            raise InvalidRequest(
                f"{self.run}: holds a run of another network; choose another directory."
            ) from error
        self.average = parts["average"]
        state = self.optimizer.state_dict()
        moments: dict[int, dict[str, Any]] = {}
        for key, value in parts["optimizer"].items():
            index, name = key.split(".", 1)
            moments.setdefault(int(index), {})[name] = value
        self.optimizer.load_state_dict({**state, "state": moments})

    def _export(self) -> Path:
        training = {
            "simulations": len(self.train_samples),
            "minutes": round(self.seconds / 60, 1),
            "steps": self.step,
            "batch": self.config.batch,
            "threads": torch.get_num_threads(),
            **self.expense.as_provenance(),
        }
        energies = [float(s.given.energies_erg[0]) for s in self.train_samples.values()]
        config = replace(
            self.config.model, training=training, energy_range_erg=(min(energies), max(energies))
        )
        path = self.run / f"{config.name}.safetensors"
        save_model(self.average, config, path)
        return path


def _build(config: ModelConfig, device: torch.device) -> nn.Module:
    """Make a network in the fastest layout for 3D convolutions, on processors and on GPUs."""
    network = config.build().to(device)
    return network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]


def _widened(weights: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """Fit weights to a network that looks at more inputs, which it ignores at first."""
    wide = network.state_dict()
    out = {}
    for key, have in weights.items():
        more = wide[key].shape[1] - have.shape[1] if key in wide and have.ndim > 1 else 0
        if more > 0:
            zeros = have.new_zeros((len(have), more, *have.shape[2:]))
            have = torch.cat((have, zeros), 1)
        out[key] = have
    return out


def _predict(network: nn.Module, batch: Sample) -> tuple[Tensor, Tensor]:
    channels = batch.given.channels().contiguous(memory_format=torch.channels_last_3d)
    with torch.autocast(channels.device.type, torch.bfloat16):
        turbulence, effect = network(channels, batch.given.conditions)
    return turbulence.float(), effect.float()


def _schedule(fraction: float) -> float:
    """Learning rate at a fraction of the budget, relative to its highest."""
    warm = 0.03
    if fraction < warm:
        return 0.05 + 0.95 * fraction / warm
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * (fraction - warm) / (1.0 - warm)))
