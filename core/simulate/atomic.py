"""Gas of hydrogen and helium alone: ionisation equilibrium and cooling.

Rates of Katz, Weinberg & Hernquist (1996, ApJS 105, 19; tables 1 and 2, after
Black 1981 and Cen 1992) in collisional equilibrium, without radiation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.constants import HYDROGEN_FRACTION

HELIUM_PER_HYDROGEN = (1.0 - HYDROGEN_FRACTION) / (4.0 * HYDROGEN_FRACTION)
"""Helium nuclei per hydrogen nucleus."""

_H_LIMIT, _HE_LIMIT, _HE_PLUS_LIMIT = 157_809.1, 285_335.4, 631_515.0
"""Ionisation energies over Boltzmann's constant in K."""


def electrons_per_hydrogen(temperature_k: ArrayLike) -> NDArray[np.float64]:
    """Electrons of hydrogen and helium in collisional equilibrium.

    Parameters
    ----------
    temperature_k : array_like
        Temperature in K.

    Returns
    -------
    ndarray of float64
        Per hydrogen nucleus: none in cold gas, 1.16 in hot.
    """
    return _balance(np.asarray(temperature_k, dtype=np.float64)).electrons


def primordial_cooling(temperature_k: ArrayLike) -> NDArray[np.float64]:
    """Cooling function of gas without metals.

    Parameters
    ----------
    temperature_k : array_like
        Temperature in K.

    Returns
    -------
    ndarray of float64
        Lambda in erg cm^3/s, per n_H^2: collisional excitation and
        ionisation, recombination and bremsstrahlung.
    """
    t = np.asarray(temperature_k, dtype=np.float64)
    root, radiative, slow, dielectronic = _factors(t)
    h_neutral, h_plus, he_neutral, he_plus, he_plus2, electrons = _balance(t)
    excitation = (
        7.5e-19 * np.exp(-118_348.0 / t) * slow * h_neutral
        + 5.54e-17 * t**-0.397 * np.exp(-473_638.0 / t) * slow * he_plus
    )
    ionisation = (
        1.27e-21 * root * np.exp(-_H_LIMIT / t) * slow * h_neutral
        + 9.38e-22 * root * np.exp(-_HE_LIMIT / t) * slow * he_neutral
        + 4.95e-22 * root * np.exp(-_HE_PLUS_LIMIT / t) * slow * he_plus
    )
    recombination = (
        8.7e-27 * root * radiative * h_plus
        + (1.55e-26 * t**0.3647 + 1.24e-13 * dielectronic) * he_plus
        + 3.48e-26 * root * radiative * he_plus2
    )
    gaunt = 1.1 + 0.34 * np.exp(-((5.5 - np.log10(t)) ** 2) / 3.0)
    bremsstrahlung = 1.42e-27 * gaunt * root * (h_plus + he_plus + 4.0 * he_plus2)
    return electrons * (excitation + ionisation + recombination + bremsstrahlung)


class _Balance(NamedTuple):
    """Abundances per hydrogen nucleus."""

    h_neutral: NDArray[np.float64]
    h_plus: NDArray[np.float64]
    he_neutral: NDArray[np.float64]
    he_plus: NDArray[np.float64]
    he_plus2: NDArray[np.float64]
    electrons: NDArray[np.float64]


def _factors(t: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Terms that several rates share."""
    slow = 1.0 / (1.0 + np.sqrt(t / 1e5))  # Cen's correction at high temperatures
    radiative = (t / 1e3) ** -0.2 / (1.0 + (t / 1e6) ** 0.7)
    dielectronic = np.exp(-4.7e5 / t) * (1.0 + 0.3 * np.exp(-9.4e4 / t)) * t**-1.5
    return np.sqrt(t), radiative, slow, dielectronic


def _balance(t: NDArray[np.float64]) -> _Balance:
    """Collisional ionisation against recombination; electrons drop out of it."""
    root, radiative, slow, dielectronic = _factors(t)
    ionise_h = 5.85e-11 * root * np.exp(-_H_LIMIT / t) * slow
    ionise_he = 2.38e-11 * root * np.exp(-_HE_LIMIT / t) * slow
    ionise_he_plus = 5.68e-12 * root * np.exp(-_HE_PLUS_LIMIT / t) * slow
    recombine_h = 8.4e-11 / root * radiative
    recombine_he_plus = 1.5e-10 * t**-0.6353 + 1.9e-3 * dielectronic
    recombine_he_plus2 = 3.36e-10 / root * radiative
    h_plus = ionise_h / (ionise_h + recombine_h)
    h_neutral = recombine_h / (ionise_h + recombine_h)
    once = ionise_he / recombine_he_plus
    twice = once * ionise_he_plus / recombine_he_plus2
    helium = HELIUM_PER_HYDROGEN / (1.0 + once + twice)
    electrons = h_plus + helium * (once + 2.0 * twice)
    return _Balance(h_neutral, h_plus, helium, helium * once, helium * twice, electrons)
