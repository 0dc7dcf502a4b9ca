"""Simulations in the layout of The Well (HDF5): trajectories on a grid."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from core.constants import BOLTZMANN_ERG_K, HYDROGEN_MASS_G, KMS_CM_S
from core.cubes import Cube, Vector3
from core.cutout import Cutout
from core.errors import CorruptSnapshot, InvalidRequest, MissingUnits
from core.readers.hdf5 import (
    attributes,
    dataset,
    find,
    is_hdf5,
    open_hdf5,
    read_finite,
    reading,
)
from core.readers.particles import IONISATION_K, MU_IONISED, MU_NEUTRAL
from core.series import FrameHeader, Kind, Verdict
from core.units import UnitSystem

name = "The Well"
kind: Kind = "grid"

_FIELDS = {
    "density": "t0_fields/density",
    "temperature": "t0_fields/temperature",
    "velocity": "t1_fields/velocity",
}


@dataclass(frozen=True, kw_only=True)
class WellHeader(FrameHeader):
    """One time of one trajectory.

    Parameters
    ----------
    index : int
        Number of the time in the file.
    """

    index: int


def sniff(path: Path) -> Verdict:
    """Tell by its content whether a file has the layout of The Well.

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
        root = attributes(file, "/")
        missing = [key for key in ("dataset_name", "n_spatial_dims") if key not in root]
        missing += [group for group in ("t0_fields", "dimensions") if find(file, group) is None]
    if missing:
        return Verdict(False, f"no {' and no '.join(missing)}")
    return Verdict(True, "it has dataset_name, n_spatial_dims, t0_fields and dimensions")


def read_headers(paths: Sequence[Path], units: UnitSystem | None) -> list[FrameHeader]:
    """Read everything but the arrays, of all trajectories.

    Parameters
    ----------
    paths : Sequence of Path
        The files.
    units : UnitSystem, optional
        Their units, which they do not state.

    Returns
    -------
    list of FrameHeader
        One per trajectory and time.

    Raises
    ------
    MissingUnits
        If no units are given, and the file states none; the detail offers
        units that fit.
    CorruptSnapshot
        If a file is damaged or its grid is not a cube of equal voxels.
    """
    headers: list[FrameHeader] = []
    for path in paths:
        with open_hdf5(path) as file:
            own = units or _stated_units(file)
            if own is None:
                raise MissingUnits(path, ("length", "mass", "time", "velocity"), _offer(file))
            headers += _headers(file, own)
    return headers


def load(header: FrameHeader, fields: Collection[str] | None, cutout: Cutout | None = None) -> Cube:
    """Read one time of one trajectory.

    Parameters
    ----------
    header : FrameHeader
        Which, from `read_headers`.
    fields : Collection of str, optional
        Ignored: a grid's temperature and velocity are always read.
    cutout : Cutout, optional
        Ignored: a grid is read whole.

    Returns
    -------
    Cube
        Density, and temperature and velocity if the file has them.
    """
    assert isinstance(header, WellHeader)
    assert header.units is not None
    path = header.paths[0]
    sizes = {"density": header.units.density, "velocity": header.units.velocity_kms}
    with open_hdf5(path) as file:
        values = {
            field: (_frame(file, place, header.trajectory, header.index) * sizes.get(field, 1.0))
            for field, place in _FIELDS.items()
            if find(file, place) is not None
        }
    center = tuple(o + 0.5 * b for o, b in zip(header.origin_pc, header.box_pc, strict=True))
    return Cube(
        fields=values,
        size_pc=header.box_pc[0],
        center_pc=(center[0], center[1], center[2]),
        time_myr=header.time_myr,
        provenance={
            "files": [str(path)],
            "code": header.code,
            "units": str(header.units),
            "trajectory": header.trajectory,
        },
    )


def _stated_units(file: h5py.File) -> UnitSystem | None:
    """Return the units of a file that Shellsight wrote; The Well itself states none."""
    stated = attributes(file, "/").get("units")
    if not isinstance(stated, str):
        return None
    try:
        return UnitSystem.parse(stated)
    except InvalidRequest:
        return None


def _headers(file: h5py.File, units: UnitSystem) -> list[FrameHeader]:
    path = Path(file.filename)
    density = dataset(file, _FIELDS["density"])
    with reading(path, "its layout"):
        varies = _varies(file, _FIELDS["density"])
        leading = density.shape[: sum(varies)]
        grid = density.shape[sum(varies) :]
        n_trajectories = leading[0] if varies[0] else int(attributes(file, "/")["n_trajectories"])
        dataset_name = str(attributes(file, "/")["dataset_name"])
    if len(grid) != 3 or len(set(grid)) != 1:
        raise CorruptSnapshot(path, f"the grid is {grid}; a cube of equal sides is needed.")
    edges = [_axis(file, axis, grid[0]) for axis in "xyz"]
    widths = [width * units.length_pc for _, width in edges]
    if not np.allclose(widths, widths[0], rtol=1e-4):
        raise CorruptSnapshot(path, f"the voxels are not cubes: the box is {widths} pc.")
    times = read_finite(file, "dimensions/time")
    headers: list[FrameHeader] = []
    for trajectory in range(n_trajectories):
        own = times[trajectory] if times.ndim == 2 else times
        if varies[1] and len(own) != leading[-1]:
            raise CorruptSnapshot(path, f"{len(own)} times, but {leading[-1]} frames of density.")
        headers += [
            WellHeader(
                paths=(path,),
                time_myr=float(time) * units.time_myr,
                box_pc=(widths[0],) * 3,
                origin_pc=_vector([origin * units.length_pc for origin, _ in edges]),
                periodic=_periodic(file),
                count=int(np.prod(grid)),
                code=dataset_name,
                units=units,
                trajectory=trajectory,
                index=index,
            )
            for index, time in enumerate(own)
        ]
    return headers


def _vector(values: Sequence[float]) -> Vector3:
    x, y, z = values
    return (x, y, z)


def _axis(file: h5py.File, axis: str, n: int) -> tuple[float, float]:
    """Origin and width of the box along an axis, from the centres of its voxels."""
    centers = read_finite(file, f"dimensions/{axis}").reshape(-1)[-n:].astype(np.float64)
    spacing = float(centers[-1] - centers[0]) / max(n - 1, 1)
    if len(centers) != n or n < 2 or not np.allclose(np.diff(centers), spacing, rtol=1e-2):
        raise CorruptSnapshot(
            Path(file.filename), f"dimensions/{axis} is not {n} evenly spaced coordinates."
        )
    return float(centers[0]) - 0.5 * spacing, n * spacing


def _varies(file: h5py.File, place: str) -> tuple[bool, bool]:
    """Whether a field has an axis for trajectories, and one for time."""
    stated: Mapping[str, Any] = attributes(file, place)
    return bool(stated.get("sample_varying", True)), bool(stated.get("time_varying", True))


def _frame(file: h5py.File, place: str, trajectory: int, index: int) -> NDArray[np.floating]:
    varies = _varies(file, place)
    at = tuple(i for i, has_axis in zip((trajectory, index), varies, strict=True) if has_axis)
    return read_finite(file, place, at, negative=place.startswith("t1"))


def _periodic(file: h5py.File) -> bool:
    group = find(file, "boundary_conditions")
    names = list(group) if isinstance(group, h5py.Group) else []
    types = [attributes(file, f"boundary_conditions/{key}").get("bc_type") for key in names]
    return bool(types) and all(str(kind_).upper() == "PERIODIC" for kind_ in types)


def _offer(file: h5py.File) -> str:
    """Units that fit: density in Msun/pc^3, and velocity from P = rho k T/(mu m_H)."""
    needed = ("density", "pressure", "temperature")
    if any(find(file, f"t0_fields/{key}") is None for key in needed):
        return "Density in Msun/pc^3 and temperature in K are usual."
    density, pressure, temperature = (
        _frame(file, f"t0_fields/{key}", 0, 0).astype(np.float64) for key in needed
    )
    mu = np.where(temperature < IONISATION_K, MU_NEUTRAL, MU_IONISED)
    usable = (pressure > 0) & (temperature > 0) & (density > 0)
    squared = (density * temperature)[usable] / (mu * pressure)[usable]
    if not squared.size:
        return "Density in Msun/pc^3 and temperature in K are usual."
    velocity = np.sqrt(squared * (BOLTZMANN_ERG_K / HYDROGEN_MASS_G)) / KMS_CM_S
    low, middle, high = np.percentile(velocity, (16, 50, 84))
    return (
        f"With density in Msun/pc^3 and temperature in K, pressure and temperature agree for a "
        f"unit of velocity of {middle:.4g} km/s ({low:.4g} to {high:.4g} in 68 % of the voxels): "
        f"units='length=pc,mass=Msun,velocity={middle:.4g} km/s,time=Myr'."
    )
