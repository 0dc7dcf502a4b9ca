"""Published curves of the cooling and heating of the interstellar medium.

The cooling function Lambda(T), in erg cm^3/s per n_H^2, is that of Koyama &
Inutsuka (2002; with the typographical error of their fit corrected as in
Vazquez-Semadeni et al. 2007) up to 10^4 K and that of Schure et al. (2009,
A&A 508, 751, Table 2, Lambda_hd) above 10^4.2 K, blended between. Instead of
the latter the curve of Sutherland & Dopita (1993, ApJS 88, 253, Table 6) can
be taken, lower by about a third, which Kim & Ostriker (2015) used. Heating is
the photoelectric rate of Koyama & Inutsuka, 2e-26 erg/s per hydrogen nucleus.

With the metallicity scale: the fine-structure lines (the second term of
Koyama & Inutsuka's fit), what the hot curve has above gas of hydrogen and
helium alone (`core.simulate.atomic`), and the heating, whose electrons come
from dust. What does not: Lyman alpha (their first term), hydrogen and helium.
The ionisation is that of solar gas throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidRequest
from core.simulate.atomic import HELIUM_PER_HYDROGEN, electrons_per_hydrogen, primordial_cooling

Curve = Literal["schure", "sutherland"]
"""Whose cooling function is used above 10^4.2 K."""

HEATING_ERG_S = 2e-26
"""Photoelectric heating per hydrogen nucleus in erg/s (Koyama & Inutsuka 2002), solar dust."""

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

# log10 of Lambda_N [erg cm^3/s] of solar gas in collisional equilibrium, every 0.05 dex from 10^4
# to 10^8.5 K: per electron and ion.
# fmt: off
_SUTHERLAND_LOG_LAMBDA = np.array((
    -23.06, -22.46, -22.17, -21.92, -21.79, -21.80, -21.86, -21.90, -21.88, -21.82,
    -21.73, -21.63, -21.53, -21.42, -21.32, -21.22, -21.14, -21.07, -21.01, -20.98,
    -20.99, -21.02, -21.03, -21.01, -20.98, -20.97, -20.96, -20.96, -20.99, -21.13,
    -21.35, -21.55, -21.66, -21.71, -21.71, -21.71, -21.76, -21.86, -21.93, -21.95,
    -21.96, -21.96, -21.96, -21.95, -21.94, -21.97, -22.07, -22.20, -22.31, -22.39,
    -22.44, -22.48, -22.50, -22.53, -22.56, -22.59, -22.60, -22.60, -22.59, -22.57,
    -22.57, -22.59, -22.62, -22.65, -22.68, -22.70, -22.72, -22.73, -22.73, -22.73,
    -22.73, -22.72, -22.71, -22.70, -22.68, -22.67, -22.65, -22.64, -22.62, -22.60,
    -22.58, -22.56, -22.54, -22.53, -22.51, -22.49, -22.47, -22.45, -22.43, -22.40,
    -22.38,
))
# fmt: on


def cooling_function(
    temperature_k: ArrayLike, metallicity: float = 1.0, curve: Curve = "schure"
) -> NDArray[np.float64]:
    """Cooling function Lambda(T).

    Parameters
    ----------
    temperature_k : array_like
        Temperature in K.
    metallicity : float
        In units of the solar one.
    curve : {"schure", "sutherland"}
        Whose curve is used above 10^4.2 K.

    Returns
    -------
    ndarray of float64
        Lambda in erg cm^3/s, per n_H^2.

    Raises
    ------
    InvalidRequest
        If the metallicity is beyond 0.001–10, or the curve is not known.
    """
    check_curve(metallicity, curve)
    temperature = np.asarray(temperature_k, dtype=np.float64)
    log_t = np.log10(temperature)
    lyman = HEATING_ERG_S * 1e7 * np.exp(-1.184e5 / (temperature + 1000.0))
    lines = HEATING_ERG_S * 1.4e-2 * np.sqrt(temperature) * np.exp(-92.0 / temperature)
    cold = lyman + metallicity * lines
    hot = _CURVES[curve](temperature)
    if metallicity != 1.0:
        metals = np.maximum(hot - primordial_cooling(temperature), 0.0)
        hot = hot + (metallicity - 1.0) * metals
    weight = np.clip((log_t - 4.0) / 0.2, 0.0, 1.0)
    # Cold gas has no electrons and no hot part, not even a logarithm of it.
    hot = np.maximum(hot, 1e-60)
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
    check_curve(metallicity)
    return HEATING_ERG_S * metallicity


def check_curve(metallicity: float, curve: str = "schure") -> None:
    """Refuse what the curves do not know.

    Parameters
    ----------
    metallicity : float
        In units of the solar one.
    curve : str
        Name of a curve.

    Raises
    ------
    InvalidRequest
        Naming what would be right.
    """
    if not MIN_METALLICITY <= metallicity <= MAX_METALLICITY:
        raise InvalidRequest(
            f"The metallicity must lie between {MIN_METALLICITY:g} and {MAX_METALLICITY:g} "
            f"times the solar one, not at {metallicity:g}."
        )
    if curve not in _CURVES:
        raise InvalidRequest(f"The cooling curve is one of {', '.join(_CURVES)}, not {curve!r}.")


def _schure(temperature: NDArray[np.float64]) -> NDArray[np.float64]:
    return _interpolated(temperature, _SCHURE_FIRST_LOG_T, _SCHURE_STEP, _SCHURE_LOG_LAMBDA)


def _sutherland(temperature: NDArray[np.float64]) -> NDArray[np.float64]:
    per_pair = _interpolated(temperature, 4.0, 0.05, _SUTHERLAND_LOG_LAMBDA)
    return per_pair * electrons_per_hydrogen(temperature) * (1.0 + HELIUM_PER_HYDROGEN)


def _interpolated(
    temperature: NDArray[np.float64], first: float, step: float, table: NDArray[np.float64]
) -> NDArray[np.float64]:
    log_t = np.log10(temperature)
    grid = first + step * np.arange(len(table))
    # Above a table the emission is bremsstrahlung, proportional to sqrt(T).
    beyond = 0.5 * np.maximum(log_t - grid[-1], 0.0)
    return 10.0 ** (np.interp(log_t, grid, table) + beyond)


_CURVES: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "schure": _schure,
    "sutherland": _sutherland,
}
