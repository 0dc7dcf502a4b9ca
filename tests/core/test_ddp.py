"""Training by several processes gives what one process gives."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from core.errors import InvalidRequest
from core.training.loop import Trainer
from core.training.ranks import Ranks
from tests.tiny_data import TINY, tiny_data

ROOT = Path(__file__).resolve().parents[2]


def _settings(folder: Path, run: str, steps: int) -> Path:
    model = "".join(f"{key} = {json.dumps(v)}\n" for key, v in TINY.model.arguments.items())
    path = folder / f"{run}.toml"
    path.write_text(
        f"data = 'data'\nout = '{run}'\nsteps = {steps}\nbatch = 4\nprecision = 'float32'\n"
        f"[model]\nname = 'tiny'\nn = 16\n[model.arguments]\n{model}"
    )
    return path


def _by_two(settings: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", "-m", "core", "train", str(settings)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=200,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("Wrote ") == 1, "the first process alone says and writes"


def test_two_processes_train_as_one(tmp_path: Path) -> None:
    """Joined gradients are those of the joint batch: the first step's, and so the weights'."""
    data = tiny_data(tmp_path / "data")
    _by_two(_settings(tmp_path, "two", 2))
    torch.set_num_threads(1)
    one = Trainer(replace(TINY, steps=2, batch=4), data, tmp_path / "one")
    one.train()
    alone = load_file(tmp_path / "one" / "checkpoint.safetensors")
    joint = load_file(tmp_path / "two" / "checkpoint.safetensors")
    assert alone.keys() == joint.keys()
    moments = [key for key in alone if key.endswith("exp_avg")]
    largest = max(float(alone[key].abs().max()) for key in moments)
    for key in moments:
        # The mean of the gradients so far, which is what the processes average.
        assert torch.allclose(alone[key], joint[key], rtol=1e-4, atol=1e-5 * largest), key
    for key in (key for key in alone if key.startswith("network.")):
        assert torch.allclose(alone[key], joint[key], atol=2e-4), key
    rows = (tmp_path / "two" / "metrics.csv").read_text().splitlines()
    assert len(rows) == 2, "a header, and one row though there were two processes"
    # A checkpoint does not depend on how many wrote it.
    resumed = Trainer(replace(TINY, steps=3, batch=4), data, tmp_path / "two")
    assert resumed.step == 2
    resumed.train()
    assert resumed.step == 3


def test_batches_are_divided_equally() -> None:
    assert list(Ranks(1, 2).share(4)) == [2, 3]
    with pytest.raises(InvalidRequest, match="multiple of 2"):
        Ranks(0, 2).share(3)
