"""Save cubes in the layout of The Well (HDF5), for its tools and data loaders."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import h5py
import numpy as np
from numpy.typing import NDArray

from core.constants import BOLTZMANN_ERG_K, HYDROGEN_MASS_G, KMS_CM_S
from core.cubes import Cube, CubeSequence, stack
from core.evolution import Evolution
from core.readers.particles import IONISATION_K, MU_IONISED, MU_NEUTRAL
from core.units import UnitSystem
from core.writers.atomic import replacing_hdf5
from core.writers.native import as_json

DATASET_NAME = "shellsight"

UNITS = str(UnitSystem(length_pc=1.0, mass_msun=1.0, velocity_kms=1.0, time_myr=1.0))
"""The units written, as `core.UnitSystem.parse` reads them."""

_FIELD_UNITS: Mapping[str, str] = MappingProxyType(
    {
        "density": "Msun/pc^3",
        "pressure": "Msun/pc^3 (km/s)^2",
        "temperature": "K",
        "velocity": "km/s",
    }
)
_GROUPS = ("t0_fields", "t1_fields", "t2_fields")
_TEXT = h5py.string_dtype()


def save_well(source: Cube | CubeSequence | Evolution, path: str | os.PathLike[str]) -> None:
    """Write cubes as The Well writes its simulations.

    The layout is that of The Well's specification, so that
    ``the_well.data.WellDataset`` loads the directory the file is in (with at
    least two frames, as many as its windows need). The Well knows no control:
    of an evolution the gas without the explosion is the second trajectory,
    and the scalar ``energy_1e51_erg`` tells them apart (0 in the control).

    The Well states no units. The fields are in Msun/pc^3, K and km/s, with
    pressure in Msun/pc^3 (km/s)^2, so that P = rho k T / (mu m_H) gives a unit
    of velocity of 1 km/s; lengths in pc, times in Myr. They stand in the
    attribute ``units`` as well, which The Well's own tools pass over.

    Parameters
    ----------
    source : Cube, CubeSequence or Evolution
        What to write: density, and where there are, temperature, velocity and
        the pressure that follows from density and temperature (mu as in
        `core.readers.particles.temperature_k`).
    path : path
        The file, by convention ``*.hdf5``; replaced if it exists.

    Raises
    ------
    InvalidRequest
        If the file cannot be written.
    """
    trajectories, energies = _trajectories(source)
    first = trajectories[0]
    names = [name for name in first.fields if all(name in run.fields for run in trajectories)]
    scalars = [name for name in names if name != "velocity"]
    if "temperature" in names:
        scalars.append("pressure")
    vectors = [name for name in names if name == "velocity"]
    with replacing_hdf5(path) as file:
        file.attrs["dataset_name"] = DATASET_NAME
        file.attrs["grid_type"] = "cartesian"
        file.attrs["n_spatial_dims"] = 3
        file.attrs["n_trajectories"] = len(trajectories)
        file.attrs["units"] = UNITS
        file.attrs["provenance"] = as_json(source.provenance)
        _names(file, "simulation_parameters", [])
        _write_dimensions(file.create_group("dimensions"), first)
        _write_boundaries(file.create_group("boundary_conditions"), first.n)
        _write_scalars(file.create_group("scalars"), energies)
        for group, fields in zip(_GROUPS, (scalars, vectors, []), strict=True):
            _names(file.create_group(group), "field_names", fields)
            for field in fields:
                _write_field(file[group], field, trajectories)


def _trajectories(
    source: Cube | CubeSequence | Evolution,
) -> tuple[tuple[CubeSequence, ...], NDArray[np.float32] | None]:
    """Return the runs to write, and the energy of the explosion in each in 1e51 erg."""
    if isinstance(source, Evolution):
        energies = np.array([source.energy_erg / 1e51, 0.0], dtype=np.float32)
        return (source.sequence, source.control), energies
    return (stack([source]) if isinstance(source, Cube) else source,), None


def _write_dimensions(group: h5py.Group, sequence: CubeSequence) -> None:
    _names(group, "spatial_dims", ["x", "y", "z"])
    group["time"] = _single(sequence.times_myr)
    group["time"].attrs.update({"sample_varying": False, "unit": "Myr"})
    for axis, center in zip("xyz", sequence.center_pc, strict=True):
        inside = (np.arange(sequence.n) + 0.5) * sequence.voxel_pc - 0.5 * sequence.size_pc
        group[axis] = _single(center + inside)
        group[axis].attrs.update({"sample_varying": False, "time_varying": False, "unit": "pc"})


def _single(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Coordinates in single precision, The Well's, unless that would move them.

    A time of 13 Gyr in Myr has a rounding of 0.0005 Myr in single precision.
    """
    rounded = values.astype(np.float32)
    spacing = float(np.diff(values).min()) if len(values) > 1 else np.inf
    off = np.abs(rounded - values).max()
    return rounded if off <= 1e-4 * spacing else values


def _write_boundaries(group: h5py.Group, n: int) -> None:
    """All open: a cube is cut out of something, and gas flows through its faces."""
    faces = np.zeros(n, dtype=bool)
    faces[[0, -1]] = True
    for axis in "xyz":
        wall = group.create_group(f"{axis}_open")
        _names(wall, "associated_dims", [axis])
        _names(wall, "associated_fields", [])
        wall.attrs.update({"bc_type": "OPEN", "sample_varying": False, "time_varying": False})
        wall["mask"] = faces


def _write_scalars(group: h5py.Group, energies: NDArray[np.float32] | None) -> None:
    _names(group, "field_names", [] if energies is None else ["energy_1e51_erg"])
    if energies is not None:
        group["energy_1e51_erg"] = energies
        group["energy_1e51_erg"].attrs.update({"sample_varying": True, "time_varying": False})


def _write_field(group: h5py.Group, name: str, trajectories: Sequence[CubeSequence]) -> None:
    grid = trajectories[0].density.shape[1:]
    shape = (len(trajectories), len(trajectories[0]), *grid, *((3,) if name == "velocity" else ()))
    stored = group.create_dataset(
        name, shape, np.float32, chunks=(1, 1, *shape[2:]), compression="gzip", shuffle=True
    )
    for row, sequence in enumerate(trajectories):
        for frame, cube in enumerate(sequence):
            stored[row, frame] = _pressure(cube) if name == "pressure" else cube.fields[name]
    stored.attrs.update(
        {
            "dim_varying": np.ones(3, dtype=bool),
            "sample_varying": True,
            "time_varying": True,
            "unit": _FIELD_UNITS[name],
        }
    )


def _pressure(cube: Cube) -> NDArray[np.float32]:
    """P = rho k T / (mu m_H) in Msun/pc^3 (km/s)^2."""
    temperature = cube.fields["temperature"].astype(np.float64)
    mu = np.where(temperature < IONISATION_K, MU_NEUTRAL, MU_IONISED)
    per_mass = temperature / mu * (BOLTZMANN_ERG_K / HYDROGEN_MASS_G / KMS_CM_S**2)
    return (cube.density * per_mass).astype(np.float32)


def _names(owner: h5py.Group, attribute: str, names: Sequence[str]) -> None:
    """Set an attribute that is a list of texts, also if it is empty."""
    owner.attrs.create(attribute, np.array(list(names), dtype=object), dtype=_TEXT)
