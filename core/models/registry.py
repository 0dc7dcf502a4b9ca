"""The models Shellsight knows: theories, and networks with their trained weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from core.errors import CorruptSnapshot, InvalidRequest
from core.models.analytic import ANALYTIC_MODELS
from core.models.mim_forecast import DensityMIM
from core.models.unet import TwoHeadedUNet
from core.resources import models_path

ARCHITECTURES: dict[str, type[nn.Module]] = {
    "two-headed-unet": TwoHeadedUNet,
    "mim3d": DensityMIM,
}
"""Architecture by the name that stands in a weights file."""

DEFAULT_MODEL = "unet-32"

_CONFIG_KEY = "shellsight_model"


@dataclass(frozen=True)
class ModelConfig:
    """What a weights file says about itself.

    Parameters
    ----------
    name : str
        Name of the model.
    architecture : str
        Key of `ARCHITECTURES`.
    arguments : Mapping
        Arguments of the architecture.
    n : int
        Voxels along an edge of the cubes it was trained on.
    size_pc : float
        Edge length of those cubes in pc.
    interval_myr : float
        Time between its frames in Myr.
    frames : int
        Future frames it gives.
    energy_erg : float
        Energy of the explosions it was trained on, in erg; the usual one
        where it knows several.
    energy_range_erg : tuple of float, optional
        Least and greatest energy it was trained on, where they differ.
    training : Mapping
        Data, budget, device and wall time of its training.
    """

    name: str
    architecture: str = "two-headed-unet"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    n: int = 32
    size_pc: float = 60.0
    interval_myr: float = 0.007
    frames: int = 19
    energy_erg: float = 1e51
    energy_range_erg: tuple[float, float] | None = None
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sees_arrival(self) -> bool:
        """Whether the network is given what the thin-shell model says."""
        return int(self.arguments.get("channels", 7)) > 7

    def build(self) -> nn.Module:
        """Make the network, with random weights.

        Returns
        -------
        Module
            The network.
        """
        arguments = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in self.arguments.items()
        }
        return ARCHITECTURES[self.architecture](frames=self.frames, **arguments)


def available_networks() -> tuple[str, ...]:
    """Names of the networks whose weights are shipped, the default first.

    Returns
    -------
    tuple of str
        The names.
    """
    names = sorted(path.stem for path in models_path().glob("*.safetensors"))
    return tuple(sorted(names, key=lambda name: (name != DEFAULT_MODEL, name)))


def available_models() -> tuple[str, ...]:
    """Names of all models that forecast: the networks, the default first, then the theories.

    Returns
    -------
    tuple of str
        The names, as `core.Forecaster` takes them.
    """
    return (*available_networks(), *ANALYTIC_MODELS)


def find_model(name: str | Path) -> Path:
    """Find the weights of a network.

    Parameters
    ----------
    name : str or Path
        "default", the name of a shipped network, or the path of a weights file.

    Returns
    -------
    Path
        The weights file.

    Raises
    ------
    InvalidRequest
        If there is no such model; the message lists those there are.
    """
    if str(name) == "default":
        name = DEFAULT_MODEL
    for path in (models_path() / f"{name}.safetensors", Path(name)):
        if path.is_file():
            return path
    if str(name) in ANALYTIC_MODELS:
        raise InvalidRequest(f"The model '{name}' is a theory and has no weights to load.")
    raise InvalidRequest(
        f"There is no model '{name}'. Shipped are: {', '.join(available_models()) or 'none'}; "
        f"or give the path of a .safetensors file."
    )


def read_config(path: Path) -> ModelConfig:
    """Read what a weights file says about itself, without the weights.

    Parameters
    ----------
    path : Path
        The weights file.

    Returns
    -------
    ModelConfig
        Its configuration.

    Raises
    ------
    CorruptSnapshot
        If it is no weights file of Shellsight.
    """
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(_CONFIG_KEY, "")
        config = ModelConfig(**json.loads(text))
    except (OSError, SafetensorError, ValueError, TypeError) as error:
        raise CorruptSnapshot(path, f"is no weights file of Shellsight ({error})") from error
    if config.architecture not in ARCHITECTURES:
        raise CorruptSnapshot(
            path, f"needs the architecture '{config.architecture}', unknown to this version"
        )
    return config


def load_model(
    name: str | Path, device: str | torch.device = "cpu"
) -> tuple[nn.Module, ModelConfig]:
    """Load a trained network.

    Parameters
    ----------
    name : str or Path
        As for `find_model`.
    device : str or torch.device
        Where it shall compute.

    Returns
    -------
    model : Module
        In evaluation mode, float32.
    config : ModelConfig
        Its configuration.

    Raises
    ------
    InvalidRequest
        If there is no such model.
    CorruptSnapshot
        If its file is damaged or does not fit its configuration.
    """
    path = find_model(name)
    config = read_config(path)
    model = config.build()
    try:
        weights = {key: value.float() for key, value in load_file(path).items()}
        model.load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        # PyTorch lists every weight; the first line says what is wrong.
        reason = str(error).splitlines()[0]
        raise CorruptSnapshot(
            path, f"has weights that do not fit a {config.architecture}: {reason}"
        ) from error
    return model.to(device).eval().requires_grad_(False), config


def save_model(weights: Mapping[str, Tensor], config: ModelConfig, path: Path) -> None:
    """Write weights in half precision, with their configuration.

    Parameters
    ----------
    weights : Mapping of str to Tensor
        The state of the network.
    config : ModelConfig
        Its configuration.
    path : Path
        The file, replaced when the new one is complete.
    """
    temporary = path.with_suffix(".partial")
    tensors = {
        key: value.detach().to("cpu", torch.float16).contiguous() for key, value in weights.items()
    }
    temporary.write_bytes(to_bytes(tensors, {_CONFIG_KEY: json.dumps(asdict(config))}))
    temporary.replace(path)
