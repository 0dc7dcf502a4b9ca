"""The Gadget family (HDF5): Gadget-2/3/4, AREPO and GIZMO, in one file or many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import h5py
import numpy as np

from core.constants import PC_PER_KMS_MYR
from core.cubes import Vector3
from core.errors import CorruptSnapshot, MissingUnits
from core.readers.hdf5 import attributes, find, is_hdf5, open_hdf5, read_finite, reading
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
    if header.get("Code") == "SWIFT":
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
    return [_read_header(group, units) for group in group_parts(paths)]


def _read_header(parts: tuple[Path, ...], units: UnitSystem | None) -> ParticleHeader:
    counts: list[int] = []
    columns: dict[str, Column] = {}
    for path in parts:
        with open_hdf5(path) as file:
            header = attributes(file, "Header")
            counts.append(gas_count(file, header))
            if not counts[-1] or columns:
                continue
            header = {**attributes(file, "Parameters"), **header}
            units = units or _units(file, header)
            with reading(path, "Header"):
                scale, hubble = _expansion(header)
                time_myr = _time_myr(header, units, scale, hubble)
                columns = _columns(file, units, scale, hubble)
                mass = float(np.atleast_1d(header.get("MassTable", 0.0))[0])
                mass *= units.mass_msun / hubble
                edge = units.length_pc * scale / hubble
                box = np.broadcast_to(np.asarray(header.get("BoxSize", 0.0), float), 3) * edge
                stated = _stated_total(header)
            code = _code(file, header)
            if "masses_msun" not in columns and mass <= 0:
                raise CorruptSnapshot(path, f"neither {GAS}/Masses nor a mass in MassTable.")
    require_gas(parts[0], sum(counts))
    assert units is not None
    if stated != sum(counts):
        raise CorruptSnapshot(
            parts[0], f"states {stated} gas particles in all, but its files have {sum(counts)}."
        )
    x, y, z = (float(length) for length in box)
    origin: Vector3 = (0.0, 0.0, 0.0)
    periodic = min(x, y, z) > 0
    if not periodic:
        origin, (x, y, z) = _extent(parts, counts, columns["positions_pc"])
    return ParticleHeader(
        paths=parts,
        time_myr=time_myr,
        box_pc=(x, y, z),
        origin_pc=origin,
        periodic=periodic,
        count=sum(counts),
        code=code,
        units=units,
        columns=columns,
        counts=tuple(counts),
        particle_mass_msun=mass,
    )


def _code(file: h5py.File, header: Mapping[str, Any]) -> str:
    """Which of the family wrote the file, by what only it writes."""
    gas = find(file, GAS)
    stored = list(gas) if isinstance(gas, h5py.Group) else []
    if "UnitLength_In_CGS" in header or "ParticleIDGenerationNumber" in stored:
        return "GIZMO"
    if any(key.startswith("GFM_") for key in stored) or "SmoothingLength" not in stored:
        return "AREPO"
    return "Gadget"


def _units(file: h5py.File, header: Mapping[str, Any]) -> UnitSystem:
    """Units as the header, a group Units, or the data sets state them."""
    header = {**attributes(file, "Units"), **header}
    sizes = {
        quantity: float(next((header[n] for n in names if n in header), 0.0))
        for quantity, names in _UNIT_NAMES.items()
    }

    def to_cgs(stored: str) -> float:
        # Zero is how Gadget-4 and AREPO write that they do not know.
        return float(attributes(file, f"{GAS}/{stored}").get("to_cgs", 0.0))

    sizes["length"] = sizes["length"] or to_cgs("Coordinates")
    sizes["mass"] = sizes["mass"] or to_cgs("Masses")
    sizes["mass"] = sizes["mass"] or to_cgs("Density") * sizes["length"] ** 3
    sizes["velocity"] = sizes["velocity"] or to_cgs("Velocities")
    missing = [quantity for quantity, size in sizes.items() if size <= 0]
    if missing:
        box, time = np.max(header.get("BoxSize", 0.0)), header.get("Time", 0.0)
        raise MissingUnits(
            Path(file.filename),
            missing,
            f"In its own units the box is {box:.6g} wide and the time is {time:.6g}.",
        )
    return UnitSystem.from_cgs(sizes["length"], sizes["mass"], sizes["velocity"])


def _expansion(header: Mapping[str, Any]) -> tuple[float, float]:
    """Scale factor and Hubble parameter; both 1 unless the run is cosmological."""
    time, redshift = float(header["Time"]), float(header.get("Redshift", 0.0))
    flag = header.get("ComovingIntegrationOn")
    if flag is None:
        # Time is the scale factor only where it agrees with the redshift.
        agrees = abs(time * (1 + redshift) - 1) < 1e-5
        flag = agrees and float(header.get("Omega0", 0.0)) > 0
    if not int(flag):
        return 1.0, 1.0
    return time, float(header.get("HubbleParam", 1.0)) or 1.0


def _time_myr(header: Mapping[str, Any], units: UnitSystem, scale: float, hubble: float) -> float:
    """Time of the snapshot; since the Big Bang (Friedmann) in a cosmological run."""
    if scale == 1.0 and hubble == 1.0:
        return float(header["Time"]) * units.time_myr
    matter, vacuum = float(header["Omega0"]), float(header.get("OmegaLambda", 0.0))
    curvature = 1.0 - matter - vacuum

    # With a = s^2 the integrand of dt = da/(a H) is smooth from the Big Bang on.
    nodes, weights = np.polynomial.legendre.leggauss(32)
    end = np.sqrt(scale)
    s = 0.5 * end * (nodes + 1.0)
    rate = np.sqrt(matter + curvature * s**2 + vacuum * s**6)
    hubble_times = 0.5 * end * float(np.sum(weights * 2.0 * s**2 / rate))
    return hubble_times * 1e6 / (100.0 * hubble * PC_PER_KMS_MYR)


def _columns(file: h5py.File, units: UnitSystem, scale: float, hubble: float) -> dict[str, Column]:
    sizes = {
        "positions_pc": units.length_pc,
        "masses_msun": units.mass_msun,
        "velocities_kms": units.velocity_kms,
        "densities": units.density,
        "internal_energy": units.velocity_kms**2,
        "smoothing_lengths_pc": units.length_pc,
    }
    columns: dict[str, Column] = {}
    for field, (stored, a_power, h_power) in _DATASETS.items():
        if find(file, f"{GAS}/{stored}") is None:
            continue
        size = sizes.get(field, 1.0)
        if scale != 1.0 or hubble != 1.0:
            stated = attributes(file, f"{GAS}/{stored}")
            size *= scale ** float(stated.get("a_scaling", a_power))
            size *= hubble ** float(stated.get("h_scaling", h_power))
        columns[field] = Column(stored, size)
    return columns


def _stated_total(header: Mapping[str, Any]) -> int:
    low = int(np.atleast_1d(header["NumPart_Total"])[0])
    high = int(np.atleast_1d(header.get("NumPart_Total_HighWord", 0))[0])
    return low + (high << 32)


def _extent(
    parts: Sequence[Path], counts: Sequence[int], column: Column
) -> tuple[Vector3, Vector3]:
    """Origin and size of the gas itself, for runs without a box."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for path, count in zip(parts, counts, strict=True):
        if count:
            with open_hdf5(path) as file:
                positions = read_finite(file, f"{GAS}/{column.name}") * column.factor
            low = np.minimum(low, positions.min(axis=0))
            high = np.maximum(high, positions.max(axis=0))
    x, y, z = (float(value) for value in low)
    dx, dy, dz = (float(value) for value in high - low)
    return (x, y, z), (dx, dy, dz)
