"""The particles of a cube that are drawn, and their colours: arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.scene.colormaps import ROLE_COLORS, colorize
from app.view_state import TransferFunction

_LOG_FLOOR = 1e-4
_REACHED = np.array([int(ROLE_COLORS["forecast"][i : i + 2], 16) for i in (1, 3, 5)], np.uint8)


@dataclass(frozen=True, eq=False)
class ParticleSample:
    """Some particles of one frame.

    Parameters
    ----------
    positions_pc : ndarray of float32, (k, 3)
        Relative to the cube's centre.
    densities : ndarray of float32, (k,)
        In Msun/pc^3.
    reach_myr : ndarray of float64, (k,), optional
        When the forecast blast wave reaches each; NaN where it never does.
    """

    positions_pc: NDArray[np.float32]
    densities: NDArray[np.float32]
    reach_myr: NDArray[np.float64] | None = None

    def reached(self, time_myr: float) -> NDArray[np.bool_]:
        """Which the forecast blast wave has reached by a time, in Myr."""
        if self.reach_myr is None:
            return np.zeros(len(self.positions_pc), dtype=np.bool_)
        with np.errstate(invalid="ignore"):
            passed: NDArray[np.bool_] = self.reach_myr <= time_myr
        return passed

    def colors(
        self, transfer: TransferFunction, time_myr: float, *, highlight: bool = True
    ) -> NDArray[np.uint8]:
        """Colour them by density, and in rose where the blast wave has passed.

        Parameters
        ----------
        transfer : TransferFunction
            Colours of the density.
        time_myr : float
            The time shown, in Myr.
        highlight : bool
            Whether those that are reached stand out.

        Returns
        -------
        ndarray of uint8, (k, 3)
            sRGB.
        """
        logs = np.log10(np.maximum(self.densities, _LOG_FLOOR))
        colors = colorize(logs, transfer.colormap, transfer.range_dex)
        if highlight:
            colors[self.reached(time_myr)] = _REACHED
        return colors
