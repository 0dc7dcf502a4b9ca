"""A cube's evolution with and without the explosion, simulated or forecast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cubes import CubeSequence, Vector3
from core.errors import InvalidRequest


@dataclass(frozen=True, eq=False)
class Evolution:
    """What happens to a cube after an explosion, and what would without it.

    Parameters
    ----------
    sequence : CubeSequence
        The evolution with the explosion; the first frame is its time zero.
    control : CubeSequence
        The same gas at the same times without the explosion.
    site_pc : tuple of float
        Place of the explosion relative to the cube's centre, in pc.
    energy_erg : float
        Energy of the explosion in erg.
    provenance : Mapping
        How it was made: code, version, parameters, device, wall time.

    Raises
    ------
    InvalidRequest
        If the control has another grid or other times.
    """

    sequence: CubeSequence
    control: CubeSequence
    site_pc: Vector3 = (0.0, 0.0, 0.0)
    energy_erg: float = 1e51
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.control.density.shape != self.sequence.density.shape or not np.allclose(
            self.control.times_myr, self.sequence.times_myr
        ):
            raise InvalidRequest("The control must have the grid and the times of the sequence.")

    @property
    def density(self) -> NDArray[np.float32]:
        """Density with the explosion, (time, n, n, n), Msun/pc^3."""
        return self.sequence.density

    @property
    def times_myr(self) -> NDArray[np.float64]:
        """Time of each frame in Myr."""
        return self.sequence.times_myr

    def __len__(self) -> int:
        return len(self.sequence)


class Simulation(Evolution):
    """An evolution computed by solving the equations of hydrodynamics."""


class Forecast(Evolution):
    """An evolution predicted by a network; ``provenance['model']`` names it."""
