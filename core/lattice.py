"""Where the voxels of a cube lie in the box of some particles, and what the particles give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.cubes import Vector3
from core.cutout import Cutout
from core.particles import ParticleSet

TOLERANCE = 1e-5
"""Relative slack when a cube is compared with its box: units are rounded."""


class Box(Protocol):
    """What states the box of a snapshot: its particles, or its header."""

    @property
    def box_pc(self) -> Vector3:
        """Edge lengths in pc."""

    @property
    def origin_pc(self) -> Vector3:
        """Lower corner in pc."""

    @property
    def periodic(self) -> bool:
        """Whether opposite faces are neighbours."""


@dataclass(frozen=True)
class Lattice:
    """The voxels of a cube in the box that its gas comes from.

    Parameters
    ----------
    center_pc : tuple of float
        Centre of the cube in pc.
    edge_pc : tuple of float
        Its edge lengths in pc; those of the box where it wraps.
    n : int
        Voxels along an edge.
    box_pc, origin_pc : tuple of float
        Edge lengths and lower corner of the box in pc.
    periodic : bool
        Whether opposite faces of the box are neighbours.
    wraps : tuple of bool
        Per axis, whether opposite faces of the cube are neighbours.
    """

    center_pc: Vector3
    edge_pc: Vector3
    n: int
    box_pc: Vector3
    origin_pc: Vector3
    periodic: bool
    wraps: tuple[bool, bool, bool]

    @classmethod
    def of(cls, box: Box, size_pc: float, n: int, center_pc: Vector3) -> Lattice:
        """Lay a cube into a box.

        Parameters
        ----------
        box : ParticleSet or FrameHeader
            What states the box.
        size_pc : float
            Edge length of the cube in pc.
        n : int
            Voxels along an edge.
        center_pc : tuple of float
            Centre of the cube in pc.

        Returns
        -------
        Lattice
            The cube; one as wide as a periodic box (up to the rounding of
            its units) wraps round.
        """
        wx, wy, wz = (
            box.periodic and bool(np.isclose(size_pc, edge, rtol=TOLERANCE, atol=0))
            for edge in box.box_pc
        )
        ex, ey, ez = (
            edge if wraps else size_pc for edge, wraps in zip(box.box_pc, (wx, wy, wz), strict=True)
        )
        return cls(
            center_pc,
            (ex, ey, ez),
            n,
            box.box_pc,
            box.origin_pc,
            box.periodic,
            (wx, wy, wz),
        )

    @property
    def voxel_pc(self) -> Vector3:
        """Edge lengths of a voxel in pc."""
        x, y, z = (edge / self.n for edge in self.edge_pc)
        return (x, y, z)

    def coordinates(self, positions_pc: NDArray[np.floating]) -> NDArray[np.float64]:
        """Positions in voxels: 0 and n are the faces of the cube.

        Parameters
        ----------
        positions_pc : ndarray, (N, 3)
            Positions in pc.

        Returns
        -------
        ndarray of float64, (N, 3)
            The image nearest to the cube's centre, where the box is periodic.
        """
        cutout = Cutout(self.center_pc, max(self.edge_pc))
        offsets = cutout.offsets_pc(positions_pc, self.box_pc, periodic=self.periodic)
        offsets *= self.n / np.array(self.edge_pc)
        offsets += 0.5 * self.n
        return offsets

    def inside(self, coordinates: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which particles are in the cube, so that cubes side by side share none.

        Parameters
        ----------
        coordinates : ndarray, (N, 3)
            Positions in voxels.

        Returns
        -------
        ndarray of bool, (N,)
            Lower faces count, upper ones do not; but gas on the upper face of
            a box that ends there belongs to it.
        """
        chosen = np.ones(len(coordinates), dtype=np.bool_)
        for axis, wraps in enumerate(self.wraps):
            if wraps:
                continue
            values = coordinates[:, axis]
            chosen &= values >= 0
            chosen &= values < self.n if self.periodic else values <= self.n
        return chosen


def quantities(particles: ParticleSet, chosen: NDArray[np.intp]) -> list[NDArray[np.float64]]:
    """Take from particles what voxels sum: mass, and what is averaged by it.

    Parameters
    ----------
    particles : ParticleSet
        The gas.
    chosen : ndarray of int, (M,)
        Which of them.

    Returns
    -------
    list of ndarray of float64, (M,)
        Mass, and if they carry them momentum along x, y, z and mass times
        temperature.
    """
    mass = particles.masses_msun[chosen].astype(np.float64)
    rows = [mass]
    if particles.velocities_kms is not None:
        rows += list((particles.velocities_kms[chosen] * mass[:, None]).T)
    if particles.temperatures_k is not None:
        rows.append(particles.temperatures_k[chosen] * mass)
    return rows
