"""3D-MIM as a forecaster, through the public interface."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import core
from core.cubes import Cube
from core.errors import Cancelled, InvalidRequest
from core.models.mim_forecast import DensityMIM, config_arguments
from core.models.registry import ModelConfig, find_model, load_model, save_model
from core.models.symmetry import SYMMETRIES
from core.resources import sample_path

CONFIG = ModelConfig(
    "mim-tiny", architecture="mim3d", arguments=config_arguments(2, 8, 3, n=8), n=8, frames=4
)


def gas(seed: int = 1) -> Cube:
    rng = np.random.default_rng(seed)
    density = np.exp(rng.normal(0.0, 1.0, (8, 8, 8))).astype(np.float32)
    return Cube({"density": density}, 60.0, (30.0, 30.0, 30.0), time_myr=0.25)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that has learnt nothing, but moves."""
    torch.manual_seed(0)
    network = CONFIG.build()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    path = tmp_path_factory.mktemp("weights") / "mim-tiny.safetensors"
    save_model(network.state_dict(), CONFIG, path)
    return path


def test_a_forecast_is_the_networks_own_rollout(weights: Path) -> None:
    """Log density in, log density out; the control stands still, and the provenance says so."""
    cube = gas()
    forecast = core.Forecaster(weights, device="cpu", averaging=1).forecast(cube)
    network, _ = load_model(weights)
    assert isinstance(network, DensityMIM)
    first = network.to_values(torch.log10(torch.tensor(cube.density)))
    with torch.no_grad():
        made = network.rollout(first[None, None, ..., None], 1, 5)[0, ..., 0]
    change = network.to_dex(made.clamp(0, 1) - first).numpy()
    np.testing.assert_array_equal(forecast.density[0], cube.density)
    np.testing.assert_allclose(
        np.log10(forecast.density[1:] / cube.density), change, rtol=0, atol=2e-3
    )
    np.testing.assert_array_equal(forecast.control.density[-1], cube.density)
    np.testing.assert_allclose(forecast.times_myr, 0.25 + 0.007 * np.arange(5))
    assert "persistence" in forecast.provenance["control"]
    assert forecast.provenance["model"] == "mim-tiny"
    assert forecast.probability is not None
    assert forecast.probability.shape == forecast.density.shape


def test_frames_are_shown_as_they_are_made(weights: Path) -> None:
    """Each before the next is begun, and equal to what is returned in the end."""
    events: list[str] = []
    frames: list[Cube] = []

    def ready(frame: Cube) -> None:
        frames.append(frame)
        events.append("frame")

    forecast = core.Forecaster(weights, device="cpu", averaging=2).forecast(
        gas(), frame_ready=ready, progress=lambda fraction, text: events.append("told")
    )
    assert [frame.time_myr for frame in frames] == pytest.approx(forecast.times_myr)
    for frame, density in zip(frames, forecast.density, strict=True):
        np.testing.assert_allclose(frame.density, density, rtol=1e-5)
    assert events[-4:] == ["frame", "told"] * 2


def test_other_models_show_all_frames_in_the_end() -> None:
    frames: list[Cube] = []
    forecast = core.Forecaster("snowplough").forecast(gas(), frame_ready=frames.append)
    assert len(frames) == len(forecast) == 20
    np.testing.assert_array_equal(frames[7].density, forecast.density[7])


def test_it_stops_between_frames(weights: Path) -> None:
    forecaster = core.Forecaster(weights, device="cpu", averaging=1)
    frames: list[Cube] = []
    with pytest.raises(Cancelled):
        forecaster.forecast(gas(), frame_ready=frames.append, cancelled=lambda: len(frames) == 3)
    assert len(frames) == 3


def test_averaged_over_all_orientations_it_turns_with_the_gas(weights: Path) -> None:
    """Over the 48 it does not matter how the cube lies."""
    network, _ = load_model(weights)
    assert isinstance(network, DensityMIM)
    log_density = torch.log10(torch.tensor(gas().density))
    turn = SYMMETRIES[17]
    means = [
        torch.stack(next(network.changes(one, SYMMETRIES))).mean(0)
        for one in (log_density, turn.scalar(log_density))
    ]
    torch.testing.assert_close(turn.scalar(means[0]), means[1], rtol=0, atol=1e-5)


def test_only_the_energy_of_its_training(weights: Path) -> None:
    forecaster = core.Forecaster(weights, device="cpu")
    with pytest.raises(InvalidRequest, match="1e\\+51 erg only"):
        forecaster.forecast(gas(), energy_erg=2e51)
    with pytest.raises(InvalidRequest, match=r"8\^3 voxels"):
        forecaster.forecast(Cube({"density": np.ones((16, 16, 16), np.float32)}, 60.0))


def test_densities_beyond_the_range_are_seen_as_its_ends() -> None:
    network = CONFIG.build()
    assert isinstance(network, DensityMIM)
    values = network.to_values(torch.tensor([-9.0, -3.6, -0.9, 1.8, 4.0]))
    torch.testing.assert_close(values, torch.tensor([0.0, 0.0, 0.5, 1.0, 1.0]))
    with pytest.raises(InvalidRequest, match="is empty"):
        replace(CONFIG, arguments={**CONFIG.arguments, "log10_density_range": (1, 1)}).build()


def test_training_further_changes_the_forecast() -> None:
    """The fast network is made of copies of the weights: it is made anew after training."""
    torch.manual_seed(0)
    network = CONFIG.build().eval()
    assert isinstance(network, DensityMIM)
    log_density = torch.log10(torch.tensor(gas().density))
    before = next(network.changes(log_density, SYMMETRIES[:1]))[0]
    network.train()
    with torch.no_grad():
        network.to_frame.bias += 0.1
    network.eval()
    after = next(network.changes(log_density, SYMMETRIES[:1]))[0]
    assert not torch.allclose(before, after)


def test_a_forecast_stops_within_a_frame(weights: Path) -> None:
    """Whoever cancels does not wait for a frame, which takes seconds with a large network."""
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 4

    shown: list[Cube] = []
    with pytest.raises(Cancelled):
        core.Forecaster(weights, device="cpu", averaging=1).forecast(
            gas(), cancelled=cancelled, frame_ready=shown.append
        )
    assert len(shown) == 2


def test_only_such_networks_make_frame_after_frame(weights: Path) -> None:
    assert core.Forecaster(weights, device="cpu").frame_by_frame
    assert not core.Forecaster("thin-shell").frame_by_frame


def test_the_shipped_one_forecasts_the_sample() -> None:
    """A small one: better than any sphere, within what may be shipped."""
    weights = find_model("mim3d-32-small")
    assert weights.stat().st_size < 30e6
    assert "155 of 1e51 erg" in weights.with_suffix(".md").read_text(encoding="utf-8")
    sample = core.load(sample_path())
    assert isinstance(sample, core.Simulation)
    forecaster = core.Forecaster("mim3d-32-small", device="cpu", averaging=1)
    forecast = forecaster.forecast(sample.sequence[0])
    figures = core.compare(forecast, sample.sequence, control=sample.control)
    assert figures.row_at(0.049).cavity_iou > 0.6
    assert figures.row_at(0.098).cavity_iou > 0.7
    assert figures.row_at(0.098).log_error_dex < figures.row_at(0.098).persistence_error_dex
    with pytest.raises(InvalidRequest, match="knows explosions of"):
        forecaster.forecast(sample.sequence[0], energy_erg=2e51)
