"""The Gadget family (HDF5): Gadget-2/3/4, AREPO and GIZMO, in one file or many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import h5py
import numpy as np

from core.cubes import Vector3
from core.errors import CorruptSnapshot, MissingUnits
from core.readers.cosmology import Cosmology
from core.readers.hdf5 import attributes, dataset, find, finite, is_hdf5, open_hdf5, reading
from core.readers.multifile import GAS, STAGE, count_parts, group_parts
from core.readers.particles import (
    CHUNK_ROWS,
    Column,
    ParticleHeader,
)
from core.readers.particles import chunks as chunks
from core.readers.particles import load as load
from core.readers.scaling import Scaling, stated_units
from core.readers.stars import Birth, StarGroup
from core.readers.stars import load_stars as load_stars
from core.series import FrameHeader, Kind, Verdict
from core.units import UnitSystem

name = "Gadget"
kind: Kind = "particles"

_DATASETS: Mapping[str, tuple[str, float, float]] = MappingProxyType(
    {
        "positions_pc": ("Coordinates", 1.0, -1.0),
        "masses_msun": ("Masses", 0.0, -1.0),
        "velocities_kms": ("Velocities", 0.5, 0.0),
        "densities": ("Density", -3.0, 2.0),
        "temperatures_k": ("Temperature", 0.0, 0.0),
        "internal_energy": ("InternalEnergy", 0.0, 0.0),
        "smoothing_lengths_pc": ("SmoothingLength", 1.0, -1.0),
        "ids": ("ParticleIDs", 0.0, 0.0),
    }
)
"""Data set of each field, and the powers of a and h in it if the file does not say."""

_UNIT_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "length": ("UnitLength_in_cm", "UnitLength_In_CGS"),
        "mass": ("UnitMass_in_g", "UnitMass_In_CGS"),
        "velocity": ("UnitVelocity_in_cm_per_s", "UnitVelocity_In_CGS"),
    }
)
"""How Gadget and AREPO, and GIZMO, call their units."""

_CELL_FIELDS = ("CenterOfMass", "Volume", "NumFacesCell", "FaceAngle")
_MESH_OPTIONS = ("VORONOI", "REGULARIZE_MESH", "REFINEMENT", "MESHRELAX")
"""Data sets and compile-time options that only AREPO's moving mesh has."""

_MATTER = ("Omega0", "Omega_Matter")
_VACUUM = ("OmegaLambda", "Omega_Lambda")
"""How Gadget and AREPO, and GIZMO, call the densities of the universe."""

_BIRTH_TIMES = ("GFM_StellarFormationTime", "StellarFormationTime")
"""How AREPO, and Gadget and GIZMO, call the time at which a star was born."""


def sniff(path: Path) -> Verdict:
    """Tell by its content whether a file is a snapshot of the Gadget family.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Verdict
        Yes or no, and why.
    """
    if not is_hdf5(path):
        return Verdict(False, "not an HDF5 file")
    with open_hdf5(path) as file:
        header = attributes(file, "Header")
    if "NumPart_ThisFile" not in header:
        return Verdict(False, "no Header/NumPart_ThisFile")
    if str(header.get("Code")) == "SWIFT":
        return Verdict(False, "written by SWIFT")
    return Verdict(True, "it has Header/NumPart_ThisFile")


def read_headers(paths: Sequence[Path], units: UnitSystem | None) -> list[FrameHeader]:
    """Read everything but the arrays of snapshots of the Gadget family.

    Parameters
    ----------
    paths : Sequence of Path
        The files; parts of one snapshot are put together.
    units : UnitSystem, optional
        Units to use instead of the files' own.

    Returns
    -------
    list of FrameHeader
        One per snapshot.

    Raises
    ------
    MissingUnits
        If a file states no units and none are given.
    CorruptSnapshot
        If a file is damaged or has no gas.
    """
    groups = group_parts(paths)
    # A run is cosmological or it is not: at a time of exactly 1 a plain run looks like one.
    comoving = all(_is_comoving(parts[0]) for parts in groups)
    return [_read_header(parts, units, comoving=comoving) for parts in groups]


def _read_header(
    parts: tuple[Path, ...], units: UnitSystem | None, *, comoving: bool
) -> ParticleHeader:
    counts = count_parts(parts)
    first = parts[next(i for i, count in enumerate(counts.gas) if count)]
    with open_hdf5(first) as file:
        header = {**attributes(file, "Parameters"), **attributes(file, "Header")}
        units = units or _units(file, header)
        with reading(first, "Header"):
            cosmology = _cosmology(header) if comoving else None
            scaling = Scaling(
                units,
                float(header["Time"]) if cosmology else 1.0,
                cosmology.hubble if cosmology else 1.0,
                cosmology,
            )
            time_myr = _time_myr(header, scaling)
            columns = _columns(file, GAS, scaling)
            mass = _table_mass(header, 0, scaling)
            edge = units.length_pc * scaling.scale / scaling.hubble
            box = np.broadcast_to(np.asarray(header.get("BoxSize", 0.0), float), 3) * edge
        if "masses_msun" not in columns and not mass > 0:
            raise CorruptSnapshot(first, f"neither {GAS}/Masses nor a mass in MassTable.")
        if not (np.isfinite(box).all() and box.min() >= 0):
            raise CorruptSnapshot(first, f"Header/BoxSize is {header.get('BoxSize')}.")
        code = _code(file, header)
    stars: list[StarGroup] = []
    for group, numbers in counts.stars.items():
        path = parts[next(i for i, number in enumerate(numbers) if number)]
        with open_hdf5(path) as file:
            stars.append(_star_group(file, group, numbers, header, scaling))
    x, y, z = (float(length) for length in box)
    origin: Vector3 = (0.0, 0.0, 0.0)
    periodic = min(x, y, z) > 0
    if not periodic:
        origin, (x, y, z) = _extent(parts, counts.gas, columns["positions_pc"])
    return ParticleHeader(
        paths=parts,
        time_myr=time_myr,
        scale_factor=scaling.scale,
        box_pc=(x, y, z),
        origin_pc=origin,
        periodic=periodic,
        count=sum(counts.gas),
        code=code,
        units=units,
        columns=columns,
        counts=counts.gas,
        particle_mass_msun=mass,
        stars=tuple(stars),
    )


def _code(file: h5py.File, header: Mapping[str, Any]) -> str:
    """Which of the family wrote the file, by what only it writes."""
    gas = find(file, GAS)
    with reading(Path(file.filename), GAS):
        # Names of other encodings come as bytes.
        stored = [str(key) for key in gas] if isinstance(gas, h5py.Group) else []
    if "UnitLength_In_CGS" in header or "ParticleIDGenerationNumber" in stored:
        return "GIZMO"
    if any(key.startswith("GFM_") or key in _CELL_FIELDS for key in stored):
        return "AREPO"
    options = attributes(file, "Config")
    if any(key.startswith(_MESH_OPTIONS) for key in options):
        return "AREPO"
    return "Gadget"


def _units(file: h5py.File, header: Mapping[str, Any]) -> UnitSystem:
    """Units as the header, a group Units, or the data sets state them."""
    path = Path(file.filename)
    header = {**attributes(file, "Units"), **header}

    def to_cgs(stored: str) -> float:
        # Zero is how Gadget-4 and AREPO write that they do not know.
        return float(attributes(file, f"{GAS}/{stored}").get("to_cgs", 0.0))

    with reading(path, "the units"):
        sizes = {quantity: _stated(header, names) for quantity, names in _UNIT_NAMES.items()}
        sizes["length"] = sizes["length"] or to_cgs("Coordinates")
        sizes["mass"] = sizes["mass"] or to_cgs("Masses")
        sizes["mass"] = sizes["mass"] or to_cgs("Density") * sizes["length"] ** 3
        sizes["velocity"] = sizes["velocity"] or to_cgs("Velocities")
        box, time = float(np.max(header.get("BoxSize", 0.0))), float(header.get("Time", 0.0))
    missing = [quantity for quantity, size in sizes.items() if not 0 < size < np.inf]
    if missing:
        raise MissingUnits(
            path,
            missing,
            f"In its own units the box is {box:.6g} wide and the time is {time:.6g}.",
        )
    return stated_units(path, sizes["length"], sizes["mass"], sizes["velocity"])


def _is_comoving(path: Path) -> bool:
    """Whether a file is of a cosmological run, where the time is the scale factor."""
    with open_hdf5(path) as file:
        header = {**attributes(file, "Parameters"), **attributes(file, "Header")}
    with reading(path, "Header/Time"):
        flag = header.get("ComovingIntegrationOn")
        if flag is not None:
            return bool(int(flag))
        time, redshift = float(header["Time"]), float(header.get("Redshift", 0.0))
        # Time is the scale factor only where it agrees with the redshift.
        return abs(time * (1 + redshift) - 1) < 1e-5 and _stated(header, _MATTER) > 0


def _stated(header: Mapping[str, Any], names: Sequence[str]) -> float:
    return float(next((header[name] for name in names if name in header), 0.0))


def _cosmology(header: Mapping[str, Any]) -> Cosmology:
    return Cosmology(
        matter=_stated(header, _MATTER),
        vacuum=_stated(header, _VACUUM),
        hubble=float(header.get("HubbleParam", 1.0)) or 1.0,
    )


def _time_myr(header: Mapping[str, Any], scaling: Scaling) -> float:
    """Time of the snapshot; since the Big Bang in a cosmological run."""
    if scaling.cosmology is not None:
        time = float(scaling.cosmology.age_myr(scaling.scale))
    else:
        time = float(header["Time"]) * scaling.units.time_myr
    if not np.isfinite(time):
        raise ValueError(f"Time is {header['Time']}")
    return time


def _columns(file: h5py.File, group: str, scaling: Scaling) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for field, (stored, a_power, h_power) in _DATASETS.items():
        if find(file, f"{group}/{stored}") is None:
            continue
        size = scaling.size_of(field)
        if scaling.cosmology is not None:
            stated = attributes(file, f"{group}/{stored}")
            size *= scaling.scale ** float(stated.get("a_scaling", a_power))
            size *= scaling.hubble ** float(stated.get("h_scaling", h_power))
        columns[field] = Column(stored, size)
    return columns


def _table_mass(header: Mapping[str, Any], kind: int, scaling: Scaling) -> float:
    """Mass of every particle of a type in Msun, where the header states one for all."""
    table = np.atleast_1d(header.get("MassTable", 0.0))
    mass = float(table[kind]) if kind < len(table) else 0.0
    return mass * scaling.units.mass_msun / scaling.hubble


def _star_group(
    file: h5py.File,
    group: str,
    counts: tuple[int, ...],
    header: Mapping[str, Any],
    scaling: Scaling,
) -> StarGroup:
    path = Path(file.filename)
    with reading(path, group):
        columns = _columns(file, group, scaling)
        mass = _table_mass(header, int(group[-1]), scaling)
    if "masses_msun" not in columns and not mass > 0:
        raise CorruptSnapshot(path, f"neither {group}/Masses nor a mass in MassTable.")
    staged = find(file, f"{group}/{STAGE}") is not None
    # The formation time of a followed star is when it last changed its stage, the "age" of
    # its protostar the time at which it formed.
    names = ("ProtoStellarAge", *_BIRTH_TIMES) if staged else _BIRTH_TIMES
    known = next((name for name in names if find(file, f"{group}/{name}") is not None), None)
    birth = None
    if known is not None:
        # A cosmological run counts in scale factors, any other in its unit of time.
        winds = known.startswith("GFM_")
        birth = Birth(known, scaling.units.time_myr, scaling.cosmology, winds)
    return StarGroup(group, counts, columns, mass, birth, staged)


def _extent(
    parts: Sequence[Path], counts: Sequence[int], column: Column
) -> tuple[Vector3, Vector3]:
    """Origin and size of the gas itself, for runs without a box."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for path, count in zip(parts, counts, strict=True):
        if not count:
            continue
        with open_hdf5(path) as file:
            source = dataset(file, f"{GAS}/{column.name}")
            for start in range(0, count, CHUNK_ROWS):
                rows = slice(start, min(start + CHUNK_ROWS, count))
                positions = finite(source, rows).astype(np.float64) * column.factor
                low = np.minimum(low, positions.min(axis=0))
                high = np.maximum(high, positions.max(axis=0))
    x, y, z = (float(value) for value in low)
    dx, dy, dz = (float(value) for value in high - low)
    return (x, y, z), (dx, dy, dz)
