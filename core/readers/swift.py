"""SWIFT snapshots (HDF5): units from the file, smoothing lengths to kernel support."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import h5py
import numpy as np

from core.constants import GAMMA
from core.errors import CorruptSnapshot, MissingUnits
from core.readers.hdf5 import attributes, find, is_hdf5, open_hdf5, reading
from core.readers.multifile import group_parts
from core.readers.particles import (
    GAS,
    Column,
    ParticleHeader,
    gas_count,
    require_gas,
)
from core.readers.particles import chunks as chunks
from core.readers.particles import load as load
from core.readers.particles import load_stars as load_stars
from core.series import FrameHeader, Kind, Verdict
from core.units import UnitSystem

name = "SWIFT"
kind: Kind = "particles"

_DATASETS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        "positions_pc": ("Coordinates", 1),
        "masses_msun": ("Masses", 0),
        "velocities_kms": ("Velocities", 0),
        "densities": ("Densities", -3),
        "temperatures_k": ("Temperatures", 0),
        "internal_energy": ("InternalEnergies", -2),
        "smoothing_lengths_pc": ("SmoothingLengths", 1),
        "ids": ("ParticleIDs", 0),
    }
)
"""Data set of each field, and the power of the scale factor in it if the file does not say."""

_KERNEL_SUPPORT: Mapping[str, float] = MappingProxyType(
    {
        "cubic spline": 1.825742,
        "quartic spline": 2.018932,
        "quintic spline": 2.195775,
        "wendland c2": 1.936492,
        "wendland c4": 2.207940,
        "wendland c6": 2.449490,
    }
)
"""Radius of the kernel's support over SWIFT's smoothing length (Dehnen & Aly 2012, Table 1)."""


def sniff(path: Path) -> Verdict:
    """Tell by its content whether a file is a SWIFT snapshot.

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
        if find(file, "Header") is None:
            return Verdict(False, "no group Header")
        code = attributes(file, "Header").get("Code")
    if code != "SWIFT":
        return Verdict(False, f"Header/Code is {code!r}, not 'SWIFT'")
    return Verdict(True, "Header/Code is 'SWIFT'")


def read_headers(paths: Sequence[Path], units: UnitSystem | None) -> list[FrameHeader]:
    """Read everything but the arrays of SWIFT snapshots.

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
    return [_read_header(group, units) for group in group_parts(paths)]


def _read_header(parts: tuple[Path, ...], units: UnitSystem | None) -> ParticleHeader:
    counts: list[int] = []
    columns: dict[str, Column] = {}
    for path in parts:
        with open_hdf5(path) as file:
            header = attributes(file, "Header")
            counts.append(gas_count(file, header))
            if counts[-1] and not columns:
                units = units or _units(file)
                columns = _columns(file, units, header)
                gamma = float(attributes(file, "HydroScheme").get("Adiabatic index", GAMMA))
                parameters = attributes(file, "Parameters")
    require_gas(parts[0], sum(counts))
    assert units is not None
    with reading(parts[0], "Header"):
        time_myr = float(header["Time"]) * units.time_myr
        edge = units.length_pc * float(header.get("Scale-factor", 1.0))
        x, y, z = np.broadcast_to(np.asarray(header["BoxSize"], dtype=float), 3) * edge
        dimension = int(header.get("Dimension", 3))
    if dimension != 3:
        raise CorruptSnapshot(parts[0], f"the run has {dimension} dimensions; 3 are needed.")
    return ParticleHeader(
        paths=parts,
        time_myr=time_myr,
        box_pc=(float(x), float(y), float(z)),
        origin_pc=(0.0, 0.0, 0.0),
        periodic=str(parameters.get("InitialConditions:periodic", "1")) != "0",
        count=sum(counts),
        code="SWIFT",
        units=units,
        columns=columns,
        counts=tuple(counts),
        # SWIFT writes gamma in single precision; 1.6666666 is 5/3.
        gamma=GAMMA if abs(gamma - GAMMA) < 1e-5 else gamma,
    )


def _units(file: h5py.File) -> UnitSystem:
    stated = attributes(file, "Units")
    keys = {
        "length": "Unit length in cgs (U_L)",
        "mass": "Unit mass in cgs (U_M)",
        "time": "Unit time in cgs (U_t)",
    }
    missing = [quantity for quantity, key in keys.items() if key not in stated]
    path = Path(file.filename)
    if missing:
        raise MissingUnits(path, missing)
    with reading(path, "Units"):
        length, mass, time = (float(stated[key]) for key in keys.values())
        return UnitSystem.from_cgs(length, mass, time_s=time)


def _columns(file: h5py.File, units: UnitSystem, header: Mapping[str, Any]) -> dict[str, Column]:
    scale = float(header.get("Scale-factor", 1.0))
    sizes = {
        "positions_pc": units.length_pc,
        "masses_msun": units.mass_msun,
        "velocities_kms": units.velocity_kms,
        "densities": units.density,
        "internal_energy": units.velocity_kms**2,
        "smoothing_lengths_pc": units.length_pc,
    }
    columns: dict[str, Column] = {}
    for field, (stored, power) in _DATASETS.items():
        if find(file, f"{GAS}/{stored}") is None:
            continue
        size = sizes.get(field, 1.0)
        if field == "smoothing_lengths_pc":
            support = _kernel_support(file)
            if support is None:
                continue
            size *= support
        if scale != 1.0:
            stated = attributes(file, f"{GAS}/{stored}")
            if not stated.get("Value stored as physical", 0):
                size *= scale ** float(stated.get("a-scale exponent", power))
        columns[field] = Column(stored, size)
    if "masses_msun" not in columns:
        raise CorruptSnapshot(Path(file.filename), f"the data set {GAS}/Masses is missing.")
    return columns


def _kernel_support(file: h5py.File) -> float | None:
    """Support over smoothing length: as the file states it, or by the kernel's name."""
    scheme = attributes(file, "HydroScheme")
    if "Kernel gamma" in scheme:
        return float(scheme["Kernel gamma"])
    kernel = str(scheme.get("Kernel function", "")).lower().replace("-", " ")
    return next((ratio for known, ratio in _KERNEL_SUPPORT.items() if known in kernel), None)
