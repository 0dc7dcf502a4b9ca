"""Star particles of one snapshot: where the next supernova may go off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidRequest


@dataclass(frozen=True, eq=False)
class StarSet:
    """Star particles at one time.

    Parameters
    ----------
    positions_pc : ndarray of float64, (N, 3)
        Physical positions in pc.
    masses_msun : ndarray of float32, (N,)
        Masses in Msun.
    ages_myr : ndarray of float32, (N,), optional
        Ages in Myr, where the file has them.
    exploding : ndarray of bool, (N,), optional
        Whether the file flags a star as a supernova.
    ids : ndarray of int, (N,), optional
        Particle identifiers.

    Raises
    ------
    InvalidRequest
        If the arrays disagree in length.
    """

    positions_pc: NDArray[np.float64]
    masses_msun: NDArray[np.float32]
    ages_myr: NDArray[np.float32] | None = None
    exploding: NDArray[np.bool_] | None = None
    ids: NDArray[np.integer] | None = None

    def __post_init__(self) -> None:
        count = len(self.positions_pc)
        shapes: dict[str, tuple[int, ...]] = {
            "positions_pc": (count, 3),
            "masses_msun": (count,),
            "ages_myr": (count,),
            "exploding": (count,),
            "ids": (count,),
        }
        for name, shape in shapes.items():
            values = getattr(self, name)
            if values is not None and values.shape != shape:
                raise InvalidRequest(f"{name} has shape {values.shape}, expected {shape}.")

    def __len__(self) -> int:
        return len(self.positions_pc)
