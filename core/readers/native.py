"""Shellsight's own files, `.shell.h5`: cubes, sequences, simulations and forecasts.

Layout, version 1: the root carries `shellsight_format`, `version` and
`provenance` (JSON), and `site_pc` and `energy_erg` if there was an explosion.
The groups `sequence` and `control` hold `times_myr` (time) and the fields of
`core.cubes.FIELD_UNITS` as (time, n, n, n) arrays, and carry `size_pc`,
`center_pc` and `provenance`. A forecast may have `probability` (time, n, n, n)
in steps of 1/255, and `calibration` (JSON as bytes, see `core.coverage`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from core.coverage import Calibration, calibration_from_json
from core.cubes import FIELD_UNITS, Cube, CubeSequence, Vector3
from core.cutout import Cutout
from core.energy import COST_KEYS
from core.errors import CorruptSnapshot, InvalidRequest
from core.readers.hdf5 import (
    attributes,
    dataset,
    find,
    is_hdf5,
    open_hdf5,
    read_finite,
    reading,
)
from core.readers.values import require_cube, vector
from core.series import FrameHeader, Kind, Verdict
from core.units import UnitSystem

name = "Shellsight"
kind: Kind = "grid"

FORMAT_KEY = "shellsight_format"
VERSION = 1
PROBABILITY = "probability"
CALIBRATION = "calibration"
CONTENTS = ("cube", "sequence", "simulation", "forecast")


@dataclass(frozen=True, kw_only=True)
class NativeHeader(FrameHeader):
    """One frame of a native file.

    Parameters
    ----------
    group : str
        ``sequence`` or ``control``.
    index : int
        Number of the frame.
    """

    group: str
    index: int


def sniff(path: Path) -> Verdict:
    """Tell by its content whether a file is one of ours.

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
    content, version = root.get(FORMAT_KEY), root.get("version")
    if not isinstance(content, str) or content not in CONTENTS:
        return Verdict(False, f"no attribute {FORMAT_KEY}")
    if not isinstance(version, int) or version != VERSION:
        return Verdict(False, f"its version is {version}; this Shellsight reads {VERSION}")
    return Verdict(True, f"the attribute {FORMAT_KEY}")


def read_headers(paths: Sequence[Path], units: UnitSystem | None) -> list[FrameHeader]:
    """Read everything but the arrays, of the frames and of their controls.

    Parameters
    ----------
    paths : Sequence of Path
        The files.
    units : UnitSystem, optional
        Not allowed: native files are in Shellsight's units.

    Returns
    -------
    list of FrameHeader
        One per frame, and one per frame of the control.

    Raises
    ------
    InvalidRequest
        If units are given.
    CorruptSnapshot
        If a file is damaged.
    """
    if units is not None:
        raise InvalidRequest(f"{paths[0]}: Shellsight's own files state their units.")
    headers: list[FrameHeader] = []
    for path in paths:
        with open_hdf5(path) as file:
            content = str(attributes(file, "/")[FORMAT_KEY])
            for group in ("sequence", "control"):
                if find(file, group) is None and group == "control":
                    continue
                size, center = _place(file, group)
                shape = dataset(file, f"{group}/density").shape
                n = require_cube(path, shape[1:])
                times = _times(file, group)
                headers += [
                    NativeHeader(
                        paths=(path,),
                        time_myr=float(time),
                        box_pc=(size, size, size),
                        origin_pc=vector(np.array(center) - 0.5 * size),
                        periodic=False,
                        count=n**3,
                        code=f"Shellsight {content}",
                        units=None,
                        is_control=group == "control",
                        group=group,
                        index=index,
                    )
                    for index, time in enumerate(times)
                ]
    return headers


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
    """
    assert isinstance(header, NativeHeader)
    with open_hdf5(header.paths[0]) as file:
        size, center = _place(file, header.group)
        return Cube(
            fields=_fields(file, header.group, header.index),
            size_pc=size,
            center_pc=center,
            time_myr=header.time_myr,
            provenance={
                **read_provenance(file, header.group),
                # What the run cost is known only once both of its parts are done.
                **{k: v for k, v in read_provenance(file, "/").items() if k in COST_KEYS},
                "files": [str(header.paths[0])],
            },
        )


def read_sequence(file: h5py.File, group: str) -> CubeSequence:
    """Read all frames of a group.

    Parameters
    ----------
    file : h5py.File
        An open native file.
    group : str
        ``sequence`` or ``control``.

    Returns
    -------
    CubeSequence
        The frames.

    Raises
    ------
    CorruptSnapshot
        If the group is missing or damaged.
    """
    size, center = _place(file, group)
    try:
        return CubeSequence(
            fields=_fields(file, group, ()),
            times_myr=_times(file, group),
            size_pc=size,
            center_pc=center,
            provenance=read_provenance(file, group),
        )
    except InvalidRequest as error:
        raise CorruptSnapshot(Path(file.filename), f"{group}: {error}") from error


def read_provenance(file: h5py.File, group: str) -> Mapping[str, Any]:
    """Read where the data come from.

    Parameters
    ----------
    file : h5py.File
        An open native file.
    group : str
        ``/``, ``sequence`` or ``control``.

    Returns
    -------
    Mapping
        The provenance.

    Raises
    ------
    CorruptSnapshot
        If it is not JSON.
    """
    with reading(Path(file.filename), f"the provenance of {group}"):
        provenance: Mapping[str, Any] = json.loads(attributes(file, group).get("provenance", "{}"))
    return provenance


def read_probability(file: h5py.File) -> NDArray[np.float32] | None:
    """Read the probability that a forecast gives each voxel.

    Parameters
    ----------
    file : h5py.File
        An open native file.

    Returns
    -------
    ndarray of float32, (time, n, n, n), or None
        Between 0 and 1; None if the file has none.

    Raises
    ------
    CorruptSnapshot
        If it is damaged.
    """
    if find(file, PROBABILITY) is None:
        return None
    stored, grid = dataset(file, PROBABILITY), dataset(file, "sequence/density").shape
    if stored.shape != grid or stored.dtype != np.uint8:
        raise CorruptSnapshot(
            Path(file.filename),
            f"{PROBABILITY} is {stored.dtype} of shape {stored.shape}, expected uint8 of {grid}.",
        )
    with reading(Path(file.filename), PROBABILITY):
        return stored[()].astype(np.float32) / np.float32(255.0)


def read_calibration(file: h5py.File) -> Calibration | None:
    """Read what promises the coverage of a forecast.

    Parameters
    ----------
    file : h5py.File
        An open native file.

    Returns
    -------
    Calibration or None
        The calibration; None if the file has none.

    Raises
    ------
    CorruptSnapshot
        If it is damaged.
    """
    if find(file, CALIBRATION) is None:
        return None
    path, stored = Path(file.filename), dataset(file, CALIBRATION)
    if stored.ndim != 1 or stored.dtype != np.uint8:
        raise CorruptSnapshot(path, f"{CALIBRATION} is no text.")
    with reading(path, CALIBRATION):
        values: Mapping[str, Any] = json.loads(stored[()].tobytes())
    return calibration_from_json(values, path)


def _place(file: h5py.File, group: str) -> tuple[float, Vector3]:
    path, stated = Path(file.filename), attributes(file, group)
    with reading(path, f"size_pc and center_pc of {group}"):
        size, center = float(stated["size_pc"]), vector(stated["center_pc"])
    if not (np.isfinite([size, *center]).all() and size > 0):
        raise CorruptSnapshot(path, f"{group} has size_pc {size} and center_pc {center}.")
    return size, center


def _times(file: h5py.File, group: str) -> NDArray[np.float64]:
    times = read_finite(file, f"{group}/times_myr")
    frames = dataset(file, f"{group}/density").shape
    if times.ndim != 1 or times.shape != frames[:1] or not times.size:
        raise CorruptSnapshot(
            Path(file.filename), f"{group} has {times.size} times, but density is {frames}."
        )
    return times


def _fields(file: h5py.File, group: str, selection: Any) -> dict[str, NDArray[Any]]:
    grid = dataset(file, f"{group}/density").shape
    fields: dict[str, NDArray[Any]] = {}
    for field in FIELD_UNITS:
        name = f"{group}/{field}"
        if field != "density" and find(file, name) is None:
            continue
        shape, expected = dataset(file, name).shape, (*grid, 3) if field == "velocity" else grid
        if shape != expected:
            raise CorruptSnapshot(
                Path(file.filename), f"{name} has shape {shape}, expected {expected}."
            )
        fields[field] = read_finite(file, name, selection, negative=field == "velocity")
    return fields
