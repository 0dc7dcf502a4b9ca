"""Trials of networks: each is trained for the same processor time on the same data.

python tests/benchmarks/bench_architectures.py TRAINING HELD_OUT [--seconds 300] [--only NAME …]

TRAINING and HELD_OUT are data sets of `shellsight simulate --count`; clouds of
the second must not be in the first. The time of a step is measured first, and
each network makes as many steps as the budget buys, with the same schedule of
the learning rate: other work on the machine changes nothing.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path

import architectures
import numpy as np
import torch

from core.models import registry
from core.models.registry import ModelConfig
from core.tables import text_table
from core.training.config import TrainingConfig
from core.training.loop import Trainer
from core.training.losses import AFFECTED_DEX, CAVITY_DEX, region_iou
from core.training.objective import objective_of
from core.training.samples import Sample, batch_of, load_samples
from core.training.sources import NativeSource

FRAMES = (4, 7, 14, 19)
UNET = {"widths": (32, 64, 128, 192), "blocks": 2}
SEES_ALL = {"channels": 8, "conditions": 4}

registry.ARCHITECTURES |= {
    "convnext": architectures.ConvNeXtUNet,
    "factorised": architectures.FactorisedUNet,
    "spectral": architectures.SpectralNet,
    "symmetric": architectures.SymmetricUNet,
}

TRIALS: dict[str, tuple[str, dict]] = {
    "U-Net, as shipped": ("two-headed-unet", UNET | SEES_ALL),
    "U-Net without the thin shell's arrival": (
        "two-headed-unet",
        # It knows the energy all the same: the arrival is the eighth channel alone.
        UNET | {"channels": 7, "conditions": 4},
    ),
    "U-Net, half as wide": (
        "two-headed-unet",
        {"widths": (16, 32, 64, 96), "blocks": 2} | SEES_ALL,
    ),
    "U-Net, kernels shared over the 48 symmetries": ("symmetric", UNET | SEES_ALL),
    "ConvNeXt U-Net, 5³ depthwise": ("convnext", UNET | SEES_ALL),
    "U-Net, factorised 5-voxel convolutions": ("factorised", UNET | SEES_ALL),
    "Fourier modes on patches of 2³": (
        "spectral",
        {"width": 48, "depth": 4, "patch": 2} | SEES_ALL,
    ),
    "Fourier modes on patches of 4³": (
        "spectral",
        {"width": 64, "depth": 4, "patch": 4} | SEES_ALL,
    ),
}


class KeptSource(NativeSource):
    """Reads every file once, for all trials."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._kept: dict[Hashable, Sample] = {}

    def read(self, name: Hashable) -> Sample:
        """Read one, or take it from memory."""
        if name not in self._kept:
            self._kept[name] = super().read(name)
        return self._kept[name]


def configuration(name: str) -> TrainingConfig:
    """Return how a trial is trained, all but its budget."""
    architecture, arguments = TRIALS[name]
    model = ModelConfig("trial", architecture=architecture, arguments=arguments)
    # Without the averaged weights of a long training: short ones move on too fast.
    return TrainingConfig(model=model, average_steps=50, save_minutes=1e9)


def seconds_per_step(config: TrainingConfig, source: NativeSource, steps: int = 8) -> float:
    """Measure the processor time of a step, without that of starting."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(replace(config, steps=2), source, folder)
        trainer.train()
        began = time.process_time()
        trainer.config = replace(config, steps=2 + steps)
        trainer.train()
        validation = _validation_seconds(trainer)
        return (time.process_time() - began - validation) / steps


def _validation_seconds(trainer: Trainer) -> float:
    began = time.process_time()
    trainer._validate(0.0)
    return time.process_time() - began


@torch.no_grad()
def figures(trainer: Trainer, config: TrainingConfig, held_out: list[Path]) -> list[float]:
    """Score the averaged weights on simulations of other clouds."""
    network = config.model.build().eval().to(memory_format=torch.channels_last_3d)
    network.load_state_dict(trainer.average)
    rows = []
    for sample in load_samples(held_out).values():
        batch = batch_of([sample], torch.device("cpu"))
        made = objective_of(config).validate(network, batch)
        row = []
        for threshold in (CAVITY_DEX, AFFECTED_DEX):
            iou = region_iou(made.effect, batch.effect, threshold)
            row += [float(iou[frame - 1]) for frame in FRAMES]
        error = (made.turbulence + made.effect - batch.turbulence - batch.effect).abs()
        rows.append([*row, float(error[:, 13].mean())])
    return [float(mean) for mean in np.mean(rows, axis=0)]


def main(training: Path, held_out: Path, seconds: float, names: list[str]) -> None:
    """Print a row per network as it is done, then the table."""
    torch.set_num_threads(1)
    paths = sorted(held_out.glob("cloud*.shell.h5"))
    print(f"{seconds:g} s of one core each, batches of 4; {len(paths)} held-out explosions")
    header = (
        "network", "parameters", "s/step", "steps",
        *(f"cavity {f}" for f in FRAMES), *(f"affected {f}" for f in FRAMES), "dex 14",
    )  # fmt: skip
    table = []
    source = KeptSource(training)
    for name in names:
        config = configuration(name)
        cost = seconds_per_step(config, source)
        steps = max(1, int(seconds / cost))
        with tempfile.TemporaryDirectory() as folder:
            trainer = Trainer(replace(config, steps=steps), source, folder)
            trainer.train()
            found = figures(trainer, config, paths)
        count = sum(weight.numel() for weight in trainer.network.parameters())
        table.append(
            (name, f"{count / 1e6:.1f} M", f"{cost:.2f}", str(steps), *(f"{v:.3f}" for v in found))
        )
        print("  ".join(table[-1]), file=sys.stderr, flush=True)
    print(text_table(header, table))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("training", type=Path)
    parser.add_argument("held_out", type=Path)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--only", nargs="*", default=list(TRIALS))
    given = parser.parse_args()
    main(given.training, given.held_out, given.seconds, given.only)
