"""Radiative cooling and heating of gas, integrated exactly.

The curves and their sources are in `core.simulate.curves`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from core.constants import (
    BOLTZMANN_ERG_K,
    DENSITY_TO_CGS,
    GAMMA,
    HYDROGEN_FRACTION,
    HYDROGEN_MASS_G,
    KMS_CM_S,
    MYR_S,
    NH_PER_DENSITY,
)
from core.simulate.curves import (
    HEATING_ERG_S,
    Curve,
    check_curve,
    cooling_function,
    heating_rate,
)

__all__ = [
    "HEATING_ERG_S",
    "MIN_TEMPERATURE_K",
    "CoolingTable",
    "Curve",
    "check_curve",
    "cool",
    "cooling_function",
    "cooling_table",
    "cooling_time_myr",
    "equilibrium_temperature",
    "heating_rate",
    "mean_molecular_weight",
    "specific_energy",
    "temperature",
]

MIN_TEMPERATURE_K = 20.0
"""Gas does not cool below this; at the densities of a cloud, heating stops it before."""

MAX_TEMPERATURE_K = 1e10


def mean_molecular_weight(temperature_k: ArrayLike) -> NDArray[np.float64]:
    """Mean molecular weight: 1.27 in neutral, 0.59 in ionised gas.

    Parameters
    ----------
    temperature_k : array_like
        Temperature in K.

    Returns
    -------
    ndarray of float64
        Mass per particle in units of the hydrogen mass, changing smoothly
        around 10^4 K.
    """
    log_t = np.log10(np.asarray(temperature_k, dtype=np.float64))
    ionised = 0.5 * (1.0 + np.tanh((log_t - 4.05) / 0.1))
    return 1.0 / ((1.0 - ionised) / 1.27 + ionised / 0.59)


def specific_energy(temperature_k: ArrayLike, gamma: float = GAMMA) -> NDArray[np.float64]:
    """Specific internal energy at a temperature.

    Parameters
    ----------
    temperature_k : array_like
        Temperature in K.
    gamma : float
        Adiabatic index.

    Returns
    -------
    ndarray of float64
        Specific internal energy in (km/s)^2.
    """
    temperature = np.asarray(temperature_k, dtype=np.float64)
    mass = mean_molecular_weight(temperature) * HYDROGEN_MASS_G
    return BOLTZMANN_ERG_K * temperature / ((gamma - 1.0) * mass) / KMS_CM_S**2


def equilibrium_temperature(
    number_density: ArrayLike, metallicity: float = 1.0
) -> NDArray[np.float64]:
    """Temperature at which heating balances cooling.

    Parameters
    ----------
    number_density : array_like
        Hydrogen nuclei per cm^3.
    metallicity : float
        In units of the solar one.

    Returns
    -------
    ndarray of float64
        The lowest equilibrium temperature in K, not below
        `MIN_TEMPERATURE_K`: the cold phase where there is one.
    """
    temperature = np.geomspace(MIN_TEMPERATURE_K, 2e4, 4000)
    # n_eq(T) = Gamma/Lambda(T) is not monotonic: keep the first crossing, the cold phase.
    balance = heating_rate(metallicity) / cooling_function(temperature, metallicity)
    needed = np.atleast_1d(np.asarray(number_density, dtype=np.float64))
    cooler = np.minimum.accumulate(balance)
    index = np.searchsorted(-cooler, -needed)
    return temperature[np.minimum(index, len(temperature) - 1)].reshape(np.shape(number_density))


def cooling_time_myr(
    temperature_k: ArrayLike, number_density: ArrayLike, metallicity: float = 1.0
) -> NDArray[np.float64]:
    """Time in which gas would radiate its heat at its present rate.

    Parameters
    ----------
    temperature_k : array_like
        Temperature in K.
    number_density : array_like
        Hydrogen nuclei per cm^3.
    metallicity : float
        In units of the solar one.

    Returns
    -------
    ndarray of float64
        u / |du/dt| at constant density in Myr, heating left out.
    """
    rate = _specific_cooling(temperature_k, metallicity)
    density = np.asarray(number_density, dtype=np.float64) / NH_PER_DENSITY
    return specific_energy(temperature_k) / (rate * density)


def _specific_cooling(
    temperature_k: ArrayLike, metallicity: float, curve: Curve = "schure"
) -> NDArray[np.float64]:
    """-du/dt per mass density, in (km/s)^2 per Myr and Msun/pc^3: rho (X/m_H)^2 Lambda."""
    return (
        (HYDROGEN_FRACTION / HYDROGEN_MASS_G) ** 2
        * DENSITY_TO_CGS
        * cooling_function(temperature_k, metallicity, curve)
        / KMS_CM_S**2
        * MYR_S
    )


@dataclass(frozen=True)
class CoolingTable:
    """Tables for exact integration of cooling (Townsend 2009), on one device.

    All are on uniform grids in the logarithm, so that looking up is indexing.

    Parameters
    ----------
    log_u_first, log_u_step : float
        Grid of ln u, u in (km/s)^2.
    log_time : Tensor
        ln of the time to cool from u to the floor at unit density.
    log_time_first, log_time_step : float
        Grid of that logarithm.
    log_rate : Tensor
        ln of the cooling -du/dt at unit density on the same grid.
    log_u : Tensor
        Inverse of `log_time`: ln u on the grid of ln time.
    log_t : Tensor
        ln T [K] on the grid of ln u.
    log_n_first, log_n_step : float
        Grid of ln n_H.
    u_equilibrium : Tensor
        Specific energy of thermal equilibrium on the grid of ln n_H.
    u_floor : float
        Specific energy at `MIN_TEMPERATURE_K`.
    heating : float
        Heating rate in (km/s)^2 per Myr.
    """

    log_u_first: float
    log_u_step: float
    log_time: Tensor
    log_time_first: float
    log_time_step: float
    log_rate: Tensor
    log_u: Tensor
    log_t: Tensor
    log_n_first: float
    log_n_step: float
    u_equilibrium: Tensor
    u_floor: float
    heating: float


@lru_cache(maxsize=8)
def cooling_table(
    device: torch.device | None = None,
    dtype: torch.dtype = torch.float32,
    metallicity: float = 1.0,
    curve: Curve = "schure",
) -> CoolingTable:
    """Tabulate the cooling integral.

    Parameters
    ----------
    device : torch.device, optional
        Where the tables will be used; the CPU by default.
    dtype : torch.dtype
        Their precision.
    metallicity : float
        In units of the solar one.
    curve : {"schure", "sutherland"}
        Whose curve is used above 10^4.2 K.

    Returns
    -------
    CoolingTable
        The tables, made once for each device, precision, metallicity and
        curve.
    """
    temperature = np.geomspace(MIN_TEMPERATURE_K, MAX_TEMPERATURE_K, 20_001)
    u_fine = specific_energy(temperature)
    rate = _specific_cooling(temperature, metallicity, curve)
    slope = 0.5 * (1.0 / rate[1:] + 1.0 / rate[:-1]) * np.diff(u_fine)
    time_fine = np.concatenate(([0.0], np.cumsum(slope)))
    # The floor itself is at time zero, whose logarithm does not exist: start a little above it.
    log_u = np.linspace(np.log(u_fine[0] * 1.0005), np.log(u_fine[-1]), 8192)
    log_time = np.log(np.interp(np.exp(log_u), u_fine, time_fine))
    log_time_grid = np.linspace(log_time[0], log_time[-1], 16_384)
    log_u_inverse = np.interp(log_time_grid, log_time, log_u)
    log_t = np.interp(log_u, np.log(u_fine), np.log(temperature))
    log_n = np.linspace(np.log(1e-7), np.log(1e7), 4096)
    u_equilibrium = specific_energy(equilibrium_temperature(np.exp(log_n), metallicity))
    heating = heating_rate(metallicity) * HYDROGEN_FRACTION / HYDROGEN_MASS_G / KMS_CM_S**2 * MYR_S

    def tensor(values: NDArray[np.float64]) -> Tensor:
        return torch.as_tensor(values, device=device, dtype=dtype)

    return CoolingTable(
        log_u_first=float(log_u[0]),
        log_u_step=float(log_u[1] - log_u[0]),
        log_time=tensor(log_time),
        log_time_first=float(log_time_grid[0]),
        log_time_step=float(log_time_grid[1] - log_time_grid[0]),
        log_rate=tensor(np.interp(log_u, np.log(u_fine), np.log(rate))),
        log_u=tensor(log_u_inverse),
        log_t=tensor(log_t),
        log_n_first=float(log_n[0]),
        log_n_step=float(log_n[1] - log_n[0]),
        u_equilibrium=tensor(u_equilibrium),
        u_floor=float(u_fine[0]),
        heating=float(heating),
    )


def _place(table: Tensor, first: float, step: float, x: Tensor) -> tuple[Tensor, Tensor]:
    """Index and weight in tables on a uniform grid, clamped at its ends."""
    place = ((x - first) / step).clamp_(0.0, len(table) - 1.001)
    index = place.to(torch.int64)
    return index, place.sub_(index)


def _at(table: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """Linear interpolation in a table."""
    return torch.lerp(table[index], table[index + 1], weight)


def _look_up(table: Tensor, first: float, step: float, x: Tensor) -> Tensor:
    return _at(table, *_place(table, first, step, x))


def cool(density: Tensor, energy: Tensor, step_myr: float, table: CoolingTable) -> Tensor:
    """Cool and heat gas for one step at constant density.

    Gas above the equilibrium cools along the exact solution (Townsend 2009,
    eq. 26), the step shortened by the share of the cooling that heating makes
    up for at its beginning, and stops at the equilibrium; gas below it is
    heated, less what it radiates, and stops there as well. Any step is
    stable.

    Parameters
    ----------
    density : Tensor
        Mass density in Msun/pc^3.
    energy : Tensor
        Specific internal energy in (km/s)^2, of the same shape.
    step_myr : float
        Time step in Myr.
    table : CoolingTable
        From `cooling_table`.

    Returns
    -------
    Tensor
        Specific internal energy after the step.
    """
    log_u = torch.log(energy.clamp_min(table.u_floor))
    place = _place(table.log_time, table.log_u_first, table.log_u_step, log_u)
    log_time = _at(table.log_time, *place)
    # Heating over cooling.
    ratio = torch.exp(-_at(table.log_rate, *place)).mul_(table.heating).div_(density)
    shortened = (1.0 - ratio).clamp_min_(0.0).mul_(density).mul_(step_myr)
    remaining = (torch.exp(log_time) - shortened).clamp_min_(1e-30)
    # Both from the inverse table: with no time elapsed the energy is exactly unchanged.
    change = _look_up(
        table.log_u, table.log_time_first, table.log_time_step, torch.log(remaining)
    ) - _look_up(table.log_u, table.log_time_first, table.log_time_step, log_time)
    log_n = torch.log(density * NH_PER_DENSITY)
    balance = _look_up(table.u_equilibrium, table.log_n_first, table.log_n_step, log_n)
    above = torch.maximum(energy * torch.exp(change), balance)
    heat = table.heating * step_myr
    below = torch.minimum(energy + heat * (1.0 - 1.0 / ratio).clamp_min_(0.0), balance)
    return torch.where(energy > balance, above, below)


def temperature(energy: Tensor, table: CoolingTable) -> Tensor:
    """Temperature of gas of a given specific internal energy.

    Parameters
    ----------
    energy : Tensor
        Specific internal energy in (km/s)^2.
    table : CoolingTable
        From `cooling_table`.

    Returns
    -------
    Tensor
        Temperature in K.
    """
    log_u = torch.log(energy.clamp_min(1e-12))
    inside = _look_up(table.log_t, table.log_u_first, table.log_u_step, log_u)
    below = log_u - table.log_u_first  # T is proportional to u where mu is constant
    return torch.exp(inside + below.clamp_max(0.0))
