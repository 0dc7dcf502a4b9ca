"""How a network is trained: the settings, and the file they may stand in."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from core.errors import InvalidRequest
from core.models.inputs import CHANNELS, CONDITIONS
from core.models.mim_forecast import config_arguments
from core.models.registry import ModelConfig, available_networks, find_model, read_config


def _unet() -> ModelConfig:
    return ModelConfig(
        "unet-32",
        arguments={
            "widths": (32, 64, 128, 192),
            "blocks": 2,
            "channels": CHANNELS,
            "conditions": CONDITIONS,
        },
    )


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained.

    Parameters
    ----------
    model : ModelConfig
        The network.
    minutes : float
        Budget of training time, that of earlier runs included.
    steps : int, optional
        Budget in steps, in place of that in time. The learning rate then
        follows the steps, so that a run gives the same weights however often
        it was stopped and wherever it is repeated on the same machine.
    batch : int
        Samples per step, those of all processes together.
    learning_rate : float
        Of AdamW, at its highest: it rises over the first 3 per cent of the
        budget and falls with a cosine; for 3D-MIM see `schedule`.
    weight_decay : float
        Of AdamW.
    average_steps : int
        Over about how many steps the weights that are kept are averaged.
    hide_velocity : float
        Share of the samples whose velocity is hidden.
    particle_noise : float
        Share of the samples that are shown as if deposited from particles,
        of 0.5 to 5 Msun.
    precision : {"bfloat16", "float32"}
        In what the network computes while it is trained; weights and
        gradients are kept in single precision either way.
    schedule : {"released", "lengthening"}
        Of 3D-MIM. That of the released code shows whole sequences at a
        constant rate and suits 80 000 steps. Where there are a tenth of them,
        the other begins with clips of three frames, which lengthen until they
        are whole: the network must learn to repeat a frame before it can
        change it, and learns that six times sooner per second.
    seed : int
        Of the order, the orientations and the initial weights.
    save_minutes : float
        Time between checkpoints, each with a validation.
    """

    model: ModelConfig = field(default_factory=_unet)
    minutes: float = 60.0
    steps: int | None = None
    batch: int = 4
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    average_steps: int = 200
    hide_velocity: float = 0.1
    particle_noise: float = 0.3
    precision: Literal["bfloat16", "float32"] = "bfloat16"
    schedule: Literal["released", "lengthening"] = "released"
    seed: int = 1
    save_minutes: float = 3.0

    def __post_init__(self) -> None:
        if self.steps is not None and self.steps < 1:
            raise InvalidRequest(f"A training makes at least one step, not {self.steps}.")
        if self.batch < 1:
            raise InvalidRequest(f"A step needs at least one sample, not {self.batch}.")
        if self.precision not in ("bfloat16", "float32"):
            raise InvalidRequest(f"The precision is bfloat16 or float32, not '{self.precision}'.")
        if self.schedule not in ("released", "lengthening"):
            raise InvalidRequest(f"The schedule is released or lengthening, not '{self.schedule}'.")


def _mim(name: str, patch: int, hidden: int, filter_size: int, **options: Any) -> ModelConfig:
    # Without patches, what nineteen steps leave behind for the gradient fills tens of GB.
    options |= {"checkpointing": patch == 1}
    arguments = config_arguments(patch, hidden, filter_size, **options)
    return ModelConfig(name, architecture="mim3d", arguments=arguments)


PRESETS: Mapping[str, ModelConfig] = MappingProxyType(
    {
        "unet-32": _unet(),
        # As released; the same in patches of 2^3; and what two cores can train in some hours:
        # four layers, or normalised ones, need several times as long to learn to repeat a frame.
        # Patches of 4^3 would need 64 hidden channels to tell their voxels apart.
        "mim3d-32": _mim("mim3d-32", 1, 32, 5),
        "mim3d-32-p2": _mim("mim3d-32-p2", 2, 32, 5),
        "mim3d-32-small": _mim("mim3d-32-small", 2, 16, 3, layers=2, layer_norm=False),
    }
)
"""Networks that can be trained from nothing, by name."""


def recommended(model: ModelConfig) -> TrainingConfig:
    """Give the settings to begin with for a network.

    Parameters
    ----------
    model : ModelConfig
        The network.

    Returns
    -------
    TrainingConfig
        For 3D-MIM those of the released code (Adam at 1e-3 without weight
        decay, batches of 8, weights averaged with 0.9995), for its smallest
        one those of a few hours on two cores, else the default.
    """
    if model.architecture != "mim3d":
        return TrainingConfig(model=model)
    if model.name == "mim3d-32-small":
        return TrainingConfig(
            model=model, batch=2, learning_rate=5e-3, weight_decay=0.0, schedule="lengthening"
        )
    return TrainingConfig(model=model, batch=8, weight_decay=0.0, average_steps=2000)


def model_to_train(name: str | Path) -> ModelConfig:
    """Find out what network a name means.

    Parameters
    ----------
    name : str or Path
        A key of `PRESETS`, the name of a shipped network or a weights file:
        its architecture is taken, not its weights.

    Returns
    -------
    ModelConfig
        The network, without what is known of another's training.

    Raises
    ------
    InvalidRequest
        If there is none; the message lists those there are.
    """
    if str(name) in PRESETS:
        return PRESETS[str(name)]
    try:
        path = find_model(name)
    except InvalidRequest as error:
        known = ", ".join(dict.fromkeys((*PRESETS, *available_networks())))
        raise InvalidRequest(
            f"There is no network '{name}' to train. There are: {known}; or give the path of a "
            f".safetensors file, whose architecture is taken."
        ) from error
    return replace(read_config(path), training={})


def read_training(path: Path) -> tuple[TrainingConfig, dict[str, Any]]:
    """Read the settings of a training from a TOML file.

    Its keys are those of `TrainingConfig`; ``model`` is a name, as for
    `model_to_train`, or a table of `ModelConfig`. ``data``, ``out``,
    ``device``, ``from`` and ``units`` may stand there as well: they are
    what the options of the command line are.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    config : TrainingConfig
        The settings.
    options : dict
        What is not in a `TrainingConfig`. Paths are relative to the file.

    Raises
    ------
    InvalidRequest
        If the file cannot be read, or has a key that nobody knows.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidRequest(f"{path}: cannot be read ({error.strerror}).") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidRequest(f"{path}: is no TOML file ({error}).") from error
    options = {key: content.pop(key) for key in OPTIONS if key in content}
    for key in ("data", "out"):
        if key in options:
            options[key] = path.parent / str(options[key])
    known = [one.name for one in fields(TrainingConfig)]
    _require_known(path, content, (*known, *OPTIONS))
    model = content.pop("model", "unet-32")
    try:
        if isinstance(model, Mapping):
            _require_known(path, model, [one.name for one in fields(ModelConfig)])
            network = ModelConfig(**model)
        else:
            network = model_to_train(model)
        return replace(recommended(network), **content), options
    except TypeError as error:
        raise InvalidRequest(f"{path}: {error}.") from error


OPTIONS = ("data", "out", "device", "from", "units")
"""What a file of settings may hold beside those of the training."""


def _require_known(path: Path, given: Mapping[str, Any], known: Any) -> None:
    unknown = [key for key in given if key not in known]
    if unknown:
        raise InvalidRequest(
            f"{path}: nobody knows {', '.join(unknown)}; there are {', '.join(known)}."
        )
