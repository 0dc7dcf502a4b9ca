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
from core.cubes import Cube
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
from core.readers.values import listed, require_cube, vector
from core.series import FrameHeader, Kind, Verdict
from core.units import UnitSystem

name = "The Well"
kind: Kind = "grid"

_FIELDS = {
    "density": "t0_fields/density",
    "temperature": "t0_fields/temperature",
    "velocity": "t1_fields/velocity",
}
_MAX_TRAJECTORIES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class WellHeader(FrameHeader):
    """One time of one trajectory.

    Parameters
    ----------
    index : int
        Number of the time in the file.
    run : int
        Number of the trajectory in its file; `trajectory` counts those of all
        files together.
    """

    index: int
    run: int


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
        The files of one data set; the trajectories of several are numbered
        one file after the other.
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
    InvalidRequest
        If the files are of different data sets.
    CorruptSnapshot
        If a file is damaged or its grid is not a cube of equal voxels.
    """
    headers: list[WellHeader] = []
    for path in paths:
        with open_hdf5(path) as file:
            _require_volume(file)
            own = units or _stated_units(file)
            if own is None:
                detail, offer = _offer(file)
                raise MissingUnits(path, ("length", "mass", "time", "velocity"), detail, offer)
            headers += _headers(file, own, before=headers[-1].trajectory + 1 if headers else 0)
    for header in headers:
        first = headers[0]
        if (header.code, header.count) != (first.code, first.count) or not np.allclose(
            header.box_pc, first.box_pc
        ):
            raise InvalidRequest(
                f"{first.paths[0]} ({first.code}, {first.count} cells) and "
                f"{header.paths[0].name} ({header.code}, {header.count} cells) are of different "
                f"data sets; open them one by one."
            )
    return list(headers)


def load(header: FrameHeader, fields: Collection[str] | None, cutout: Cutout | None = None) -> Cube:
    """Read one time of one trajectory.

    Parameters
    ----------
    header : FrameHeader
        Which, from `read_headers`.
    fields : Collection of str, optional
        Empty to read the density alone; else temperature and velocity are
        read as well, whatever it names.
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
    alone = fields is not None and not fields
    with open_hdf5(path) as file:
        values = {
            field: _frame(file, place, header.run, header.index) * sizes.get(field, 1.0)
            for field, place in _FIELDS.items()
            if find(file, place) is not None and not (alone and field != "density")
        }
    return Cube(
        fields=values,
        size_pc=header.box_pc[0],
        center_pc=vector(o + 0.5 * header.box_pc[0] for o in header.origin_pc),
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


def _require_volume(file: h5py.File) -> None:
    """Refuse what has no three axes, or no density."""
    path = Path(file.filename)
    with reading(path, "n_spatial_dims"):
        axes = int(attributes(file, "/")["n_spatial_dims"])
    if axes != 3:
        raise CorruptSnapshot(path, f"its data set has {axes} axes in space; 3 are needed.")
    if find(file, _FIELDS["density"]) is None:
        names = listed(_members(file, "t0_fields"))
        raise CorruptSnapshot(path, f"it has no density among its fields ({names or 'none'}).")


def _headers(file: h5py.File, units: UnitSystem, before: int) -> list[WellHeader]:
    path = Path(file.filename)
    density = dataset(file, _FIELDS["density"])
    with reading(path, "its layout"):
        varies = _varies(file, _FIELDS["density"])
        leading = density.shape[: sum(varies)]
        n = require_cube(path, density.shape[sum(varies) :])
        stated = int(attributes(file, "/").get("n_trajectories", 1))
        n_trajectories = leading[0] if varies[0] else stated
        dataset_name = str(attributes(file, "/")["dataset_name"])
    if not 0 < n_trajectories <= _MAX_TRAJECTORIES:
        raise CorruptSnapshot(path, f"it states {n_trajectories} trajectories.")
    edges = [_axis(file, axis, n) for axis in "xyz"]
    widths = [width * units.length_pc for _, width in edges]
    if not np.allclose(widths, widths[0], rtol=1e-4):
        raise CorruptSnapshot(path, f"the voxels are not cubes: the box is {widths} pc.")
    times = read_finite(file, "dimensions/time")
    if times.ndim not in (1, 2) or (times.ndim == 2 and len(times) != n_trajectories):
        raise CorruptSnapshot(
            path, f"dimensions/time has shape {times.shape} for {n_trajectories} trajectories."
        )
    headers: list[WellHeader] = []
    for run in range(n_trajectories):
        own = times[run] if times.ndim == 2 else times
        if len(own) == 0 or (varies[1] and len(own) != leading[-1]):
            frames = leading[-1] if varies[1] else "all"
            raise CorruptSnapshot(path, f"{len(own)} times, but {frames} frames of density.")
        if np.any(np.diff(own) <= 0):
            raise CorruptSnapshot(path, "dimensions/time does not increase.")
        headers += [
            WellHeader(
                paths=(path,),
                time_myr=float(time) * units.time_myr,
                box_pc=(widths[0],) * 3,
                origin_pc=vector(origin * units.length_pc for origin, _ in edges),
                periodic=_periodic(file),
                count=n**3,
                code=dataset_name,
                units=units,
                trajectory=before + run,
                index=index,
                run=run,
            )
            for index, time in enumerate(own)
        ]
    return headers


def _axis(file: h5py.File, axis: str, n: int) -> tuple[float, float]:
    """Origin and width of the box along an axis, from the centres of its voxels."""
    centers = read_finite(file, f"dimensions/{axis}").reshape(-1)[-n:].astype(np.float64)
    spacing = float(centers[-1] - centers[0]) / max(n - 1, 1)
    if (
        len(centers) != n
        or n < 2
        or spacing <= 0
        or not np.allclose(np.diff(centers), spacing, rtol=1e-2)
    ):
        raise CorruptSnapshot(
            Path(file.filename), f"dimensions/{axis} is not {n} evenly spaced coordinates."
        )
    return float(centers[0]) - 0.5 * spacing, n * spacing


def _varies(file: h5py.File, place: str) -> tuple[bool, bool]:
    """Whether a field has an axis for trajectories, and one for time."""
    stated: Mapping[str, Any] = attributes(file, place)
    sample, time = (stated.get(f"{axis}_varying", True) for axis in ("sample", "time"))
    if not (isinstance(sample, bool | int) and isinstance(time, bool | int)):
        raise CorruptSnapshot(
            Path(file.filename), f"{place} is marked as varying '{sample}' and '{time}'."
        )
    return bool(sample), bool(time)


def _frame(file: h5py.File, place: str, run: int, index: int) -> NDArray[np.floating]:
    """Read one time of one trajectory, and nothing else, of a field on the grid."""
    path = Path(file.filename)
    varies = _varies(file, place)
    at = tuple(i for i, has_axis in zip((run, index), varies, strict=True) if has_axis)
    shape = dataset(file, place).shape
    if any(i >= size for i, size in zip(at, shape, strict=False)):
        raise CorruptSnapshot(path, f"{place} has shape {shape}; density has more frames.")
    values = read_finite(file, place, at, negative=place.startswith("t1"))
    density = dataset(file, _FIELDS["density"])
    grid = density.shape[sum(_varies(file, _FIELDS["density"])) :]
    grid = (*grid, 3) if place.startswith("t1") else grid
    constant = [bool(v) for v in np.atleast_1d(attributes(file, place).get("dim_varying", ()))]
    if constant and not all(constant) and len(constant) == 3:
        # An axis along which a field does not vary is not stored.
        shape = tuple(n for n, varies in zip(grid, constant, strict=False) if varies)
        if values.size == np.prod(shape) * (3 if place.startswith("t1") else 1):
            kept = [n if varies else 1 for n, varies in zip(grid, constant, strict=False)]
            values = np.broadcast_to(values.reshape(*kept, *grid[3:]), grid)
    if values.shape != grid:
        raise CorruptSnapshot(path, f"{place} has frames of shape {values.shape}, expected {grid}.")
    return values


def _members(file: h5py.File, name: str) -> list[str]:
    group = find(file, name)
    with reading(Path(file.filename), name):
        return list(group) if isinstance(group, h5py.Group) else []


def _periodic(file: h5py.File) -> bool:
    names = _members(file, "boundary_conditions")
    types = [attributes(file, f"boundary_conditions/{key}").get("bc_type") for key in names]
    return bool(types) and all(str(kind_).upper() == "PERIODIC" for kind_ in types)


def _offer(file: h5py.File) -> tuple[str, str]:
    """Find units that fit: density in Msun/pc^3, and velocity from P = rho k T/(mu m_H).

    Returns what to say, and the units; these are empty if nothing speaks for any.
    """
    usual = "The Well's files state none; density in Msun/pc^3 and temperature in K are usual."
    needed = ("density", "pressure", "temperature")
    if any(find(file, f"t0_fields/{key}") is None for key in needed):
        return usual, ""
    density, pressure, temperature = (
        _frame(file, f"t0_fields/{key}", 0, 0).astype(np.float64) for key in needed
    )
    mu = np.where(temperature < IONISATION_K, MU_NEUTRAL, MU_IONISED)
    usable = (pressure > 0) & (temperature > 0) & (density > 0)
    squared = (density * temperature)[usable] / (mu * pressure)[usable]
    if not squared.size:
        return usual, ""
    velocity = np.sqrt(squared * (BOLTZMANN_ERG_K / HYDROGEN_MASS_G)) / KMS_CM_S
    low, middle, high = np.percentile(velocity, (16, 50, 84))
    offer = f"length=pc,mass=Msun,velocity={middle:.4g} km/s,time=Myr"
    detail = (
        f"With density in Msun/pc^3 and temperature in K, pressure and temperature agree for a "
        f"unit of velocity of {middle:.4g} km/s ({low:.4g} to {high:.4g} in 68 % of the voxels): "
        f"units='{offer}'."
    )
    return detail, offer
