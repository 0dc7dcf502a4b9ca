"""The cube that is cut out of a larger snapshot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.cubes import Vector3
from core.errors import InvalidRequest

_BLOCK = 1 << 16
"""Points handled at a time: what is computed for them stays in the processor's cache."""


@dataclass(frozen=True)
class Cutout:
    """A cube in the coordinates of a snapshot.

    Parameters
    ----------
    center_pc : tuple of float
        Its centre in pc.
    size_pc : float
        Its edge length in pc.

    Raises
    ------
    InvalidRequest
        If the size is not positive or the centre is not three numbers.
    """

    center_pc: Vector3
    size_pc: float

    def __post_init__(self) -> None:
        if not np.isfinite(self.size_pc) or self.size_pc <= 0:
            raise InvalidRequest(f"The size of a cube must be positive, not {self.size_pc} pc.")
        if np.shape(self.center_pc) != (3,) or not np.isfinite(self.center_pc).all():
            raise InvalidRequest(
                f"The centre of a cube is three numbers in pc, not {self.center_pc}."
            )

    def offsets_pc(
        self, positions_pc: NDArray[np.floating], box_pc: Vector3, *, periodic: bool
    ) -> NDArray[np.float64]:
        """Positions relative to the centre, across the faces of a periodic box.

        Parameters
        ----------
        positions_pc : ndarray, (N, 3)
            Positions in pc.
        box_pc : tuple of float
            Edge lengths of the box in pc.
        periodic : bool
            Whether opposite faces of the box are neighbours.

        Returns
        -------
        ndarray of float64, (N, 3)
            Offsets in pc; in a periodic box the shortest.
        """
        offsets = np.asarray(positions_pc, dtype=np.float64) - np.asarray(self.center_pc)
        if periodic:
            box = np.asarray(box_pc)
            offsets -= box * np.round(offsets / box)
        return offsets

    def contains(
        self,
        positions_pc: NDArray[np.floating],
        box_pc: Vector3,
        *,
        periodic: bool,
        margin_pc: float | NDArray[np.floating] = 0.0,
    ) -> NDArray[np.bool_]:
        """Tell which points lie in the cube.

        Parameters
        ----------
        positions_pc : ndarray, (N, 3)
            Positions in pc.
        box_pc : tuple of float
            Edge lengths of the box in pc.
        periodic : bool
            Whether opposite faces of the box are neighbours.
        margin_pc : float or ndarray, (N,)
            Points this far outside the cube count as well.

        Returns
        -------
        ndarray of bool, (N,)
            True inside, faces included.
        """
        reach = np.broadcast_to(0.5 * self.size_pc + np.asarray(margin_pc), len(positions_pc))
        inside = np.zeros(len(positions_pc), dtype=np.bool_)
        for start in range(0, len(positions_pc), _BLOCK):
            block = positions_pc[start : start + _BLOCK]
            # Axis by axis: most particles of a large box are out after the first.
            left: NDArray[np.intp] | slice = slice(None)
            near = np.arange(len(block))
            for axis in range(3):
                offsets = block[left, axis].astype(np.float64)
                offsets -= self.center_pc[axis]
                if periodic:
                    offsets -= box_pc[axis] * np.rint(offsets * (1.0 / box_pc[axis]))
                near = near[np.abs(offsets) <= reach[start : start + _BLOCK][left]]
                left = near
            inside[start + near] = True
        return inside
