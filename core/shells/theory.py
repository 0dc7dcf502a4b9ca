"""The stages of a blast wave in uniform gas, each with its formulae and their sources.

First the adiabatic stage of Sedov and Taylor, then the pressure-driven snowplough
after the shell has cooled, then the momentum-conserving snowplough when the
inside has no pressure left; `core.shells.remnant` joins them. Radii are those
of the shock.

Sources, by the short names used below:

KO15
    Kim & Ostriker 2015, ApJ 802, 99.
CMB88
    Cioffi, McKee & Bertschinger 1988, ApJ 334, 252.
T98
    Thornton, Gaudlitz, Janka & Steinmetz 1998, ApJ 500, 95.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.constants import ERG_TO_CODE, GAMMA, NH_PER_DENSITY, PC_PER_KMS_MYR
from core.errors import InvalidRequest

MIN_METALLICITY = 0.01
"""Below this metals no longer cool the gas noticeably (T98)."""


# ---------------------------------------------------------------- the adiabatic stage


@lru_cache(maxsize=16)
def sedov_constant(gamma: float = GAMMA) -> float:
    """Compute xi_0 of R = (xi_0 E t^2/rho)^(1/5).

    The energy integral of the self-similar solution in closed form (Landau &
    Lifshitz, *Fluid Mechanics*, section 106).

    Parameters
    ----------
    gamma : float
        Adiabatic index, between 1 and 2.

    Returns
    -------
    float
        2.026 for 5/3 (KO15, section 2), 1.175 for 7/5.

    Raises
    ------
    InvalidRequest
        If gamma is not between 1 and 2.
    """
    if not 1.0 < gamma < 2.0:
        raise InvalidRequest(f"The adiabatic index must be between 1 and 2, not {gamma}.")
    g = gamma
    power_1 = -(13 * g**2 - 7 * g + 12) / ((3 * g - 1) * (2 * g + 1))
    power_2 = 5 * (g - 1) / (2 * g + 1)
    power_3, power_4, power_5 = 3 / (2 * g + 1), -power_1 / (2 - g), -2 / (2 - g)
    # V runs from the centre to the shock; dense near the centre, where xi goes to 0 slowly.
    fraction = np.concatenate(([0.0], np.geomspace(1e-12, 1.0, 20_000)))
    v = 1 / g + (2 / (g + 1) - 1 / g) * fraction
    inner = (g + 1) / (g - 1) * (g * v - 1)
    outer = (g + 1) / (7 - g) * (5 - (3 * g - 1) * v)
    still = (g + 1) / (g - 1) * (1 - v)
    inner[0] = 0.0
    xi = (((g + 1) * v / 2) ** -2 * outer**power_1 * inner**power_2) ** 0.2
    density = (g + 1) / (g - 1) * inner**power_3 * outer**power_4 * still**power_5
    with np.errstate(divide="ignore", invalid="ignore"):
        sound = g * (g - 1) * (1 - v) * v**2 / (2 * (g * v - 1))
        energy = density * (v**2 / 2 + sound / (g * (g - 1))) * xi**4
    energy[0] = 0.0
    return 25.0 / (16.0 * math.pi * float(np.trapezoid(energy, xi)))


def sedov_radius_pc(
    times_myr: ArrayLike, density: float, energy_erg: float = 1e51, gamma: float = GAMMA
) -> NDArray[np.float64]:
    """Radius of an adiabatic blast wave, R = (xi_0 E t^2/rho)^(1/5) (Sedov 1959; KO15, sec. 2).

    Parameters
    ----------
    times_myr : array_like of float
        Times since the explosion in Myr.
    density : float
        Mass density of the gas in Msun/pc^3.
    energy_erg : float
        Energy of the explosion in erg.
    gamma : float
        Adiabatic index.

    Returns
    -------
    ndarray of float64
        Radius of the shock in pc.
    """
    # Msun (km/s)^2 times Myr^2 is Msun pc^2 after two conversions of a velocity.
    energy = energy_erg * ERG_TO_CODE * PC_PER_KMS_MYR**2
    times = np.asarray(times_myr, dtype=np.float64)
    return np.asarray((sedov_constant(gamma) * energy * times**2 / density) ** 0.2)


# ---------------------------------------------------------------- the end of that stage


def shell_formation_time_myr(
    density: float, energy_erg: float = 1e51, metallicity: float = 1.0
) -> float:
    """Time at which the shocked gas has cooled into a shell.

    Parameters
    ----------
    density : float
        Mass density of the gas in Msun/pc^3.
    energy_erg : float
        Energy of the explosion in erg.
    metallicity : float
        In solar units; below `MIN_METALLICITY` counts as that.

    Returns
    -------
    float
        0.044 Myr E51^0.22 n^-0.55 (KO15, eq. 7), times Z^(-5/14) (CMB88).
    """
    n_h, e51 = density * NH_PER_DENSITY, energy_erg / 1e51
    return 0.044 * e51**0.22 * n_h**-0.55 * _metals(metallicity) ** (-5.0 / 14.0)


def shell_formation_radius_pc(
    density: float, energy_erg: float = 1e51, metallicity: float = 1.0
) -> float:
    """Radius of the shock when the shell forms: the Sedov radius at that time.

    Parameters
    ----------
    density, energy_erg, metallicity
        As for `shell_formation_time_myr`.

    Returns
    -------
    float
        Radius in pc: 22.9 E51^0.29 n^-0.42 Z^(-1/7) with the mass per
        hydrogen nucleus used here, 1.32 m_H; 22.6 with the 1.43 of KO15 (eq. 8).
    """
    time = shell_formation_time_myr(density, energy_erg, metallicity)
    return float(sedov_radius_pc(time, density, energy_erg))


def shell_formation_momentum(
    density: float, energy_erg: float = 1e51, metallicity: float = 1.0
) -> float:
    """Radial momentum when the shell forms.

    Parameters
    ----------
    density, energy_erg, metallicity
        As for `shell_formation_time_myr`.

    Returns
    -------
    float
        2.17e5 Msun km/s E51^0.93 n^-0.13 (KO15, section 2), times Z^(-3/14) (CMB88).
    """
    n_h, e51 = density * NH_PER_DENSITY, energy_erg / 1e51
    return 2.17e5 * e51**0.93 * n_h**-0.13 * _metals(metallicity) ** (-3.0 / 14.0)


def final_momentum(density: float, energy_erg: float = 1e51, metallicity: float = 1.0) -> float:
    """Radial momentum when the inside pushes no longer.

    Parameters
    ----------
    density, energy_erg, metallicity
        As for `shell_formation_time_myr`.

    Returns
    -------
    float
        2.95e5 Msun km/s n^-0.16, measured by KO15 in uniform gas of 0.1 to
        100 nuclei per cm^3 (5 per cent more than in two-phase gas, their
        eq. 34). Energy and metallicity enter as at shell formation, which
        KO15 did not test.
    """
    n_h, e51 = density * NH_PER_DENSITY, energy_erg / 1e51
    return 2.95e5 * e51**0.93 * n_h**-0.16 * _metals(metallicity) ** (-3.0 / 14.0)


# ---------------------------------------------------------------- the snowploughs


def pressure_driven_radius_pc(
    times_myr: ArrayLike, density: float, energy_erg: float = 1e51, metallicity: float = 1.0
) -> NDArray[np.float64]:
    """Radius of the pressure-driven snowplough, R = r_sf (t/t_sf)^(2/7).

    The inside expands adiabatically and pushes the cold shell (McKee &
    Ostriker 1977, ApJ 218, 148; KO15, section 2).

    Parameters
    ----------
    times_myr : array_like of float
        Times since the explosion in Myr, after shell formation.
    density, energy_erg, metallicity
        As for `shell_formation_time_myr`.

    Returns
    -------
    ndarray of float64
        Radius of the shell in pc.
    """
    start = shell_formation_time_myr(density, energy_erg, metallicity)
    radius = shell_formation_radius_pc(density, energy_erg, metallicity)
    return np.asarray(radius * (np.asarray(times_myr, dtype=np.float64) / start) ** (2.0 / 7.0))


def cioffi_radius_pc(
    times_myr: ArrayLike, density: float, energy_erg: float = 1e51, metallicity: float = 1.0
) -> NDArray[np.float64]:
    """Radius of the pressure-driven snowplough of CMB88, as an offset power law.

    R = R_pds (4/3 t/t_pds - 1/3)^(3/10) with R_pds = 14.0 pc E51^(2/7)
    n^(-3/7) Z^(-1/7) and t_pds = 0.0133 Myr E51^(3/14) n^(-4/7) Z^(-5/14)
    (their section III); t_pds is the *beginning* of cooling, a third of the
    time of shell formation.

    Parameters
    ----------
    times_myr : array_like of float
        Times since the explosion in Myr; Sedov's solution before t_pds.
    density, energy_erg, metallicity
        As for `shell_formation_time_myr`.

    Returns
    -------
    ndarray of float64
        Radius of the shell in pc.
    """
    n_h, e51, metals = density * NH_PER_DENSITY, energy_erg / 1e51, _metals(metallicity)
    start = 0.0133 * e51 ** (3 / 14) * n_h ** (-4 / 7) * metals ** (-5 / 14)
    radius = 14.0 * e51 ** (2 / 7) * n_h ** (-3 / 7) * metals ** (-1 / 7)
    age = np.asarray(times_myr, dtype=np.float64) / start
    later = radius * np.maximum(4 / 3 * age - 1 / 3, 0.0) ** 0.3
    return np.where(age < 1.0, radius * age**0.4, later)


def momentum_conserving_radius_pc(
    times_myr: ArrayLike, density: float, momentum: float, start_myr: float, start_pc: float
) -> NDArray[np.float64]:
    """Radius of a cold shell that keeps its momentum; R goes as t^(1/4) in the end.

    p = 4/3 pi rho R^3 dR/dt is constant, hence R^4 grows linearly with time
    (Oort 1951).

    Parameters
    ----------
    times_myr : array_like of float
        Times since the explosion in Myr.
    density : float
        Mass density of the gas in Msun/pc^3.
    momentum : float
        Radial momentum in Msun km/s.
    start_myr, start_pc : float
        A time and the radius at it.

    Returns
    -------
    ndarray of float64
        Radius of the shell in pc.
    """
    since = np.maximum(np.asarray(times_myr, dtype=np.float64) - start_myr, 0.0)
    growth = 3.0 * momentum * PC_PER_KMS_MYR / (math.pi * density)
    return np.asarray((start_pc**4 + growth * since) ** 0.25)


def _metals(metallicity: float) -> float:
    return max(metallicity, MIN_METALLICITY)
