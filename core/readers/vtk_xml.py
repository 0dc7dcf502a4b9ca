"""The XML of VTK's image data: what a `.vti` file holds, without VTK.

Reads the encodings that VTK, ParaView and PyVista write: ascii, base64
("binary") and appended data, raw or base64, packed with zlib or LZMA or not at
all. A document type declaration is refused: image data need none, and it is
how a small file could grow without end.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.parsers import expat

import numpy as np

from core.errors import CorruptSnapshot
from core.readers.values import reading_file

_BLOCK = 1 << 16
_APPENDED = b"<AppendedData"
_COMPRESSORS = ("", "vtkZLibDataCompressor", "vtkLZMADataCompressor")


@dataclass
class DataArray:
    """One array of a file, as its XML describes it.

    Parameters
    ----------
    section : str
        ``PointData``, ``CellData`` or ``FieldData``.
    name, type, format : str
        As in the file.
    components : int
        Numbers per point or cell.
    count : int or None
        Tuples, where the file says so.
    offset : int
        Where it begins in the appended data.
    text : list of str
        Its own text, if it is not appended.
    """

    section: str
    name: str
    type: str
    format: str
    components: int
    count: int | None
    offset: int
    text: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ImageFile:
    """A `.vti` file whose XML has been read, but not its large arrays.

    Parameters
    ----------
    path : Path
        The file.
    extent : tuple of int
        First and last point along each axis: x0, x1, y0, y1, z0, z1.
    origin, spacing : tuple of float
        Of the points.
    arrays : tuple of DataArray
        What it holds.
    byte_order : str
        ``<`` or ``>``.
    header_bytes : int
        Size of the numbers that precede data.
    compressor : str
        VTK's name of it; empty without.
    appended : tuple of (int, str) or None
        Where the appended data begin, and their encoding.
    """

    path: Path
    extent: tuple[int, int, int, int, int, int]
    origin: tuple[float, float, float]
    spacing: tuple[float, float, float]
    arrays: tuple[DataArray, ...]
    byte_order: str
    header_bytes: int
    compressor: str
    appended: tuple[int, str] | None

    def grid(self, section: str) -> tuple[int, int, int]:
        """Count points or cells along each axis.

        Parameters
        ----------
        section : str
            ``PointData`` or ``CellData``.

        Returns
        -------
        tuple of int
            Along x, y and z.
        """
        extra = 1 if section == "PointData" else 0
        x0, x1, y0, y1, z0, z1 = self.extent
        return (x1 - x0 + extra, y1 - y0 + extra, z1 - z0 + extra)


_DAMAGE = (
    OSError,
    ValueError,  # includes base64's, UnicodeDecodeError and OverflowError's kin
    OverflowError,
    LookupError,  # an encoding that is none
    EOFError,
    MemoryError,
    zlib.error,
    lzma.LZMAError,
    expat.ExpatError,
)
"""What parsing and unpacking a damaged file raise."""


def reading_vtk(path: Path, place: str) -> AbstractContextManager[None]:
    """Turn what parsing and unpacking raise into Shellsight's errors.

    Parameters
    ----------
    path : Path
        The file being read.
    place : str
        What is being read in it, for the message.

    Returns
    -------
    context manager
        To read within.
    """
    return reading_file(path, place, _DAMAGE)


def starts_like_image(path: Path) -> str | None:
    """Tell whether a file begins like VTK's XML.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str or None
        VTK's type of the file, for example ``ImageData``; None if it is none
        of VTK's XML files.

    Raises
    ------
    InvalidRequest
        If it cannot be opened.
    """
    with reading_vtk(path, "its beginning"), path.open("rb") as file:
        start = file.read(1024)
    _, tag, rest = start.partition(b"<VTKFile")
    if not tag or not start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return None
    _, found, value = rest.partition(b"type=")
    return value[1:64].replace(b"'", b'"').split(b'"')[0].decode("latin-1") if found else ""


def read_image(path: Path, wanted: tuple[str, ...] = ()) -> ImageFile:
    """Read the XML of a `.vti` file.

    Parameters
    ----------
    path : Path
        The file.
    wanted : tuple of str
        Names of the arrays whose text is kept; that of field data always is.

    Returns
    -------
    ImageFile
        What it holds.

    Raises
    ------
    CorruptSnapshot
        If it is damaged, or is not one piece of image data.
    """
    reader = _XmlReader(path, wanted)
    with reading_vtk(path, "its XML"), path.open("rb") as file:
        appended = _parse(file, reader)
    return reader.result(appended)


class _XmlReader:
    """Collects what a `.vti` file says while it is parsed."""

    def __init__(self, path: Path, wanted: tuple[str, ...]) -> None:
        self.path = path
        self.wanted = wanted
        self.arrays: list[DataArray] = []
        self.root: Mapping[str, str] = {}
        self.image: Mapping[str, str] | None = None
        self.pieces: list[str] = []
        self.encoding = ""
        self._section = ""
        self._open: DataArray | None = None
        self._inside = 0  # elements within that array: VTK's notes on it, not its values
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse

    def _refuse(self, *_: object) -> None:
        raise CorruptSnapshot(
            self.path, "it declares a document type or entities, which image data never need."
        )

    def _start(self, tag: str, stated: dict[str, str]) -> None:
        if self._open is not None:
            self._inside += 1
        elif tag == "VTKFile":
            self.root = stated
        elif tag == "ImageData":
            self.image = stated
        elif tag == "Piece":
            self.pieces.append(stated.get("Extent", ""))
        elif tag == "AppendedData":
            self.encoding = stated.get("encoding", "base64")
        elif tag in ("PointData", "CellData", "FieldData"):
            self._section = tag
        elif tag in ("DataArray", "Array") and self._section:
            count = stated.get("NumberOfTuples")
            self._open = DataArray(
                section=self._section,
                name=stated.get("Name", ""),
                type=stated.get("type", ""),
                format=stated.get("format", "ascii"),
                components=int(stated.get("NumberOfComponents", 1)),
                count=None if count is None else int(count),
                offset=int(stated.get("offset", 0)),
            )
            self.arrays.append(self._open)

    def _end(self, tag: str) -> None:
        if self._open is not None and self._inside:
            self._inside -= 1
        elif tag in ("DataArray", "Array"):
            self._open = None
        elif tag == self._section:
            self._section = ""

    def _text(self, text: str) -> None:
        array = self._open
        if array is None or self._inside:
            return
        if array.section == "FieldData" or array.name in self.wanted:
            array.text.append(text)

    def result(self, appended: int | None) -> ImageFile:
        """Check what was collected and put it together."""
        if self.image is None or self.root.get("type") != "ImageData":
            raise CorruptSnapshot(self.path, "it holds no image data (ImageData).")
        if len(self.pieces) != 1:
            raise CorruptSnapshot(
                self.path, f"it has {len(self.pieces)} pieces; save it as one, without pieces."
            )
        with reading_vtk(self.path, "its extent, origin and spacing"):
            extent = tuple(int(word) for word in self.image["WholeExtent"].split())
            origin = tuple(float(word) for word in self.image["Origin"].split())
            spacing = tuple(float(word) for word in self.image["Spacing"].split())
            turned = [float(word) for word in self.image.get("Direction", "").split()]
            piece = tuple(int(word) for word in self.pieces[0].split())
            if (len(extent), len(origin), len(spacing)) != (6, 3, 3):
                raise ValueError("three axes are needed")
        if piece != extent or any(extent[2 * i] > extent[2 * i + 1] for i in range(3)):
            raise CorruptSnapshot(self.path, f"its extent {extent} is not that of its piece.")
        if not np.isfinite(origin + spacing).all() or min(spacing) <= 0:
            raise CorruptSnapshot(
                self.path, f"its origin {origin} or its spacing {spacing} cannot be right."
            )
        if turned and not np.array_equal(turned, np.eye(3).ravel()):
            raise CorruptSnapshot(
                self.path, "its axes are turned (Direction); save it along x, y and z."
            )
        compressor = self.root.get("compressor", "")
        if compressor not in _COMPRESSORS:
            raise CorruptSnapshot(
                self.path, f"it is packed with {compressor}; save it with zlib or unpacked."
            )
        return ImageFile(
            path=self.path,
            extent=extent,  # type: ignore[arg-type]
            origin=origin,  # type: ignore[arg-type]
            spacing=spacing,  # type: ignore[arg-type]
            arrays=tuple(self.arrays),
            byte_order=">" if self.root.get("byte_order") == "BigEndian" else "<",
            header_bytes=8 if self.root.get("header_type") == "UInt64" else 4,
            compressor=compressor,
            appended=None if appended is None else (appended, self.encoding),
        )


def _parse(file: IO[bytes], reader: _XmlReader) -> int | None:
    """Feed a file's XML to the parser; returns where the appended data begin.

    Raw appended data are no XML, so the parser sees nothing after the tag that
    opens them.
    """
    parser, position, kept = reader.parser, 0, b""
    while True:
        block = file.read(_BLOCK)
        if not block:
            parser.Parse(kept, True)
            return None
        kept += block
        at = kept.find(_APPENDED)
        if at >= 0:
            break
        # The tag may straddle two blocks.
        ready = len(kept) - len(_APPENDED)
        if ready > 0:
            parser.Parse(kept[:ready], False)
            position, kept = position + ready, kept[ready:]
    while (end := kept.find(b">", at)) < 0 or (start := kept.find(b"_", end)) < 0:
        block = file.read(_BLOCK)
        if not block:
            raise ValueError("the appended data are missing")
        kept += block
    parser.Parse(kept[: end + 1] + b"</AppendedData></VTKFile>", True)
    return position + start + 1
