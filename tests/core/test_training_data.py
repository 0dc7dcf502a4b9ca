"""What is trained on, and the budget, the files and the resuming of a run."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import core
from core.cubes import CubeSequence
from core.errors import Cancelled, InvalidRequest, MissingUnits
from core.models.registry import load_model, read_config
from core.training.config import model_to_train, read_training
from core.training.loop import Trainer
from core.training.losses import forecast_loss
from core.training.samples import batch_of
from core.training.sources import SamplePool, TrajectorySource, open_source
from core.units import UnitSystem
from core.writers.well import save_well
from tests.tiny_data import TINY, tiny_data, tiny_simulation

ROOT = Path(__file__).resolve().parents[2]
UNITS = UnitSystem(length_pc=1.0, mass_msun=1.0, velocity_kms=1.0, time_myr=1.0)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny networks: threads would wait for each other longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_data(tmp_path_factory.mktemp("tiny"))


def uneven(path: Path, growth: float = 3.0) -> CubeSequence:
    """A run with uneven times whose log10 density grows linearly in time, in dex per Myr."""
    times = 0.14 * np.linspace(0.0, 1.0, 30) ** 1.5
    start = tiny_simulation(1).density[0]
    start = np.repeat(np.repeat(np.repeat(start, 2, 0), 2, 1), 2, 2)
    density = start * 10.0 ** (growth * times)[:, None, None, None].astype(np.float32)
    fields = {
        "density": density.astype(np.float32),
        "temperature": np.full_like(density, 100.0, np.float32),
        "velocity": np.full((*density.shape, 3), 5.0, np.float32),
    }
    run = CubeSequence(fields, times, 60.0)
    save_well(run, path)
    return run


def test_frames_of_the_well_are_interpolated_in_the_logarithm(tmp_path: Path) -> None:
    """Uneven times in the file, even ones for the network: linear growth stays linear."""
    run = uneven(tmp_path / "run.hdf5")
    source = TrajectorySource([tmp_path / "run.hdf5"], TINY.model, UNITS)
    (name,) = source.names("train")
    sample = source.read(name)
    expected = 3.0 * TINY.model.interval_myr * np.arange(1, 20)
    got = sample.effect[0].float().mean((1, 2, 3)).numpy()
    np.testing.assert_allclose(got, expected, atol=2e-3)
    assert sample.control_known is not None
    assert not sample.control_known.any()
    coarse = core.voxelize(run[0], n=16)
    np.testing.assert_allclose(
        10.0 ** sample.given.scalars[0, 0].float().numpy(), coarse.density, rtol=5e-3
    )
    assert torch.allclose(sample.given.velocity.float(), torch.tensor(0.5), atol=1e-3)


def test_only_the_frames_needed_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One frame at a time; of those after the first the density alone."""
    uneven(tmp_path / "run.hdf5")
    source = TrajectorySource([tmp_path / "run.hdf5"], TINY.model, UNITS)
    read: list[tuple[str, int]] = []
    original = h5py.Dataset.__getitem__

    def noted(self: h5py.Dataset, index: object, **options: object) -> object:
        values = original(self, index, **options)
        read.append((str(self.name), int(np.size(values))))
        return values

    monkeypatch.setattr(h5py.Dataset, "__getitem__", noted)
    source.read(source.names("train")[0])
    fields = [(name, size) for name, size in read if "_fields/" in name]
    assert max(size for _, size in fields) <= 3 * 32**3
    assert sum("velocity" in name for name, _ in fields) == 1
    assert 19 < sum("density" in name for name, _ in fields) <= 40


def test_folders_say_which_part_a_file_is(tmp_path: Path) -> None:
    for part in ("train", "valid"):
        (tmp_path / part).mkdir()
        uneven(tmp_path / part / f"{part}.hdf5")
    source = open_source(tmp_path, TINY.model, UNITS)
    assert len(source.names("train")) == len(source.names("validation")) == 1
    assert "valid" in str(source.names("validation")[0])


def test_runs_that_are_too_short_are_refused(tmp_path: Path) -> None:
    save_well(tiny_simulation(0, frames=5).sequence, tmp_path / "short.hdf5")
    with pytest.raises(InvalidRequest, match="as large and as long"):
        open_source(tmp_path / "short.hdf5", TINY.model, UNITS)


def test_clips_of_3d_mim_are_samples(tmp_path: Path) -> None:
    """Each clip is one; they have no velocity and no control."""
    truth = tiny_simulation(0).density
    frames = np.concatenate((truth, truth)) / truth.max()
    clips = np.array([[[0, 1], [20, 1]], [[1, 19], [21, 19]]])
    np.savez(
        tmp_path / "clips.npz",
        clips=clips, dims=np.array([[1, 16, 16, 16]]), input_raw_data=frames[:, None],
    )  # fmt: skip
    with pytest.raises(MissingUnits):
        open_source(tmp_path / "clips.npz", TINY.model)
    units = UnitSystem.parse(
        f"length=3.75 pc,mass={3.75**3 * truth.max()} Msun,velocity=km/s,time=0.007 Myr"
    )
    source = open_source(tmp_path / "clips.npz", TINY.model, units)
    assert len(source.names("train")) == 2
    sample = source.read(source.names("train")[0])
    np.testing.assert_allclose(sample.effect[0].float(), np.log10(truth[1:] / truth[0]), atol=4e-3)
    assert sample.given.conditions[0, 2] == 0


def test_without_a_control_nothing_is_asked_of_the_turbulence() -> None:
    """The loss then asks the effect for what the own control leaves."""
    torch.manual_seed(0)
    turbulence = (0.1 * torch.randn(2, 3, 8, 8, 8)).requires_grad_()
    effect = torch.randn(2, 3, 8, 8, 8, requires_grad=True)
    total = torch.randn(2, 3, 8, 8, 8)
    known = torch.tensor([False, True])
    loss = forecast_loss(turbulence, effect, torch.zeros_like(total), total, known)
    loss.backward()
    assert turbulence.grad is not None
    assert turbulence.grad[0].abs().max() == 0
    assert turbulence.grad[1].abs().max() > 0
    best = forecast_loss(
        turbulence, total - turbulence, 0 * total, total, ~torch.tensor([True] * 2)
    )
    truth = total - turbulence
    assert best.item() == pytest.approx(forecast_loss(turbulence, truth, turbulence, truth).item())


def test_training_on_the_well_runs_and_keeps_its_weights(tmp_path: Path) -> None:
    uneven(tmp_path / "train.hdf5")
    source = open_source(tmp_path / "train.hdf5", TINY.model, UNITS)
    trainer = Trainer(replace(TINY, steps=2), source, tmp_path / "run")
    assert load_model(trainer.train())[1].training["simulations"] == 1
    # Nothing validates, so none are the best.
    assert [path.name for path in (tmp_path / "run").glob("*.safetensors")].count(
        "tiny.best.safetensors"
    ) == 0


def test_a_pool_holds_no_more_than_it_may(data: Path) -> None:
    source = open_source(data, TINY.model)
    names = source.names("train")
    one = source.read(names[0]).nbytes
    pool = SamplePool(source, limit_bytes=2 * one)
    pool.set_names(names)
    assert len(list(pool.values())) == len(names) == 4
    assert len(pool._held) == 2
    assert pool._bytes == 2 * one


def test_a_run_by_steps_is_the_same_however_often_it_stops(data: Path, tmp_path: Path) -> None:
    whole = Trainer(TINY, data, tmp_path / "whole")
    whole.train()
    for stop in (1, 3, 4):
        part = Trainer(TINY, data, tmp_path / "parts")
        with pytest.raises(Cancelled):
            part.train(cancelled=lambda t=part, s=stop: t.step >= s)
    last = Trainer(TINY, data, tmp_path / "parts")
    last.train()
    assert last.step == whole.step == 6
    for key, value in whole.network.state_dict().items():
        assert torch.equal(value, last.network.state_dict()[key]), key
        assert torch.equal(whole.average[key], last.average[key]), key


def test_a_run_that_is_killed_goes_on_from_its_checkpoint(data: Path, tmp_path: Path) -> None:
    """SIGKILL at a random moment; the same command then gives the weights of an unkilled run."""
    config = replace(TINY, steps=30, save_minutes=0.0)
    whole = Trainer(replace(config, save_minutes=60.0), data, tmp_path / "whole")
    whole.train()
    run, settings = tmp_path / "killed", tmp_path / "train.toml"
    model = "".join(f"{k} = {json.dumps(v)}\n" for k, v in TINY.model.arguments.items())
    settings.write_text(
        f"data = '{data}'\nout = '{run}'\nsteps = 30\nbatch = 2\nsave_minutes = 0.0\n"
        f"precision = 'float32'\n[model]\nname = 'tiny'\nn = 16\n[model.arguments]\n{model}"
    )
    command = [sys.executable, "-m", "core", "train", str(settings)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        deadline = time.monotonic() + 60
        while not (run / "checkpoint.safetensors").exists():
            assert process.poll() is None, "ended before it had made a step"
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    resumed = Trainer(config, data, run)
    assert 0 < resumed.step < 30, "killed too late to tell anything"
    resumed.train()
    for key, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[key]), key
    steps = [int(row.split(",")[1]) for row in (run / "metrics.csv").read_text().splitlines()[1:]]
    assert steps == sorted(set(steps))


def test_the_best_weights_are_those_of_least_validation_loss(data: Path, tmp_path: Path) -> None:
    config = replace(TINY, steps=12, save_minutes=0.0, learning_rate=0.03)
    trainer = Trainer(config, data, tmp_path)
    trainer.train()
    header, *rows = (tmp_path / "metrics.csv").read_text().splitlines()
    column = header.split(",").index("validation_loss")
    losses = [float(row.split(",")[column]) for row in rows]
    best = read_config(tmp_path / "tiny.best.safetensors").training["steps"]
    assert best == int(rows[int(np.argmin(losses))].split(",")[1])
    assert trainer.best == pytest.approx(min(losses), abs=1e-5)


def test_settings_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "train.toml"
    path.write_text(
        'data = "runs"\nout = "run"\nsteps = 5\nbatch = 2\nfrom = "default"\n'
        '[model]\nname = "small"\nn = 16\n[model.arguments]\nwidths = [4, 8]\n'
    )
    config, options = read_training(path)
    assert (config.steps, config.batch, config.model.n) == (5, 2, 16)
    assert options == {"data": tmp_path / "runs", "out": tmp_path / "run", "from": "default"}
    config.model.build()
    path.write_text('model = "unet-32"\nstpes = 5\n')
    with pytest.raises(InvalidRequest, match="nobody knows stpes"):
        read_training(path)
    path.write_text("steps = 0\n")
    with pytest.raises(InvalidRequest, match="at least one step"):
        read_training(path)


def test_networks_to_train_have_names() -> None:
    assert model_to_train("unet-32").arguments["channels"] == 8
    with pytest.raises(InvalidRequest, match="unet-32"):
        model_to_train("unknown")


def test_the_curves_of_a_run_are_drawn(data: Path, tmp_path: Path) -> None:
    from app.training.training_curves import save_curves

    Trainer(replace(TINY, steps=3, save_minutes=0.0), data, tmp_path).train()
    save_curves(tmp_path / "metrics.csv", tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.glob(".*"))


def test_batches_say_which_controls_are_known(data: Path, tmp_path: Path) -> None:
    uneven(tmp_path / "run.hdf5")
    well = open_source(tmp_path / "run.hdf5", TINY.model, UNITS)
    own = open_source(data, TINY.model)
    samples = [s.read(s.names("train")[0]) for s in (well, own)]
    batch = batch_of(samples, torch.device("cpu"))
    assert batch.control_known is not None
    assert batch.control_known.tolist() == [False, True]
