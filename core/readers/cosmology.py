"""The age of an expanding universe: what cosmological snapshots mean by a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.constants import PC_PER_KMS_MYR


@dataclass(frozen=True)
class Cosmology:
    """A Friedmann model with a cosmological constant.

    Parameters
    ----------
    matter, vacuum, radiation : float
        Densities today in units of the critical density; curvature makes up
        the rest.
    hubble : float
        Hubble constant today in units of 100 km/s/Mpc.

    Raises
    ------
    ValueError
        If there is no matter or the universe does not expand.
    """

    matter: float
    vacuum: float
    hubble: float
    radiation: float = 0.0

    def __post_init__(self) -> None:
        values = (self.matter, self.vacuum, self.hubble, self.radiation)
        if not np.isfinite(values).all() or self.matter <= 0 or self.hubble <= 0:
            raise ValueError(
                f"Omega_m = {self.matter}, Omega_Lambda = {self.vacuum}, h = {self.hubble} "
                f"is no expanding universe with matter"
            )

    def age_myr(self, scale: ArrayLike) -> NDArray[np.float64]:
        """Time since the Big Bang.

        Parameters
        ----------
        scale : float or ndarray
            Scale factor, 1 today.

        Returns
        -------
        ndarray of float64
            Age in Myr; NaN where the scale factor is not positive.
        """
        curvature = 1.0 - self.matter - self.vacuum - self.radiation
        nodes, weights = np.polynomial.legendre.leggauss(48)
        scale = np.asarray(scale, dtype=np.float64)
        # With a = s^2 the integrand of dt = da/(a H) is smooth from the Big Bang on.
        with np.errstate(invalid="ignore", divide="ignore"):
            end = np.sqrt(np.where(scale > 0, scale, np.nan))
            total = np.zeros_like(end)
            for node, weight in zip(nodes, weights, strict=True):
                s = 0.5 * end * (node + 1.0)
                rate2 = self.radiation + self.matter * s**2 + curvature * s**4 + self.vacuum * s**8
                total += weight * s**3 / np.sqrt(rate2)
        ages: NDArray[np.float64] = end * total * 1e6 / (100.0 * self.hubble * PC_PER_KMS_MYR)
        return ages
