"""A data set of a few cells, made in no time, to train on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

import core
from core.cubes import CubeSequence
from core.evolution import Simulation
from core.models.registry import ModelConfig
from core.training.config import TrainingConfig
from tests.helpers import analytic_evolution

N = 16

TINY = TrainingConfig(
    model=ModelConfig(
        "tiny",
        arguments={
            "widths": (4, 8), "blocks": 1, "embedding": 8, "channels": 8, "conditions": 4,
        },
        n=N,
    ),
    steps=6,
    batch=2,
    precision="float32",
)  # fmt: skip


def tiny_simulation(seed: int, frames: int = 20) -> Simulation:
    """A growing cavity in still gas, denser from seed to seed."""
    truth = analytic_evolution(n=N, frames=frames, dimple=0.05 * seed)
    level = np.float32(1.3**seed)
    velocity = np.zeros((frames, N, N, N, 3), np.float32)
    fields = {"density": truth.density * level, "velocity": velocity}
    sequence = CubeSequence(fields, truth.times_myr, 60.0)
    control = replace(truth.control, fields={"density": truth.control.density * level})
    return Simulation(sequence, control)


def tiny_data(folder: Path, count: int = 6) -> Path:
    """Write a data set, of which two runs validate."""
    folder.mkdir(parents=True, exist_ok=True)
    runs = []
    for seed in range(count):
        core.save(tiny_simulation(seed), folder / f"run{seed}.shell.h5")
        runs.append({"name": f"run{seed}", "split": "validation" if seed < 2 else "train"})
    (folder / "manifest.json").write_text(json.dumps({"runs": runs}))
    return folder
