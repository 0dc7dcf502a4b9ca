"""Training data of 3D-MIM (arXiv:2302.00026): `.npz` with clips of frames.

Keys: `input_raw_data` (frames, 1, n, n, n), `dims` (1, 4), the shape of a
frame, and `clips` (2, number, 2): where the input and the output part of each
clip begin, and how many frames they have. A clip is opened as a trajectory.

The file states neither the size of the cube nor its times, so they have to be
given: a voxel is the unit of length, the interval between frames the unit of
time, and what a voxel of value 1 holds the unit of mass. The values lie in
[0, 1] and the file does not say how densities became that: neither do the
released code nor its documentation. They are taken as proportional to density,
unless an array `log10_density_range` says which logarithms of density, in
Msun/pc^3, the values 0 and 1 stand for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.cubes import Cube
from core.cutout import Cutout
from core.errors import CorruptSnapshot, InvalidRequest, MissingUnits
from core.readers.arrays import MIM_KEYS
from core.readers.numpy_files import ArrayInfo, arrays_in, kind_of, read
from core.readers.values import checked, require_cube, vector
from core.series import FrameHeader, Kind, Verdict
from core.units import UnitSystem

name = "3D-MIM"
kind: Kind = "grid"

RANGE_KEY = "log10_density_range"
_PAPER_BOX_PC = 60.0
_PAPER_INTERVAL_MYR = 0.007


@dataclass(frozen=True, kw_only=True)
class MimHeader(FrameHeader):
    """One frame of one clip.

    Parameters
    ----------
    frames : ArrayInfo
        The array of all frames.
    index : int
        The frame's number in it.
    log10_range : tuple of float or None
        Logarithms of density that 0 and 1 stand for, if the file says so.
    """

    frames: ArrayInfo
    index: int
    log10_range: tuple[float, float] | None


def sniff(path: Path) -> Verdict:
    """Tell by its keys whether a file is of 3D-MIM.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Verdict
        Yes or no, and why.
    """
    if kind_of(path) != "npz":
        return Verdict(False, "not a .npz file")
    missing = sorted(MIM_KEYS - set(arrays_in(path)))
    if missing:
        return Verdict(False, f"no array {' and no '.join(missing)}")
    return Verdict(True, f"the keys {', '.join(sorted(MIM_KEYS))}")


def read_headers(paths: Sequence[Path], units: UnitSystem | None) -> list[FrameHeader]:
    """Read everything but the frames, of all clips.

    Parameters
    ----------
    paths : Sequence of Path
        The file; one at a time.
    units : UnitSystem, optional
        The unit of length is a voxel, that of time the interval between
        frames, that of mass what a voxel of value 1 holds.

    Returns
    -------
    list of FrameHeader
        One per clip and frame.

    Raises
    ------
    MissingUnits
        If no units are given; the offer is the paper's cube and interval.
    CorruptSnapshot
        If the file is damaged, or its clips point outside its frames.
    InvalidRequest
        If several files are given.
    """
    if len(paths) > 1:
        raise InvalidRequest(f"{paths[0]}: open the files of 3D-MIM one by one.")
    path = paths[0]
    arrays = arrays_in(path)
    frames = arrays["input_raw_data"]
    if len(frames.shape) != 5 or frames.shape[1] != 1 or not frames.shape[0]:
        raise CorruptSnapshot(
            path, f"input_raw_data has shape {frames.shape}, expected (frames, 1, n, n, n)."
        )
    n = require_cube(path, frames.shape[2:])
    if units is None:
        raise _missing(path, n)
    log10_range = _log10_range(path, arrays)
    return [
        MimHeader(
            paths=(path,),
            time_myr=number * units.time_myr,
            box_pc=(n * units.length_pc,) * 3,
            origin_pc=(0.0, 0.0, 0.0),
            periodic=False,
            count=n**3,
            code="3D-MIM",
            units=units,
            trajectory=clip,
            frames=frames,
            index=index,
            log10_range=log10_range,
        )
        for clip, indices in enumerate(_clips(path, arrays["clips"], frames.shape[0]))
        for number, index in enumerate(indices)
    ]


def load(header: FrameHeader, fields: Collection[str] | None, cutout: Cutout | None = None) -> Cube:
    """Read one frame.

    Parameters
    ----------
    header : FrameHeader
        Which, from `read_headers`.
    fields : Collection of str, optional
        Ignored: there is nothing but density.
    cutout : Cutout, optional
        Ignored: a grid is read whole.

    Returns
    -------
    Cube
        The frame; its provenance says how values became densities.

    Raises
    ------
    CorruptSnapshot
        If the file is damaged, or a value is not in [0, 1].
    """
    assert isinstance(header, MimHeader)
    assert header.units is not None
    path = header.paths[0]
    place = f"frame {header.index} of input_raw_data"
    values = checked(path, place, read(path, header.frames, header.index)[0], negative=False)
    if values.max() > 1.0:
        raise CorruptSnapshot(path, f"{place} has values up to {values.max():g}, not in [0, 1].")
    if header.log10_range is None:
        density = values * header.units.density
        meaning = "values taken as proportional to density; the file does not say"
    else:
        low, high = header.log10_range
        density = 10.0 ** (low + values.astype(np.float64) * (high - low))
        meaning = f"values 0 to 1 are log10 density {low:g} to {high:g} in Msun/pc^3"
    return Cube(
        fields={"density": density},
        size_pc=header.box_pc[0],
        center_pc=vector(0.5 * edge for edge in header.box_pc),
        time_myr=header.time_myr,
        provenance={
            "files": [str(path)],
            "code": header.code,
            "units": str(header.units),
            "trajectory": header.trajectory,
            "values": meaning,
        },
    )


def _missing(path: Path, n: int) -> MissingUnits:
    voxel = _PAPER_BOX_PC / n
    offer = f"length={voxel:.9g} pc,mass={voxel**3:.9g} Msun,time={_PAPER_INTERVAL_MYR} Myr"
    return MissingUnits(
        path,
        ("length", "mass", "time"),
        f"It holds frames of {n} voxels along an edge with values from 0 to 1. Its unit of "
        f"length is the edge of a voxel, its unit of time the interval between frames, its unit "
        f"of mass what a voxel of value 1 holds. The paper's cube of {_PAPER_BOX_PC:g} pc and "
        f"interval of {_PAPER_INTERVAL_MYR} Myr, with 1 Msun/pc^3 at value 1: units='{offer}'. "
        f"How densities became values is not stated: they are taken as proportional, unless an "
        f"array {RANGE_KEY} in the file gives the logarithms for 0 and 1.",
        offer=offer,
    )


def _clips(path: Path, info: ArrayInfo, n_frames: int) -> list[list[int]]:
    """Numbers of the frames of each clip."""
    if len(info.shape) != 3 or info.shape[0] != 2 or info.shape[2] != 2 or not info.shape[1]:
        raise CorruptSnapshot(path, f"clips has shape {info.shape}, expected (2, number, 2).")
    if info.dtype.kind not in "iu":
        raise CorruptSnapshot(path, f"clips holds {info.dtype}, not whole numbers.")
    found: list[list[int]] = []
    for clip, parts in enumerate(np.moveaxis(read(path, info), 0, 1)):
        indices: list[int] = []
        for begin, length in parts.tolist():
            if begin < 0 or length < 0 or begin + length > n_frames:
                raise CorruptSnapshot(
                    path,
                    f"clip {clip} has {length} frames from {begin} on, but input_raw_data has "
                    f"{n_frames}.",
                )
            indices += range(begin, begin + length)
        if not indices:
            raise CorruptSnapshot(path, f"clip {clip} has no frames.")
        found.append(indices)
    return found


def _log10_range(path: Path, arrays: Mapping[str, ArrayInfo]) -> tuple[float, float] | None:
    if RANGE_KEY not in arrays:
        return None
    info = arrays[RANGE_KEY]
    values = checked(path, RANGE_KEY, read(path, info)) if info.shape == (2,) else np.zeros(2)
    low, high = (float(value) for value in values)
    if not -30 < low < high < 30:
        raise CorruptSnapshot(path, f"{RANGE_KEY} must be two increasing logarithms of density.")
    return low, high
