"""A few of the particles in a cube, the same ones in every snapshot of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.cutout import Cutout
from core.errors import InvalidRequest
from core.overview import splitmix64
from core.particles import ParticleSet
from core.progress import CancelCheck, check_cancelled
from core.series import SnapshotSeries


@dataclass(frozen=True, eq=False)
class CubeSample:
    """Some of the particles in a cube.

    Parameters
    ----------
    offsets_pc : ndarray of float32, (M, 3)
        Positions relative to the cube's centre in pc.
    densities : ndarray of float32, (M,), optional
        Their densities in Msun/pc^3, where the file has them.
    ids : ndarray of int, (M,), optional
        Their identifiers, where the file has them.
    count : int
        Particles in the cube.
    """

    offsets_pc: NDArray[np.float32]
    densities: NDArray[np.float32] | None
    ids: NDArray[np.integer] | None
    count: int


def sample_cube(
    series: SnapshotSeries,
    index: int,
    cube: Cutout,
    *,
    sample: int = 20_000,
    cancelled: CancelCheck | None = None,
) -> CubeSample:
    """Choose particles in a cube of a snapshot, reading it piece by piece.

    Those whose identifiers have the smallest hashes are taken, so that
    particles that stay in the cube are taken from every snapshot of a run,
    whatever their order in the file. Without identifiers the number of the
    row stands in.

    Parameters
    ----------
    series : SnapshotSeries
        Snapshots of particles.
    index : int
        Which, in time order.
    cube : Cutout
        The cube.
    sample : int
        How many at most.
    cancelled : callable, optional
        Asked between pieces whether to stop.

    Returns
    -------
    CubeSample
        All of the particles where there are fewer.

    Raises
    ------
    InvalidRequest
        If the snapshots hold no particles, or `sample` is not positive.
    CorruptSnapshot
        If the snapshot is damaged.
    Cancelled
        If told to stop.
    """
    if series.kind != "particles" or sample < 1:
        raise InvalidRequest("A sample needs snapshots of particles and at least one to take.")
    keys: list[NDArray[np.uint64]] = []
    places: list[NDArray[np.float32]] = []
    densities: list[NDArray[np.float32]] = []
    ids: list[NDArray[np.integer]] = []
    rows = count = 0
    for piece in series.chunks(index, ("densities", "ids"), cube):
        check_cancelled(cancelled, "Reading particles")
        assert isinstance(piece, ParticleSet)
        offsets = cube.offsets_pc(piece.positions_pc, piece.box_pc, periodic=piece.periodic)
        inside = np.flatnonzero(np.abs(offsets).max(axis=1, initial=0.0) <= 0.5 * cube.size_pc)
        count += len(inside)
        numbers = np.arange(rows, rows + len(piece)) if piece.ids is None else piece.ids
        rows += len(piece)
        hashes = splitmix64(numbers[inside].astype(np.uint64))
        if len(hashes) > sample:
            few = np.argpartition(hashes, sample - 1)[:sample]
            inside, hashes = inside[few], hashes[few]
        keys.append(hashes)
        places.append(offsets[inside].astype(np.float32))
        if piece.densities is not None:
            densities.append(piece.densities[inside])
        if piece.ids is not None:
            ids.append(piece.ids[inside])
    if not keys:
        return CubeSample(np.empty((0, 3), np.float32), None, None, 0)
    order = np.argsort(np.concatenate(keys), kind="stable")[:sample]
    return CubeSample(
        offsets_pc=np.concatenate(places)[order],
        densities=np.concatenate(densities)[order] if len(densities) == len(keys) else None,
        ids=np.concatenate(ids)[order] if len(ids) == len(keys) else None,
        count=count,
    )
