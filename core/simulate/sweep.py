"""One sweep of the solver: rows of cells updated along their first axis.

MUSCL-Hancock (van Leer 1979; Toro 2009, chapters 13 and 14) for rows that
are padded by `GHOSTS` cells at both ends. A row is a tensor (6, cells, m):
mass density, momentum densities (the normal one first), total energy density
and internal energy density, for m rows side by side.

The internal energy is followed twice (the dual-energy formalism of Bryan et
al. 1995; Bryan et al. 2014, section 6.1): as the total energy less the
kinetic, which is right in shocks, and by its own equation,
de/dt + div(e v) = -P div v, which is right where the kinetic energy is so
large that the difference is nothing but truncation error. The total energy is
never touched by the choice, so that it stays conserved.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.simulate import riemann

DENSITY_FLOOR = 1e-8
"""Msun/pc^3, n_H about 3e-7 cm^-3: far below any void of the interstellar medium."""

PRESSURE_FLOOR = 1e-9
"""Msun/pc^3 (km/s)^2: the pressure of the thinnest gas at a few Kelvin."""

DUAL_ENERGY_SHARE = 1e-3
"""Below this share of the total energy, the internal energy is that of its own equation."""

GHOSTS = 3
"""Cells outside the grid: two that fluxes need, one that is watched for repairs."""

_TINY = 1e-30


def update_rows(padded: Tensor, ratio: Tensor | float, gamma: float, *, branch: bool) -> Tensor:
    """Advance rows by one step along themselves.

    Cells that the second-order fluxes would leave without mass or heat (a
    few, in cold gas at high Mach numbers) get first-order ones on both of
    their faces, so that the update stays conservative.

    Parameters
    ----------
    padded : Tensor, (6, cells + 2 GHOSTS, m)
        Conserved variables and internal energy.
    ratio : Tensor or float
        Time step over cell size in s/km.
    gamma : float
        Adiabatic index.
    branch : bool
        Whether repairs are skipped where there is nothing to repair, at the
        price of looking: right for the CPU, wrong for a GPU and a compiler.

    Returns
    -------
    Tensor, (6, cells, m)
        The rows after the step.
    """
    primitive = _primitive(padded, gamma)
    faces = _faces(primitive, ratio, gamma, branch)
    updated, bad = _apply(padded, faces, ratio, gamma)
    if branch and not bool(bad.any()):
        return updated[:, 1:-1]
    # The innermost ghost cells are updated too: the face to a bad one changes on both its sides.
    near = bad[:-1] | bad[1:]
    robust = riemann.rusanov(primitive[:, 2:-3], primitive[:, 3:-2], gamma)
    inner = torch.where(near, robust, faces[:, 1:-1])
    updated, bad = _apply(padded[:, 1:-1], inner, ratio, gamma)
    return torch.where(bad, _floored(updated, gamma), updated)


def internal_energy(state: Tensor, dim: int = 0) -> Tensor:
    """Take the kinetic from the total energy density.

    Parameters
    ----------
    state : Tensor
        Density, momenta and total energy along `dim`.
    dim : int
        Where the components are.

    Returns
    -------
    Tensor
        May be negative where it is lost in the rounding of the total.
    """
    rho, m1, m2, m3, energy = (state.select(dim, index) for index in range(5))
    squared = torch.addcmul(m1 * m1, m2, m2).addcmul_(m3, m3)
    return energy - squared.div_(rho).mul_(0.5)


def _primitive(padded: Tensor, gamma: float) -> Tensor:
    rho = padded[0].clamp_min(DENSITY_FLOOR)
    velocities = padded[1:4] / rho
    pressure = padded[5:].mul(gamma - 1.0).clamp_min_(PRESSURE_FLOOR)
    return torch.cat((rho.unsqueeze(0), velocities, pressure))


def _faces(primitive: Tensor, ratio: Tensor | float, gamma: float, branch: bool) -> Tensor:
    """Second-order fluxes between all cells but the outermost two, (7, cells - 3, m)."""
    difference = primitive[:, 1:] - primitive[:, :-1]
    a, b = difference[:, :-1], difference[:, 1:]
    # Half of van Leer's harmonic slope, ab/(a + b) where both have one sign.
    slope = (a * b).clamp_min_(0.0).div_((a + b).add_(_TINY))
    middle = primitive[:, 1:-1]

    rho, vn, pressure = middle[0], middle[1], middle[4]
    # What half a step changes: half the slope's A dw, A the matrix of the quasi-linear form.
    half = vn * slope
    half[0].addcmul_(rho, slope[1])
    half[1].addcdiv_(slope[4], rho)
    half[4].addcmul_(pressure, slope[1], value=gamma)
    half = half.mul_(-ratio).add_(middle)
    low, high = half - slope, half + slope
    # Where the extrapolated states are unphysical, use the cell average.
    safe = (torch.minimum(low[0], high[0]) > DENSITY_FLOOR) & (
        torch.minimum(low[4], high[4]) > PRESSURE_FLOOR
    )
    if not branch or not bool(safe.all()):
        low, high = torch.where(safe, low, middle), torch.where(safe, high, middle)
    return riemann.hllc(high[:, :-1], low[:, 1:], gamma)


def _apply(
    padded: Tensor, faces: Tensor, ratio: Tensor | float, gamma: float
) -> tuple[Tensor, Tensor]:
    """Cells after the fluxes through their faces, and which of them are unphysical."""
    skip = (padded.shape[1] - faces.shape[1] + 1) // 2
    cells = padded.narrow(1, skip, faces.shape[1] - 1)
    balance = (faces[:, :-1] - faces[:, 1:]).mul_(ratio)
    updated = cells + balance[:6]
    # The work -P div v at the mean of old and new internal energy: positive for any expansion.
    work = balance[6].mul(-0.5 * (gamma - 1.0)).clamp_(-0.9, 0.9)
    own = torch.addcmul(updated[5], work, cells[5], value=-1.0).div_(1.0 + work)
    derived = internal_energy(updated)
    share = updated[4] * DUAL_ENERGY_SHARE
    internal = torch.where(derived > share, derived, own)
    updated[5] = internal
    good = (updated[0] > DENSITY_FLOOR) & (internal > PRESSURE_FLOOR / (gamma - 1.0))
    return updated, ~(good & (updated[4] > 0))  # also true for NaN


def _floored(state: Tensor, gamma: float) -> Tensor:
    """Last resort: floor density and pressure."""
    rho = torch.nan_to_num(state[0]).clamp_min(DENSITY_FLOOR)
    momenta = torch.nan_to_num(state[1:4])
    internal = torch.nan_to_num(state[5]).clamp_min(PRESSURE_FLOOR / (gamma - 1.0))
    energy = 0.5 * (momenta**2).sum(0) / rho + internal
    return torch.cat((rho.unsqueeze(0), momenta, energy.unsqueeze(0), internal.unsqueeze(0)))
