"""The training loop: a fixed budget of time or of steps, resumable at any moment."""

from __future__ import annotations

import csv
import json
import math
import time as clock
from collections.abc import Callable, Hashable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from core.energy import EnergyMeter, Expense
from core.errors import InvalidRequest
from core.models.registry import ModelConfig, load_model, save_model
from core.models.symmetry import SYMMETRIES
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.training.checkpoint import CHECKPOINT, State, read_checkpoint, write_checkpoint
from core.training.config import TrainingConfig
from core.training.losses import AFFECTED_DEX, CAVITY_DEX, region_iou
from core.training.objective import objective_of
from core.training.ranks import Ranks
from core.training.samples import Sample, batch_of
from core.training.sources import NativeSource, SamplePool, Source, open_source

__all__ = ["METRICS", "Trainer", "TrainingConfig"]

METRICS = "metrics.csv"

VALIDATED_FRAMES = (7, 14, 19)
"""Frames whose overlap goes into the metrics file."""


class Trainer:
    """A training run in a directory.

    The directory holds the configuration, the metrics as CSV, a checkpoint
    from which the run is taken up again, and two files of averaged weights:
    ``NAME.safetensors``, the last ones, and ``NAME.best.safetensors``, those
    with the least loss on the validation part, if there is one.

    Parameters
    ----------
    config : TrainingConfig
        How to train.
    data : str, Path or Source
        What to train on, see `core.training.sources.open_source`. A data set
        of our own may still be growing: new simulations are picked up.
    run : str or Path
        Directory of the run; a run that is there is continued.
    device : str
        Where to train.
    initial : str or Path, optional
        Model to start a new run from: "default", a name or a weights file.
    ranks : Ranks, optional
        The processes that train together; this one alone by default.
    validated : callable, optional
        Told the metrics file after each validation.

    Raises
    ------
    InvalidRequest
        If there is nothing to train on.
    """

    def __init__(
        self,
        config: TrainingConfig,
        data: str | Path | Source,
        run: str | Path,
        device: str = "cpu",
        initial: str | Path | None = None,
        *,
        ranks: Ranks | None = None,
        validated: Callable[[Path], None] | None = None,
    ) -> None:
        self.config = config
        self.source = open_source(data, config.model) if isinstance(data, str | Path) else data
        self.run = Path(run)
        self.ranks = ranks or Ranks(device=device)
        self.device = torch.device(self.ranks.device)
        self._mine = self.ranks.share(config.batch)
        self._validated = validated
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
        self.objective = objective_of(config)
        self.optimizer = self.objective.optimizer(self.network)
        self.average = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        self.step = 0
        self.seconds = 0.0
        self.best = math.inf
        self._expense = Expense(0.0, 0.0, energy_j=0.0)
        self._meter: EnergyMeter | None = None
        self.train_samples = SamplePool(self.source)
        self.validation_samples = SamplePool(self.source)
        if (self.run / CHECKPOINT).exists():
            self._resume()
        self._joined = self.ranks.joined(self.network)

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

    @property
    def fraction(self) -> float:
        """The part of the budget that is spent."""
        if self.config.steps is not None:
            return self.step / self.config.steps
        return self.seconds / max(60.0 * self.config.minutes, 1e-9)

    def _spend_budget(self, progress: Progress | None, cancelled: CancelCheck | None) -> None:
        self._load()
        last_save, kept = self.seconds, self.step
        losses: list[float] = []
        while True:
            told = cancelled is not None and cancelled()
            # Clocks differ: the first process says what time it is, for all to stop together.
            self.seconds, stop = self.ranks.agree((self.seconds, float(told)))
            if stop:
                self._save()
                check_cancelled(lambda: True, "The training")
            if self.fraction >= 1.0:
                break
            start = clock.perf_counter()
            losses.append(self._one_step(self.fraction))
            self.seconds += clock.perf_counter() - start
            recent = float(np.mean(losses[-50:]))
            report(progress, self.fraction, f"step {self.step}, loss {recent:.4f}")
            (due,) = self.ranks.agree(
                (float(self.seconds - last_save > 60.0 * self.config.save_minutes),)
            )
            if due:
                self._keep(recent)
                self._load()
                last_save, kept = self.seconds, self.step
        if self.step > kept:
            self._keep(float(np.mean(losses[-50:])))

    def _chosen(self, index: int) -> Sample:
        """Choose a sample of the step's batch, and from what side and how well it is seen."""
        # The choice depends on seed, step and number alone: a resumed run goes on as it would
        # have, and the batch is the same however many processes share it.
        rng = np.random.default_rng([self.config.seed, self.step, index])
        names = self._names
        sample = self.train_samples[names[rng.integers(len(names))]]
        sample = sample.transformed(SYMMETRIES[rng.integers(len(SYMMETRIES))])
        return self.objective.shown(sample, rng)

    def _one_step(self, fraction: float) -> float:
        batch = batch_of([self._chosen(index) for index in self._mine], self.device)
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * self.objective.rate(fraction)
        # A sequence of its own, besides the one that chose the samples.
        rngs = [
            np.random.default_rng([self.config.seed, self.step, index, 1]) for index in self._mine
        ]
        loss = self.objective.loss(self._joined, batch, fraction, rngs)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.objective.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.objective.clip_norm)
        self.optimizer.step()
        self.step += 1
        decay = min(1.0 - 1.0 / self.config.average_steps, self.step / (self.step + 10.0))
        for key, value in self.network.state_dict().items():
            self.average[key].lerp_(value, 1.0 - decay)
        return loss.item()

    def _keep(self, train_loss: float) -> None:
        """Validate, and write what a person looks at and what the run goes on from."""
        if not self.ranks.leads:
            return
        loss = self._validate(train_loss)
        save_model(self.average, self._described(), self._weights())
        if loss < self.best:
            self.best = loss
            save_model(self.average, self._described(), self._weights("best"))
        self._save()
        if self._validated is not None:
            self._validated(self.run / METRICS)

    @torch.no_grad()
    def _validate(self, train_loss: float) -> float:
        """Score the averaged weights on the validation part, into the metrics file."""
        network = _build(self.config.model, self.device).eval()
        network.load_state_dict(self.average)
        rows = []
        for sample in self.validation_samples.values():
            if not self.objective.suits(sample):
                continue
            batch = batch_of([sample], self.device)
            made = self.objective.validate(network, batch)
            row = [made.loss]
            # Without a control, the forecast's own one stands in, as it does in the window.
            known = bool(batch.control_known is None or batch.control_known.all())
            truth = batch.effect if known else batch.effect - made.turbulence
            for threshold in (CAVITY_DEX, AFFECTED_DEX):
                iou = region_iou(made.effect, truth, threshold).tolist()
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
                [f"{self.seconds / 60:.2f}", self.step, len(self._names)]
                + [f"{train_loss:.5f}", *(f"{mean:.5f}" for mean in means)]
            )
        return float(means[0]) if len(means) else math.inf

    def _load(self) -> None:
        """Look for samples that have appeared since the last look; all processes see the same."""
        parts: dict[str, list[Hashable]] = self.ranks.agree_on(
            {part: self.source.names(part) for part in ("train", "validation")}
            if self.ranks.leads
            else None
        )
        self.train_samples.set_names(parts["train"])
        self.validation_samples.set_names(parts["validation"])
        self._names = sorted(parts["train"])  # type: ignore[type-var]
        if not self._names:
            raise InvalidRequest("There are no simulations to train on in the data given.")
        if isinstance(self.source, NativeSource):
            # They fit into memory, and a damaged one shows before hours are spent.
            self._names = [
                name for name in self._names if self.objective.suits(self.train_samples[name])
            ]
            if not self._names:
                raise InvalidRequest(
                    f"None of the {len(parts['train'])} simulations to train on has "
                    f"{self.config.model.energy_erg:.3g} erg; the network {self.config.model.name} "
                    f"is not told the energy and needs the same in all."
                )

    def _save(self) -> None:
        if not self.ranks.leads:
            return
        state = State(self.step, self.seconds, self.best, self.average, self.expense)
        write_checkpoint(self.run / CHECKPOINT, state, self.network, self.optimizer)
        config = self.run / "config.json"
        config.write_text(json.dumps(asdict(self.config), indent=1))

    def _resume(self) -> None:
        state = read_checkpoint(self.run / CHECKPOINT, self.network, self.optimizer)
        self.step, self.seconds, self.best = state.step, state.seconds, state.best
        self.average, self._expense = dict(state.average), state.expense
        metrics = self.run / METRICS
        if self.ranks.leads and metrics.exists():
            # A run killed between two checkpoints repeats some steps: their figures come again.
            header, *rows = metrics.read_text().splitlines()
            kept = [row for row in rows if int(row.split(",")[1]) <= self.step]
            metrics.write_text("\n".join((header, *kept)) + "\n")

    def _weights(self, which: str = "") -> Path:
        return self.run / f"{self.config.model.name}{which and '.'}{which}.safetensors"

    def _described(self) -> ModelConfig:
        training = {
            "simulations": len(self._names),
            "minutes": round(self.seconds / 60, 1),
            "steps": self.step,
            "batch": self.config.batch,
            "processes": self.ranks.count,
            "threads": torch.get_num_threads(),
            **self.expense.as_provenance(),
        }
        known_energies = self.train_samples.energies_erg
        energies = [known_energies[name] for name in self._names if name in known_energies]
        known = (min(energies), max(energies)) if energies else None
        return replace(self.config.model, training=training, energy_range_erg=known)

    def _export(self) -> Path:
        path = self._weights()
        if self.ranks.leads:
            save_model(self.average, self._described(), path)
        return path


def _build(config: ModelConfig, device: torch.device) -> nn.Module:
    """Make a network in the fastest layout for 3D convolutions, on processors and on GPUs."""
    network = config.build().to(device)
    if any(parameter.ndim == 4 for parameter in network.parameters()):
        return network  # Peepholes of 3D-MIM have no such layout.
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
