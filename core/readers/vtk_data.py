"""The arrays of VTK's image data: unpacking what `core.readers.vtk_xml` describes."""

from __future__ import annotations

import base64
import lzma
import math
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import CorruptSnapshot
from core.readers.values import refuse_bomb
from core.readers.vtk_xml import DataArray, ImageFile, reading_vtk

_MAX_TEXT = 4096
_TYPES = {
    **{f"{sign}{bits}": f"{code}{bits // 8}" for sign, code in (("Int", "i"), ("UInt", "u"))
       for bits in (8, 16, 32, 64)},
    "Float32": "f4",
    "Float64": "f8",
    "String": "u1",
}  # fmt: skip


def read_array(image: ImageFile, array: DataArray, count: int) -> NDArray[Any]:
    """Read the values of an array.

    Parameters
    ----------
    image : ImageFile
        The file, from `read_image` with this array among the wanted.
    array : DataArray
        The array.
    count : int
        How many numbers it has to hold.

    Returns
    -------
    ndarray, (count,)
        The values, in the order of the file.

    Raises
    ------
    CorruptSnapshot
        If they are not all there, or cannot be unpacked.
    """
    path, place = image.path, f"{array.section} {array.name}"
    with reading_vtk(path, place):
        if array.type not in _TYPES:
            raise CorruptSnapshot(path, f"{place} is of type {array.type}, not numbers.")
        dtype = np.dtype(image.byte_order + _TYPES[array.type])
        if array.format == "ascii":
            words = "".join(array.text).split()
            if len(words) != count:
                raise CorruptSnapshot(path, f"{place} has {len(words)} values, not {count}.")
            return np.array(words, dtype=np.float64).astype(_TYPES[array.type])
        source = _source(image, array, place)
        values = np.frombuffer(_unpack(image, source, place, count * dtype.itemsize), dtype)
    return values


def read_text(image: ImageFile, array: DataArray) -> str:
    """Read an array of type String that holds one text.

    Parameters
    ----------
    image : ImageFile
        The file.
    array : DataArray
        The array, of the field data.

    Returns
    -------
    str
        The text.

    Raises
    ------
    CorruptSnapshot
        If it is damaged, or longer than 4096 bytes.
    """
    place = f"{array.section} {array.name}"
    with reading_vtk(image.path, place):
        if array.format == "ascii":
            raw = bytes(int(word) for word in "".join(array.text).split()[:_MAX_TEXT])
        else:
            raw = _unpack(image, _source(image, array, place), place, None)
        return raw.split(b"\0")[0].decode("utf-8")


@dataclass
class _Source:
    """Bytes of one array, whatever they are written as."""

    encoded: bool
    data: bytes
    position: int = 0

    def take(self, n_bytes: int) -> bytes:
        """Read what was encoded in one go."""
        length = 4 * math.ceil(n_bytes / 3) if self.encoded else n_bytes
        part = self.data[self.position : self.position + length]
        self.position += length
        plain = base64.b64decode(part, validate=True) if self.encoded else part
        if len(plain) < n_bytes:
            raise ValueError("the data end too early")
        return plain[:n_bytes]

    @property
    def left(self) -> int:
        """Bytes that may still come, at most."""
        return max(len(self.data) - self.position, 0)


def _source(image: ImageFile, array: DataArray, place: str) -> _Source:
    if array.format == "binary":
        return _Source(True, "".join("".join(array.text).split()).encode("ascii"))
    if array.format != "appended" or image.appended is None:
        raise CorruptSnapshot(image.path, f"{place} has no data (format {array.format}).")
    begin, encoding = image.appended
    if encoding not in ("raw", "base64") or array.offset < 0:
        raise CorruptSnapshot(image.path, f"{place} is appended in the encoding {encoding}.")
    with image.path.open("rb") as file:
        file.seek(begin + array.offset)
        # To the next array at most, so that only this one is in memory.
        later = [a.offset for a in image.arrays if a.offset > array.offset]
        data = file.read(min(later) - array.offset if later else -1)
    return _Source(encoding == "base64", data)


def _unpack(image: ImageFile, source: _Source, place: str, expected: int | None) -> bytes:
    """Unpack an array: never more bytes than are expected of it, or of a text."""
    path, width = image.path, image.header_bytes

    def check(total: int) -> None:
        if total != expected and (expected is not None or total > _MAX_TEXT):
            wanted = f"at most {_MAX_TEXT}" if expected is None else str(expected)
            raise CorruptSnapshot(path, f"{place} has {total} bytes, not {wanted}.")

    unsigned = f"{image.byte_order}u{width}"
    if not image.compressor:
        length = int(np.frombuffer(_peek(source, width), unsigned)[0])
        check(length)
        if length > source.left:
            raise ValueError("the data end too early")
        # Length and data are encoded in one go.
        return source.take(width + length)[width:]
    n_blocks = int(np.frombuffer(_peek(source, width), unsigned)[0])
    if n_blocks * width > source.left:
        raise ValueError("the list of packed blocks ends too early")
    header = [int(value) for value in np.frombuffer(source.take((3 + n_blocks) * width), unsigned)]
    size, last, packed = header[1], header[2], header[3:]
    total = n_blocks * size if last == 0 else (n_blocks - 1) * size + last
    check(total)
    if sum(packed) > source.left:
        raise ValueError("the data end too early")
    refuse_bomb(path, place, sum(packed), total)
    data, parts = source.take(sum(packed)), []
    for block, length in enumerate(packed):
        limit = last if block == n_blocks - 1 and last else size
        unpacker: Any = (
            zlib.decompressobj()
            if image.compressor == "vtkZLibDataCompressor"
            else lzma.LZMADecompressor()
        )
        part, data = unpacker.decompress(data[:length], limit), data[length:]
        if len(part) != limit:
            raise ValueError(f"block {block} does not unpack to {limit} bytes")
        parts.append(part)
    return b"".join(parts)


def _peek(source: _Source, n_bytes: int) -> bytes:
    start = source.position
    # Whole groups of base64 only: the rest of what was encoded follows.
    first = source.take(n_bytes if not source.encoded else 3 * math.ceil(n_bytes / 3))
    source.position = start
    return first[:n_bytes]
