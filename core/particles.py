"""Gas particles of one snapshot, in Shellsight's units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidRequest

_MAX_SPREAD = 2
"""Range of identifiers, per particle, up to which each gets a flag of its own."""
_BLOCK = 1 << 20


def count_repeated(ids: NDArray[np.integer], *, overwrite: bool = False) -> int:
    """Count the values that came before.

    Parameters
    ----------
    ids : ndarray of int, (N,)
        Particle identifiers.
    overwrite : bool
        Whether they may be put in another order, which spares a copy.

    Returns
    -------
    int
        Number of particles whose identifier an earlier particle has too.
    """
    if len(ids) == 0:
        return 0
    low, high = int(ids.min()), int(ids.max())
    if high - low < _MAX_SPREAD * len(ids):
        # Most codes count from one: ticking off is much faster than sorting.
        seen = np.zeros(high - low + 1, dtype=np.bool_)
        for start in range(0, len(ids), _BLOCK):
            seen[ids[start : start + _BLOCK] - ids.dtype.type(low)] = True
        return len(ids) - int(np.count_nonzero(seen))
    if not overwrite:
        ids = ids.copy()
    ids.sort()
    return int(np.count_nonzero(ids[1:] == ids[:-1]))


def repeated_ids_remark(count: int) -> str:
    """Say what it means that particles share identifiers.

    Parameters
    ----------
    count : int
        From `count_repeated`.

    Returns
    -------
    str
        The remark.
    """
    return (
        f"{count} particles have an ID that another particle has too; "
        f"following particles by their IDs is ambiguous for them."
    )


@dataclass(frozen=True, eq=False)
class ParticleSet:
    """Gas particles at one time.

    Parameters
    ----------
    positions_pc : ndarray of float, (N, 3)
        Physical positions in pc (float64 or float32, as the file has them).
    masses_msun : ndarray of float32, (N,)
        Masses in Msun.
    time_myr : float
        Time of the snapshot in Myr.
    box_pc : tuple of float
        Edge lengths of the box in pc.
    origin_pc : tuple of float
        Lower corner of the box in pc.
    periodic : bool
        Whether opposite faces of the box are neighbours.
    velocities_kms : ndarray of float32, (N, 3), optional
        Peculiar velocities in km/s.
    densities : ndarray of float32, (N,), optional
        Mass densities in Msun/pc^3.
    temperatures_k : ndarray of float32, (N,), optional
        Temperatures in K.
    smoothing_lengths_pc : ndarray of float32, (N,), optional
        Radius of the kernel's full support in pc.
    ids : ndarray of int, (N,), optional
        Particle identifiers.
    provenance : Mapping
        File, format, units.

    Raises
    ------
    InvalidRequest
        If the arrays disagree in length.
    """

    positions_pc: NDArray[np.floating]
    masses_msun: NDArray[np.float32]
    time_myr: float
    box_pc: tuple[float, float, float]
    origin_pc: tuple[float, float, float] = (0.0, 0.0, 0.0)
    periodic: bool = True
    velocities_kms: NDArray[np.float32] | None = None
    densities: NDArray[np.float32] | None = None
    temperatures_k: NDArray[np.float32] | None = None
    smoothing_lengths_pc: NDArray[np.float32] | None = None
    ids: NDArray[np.integer] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.positions_pc)
        if self.positions_pc.shape != (count, 3):
            raise InvalidRequest(f"Positions must be (N, 3), not {self.positions_pc.shape}.")
        shapes = {
            "masses_msun": (count,),
            "velocities_kms": (count, 3),
            "densities": (count,),
            "temperatures_k": (count,),
            "smoothing_lengths_pc": (count,),
            "ids": (count,),
        }
        for name, shape in shapes.items():
            values = getattr(self, name)
            if values is not None and values.shape != shape:
                raise InvalidRequest(f"{name} has shape {values.shape}, expected {shape}.")

    def __len__(self) -> int:
        return len(self.positions_pc)

    @cached_property
    def repeated_ids(self) -> int:
        """Particles whose identifier an earlier particle has too; 0 without identifiers.

        Codes that split particles may give all the parts one identifier.
        """
        return 0 if self.ids is None else count_repeated(self.ids)

    @property
    def mass_msun(self) -> float:
        """Total mass in Msun."""
        return float(self.masses_msun.sum(dtype=np.float64))

    @property
    def center_pc(self) -> tuple[float, float, float]:
        """Centre of the box in pc."""
        x, y, z = (o + 0.5 * b for o, b in zip(self.origin_pc, self.box_pc, strict=True))
        return (x, y, z)
