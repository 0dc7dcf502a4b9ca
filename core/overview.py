"""The whole box at a glance: a coarse cube, and a sample of its particles."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.cells import CellSet
from core.cubes import Cube, Vector3
from core.cutout import Cutout
from core.deposit import cloud_in_cell
from core.deposit_cells import deposit_cells
from core.errors import InvalidRequest
from core.particles import ParticleSet
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.series import Frame, SnapshotSeries
from core.voxelize import voxelize

_SLICE = 1 << 18
"""Particles deposited at a time: a few MB of weights."""

_EQUAL = 1e-5
"""Relative difference of box edges that is rounding."""


@dataclass(frozen=True, eq=False)
class Overview:
    """One snapshot as a whole, small enough to look at.

    Parameters
    ----------
    density : Cube
        The density on coarse voxels, in Msun/pc^3. Its edge is the largest
        edge of the box, its centre the box's; outside the box it is empty.
    sample_pc : ndarray of float32, (M, 3)
        Positions in pc of some of the particles, or centres of some of the
        cells; in a periodic box within it.
    sample_densities : ndarray of float32, (M,)
        Their densities in Msun/pc^3; those of the coarse voxels they lie in
        where the file has none.
    box_pc, origin_pc : tuple of float
        Edge lengths and lower corner of the box in pc.
    time_myr : float
        Time of the snapshot in Myr.
    count : int
        Particles, or cells, of the snapshot.
    sample_ids : ndarray of int, (M,), optional
        Identifiers of the sampled particles, where the file has them.
    """

    density: Cube
    sample_pc: NDArray[np.float32]
    sample_densities: NDArray[np.float32]
    box_pc: Vector3
    origin_pc: Vector3
    time_myr: float
    count: int
    sample_ids: NDArray[np.integer] | None = None


def overview(
    series: SnapshotSeries,
    index: int = 0,
    *,
    n: int = 64,
    sample: int = 20_000,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Overview:
    """Look at the whole box of a snapshot, reading it once and piece by piece.

    The sample holds the particles whose identifiers have the smallest hashes,
    in the order of these: the same particles, in the same order, in every
    snapshot of a run, whatever their order in the file. Without identifiers
    the number of the row stands in, and for cells their place.

    Parameters
    ----------
    series : SnapshotSeries
        The snapshots.
    index : int
        Which, in time order.
    n : int
        Coarse voxels along the largest edge of the box. A grid that has fewer
        keeps its own.
    sample : int
        Particles, or cells, sampled at most.
    progress : callable, optional
        Told the fraction done.
    cancelled : callable, optional
        Asked between pieces whether to stop.

    Returns
    -------
    Overview
        The coarse density, which holds all the mass in the box, and the sample.

    Raises
    ------
    InvalidRequest
        If `n` or `sample` is not a positive number.
    CorruptSnapshot
        If the snapshot is damaged.
    Cancelled
        If told to stop.
    """
    if n < 1 or sample < 1:
        raise InvalidRequest(f"An overview needs voxels and a sample, not n={n}, sample={sample}.")
    header = series.headers[index]
    chosen = _Sample(sample, header.count)
    density = whole_box(
        series,
        index,
        n,
        fields=("densities", "ids"),
        look=chosen.add,
        progress=progress,
        cancelled=cancelled,
    )
    positions, densities, ids = chosen.taken()
    positions = _wrapped(positions, header.origin_pc, header.box_pc, periodic=header.periodic)
    if densities is None:
        densities = _at(density, positions)
    return Overview(
        density=density,
        sample_pc=positions.astype(np.float32),
        sample_densities=densities.astype(np.float32),
        box_pc=header.box_pc,
        origin_pc=header.origin_pc,
        time_myr=header.time_myr,
        count=header.count,
        sample_ids=ids,
    )


def whole_box(
    series: SnapshotSeries,
    index: int,
    n: int,
    *,
    fields: Collection[str] = (),
    look: Callable[[Frame], None] | None = None,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Cube:
    """Put the whole box of a snapshot, of whatever shape, on coarse voxels.

    Parameters
    ----------
    series : SnapshotSeries
        The snapshots.
    index : int
        Which, in time order.
    n : int
        Voxels along the largest edge of the box; a grid that has fewer keeps
        its own.
    fields : Collection of str
        Optional fields to read, by their names in `ParticleSet`. With
        ``temperatures_k`` the cube carries the temperature, weighted by mass
        (0 where there is no gas).
    look : callable, optional
        Shown every piece of the snapshot that is read.
    progress, cancelled : callable, optional
        As for `overview`.

    Returns
    -------
    Cube
        ``density`` in Msun/pc^3 and, if asked for and there, ``temperature``
        in K. The cube's edge is the largest edge of the box, its centre the
        box's centre. Particles outside a box that is not periodic are left out.
    """
    header = series.headers[index]
    size = max(header.box_pc)
    x, y, z = (o + 0.5 * b for o, b in zip(header.origin_pc, header.box_pc, strict=True))
    center: Vector3 = (x, y, z)
    sums: NDArray[np.float64] | None = None
    done = 0
    for piece in series.chunks(index, fields):
        check_cancelled(cancelled, "Reading the box")
        if look is not None:
            look(piece)
        if isinstance(piece, Cube):
            cube = piece
            if n < piece.n:
                cube = voxelize(
                    piece,
                    size_pc=piece.size_pc,
                    n=n,
                    center_pc=piece.center_pc,
                    cancelled=cancelled,
                )
            report(progress, 1.0, "Box read")
            return cube
        if isinstance(piece, CellSet):
            values = deposit_cells(piece, Cutout(center, size), n)
            report(progress, 1.0, "Box read")
            return Cube(values, size, center, header.time_myr, provenance=piece.provenance)
        warm = "temperatures_k" in fields and piece.temperatures_k is not None
        if sums is None:
            sums = np.zeros((2 if warm else 1, n, n, n))
        for start in range(0, len(piece), _SLICE):
            check_cancelled(cancelled, "Reading the box")
            _add(sums, piece, slice(start, start + _SLICE), size, center)
        done += len(piece)
        report(progress, done / max(header.count, 1), "Reading the whole box")
    assert sums is not None
    mass = sums[0]
    arrays = {"density": (mass / (size / n) ** 3).astype(np.float32)}
    if len(sums) == 2:
        arrays["temperature"] = (sums[1] / np.where(mass > 0, mass, 1.0)).astype(np.float32)
    report(progress, 1.0, "Box read")
    return Cube(
        arrays,
        size,
        center,
        header.time_myr,
        provenance={"files": [str(p) for p in header.paths], "voxelized_by": "cloud-in-cell"},
    )


def _add(
    sums: NDArray[np.float64], piece: ParticleSet, part: slice, size: float, center: Vector3
) -> None:
    """Deposit a part of a piece: its mass and, in the second row, mass times temperature."""
    n = sums.shape[-1]
    positions = _wrapped(
        piece.positions_pc[part], piece.origin_pc, piece.box_pc, periodic=piece.periodic
    )
    coordinates = (positions - (np.asarray(center) - 0.5 * size)) * (n / size)
    wx, wy, wz = (piece.periodic and abs(edge - size) <= _EQUAL * size for edge in piece.box_pc)
    mass = piece.masses_msun[part].astype(np.float64)
    weights = [mass]
    if len(sums) == 2:
        assert piece.temperatures_k is not None
        weights.append(mass * piece.temperatures_k[part])
    if not piece.periodic:
        inside = np.all((coordinates >= 0) & (coordinates <= n), axis=1)
        if not inside.all():
            coordinates = coordinates[inside]
            weights = [weight[inside] for weight in weights]
    sums += cloud_in_cell(coordinates, weights, n, (wx, wy, wz))


def _wrapped(
    positions: NDArray[np.floating], origin: Vector3, box: Vector3, *, periodic: bool
) -> NDArray[np.float64]:
    """Positions in float64, brought back into a periodic box."""
    out = np.array(positions, dtype=np.float64)
    if periodic and len(out):
        out -= origin
        out %= np.asarray(box)
        out += origin
    return out


def _at(cube: Cube, positions: NDArray[np.float64]) -> NDArray[np.float32]:
    """Density of the voxels that points lie in."""
    corner = np.asarray(cube.center_pc) - 0.5 * cube.size_pc
    index = np.floor((positions - corner) / cube.voxel_pc).astype(np.intp)
    ix, iy, iz = np.clip(index, 0, cube.n - 1).T
    return cube.density[ix, iy, iz]


class _Sample:
    """Collects the elements with the smallest hashes, at most `size` of them."""

    def __init__(self, size: int, count: int) -> None:
        self._size = size
        # Somewhat more than needed pass; the smallest of these are kept in the end.
        share = (size + 8.0 * size**0.5 + 16.0) / max(count, 1)
        self._below = np.uint64(min(share, 1.0) * (2.0**64 - 4096.0))
        self._everything = share >= 1.0
        self._row = 0
        self._hashes: list[NDArray[np.uint64]] = []
        self._positions: list[NDArray[np.float64]] = []
        self._densities: list[NDArray[np.float32]] = []
        self._ids: list[NDArray[np.integer]] = []

    def add(self, piece: Frame) -> None:
        """Look at a piece of the snapshot."""
        if isinstance(piece, Cube):
            self._add_voxels(piece)
            return
        ids: NDArray[np.integer] | None = None
        positions: NDArray[np.floating]
        if isinstance(piece, CellSet):
            positions, keys = piece.centers_pc, _place_keys(piece)
        else:
            positions, ids = piece.positions_pc, piece.ids
            rows = np.arange(self._row, self._row + len(piece), dtype=np.uint64)
            keys = rows if ids is None else ids.astype(np.uint64)
        self._row += len(piece)
        hashes = splitmix64(keys)
        kept = self._kept(hashes)
        self._hashes.append(hashes[kept])
        self._positions.append(positions[kept].astype(np.float64))
        if piece.densities is not None:
            self._densities.append(piece.densities[kept])
        if ids is not None:
            self._ids.append(ids[kept])

    def _add_voxels(self, cube: Cube) -> None:
        hashes = splitmix64(np.arange(cube.density.size, dtype=np.uint64))
        kept = self._kept(hashes)
        index = np.stack(np.unravel_index(kept, cube.density.shape), axis=1)
        corner = np.asarray(cube.center_pc) - 0.5 * cube.size_pc
        self._hashes.append(hashes[kept])
        self._positions.append(corner + (index + 0.5) * cube.voxel_pc)
        self._densities.append(cube.density.reshape(-1)[kept])

    def _kept(self, hashes: NDArray[np.uint64]) -> NDArray[np.intp]:
        if self._everything:
            return np.arange(len(hashes))
        return np.flatnonzero(hashes < self._below)

    def taken(
        self,
    ) -> tuple[NDArray[np.float64], NDArray[np.float32] | None, NDArray[np.integer] | None]:
        """Return positions, densities and identifiers, in the order of the hashes."""
        if not self._hashes:
            return np.empty((0, 3)), None, None
        order = np.argsort(np.concatenate(self._hashes), kind="stable")[: self._size]
        pieces = len(self._hashes)
        densities = np.concatenate(self._densities)[order] if self._densities else None
        ids = np.concatenate(self._ids)[order] if len(self._ids) == pieces else None
        return np.concatenate(self._positions)[order], densities, ids


def splitmix64(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble whole numbers so that any subset of them looks random.

    The finaliser of SplitMix64 (Steele, Lea & Flood 2014), a bijection.

    Parameters
    ----------
    keys : ndarray of uint64
        The numbers.

    Returns
    -------
    ndarray of uint64
        Their hashes.
    """
    z = keys + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _place_keys(cells: CellSet) -> NDArray[np.uint64]:
    """Return a number for each cell's place, the same in every snapshot: 21 bits an axis."""
    inside = (cells.centers_pc - np.asarray(cells.origin_pc)) / np.asarray(cells.box_pc)
    # The centres of cells of up to 19 levels fall on whole numbers, safe from rounding.
    place = np.clip(np.round(inside * 2**20), 0, 2**21 - 1).astype(np.uint64)
    shift = np.uint64(21)
    return (place[:, 0] << shift | place[:, 1]) << shift | place[:, 2]
