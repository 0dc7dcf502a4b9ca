"""SWIFT snapshots (HDF5): units from the file, smoothing lengths to kernel support."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import h5py
import numpy as np

from core.constants import GAMMA
from core.errors import CorruptSnapshot, MissingUnits
from core.readers.cosmology import Cosmology
from core.readers.hdf5 import attributes, find, is_hdf5, open_hdf5, reading
from core.readers.multifile import GAS, count_parts, group_parts
from core.readers.particles import Column, ParticleHeader
from core.readers.particles import chunks as chunks
from core.readers.particles import load as load
from core.readers.scaling import Scaling, stated_units
from core.readers.stars import Birth, StarGroup
from core.readers.stars import load_stars as load_stars
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


_EXPONENTS = ("Value stored as physical", "a-scale exponent", "h-scale exponent")


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
        code = attributes(file, "Header", "Code").get("Code")
    if str(code) != "SWIFT":  # an attribute may be an array
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
    counts = count_parts(parts)
    first = parts[next(i for i, count in enumerate(counts.gas) if count)]
    with open_hdf5(first) as file:
        header = attributes(file, "Header")
        cosmology = attributes(file, "Cosmology", "h")
        parameters = attributes(file, "Parameters", "InitialConditions:periodic")
        units = units or _units(file)
        with reading(first, "Header"):
            scaling = Scaling(
                units,
                float(header.get("Scale-factor", 1.0)),
                float(cosmology.get("h", 1.0)) or 1.0,
            )
            time_myr = float(header["Time"]) * units.time_myr
            edge = units.length_pc * scaling.scale
            x, y, z = np.broadcast_to(np.asarray(header["BoxSize"], dtype=float), 3) * edge
            dimension = int(header.get("Dimension", 3))
            gamma = float(
                attributes(file, "HydroScheme", "Adiabatic index").get("Adiabatic index", GAMMA)
            )
            columns = _columns(file, GAS, scaling)
        if not (np.isfinite([x, y, z]).all() and min(x, y, z) > 0 and 0 < scaling.scale < np.inf):
            raise CorruptSnapshot(
                first,
                f"Header/BoxSize is {header['BoxSize']} at a scale factor of {scaling.scale:g}.",
            )
        if not (np.isfinite(time_myr) and 1 < gamma < np.inf):
            raise CorruptSnapshot(
                first, f"Header/Time is {header['Time']}, the adiabatic index {gamma:g}."
            )
        if "masses_msun" not in columns:
            raise CorruptSnapshot(first, f"the data set {GAS}/Masses is missing.")
    if dimension != 3:
        raise CorruptSnapshot(first, f"the run has {dimension} dimensions; 3 are needed.")
    stars: list[StarGroup] = []
    for group, numbers in counts.stars.items():
        path = parts[next(i for i, number in enumerate(numbers) if number)]
        with open_hdf5(path) as file, reading(path, group):
            stars.append(_star_group(file, group, numbers, scaling))
    return ParticleHeader(
        paths=parts,
        time_myr=time_myr,
        scale_factor=scaling.scale,
        box_pc=(float(x), float(y), float(z)),
        origin_pc=(0.0, 0.0, 0.0),
        periodic=str(parameters.get("InitialConditions:periodic", "1")).strip() != "0",
        count=sum(counts.gas),
        code="SWIFT",
        units=units,
        columns=columns,
        counts=counts.gas,
        # SWIFT writes gamma in single precision; 1.6666666 is 5/3.
        gamma=GAMMA if abs(gamma - GAMMA) < 1e-5 else gamma,
        stars=tuple(stars),
    )


def _units(file: h5py.File) -> UnitSystem:
    """Units as the group Units or the data sets state them."""
    path = Path(file.filename)
    stated = attributes(file, "Units")
    keys = {
        "length": "Unit length in cgs (U_L)",
        "mass": "Unit mass in cgs (U_M)",
        "time": "Unit time in cgs (U_t)",
    }
    with reading(path, "Units"):
        sizes = {quantity: float(stated.get(key, 0.0)) for quantity, key in keys.items()}
        sizes["length"] = sizes["length"] or _to_cgs(file, "Coordinates")
        sizes["mass"] = sizes["mass"] or _to_cgs(file, "Masses")
        velocity = _to_cgs(file, "Velocities")
        if not sizes["time"] and velocity:
            sizes["time"] = sizes["length"] / velocity
    missing = [quantity for quantity, size in sizes.items() if not 0 < size < np.inf]
    if missing:
        raise MissingUnits(path, missing)
    return stated_units(path, sizes["length"], sizes["mass"], time_s=sizes["time"])


def _to_cgs(file: h5py.File, stored: str) -> float:
    key = "Conversion factor to CGS (not including cosmological corrections)"
    return float(attributes(file, f"{GAS}/{stored}", key).get(key, 0.0))


def _columns(file: h5py.File, group: str, scaling: Scaling) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for field, (stored, power) in _DATASETS.items():
        if find(file, f"{group}/{stored}") is None:
            continue
        size = scaling.size_of(field)
        if field == "smoothing_lengths_pc":
            support = _kernel_support(file)
            if support is None:
                continue
            size *= support
        stated = attributes(file, f"{group}/{stored}", *_EXPONENTS)
        if scaling.scale != 1.0 and not stated.get("Value stored as physical", 0):
            size *= scaling.scale ** float(stated.get("a-scale exponent", power))
        # SWIFT has no h in its units; files converted from other codes may.
        size *= scaling.hubble ** float(stated.get("h-scale exponent", 0.0))
        columns[field] = Column(stored, size)
    return columns


def _star_group(
    file: h5py.File, group: str, counts: tuple[int, ...], scaling: Scaling
) -> StarGroup:
    path = Path(file.filename)
    columns = _columns(file, group, scaling)
    if "masses_msun" not in columns:
        raise CorruptSnapshot(path, f"the data set {group}/Masses is missing.")
    birth = None
    # Stars of the initial conditions are born at -1: the file does not know when.
    if find(file, f"{group}/BirthScaleFactors") is not None:
        stated = attributes(file, "Cosmology")
        universe = Cosmology(
            matter=float(stated["Omega_m"]),
            vacuum=float(stated["Omega_lambda"]),
            hubble=scaling.hubble,
            radiation=float(stated.get("Omega_r", 0.0)),
        )
        birth = Birth("BirthScaleFactors", cosmology=universe, unknown_below=0.0)
    elif find(file, f"{group}/BirthTimes") is not None:
        birth = Birth("BirthTimes", scaling.units.time_myr, unknown_below=0.0)
    return StarGroup(group, counts, columns, birth=birth)


def _kernel_support(file: h5py.File) -> float | None:
    """Support over smoothing length: as the file states it, or by the kernel's name."""
    scheme = attributes(file, "HydroScheme", "Kernel gamma", "Kernel function")
    if "Kernel gamma" in scheme:
        support = float(scheme["Kernel gamma"])
        if not 1 <= support < 10:
            raise ValueError(f"Kernel gamma is {support:g}")
        return support
    kernel = str(scheme.get("Kernel function", "")).lower().replace("-", " ")
    return next((ratio for known, ratio in _KERNEL_SUPPORT.items() if known in kernel), None)
