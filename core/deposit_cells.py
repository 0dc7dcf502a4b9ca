"""Cells of an adaptive mesh to voxels, by the volume that they share.

The work is done level by level. Cells wider than a voxel lie on a lattice of
their own, coarser than that of the voxels: the level is written onto its
lattice and averaged axis by axis, however many voxels a cell covers. Cells
narrower than a voxel touch two at most along each axis and are counted there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from core.cells import CellSet
from core.cutout import Cutout
from core.errors import InvalidRequest

_CHUNK = 1 << 18
"""Cells handled at a time, which bounds the memory for their shares."""

_ALIGNED = 1e-3
"""How far a cell may be off the lattice of its level, in cells."""

_SAME_WIDTH = 1e-5
"""Relative difference of widths that is rounding, and no other level."""


def deposit_cells(cells: CellSet, cutout: Cutout, n: int) -> dict[str, NDArray[np.float32]]:
    """Average a mesh over the voxels of a cube.

    Parameters
    ----------
    cells : CellSet
        The mesh.
    cutout : Cutout
        The cube, in the coordinates of the mesh. In a periodic box it may
        stick out, and be as wide as the box.
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
        If there is no gas in the cube, or the cells of a level do not lie on
        one lattice.
    """
    voxel_pc = cutout.size_pc / n
    # Lower corners of the cells, in voxels from that of the cube.
    offsets = cutout.offsets_pc(cells.centers_pc, cells.box_pc, periodic=cells.periodic)
    offsets += 0.5 * (cutout.size_pc - cells.widths_pc[:, None])
    offsets /= voxel_pc
    columns = [cells.velocities_kms] if cells.velocities_kms is not None else []
    columns += [cells.temperatures_k[:, None]] if cells.temperatures_k is not None else []
    n_rows = 1 + sum(column.shape[1] for column in columns)
    sums = np.zeros((n_rows, n, n, n))
    for level in _levels(cells.widths_pc):
        side = float(cells.widths_pc[level].mean()) / voxel_pc
        deposit = _deposit_wide if side >= 1.0 else _deposit_narrow
        for part, low in _images(cells, offsets, level, side, n, voxel_pc):
            density = cells.densities[part].astype(np.float64)
            rows = [density]
            rows += [density * v for c in columns for v in c[part].T.astype(np.float64)]
            deposit(sums, low, side, rows)
    if not sums[0].any():
        raise InvalidRequest(
            f"There is no gas in the cube of {cutout.size_pc:g} pc around "
            f"({', '.join(f'{c:g}' for c in cutout.center_pc)}) pc."
        )
    means = sums[1:] / np.where(sums[0] > 0, sums[0], 1.0)
    fields = {"density": sums[0].astype(np.float32)}
    if cells.velocities_kms is not None:
        fields["velocity"] = np.moveaxis(means[:3], 0, -1).astype(np.float32)
    if cells.temperatures_k is not None:
        fields["temperature"] = means[-1].astype(np.float32)
    return fields


def _levels(widths_pc: NDArray[np.float64]) -> Iterator[NDArray[np.intp]]:
    """Group the cells by width, forgiving the rounding of codes."""
    order = np.argsort(widths_pc, kind="stable")
    ordered = widths_pc[order]
    starts = np.flatnonzero(np.diff(ordered) > _SAME_WIDTH * ordered[:-1]) + 1
    yield from (level for level in np.split(order, starts) if len(level))


def _images(
    cells: CellSet,
    offsets: NDArray[np.float64],
    level: NDArray[np.intp],
    side: float,
    n: int,
    voxel_pc: float,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Find the cells of a level that touch the cube, and where, in voxels.

    In a periodic box a cell counts from the side where it is nearest; one that
    reaches across the face of a cube as wide as the box counts on both.
    """
    steps: list[tuple[float, ...]] = []
    for edge in cells.box_pc:
        period = edge / voxel_pc
        around = cells.periodic and n + side > period * (1 - _SAME_WIDTH)
        steps.append((-period, 0.0, period) if around else (0.0,))
    chunk = len(level) if side >= 1.0 else _CHUNK
    for start in range(0, len(level), chunk):
        part = level[start : start + chunk]
        for step in product(*steps):
            low = offsets[part] + step
            near = np.all((low > -side) & (low < n), axis=1)
            if near.all():
                yield part, low
            elif near.any():
                yield part[near], low[near]


def _deposit_wide(
    sums: NDArray[np.float64],
    low: NDArray[np.float64],
    side: float,
    rows: Sequence[NDArray[np.float64]],
) -> None:
    """Add cells at least as wide as a voxel, through the lattice of their level."""
    position = low / side
    slots = np.rint(position - position[0]).astype(np.intp)
    off = np.abs(position - position[0] - slots).max()
    if off > _ALIGNED:
        raise InvalidRequest(
            f"The cells of one width do not lie on one lattice: some are off by {off:.2g} of it."
        )
    first = slots.min(axis=0)
    slots -= first
    shape = tuple(slots.max(axis=0) + 1)
    n = sums.shape[-1]
    lower = [(position[0, axis] + first[axis] + np.arange(shape[axis])) * side for axis in range(3)]
    shares = [_shared(corners, side, n) for corners in lower]
    flat = np.ravel_multi_index(tuple(slots.T), shape)
    for row, values in enumerate(rows):
        lattice = np.bincount(flat, weights=values, minlength=int(np.prod(shape))).reshape(shape)
        for share in shares:
            # Contracts the first axis and puts that of the voxels last: after three turns
            # the axes are in order again.
            lattice = np.tensordot(lattice, share, axes=(0, 0))
        sums[row] += lattice


def _shared(lower: NDArray[np.float64], side: float, n: int) -> NDArray[np.float64]:
    """Length that each cell shares with each voxel along an axis, in voxels, (cell, voxel)."""
    voxel = np.arange(n)
    high = np.minimum((lower + side)[:, None], voxel + 1)
    return np.clip(high - np.maximum(lower[:, None], voxel), 0.0, None)


def _deposit_narrow(
    sums: NDArray[np.float64],
    low: NDArray[np.float64],
    side: float,
    rows: Sequence[NDArray[np.float64]],
) -> None:
    """Add cells narrower than a voxel, each to the eight voxels it may touch."""
    n = sums.shape[-1]
    first = np.floor(low)
    beyond = np.clip(low + side - (first + 1.0), 0.0, None)
    lower = first.astype(np.intp)
    flat = sums.reshape(len(sums), -1)
    for choice in product((0, 1), repeat=3):
        volume = np.ones(len(low))
        for axis, upper in enumerate(choice):
            volume *= beyond[:, axis] if upper else side - beyond[:, axis]
        index = lower + choice
        inside = np.flatnonzero(np.all((index >= 0) & (index < n), axis=1) & (volume > 0))
        if not len(inside):
            continue
        index = index[inside]
        voxel = (index[:, 0] * n + index[:, 1]) * n + index[:, 2]
        for row, values in enumerate(rows):
            flat[row] += np.bincount(voxel, weights=volume[inside] * values[inside], minlength=n**3)
