"""VTK image data, `.vti`: one frame on a grid, as ParaView and PyVista write it.

Values may sit in cells (each a voxel) or on points (each the centre of a
voxel). The density is the array called density, rho or dens; temperature (K)
and velocity are read if there are arrays of those names. VTK knows no units:
they have to be given, unless the field data carry a text `units` such as
``length=pc,mass=Msun,velocity=km/s``. The time is the field data's `TimeValue`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.cubes import Cube
from core.cutout import Cutout
from core.errors import CorruptSnapshot, InvalidRequest, MissingUnits
from core.readers.values import checked, listed, require_cube, vector
from core.readers.vtk_data import read_array, read_text
from core.readers.vtk_xml import DataArray, ImageFile, read_image, starts_like_image
from core.series import FrameHeader, Kind, Verdict
from core.units import UnitSystem

name = "VTK image data"
kind: Kind = "grid"

_NAMES: Mapping[str, tuple[str, ...]] = {
    "density": ("density", "rho", "dens", "gas_density"),
    "temperature": ("temperature", "temp"),
    "velocity": ("velocity", "vel"),
}


@dataclass(frozen=True, kw_only=True)
class VtiHeader(FrameHeader):
    """One file of image data.

    Parameters
    ----------
    arrays : Mapping of str to str
        Names of its arrays by the names of Shellsight's fields.
    section : str
        ``PointData`` or ``CellData``.
    """

    arrays: Mapping[str, str]
    section: str


def sniff(path: Path) -> Verdict:
    """Tell by its content whether a file is VTK's image data.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Verdict
        Yes or no, and why.
    """
    kind_of_file = starts_like_image(path)
    if kind_of_file is None:
        return Verdict(False, "no VTK XML file")
    if kind_of_file == "Collection":
        return Verdict(False, "a list of VTK's files; open the directory of those")
    if kind_of_file != "ImageData":
        return Verdict(False, f"VTK's {kind_of_file or 'XML without a type'}, not ImageData")
    return Verdict(True, "VTK's ImageData")


def read_headers(paths: Sequence[Path], units: UnitSystem | None) -> list[FrameHeader]:
    """Read everything but the fields.

    Parameters
    ----------
    paths : Sequence of Path
        The files, one frame each.
    units : UnitSystem, optional
        Units of files that do not carry any.

    Returns
    -------
    list of FrameHeader
        One per file.

    Raises
    ------
    MissingUnits
        If no units are given and the file carries none.
    InvalidRequest
        If one of several files has no time.
    CorruptSnapshot
        If a file is damaged, its voxels are no cubes or it has no density.
    """
    headers: list[FrameHeader] = []
    for path in paths:
        image = read_image(path)
        section, arrays = _choose(image)
        n = require_cube(path, image.grid(section))
        widths = n * np.array(image.spacing)
        if not np.allclose(widths, widths[0], rtol=1e-4):
            raise CorruptSnapshot(path, f"the voxels are not cubes: spacing {image.spacing}.")
        own = units or _own_units(image)
        if own is None:
            offer = "length=pc,mass=Msun,velocity=km/s,time=Myr"
            raise MissingUnits(
                path,
                ("length", "mass", "velocity", "time"),
                f"VTK image data have none. The box is {widths[0]:g} wide in the file's units. "
                f"For lengths in pc, densities in Msun/pc^3 and times in Myr: units='{offer}'.",
                offer=offer,
            )
        time = _time(image)
        if time is None and len(paths) > 1:
            raise InvalidRequest(
                f"{path}: the file states no time, so that several cannot be put in order. Give "
                f"each a TimeValue (in PyVista: grid.field_data['TimeValue'] = [0.007]), or "
                f"open one alone."
            )
        # Values on points are at the centres of voxels, which reach half a spacing further.
        first = np.array(image.extent[::2]) - (0.5 if section == "PointData" else 0.0)
        corner = np.array(image.origin) + first * np.array(image.spacing)
        headers.append(
            VtiHeader(
                paths=(path,),
                time_myr=(time or 0.0) * own.time_myr,
                box_pc=(float(widths[0]) * own.length_pc,) * 3,
                origin_pc=vector(corner * own.length_pc),
                periodic=False,
                count=n**3,
                code="VTK",
                units=own,
                arrays=arrays,
                section=section,
            )
        )
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

    Raises
    ------
    CorruptSnapshot
        If the file is damaged or its values cannot be right.
    """
    assert isinstance(header, VtiHeader)
    assert header.units is not None
    path = header.paths[0]
    image = read_image(path, tuple(header.arrays.values()))
    n = require_cube(path, image.grid(header.section))
    sizes = {"density": header.units.density, "velocity": header.units.velocity_kms}
    values: dict[str, NDArray[np.floating]] = {}
    for field, key in header.arrays.items():
        array = next(a for a in image.arrays if (a.section, a.name) == (header.section, key))
        flat = read_array(image, array, n**3 * array.components)
        flat = checked(path, f"{header.section} {key}", flat, negative=field == "velocity")
        # VTK counts x fastest.
        block = flat.reshape((n, n, n, 3) if field == "velocity" else (n, n, n))
        values[field] = block.swapaxes(0, 2) * sizes.get(field, 1.0)
    return Cube(
        fields=values,
        size_pc=header.box_pc[0],
        center_pc=vector(o + 0.5 * header.box_pc[0] for o in header.origin_pc),
        time_myr=header.time_myr,
        provenance={"files": [str(path)], "code": header.code, "units": str(header.units)},
    )


def _choose(image: ImageFile) -> tuple[str, dict[str, str]]:
    """Where the density is, and the names of the arrays that are read."""
    known = _NAMES["density"]
    found = [a for a in image.arrays if a.name.lower() in known and _fits(a, "density")]
    if len(found) != 1:
        names = listed([repr(a.name) for a in image.arrays if a.section != "FieldData"])
        what = "several of its arrays could be" if found else "none of its arrays is called"
        raise CorruptSnapshot(
            image.path,
            f"{what} the density ({', '.join(known)}, one number per voxel); "
            f"it has {names or 'none'}. Call one of them density.",
        )
    section = found[0].section
    arrays = {"density": found[0].name}
    for field in ("temperature", "velocity"):
        others = [
            a.name
            for a in image.arrays
            if a.section == section and a.name.lower() in _NAMES[field] and _fits(a, field)
        ]
        if len(others) == 1:
            arrays[field] = others[0]
    return section, arrays


def _fits(array: DataArray, field: str) -> bool:
    components = 3 if field == "velocity" else 1
    return array.section in ("PointData", "CellData") and array.components == components


def _own_units(image: ImageFile) -> UnitSystem | None:
    """Read the units that the field data carry as a text."""
    for array in image.arrays:
        if (array.section, array.name.lower(), array.type) != ("FieldData", "units", "String"):
            continue
        try:
            return UnitSystem.parse(read_text(image, array))
        except InvalidRequest as error:
            raise CorruptSnapshot(image.path, f"FieldData units: {error}") from error
    return None


def _time(image: ImageFile) -> float | None:
    for array in image.arrays:
        if (array.section, array.name) == ("FieldData", "TimeValue") and array.type != "String":
            values = read_array(image, array, 1 if array.count is None else array.count)
            if values.size:
                return float(checked(image.path, "FieldData TimeValue", values)[0])
    return None
