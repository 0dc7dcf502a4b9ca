"""Radiative cooling and heating of the interstellar medium.

The cooling function Lambda(T), in erg cm^3/s per n_H^2, is that of Koyama &
Inutsuka (2002; with the typographical error of their fit corrected as in
Vazquez-Semadeni et al. 2007) up to 10^4 K and that of Schure et al. (2009,
A&A 508, 751, Table 2, Lambda_hd) above 10^4.2 K, blended between. Heating is
the photoelectric rate of Koyama & Inutsuka, 2e-26 erg/s per hydrogen nucleus.

With the metallicity scale: the fine-structure lines (the second term of
Koyama & Inutsuka's fit), what Schure et al. have above gas of hydrogen and
helium alone (`core.simulate.atomic`), and the heating, whose electrons come
from dust. What does not: Lyman alpha (their first term), hydrogen and helium.
The ionisation is that of solar gas throughout.
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
from core.errors import InvalidRequest
from core.simulate.atomic import primordial_cooling

HEATING_ERG_S = 2e-26
"""Photoelectric heating per hydrogen nucleus in erg/s (Koyama & Inutsuka 2002), solar dust."""

MIN_TEMPERATURE_K = 20.0
"""Gas does not cool below this; at the densities of a cloud, heating stops it before."""

MAX_TEMPERATURE_K = 1e10

MIN_METALLICITY, MAX_METALLICITY = 1e-3, 10.0
"""Beyond these the curves mean little: no dust that heats, or no gas but metals."""

_SCHURE_FIRST_LOG_T, _SCHURE_STEP = 3.80, 0.04
# log10 of Lambda_hd [erg cm^3/s], every 0.04 dex from 10^3.80 to 10^8.16 K: per n_H^2, which is
# their Lambda_N times n_e/n_H.
# fmt: off
_SCHURE_LOG_LAMBDA = np.array((
    -30.6104, -29.4107, -28.4601, -27.5743, -26.3766, -25.2890, -24.2684, -23.3834,
    -22.5977, -21.9689, -21.5972, -21.4615, -21.4789, -21.5497, -21.6211, -21.6595,
    -21.6426, -21.5688, -21.4771, -21.3755, -21.2693, -21.1644, -21.0658, -20.9778,
    -20.8986, -20.8281, -20.7700, -20.7223, -20.6888, -20.6739, -20.6815, -20.7051,
    -20.7229, -20.7208, -20.7058, -20.6896, -20.6797, -20.6749, -20.6709, -20.6748,
    -20.7089, -20.8031, -20.9647, -21.1482, -21.2932, -21.3767, -21.4129, -21.4291,
    -21.4538, -21.5055, -21.5740, -21.6300, -21.6615, -21.6766, -21.6886, -21.7073,
    -21.7304, -21.7491, -21.7607, -21.7701, -21.7877, -21.8243, -21.8875, -21.9738,
    -22.0671, -22.1537, -22.2265, -22.2821, -22.3213, -22.3462, -22.3587, -22.3622,
    -22.3590, -22.3512, -22.3420, -22.3342, -22.3312, -22.3346, -22.3445, -22.3595,
    -22.3780, -22.4007, -22.4289, -22.4625, -22.4995, -22.5353, -22.5659, -22.5895,
    -22.6059, -22.6161, -22.6208, -22.6213, -22.6184, -22.6126, -22.6045, -22.5945,
    -22.5831, -22.5707, -22.5573, -22.5434, -22.5287, -22.5140, -22.4992, -22.4844,
    -22.4695, -22.4543, -22.4392, -22.4237, -22.4087, -22.3928,
))
# fmt: on


def cooling_function(temperature_k: ArrayLike, metallicity: float = 1.0) -> NDArray[np.float64]:
    """Cooling function Lambda(T).

    Parameters
    ----------
    temperature_k : array_like
        Temperature in K.
    metallicity : float
        In units of the solar one.

    Returns
    -------
    ndarray of float64
        Lambda in erg cm^3/s, per n_H^2.

    Raises
    ------
    InvalidRequest
        If the metallicity is beyond 0.001–10.
    """
    _check_metallicity(metallicity)
    temperature = np.asarray(temperature_k, dtype=np.float64)
    log_t = np.log10(temperature)
    lyman = HEATING_ERG_S * 1e7 * np.exp(-1.184e5 / (temperature + 1000.0))
    lines = HEATING_ERG_S * 1.4e-2 * np.sqrt(temperature) * np.exp(-92.0 / temperature)
    cold = lyman + metallicity * lines
    grid = _SCHURE_FIRST_LOG_T + _SCHURE_STEP * np.arange(len(_SCHURE_LOG_LAMBDA))
    # Above the table the emission is bremsstrahlung, proportional to sqrt(T).
    beyond = 0.5 * np.maximum(log_t - grid[-1], 0.0)
    hot = 10.0 ** (np.interp(log_t, grid, _SCHURE_LOG_LAMBDA) + beyond)
    if metallicity != 1.0:
        metals = np.maximum(hot - primordial_cooling(temperature), 0.0)
        hot = hot + (metallicity - 1.0) * metals
    weight = np.clip((log_t - 4.0) / 0.2, 0.0, 1.0)
    return 10.0 ** ((1.0 - weight) * np.log10(cold) + weight * np.log10(hot))


def heating_rate(metallicity: float = 1.0) -> float:
    """Photoelectric heating.

    Parameters
    ----------
    metallicity : float
        In units of the solar one; the dust is taken to follow it.

    Returns
    -------
    float
        erg/s per hydrogen nucleus.
    """
    _check_metallicity(metallicity)
    return HEATING_ERG_S * metallicity


def _check_metallicity(metallicity: float) -> None:
    if not MIN_METALLICITY <= metallicity <= MAX_METALLICITY:
        raise InvalidRequest(
            f"The metallicity must lie between {MIN_METALLICITY:g} and {MAX_METALLICITY:g} "
            f"times the solar one, not at {metallicity:g}."
        )


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


def _specific_cooling(temperature_k: ArrayLike, metallicity: float) -> NDArray[np.float64]:
    """-du/dt per mass density, in (km/s)^2 per Myr and Msun/pc^3: rho (X/m_H)^2 Lambda."""
    return (
        (HYDROGEN_FRACTION / HYDROGEN_MASS_G) ** 2
        * DENSITY_TO_CGS
        * cooling_function(temperature_k, metallicity)
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

    Returns
    -------
    CoolingTable
        The tables, made once for each device, precision and metallicity.
    """
    temperature = np.geomspace(MIN_TEMPERATURE_K, MAX_TEMPERATURE_K, 20_001)
    u_fine = specific_energy(temperature)
    rate = _specific_cooling(temperature, metallicity)
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
