"""Voxel data: fields on a regular grid at one time, and at many.

Units everywhere: length pc, time Myr, mass density Msun/pc^3, temperature K,
velocity km/s. Arrays are float32, C order, with axes (x, y, z) and, for
vectors, the component last; a sequence has time first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidRequest

FIELD_UNITS: Mapping[str, str] = MappingProxyType(
    {"density": "Msun/pc^3", "temperature": "K", "velocity": "km/s"}
)
"""The fields a cube may carry, and their units."""

Vector3 = tuple[float, float, float]


def _freeze(
    fields: Mapping[str, ArrayLike], leading: tuple[int, ...]
) -> MappingProxyType[str, NDArray[np.float32]]:
    """Check names and shapes, convert to float32 and forbid writing."""
    if "density" not in fields:
        raise InvalidRequest("A cube needs the field 'density'.")
    frozen: dict[str, NDArray[np.float32]] = {}
    n_axes = len(leading) + 3
    grid = np.shape(fields["density"])
    if len(grid) != n_axes or len(set(grid[-3:])) != 1:
        raise InvalidRequest(f"Density must be {n_axes}-dimensional and cubic, not {grid}.")
    for name, values in fields.items():
        if name not in FIELD_UNITS:
            known = ", ".join(FIELD_UNITS)
            raise InvalidRequest(f"Unknown field '{name}'; a cube may carry {known}.")
        array = np.ascontiguousarray(values, dtype=np.float32)
        expected = grid + (3,) if name == "velocity" else grid
        if array.shape != expected:
            raise InvalidRequest(f"Field '{name}' has shape {array.shape}, expected {expected}.")
        view = array.view()
        view.flags.writeable = False
        frozen[name] = view
    return MappingProxyType(frozen)


@dataclass(frozen=True, eq=False)
class Cube:
    """Fields on a cubic grid at one time.

    Parameters
    ----------
    fields : Mapping of str to array_like
        ``density`` (n, n, n) in Msun/pc^3, and optionally ``temperature``
        (n, n, n) in K and ``velocity`` (n, n, n, 3) in km/s.
    size_pc : float
        Edge length of the cube in pc.
    center_pc : tuple of float
        Position of the cube's centre in the coordinates of its source, in pc.
    time_myr : float
        Time of the snapshot in Myr.
    provenance : Mapping
        Where the data come from: file, method, parameters.

    Raises
    ------
    InvalidRequest
        If a field has an unknown name or the wrong shape.
    """

    fields: Mapping[str, NDArray[np.float32]]
    size_pc: float
    center_pc: Vector3 = (0.0, 0.0, 0.0)
    time_myr: float = 0.0
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", _freeze(self.fields, ()))
        _check_size(self.size_pc)

    @property
    def density(self) -> NDArray[np.float32]:
        """Mass density, (n, n, n), Msun/pc^3."""
        return self.fields["density"]

    @property
    def n(self) -> int:
        """Voxels along an edge."""
        return int(self.density.shape[-1])

    @property
    def voxel_pc(self) -> float:
        """Edge length of a voxel in pc."""
        return self.size_pc / self.n

    @property
    def mass_msun(self) -> float:
        """Total mass in Msun."""
        return float(self.density.sum(dtype=np.float64)) * self.voxel_pc**3


@dataclass(frozen=True, eq=False)
class CubeSequence:
    """The same cube at several times.

    Parameters
    ----------
    fields : Mapping of str to array_like
        ``density`` (time, n, n, n) in Msun/pc^3, and optionally
        ``temperature`` (time, n, n, n) in K and ``velocity``
        (time, n, n, n, 3) in km/s.
    times_myr : array_like of float
        Time of each frame in Myr, strictly increasing; need not be even.
    size_pc : float
        Edge length of the cube in pc.
    center_pc : tuple of float
        Position of the cube's centre in the coordinates of its source, in pc.
    provenance : Mapping
        Where the data come from: file, method, parameters.

    Raises
    ------
    InvalidRequest
        If a field has an unknown name or the wrong shape, or the times do
        not increase.
    """

    fields: Mapping[str, NDArray[np.float32]]
    times_myr: NDArray[np.float64]
    size_pc: float
    center_pc: Vector3 = (0.0, 0.0, 0.0)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        times = np.array(self.times_myr, dtype=np.float64, ndmin=1)
        times.flags.writeable = False
        object.__setattr__(self, "times_myr", times)
        object.__setattr__(self, "fields", _freeze(self.fields, (len(times),)))
        _check_size(self.size_pc)
        if len(times) == 0 or len(times) != len(self.density):
            raise InvalidRequest(f"{len(self.density)} frames, but {len(times)} times.")
        if not np.all(np.isfinite(times)) or np.any(np.diff(times) <= 0):
            raise InvalidRequest("The times of a sequence must be finite and increase.")

    def __len__(self) -> int:
        return len(self.times_myr)

    def __getitem__(self, index: int) -> Cube:
        """Return frame `index` as a `Cube` (a view, no copy)."""
        return Cube(
            fields={name: values[index] for name, values in self.fields.items()},
            size_pc=self.size_pc,
            center_pc=self.center_pc,
            time_myr=float(self.times_myr[index]),
            provenance=self.provenance,
        )

    def __iter__(self) -> Iterator[Cube]:
        return (self[index] for index in range(len(self)))

    @property
    def density(self) -> NDArray[np.float32]:
        """Mass density, (time, n, n, n), Msun/pc^3."""
        return self.fields["density"]

    @property
    def n(self) -> int:
        """Voxels along an edge."""
        return int(self.density.shape[-1])

    @property
    def voxel_pc(self) -> float:
        """Edge length of a voxel in pc."""
        return self.size_pc / self.n

    def nearest(self, time_myr: float) -> int:
        """Index of the frame nearest to a time.

        Parameters
        ----------
        time_myr : float
            The time in Myr.

        Returns
        -------
        int
            The index.
        """
        return int(np.argmin(np.abs(self.times_myr - time_myr)))

    def at(self, times_myr: ArrayLike) -> CubeSequence:
        """Interpolate the density to other times, linearly in its logarithm.

        Parameters
        ----------
        times_myr : array_like of float
            Increasing times in Myr within the range of the sequence (up to
            rounding).

        Returns
        -------
        CubeSequence
            Density only; temperature and velocity are not interpolated.

        Raises
        ------
        InvalidRequest
            If a time lies outside the sequence.
        """
        wanted = np.array(times_myr, dtype=np.float64, ndmin=1)
        first, last = self.times_myr[0], self.times_myr[-1]
        slack = 1e-6 * max(last - first, 1.0)
        if wanted.min() < first - slack or wanted.max() > last + slack:
            raise InvalidRequest(
                f"The sequence covers {first:g} to {last:g} Myr, "
                f"not {wanted.min():g} to {wanted.max():g} Myr."
            )
        frames = np.empty((len(wanted), *self.density.shape[1:]), dtype=np.float32)
        for row, time in enumerate(np.clip(wanted, first, last)):
            right = int(np.clip(np.searchsorted(self.times_myr, time), 1, max(len(self) - 1, 1)))
            if len(self) == 1:
                frames[row] = self.density[0]
                continue
            left = right - 1
            span = self.times_myr[right] - self.times_myr[left]
            weight = (time - self.times_myr[left]) / span
            if weight in (0.0, 1.0):
                frames[row] = self.density[right if weight == 1.0 else left]
                continue
            before, after = self.density[left], self.density[right]
            frames[row] = (1 - weight) * before + weight * after
            # An empty voxel has no logarithm: there the mean above stays.
            gas = (before > 0) & (after > 0)
            logs = (1 - weight) * np.log(before[gas]) + weight * np.log(after[gas])
            frames[row][gas] = np.exp(logs)
        return replace(self, fields={"density": frames}, times_myr=wanted)


def _check_size(size_pc: float) -> None:
    if not np.isfinite(size_pc) or size_pc <= 0:
        raise InvalidRequest(f"The size of a cube must be positive, not {size_pc} pc.")


def stack(cubes: list[Cube]) -> CubeSequence:
    """Join cubes of one place, in time order, into a sequence.

    Parameters
    ----------
    cubes : list of Cube
        Cubes of the same grid, with increasing times.

    Returns
    -------
    CubeSequence
        The fields that all of them carry.

    Raises
    ------
    InvalidRequest
        If there are none, or their grids differ.
    """
    if not cubes:
        raise InvalidRequest("No cubes to join into a sequence.")
    first = cubes[0]
    for cube in cubes[1:]:
        if cube.n != first.n or not np.isclose(cube.size_pc, first.size_pc):
            raise InvalidRequest("The cubes of a sequence must share one grid.")
    shared = [name for name in first.fields if all(name in cube.fields for cube in cubes)]
    return CubeSequence(
        fields={name: np.stack([cube.fields[name] for cube in cubes]) for name in shared},
        times_myr=np.array([cube.time_myr for cube in cubes]),
        size_pc=first.size_pc,
        center_pc=first.center_pc,
        provenance=first.provenance,
    )
