"""Data sets and training: planned, split, resumable."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import core
from core.errors import Cancelled, CorruptSnapshot, InvalidRequest
from core.models.registry import ModelConfig, load_model
from core.simulate.dataset import files_of_split, generate, plan, plan_held_out
from core.training.loop import Trainer, TrainingConfig
from core.training.losses import AFFECTED_DEX, forecast_loss, region_iou
from core.training.samples import batch_of, load_samples, with_particle_noise

SMALL = TrainingConfig(
    model=ModelConfig("tiny", arguments={"widths": (4, 8), "blocks": 1, "embedding": 8}, n=16),
    minutes=0.02,
    batch=2,
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny networks: threads would wait for each other longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulations of sixteen cells, from six clouds."""
    folder = tmp_path_factory.mktemp("data")
    generate(folder, plan(6, 6, first_seed=1, n=16), coarse_n=16, workers=1)
    return folder


def test_clouds_are_never_divided_between_splits() -> None:
    """All explosions of a cloud are in one split, and every split has some."""
    runs = plan(288, 72)
    by_seed: dict[int, set[str]] = {}
    for run in runs:
        by_seed.setdefault(run.parameters.seed, set()).add(run.split)
    assert all(len(splits) == 1 for splits in by_seed.values())
    assert set().union(*by_seed.values()) == {"train", "validation", "test"}
    assert any(run.parameters.rms_velocity_kms == 0 for run in runs if run.split == "train")
    assert len({run.name for run in runs}) == 288


def test_a_plan_depends_on_its_arguments_alone() -> None:
    """A longer plan begins with the shorter one."""
    assert plan(8, 4) == plan(8, 4)
    assert plan(16, 8)[:8] == plan(8, 4)


def test_held_out_clouds_are_not_in_any_plan_for_training() -> None:
    """The standard test's seeds lie far beyond those of data sets."""
    held_out = plan_held_out()
    assert {run.split for run in held_out} == {"test"}
    assert min(run.parameters.seed for run in held_out) > 900_000
    assert [r.parameters.mean_density for r in held_out if r.parameters.rms_velocity_kms == 0] == [
        0.3, 1.1, 3.0,
    ]  # fmt: skip


def test_a_data_set_is_not_made_twice(data: Path) -> None:
    """A second call finds everything there and leaves the files as they are."""
    before = {path: path.stat().st_mtime_ns for path in data.glob("*.shell.h5")}
    assert len(before) == 6
    generate(data, plan(6, 6, first_seed=1, n=16), coarse_n=16, workers=1)
    assert before == {path: path.stat().st_mtime_ns for path in data.glob("*.shell.h5")}
    with pytest.raises(InvalidRequest, match="other parameters"):
        generate(data, plan(6, 6, first_seed=1, n=24), workers=1)


def _children(pid: int) -> list[str]:
    """Processes that a process has started; none known where there is no /proc."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return listed.read_text().split() if listed.exists() else []


def test_a_data_set_survives_being_killed(tmp_path: Path) -> None:
    """After a kill nothing goes on, no half-written file is read, and the rest is made."""
    runs = plan(12, 3, first_seed=1, n=16)
    options = {"--count": 12, "--clouds": 3, "--n": 16, "--coarse-n": 16, "--workers": 1}
    command = [str(word) for option in options.items() for word in option]
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "simulate", "--out", str(tmp_path), *command]
    )
    try:
        while not list(tmp_path.glob("*.shell.h5")):
            assert process.poll() is None, "generation ended before it made a file"
            time.sleep(0.05)
    finally:
        workers = _children(process.pid)
        process.kill()
        process.wait()
    deadline = time.monotonic() + 20.0
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline, "workers outlive the process that started them"
        time.sleep(0.05)
    there = list(tmp_path.glob("*.shell.h5"))
    assert len(there) < 12
    assert all(isinstance(core.load(path), core.Simulation) for path in there)
    files = generate(tmp_path, runs, coarse_n=16, workers=1)
    assert len(files) == 12
    assert all(isinstance(core.load(path), core.Simulation) for path in files)


def test_generation_is_cancelled(tmp_path: Path) -> None:
    """Cancelled before the first run is done, it stops within seconds."""
    with pytest.raises(Cancelled):
        generate(tmp_path, plan(8, 8, n=64), workers=1, cancelled=lambda: True)


def test_a_directory_without_manifest_is_refused(tmp_path: Path) -> None:
    """The message says how to make one."""
    with pytest.raises(CorruptSnapshot, match="shellsight simulate"):
        files_of_split(tmp_path, "train")


def test_targets_are_what_the_explosion_and_the_turbulence_do(data: Path) -> None:
    """Both heads' truths add up to the change of the density."""
    paths = files_of_split(data, "train")
    (sample,) = load_samples(paths[:1]).values()
    simulation = core.load(paths[0])
    assert isinstance(simulation, core.Simulation)
    change = np.log10(simulation.density[1:] / simulation.density[0])
    total = (sample.turbulence + sample.effect)[0].float().numpy()
    unclipped = sample.effect[0].float().numpy() > -3.9
    np.testing.assert_allclose(total[unclipped], change[unclipped], atol=4e-3)


def test_particle_noise_keeps_the_mass_and_the_truth(data: Path) -> None:
    """Shot noise is unbiased, of the right size, and leaves velocity and targets alone."""
    (sample,) = load_samples(files_of_split(data, "train")[:1]).values()
    noisy = with_particle_noise(sample, 5.0, 60.0, np.random.default_rng(1))
    smooth = 10.0 ** sample.given.scalars[0, 0].double()
    seen = 10.0 ** noisy.given.scalars[0, 0].double()
    assert float(seen.mean()) == pytest.approx(float(smooth.mean()), rel=0.02)
    volume = (60.0 / 16) ** 3
    expected = (5.0 / 1.5**3 / (smooth * volume)).sqrt()
    scatter = ((seen - smooth) / smooth / expected).std()
    assert float(scatter) == pytest.approx(1.0, abs=0.1)
    assert torch.equal(noisy.effect, sample.effect)
    assert torch.equal(noisy.given.velocity, sample.given.velocity)


def test_a_perfect_forecast_beats_any_other() -> None:
    """The loss is least at the truth, and the truth overlaps itself."""
    torch.manual_seed(0)
    effect = torch.zeros(1, 2, 8, 8, 8)
    effect[:, :, 2:6, 2:6, 2:6] = -1.5
    turbulence = 0.1 * torch.randn_like(effect)
    best = forecast_loss(turbulence, effect, turbulence, effect)
    nothing = forecast_loss(turbulence, torch.zeros_like(effect), turbulence, effect)
    noisy = forecast_loss(turbulence, effect + 0.1 * torch.randn_like(effect), turbulence, effect)
    assert best < noisy < nothing
    assert region_iou(effect, effect, AFFECTED_DEX).tolist() == [1.0, 1.0]


def test_training_lowers_the_loss(data: Path, tmp_path: Path) -> None:
    """Over 120 steps, on all training runs, a fifth of what can be gained is gained."""
    # The rate rises with the clock; at the start of a week it stays a twentieth of the highest.
    trainer = Trainer(replace(SMALL, minutes=1e4, learning_rate=0.05), data, tmp_path)
    paths = files_of_split(data, "train")
    batch = batch_of(list(load_samples(paths).values()), torch.device("cpu"))

    def loss() -> float:
        with torch.no_grad():
            forecast = trainer.network(batch.given.channels(), batch.given.conditions)
        return float(forecast_loss(*forecast, batch.turbulence, batch.effect))

    # Softened edges have an entropy of their own: the truth itself does not cost nothing.
    truth = batch.turbulence, batch.effect
    least, before = float(forecast_loss(*truth, *truth)), loss()
    with pytest.raises(Cancelled):
        trainer.train(cancelled=lambda: trainer.step >= 120)
    assert loss() - least < 0.8 * (before - least)


def test_training_gives_usable_weights(data: Path, tmp_path: Path) -> None:
    """The weights load and say where they are from; the run directory has its figures."""
    trainer = Trainer(SMALL, data, tmp_path)
    model, config = load_model(trainer.train())
    assert config.training["steps"] == trainer.step > 0
    assert config.training["energy_j"] > 0
    assert config.training["wall_time_s"] >= trainer.seconds
    assert config.training["energy_method"]
    assert all(torch.isfinite(p).all() for p in model.parameters())
    header, *rows = (tmp_path / "metrics.csv").read_text().splitlines()
    assert "cavity_iou_7" in header
    assert len(rows) >= 1
    assert json.loads((tmp_path / "config.json").read_text())["batch"] == 2


def test_training_resumes_where_it_stopped(data: Path, tmp_path: Path) -> None:
    """A run that is stopped and taken up again makes the same steps as one that is not."""

    def stepped(folder: Path, stops: tuple[int, ...]) -> Trainer:
        for stop in stops:
            trainer = Trainer(replace(SMALL, minutes=60.0), data, folder)
            with pytest.raises(Cancelled):
                trainer.train(cancelled=lambda t=trainer, s=stop: t.step >= s)
        return trainer

    # The learning rate follows the clock; at a fixed time both runs must agree.
    whole, parts = stepped(tmp_path / "whole", (4,)), stepped(tmp_path / "parts", (2, 4))
    assert whole.step == parts.step == 4
    resumed = Trainer(replace(SMALL, minutes=60.0), data, tmp_path / "parts")
    assert resumed.expense.cpu_time_s is not None
    assert 0 < resumed.expense.cpu_time_s <= parts.expense.cpu_time_s
    for key, value in whole.network.state_dict().items():
        assert torch.allclose(value, parts.network.state_dict()[key], atol=5e-4)


def test_a_run_of_another_network_is_not_continued(data: Path, tmp_path: Path) -> None:
    """Different widths need a different directory."""
    trainer = Trainer(SMALL, data, tmp_path)
    with pytest.raises(Cancelled):
        trainer.train(cancelled=lambda: True)
    other = TrainingConfig(model=ModelConfig("other", arguments={"widths": (6, 8), "blocks": 1}))
    with pytest.raises(InvalidRequest, match="another network"):
        Trainer(other, data, tmp_path)
