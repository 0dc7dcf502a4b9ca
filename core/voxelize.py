"""Cut a cube out of a snapshot, or of a whole series, as voxels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from core.cells import CellSet
from core.cube_cache import cube_key, find_cube, keep_cube, limit_bytes
from core.cubes import Cube, CubeSequence, Vector3
from core.cutout import Cutout
from core.deposit import METHODS, Method, check_method, deposit
from core.deposit_cells import deposit_cells
from core.errors import InvalidRequest
from core.lattice import TOLERANCE, Lattice
from core.particles import ParticleSet
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.series import SnapshotSeries

_CARRIED = ("velocities_kms", "temperatures_k")


@overload
def voxelize(
    source: ParticleSet | CellSet | Cube,
    *,
    size_pc: float = 60.0,
    n: int = 32,
    center_pc: Vector3 | None = None,
    method: Method = "cic",
    periodic: bool | None = None,
    cache: bool = True,
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
    method: Method = "cic",
    periodic: bool | None = None,
    cache: bool = True,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> CubeSequence: ...


def voxelize(
    source: ParticleSet | CellSet | Cube | SnapshotSeries | CubeSequence,
    *,
    size_pc: float = 60.0,
    n: int = 32,
    center_pc: Vector3 | None = None,
    method: Method = "cic",
    periodic: bool | None = None,
    cache: bool = True,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Cube | CubeSequence:
    """Cut a cube out of gas and put it on a regular grid.

    Particles are deposited by cloud-in-cell or with their kernels (see
    `core.deposit.deposit` for what each conserves); grids and meshes are
    averaged over the volume that old and new voxels share, which conserves
    mass to rounding. Velocity and temperature are averaged by mass.

    Parameters
    ----------
    source : ParticleSet, CellSet, Cube, SnapshotSeries or CubeSequence
        The gas. A series is read one snapshot at a time, and of particles
        only those near the cube, piece by piece: memory holds a piece and
        the cubes.
    size_pc : float
        Edge length of the cube in pc.
    n : int
        Voxels along an edge.
    center_pc : tuple of float, optional
        Centre of the cube in the source's coordinates, in pc; the centre of
        its box by default. In a periodic box the cube may stick out: it
        continues on the other side.
    method : {"cic", "sph"}
        How particles are spread: over the eight nearest voxels, or over their
        smoothing lengths, which they must have. Grids and meshes have no
        choice to make: they accept ``"cic"`` alone.
    periodic : bool, optional
        Whether opposite faces of a `Cube` or `CubeSequence` are neighbours,
        which these do not know; no by default. Other sources know.
    cache : bool
        Whether the cubes of a series of particles or meshes are looked up
        among those deposited before, and kept: see `core.cube_cache`.
    progress : callable, optional
        Told the fraction done.
    cancelled : callable, optional
        Asked between snapshots and pieces of them whether to stop.

    Returns
    -------
    Cube or CubeSequence
        A cube for one snapshot, a sequence for many.

    Raises
    ------
    InvalidRequest
        If the cube does not fit into the box or holds no gas, or particles
        without smoothing lengths are to be spread over them.
    CorruptSnapshot
        If a snapshot of the series is damaged.
    Cancelled
        If told to stop.
    """
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise InvalidRequest(f"A cube needs a whole number of voxels of at least 1, not {n}.")
    if center_pc is None:
        x, y, z = source[0].center_pc if isinstance(source, CubeSequence) else source.center_pc
    else:
        if np.shape(center_pc) != (3,):
            raise InvalidRequest(f"The centre of a cube is three numbers in pc, not {center_pc}.")
        x, y, z = center_pc
    cutout = Cutout((float(x), float(y), float(z)), float(size_pc))
    check_method(method)
    if periodic is not None and not isinstance(source, Cube | CubeSequence):
        raise InvalidRequest("Only of cubes has to be said whether they are periodic.")
    if method != "cic" and not _of_particles(source):
        raise InvalidRequest("A grid has no kernels: leave out the method.")
    cut = _Cut(cutout, int(n), method, bool(periodic), cache, cancelled)
    if isinstance(source, ParticleSet | CellSet | Cube):
        check_cancelled(cancelled, "Reading the cube")
        cube = cut.one(source)
        report(progress, 1.0, "Voxels ready")
        return cube
    first: Cube | None = None
    fields: dict[str, NDArray[np.float32]] = {}
    for index in range(len(source)):
        check_cancelled(cancelled, "Reading the snapshots")
        report(progress, index / len(source), f"Snapshot {index + 1} of {len(source)}")
        cube = (
            cut.snapshot(source, index)
            if isinstance(source, SnapshotSeries)
            else cut.one(source[index])
        )
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


def _of_particles(source: ParticleSet | CellSet | Cube | SnapshotSeries | CubeSequence) -> bool:
    if isinstance(source, SnapshotSeries):
        return source.kind == "particles"
    return isinstance(source, ParticleSet)


@dataclass(frozen=True)
class _Cut:
    """What is asked for, whatever the source."""

    cutout: Cutout
    n: int
    method: Method
    periodic: bool
    cache: bool
    cancelled: CancelCheck | None

    def snapshot(self, series: SnapshotSeries, index: int) -> Cube:
        """Cut the cube out of one snapshot of a series, or look it up."""
        header = series.headers[index]
        if series.kind == "grid":
            frame = series.read(index)
            assert isinstance(frame, Cube)
            return replace(self, periodic=header.periodic).one(frame)
        x, y, z = (o + 0.5 * b for o, b in zip(header.origin_pc, header.box_pc, strict=True))
        _check_fits(self.cutout, header.box_pc, (x, y, z), periodic=header.periodic)
        key: str | None = None
        if self.cache and limit_bytes() > 0:
            request = {"cube": astuple(self.cutout), "n": self.n, "method": self.method}
            key = cube_key(header, series.format, request)
        if key is not None and (found := find_cube(key)) is not None:
            files = [str(path) for path in header.paths]
            return replace(found, provenance={**found.provenance, "files": files})
        if series.kind == "cells":
            cells = series.read(index, _CARRIED, self.cutout)
            assert isinstance(cells, CellSet)
            cube = self.one(cells)
        else:
            cube = self._deposited(series, index)
        if key is not None:
            keep_cube(key, cube)
        return cube

    def _deposited(self, series: SnapshotSeries, index: int) -> Cube:
        """Deposit the particles of a snapshot, of which only pieces are in memory."""
        header = series.headers[index]
        names = _CARRIED if self.method == "cic" else (*_CARRIED, "smoothing_lengths_pc")
        provenance: dict[str, Any] = {}

        def pieces() -> Iterator[ParticleSet]:
            # A little more than the cube, which decides itself what lies on its faces.
            wider = self.cutout.size_pc * (1.0 + TOLERANCE)
            if self.method == "sph":
                wider += 2.0 * self._margin_pc(series, index)
            whole = wider >= min(header.box_pc)
            wanted = None if whole else Cutout(self.cutout.center_pc, wider)
            for piece in series.chunks(index, names, wanted):
                assert isinstance(piece, ParticleSet)
                provenance.update(piece.provenance)
                yield piece

        fields = self._fields(pieces())
        return self._cube(fields, header.time_myr, provenance, METHODS[self.method])

    def _margin_pc(self, series: SnapshotSeries, index: int) -> float:
        """How far outside the cube particles are that reach into it: a first look at all."""
        from core.deposit_sph import reach_pc

        header = series.headers[index]
        lattice = Lattice.of(header, self.cutout.size_pc, self.n, self.cutout.center_pc)
        if all(lattice.wraps):
            return 0.0
        furthest = 0.0
        for piece in series.chunks(index, ("smoothing_lengths_pc",)):
            check_cancelled(self.cancelled, "Reading the snapshots")
            assert isinstance(piece, ParticleSet)
            furthest = max(furthest, reach_pc(piece, lattice))
        return furthest

    def one(self, source: ParticleSet | CellSet | Cube) -> Cube:
        """Cut the cube out of gas that is in memory."""
        cutout, n = self.cutout, self.n
        if isinstance(source, Cube):
            box = (source.size_pc,) * 3
            _check_fits(cutout, box, source.center_pc, periodic=self.periodic)
            same = np.allclose(
                (source.size_pc, *source.center_pc), (cutout.size_pc, *cutout.center_pc), atol=1e-6
            )
            if source.n == n and same:
                return source
            fields, name = _resample(source, cutout, n, periodic=self.periodic), "shared volume"
        else:
            _check_fits(cutout, source.box_pc, source.center_pc, periodic=source.periodic)
            if isinstance(source, CellSet):
                fields, name = deposit_cells(source, cutout, n), "shared volume"
            else:
                fields, name = self._fields(source), METHODS[self.method]
        return self._cube(fields, source.time_myr, source.provenance, name)

    def _fields(
        self, particles: ParticleSet | Iterable[ParticleSet]
    ) -> dict[str, NDArray[np.float32]]:
        return deposit(
            particles,
            size_pc=self.cutout.size_pc,
            n=self.n,
            center_pc=self.cutout.center_pc,
            method=self.method,
            cancelled=self.cancelled,
        )

    def _cube(
        self,
        fields: Mapping[str, NDArray[np.float32]],
        time_myr: float,
        provenance: Mapping[str, Any],
        name: str,
    ) -> Cube:
        return Cube(
            fields,
            self.cutout.size_pc,
            self.cutout.center_pc,
            time_myr,
            {**provenance, "voxelized_by": name},
        )


def _check_fits(cutout: Cutout, box: Vector3, box_center: Vector3, *, periodic: bool) -> None:
    """Refuse a cube that reaches beyond the gas, saying what would fit."""
    size_pc = cutout.size_pc
    if size_pc > min(box) * (1 + TOLERANCE):
        edges = " x ".join(f"{edge:.6g}" for edge in box)
        raise InvalidRequest(
            f"A cube of {size_pc:g} pc does not fit into the box of {edges} pc; "
            f"ask for at most {min(box):.6g} pc."
        )
    if periodic:
        return
    for axis, c, edge, middle in zip("xyz", cutout.center_pc, box, box_center, strict=True):
        room = max(0.5 * (edge - size_pc), 0.0)
        if abs(c - middle) > room + TOLERANCE * edge:
            raise InvalidRequest(
                f"A cube of {size_pc:g} pc around {axis} = {c:g} pc sticks out of the box, which "
                f"is not periodic; its centre must lie within {middle - room:.6g} to "
                f"{middle + room:.6g} pc."
            )


def _resample(
    source: Cube, cutout: Cutout, n: int, *, periodic: bool
) -> dict[str, NDArray[np.float32]]:
    """Average a grid over the volume its voxels share with those of the cube."""
    shares = [
        _overlap(source.n, source.size_pc, n, cutout.size_pc, c - middle, periodic=periodic)
        for c, middle in zip(cutout.center_pc, source.center_pc, strict=True)
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
    n_old: int, size_old: float, n_new: int, size_new: float, offset: float, *, periodic: bool
) -> NDArray[np.float64]:
    """Share of each old voxel in the mean of each new one along an axis, (new, old)."""
    old = np.linspace(-0.5 * size_old, 0.5 * size_old, n_old + 1)
    if periodic:
        offset -= size_old * np.round(offset / size_old)
    new = offset + np.linspace(-0.5 * size_new, 0.5 * size_new, n_new + 1)
    # Grids that align up to rounding are to align exactly.
    spacing = size_old / n_old
    steps = (new - old[0]) / spacing
    new = np.where(
        np.abs(steps - np.round(steps)) < TOLERANCE, old[0] + np.round(steps) * spacing, new
    )
    shared = np.zeros((n_new, n_old))
    # Through a periodic face the grid goes on with its own image.
    for image in (-size_old, 0.0, size_old) if periodic else (0.0,):
        low = np.maximum(new[:-1, None], old[None, :-1] + image)
        high = np.minimum(new[1:, None], old[None, 1:] + image)
        shared += np.clip(high - low, 0.0, None)
    share: NDArray[np.float64] = shared / shared.sum(axis=1, keepdims=True)
    return share
