"""What the readers of particle codes share: columns of `PartType0` to arrays."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from core.constants import BOLTZMANN_ERG_K, GAMMA, HYDROGEN_MASS_G, KMS_CM_S
from core.cutout import Cutout
from core.errors import CorruptSnapshot
from core.particles import ParticleSet, repeated_ids_remark
from core.readers.cell_index import rows_touching
from core.readers.hdf5 import dataset, finite, open_hdf5, reading
from core.readers.multifile import GAS
from core.readers.stars import StarGroup
from core.series import FrameHeader

MU_NEUTRAL = 1.27
MU_IONISED = 0.59
IONISATION_K = 1e4

COLUMNS = (
    "positions_pc",
    "masses_msun",
    "velocities_kms",
    "densities",
    "temperatures_k",
    "smoothing_lengths_pc",
    "ids",
)
_REQUIRED = ("positions_pc", "masses_msun")
_VECTORS = ("positions_pc", "velocities_kms")
_SIGNED = ("positions_pc", "velocities_kms")

CHUNK_ROWS = 1 << 20
"""Particles read at a time: some 100 MB with all their fields."""


@dataclass(frozen=True)
class Column:
    """Where a field is stored.

    Parameters
    ----------
    name : str
        Data set in the gas group.
    factor : float
        Size of its unit in ours.
    """

    name: str
    factor: float


@dataclass(frozen=True, kw_only=True)
class ParticleHeader(FrameHeader):
    """A particle snapshot before its arrays are read.

    Parameters
    ----------
    columns : Mapping of str to Column
        The fields of `ParticleSet` that the file has, and
        ``internal_energy`` in (km/s)^2.
    counts : tuple of int
        Gas particles in each of the files.
    particle_mass_msun : float or None
        The mass of every particle, where the file lists no masses.
    gamma : float
        Adiabatic index.
    stars : tuple of StarGroup
        Where the star particles are.
    """

    columns: Mapping[str, Column]
    counts: tuple[int, ...]
    particle_mass_msun: float | None = None
    gamma: float = GAMMA
    stars: tuple[StarGroup, ...] = ()


def temperature_k(energy_kms2: NDArray[np.floating], gamma: float = GAMMA) -> NDArray[np.float32]:
    """Temperature of a gas from its thermal energy per mass.

    T = (gamma - 1) u mu m_H / k with mu = 1.27 for neutral and 0.59 for
    ionised gas; between the two branches the gas is held at the ionisation
    temperature of 1e4 K, so that T grows with u.

    Parameters
    ----------
    energy_kms2 : ndarray
        Specific thermal energy u in (km/s)^2.
    gamma : float
        Adiabatic index.

    Returns
    -------
    ndarray of float32
        Temperature in K, same shape.
    """
    per_mu = energy_kms2 * ((gamma - 1.0) * KMS_CM_S**2 * HYDROGEN_MASS_G / BOLTZMANN_ERG_K)
    neutral = np.minimum(per_mu * MU_NEUTRAL, IONISATION_K)
    return np.maximum(neutral, per_mu * MU_IONISED).astype(np.float32, copy=False)


def load(
    header: FrameHeader, fields: Collection[str] | None, cutout: Cutout | None = None
) -> ParticleSet:
    """Read the gas of one snapshot: the `load` of every reader of particles.

    Parameters
    ----------
    header : FrameHeader
        The snapshot, from the reader's `read_headers`.
    fields : Collection of str, optional
        Optional fields of `ParticleSet` wanted; all by default.
    cutout : Cutout, optional
        Read only the particles in this cube.

    Returns
    -------
    ParticleSet
        The gas in pc, Myr, Msun, km/s, K; without particles if none are in
        the cube. Where identifiers were read and some are given to several
        particles, ``provenance["remarks"]`` says so.

    Raises
    ------
    CorruptSnapshot
        If a data set is missing, has the wrong shape, or holds values that
        cannot be right.
    """
    assert isinstance(header, ParticleHeader)
    wanted = _wanted(header, fields)
    pieces = _pieces(header, wanted, cutout)
    arrays = _joined(list(pieces), wanted) if cutout is not None else _filled(header, pieces)
    gas = _particles(header, arrays)
    if gas.repeated_ids:
        remarks = [repeated_ids_remark(gas.repeated_ids)]
        gas = replace(gas, provenance={**gas.provenance, "remarks": remarks})
    return gas


def chunks(
    header: FrameHeader, fields: Collection[str] | None, cutout: Cutout | None = None
) -> Iterator[ParticleSet]:
    """Read the gas of one snapshot piece by piece, in bounded memory.

    Parameters
    ----------
    header, fields, cutout
        As for `load`.

    Yields
    ------
    ParticleSet
        Pieces of at most about `CHUNK_ROWS` particles that together are what
        `load` returns; none at all if no particle is in the cube.

    Raises
    ------
    CorruptSnapshot
        As `load`, when the piece with the damage is reached.
    """
    assert isinstance(header, ParticleHeader)
    wanted = _wanted(header, fields)
    waiting: list[dict[str, NDArray[Any]]] = []
    size = 0
    for piece in _pieces(header, wanted, cutout):
        # A cutout leaves crumbs of the ranges read; they are handed on together.
        count = len(piece["positions_pc"])
        if waiting and size + count > CHUNK_ROWS:
            yield _particles(header, _joined(waiting, wanted))
            waiting, size = [], 0
        waiting.append(piece)
        size += count
    if waiting:
        yield _particles(header, _joined(waiting, wanted))


def _wanted(header: ParticleHeader, fields: Collection[str] | None) -> list[str]:
    """Columns to read: those asked for that the snapshot has or that follow from others."""
    columns = header.columns
    has = {
        **dict.fromkeys(columns, True),
        "masses_msun": True,
        "temperatures_k": "temperatures_k" in columns or "internal_energy" in columns,
        "smoothing_lengths_pc": "smoothing_lengths_pc" in columns
        or (header.code == "AREPO" and "densities" in columns),
    }
    asked = COLUMNS if fields is None else (*_REQUIRED, *fields)
    return [name for name in COLUMNS if name in asked and has.get(name, False)]


def _particles(header: ParticleHeader, arrays: Mapping[str, NDArray[Any]]) -> ParticleSet:
    return ParticleSet(
        **arrays,
        time_myr=header.time_myr,
        box_pc=header.box_pc,
        origin_pc=header.origin_pc,
        periodic=header.periodic,
        provenance={
            "files": [str(path) for path in header.paths],
            "code": header.code,
            "units": str(header.units),
        },
    )


def _pieces(
    header: ParticleHeader, wanted: Sequence[str], cutout: Cutout | None
) -> Iterator[dict[str, NDArray[Any]]]:
    """Columns of the particles wanted, a range of rows at a time."""
    for path, count in zip(header.paths, header.counts, strict=True):
        if count == 0:
            continue
        with open_hdf5(path) as file:
            gas = _Gas(file, header, count)
            ranges = [(0, count)]
            if cutout is not None:
                ranges = _rows_in(file, header, cutout, count)
            for begin, end in ranges:
                for start in range(begin, end, CHUNK_ROWS):
                    piece = gas.rows(wanted, start, min(start + CHUNK_ROWS, end), cutout)
                    if piece is not None:
                        yield piece


def _rows_in(
    file: h5py.File, header: ParticleHeader, cutout: Cutout, count: int
) -> list[tuple[int, int]]:
    """Ranges of rows that a cutout needs: all of them, unless the file has an index."""
    ranges = rows_touching(
        file,
        GAS,
        cutout,
        unit_pc=header.columns["positions_pc"].factor,
        box_pc=header.box_pc,
        periodic=header.periodic,
        count=count,
    )
    return [(0, count)] if ranges is None else ranges


def _filled(
    header: ParticleHeader, pieces: Iterator[dict[str, NDArray[Any]]]
) -> dict[str, NDArray[Any]]:
    """Put all the gas into arrays made once: no second copy of a large snapshot."""
    arrays: dict[str, NDArray[Any]] = {}
    done = 0
    for piece in pieces:
        end = done + len(piece["positions_pc"])
        if done == 0 and end == header.count:
            return piece
        for name, values in piece.items():
            if name not in arrays:
                arrays[name] = np.empty((header.count, *values.shape[1:]), values.dtype)
            elif arrays[name].dtype != values.dtype:
                wider = _wider(arrays[name].dtype, values.dtype)
                arrays[name] = arrays[name].astype(wider, copy=False)
            arrays[name][done:end] = values
        done = end
    return arrays


def _joined(
    pieces: list[dict[str, NDArray[Any]]], wanted: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Put pieces together, and let go of them column by column."""
    if len(pieces) == 1:
        return pieces[0]
    if not pieces:
        return {
            name: np.empty((0, 3) if name in _VECTORS else 0, np.int64 if name == "ids" else "f4")
            for name in wanted
        }
    arrays: dict[str, NDArray[Any]] = {}
    for name in wanted:
        parts = [piece.pop(name) for piece in pieces]
        kind = parts[0].dtype
        for part in parts:
            kind = _wider(kind, part.dtype)
        arrays[name] = np.concatenate(parts, dtype=kind)
    return arrays


def _wider(one: np.dtype[Any], other: np.dtype[Any]) -> np.dtype[Any]:
    """Find a type for both; identifiers stay whole numbers."""
    both = np.promote_types(one, other)
    return np.dtype(np.uint64) if one.kind in "iu" and both.kind == "f" else both


class _Gas:
    """The gas of one open file, in our units.

    Parameters
    ----------
    file : h5py.File
        The file.
    header : ParticleHeader
        Its snapshot.
    count : int
        Gas particles in this file.
    """

    def __init__(self, file: h5py.File, header: ParticleHeader, count: int) -> None:
        self._file = file
        self._header = header
        self._count = count
        self._sources: dict[str, h5py.Dataset] = {}

    def rows(
        self, wanted: Sequence[str], start: int, stop: int, cutout: Cutout | None
    ) -> dict[str, NDArray[Any]] | None:
        """Columns of the rows `start` to `stop` that lie in the cutout; None if none do."""
        if cutout is None:
            return {name: self._column(name, start, stop) for name in wanted}
        positions = self._column("positions_pc", start, stop)
        box, periodic = self._header.box_pc, self._header.periodic
        inside = cutout.contains(positions, box, periodic=periodic)
        hits = np.flatnonzero(inside)
        if len(hits) == 0:
            return None
        low, high = int(hits[0]), int(hits[-1]) + 1
        here = inside[low:high]
        piece = {
            name: self._column(name, start + low, start + high)[here]
            for name in wanted
            if name != "positions_pc"
        }
        return {"positions_pc": positions[inside], **piece}

    def _column(self, name: str, start: int, stop: int) -> NDArray[Any]:
        columns = self._header.columns
        if name in columns:
            values = self._values(name, start, stop)
            if name in ("positions_pc", "ids"):
                return values
            return values.astype(np.float32, copy=False)
        if name == "masses_msun":
            return np.full(stop - start, self._header.particle_mass_msun, dtype=np.float32)
        if name == "temperatures_k":
            energy = self._values("internal_energy", start, stop)
            with np.errstate(over="ignore"):
                temperature = temperature_k(energy, self._header.gamma)
            return self._in_range(temperature, columns["internal_energy"])
        # A Voronoi cell has no kernel; the radius of the sphere of its volume stands in.
        assert name == "smoothing_lengths_pc"
        mass = self._column("masses_msun", start, stop)
        density = self._values("densities", start, stop)
        if not density.all():
            raise CorruptSnapshot(
                Path(self._file.filename),
                f"{GAS}/{columns['densities'].name} has {np.count_nonzero(density == 0)} values "
                f"of zero from row {start} on; the cells of such gas have no size.",
            )
        with np.errstate(over="ignore"):
            volume = mass / density
        return np.cbrt(3 / (4 * np.pi) * self._in_range(volume, columns["densities"]))

    def _values(self, name: str, start: int, stop: int) -> NDArray[Any]:
        """Read, check and convert rows of one data set."""
        source, column = self._source(name), self._header.columns[name]
        rows = slice(start, stop)
        path, place = Path(self._file.filename), f"{GAS}/{column.name}"
        if name == "ids":
            if source.dtype.kind not in "iu":
                raise CorruptSnapshot(path, f"{place} holds {source.dtype}, not whole numbers.")
            with reading(path, place):
                ids: NDArray[Any] = source[rows]
            return ids.astype(ids.dtype.newbyteorder("="), copy=False)
        values = finite(source, rows, negative=name in _SIGNED)
        if column.factor == 1.0 and name == "positions_pc":
            return values
        with np.errstate(over="ignore"):
            if column.factor != 1.0:
                values *= column.factor
            converted = values if name == "positions_pc" else values.astype(np.float32, copy=False)
        return self._in_range(converted, column)

    def _in_range(self, values: NDArray[Any], column: Column) -> NDArray[Any]:
        """Refuse what single precision cannot hold in our units."""
        if not np.isfinite(values).all():
            raise CorruptSnapshot(
                Path(self._file.filename),
                f"{GAS}/{column.name} has values that are too large for its units "
                f"({self._header.units}).",
            )
        return values

    def _source(self, name: str) -> h5py.Dataset:
        """Look up and check the data set of a field, once."""
        if name not in self._sources:
            place = f"{GAS}/{self._header.columns[name].name}"
            source = dataset(self._file, place)
            expected = (self._count, 3) if name in _VECTORS else (self._count,)
            if source.shape != expected:
                raise CorruptSnapshot(
                    Path(self._file.filename),
                    f"{place} has shape {source.shape}, expected {expected}.",
                )
            self._sources[name] = source
        return self._sources[name]
