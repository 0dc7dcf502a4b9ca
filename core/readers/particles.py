"""What the readers of particle codes share: columns of `PartType0` to arrays."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from core.constants import BOLTZMANN_ERG_K, GAMMA, HYDROGEN_MASS_G, KMS_CM_S
from core.cutout import Cutout
from core.errors import CorruptSnapshot
from core.particles import ParticleSet
from core.readers.hdf5 import dataset, find, open_hdf5, read_finite, reading
from core.series import FrameHeader
from core.stars import StarSet

MU_NEUTRAL = 1.27
MU_IONISED = 0.59
IONISATION_K = 1e4

GAS = "PartType0"
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
    """

    columns: Mapping[str, Column]
    counts: tuple[int, ...]
    particle_mass_msun: float | None = None
    gamma: float = GAMMA


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


def gas_count(file: h5py.File, header: Mapping[str, Any]) -> int:
    """Count the gas particles in a file, and check that against the data set.

    Parameters
    ----------
    file : h5py.File
        The open snapshot.
    header : Mapping
        The attributes of its ``Header``.

    Returns
    -------
    int
        The number; zero if the file has none.

    Raises
    ------
    CorruptSnapshot
        If header and data set disagree.
    """
    path = Path(file.filename)
    with reading(path, "Header/NumPart_ThisFile"):
        stated = int(np.atleast_1d(header["NumPart_ThisFile"])[0])
    if stated == 0 or find(file, GAS) is None:
        return 0
    shape = dataset(file, f"{GAS}/Coordinates").shape
    if shape != (stated, 3):
        raise CorruptSnapshot(
            path,
            f"{GAS}/Coordinates has shape {shape}, but the header states {stated} gas particles.",
        )
    return stated


def require_gas(path: Path, count: int) -> None:
    """Refuse a snapshot without gas.

    Parameters
    ----------
    path : Path
        The snapshot.
    count : int
        Its gas particles.

    Raises
    ------
    CorruptSnapshot
        If there are none.
    """
    if count == 0:
        raise CorruptSnapshot(path, f"the snapshot has no gas particles ({GAS}).")


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
        The gas in pc, Myr, Msun, km/s, K.

    Raises
    ------
    CorruptSnapshot
        If a data set is missing, has the wrong shape, or holds values that
        cannot be right.
    """
    assert isinstance(header, ParticleHeader)
    wanted = [name for name in COLUMNS if name in _REQUIRED or fields is None or name in fields]
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in wanted}
    for path, count in zip(header.paths, header.counts, strict=True):
        if count == 0:
            continue
        with open_hdf5(path) as file:
            for name in wanted:
                values = _read(file, header, name, count)
                if values is not None:
                    parts[name].append(values)
    n_files = sum(count > 0 for count in header.counts)
    arrays: dict[str, NDArray[Any]] = {}
    for name in wanted:
        pieces = parts.pop(name)
        if len(pieces) == n_files:
            arrays[name] = pieces[0] if n_files == 1 else np.concatenate(pieces)
        elif pieces:
            raise CorruptSnapshot(
                header.paths[0], f"only {len(pieces)} of its {n_files} files have {name}."
            )
    if cutout is not None:
        inside = cutout.contains(arrays["positions_pc"], header.box_pc, periodic=header.periodic)
        arrays = {name: values[inside] for name, values in arrays.items()}
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


def chunks(
    header: FrameHeader, fields: Collection[str] | None, cutout: Cutout | None = None
) -> Iterator[ParticleSet]:
    """Read the gas of one snapshot piece by piece.

    Parameters
    ----------
    header, fields, cutout
        As for `load`.

    Yields
    ------
    ParticleSet
        Pieces that together are what `load` returns.
    """
    yield load(header, fields, cutout)


def load_stars(header: FrameHeader) -> StarSet | None:
    """Read the star particles.

    Parameters
    ----------
    header : FrameHeader
        The snapshot, from the reader's `read_headers`.

    Returns
    -------
    StarSet or None
        The stars; None if the snapshot has none.
    """
    return None


def _read(file: h5py.File, header: ParticleHeader, name: str, count: int) -> NDArray[Any] | None:
    """One field of one file in our units; None if the file has no such field."""
    if name in header.columns:
        column = header.columns[name]
        if name == "ids":
            return _checked(file, column.name, (count,))
        values = _finite(file, name, column, count)
        return values if name == "positions_pc" else values.astype(np.float32, copy=False)
    if name == "masses_msun":
        return np.full(count, header.particle_mass_msun, dtype=np.float32)
    if name == "temperatures_k" and "internal_energy" in header.columns:
        energy = _finite(file, name, header.columns["internal_energy"], count)
        return temperature_k(energy, header.gamma)
    if name == "smoothing_lengths_pc" and header.code == "AREPO" and "densities" in header.columns:
        # A Voronoi cell has no kernel; the radius of the sphere of its volume stands in.
        mass = _read(file, header, "masses_msun", count)
        assert mass is not None
        density = _finite(file, "densities", header.columns["densities"], count)
        return np.cbrt(3 * mass / (4 * np.pi * density)).astype(np.float32)
    return None


def _finite(file: h5py.File, name: str, column: Column, count: int) -> NDArray[Any]:
    """Read, check and convert one data set of numbers."""
    _shape_checked(file, column.name, (count, 3) if name in _VECTORS else (count,))
    values = read_finite(file, f"{GAS}/{column.name}", negative=name in _SIGNED)
    if column.factor != 1.0:
        values *= column.factor
    return values


def _checked(file: h5py.File, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
    source = _shape_checked(file, name, shape)
    with reading(Path(file.filename), f"{GAS}/{name}"):
        values: NDArray[Any] = source[()]
    return values


def _shape_checked(file: h5py.File, name: str, shape: tuple[int, ...]) -> h5py.Dataset:
    source = dataset(file, f"{GAS}/{name}")
    if source.shape != shape:
        raise CorruptSnapshot(
            Path(file.filename), f"{GAS}/{name} has shape {source.shape}, expected {shape}."
        )
    return source
