"""Radiative cooling and heating of the interstellar medium at solar metallicity.

The cooling function Lambda(T), in erg cm^3/s per n_H^2, is that of Koyama &
Inutsuka (2002; with the typographical error of their fit corrected as in
Vazquez-Semadeni et al. 2007) up to 10^4 K and that of Schure et al. (2009,
A&A 508, 751, Table 2) above 10^4.2 K, blended between. Heating is the
photoelectric rate of Koyama & Inutsuka, 2e-26 erg/s per hydrogen nucleus.
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

HEATING_ERG_S = 2e-26
"""Photoelectric heating per hydrogen nucleus in erg/s (Koyama & Inutsuka 2002)."""

MIN_TEMPERATURE_K = 20.0
"""Gas does not cool below this; at the densities of a cloud, heating stops it before."""

MAX_TEMPERATURE_K = 1e10

_SCHURE_FIRST_LOG_T, _SCHURE_STEP = 3.80, 0.04
# log10 of Lambda_N [erg cm^3/s], every 0.04 dex from 10^3.80 to 10^8.16 K. Per n_e n_H: taken
# as per n_H^2, since n_e/n_H stays between 1 and 1.2 where the gas is ionised.
# fmt: off
_SCHURE_LOG_LAMBDA = np.array((
    -25.7331, -25.0383, -24.4059, -23.8288, -23.3027, -22.8242, -22.3917, -22.0067,
    -21.6818, -21.4529, -21.3246, -21.3459, -21.4305, -21.5293, -21.6138, -21.6615,
    -21.6551, -21.5919, -21.5092, -21.4124, -21.3085, -21.2047, -21.1067, -21.0194,
    -20.9413, -20.8735, -20.8205, -20.7805, -20.7547, -20.7455, -20.7565, -20.7820,
    -20.8008, -20.7994, -20.7847, -20.7687, -20.7590, -20.7544, -20.7505, -20.7545,
    -20.7888, -20.8832, -21.0450, -21.2286, -21.3737, -21.4573, -21.4935, -21.5098,
    -21.5345, -21.5863, -21.6548, -21.7108, -21.7424, -21.7576, -21.7696, -21.7883,
    -21.8115, -21.8303, -21.8419, -21.8514, -21.8690, -21.9057, -21.9690, -22.0554,
    -22.1488, -22.2355, -22.3084, -22.3641, -22.4033, -22.4282, -22.4408, -22.4443,
    -22.4411, -22.4334, -22.4242, -22.4164, -22.4134, -22.4168, -22.4267, -22.4418,
    -22.4603, -22.4830, -22.5112, -22.5449, -22.5819, -22.6177, -22.6483, -22.6719,
    -22.6883, -22.6985, -22.7032, -22.7037, -22.7008, -22.6950, -22.6869, -22.6769,
    -22.6655, -22.6531, -22.6397, -22.6258, -22.6111, -22.5964, -22.5816, -22.5668,
    -22.5519, -22.5367, -22.5216, -22.5062, -22.4912, -22.4753,
))
# fmt: on


def cooling_function(temperature_k: ArrayLike) -> NDArray[np.float64]:
    """Cooling function Lambda(T).

    Parameters
    ----------
    temperature_k : array_like
        Temperature in K.

    Returns
    -------
    ndarray of float64
        Lambda in erg cm^3/s, per n_H^2.
    """
    temperature = np.asarray(temperature_k, dtype=np.float64)
    log_t = np.log10(temperature)
    cold = HEATING_ERG_S * (
        1e7 * np.exp(-1.184e5 / (temperature + 1000.0))
        + 1.4e-2 * np.sqrt(temperature) * np.exp(-92.0 / temperature)
    )
    grid = _SCHURE_FIRST_LOG_T + _SCHURE_STEP * np.arange(len(_SCHURE_LOG_LAMBDA))
    # Above the table the emission is bremsstrahlung, proportional to sqrt(T).
    beyond = 0.5 * np.maximum(log_t - grid[-1], 0.0)
    hot = np.interp(log_t, grid, _SCHURE_LOG_LAMBDA) + beyond
    weight = np.clip((log_t - 4.0) / 0.2, 0.0, 1.0)
    return 10.0 ** ((1.0 - weight) * np.log10(cold) + weight * hot)


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


def equilibrium_temperature(number_density: ArrayLike) -> NDArray[np.float64]:
    """Temperature at which heating balances cooling.

    Parameters
    ----------
    number_density : array_like
        Hydrogen nuclei per cm^3.

    Returns
    -------
    ndarray of float64
        The lowest equilibrium temperature in K, not below
        `MIN_TEMPERATURE_K`: the cold phase where there is one.
    """
    temperature = np.geomspace(MIN_TEMPERATURE_K, 2e4, 4000)
    # n_eq(T) = Gamma/Lambda(T) is not monotonic: keep the first crossing, the cold phase.
    balance = HEATING_ERG_S / cooling_function(temperature)
    needed = np.atleast_1d(np.asarray(number_density, dtype=np.float64))
    cooler = np.minimum.accumulate(balance)
    index = np.searchsorted(-cooler, -needed)
    return temperature[np.minimum(index, len(temperature) - 1)].reshape(np.shape(number_density))


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
    log_u : Tensor
        Its inverse: ln u on the grid of ln time.
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
    log_u: Tensor
    log_t: Tensor
    log_n_first: float
    log_n_step: float
    u_equilibrium: Tensor
    u_floor: float
    heating: float


@lru_cache(maxsize=8)
def cooling_table(
    device: torch.device | None = None, dtype: torch.dtype = torch.float32
) -> CoolingTable:
    """Tabulate the cooling integral.

    Parameters
    ----------
    device : torch.device, optional
        Where the tables will be used; the CPU by default.
    dtype : torch.dtype
        Their precision.

    Returns
    -------
    CoolingTable
        The tables, made once for each device and precision.
    """
    temperature = np.geomspace(MIN_TEMPERATURE_K, MAX_TEMPERATURE_K, 20_001)
    u_fine = specific_energy(temperature)
    # du/dt = -rho (X/m_H)^2 Lambda, per (Msun/pc^3) and Myr.
    rate = (
        (HYDROGEN_FRACTION / HYDROGEN_MASS_G) ** 2
        * DENSITY_TO_CGS
        * cooling_function(temperature)
        / KMS_CM_S**2
        * MYR_S
    )
    slope = 0.5 * (1.0 / rate[1:] + 1.0 / rate[:-1]) * np.diff(u_fine)
    time_fine = np.concatenate(([0.0], np.cumsum(slope)))
    # The floor itself is at time zero, whose logarithm does not exist: start a little above it.
    log_u = np.linspace(np.log(u_fine[0] * 1.0005), np.log(u_fine[-1]), 8192)
    log_time = np.log(np.interp(np.exp(log_u), u_fine, time_fine))
    log_time_grid = np.linspace(log_time[0], log_time[-1], 16_384)
    log_u_inverse = np.interp(log_time_grid, log_time, log_u)
    log_t = np.interp(log_u, np.log(u_fine), np.log(temperature))
    log_n = np.linspace(np.log(1e-7), np.log(1e7), 4096)
    u_equilibrium = specific_energy(equilibrium_temperature(np.exp(log_n)))
    heating = HEATING_ERG_S * HYDROGEN_FRACTION / HYDROGEN_MASS_G / KMS_CM_S**2 * MYR_S

    def tensor(values: NDArray[np.float64]) -> Tensor:
        return torch.as_tensor(values, device=device, dtype=dtype)

    return CoolingTable(
        log_u_first=float(log_u[0]),
        log_u_step=float(log_u[1] - log_u[0]),
        log_time=tensor(log_time),
        log_time_first=float(log_time_grid[0]),
        log_time_step=float(log_time_grid[1] - log_time_grid[0]),
        log_u=tensor(log_u_inverse),
        log_t=tensor(log_t),
        log_n_first=float(log_n[0]),
        log_n_step=float(log_n[1] - log_n[0]),
        u_equilibrium=tensor(u_equilibrium),
        u_floor=float(u_fine[0]),
        heating=float(heating),
    )


def _look_up(table: Tensor, first: float, step: float, x: Tensor) -> Tensor:
    """Linear interpolation in a table on a uniform grid, clamped at its ends."""
    place = ((x - first) / step).clamp(0.0, len(table) - 1.001)
    index = place.to(torch.int64)
    weight = place - index
    return torch.lerp(table[index], table[index + 1], weight)


def cool(density: Tensor, energy: Tensor, step_myr: float, table: CoolingTable) -> Tensor:
    """Cool and heat gas for one step at constant density.

    Gas above the cold equilibrium cools along the exact solution (Townsend
    2009, eq. 26), receives the part of the step's heating that it would not
    radiate at once, and never falls below the equilibrium; gas below it is
    heated and stops there. Any step is stable, and both the cold and the
    warm phase are kept.

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
    log_time = _look_up(table.log_time, table.log_u_first, table.log_u_step, log_u)
    time = torch.exp(log_time)
    remaining = (time - density * step_myr).clamp_min(1e-30)
    # Both from the inverse table: with no time elapsed the energy is exactly unchanged.
    change = _look_up(
        table.log_u, table.log_time_first, table.log_time_step, torch.log(remaining)
    ) - _look_up(table.log_u, table.log_time_first, table.log_time_step, log_time)
    cooled = energy * torch.exp(change)
    log_n = torch.log(density * NH_PER_DENSITY)
    balance = _look_up(table.u_equilibrium, table.log_n_first, table.log_n_step, log_n)
    heat = table.heating * step_myr
    above = torch.maximum(cooled * (1.0 + heat / energy), balance)
    below = torch.minimum(energy + heat, balance)
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
