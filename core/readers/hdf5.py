"""Careful reading of HDF5: every failure names the file and the place in it.

A snapshot must not make the reader open other files, so external links,
external storage and virtual data sets are refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from core.errors import CorruptSnapshot, InvalidRequest, ShellsightError
from core.readers.hdf5_heaps import check_heaps

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_MAX_SOFT_LINKS = 8

_ALLOWANCE = 64 << 20
"""Bytes that any data set may take, however small the file."""

_MAX_COMPRESSION = 256
"""Bytes that a data set may take per byte of the file. Deflate reaches 1000 on constants, but a
file of which every column is constant is no snapshot; columns that are, stay far below this."""

_MAX_ATTRIBUTE = 1 << 20
"""Bytes of the largest attribute that is read: what matters to us is a few numbers."""


def is_hdf5(path: Path) -> bool:
    """Tell whether a file begins like HDF5.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool
        True if it carries the signature.

    Raises
    ------
    CorruptSnapshot
        If the file ends within the signature, or is empty.
    InvalidRequest
        If it cannot be opened at all.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(_SIGNATURE))
    except OSError as error:
        raise InvalidRequest(f"{path}: cannot be opened ({error.strerror}).") from error
    if len(start) < len(_SIGNATURE) and _SIGNATURE.startswith(start):
        size = "empty" if not start else f"truncated to {len(start)} bytes"
        raise CorruptSnapshot(path, f"the file is {size}.")
    return start == _SIGNATURE


_FAILURES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SystemError,
    TypeError,
    ValueError,
)
"""What h5py and NumPy raise when a file does not hold what it should."""


@contextmanager
def reading(path: Path, place: str) -> Iterator[None]:
    """Turn what HDF5 raises into `CorruptSnapshot`.

    Parameters
    ----------
    path : Path
        The file being read.
    place : str
        What is being read in it, for the message.
    """
    try:
        yield
    except ShellsightError:
        raise
    except _FAILURES as error:
        raise CorruptSnapshot(
            path, f"cannot read {place}; the file is truncated or damaged ({error})."
        ) from error


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading.

    Parameters
    ----------
    path : Path
        The file.

    Yields
    ------
    h5py.File
        The open file.

    Raises
    ------
    CorruptSnapshot
        If it is truncated or damaged.
    InvalidRequest
        If it is not there or may not be read.
    """
    try:
        file = h5py.File(path, "r", locking="best-effort")
    except (FileNotFoundError, PermissionError) as error:
        raise InvalidRequest(f"{path}: cannot be opened ({error.strerror or error}).") from error
    except (OSError, RuntimeError) as error:
        raise CorruptSnapshot(path, _damage(path, error)) from error
    with file:
        yield file


def _damage(path: Path, error: Exception) -> str:
    """Say what is wrong with a file that HDF5 does not open, and what to do."""
    if "unable to lock file" in str(error):
        return "another program is writing it; wait until that is finished."
    end = re.search(r"truncated file.*stored_eof = (\d+)", str(error))
    if end is None:
        return f"the HDF5 file is truncated or damaged ({error})."
    return (
        f"the HDF5 file is truncated: {path.stat().st_size} of {end[1]} bytes are there. "
        f"Copy it again, or wait until it is written."
    )


def find(file: h5py.File, name: str) -> h5py.Group | h5py.Dataset | None:
    """Find a group or data set without leaving the file.

    Parameters
    ----------
    file : h5py.File
        The open file.
    name : str
        Path within it, for example ``PartType0/Coordinates``.

    Returns
    -------
    h5py.Group or h5py.Dataset or None
        The object, or None if there is none of this name.

    Raises
    ------
    CorruptSnapshot
        If the way there leaves the file, or the file is damaged.
    """
    path = Path(file.filename)
    with reading(path, name):
        parts = _steps(name)
        here: h5py.Group | h5py.Dataset = file
        hops = 0
        while parts:
            part = parts.pop(0)
            link = here.get(part, getlink=True) if isinstance(here, h5py.Group) else None
            if link is None:
                return None
            if isinstance(link, h5py.ExternalLink):
                raise CorruptSnapshot(
                    path, f"{name} is a link to another file ({link.filename}); refused."
                )
            if isinstance(link, h5py.SoftLink):
                hops += 1
                if hops > _MAX_SOFT_LINKS:
                    raise CorruptSnapshot(path, f"{name} is a link that leads in circles.")
                parts = _steps(link.path) + parts
                here = file if link.path.startswith("/") else here
                continue
            here = here[part]
    if isinstance(here, h5py.Dataset) and (here.is_virtual or here.external):
        raise CorruptSnapshot(path, f"{name} is stored in other files; refused. Open those.")
    return here


def _steps(name: str) -> list[str]:
    return [step for step in name.split("/") if step not in ("", ".")]


def attributes(file: h5py.File, name: str, *keys: str) -> dict[str, Any]:
    """Read the attributes of a group or data set.

    Parameters
    ----------
    file : h5py.File
        The open file.
    name : str
        Path within it.
    *keys : str
        The attributes wanted; all by default. Some codes write hundreds, and
        each takes its time.

    Returns
    -------
    dict
        Attributes by name; arrays of one element as scalars, bytes as text.
        Empty if there is no such object. Without those that are larger than
        any description needs, or of a type that has no Python equivalent.
    """
    target = file if name == "/" else find(file, name)
    if target is None:
        return {}
    found: dict[str, Any] = {}
    with reading(Path(file.filename), f"the attributes of {name}"):
        for key in [key for key in keys if key in target.attrs] if keys else target.attrs:
            attribute = target.attrs.get_id(key)
            # The size is checked before h5py makes room for it.
            count = attribute.get_space().get_simple_extent_npoints()
            try:
                kind = attribute.dtype
            except TypeError:
                continue
            if count * kind.itemsize > _MAX_ATTRIBUTE:
                continue
            if kind.kind == "O":
                if h5py.check_string_dtype(kind) is None:
                    continue
                check_heaps(Path(file.filename))
            value = target.attrs[key]
            if not isinstance(value, h5py.Empty):
                found[key] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    """Unwrap what codes write in different ways: arrays of one, bytes."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(())[()]
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value.item() if isinstance(value, np.generic) else value


def dataset(file: h5py.File, name: str) -> h5py.Dataset:
    """Find a data set that has to be there.

    Parameters
    ----------
    file : h5py.File
        The open file.
    name : str
        Path within it.

    Returns
    -------
    h5py.Dataset
        The data set.

    Raises
    ------
    CorruptSnapshot
        If it is missing, not a data set, or claims to be larger than the
        file can hold.
    """
    found = find(file, name)
    path = Path(file.filename)
    if not isinstance(found, h5py.Dataset):
        raise CorruptSnapshot(path, f"the data set {name} is missing.")
    with reading(path, name):
        _check_size(path, name, found)
    return found


def _check_size(path: Path, name: str, source: h5py.Dataset) -> None:
    """Refuse a size that cannot be true, before anything is allocated for it.

    A damaged or malicious file may state any shape: data sets are compared
    with the space they take up in the file, with room for compression.
    """
    claimed = math.prod(source.shape or ()) * source.dtype.itemsize
    if claimed <= _ALLOWANCE and source.chunks is None:
        return
    in_file = path.stat().st_size
    most = _ALLOWANCE + _MAX_COMPRESSION * in_file
    if source.chunks is None:
        # Neither compressed nor in pieces: what is stored is what is there.
        unwritten, largest = claimed - min(source.id.get_storage_size(), in_file), claimed
    else:
        piece = math.prod(source.chunks) * source.dtype.itemsize
        unwritten, largest = 0, max(claimed, piece)
        if _ALLOWANCE < claimed <= most:
            unwritten = claimed - source.id.get_num_chunks() * piece
    if largest > most or unwritten > _ALLOWANCE:
        raise CorruptSnapshot(
            path,
            f"{name} states a size of {claimed} bytes (shape {source.shape}), but the file "
            f"holds {in_file} bytes; it is truncated, damaged, or was never written.",
        )


def read_finite(
    file: h5py.File, name: str, selection: Any = (), *, negative: bool = True
) -> NDArray[Any]:
    """Read a data set whose values must all be numbers.

    Parameters
    ----------
    file : h5py.File
        The open file.
    name : str
        Path of the data set.
    selection : index, optional
        Part of it.
    negative : bool
        Whether values below zero make sense.

    Returns
    -------
    ndarray
        The values, floating-point as in the file, in the byte order of this
        machine.

    Raises
    ------
    CorruptSnapshot
        If values are NaN, infinite, or negative where that is impossible;
        the message says how many.
    """
    return finite(dataset(file, name), selection, negative=negative)


def finite(source: h5py.Dataset, selection: Any = (), *, negative: bool = True) -> NDArray[Any]:
    """Read numbers from a data set found before: `read_finite` without the search.

    Parameters
    ----------
    source : h5py.Dataset
        The data set, from `dataset`.
    selection, negative
        As for `read_finite`.

    Returns
    -------
    ndarray
        As from `read_finite`.

    Raises
    ------
    CorruptSnapshot
        As `read_finite`.
    """
    path, name = Path(source.file.filename), source.name.lstrip("/")
    kind = source.dtype
    if kind.kind not in "iuf":
        raise CorruptSnapshot(path, f"{name} holds {kind}, not numbers.")
    # Half precision overflows in our units, and more than double has no use.
    fits = kind.kind == "f" and kind.itemsize in (4, 8)
    wanted = kind.newbyteorder("=") if fits else np.dtype(np.float64)
    with reading(path, name):
        values: NDArray[Any] = source[selection].astype(wanted, copy=False)
    bad = int(values.size - np.count_nonzero(np.isfinite(values)))
    where = _rows(selection)
    if bad:
        raise CorruptSnapshot(
            path, f"{name} has {bad} of {values.size} values{where} that are NaN or infinite."
        )
    if not negative:
        below = int(np.count_nonzero(values < 0))
        if below:
            raise CorruptSnapshot(
                path, f"{name} has {below} of {values.size} values{where} below zero."
            )
    return values


def _rows(selection: Any) -> str:
    """Say which part was read, where it was not all of it."""
    if not isinstance(selection, slice) or selection.start in (None, 0):
        return ""
    return f" from row {selection.start} on"
