"""Euler equations on a cubic grid: dimension-split MUSCL-Hancock with HLLC.

The state is a tensor (batch, 5, x, y, z) of conserved variables: mass density
(Msun/pc^3), three momentum densities (Msun/pc^3 km/s) and total energy density
(Msun/pc^3 (km/s)^2). The scheme is second order (van Leer 1979; Toro 2009,
chapters 13, 14 and 16); a cell that it would leave with negative density or
pressure is updated with first-order fluxes instead, so that the update stays
conservative.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

from core.constants import GAMMA
from core.simulate import riemann

Boundary = Literal["periodic", "outflow"]

DENSITY_FLOOR = 1e-8
"""Msun/pc^3, n_H about 3e-7 cm^-3: far below any void of the interstellar medium."""

PRESSURE_FLOOR = 1e-9
"""Msun/pc^3 (km/s)^2: the pressure of the thinnest gas at a few Kelvin."""

_SWEEPS = ((0, 1, 2), (2, 1, 0))


def velocity(state: Tensor) -> Tensor:
    """Velocity of a state.

    Parameters
    ----------
    state : Tensor, (batch, 5, x, y, z)
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
    state : Tensor, (batch, 5, x, y, z)
        Conserved variables.
    gamma : float
        Adiabatic index.

    Returns
    -------
    Tensor, (batch, x, y, z)
        Pressure in Msun/pc^3 (km/s)^2, not floored.
    """
    return (gamma - 1.0) * (state[:, 4] - 0.5 * (state[:, 1:4] ** 2).sum(1) / state[:, 0])


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


def max_step(state: Tensor, cell_pc: float, cfl: float = 0.6, gamma: float = GAMMA) -> float:
    """Longest stable time step.

    Parameters
    ----------
    state : Tensor, (batch, 5, x, y, z)
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
    sound = torch.sqrt(gamma * floored / state[:, 0])
    speed = velocity(state).abs().amax(1) + sound
    return cfl * cell_pc / float(speed.amax())


def advance(
    state: Tensor,
    step: float,
    cell_pc: float,
    boundary: Boundary,
    *,
    reverse: bool = False,
    gamma: float = GAMMA,
    compiled: bool = False,
) -> Tensor:
    """Advance a state by one time step.

    Alternate `reverse` from step to step: the sequences xyz and zyx together
    make a second-order splitting (Strang 1968).

    Parameters
    ----------
    state : Tensor, (batch, 5, x, y, z)
        Conserved variables.
    step : float
        Time step in pc/(km/s), see `max_step`.
    cell_pc : float
        Edge length of a cell in pc.
    boundary : {"periodic", "outflow"}
        What lies outside the grid.
    reverse : bool
        Sweep z, y, x instead of x, y, z.
    gamma : float
        Adiabatic index.
    compiled : bool
        Use ``torch.compile``: several times faster, but needs a C++ compiler
        and a minute at the first step.

    Returns
    -------
    Tensor, (batch, 5, x, y, z)
        The state after the step.
    """
    sweep = _compiled_sweep() if compiled else _sweep
    # A tensor, so that a compiled sweep is not compiled anew for every step.
    ratio = torch.tensor(step / cell_pc, dtype=state.dtype, device=state.device)
    for axis in _SWEEPS[int(reverse)]:
        state = sweep(state, ratio, axis, boundary, gamma)
    return state


def _pad(state: Tensor, axis: int, boundary: Boundary) -> Tensor:
    """Add two ghost cells at both ends of an axis."""
    dim = axis + 2
    n = state.shape[dim]
    if boundary == "periodic":
        before, after = state.narrow(dim, n - 2, 2), state.narrow(dim, 0, 2)
    else:
        repeats = [1] * state.ndim
        repeats[dim] = 2
        before = state.narrow(dim, 0, 1).repeat(repeats)
        after = state.narrow(dim, n - 1, 1).repeat(repeats)
    return torch.cat((before, state, after), dim)


def _order(axis: int) -> list[int]:
    """Components with the momentum along `axis` first among the momenta."""
    return [0, 1 + axis, 1 + (axis + 1) % 3, 1 + (axis + 2) % 3, 4]


def _restore(axis: int) -> list[int]:
    """Inverse of `_order`."""
    order = _order(axis)
    return [order.index(component) for component in range(5)]


def _primitive(state: Tensor, axis: int, gamma: float) -> Tensor:
    rho = state[:, 0].clamp_min(DENSITY_FLOOR)
    _, i, j, k, _ = _order(axis)
    inverse = 1.0 / rho
    vn, vt1, vt2 = state[:, i] * inverse, state[:, j] * inverse, state[:, k] * inverse
    internal = state[:, 4] - 0.5 * rho * (vn * vn + vt1 * vt1 + vt2 * vt2)
    floored = ((gamma - 1.0) * internal).clamp_min(PRESSURE_FLOOR)
    return torch.stack((rho, vn, vt1, vt2, floored), 1)


def _sweep(state: Tensor, ratio: Tensor, axis: int, boundary: Boundary, gamma: float) -> Tensor:
    """Update along one axis, without a branch that depends on the data.

    Cells that the second-order fluxes would leave without mass or heat (a
    few, in cold gas at high Mach numbers) get first-order ones.
    """
    dim = axis + 2
    n = state.shape[dim]
    padded = _pad(state, axis, boundary)
    accurate = _flux(padded, ratio, axis, gamma)
    bad = _unphysical(_update(padded, accurate, ratio, axis), gamma)

    primitive = _primitive(padded, axis, gamma)
    robust = riemann.rusanov(
        primitive.narrow(dim, 1, n + 1), primitive.narrow(dim, 2, n + 1), gamma
    )
    # The first and the last face of a periodic grid are one: both change, or mass is lost.
    wrapped = _pad(bad.unsqueeze(1), axis, boundary)
    near = wrapped.narrow(dim, 1, n + 1) | wrapped.narrow(dim, 2, n + 1)
    updated = _update(padded, torch.where(near, robust, accurate), ratio, axis)
    return _floor(updated, _unphysical(updated, gamma), gamma)


def _flux(padded: Tensor, ratio: Tensor, axis: int, gamma: float) -> Tensor:
    """Second-order fluxes through the n + 1 faces along an axis."""
    dim = axis + 2
    n = padded.shape[dim] - 4
    primitive = _primitive(padded, axis, gamma)
    left_difference = torch.diff(primitive, dim=dim)
    a, b = left_difference.narrow(dim, 0, n + 2), left_difference.narrow(dim, 1, n + 2)
    product = a * b
    # van Leer's harmonic limiter.
    slope = torch.where(product > 0, 2 * product / torch.where(product > 0, a + b, 1.0), 0.0)
    middle = primitive.narrow(dim, 1, n + 2)

    rho, vn, _, _, p = middle.unbind(1)
    d_rho, d_vn, d_vt1, d_vt2, d_p = slope.unbind(1)
    change = torch.stack(
        (
            vn * d_rho + rho * d_vn,
            vn * d_vn + d_p / rho,
            vn * d_vt1,
            vn * d_vt2,
            vn * d_p + gamma * p * d_vn,
        ),
        1,
    )
    half = middle - 0.5 * ratio * change
    low, high = half - 0.5 * slope, half + 0.5 * slope
    # Where the extrapolated states are unphysical, use the cell average.
    safe = (
        (torch.minimum(low[:, 0], high[:, 0]) > DENSITY_FLOOR)
        & (torch.minimum(low[:, 4], high[:, 4]) > PRESSURE_FLOOR)
    ).unsqueeze(1)
    low, high = torch.where(safe, low, middle), torch.where(safe, high, middle)

    return riemann.hllc(high.narrow(dim, 0, n + 1), low.narrow(dim, 1, n + 1), gamma)


def _update(padded: Tensor, flux: Tensor, ratio: Tensor, axis: int) -> Tensor:
    dim = axis + 2
    n = padded.shape[dim] - 4
    balance = flux.narrow(dim, 0, n) - flux.narrow(dim, 1, n)
    i, j, k = _restore(axis)[1:4]
    balance = torch.stack(
        (balance[:, 0], balance[:, i], balance[:, j], balance[:, k], balance[:, 4]), 1
    )
    return padded.narrow(dim, 2, n) + ratio * balance


def _unphysical(state: Tensor, gamma: float) -> Tensor:
    rho = state[:, 0]
    internal = state[:, 4] - 0.5 * (state[:, 1:4] ** 2).sum(1) / rho
    good = (rho > DENSITY_FLOOR) & ((gamma - 1.0) * internal > PRESSURE_FLOOR)
    return ~good  # also true for NaN


def _floor(state: Tensor, bad: Tensor, gamma: float) -> Tensor:
    """Last resort: floor density and pressure of the cells that remain unphysical."""
    rho = torch.nan_to_num(state[:, 0]).clamp_min(DENSITY_FLOOR)
    momentum = torch.nan_to_num(state[:, 1:4])
    kinetic = 0.5 * (momentum**2).sum(1) / rho
    internal = (state[:, 4] - kinetic).clamp_min(PRESSURE_FLOOR / (gamma - 1.0))
    floored = torch.cat((rho.unsqueeze(1), momentum, (kinetic + internal).unsqueeze(1)), 1)
    return torch.where(bad.unsqueeze(1), floored, state)


@lru_cache(maxsize=1)
def _compiled_sweep() -> Callable[[Tensor, Tensor, int, Boundary, float], Tensor]:
    return torch.compile(_sweep, dynamic=False)
