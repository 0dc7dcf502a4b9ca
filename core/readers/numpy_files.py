"""Arrays in `.npy` and `.npz` files: headers first, then only the frames asked for.

Nothing is ever unpickled: arrays of Python objects are refused.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import CorruptSnapshot
from core.readers.values import reading_file, refuse_bomb

_NPY = b"\x93NUMPY"
_ZIP = b"PK\x03\x04"
_LOCAL_HEADER = 30
"""Bytes of a zip file's local header before the member's name."""


@dataclass(frozen=True)
class ArrayInfo:
    """What an array's header says.

    Parameters
    ----------
    key : str
        Its name; empty for the only array of a `.npy` file.
    shape : tuple of int
        Its shape.
    dtype : dtype
        The type of its elements.
    column_major : bool
        Whether it is stored in Fortran order.
    offset : int
        Where its values begin within its file or member.
    """

    key: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    column_major: bool
    offset: int

    @property
    def place(self) -> str:
        """What to call it in a message."""
        return f"the array {self.key}" if self.key else "the array"


def _reading(path: Path, place: str) -> AbstractContextManager[None]:
    # Damaged zip files and headers raise whatever their parsers meet.
    return reading_file(path, place, Exception)


def kind_of(path: Path) -> str | None:
    """Tell whether a file begins like NumPy's.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str or None
        ``npy``, ``npz``, or None. A zip file of anything but arrays is None.

    Raises
    ------
    CorruptSnapshot
        If it begins like a zip file but is damaged and called `.npz`.
    InvalidRequest
        If it cannot be opened.
    """
    with _reading(path, "its beginning"), path.open("rb") as file:
        start = file.read(len(_NPY))
    if start == _NPY:
        return "npy"
    if not start.startswith(_ZIP):
        if path.suffix in (".npy", ".npz"):
            problem = "the file is empty" if not start else "the file does not begin like NumPy's"
            raise CorruptSnapshot(path, f"{problem}; it is truncated or damaged.")
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except Exception as error:
        if path.suffix != ".npz":
            return None
        raise CorruptSnapshot(
            path, f"cannot read its contents; the file is truncated or damaged ({error})."
        ) from error
    return "npz" if names and all(name.endswith(".npy") for name in names) else None


def arrays_in(path: Path) -> Mapping[str, ArrayInfo]:
    """Read the headers of all arrays of a file.

    Parameters
    ----------
    path : Path
        A `.npy` or `.npz` file.

    Returns
    -------
    Mapping of str to ArrayInfo
        By name; a `.npy` file has one, with an empty name.

    Raises
    ------
    CorruptSnapshot
        If the file is damaged, an array is cut short, holds Python objects
        or would be absurdly large.
    """
    if kind_of(path) == "npy":
        with _reading(path, "the array's header"), path.open("rb") as file:
            info = _header(path, "", file)
            _check_size(path, info, path.stat().st_size)
        return {"": info}
    found: dict[str, ArrayInfo] = {}
    with _reading(path, "its contents"), zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            key = member.filename.removesuffix(".npy")
            with _reading(path, f"the header of {key}"), archive.open(member) as file:
                found[key] = _header(path, key, file)
            _check_size(path, found[key], member.file_size)
            refuse_bomb(path, found[key].place, member.compress_size, member.file_size)
    return found


def read(path: Path, info: ArrayInfo, index: int | None = None) -> NDArray[Any]:
    """Read an array, or one element of its first axis.

    Parameters
    ----------
    path : Path
        The file.
    info : ArrayInfo
        The array, from `arrays_in`.
    index : int, optional
        Only this element of the first axis; only this much is held in memory,
        unless the array is stored in Fortran order.

    Returns
    -------
    ndarray
        The values.

    Raises
    ------
    CorruptSnapshot
        If the file is truncated or damaged.
    """
    whole = index is None or info.column_major
    shape = info.shape if whole else info.shape[1:]
    count = math.prod(shape)
    offset = info.offset + (0 if index is None or whole else index * count * info.dtype.itemsize)
    with _reading(path, info.place), _stream(path, info.key) as (file, begin):
        file.seek(begin + offset)
        buffer = file.read(count * info.dtype.itemsize)
        if len(buffer) != count * info.dtype.itemsize:
            raise CorruptSnapshot(path, f"{info.place} is cut short; the file is truncated.")
        values = np.frombuffer(buffer, info.dtype)
        values = values.reshape(shape, order="F" if info.column_major else "C")
    return values[index] if info.column_major and index is not None else values


@contextmanager
def _stream(path: Path, key: str) -> Iterator[tuple[IO[bytes], int]]:
    """Open an array for reading: its stream, and where it begins in that."""
    if not key:
        with path.open("rb") as file:
            yield file, 0
        return
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo(f"{key}.npy")
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
            with archive.open(member) as packed:
                yield packed, 0
            return
    # What is not packed can be sought in, where zipfile would read through it.
    with path.open("rb") as file:
        file.seek(member.header_offset)
        local = file.read(_LOCAL_HEADER)
        name, extra = (int.from_bytes(local[i : i + 2], "little") for i in (26, 28))
        yield file, member.header_offset + _LOCAL_HEADER + name + extra


def _header(path: Path, key: str, file: IO[bytes]) -> ArrayInfo:
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise CorruptSnapshot(path, f"{key or 'the array'} is of version {version} of its format.")
    parse = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, column_major, dtype = parse(file)
    info = ArrayInfo(key, tuple(shape), dtype, column_major, file.tell())
    if dtype.hasobject:
        raise CorruptSnapshot(
            path, f"{info.place} holds Python objects, which are never read; save plain numbers."
        )
    if any(isinstance(n, bool) or n < 0 for n in shape):
        raise CorruptSnapshot(path, f"{info.place} has the impossible shape {shape}.")
    return info


def _check_size(path: Path, info: ArrayInfo, available: int) -> None:
    """Compare what the header promises with what is there, before anything is allocated."""
    needed = info.offset + math.prod(info.shape) * info.dtype.itemsize
    if needed > available:
        raise CorruptSnapshot(
            path,
            f"{info.place} of shape {info.shape} takes {needed} bytes, but only {available} "
            f"are there; the file is truncated or damaged.",
        )
