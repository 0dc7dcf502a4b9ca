"""Training 3D-MIM by the same loop as the other networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import core
from core.cli import main
from core.errors import Cancelled, InvalidRequest
from core.models.mim import MIM3D
from core.models.mim_forecast import DensityMIM, config_arguments
from core.models.registry import ModelConfig, read_config, save_model
from core.training.config import PRESETS, TrainingConfig, model_to_train, recommended
from core.training.loop import Trainer
from core.training.objective import SAMPLING_ENDS, NextFrames, objective_of
from core.training.samples import batch_of, sample_of
from tests.tiny_data import N, tiny_data, tiny_simulation

TINY = TrainingConfig(
    model=ModelConfig(
        "mim-tiny",
        architecture="mim3d",
        arguments={**config_arguments(4, 8, 3, n=N), "layers": 2},
        n=N,
    ),
    steps=6,
    batch=2,
    precision="float32",
    weight_decay=0.0,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six runs of cavities that grow in still gas, two of which validate."""
    return tiny_data(tmp_path_factory.mktemp("data"))


def test_training_lowers_the_loss_and_the_weights_forecast(data: Path, tmp_path: Path) -> None:
    """The network learns that gas stays where it is, which untrained it does not know."""
    config = replace(TINY, steps=40, learning_rate=1e-2, average_steps=10)
    trainer = Trainer(config, data, tmp_path)
    batch = batch_of([sample_of(tiny_simulation(1))], torch.device("cpu"))
    objective = objective_of(config)
    save_model(trainer.network.state_dict(), config.model, tmp_path / "raw.safetensors")
    with torch.no_grad():
        before = objective.validate(trainer.network, batch).loss
    weights = trainer.train()
    with torch.no_grad():
        after = objective.validate(trainer.network, batch).loss
    assert after < 0.3 * before
    header, *rows = (tmp_path / "metrics.csv").read_text().splitlines()
    assert "validation_loss" in header
    assert len(rows) >= 1
    known = read_config(weights)
    assert known.architecture == "mim3d"
    assert known.energy_range_erg == pytest.approx((1e51, 1e51))
    assert known.training["simulations"] == 4
    truth = tiny_simulation(1)

    def error(model: Path) -> float:
        forecaster = core.Forecaster(model, device="cpu", averaging=1)
        made = forecaster.forecast(truth.sequence[0])
        assert len(made) == 20
        return float(np.abs(np.log10(made.density[1:] / truth.density[1:])).mean())

    assert error(weights) < 0.6 * error(tmp_path / "raw.safetensors")


def test_a_run_that_is_stopped_gives_the_same_weights(data: Path, tmp_path: Path) -> None:
    """Also which true frames were seen is the same after a stop."""
    whole = Trainer(TINY, data, tmp_path / "whole")
    whole.train()
    first = Trainer(TINY, data, tmp_path / "parts")
    with pytest.raises(Cancelled):
        first.train(cancelled=lambda: first.step >= 3)
    second = Trainer(TINY, data, tmp_path / "parts")
    assert second.step == 3
    second.train()
    for key, value in whole.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[key]), key
    for key, value in whole.average.items():
        assert torch.equal(value, second.average[key]), key


def test_scheduled_sampling_falls_from_one_to_zero() -> None:
    """At first the network sees true frames only, after 5/8 of the budget its own only."""
    samples = [sample_of(tiny_simulation(seed)) for seed in (1, 2)]
    batch = batch_of(samples, torch.device("cpu"))
    seen: list[torch.Tensor] = []

    class Watched(DensityMIM):
        def forward(self, frames, input_length, total_length, use_true=None):  # type: ignore[no-untyped-def]
            assert use_true is not None
            seen.append(use_true)
            return super().forward(frames, input_length, total_length, use_true)

    network = Watched(frames=19, **TINY.model.arguments)
    objective = NextFrames(TINY)
    for fraction in (0.0, SAMPLING_ENDS / 2, SAMPLING_ENDS, 1.0):
        objective.loss(network, batch, fraction, [np.random.default_rng([1, k]) for k in range(2)])
    assert [use.shape for use in seen] == [(2, 18)] * 4
    assert seen[0].min() == 1
    assert 0.2 < float(seen[1].mean()) < 0.8
    assert not torch.equal(seen[1][0], seen[1][1])
    assert seen[2].max() == seen[3].max() == 0


def test_clips_lengthen_until_they_are_whole_while_the_rate_falls() -> None:
    batch = batch_of([sample_of(tiny_simulation(1))], torch.device("cpu"))
    lengths: list[int] = []

    class Watched(DensityMIM):
        def forward(self, frames, input_length, total_length, use_true=None):  # type: ignore[no-untyped-def]
            assert frames.shape[1] == total_length
            lengths.append(total_length)
            return super().forward(frames, input_length, total_length, use_true)

    network = Watched(frames=19, **TINY.model.arguments)
    objective = objective_of(replace(TINY, schedule="lengthening"))
    fractions = (0.0, 0.2, 0.4, 0.6, 1.0)
    for fraction in fractions:
        objective.loss(network, batch, fraction, [np.random.default_rng(1)])
    assert lengths == [3, 5, 9, 20, 20]
    rates = [objective.rate(fraction) for fraction in (0.05, *fractions[1:])]
    assert rates[0] == 1.0
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0.01)
    # As it was released, all frames are seen at the same rate, always.
    assert {objective_of(TINY).rate(fraction) for fraction in fractions} == {1.0}
    assert objective_of(TINY).clip_norm is None
    with pytest.raises(InvalidRequest, match="released or lengthening"):
        replace(TINY, schedule="shrinking")


def test_its_loss_is_half_the_sum_of_squares_per_frame() -> None:
    batch = batch_of([sample_of(tiny_simulation(1))], torch.device("cpu"))
    torch.manual_seed(0)
    network = TINY.model.build()
    assert isinstance(network, DensityMIM)
    truth = tiny_simulation(1).density
    values = network.to_values(torch.log10(torch.tensor(truth)))[None, ..., None]
    with torch.no_grad():
        made = network.rollout(values, 1, 20)
        expected = 0.5 * (made - values[:, 1:]).square().sum() / 19
        loss = NextFrames(TINY).validate(network, batch).loss
    assert loss == pytest.approx(float(expected), rel=0.01)


def test_it_learns_from_one_energy_only(data: Path, tmp_path: Path) -> None:
    config = replace(TINY, model=replace(TINY.model, energy_erg=2e51))
    with pytest.raises(InvalidRequest, match="None of the 4 simulations to train on has 2e"):
        Trainer(config, data, tmp_path).train()


def test_the_defaults_are_the_released_settings() -> None:
    model = model_to_train("mim3d-32")
    config = recommended(model)
    assert (config.batch, config.weight_decay, config.average_steps) == (8, 0.0, 2000)
    arguments = model.arguments
    assert [arguments[key] for key in ("patch_size", "num_hidden", "filter_size")] == [1, 32, 5]
    small = PRESETS["mim3d-32-small"].build()
    optimizer = objective_of(replace(config, model=PRESETS["mim3d-32-small"])).optimizer(small)
    assert optimizer.defaults["betas"] == (0.95, 0.9995)
    assert optimizer.defaults["lr"] == 1e-3


def test_weights_fit_what_may_be_shipped() -> None:
    """Thirty megabytes in half precision; the released size has as many parameters as stated."""
    counts = {
        name: sum(parameter.numel() for parameter in PRESETS[name].build().parameters())
        for name in ("mim3d-32", "mim3d-32-p2", "mim3d-32-small")
    }
    assert counts["mim3d-32"] == pytest.approx(30.3e6, rel=0.01)
    assert 2 * counts["mim3d-32-p2"] < 30e6
    assert 2 * counts["mim3d-32-small"] < 10e6


def test_the_command_line_trains_it(data: Path, tmp_path: Path) -> None:
    """From a weights file its architecture is taken, and the settings of 3D-MIM with it."""
    weights = Trainer(replace(TINY, steps=1), data, tmp_path / "first").train()
    words = ["train", "--data", str(data), "--model", str(weights), "--steps", "1", "--batch", "1"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "-o", str(tmp_path / "run")])
    assert not ended.value.code
    assert read_config(tmp_path / "run" / "mim-tiny.safetensors").architecture == "mim3d"
    assert '"average_steps": 2000' in (tmp_path / "run" / "config.json").read_text()


def test_in_two_dimensions_it_learns_where_a_blob_goes() -> None:
    """Memory in Memory as it was made: a blob that moves on at an even pace."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    x = np.arange(12)

    def clips(count: int) -> torch.Tensor:
        start, step = rng.uniform(3, 5, (count, 2)), rng.uniform(-0.3, 0.8, (count, 2))
        at = start[:, None] + step[:, None] * np.arange(6)[None, :, None]
        along = [np.exp(-0.5 * ((x - at[..., k, None]) / 1.2) ** 2) for k in (0, 1)]
        blob = along[0][..., :, None] * along[1][..., None, :]
        return torch.tensor(blob[..., None], dtype=torch.float32)

    model = MIM3D((12, 12), patch_size=2, num_hidden=12, filter_size=3, layers=2)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    for _ in range(80):
        truth = clips(8)
        loss = (model.rollout(truth, 3, 6) - truth[:, 1:]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    truth = clips(16)
    with torch.no_grad():
        made = model.rollout(truth, 3, 6)[:, 2:]
    error = (made - truth[:, 3:]).square().mean()
    # It has to be better than leaving the last frame given where it is.
    assert error < 0.5 * (truth[:, 2:3] - truth[:, 3:]).square().mean()
