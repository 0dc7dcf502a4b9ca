"""The 48 rotations and reflections of the cube, acting on fields."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product

import torch
from torch import Tensor


@dataclass(frozen=True)
class Symmetry:
    """One rotation or reflection of the cube.

    The axes are permuted first, then some of them are reversed.

    Parameters
    ----------
    axes : tuple of int
        ``axes[k]`` is the old axis that becomes axis k.
    flips : tuple of bool
        Whether the new axis k is reversed.
    """

    axes: tuple[int, int, int]
    flips: tuple[bool, bool, bool]

    def scalar(self, field: Tensor) -> Tensor:
        """Transform scalar fields.

        Parameters
        ----------
        field : Tensor, (..., x, y, z)
            The fields.

        Returns
        -------
        Tensor, (..., x, y, z)
            The transformed fields.
        """
        lead = field.ndim - 3
        moved = field.permute(*range(lead), *(lead + axis for axis in self.axes))
        dims = [lead + k for k, flip in enumerate(self.flips) if flip]
        return torch.flip(moved, dims) if dims else moved

    def vector(self, field: Tensor) -> Tensor:
        """Transform vector fields: their components turn with the axes.

        Parameters
        ----------
        field : Tensor, (..., 3, x, y, z)
            The fields.

        Returns
        -------
        Tensor, (..., 3, x, y, z)
            The transformed fields.
        """
        moved = self.scalar(field)
        turned = moved[..., list(self.axes), :, :, :]
        signs = [-1.0 if flip else 1.0 for flip in self.flips]
        return turned * torch.tensor(signs, dtype=field.dtype, device=field.device).view(3, 1, 1, 1)

    def inverse(self) -> Symmetry:
        """Return the symmetry that undoes this one.

        Returns
        -------
        Symmetry
            The inverse.
        """
        axes = tuple(self.axes.index(k) for k in range(3))
        flips = tuple(self.flips[k] for k in axes)
        return Symmetry((axes[0], axes[1], axes[2]), (flips[0], flips[1], flips[2]))


SYMMETRIES: tuple[Symmetry, ...] = tuple(
    Symmetry((a, b, c), (f, g, h))
    for f, g, h in product((False, True), repeat=3)
    for a, b, c in permutations(range(3))
)
"""All 48, the identity first."""


def spread(count: int) -> tuple[Symmetry, ...]:
    """Choose some symmetries, as different as possible.

    Parameters
    ----------
    count : int
        How many, from 1 to 48.

    Returns
    -------
    tuple of Symmetry
        The identity first; always the same for the same count.
    """
    # 29 and 48 have no common divisor, so the walk visits all before it returns.
    return tuple(SYMMETRIES[(29 * k) % 48] for k in range(count))
