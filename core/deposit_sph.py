"""Particles to voxels with the kernel of SPH: each is spread over its smoothing length.

The kernel is the cubic spline (Monaghan & Lattanzio 1985), whatever kernel the
simulation used, with the particle's smoothing length as the radius where it
ends. It is sampled at the centres of the voxels and scaled per particle, so
that what the particle gives to all voxels of the box is its mass to rounding.

meshoid, which does the same for whole periodic boxes, is not used but in the
tests, which find the same numbers: its `GridDensity` gives the whole mass of a
particle to the voxels of the cube, however little of the kernel is in it,
drops particles that meet the centre of no voxel, and takes one quantity at a
time; and its import takes longer than most cubes.

The functions below are compiled when first used, once per installation; that
takes a few seconds.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from core.errors import InvalidRequest
from core.lattice import TOLERANCE, Lattice, quantities
from core.particles import ParticleSet
from core.progress import CancelCheck, check_cancelled

_BLOCK = 1 << 15
"""Particles handled between two looks at whether to stop."""

_RESOLVED = 12.0
"""Smoothing length in voxels beyond which the samples of a kernel are not summed
to scale it: they add up to one within 3e-7 (measured over random positions)."""

_FAR = 1 << 40
"""Index of a voxel beyond any box."""


def add_kernels(
    particles: ParticleSet,
    lattice: Lattice,
    sums: NDArray[np.float64],
    cancelled: CancelCheck | None = None,
) -> None:
    """Spread particles over the voxels within their smoothing lengths.

    A particle whose smoothing length is less than a voxel is shared by
    cloud-in-cell instead, which is where the sampled kernel tends to. At the
    walls of a box that is not periodic, the kernel gives all to the voxels
    inside.

    Parameters
    ----------
    particles : ParticleSet
        The gas, with smoothing lengths.
    lattice : Lattice
        The voxels.
    sums : ndarray of float64, (n, n, n, quantities)
        Sums of mass, momentum and mass times temperature, added to.
    cancelled : callable, optional
        Asked now and then whether to stop.

    Raises
    ------
    InvalidRequest
        If the particles have no smoothing lengths, or some that reach
        around a periodic box.
    Cancelled
        If told to stop.
    """
    smoothing_pc = _smoothing_pc(particles)
    voxel_pc = lattice.voxel_pc[0]
    largest = float(smoothing_pc.max(initial=0.0))
    if lattice.periodic and largest > min(lattice.box_pc):
        raise InvalidRequest(
            f"Smoothing lengths reach {largest:g} pc, further than the periodic box of "
            f"{min(lattice.box_pc):g} pc: check the units, or use method='cic'."
        )
    low, high, period = _limits(lattice)
    wraps = np.array(lattice.wraps)
    for start in range(0, len(particles), _BLOCK):
        check_cancelled(cancelled, "The deposition")
        block = slice(start, start + _BLOCK)
        coordinates = lattice.coordinates(particles.positions_pc[block])
        lengths = smoothing_pc[block].astype(np.float64) / voxel_pc
        near = np.flatnonzero(_reaches(coordinates, lengths, lattice))
        if len(near):
            rows = np.array(quantities(particles, start + near))
            _spread(coordinates[near], lengths[near], rows, low, high, period, wraps, sums)


def reach_pc(particles: ParticleSet, lattice: Lattice) -> float:
    """How far outside a cube particles are whose kernels reach into it.

    Parameters
    ----------
    particles : ParticleSet
        The gas, with smoothing lengths.
    lattice : Lattice
        The voxels.

    Returns
    -------
    float
        Distance in pc, at least one voxel; beyond it no particle counts.

    Raises
    ------
    InvalidRequest
        If the particles have no smoothing lengths.
    """
    smoothing_pc = _smoothing_pc(particles)
    voxel_pc = lattice.voxel_pc[0]
    furthest = 1.0
    for start in range(0, len(particles), _BLOCK):
        block = slice(start, start + _BLOCK)
        coordinates = lattice.coordinates(particles.positions_pc[block])
        lengths = smoothing_pc[block].astype(np.float64) / voxel_pc
        near = _reaches(coordinates, lengths, lattice)
        furthest = max(furthest, float(lengths[near].max(initial=0.0)))
    return furthest * voxel_pc


def _smoothing_pc(particles: ParticleSet) -> NDArray[np.float32]:
    if particles.smoothing_lengths_pc is None:
        raise InvalidRequest(
            "The particles have no smoothing lengths, which the SPH kernel needs; finding them "
            "would mean a search for the neighbours of every particle. Use method='cic'."
        )
    return particles.smoothing_lengths_pc


def _limits(
    lattice: Lattice,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """First and last voxel inside the box, and its period in voxels, per axis."""
    voxel = np.array(lattice.voxel_pc)
    period = np.array(lattice.box_pc) / voxel
    if lattice.periodic:
        return np.full(3, -_FAR), np.full(3, _FAR), period
    corner = np.array(lattice.center_pc) - 0.5 * np.array(lattice.edge_pc)
    wall = (np.array(lattice.origin_pc) - corner) / voxel
    low = np.ceil(wall - 0.5 - 1e-4).astype(np.int64)
    high = np.floor(wall + period - 0.5 + 1e-4).astype(np.int64)
    return low, high, np.zeros(3)


def _reaches(
    coordinates: NDArray[np.float64],
    lengths: NDArray[np.float64],
    lattice: Lattice,
) -> NDArray[np.bool_]:
    """Tell which particles may give anything to the cube: the nearest image decides."""
    chosen = np.ones(len(coordinates), dtype=np.bool_)
    margin = np.maximum(lengths, 1.0)
    half = 0.5 * lattice.n
    for axis, wraps in enumerate(lattice.wraps):
        if wraps:
            continue
        values = coordinates[:, axis]
        chosen &= np.abs(values - half) <= half + margin
        if not lattice.periodic:
            # Gas that has left the box does not come back in over its walls.
            wall = (
                half + (lattice.origin_pc[axis] - lattice.center_pc[axis]) / lattice.voxel_pc[axis]
            )
            width = lattice.box_pc[axis] / lattice.voxel_pc[axis]
            slack = TOLERANCE * width
            chosen &= (values >= wall - slack) & (values <= wall + width + slack)
    return chosen


@njit(cache=True, nogil=True)
def _spline(q: float) -> float:
    """Cubic spline with a support of one, whose integral in three dimensions is one."""
    if q < 0.5:
        return (8.0 / math.pi) * (1.0 - 6.0 * q * q * (1.0 - q))
    if q < 1.0:
        return (16.0 / math.pi) * (1.0 - q) ** 3
    return 0.0


@njit(cache=True, nogil=True)
def _spread(
    coordinates: NDArray[np.float64],
    lengths: NDArray[np.float64],
    rows: NDArray[np.float64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    period: NDArray[np.float64],
    wraps: NDArray[np.bool_],
    sums: NDArray[np.float64],
) -> None:
    """Spread particles and their images; all lengths are in voxels."""
    for particle in range(len(lengths)):
        x, y, z = coordinates[particle]
        # On an axis that wraps, voxels are counted modulo n: there are no images.
        ix = 1 if period[0] > 0 and not wraps[0] else 0
        iy = 1 if period[1] > 0 and not wraps[1] else 0
        iz = 1 if period[2] > 0 and not wraps[2] else 0
        for a in range(-ix, ix + 1):
            for b in range(-iy, iy + 1):
                for c in range(-iz, iz + 1):
                    place = (x + a * period[0], y + b * period[1], z + c * period[2])
                    if lengths[particle] < 1.0:
                        _cloud(place, rows[:, particle], low, high, wraps, sums)
                    else:
                        _kernel(place, lengths[particle], rows[:, particle], low, high, wraps, sums)


@njit(cache=True, nogil=True)
def _cloud(
    place: tuple[float, float, float],
    weights: NDArray[np.float64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    wraps: NDArray[np.bool_],
    sums: NDArray[np.float64],
) -> None:
    """Share a particle among the eight nearest voxels, as far as they are in the cube."""
    n = len(sums)
    for corner in range(8):
        share = 1.0
        voxel = (0, 0, 0)
        seen = True
        for axis in range(3):
            left = math.floor(place[axis] - 0.5)
            right = place[axis] - 0.5 - left
            side = (corner >> axis) & 1
            share *= right if side else 1.0 - right
            index = min(max(left + side, low[axis]), high[axis])
            if wraps[axis]:
                index %= n
            seen = seen and 0 <= index < n
            voxel = (voxel[1], voxel[2], index)
        if seen:
            for row in range(len(weights)):
                sums[voxel[0], voxel[1], voxel[2], row] += share * weights[row]


@njit(cache=True, nogil=True)
def _kernel(
    place: tuple[float, float, float],
    length: float,
    weights: NDArray[np.float64],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    wraps: NDArray[np.bool_],
    sums: NDArray[np.float64],
) -> None:
    """Spread a particle over the voxels whose centres its kernel reaches."""
    n = len(sums)
    first = np.empty(3, np.int64)
    last = np.empty(3, np.int64)
    from_ = np.empty(3, np.int64)
    to = np.empty(3, np.int64)
    cut = False
    for axis in range(3):
        start = math.ceil(place[axis] - 0.5 - length)
        stop = math.floor(place[axis] - 0.5 + length)
        first[axis] = max(start, low[axis])
        last[axis] = min(stop, high[axis])
        cut = cut or first[axis] != start or last[axis] != stop
        from_[axis] = first[axis] if wraps[axis] else max(first[axis], 0)
        to[axis] = last[axis] if wraps[axis] else min(last[axis], n - 1)
        if from_[axis] > to[axis]:
            return
    total = length**3
    if length <= _RESOLVED or cut:
        total = 0.0
        for i in range(first[0], last[0] + 1):
            for j in range(first[1], last[1] + 1):
                across = (i + 0.5 - place[0]) ** 2 + (j + 0.5 - place[1]) ** 2
                if across >= length**2:
                    continue
                half = math.sqrt(length**2 - across)
                start = max(math.ceil(place[2] - 0.5 - half), first[2])
                stop = min(math.floor(place[2] - 0.5 + half), last[2])
                for k in range(start, stop + 1):
                    total += _spline(math.sqrt(across + (k + 0.5 - place[2]) ** 2) / length)
        if total == 0.0:
            return
    for i in range(from_[0], to[0] + 1):
        for j in range(from_[1], to[1] + 1):
            across = (i + 0.5 - place[0]) ** 2 + (j + 0.5 - place[1]) ** 2
            if across >= length**2:
                continue
            half = math.sqrt(length**2 - across)
            start = max(math.ceil(place[2] - 0.5 - half), from_[2])
            stop = min(math.floor(place[2] - 0.5 + half), to[2])
            target = sums[i % n, j % n]
            for k in range(start, stop + 1):
                share = _spline(math.sqrt(across + (k + 0.5 - place[2]) ** 2) / length) / total
                for row in range(len(weights)):
                    target[k % n, row] += share * weights[row]
