"""The state of a training run between two steps, as a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from core.energy import Expense
from core.errors import InvalidRequest

CHECKPOINT = "checkpoint.safetensors"
EXPENSE = "expense"
"""Key of a checkpoint's metadata: what the run has cost."""


@dataclass(frozen=True)
class State:
    """Where a run is.

    Parameters
    ----------
    step : int
        Steps made.
    seconds : float
        Time spent on them.
    best : float
        Least validation loss so far; infinite before the first.
    average : Mapping of str to Tensor
        The averaged weights.
    expense : Expense
        What the run has cost.
    """

    step: int
    seconds: float
    best: float
    average: Mapping[str, Tensor]
    expense: Expense


def write_checkpoint(
    path: Path, state: State, network: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Write all that the next step depends on; the file appears when it is complete.

    Parameters
    ----------
    path : Path
        The file.
    state : State
        Where the run is.
    network : Module
        Its weights.
    optimizer : Optimizer
        Its moments.
    """
    tensors: dict[str, Tensor] = {}
    for key, value in network.state_dict().items():
        tensors[f"network.{key}"] = value.contiguous()
    for key, value in state.average.items():
        tensors[f"average.{key}"] = value.contiguous()
    for index, moments in optimizer.state_dict()["state"].items():
        for key, value in moments.items():
            tensors[f"optimizer.{index}.{key}"] = torch.as_tensor(value).contiguous()
    tensors["progress"] = torch.tensor([state.step, state.seconds, state.best], dtype=torch.float64)
    temporary = path.with_suffix(".partial")
    save_file(tensors, temporary, {EXPENSE: json.dumps(state.expense.as_provenance())})
    temporary.replace(path)


def read_checkpoint(path: Path, network: nn.Module, optimizer: torch.optim.Optimizer) -> State:
    """Put a network and an optimizer into the state that was written.

    Parameters
    ----------
    path : Path
        The file.
    network : Module
        Takes the weights.
    optimizer : Optimizer
        Takes the moments.

    Returns
    -------
    State
        Where the run was.

    Raises
    ------
    InvalidRequest
        If it is the run of another network.
    """
    device = next(network.parameters()).device
    tensors = load_file(path, device=str(device))
    with safe_open(path, framework="pt") as file:
        cost = json.loads((file.metadata() or {}).get(EXPENSE, "{}"))
    # Runs from before the best weights were kept state two figures.
    step, seconds, best = (*tensors.pop("progress").tolist(), float("inf"))[:3]
    parts: dict[str, dict[str, Tensor]] = {"network": {}, "average": {}, "optimizer": {}}
    for key, value in tensors.items():
        part, name = key.split(".", 1)
        parts[part][name] = value
    try:
        network.load_state_dict(parts["network"])
    except RuntimeError as error:
        raise InvalidRequest(
            f"{path.parent}: holds a run of another network; choose another directory."
        ) from error
    moments: dict[int, dict[str, Any]] = {}
    for key, value in parts["optimizer"].items():
        index, name = key.split(".", 1)
        moments.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    # A run from before costs were kept knows no more than its time.
    expense = Expense.from_provenance(cost) or Expense(seconds)
    return State(int(step), seconds, best, parts["average"], expense)
