"""Gas of hydrogen and helium alone: ionisation equilibrium and cooling.

Rates of Katz, Weinberg & Hernquist (1996, ApJS 105, 19; tables 1 and 2, after
Black 1981 and Cen 1992) in collisional equilibrium, without radiation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.constants import HYDROGEN_FRACTION

HELIUM_PER_HYDROGEN = (1.0 - HYDROGEN_FRACTION) / (4.0 * HYDROGEN_FRACTION)
"""Helium nuclei per hydrogen nucleus."""


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
    root, t3, t5, t6 = np.sqrt(t), t / 1e3, t / 1e5, t / 1e6
    slow = 1.0 / (1.0 + np.sqrt(t5))  # Cen's correction at high temperatures
    radiative = t3**-0.2 / (1.0 + t6**0.7)
    dielectronic = np.exp(-4.7e5 / t) * (1.0 + 0.3 * np.exp(-9.4e4 / t)) * t**-1.5
    h_limit, he_limit, hep_limit = 157_809.1, 285_335.4, 631_515.0  # ionisation energies in K

    # Ionisation balance: electrons drop out of it.
    ionise_h = 5.85e-11 * root * np.exp(-h_limit / t) * slow
    ionise_he = 2.38e-11 * root * np.exp(-he_limit / t) * slow
    ionise_hep = 5.68e-12 * root * np.exp(-hep_limit / t) * slow
    recombine_h = 8.4e-11 / root * radiative
    recombine_hep = 1.5e-10 * t**-0.6353 + 1.9e-3 * dielectronic
    recombine_hepp = 3.36e-10 / root * radiative
    h_plus = ionise_h / (ionise_h + recombine_h)
    h_neutral = recombine_h / (ionise_h + recombine_h)
    # Relative to neutral helium, with logarithms' room: the ratios span fifty decades.
    first = ionise_he / recombine_hep
    second = first * ionise_hep / recombine_hepp
    helium = HELIUM_PER_HYDROGEN / (1.0 + first + second)
    he_neutral, he_plus, he_plus2 = helium, helium * first, helium * second
    electrons = h_plus + he_plus + 2.0 * he_plus2

    excitation = (
        7.5e-19 * np.exp(-118_348.0 / t) * slow * h_neutral
        + 5.54e-17 * t**-0.397 * np.exp(-473_638.0 / t) * slow * he_plus
    )
    ionisation = (
        1.27e-21 * root * np.exp(-h_limit / t) * slow * h_neutral
        + 9.38e-22 * root * np.exp(-he_limit / t) * slow * he_neutral
        + 4.95e-22 * root * np.exp(-hep_limit / t) * slow * he_plus
    )
    recombination = (
        8.7e-27 * root * radiative * h_plus
        + (1.55e-26 * t**0.3647 + 1.24e-13 * dielectronic) * he_plus
        + 3.48e-26 * root * radiative * he_plus2
    )
    gaunt = 1.1 + 0.34 * np.exp(-((5.5 - np.log10(t)) ** 2) / 3.0)
    bremsstrahlung = 1.42e-27 * gaunt * root * (h_plus + he_plus + 4.0 * he_plus2)
    return electrons * (excitation + ionisation + recombination + bremsstrahlung)
