"""Cells of an adaptive mesh to voxels, by the volume that they share."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from core.cells import CellSet
from core.cutout import Cutout
from core.errors import InvalidRequest


def deposit_cells(cells: CellSet, cutout: Cutout, n: int) -> dict[str, NDArray[np.float32]]:
    """Average a mesh over the voxels of a cube.

    Parameters
    ----------
    cells : CellSet
        The mesh.
    cutout : Cutout
        The cube, in the coordinates of the mesh.
    n : int
        Voxels along an edge.

    Returns
    -------
    dict of str to ndarray of float32
        ``density`` (n, n, n) in Msun/pc^3, whose sum times the voxel's volume
        is the mass in the cube; ``velocity`` (n, n, n, 3) in km/s and
        ``temperature`` (n, n, n) in K, averaged by mass, if the mesh has them.

    Raises
    ------
    InvalidRequest
        If there is no gas in the cube.
    """
    voxel_pc = cutout.size_pc / n
    rows = [np.ones(len(cells))]
    if cells.velocities_kms is not None:
        rows += list(cells.velocities_kms.T.astype(np.float64))
    if cells.temperatures_k is not None:
        rows.append(cells.temperatures_k.astype(np.float64))
    offsets = cutout.offsets_pc(cells.centers_pc, cells.box_pc, periodic=cells.periodic)
    sums = np.zeros((len(rows), n**3))
    for width in np.unique(cells.widths_pc):
        level = np.flatnonzero(cells.widths_pc == width)
        near = np.all(np.abs(offsets[level]) < 0.5 * (cutout.size_pc + width), axis=1)
        level = level[near]
        # Cells wider than a voxel are taken apart, so that each piece touches two at most.
        pieces = max(int(np.ceil(width / voxel_pc - 1e-9)), 1)
        side = width / pieces
        shifts = (np.arange(pieces) + 0.5) * side - 0.5 * width
        for shift in product(shifts, repeat=3):
            low = (offsets[level] + shift - 0.5 * side + 0.5 * cutout.size_pc) / voxel_pc
            _share(sums, low, side / voxel_pc, cells.densities[level], [r[level] for r in rows], n)
    sums *= voxel_pc**3
    mass = sums[0]
    if not mass.any():
        raise InvalidRequest(
            f"There is no gas in the cube of {cutout.size_pc:g} pc around "
            f"({', '.join(f'{c:g}' for c in cutout.center_pc)}) pc."
        )
    means = (sums[1:] / np.where(mass > 0, mass, 1.0)).reshape(-1, n, n, n)
    fields = {"density": (mass / voxel_pc**3).reshape(n, n, n).astype(np.float32)}
    if cells.velocities_kms is not None:
        fields["velocity"] = np.moveaxis(means[:3], 0, -1).astype(np.float32)
    if cells.temperatures_k is not None:
        fields["temperature"] = means[-1].astype(np.float32)
    return fields


def _share(
    sums: NDArray[np.float64],
    low: NDArray[np.float64],
    side: float,
    density: NDArray[np.float32],
    rows: list[NDArray[np.float64]],
    n: int,
) -> None:
    """Add pieces no wider than a voxel, given by their lower corners in voxels."""
    first = np.floor(low).astype(np.intp)
    beyond = np.clip(low + side - (first + 1), 0.0, None)
    parts = ((first, side - beyond), (first + 1, beyond))
    for choice in product((0, 1), repeat=3):
        index = [parts[c][0][:, axis] for axis, c in enumerate(choice)]
        volume = np.prod([parts[c][1][:, axis] for axis, c in enumerate(choice)], axis=0)
        inside = np.all([(i >= 0) & (i < n) for i in index], axis=0) & (volume > 0)
        voxel = ((index[0] * n + index[1]) * n + index[2])[inside]
        mass = (volume * density)[inside]
        for row, values in enumerate(rows):
            sums[row] += np.bincount(voxel, weights=mass * values[inside], minlength=n**3)
