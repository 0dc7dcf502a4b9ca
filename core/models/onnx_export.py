"""Networks for programs in other languages, as ONNX.

What a 3D-MIM takes and gives, `core.models.mim_graph` says. Of the two-headed
U-Nets the graph takes the gas as a simulation has it and prepares the channels of
`core.models.inputs` itself. What a graph cannot hold is an input: the arrival
of the thin shell, which is found by following 768 rays (`core.shells.arrival`).

Inputs, all float32, for one explosion at the centre of a cube of n^3 voxels:

``density`` (1, n, n, n)
    Msun/pc^3, axes x, y, z; averaged over the voxel.
``velocity`` (1, 3, n, n, n)
    km/s; zero where unknown.
``velocity_known`` (1)
    1 or 0.
``log10_energy`` (1)
    log10 of the energy in 1e51 erg. Networks of one energy have no such input.
``arrival`` (1, 1, n, n, n)
    log10 of the time in 0.1 Myr at which the thin shell arrives. Networks of
    seven channels have no such input.

Outputs, float32, (1, frames, n, n, n):

``control``
    log10(rho_control/rho_0) in dex.
``effect``
    log10(rho/rho_control) in dex.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.errors import InvalidRequest, MissingDependency
from core.models import mim_graph
from core.models.inputs import arrival_channel, network_input
from core.models.mim_forecast import DensityMIM
from core.models.mim_graph import DensityToChange
from core.models.registry import ModelConfig, load_model
from core.models.unet import TwoHeadedUNet
from core.writers.atomic import replacing

OPSET = 18
"""Version of ONNX's operators; onnxruntime knows it since 1.14 (2023)."""

INSTALL = 'pip install "shellsight[onnx]"'

LARGEST_DIFFERENCE_DEX: Mapping[str, float] = MappingProxyType(
    {"two-headed-unet": 1e-4, "mim3d": 1e-3}
)
"""Further apart than this, PyTorch and onnxruntime must not be, by architecture.

3D-MIM sees its own frames: rounding grows from one to the next.
"""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Parameters
    ----------
    path : Path
        The file.
    opset : int
        Version of the operators.
    inputs, outputs : tuple of str
        Their names.
    difference_dex : float
        Largest difference between onnxruntime's answer and PyTorch's.
    """

    path: Path
    opset: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    difference_dex: float


class GasToForecast(nn.Module):
    """A network with the preparation of its input.

    Parameters
    ----------
    network : Module
        The network.
    config : ModelConfig
        Its configuration.
    """

    def __init__(self, network: nn.Module, config: ModelConfig) -> None:
        super().__init__()
        self.network, self.size_pc = network, config.size_pc

    def forward(
        self,
        density: Tensor,
        velocity: Tensor,
        velocity_known: Tensor,
        log10_energy: Tensor | None = None,
        arrival: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Forecast; the module's docstring says what goes in and out."""
        given = network_input(density, velocity, self.size_pc, arrival=False)
        known = velocity_known.reshape(-1)
        channels = [given.scalars, given.velocity * known.view(-1, 1, 1, 1, 1)]
        conditions = [given.conditions[:, 0], given.conditions[:, 1], known]
        if log10_energy is not None:
            conditions.append(log10_energy.reshape(-1))
        if arrival is not None:
            channels.append(arrival)
        turbulence, effect = self.network(torch.cat(channels, 1), torch.stack(conditions, 1))
        return turbulence, effect


def example_inputs(config: ModelConfig, seed: int = 1) -> dict[str, Tensor]:
    """Make gas to try a network on: log-normal, moving, in random order.

    Parameters
    ----------
    config : ModelConfig
        The network.
    seed : int
        Of the gas.

    Returns
    -------
    dict of str to Tensor
        The inputs that an exported network takes, by name.
    """
    generator = torch.Generator().manual_seed(seed)
    shape = (config.n,) * 3
    density = torch.exp(torch.randn(1, *shape, generator=generator))
    if config.architecture == "mim3d":
        return {"density": density}
    values = {
        "density": density,
        "velocity": 5.0 * torch.randn(1, 3, *shape, generator=generator),
        "velocity_known": torch.ones(1),
    }
    if int(config.arguments.get("conditions", 3)) > 3:
        values["log10_energy"] = torch.zeros(1)
    if config.sees_arrival:
        energies = torch.tensor([config.energy_erg], dtype=torch.float64)
        values["arrival"] = arrival_channel(density, config.size_pc, energies)
    return values


def export_onnx(model: str | Path, path: Path) -> Exported:
    """Write a network as ONNX, and make sure that it answers the same there.

    Parameters
    ----------
    model : str or Path
        As for `core.models.registry.find_model`.
    path : Path
        The file, weights included; it appears when it has been checked.

    Returns
    -------
    Exported
        What was written.

    Raises
    ------
    MissingDependency
        If a package of the extra ``onnx`` is missing.
    InvalidRequest
        If the network is of an architecture that is not exported, or the
        answers differ.
    """
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        name = str(error.name or "onnx")
        raise MissingDependency(name, "Exporting to ONNX", INSTALL) from error
    network, config = load_model(model)
    whole, outputs, about = _graph(network, config)
    values = example_inputs(config)
    names = tuple(values)
    with replacing(path) as partial:
        with _quiet():
            torch.onnx.export(
                whole, (), str(partial), kwargs=values, input_names=list(names),
                output_names=list(outputs), opset_version=OPSET, dynamo=True,
                external_data=False, verbose=False,
            )  # fmt: skip
        written = onnx.load(str(partial))
        _forget_origin(written.graph)
        for key, value in (("shellsight_model", asdict(config)), ("about", about)):
            entry = written.metadata_props.add()
            entry.key = key
            entry.value = value if isinstance(value, str) else json.dumps(value)
        onnx.checker.check_model(written)
        onnx.save(written, str(partial))
        opset = next(one.version for one in written.opset_import if one.domain in ("", "ai.onnx"))
        # Other gas than it was traced with: what was frozen in by mistake shows.
        trial = example_inputs(config, seed=2)
        session = onnxruntime.InferenceSession(
            partial.read_bytes(), providers=["CPUExecutionProvider"]
        )
        answers = session.run(list(outputs), {key: v.numpy() for key, v in trial.items()})
        with torch.no_grad():
            made = whole(**trial)
        expected = made if isinstance(made, tuple) else (made,)
        difference = max(
            float(np.abs(answer - truth.numpy()).max())
            for answer, truth in zip(answers, expected, strict=True)
        )
        if not difference <= LARGEST_DIFFERENCE_DEX[config.architecture]:
            raise InvalidRequest(
                f"{path}: onnxruntime and PyTorch differ by {difference:.1e} dex; nothing is "
                f"written."
            )
    return Exported(path, opset, names, outputs, difference)


def _graph(
    network: nn.Module, config: ModelConfig
) -> tuple[nn.Module, tuple[str, ...], str | None]:
    """Put what prepares the gas before a network; name its outputs, and say what they are."""
    if isinstance(network, TwoHeadedUNet):
        return GasToForecast(network, config).eval(), ("control", "effect"), __doc__
    if isinstance(network, DensityMIM):
        return DensityToChange(network).eval(), ("change",), mim_graph.__doc__
    raise InvalidRequest(f"Networks of the architecture {config.architecture} are not exported.")


def _forget_origin(graph: Any) -> None:
    """Leave out where in this program each operation comes from: megabytes, and our paths."""
    for node in graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _forget_origin(attribute.g)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what PyTorch's exporter says of its own parts from the user."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with contextlib.ExitStack() as stack:
        stack.callback(logger.setLevel, level)
        with contextlib.suppress(ImportError):
            from tqdm import tqdm

            # Its progress bars would leave a thread behind.
            stack.callback(setattr, tqdm, "monitor_interval", tqdm.monitor_interval)
            tqdm.monitor_interval = 0
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        warnings.simplefilter("ignore")
        yield
