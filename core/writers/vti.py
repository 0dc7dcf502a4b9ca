"""Save cubes as VTK image data, `.vti`, and sequences as a time series, `.pvd`.

Written without VTK: the format is a header in XML and the arrays behind it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from core.cubes import Cube, CubeSequence
from core.errors import InvalidRequest
from core.evolution import Evolution
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.units import UnitSystem
from core.writers.atomic import replacing
from core.writers.native import as_json

CONTROL = "control_density"
"""Name of the density without the explosion, in the same file."""

_UNITS = str(UnitSystem(length_pc=1.0, mass_msun=1.0, velocity_kms=1.0, time_myr=1.0))
"""The units written, as `core.UnitSystem.parse` reads them."""


def save_vti(
    source: Cube | CubeSequence | Evolution,
    path: str | os.PathLike[str],
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> tuple[Path, ...]:
    """Write voxels for ParaView, PyVista and whatever else reads VTK.

    Voxels are cells, with origin and spacing in pc and the fields of the cube
    as they are named there; of an evolution the density without the explosion
    is written beside, as `CONTROL`. The time in Myr is the field
    ``TimeValue``, units and provenance are texts in ``units`` and
    ``provenance``.

    Parameters
    ----------
    source : Cube, CubeSequence or Evolution
        What to write.
    path : path
        ``*.vti`` for one frame. For several ``*.pvd``, which ParaView opens as
        a time series; the frames are put beside it as ``*_0000.vti`` and so on.
    progress : callable, optional
        Told the fraction done.
    cancelled : callable, optional
        Asked between frames whether to stop.

    Returns
    -------
    tuple of Path
        The files written; the first is `path`.

    Raises
    ------
    InvalidRequest
        If a file cannot be written, or several frames are to go into one
        ``.vti``.
    Cancelled
        If told to stop.
    """
    target = Path(path)
    sequence = source.sequence if isinstance(source, Evolution) else source
    control = source.control if isinstance(source, Evolution) else None
    cubes = [sequence] if isinstance(sequence, Cube) else sequence
    series = target.suffix.lower() == ".pvd"
    if len(cubes) > 1 and not series:
        raise InvalidRequest(
            f"{target}: a .vti file holds one frame, not {len(cubes)}; "
            f"write a series as {target.with_suffix('.pvd').name}."
        )
    provenance = as_json(source.provenance)
    frames = []
    for index, cube in enumerate(cubes):
        check_cancelled(cancelled, "Writing the frames")
        report(progress, index / len(cubes), f"Frame {index + 1} of {len(cubes)}")
        file = target.with_name(f"{target.stem}_{index:04d}.vti") if series else target
        arrays = dict(cube.fields)
        if control is not None:
            arrays[CONTROL] = control.density[index]
        _write_frame(file, cube, arrays, provenance)
        frames.append((cube.time_myr, file))
    if series:
        _write_collection(target, frames)
    report(progress, 1.0, "Written")
    files = tuple(file for _, file in frames)
    return (target, *files) if series else files


def _write_frame(
    path: Path, cube: Cube, arrays: Mapping[str, NDArray[np.float32]], provenance: str
) -> None:
    root = ElementTree.Element(
        "VTKFile",
        type="ImageData",
        version="1.0",
        byte_order="LittleEndian",
        header_type="UInt64",
    )
    extent = " ".join([f"0 {cube.n}"] * 3)
    corner = [center - 0.5 * cube.size_pc for center in cube.center_pc]
    image = ElementTree.SubElement(
        root,
        "ImageData",
        WholeExtent=extent,
        Origin=_numbers(corner),
        Spacing=_numbers([cube.voxel_pc] * 3),
    )
    about = ElementTree.SubElement(image, "FieldData")
    _add(about, "TimeValue", "Float64", "ascii", NumberOfTuples="1").text = repr(cube.time_myr)
    for name, text in (("units", _UNITS), ("provenance", provenance)):
        # VTK writes a text as the numbers of its bytes, ended by a zero.
        codes = " ".join(str(byte) for byte in text.encode() + b"\0")
        _add(about, name, "String", "ascii", NumberOfTuples="1").text = codes
    piece = ElementTree.SubElement(image, "Piece", Extent=extent)
    cells = ElementTree.SubElement(piece, "CellData", Scalars="density")
    if "velocity" in arrays:
        cells.set("Vectors", "velocity")
    offset = 0
    for name, values in arrays.items():
        parts = {"NumberOfComponents": "3"} if values.ndim == 4 else {}
        _add(cells, name, "Float32", "appended", offset=str(offset), **parts)
        offset += 8 + values.size * 4
    head, tail = _around_data(root)
    with replacing(path) as partial, partial.open("wb") as file:
        file.write(head)
        for values in arrays.values():
            file.write(np.uint64(values.size * 4).astype("<u8").tobytes())
            # VTK counts x fastest, we z.
            axes = (2, 1, 0, 3)[: values.ndim]
            file.write(np.ascontiguousarray(values.transpose(axes), dtype="<f4").data)
        file.write(tail)


def _add(parent: ElementTree.Element, name: str, kind: str, form: str, **more: str) -> Any:
    return ElementTree.SubElement(
        parent, "DataArray", {"type": kind, "Name": name, "format": form, **more}
    )


def _around_data(root: ElementTree.Element) -> tuple[bytes, bytes]:
    """Return what stands before and behind the raw arrays, which are no XML."""
    appended = ElementTree.SubElement(root, "AppendedData", encoding="raw")
    appended.text = "_"
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    head, mark, tail = text.rpartition(b"_</AppendedData>")
    return head + mark[:1], b"\n" + mark[1:] + tail + b"\n"


def _write_collection(path: Path, frames: list[tuple[float, Path]]) -> None:
    root = ElementTree.Element("VTKFile", type="Collection", version="0.1")
    collection = ElementTree.SubElement(root, "Collection")
    for time, file in frames:
        ElementTree.SubElement(
            collection, "DataSet", timestep=repr(time), group="", part="0", file=file.name
        )
    ElementTree.indent(root)
    with replacing(path) as partial:
        ElementTree.ElementTree(root).write(partial, encoding="utf-8", xml_declaration=True)


def _numbers(values: list[float]) -> str:
    return " ".join(repr(float(value)) for value in values)
