"""Euler equations on a grid: dimension-split MUSCL-Hancock with HLLC.

The state is a tensor (batch, 5, x, y, z) of conserved variables: mass density
(Msun/pc^3), three momentum densities (Msun/pc^3 km/s) and total energy density
(Msun/pc^3 (km/s)^2); a sixth component, where there is one, is the internal
energy density, followed beside the total (see `core.simulate.sweep`). Axes of
one cell are not swept, so that one- and two-dimensional problems are thin
grids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

from core.constants import GAMMA
from core.simulate.sweep import (
    DENSITY_FLOOR,
    GHOSTS,
    PRESSURE_FLOOR,
    internal_energy,
    update_rows,
)

__all__ = [
    "DENSITY_FLOOR",
    "PRESSURE_FLOOR",
    "Boundary",
    "advance",
    "from_primitive",
    "max_step",
    "pressure",
    "velocity",
    "with_internal_energy",
]

Boundary = Literal["periodic", "outflow", "reflecting"]

_CHUNK_CELLS = 32_768
"""Cells that a CPU updates at once: their temporaries stay in its cache."""


def velocity(state: Tensor) -> Tensor:
    """Velocity of a state.

    Parameters
    ----------
    state : Tensor, (batch, 5 or 6, x, y, z)
        Conserved variables.

    Returns
    -------
    Tensor, (batch, 3, x, y, z)
        Velocity in km/s.
    """
    return state[:, 1:4] / state[:, :1]


def pressure(state: Tensor, gamma: float = GAMMA) -> Tensor:
    """Pressure of a state.

    Parameters
    ----------
    state : Tensor, (batch, 5 or 6, x, y, z)
        Conserved variables.
    gamma : float
        Adiabatic index.

    Returns
    -------
    Tensor, (batch, x, y, z)
        Pressure in Msun/pc^3 (km/s)^2, not floored.
    """
    internal = state[:, 5] if state.shape[1] == 6 else internal_energy(state, 1)
    return (gamma - 1.0) * internal


def from_primitive(
    density: Tensor, velocity_kms: Tensor, pressure_code: Tensor, gamma: float = GAMMA
) -> Tensor:
    """Build a state from density, velocity and pressure.

    Parameters
    ----------
    density : Tensor, (batch, x, y, z)
        Mass density in Msun/pc^3.
    velocity_kms : Tensor, (batch, 3, x, y, z)
        Velocity in km/s.
    pressure_code : Tensor, (batch, x, y, z)
        Pressure in Msun/pc^3 (km/s)^2.
    gamma : float
        Adiabatic index.

    Returns
    -------
    Tensor, (batch, 5, x, y, z)
        Conserved variables.
    """
    momentum = density.unsqueeze(1) * velocity_kms
    energy = 0.5 * (momentum * velocity_kms).sum(1) + pressure_code / (gamma - 1.0)
    return torch.cat((density.unsqueeze(1), momentum, energy.unsqueeze(1)), 1)


def with_internal_energy(state: Tensor, gamma: float = GAMMA) -> Tensor:
    """Add the internal energy to a state.

    Parameters
    ----------
    state : Tensor, (batch, 5 or 6, x, y, z)
        Conserved variables; returned as they are if they have it already.
    gamma : float
        Adiabatic index.

    Returns
    -------
    Tensor, (batch, 6, x, y, z)
        The state with its internal energy density, floored.
    """
    if state.shape[1] == 6:
        return state
    internal = internal_energy(state, 1).clamp_min(PRESSURE_FLOOR / (gamma - 1.0))
    return torch.cat((state, internal.unsqueeze(1)), 1)


def max_step(state: Tensor, cell_pc: float, cfl: float = 0.6, gamma: float = GAMMA) -> float:
    """Longest stable time step.

    Parameters
    ----------
    state : Tensor, (batch, 5 or 6, x, y, z)
        Conserved variables.
    cell_pc : float
        Edge length of a cell in pc.
    cfl : float
        Courant number; below 1 for a dimension-split scheme.
    gamma : float
        Adiabatic index.

    Returns
    -------
    float
        Step in pc/(km/s).
    """
    floored = pressure(state, gamma).clamp_min(PRESSURE_FLOOR)
    sound = floored.mul_(gamma).div_(state[:, 0]).sqrt_()
    fastest = state[:, 1:4].abs().amax(1).div_(state[:, 0]).add_(sound)
    return cfl * cell_pc / float(fastest.amax())


def advance(
    state: Tensor,
    step: float,
    cell_pc: float,
    boundary: Boundary,
    *,
    order: Sequence[int] = (0, 1, 2),
    gamma: float = GAMMA,
    compiled: bool = False,
) -> Tensor:
    """Advance a state by one time step.

    Reverse the order of the axes from step to step: xyz and zyx together make
    a second-order splitting (Strang 1968).

    Parameters
    ----------
    state : Tensor, (batch, 5 or 6, x, y, z)
        Conserved variables.
    step : float
        Time step in pc/(km/s), see `max_step`.
    cell_pc : float
        Edge length of a cell in pc.
    boundary : {"periodic", "outflow", "reflecting"}
        What lies outside the grid.
    order : sequence of int
        The axes in the order of their sweeps.
    gamma : float
        Adiabatic index.
    compiled : bool
        Use ``torch.compile``: faster, but needs a C++ compiler and a minute
        at the first step.

    Returns
    -------
    Tensor, (batch, 6, x, y, z)
        The state after the step, with its internal energy.
    """
    state = with_internal_energy(state, gamma)
    for axis in order:
        if state.shape[axis + 2] > 1:
            state = _sweep(state, step / cell_pc, axis, boundary, gamma, compiled)
    return state


def _sweep(
    state: Tensor, ratio: float, axis: int, boundary: Boundary, gamma: float, compiled: bool
) -> Tensor:
    """Update along one axis, on a CPU a part of the rows at a time."""
    others = [2 + other for other in range(3) if other != axis]
    # The momentum along the rows first among the momenta.
    order = [0, 1 + axis, 1 + (axis + 1) % 3, 1 + (axis + 2) % 3, 4, 5]
    rows = state.permute(1, axis + 2, 0, *others)
    swept = torch.empty_like(state)
    swept_rows = swept.permute(1, axis + 2, 0, *others)
    n, batch, width, depth = rows.shape[1:]
    on_cpu = state.device.type == "cpu"
    members = 1 if on_cpu else batch
    block = max(1, _CHUNK_CELLS // (n * depth)) if on_cpu else width
    update = _compiled_update() if compiled else update_rows
    # A tensor, so that a compiled sweep is not compiled anew for every step.
    scale = torch.tensor(ratio, dtype=state.dtype, device=state.device) if compiled else ratio
    for member in range(0, batch, members):
        for first in range(0, width, block):
            part = rows[:, :, member : member + members, first : first + block]
            padded = _padded(part, order, boundary)
            updated = update(padded, scale, gamma, branch=on_cpu and not compiled)
            target = swept_rows[:, :, member : member + members, first : first + block]
            for source, component in enumerate(order):
                target[component].copy_(updated[source].view(target.shape[1:]))
    return swept


def _padded(rows: Tensor, order: list[int], boundary: Boundary) -> Tensor:
    """Rows in memory one beside the other, with ghost cells: (6, n + 2 GHOSTS, m)."""
    n = rows.shape[1]
    padded = rows.new_empty((6, n + 2 * GHOSTS, *rows.shape[2:]))
    for target, component in enumerate(order):
        padded[target, GHOSTS : GHOSTS + n].copy_(rows[component])
    for ghost in range(GHOSTS):
        before, after = _sources(ghost, n, boundary)
        padded[:, GHOSTS - 1 - ghost] = padded[:, GHOSTS + before]
        padded[:, GHOSTS + n + ghost] = padded[:, GHOSTS + after]
    if boundary == "reflecting":
        padded[1, :GHOSTS].neg_()
        padded[1, GHOSTS + n :].neg_()
    return padded.flatten(2)


def _sources(ghost: int, n: int, boundary: Boundary) -> tuple[int, int]:
    """Cells that the ghosts at a distance from the first and the last cell are copies of."""
    if boundary == "periodic":
        return (n - 1 - ghost) % n, ghost % n
    if boundary == "reflecting":
        return min(ghost, n - 1), max(n - 1 - ghost, 0)
    return 0, n - 1


@lru_cache(maxsize=1)
def _compiled_update() -> Callable[..., Tensor]:
    return torch.compile(update_rows, dynamic=False)
