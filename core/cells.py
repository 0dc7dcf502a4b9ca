"""Gas on an adaptive mesh: cells of several sizes, in Shellsight's units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cubes import Vector3
from core.errors import InvalidRequest


@dataclass(frozen=True, eq=False)
class CellSet:
    """The leaf cells of an adaptive mesh at one time.

    They do not overlap, and cells of one width lie on one lattice.

    Parameters
    ----------
    centers_pc : ndarray of float64, (N, 3)
        Centres of the cells in pc.
    widths_pc : ndarray of float64, (N,)
        Edge lengths of the cells in pc.
    densities : ndarray of float32, (N,)
        Mass densities in Msun/pc^3.
    time_myr : float
        Time of the snapshot in Myr.
    box_pc : tuple of float
        Edge lengths of the box in pc.
    origin_pc : tuple of float
        Lower corner of the box in pc.
    periodic : bool
        Whether opposite faces of the box are neighbours.
    velocities_kms : ndarray of float32, (N, 3), optional
        Velocities in km/s.
    temperatures_k : ndarray of float32, (N,), optional
        Temperatures in K.
    provenance : Mapping
        File, format, units.

    Raises
    ------
    InvalidRequest
        If the arrays disagree in length.
    """

    centers_pc: NDArray[np.float64]
    widths_pc: NDArray[np.float64]
    densities: NDArray[np.float32]
    time_myr: float
    box_pc: Vector3
    origin_pc: Vector3 = (0.0, 0.0, 0.0)
    periodic: bool = False
    velocities_kms: NDArray[np.float32] | None = None
    temperatures_k: NDArray[np.float32] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.centers_pc)
        shapes = {
            "centers_pc": (count, 3),
            "widths_pc": (count,),
            "densities": (count,),
            "velocities_kms": (count, 3),
            "temperatures_k": (count,),
        }
        for name, shape in shapes.items():
            values = getattr(self, name)
            if values is not None and values.shape != shape:
                raise InvalidRequest(f"{name} has shape {values.shape}, expected {shape}.")

    def __len__(self) -> int:
        return len(self.centers_pc)

    @property
    def mass_msun(self) -> float:
        """Total mass in Msun."""
        return float(np.sum(self.densities * self.widths_pc**3, dtype=np.float64))

    @property
    def center_pc(self) -> Vector3:
        """Centre of the box in pc."""
        x, y, z = (o + 0.5 * b for o, b in zip(self.origin_pc, self.box_pc, strict=True))
        return (x, y, z)
