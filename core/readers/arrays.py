"""Cubes as plain NumPy arrays: `.npy`, and `.npz` with or without sizes and times.

An array is (n, n, n), or (time, n, n, n) for a sequence. It has no lengths: a
voxel is its unit of length, what a voxel of value 1 holds is its unit of mass,
and the interval between frames its unit of time. An `.npz` that carries
`size_pc` (and `times_myr`, if it is a sequence) is in Shellsight's units and
needs none; `core.writers.arrays` writes such files:

=============  ======================================================
`density`      (n, n, n) or (time, n, n, n), Msun/pc^3
`temperature`  the same shape, K; optional
`velocity`     with three components last, km/s; optional
`times_myr`    (time,), Myr
`size_pc`      edge length of the cube in pc
`center_pc`    (3,), its centre in pc; optional
=============  ======================================================
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.cubes import Cube
from core.cutout import Cutout
from core.errors import CorruptSnapshot, InvalidRequest, MissingUnits
from core.readers.numpy_files import ArrayInfo, arrays_in, kind_of, read
from core.readers.values import checked, listed, vector
from core.series import FrameHeader, Kind, Verdict
from core.units import UnitSystem

name = "NumPy"
kind: Kind = "grid"

MIM_KEYS = frozenset({"clips", "dims", "input_raw_data"})
_DENSITY = ("density", "rho", "dens")
_NUMBER = re.compile(r"(\d+)$")


@dataclass(frozen=True, kw_only=True)
class ArrayHeader(FrameHeader):
    """One frame of an array.

    Parameters
    ----------
    fields : Mapping of str to ArrayInfo
        The arrays by the names of Shellsight's fields.
    index : int or None
        Which element of their first axis; None if they are a single cube.
    """

    fields: Mapping[str, ArrayInfo]
    index: int | None


def sniff(path: Path) -> Verdict:
    """Tell by its content whether a file holds a cube as an array.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Verdict
        Yes or no, and why.
    """
    if kind_of(path) is None:
        return Verdict(False, "not a .npy or .npz file")
    arrays = arrays_in(path)
    if set(arrays) >= MIM_KEYS:
        return Verdict(False, "it has the keys of 3D-MIM")
    density = _density_of(arrays)
    if isinstance(density, str):
        return Verdict(False, density)
    return Verdict(True, f"a cube of {density.shape[-1]} voxels along an edge")


def read_headers(paths: Sequence[Path], units: UnitSystem | None) -> list[FrameHeader]:
    """Read everything but the arrays.

    Parameters
    ----------
    paths : Sequence of Path
        The files. A file of one cube without a time has its frame's number at
        the end of its name (``rho_0012.npy``); without a number it is 0.
    units : UnitSystem, optional
        The units of files that do not state them: the length is that of a
        voxel, the time that between frames.

    Returns
    -------
    list of FrameHeader
        One per frame.

    Raises
    ------
    MissingUnits
        If none are given and the file does not state its size.
    InvalidRequest
        If units are given for a file that states its size, or several files
        hold sequences.
    CorruptSnapshot
        If a file is damaged, or its arrays do not fit together.
    """
    headers: list[ArrayHeader] = []
    for path in paths:
        arrays = arrays_in(path)
        density = _density_of(arrays)
        if isinstance(density, str):
            raise CorruptSnapshot(path, f"{density}.")
        headers += (
            _stated(path, arrays, density, units)
            if "size_pc" in arrays
            else _with_units(path, arrays, density, units)
        )
    if len(paths) > 1 and any(header.index is not None for header in headers):
        stated = all("size_pc" in arrays_in(path) for path in paths)
        if not stated:
            raise InvalidRequest(
                f"{paths[0]}: sequences without times in several files cannot be put in order; "
                f"open one of them."
            )
    return list(headers)


def load(header: FrameHeader, fields: Collection[str] | None, cutout: Cutout | None = None) -> Cube:
    """Read one frame.

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
        The frame.

    Raises
    ------
    CorruptSnapshot
        If the file is damaged or its values cannot be right.
    """
    assert isinstance(header, ArrayHeader)
    path, units = header.paths[0], header.units
    sizes = {} if units is None else {"density": units.density, "velocity": units.velocity_kms}
    values: dict[str, NDArray[np.floating]] = {}
    for field, info in header.fields.items():
        raw = checked(
            path, info.place, read(path, info, header.index), negative=field == "velocity"
        )
        values[field] = raw * sizes.get(field, 1.0)
    return Cube(
        fields=values,
        size_pc=header.box_pc[0],
        center_pc=vector(o + 0.5 * header.box_pc[0] for o in header.origin_pc),
        time_myr=header.time_myr,
        provenance={
            "files": [str(path)],
            "code": header.code,
            "units": "as Shellsight's" if units is None else str(units),
        },
    )


def _density_of(arrays: Mapping[str, ArrayInfo]) -> ArrayInfo | str:
    """Find the array of the density, or say why there is none."""
    by_name = {key.lower(): info for key, info in arrays.items()}
    candidates = [by_name[key] for key in _DENSITY if key in by_name]
    if len(candidates) > 1:
        return f"it has {' and '.join(info.key for info in candidates)}; leave one density"
    if not candidates:
        cubes = [info for info in arrays.values() if _is_cubic(info)]
        if len(cubes) > 1:
            names = listed([info.key for info in cubes])
            return f"its arrays are {names}; call one of them density"
        candidates = cubes or list(arrays.values())[:1]
    if len(arrays) > 1 and not _is_cubic(candidates[0]):
        return f"its arrays are {listed(list(arrays))}; none is a cube called density"
    if not _is_cubic(candidates[0]):
        info = candidates[0]
        return f"its array is {info.dtype} of shape {info.shape}, not numbers on a cube"
    return candidates[0]


def _is_cubic(info: ArrayInfo) -> bool:
    grid = info.shape[-3:]
    return (
        len(info.shape) in (3, 4)
        and len(set(grid)) == 1
        and grid[0] > 1
        and info.shape[0] > 0
        and info.dtype.kind in "fiu"
    )


def _fields(
    path: Path, arrays: Mapping[str, ArrayInfo], density: ArrayInfo
) -> dict[str, ArrayInfo]:
    """All fields that the file has, with shapes that fit."""
    fields = {"density": density}
    for field, shape in (("temperature", density.shape), ("velocity", (*density.shape, 3))):
        if field not in arrays:
            continue
        if arrays[field].shape != shape:
            raise CorruptSnapshot(
                path, f"{field} has shape {arrays[field].shape}, but density needs {shape}."
            )
        fields[field] = arrays[field]
    return fields


def _stated(
    path: Path, arrays: Mapping[str, ArrayInfo], density: ArrayInfo, units: UnitSystem | None
) -> list[ArrayHeader]:
    """Frames of a file that carries its size and its times."""
    if units is not None:
        raise InvalidRequest(
            f"{path}: the file states its size in pc (size_pc), its densities are in Msun/pc^3 "
            f"and its times in Myr; leave the units out."
        )
    size = _numbers(path, arrays, "size_pc", ())
    center = _numbers(path, arrays, "center_pc", (3,)) if "center_pc" in arrays else np.zeros(3)
    frames = density.shape[0] if len(density.shape) == 4 else 1
    if "times_myr" in arrays:
        times = _numbers(path, arrays, "times_myr", (frames,))
    elif len(density.shape) == 4:
        raise CorruptSnapshot(path, "it has size_pc, but no times_myr; add the times in Myr.")
    else:
        times = np.zeros(1)
    if size <= 0:
        raise CorruptSnapshot(path, f"size_pc is {size}; it must be positive.")
    if np.any(np.diff(times) <= 0):
        raise CorruptSnapshot(path, "times_myr do not increase.")
    fields = _fields(path, arrays, density)
    return [
        ArrayHeader(
            paths=(path,),
            time_myr=float(time),
            box_pc=(float(size),) * 3,
            origin_pc=vector(center - 0.5 * size),
            periodic=False,
            count=density.shape[-1] ** 3,
            code="NumPy",
            units=None,
            fields=fields,
            index=index if len(density.shape) == 4 else None,
        )
        for index, time in enumerate(times)
    ]


def _with_units(
    path: Path, arrays: Mapping[str, ArrayInfo], density: ArrayInfo, units: UnitSystem | None
) -> list[ArrayHeader]:
    """Frames of a file that has nothing but arrays."""
    n = density.shape[-1]
    if units is None:
        offer = f"length={60 / n:.9g} pc,mass={(60 / n) ** 3:.9g} Msun,time=0.007 Myr"
        raise MissingUnits(
            path,
            ("length", "mass", "time"),
            f"It is an array of {n} voxels along an edge. Its unit of length is the edge of a "
            f"voxel, its unit of mass what a voxel of value 1 holds, its unit of time the "
            f"interval between frames; for a cube of 60 pc with densities in Msun/pc^3 and "
            f"frames every 0.007 Myr: units='{offer}'.",
            offer=offer,
        )
    fields = _fields(path, arrays, density)
    if len(density.shape) == 4:
        numbers: list[int] = list(range(density.shape[0]))
    else:
        ending = _NUMBER.search(path.stem)
        numbers = [int(ending[1]) if ending else 0]
    return [
        ArrayHeader(
            paths=(path,),
            time_myr=number * units.time_myr,
            box_pc=(n * units.length_pc,) * 3,
            origin_pc=(0.0, 0.0, 0.0),
            periodic=False,
            count=n**3,
            code="NumPy",
            units=units,
            fields=fields,
            index=number if len(density.shape) == 4 else None,
        )
        for number in numbers
    ]


def _numbers(
    path: Path, arrays: Mapping[str, ArrayInfo], key: str, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    info = arrays[key]
    if info.shape not in (shape, (1,) if shape == () else shape, () if shape == (1,) else shape):
        raise CorruptSnapshot(path, f"{key} has shape {info.shape}, expected {shape}.")
    values = checked(path, info.place, read(path, info)).astype(np.float64)
    return values.reshape(shape)
