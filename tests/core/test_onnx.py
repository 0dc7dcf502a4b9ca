"""Networks as ONNX: the graph answers as PyTorch does."""

import builtins
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import core
from core.errors import InvalidRequest, MissingDependency
from core.models.inputs import arrival_channel
from core.models.mim_forecast import config_arguments
from core.models.onnx_export import example_inputs, export_onnx
from core.models.registry import ModelConfig, save_model
from core.resources import sample_path
from tests.tiny_data import TINY

onnxruntime = pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")


def small_weights(folder: Path, **changes: object) -> tuple[Path, ModelConfig]:
    """A network with weights that are not zero, so that there is something to compare."""
    config = replace(TINY.model, **changes)  # type: ignore[arg-type]
    torch.manual_seed(1)
    network = config.build()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    path = folder / "small.safetensors"
    save_model(network.state_dict(), config, path)
    return path, config


def test_the_graph_takes_the_gas_and_answers_as_the_forecaster(tmp_path: Path) -> None:
    """Density, velocity, energy and arrival go in; the forecast in single precision comes out."""
    weights, _ = small_weights(tmp_path, energy_range_erg=(3e50, 3e51))
    made = export_onnx(weights, tmp_path / "small.onnx")
    assert made.difference_dex < 1e-4
    assert made.inputs == ("density", "velocity", "velocity_known", "log10_energy", "arrival")
    cube = core.voxelize(core.open(sample_path())[0], size_pc=60, n=16)
    density = cube.density[None]
    energy = 2e51
    arrival = arrival_channel(
        torch.tensor(density), 60.0, torch.tensor([energy], dtype=torch.float64)
    )
    session = onnxruntime.InferenceSession(str(made.path), providers=["CPUExecutionProvider"])
    control, effect = session.run(
        ["control", "effect"],
        {
            "density": density,
            "velocity": np.moveaxis(cube.fields["velocity"], -1, 0)[None].copy(),
            "velocity_known": np.ones(1, np.float32),
            "log10_energy": np.log10([energy / 1e51]).astype(np.float32),
            "arrival": arrival.numpy(),
        },
    )
    forecaster = core.Forecaster(weights, device="cpu", averaging=1)
    assert forecaster._network is not None
    forecaster._network.half = False
    forecast = forecaster.forecast(cube, energy_erg=energy)
    ours = np.log10(forecast.control.density[1:] / cube.density)
    np.testing.assert_allclose(control[0], ours, atol=1e-4)
    assert np.abs(ours).max() > 0.01
    ours = np.log10(forecast.density[1:] / forecast.control.density[1:])
    np.testing.assert_allclose(effect[0], ours, atol=1e-4)


def test_networks_of_seven_channels_have_fewer_inputs(tmp_path: Path) -> None:
    arguments = {"widths": (4, 8), "blocks": 1, "embedding": 8}
    weights, config = small_weights(tmp_path, arguments=arguments)
    made = export_onnx(weights, tmp_path / "small.onnx")
    assert made.inputs == tuple(example_inputs(config)) == ("density", "velocity", "velocity_known")
    model = onnx.load(str(made.path))
    about = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(about["shellsight_model"])["n"] == 16
    assert "Msun/pc^3" in about["about"]
    assert made.opset == 18


def test_3d_mim_goes_through_its_frames_as_the_forecaster_does(tmp_path: Path) -> None:
    """One density in, all frames out; every step is there once, whatever their number."""
    config = ModelConfig(
        "tiny-mim", "mim3d", config_arguments(2, 4, 3, n=16), n=16, interval_myr=0.03, frames=5
    )
    torch.manual_seed(1)
    weights = tmp_path / "tiny-mim.safetensors"
    save_model(config.build().state_dict(), config, weights)
    made = export_onnx(weights, tmp_path / "tiny.onnx")
    assert (made.inputs, made.outputs) == (("density",), ("change",))
    assert made.difference_dex < 1e-3
    cube = core.voxelize(core.open(sample_path())[0], size_pc=60, n=16)
    session = onnxruntime.InferenceSession(str(made.path), providers=["CPUExecutionProvider"])
    (change,) = session.run(["change"], {"density": cube.density[None]})
    forecast = core.Forecaster(weights, device="cpu", averaging=1).forecast(cube)
    ours = np.log10(forecast.density[1:] / cube.density)
    assert change.shape == (1, 5, 16, 16, 16)
    np.testing.assert_allclose(change[0], ours, atol=1e-3)
    assert np.abs(ours).max() > 0.1
    model = onnx.load(str(made.path))
    about = {entry.key: entry.value for entry in model.metadata_props}
    assert "log10(rho/rho_0)" in about["about"]
    assert json.loads(about["shellsight_model"])["interval_myr"] == 0.03
    assert [node.op_type for node in model.graph.node].count("Scan") == 1
    # Nothing in it says where on this machine its operations come from.
    assert str(Path(core.__file__).parent).encode() not in made.path.read_bytes()


def test_what_cannot_be_exported_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidRequest, match="theory"):
        export_onnx("thin-shell", tmp_path / "x.onnx")
    original = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name == "onnxruntime":
            raise ImportError("no", name=name)
        return original(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependency, match=r"pip install \"shellsight\[onnx\]\""):
        export_onnx("default", tmp_path / "x.onnx")
    assert not list(tmp_path.glob("*.onnx"))
