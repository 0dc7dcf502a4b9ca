"""SWIFT's index of cells: which rows of a file can lie in a cutout.

SWIFT sorts particles by the cells of a coarse grid and writes, for every
cell, the range of its rows and the extent of its particles (group ``Cells``).
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from core.cubes import Vector3
from core.cutout import Cutout
from core.errors import CorruptSnapshot
from core.readers.hdf5 import dataset, find, read_finite, reading

_GAP = 1 << 14
"""Ranges closer than this are read as one: a seek costs more than the rows between."""

_SAMPLED_CELLS = 16
_SLACK = 0.01
"""How far a particle may lie outside its cell's extent, in widths of the largest extent:
lossy compression rounds the coordinates after the extents are taken."""


def rows_touching(
    file: h5py.File,
    group: str,
    cutout: Cutout,
    *,
    unit_pc: float,
    box_pc: Vector3,
    periodic: bool,
    count: int,
) -> list[tuple[int, int]] | None:
    """Find the rows whose particles can lie in a cube.

    Parameters
    ----------
    file : h5py.File
        The open snapshot.
    group : str
        The particle type, for example ``PartType0``.
    cutout : Cutout
        The cube.
    unit_pc : float
        The unit of the coordinates in pc.
    box_pc : tuple of float
        Edge lengths of the box in pc.
    periodic : bool
        Whether opposite faces are neighbours.
    count : int
        Rows of the particle type in this file.

    Returns
    -------
    list of (int, int), or None
        Ranges of rows, first and one past the last, in order. None if the
        file has no index or one that does not fit its particles: then all
        rows have to be looked at.
    """
    try:
        index = _read_index(file, group, count)
        if index is None:
            return None
        starts, counts, low, high = index
        low, high = low * unit_pc, high * unit_pc
        if not _holds(file, group, index, unit_pc, box_pc, periodic=periodic):
            return None
    except CorruptSnapshot:
        # The index is only a help; the particles themselves are checked when read.
        return None
    middle = 0.5 * (low + high)
    slack = _SLACK * np.max(high - low)
    reach = 0.5 * (high - low) + slack + 0.5 * cutout.size_pc
    offsets = cutout.offsets_pc(middle, box_pc, periodic=periodic)
    touching = np.all(np.abs(offsets) <= reach, axis=1)
    ranges: list[tuple[int, int]] = []
    for start, length in zip(starts[touching].tolist(), counts[touching].tolist(), strict=True):
        if ranges and start - ranges[-1][1] <= _GAP:
            ranges[-1] = (ranges[-1][0], start + length)
        else:
            ranges.append((start, start + length))
    return ranges


def _read_index(
    file: h5py.File, group: str, count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]] | None:
    """First row, length and extent of every cell with particles, by row; None if unfit."""
    names = [f"Cells/{what}/{group}" for what in ("OffsetsInFile", "Counts")]
    extents = [f"Cells/{what}/{group}" for what in ("MinPositions", "MaxPositions")]
    if any(find(file, name) is None for name in (*names, *extents)):
        return None
    with reading(Path(file.filename), "Cells"):
        starts, counts = (dataset(file, name)[()].astype(np.int64) for name in names)
        used = counts > 0
        if counts.sum() != count and find(file, f"Cells/Files/{group}") is not None:
            # The index of a snapshot in many files may list the cells of all of them.
            number = int(np.atleast_1d(file["Header"].attrs["ThisFile"])[0])
            used &= dataset(file, f"Cells/Files/{group}")[()] == number
        low, high = (read_finite(file, name).astype(np.float64)[used] for name in extents)
    starts, counts = starts[used], counts[used]
    order = np.argsort(starts)
    starts, counts, low, high = starts[order], counts[order], low[order], high[order]
    # The cells have to share out all rows: else particles would be lost without a word.
    ends = np.concatenate([[0], starts + counts])
    if len(starts) == 0 or not np.array_equal(ends[:-1], starts) or ends[-1] != count:
        return None
    if low.shape != (len(starts), 3) or high.shape != low.shape or np.any(high < low):
        return None
    return starts, counts, low, high


def _holds(
    file: h5py.File,
    group: str,
    index: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
    unit_pc: float,
    box_pc: Vector3,
    *,
    periodic: bool,
) -> bool:
    """Look into some cells: files that were sorted anew often keep the old index."""
    starts, _, low, high = index
    chosen = np.unique(np.linspace(0, len(starts) - 1, _SAMPLED_CELLS).astype(int))
    name = f"{group}/Coordinates"
    first = np.concatenate(
        [read_finite(file, name, slice(int(row), int(row) + 1)) for row in starts[chosen]]
    )
    width = high[chosen] - low[chosen]
    offsets = first.astype(np.float64) - 0.5 * (low[chosen] + high[chosen])
    if periodic:
        box = np.asarray(box_pc) / unit_pc
        offsets -= box * np.round(offsets / box)
    slack = _SLACK * np.max(high - low)
    return bool(np.all(np.abs(offsets) <= 0.5 * width + slack))
