"""Particles to voxels, with every gram accounted for: cloud-in-cell, or their own kernels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.cubes import Vector3
from core.errors import InvalidRequest
from core.lattice import Lattice, quantities
from core.particles import ParticleSet
from core.progress import CancelCheck, check_cancelled

Method = Literal["cic", "sph"]
METHODS: dict[Method, str] = {"cic": "cloud-in-cell", "sph": "SPH kernel"}
"""The ways to deposit particles, and their names for people."""

_BLOCK = 1 << 15
"""Particles handled at a time: what is computed for them stays in the processor's cache."""


def cloud_in_cell(
    coordinates: NDArray[np.floating],
    weights: Sequence[NDArray[np.floating]],
    n: int,
    wrap: tuple[bool, bool, bool],
    out: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Share quantities of particles among the eight nearest voxels each.

    The weights of a particle's eight shares add up to one, so that sums are
    conserved to rounding. On an axis that does not wrap, the share that would
    fall outside stays in the outermost voxel.

    Parameters
    ----------
    coordinates : ndarray, (N, 3)
        Positions in voxels: 0 and n are the faces of the cube.
    weights : Sequence of ndarray, (N,)
        The quantities, for example mass and momentum.
    n : int
        Voxels along an edge.
    wrap : tuple of bool
        Per axis, whether the opposite faces are neighbours.
    out : ndarray of float64, (len(weights), n, n, n), optional
        Sums to add to, in C order.

    Returns
    -------
    ndarray of float64, (len(weights), n, n, n)
        The sum of each quantity per voxel; `out` if that was given.
    """
    if out is None:
        out = np.zeros((len(weights), n, n, n))
    rows = out.reshape(len(weights), n**3)
    for start in range(0, len(coordinates), _BLOCK):
        part = slice(start, start + _BLOCK)
        voxels, shares = _corners(coordinates[part], n, wrap)
        for row, weight in zip(rows, weights, strict=True):
            # Unlike `bincount`, this does not touch the voxels that nothing falls into.
            np.add.at(row, voxels.ravel(), (shares * weight[part]).ravel())
    return out


def _corners(
    coordinates: NDArray[np.floating], n: int, wrap: tuple[bool, bool, bool]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Flat index and share of the eight voxels around each particle, both (8, N)."""
    indices: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    parts: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for axis in range(3):
        shifted = np.asarray(coordinates[:, axis], dtype=np.float64) - 0.5
        floor = np.floor(shifted)
        right = shifted - floor
        left = floor.astype(np.intp)
        if wrap[axis]:
            pair = left % n, (left + 1) % n
        else:
            pair = np.clip(left, 0, n - 1), np.clip(left + 1, 0, n - 1)
        stride = n ** (2 - axis)
        indices.append((pair[0] * stride, pair[1] * stride))
        parts.append((1.0 - right, right))
    voxels = np.empty((8, len(coordinates)), dtype=np.intp)
    shares = np.empty((8, len(coordinates)))
    for corner, (a, b, c) in enumerate(product((0, 1), repeat=3)):
        np.add(indices[0][a], indices[1][b], out=voxels[corner])
        voxels[corner] += indices[2][c]
        np.multiply(parts[0][a], parts[1][b], out=shares[corner])
        shares[corner] *= parts[2][c]
    return voxels, shares


def deposit(
    particles: ParticleSet | Iterable[ParticleSet],
    *,
    size_pc: float,
    n: int,
    center_pc: Vector3,
    method: Method = "cic",
    cancelled: CancelCheck | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Deposit the gas in a cube onto its voxels.

    With ``"cic"`` (cloud-in-cell) the particles in the cube, and no others,
    are shared among the eight nearest voxels; what would fall outside stays
    in the outermost ones, so that the mass of the cube is the mass of the
    particles in it, to rounding.

    With ``"sph"`` each particle is spread over its kernel, and each kernel is
    scaled so that what it gives to the voxels of the whole box adds up to the
    mass of its particle, to rounding: see `core.deposit_sph`. A kernel that a
    face of the cube cuts gives only what is inside, and particles outside
    whose kernel reaches in count as well. The total of a cube as wide as its
    box is that of the particles; a smaller cube can hold a little more or
    less than the particles whose centres are in it.

    Parameters
    ----------
    particles : ParticleSet or iterable of ParticleSet
        The gas, or pieces of one snapshot: only one is held at a time.
    size_pc : float
        Edge length of the cube in pc.
    n : int
        Voxels along an edge.
    center_pc : tuple of float
        Centre of the cube in the particles' coordinates, in pc.
    method : {"cic", "sph"}
        How the mass of a particle is spread.
    cancelled : callable, optional
        Asked between pieces whether to stop.

    Returns
    -------
    dict of str to ndarray of float32
        ``density`` (n, n, n) in Msun/pc^3, whose sum times the voxel's volume
        is the mass; ``velocity`` (n, n, n, 3) in km/s and ``temperature``
        (n, n, n) in K, averaged by mass, if the particles carry them. A voxel
        that no particle reaches has density 0 and the velocity and
        temperature of the gas around it.

    Raises
    ------
    InvalidRequest
        If there is no gas in the cube, or ``"sph"`` is asked for and the
        particles have no smoothing lengths.
    Cancelled
        If told to stop.
    """
    check_method(method)
    names: list[str] = []
    sums: NDArray[np.float64] = np.zeros((0, n, n, n))
    lattice: Lattice | None = None
    for piece in (particles,) if isinstance(particles, ParticleSet) else particles:
        if lattice is None:
            lattice = Lattice.of(piece, size_pc, n, center_pc)
            names = _names(piece)
            count = 1 + 3 * ("velocity" in names) + ("temperature" in names)
            # A kernel gives to many voxels at once: there what one voxel holds lies together.
            sums = np.zeros((n, n, n, count) if method == "sph" else (count, n, n, n))
        if method == "sph":
            # Compiled, and the compiler takes longer to load than most cubes to deposit.
            from core.deposit_sph import add_kernels

            add_kernels(piece, lattice, sums, cancelled)
        else:
            _add_clouds(piece, lattice, sums, cancelled)
    if method == "sph":
        sums = np.moveaxis(sums, -1, 0)
    if lattice is None or not sums[0].any():
        raise InvalidRequest(
            f"There is no gas in the cube of {size_pc:g} pc around "
            f"({', '.join(f'{c:g}' for c in center_pc)}) pc."
        )
    density = sums[0] / np.prod(lattice.voxel_pc)
    fields = {"density": density.astype(np.float32)}
    means = _means(sums) if len(sums) > 1 else sums[1:]
    if "velocity" in names:
        fields["velocity"] = np.moveaxis(means[:3], 0, -1).astype(np.float32)
    if "temperature" in names:
        fields["temperature"] = means[-1].astype(np.float32)
    return fields


def check_method(method: str) -> None:
    """Refuse a way to deposit that there is not.

    Parameters
    ----------
    method : str
        Its name.

    Raises
    ------
    InvalidRequest
        If there is none of this name.
    """
    if method not in METHODS:
        known = " or ".join(f"'{key}' ({text})" for key, text in METHODS.items())
        raise InvalidRequest(f"Particles are deposited by {known}, not by '{method}'.")


def _names(particles: ParticleSet) -> list[str]:
    names = ["density"]
    names += ["velocity"] * (particles.velocities_kms is not None)
    names += ["temperature"] * (particles.temperatures_k is not None)
    return names


def _add_clouds(
    particles: ParticleSet,
    lattice: Lattice,
    sums: NDArray[np.float64],
    cancelled: CancelCheck | None,
) -> None:
    """Add one piece by cloud-in-cell, block by block."""
    for start in range(0, len(particles), _BLOCK):
        check_cancelled(cancelled, "The deposition")
        coordinates = lattice.coordinates(particles.positions_pc[start : start + _BLOCK])
        inside = np.flatnonzero(lattice.inside(coordinates))
        rows = quantities(particles, start + inside)
        cloud_in_cell(coordinates[inside], rows, lattice.n, lattice.wraps, out=sums)


def _means(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide sums by the mass in row 0; voxels without gas take the mean of a block around them.

    The block is the smallest of 2, 4, 8, ... voxels along an edge, counted
    from the corner of the cube, that has gas.
    """
    mass = sums[0]
    filled = mass > 0
    means = sums[1:] / np.where(filled, mass, 1.0)
    if not filled.all():
        n = len(mass)
        half = (n + 1) // 2
        even = np.pad(sums, [(0, 0), *[(0, 2 * half - n)] * 3]) if n % 2 else sums
        for axis in (3, 2, 1):
            shape = even.shape[:axis] + (half, 2) + even.shape[axis + 1 :]
            even = even.reshape(shape).sum(axis + 1)
        x, y, z = np.nonzero(~filled)
        means[:, x, y, z] = _means(even)[:, x // 2, y // 2, z // 2]
    return means
