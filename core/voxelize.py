"""Cut a cube out of a snapshot, or of a whole series, as voxels."""

from __future__ import annotations

from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from core.cells import CellSet
from core.cubes import Cube, CubeSequence, Vector3
from core.cutout import Cutout
from core.deposit import deposit
from core.deposit_cells import deposit_cells
from core.errors import InvalidRequest
from core.particles import ParticleSet
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.series import SnapshotSeries

_DEPOSITED = ("velocities_kms", "temperatures_k")
_TOLERANCE = 1e-5
"""Relative slack when a cube is compared with its box: units are rounded."""


@overload
def voxelize(
    source: ParticleSet | CellSet | Cube,
    *,
    size_pc: float = 60.0,
    n: int = 32,
    center_pc: Vector3 | None = None,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Cube: ...


@overload
def voxelize(
    source: SnapshotSeries | CubeSequence,
    *,
    size_pc: float = 60.0,
    n: int = 32,
    center_pc: Vector3 | None = None,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> CubeSequence: ...


def voxelize(
    source: ParticleSet | CellSet | Cube | SnapshotSeries | CubeSequence,
    *,
    size_pc: float = 60.0,
    n: int = 32,
    center_pc: Vector3 | None = None,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Cube | CubeSequence:
    """Cut a cube out of gas and put it on a regular grid.

    Particles are deposited by cloud-in-cell; grids are averaged over the
    volume that old and new voxels share. Both conserve mass to rounding.
    Velocity and temperature are averaged by mass.

    Parameters
    ----------
    source : ParticleSet, CellSet, Cube, SnapshotSeries or CubeSequence
        The gas; a series is read one snapshot at a time.
    size_pc : float
        Edge length of the cube in pc.
    n : int
        Voxels along an edge.
    center_pc : tuple of float, optional
        Centre of the cube in the source's coordinates, in pc; the centre of
        its box by default. In a periodic box of particles the cube may stick
        out: it continues on the other side.
    progress : callable, optional
        Told the fraction done.
    cancelled : callable, optional
        Asked between snapshots whether to stop.

    Returns
    -------
    Cube or CubeSequence
        A cube for one snapshot, a sequence for many.

    Raises
    ------
    InvalidRequest
        If the cube does not fit into the box or holds no gas.
    CorruptSnapshot
        If a snapshot of the series is damaged.
    Cancelled
        If told to stop.
    """
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise InvalidRequest(f"A cube needs a whole number of voxels of at least 1, not {n}.")
    if not np.isfinite(size_pc) or size_pc <= 0:
        raise InvalidRequest(f"The size of a cube must be positive, not {size_pc} pc.")
    if center_pc is not None and (np.shape(center_pc) != (3,) or not np.isfinite(center_pc).all()):
        raise InvalidRequest(f"The centre of a cube is three numbers in pc, not {center_pc}.")
    if isinstance(source, ParticleSet | CellSet | Cube):
        check_cancelled(cancelled, "Reading the cube")
        cube = _voxelize_one(source, float(size_pc), int(n), center_pc)
        report(progress, 1.0, "Voxels ready")
        return cube
    first: Cube | None = None
    fields: dict[str, NDArray[np.float32]] = {}
    for index in range(len(source)):
        check_cancelled(cancelled, "Reading the snapshots")
        report(progress, index / len(source), f"Snapshot {index + 1} of {len(source)}")
        frame = (
            source.read(index, _DEPOSITED)
            if isinstance(source, SnapshotSeries)
            else (source[index])
        )
        cube = _voxelize_one(frame, float(size_pc), int(n), center_pc)
        if first is None:
            first = cube
            fields = {
                name: np.empty((len(source), *values.shape), dtype=np.float32)
                for name, values in cube.fields.items()
            }
        # A field that one snapshot lacks cannot be part of the sequence.
        fields = {name: values for name, values in fields.items() if name in cube.fields}
        for name, values in fields.items():
            values[index] = cube.fields[name]
    assert first is not None
    report(progress, 1.0, "Voxels ready")
    provenance = dict(first.provenance)
    if isinstance(source, SnapshotSeries):
        provenance["files"] = [str(path) for path in source.paths]
    return CubeSequence(
        fields=fields,
        times_myr=source.times_myr,
        size_pc=first.size_pc,
        center_pc=first.center_pc,
        provenance=provenance,
    )


def _voxelize_one(
    source: ParticleSet | CellSet | Cube, size_pc: float, n: int, center_pc: Vector3 | None
) -> Cube:
    cx, cy, cz = (float(c) for c in (source.center_pc if center_pc is None else center_pc))
    center = (cx, cy, cz)
    if isinstance(source, Cube):
        box = (source.size_pc,) * 3
        _check_fits(size_pc, center, box, source.center_pc, periodic=False)
        same = np.allclose((source.size_pc, *source.center_pc), (size_pc, *center), atol=1e-6)
        if source.n == n and same:
            return source
        fields, method = _resample(source, size_pc, n, center), "shared volume"
    elif isinstance(source, CellSet):
        _check_fits(size_pc, center, source.box_pc, source.center_pc, periodic=source.periodic)
        fields, method = deposit_cells(source, Cutout(center, size_pc), n), "shared volume"
    else:
        _check_fits(size_pc, center, source.box_pc, source.center_pc, periodic=source.periodic)
        fields = deposit(source, size_pc=size_pc, n=n, center_pc=center)
        method = "cloud-in-cell"
    provenance: dict[str, Any] = {**source.provenance, "voxelized_by": method}
    return Cube(fields, size_pc, center, source.time_myr, provenance)


def _check_fits(
    size_pc: float, center: Vector3, box: Vector3, box_center: Vector3, *, periodic: bool
) -> None:
    """Refuse a cube that reaches beyond the gas, saying what would fit."""
    if size_pc > min(box) * (1 + _TOLERANCE):
        edges = " x ".join(f"{edge:.6g}" for edge in box)
        raise InvalidRequest(
            f"A cube of {size_pc:g} pc does not fit into the box of {edges} pc; "
            f"ask for at most {min(box):.6g} pc."
        )
    if periodic:
        return
    for axis, c, edge, middle in zip("xyz", center, box, box_center, strict=True):
        room = max(0.5 * (edge - size_pc), 0.0)
        if abs(c - middle) > room + _TOLERANCE * edge:
            raise InvalidRequest(
                f"A cube of {size_pc:g} pc around {axis} = {c:g} pc sticks out of the box, which "
                f"is not periodic; its centre must lie within {middle - room:.6g} to "
                f"{middle + room:.6g} pc."
            )


def _resample(
    source: Cube, size_pc: float, n: int, center: Vector3
) -> dict[str, NDArray[np.float32]]:
    """Average a grid over the volume its voxels share with those of the cube."""
    shares = [
        _overlap(source.n, source.size_pc, n, size_pc, c - middle)
        for c, middle in zip(center, source.center_pc, strict=True)
    ]

    def average(values: NDArray[np.float64]) -> NDArray[np.float64]:
        for axis, share in enumerate(shares):
            values = np.moveaxis(np.tensordot(share, values, axes=(1, axis)), 0, axis)
        return values

    old = source.density.astype(np.float64)
    density = average(old)
    fields = {"density": density.astype(np.float32)}
    by_mass = np.where(density > 0, density, 1.0)
    for name in ("velocity", "temperature"):
        if name not in source.fields:
            continue
        values = source.fields[name]
        vector = values.ndim == 4
        weighted = average(values * (old[..., None] if vector else old))
        mean = weighted / (by_mass[..., None] if vector else by_mass)
        # Where there is no mass to weigh by, the volume average is the only mean there is.
        if not np.all(density > 0):
            mean = np.where(
                (density > 0)[..., None] if vector else density > 0,
                mean,
                average(values.astype(np.float64)),
            )
        fields[name] = mean.astype(np.float32)
    return fields


def _overlap(
    n_old: int, size_old: float, n_new: int, size_new: float, offset: float
) -> NDArray[np.float64]:
    """Share of each old voxel in the mean of each new one along an axis, (new, old)."""
    old = np.linspace(-0.5 * size_old, 0.5 * size_old, n_old + 1)
    new = offset + np.linspace(-0.5 * size_new, 0.5 * size_new, n_new + 1)
    # Grids that align up to rounding are to align exactly.
    spacing = size_old / n_old
    steps = (new - old[0]) / spacing
    new = np.where(
        np.abs(steps - np.round(steps)) < _TOLERANCE, old[0] + np.round(steps) * spacing, new
    )
    low = np.maximum(new[:-1, None], old[None, :-1])
    high = np.minimum(new[1:, None], old[None, 1:])
    shared = np.clip(high - low, 0.0, None)
    share: NDArray[np.float64] = shared / shared.sum(axis=1, keepdims=True)
    return share
