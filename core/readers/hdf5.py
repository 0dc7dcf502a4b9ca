"""Careful reading of HDF5: every failure names the file and the place in it.

A snapshot must not make the reader open other files, so external links,
external storage and virtual data sets are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from core.errors import CorruptSnapshot, InvalidRequest, ShellsightError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_MAX_SOFT_LINKS = 8


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
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError) as error:
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
        parts = name.strip("/").split("/")
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
                parts = link.path.strip("/").split("/") + parts
                here = file if link.path.startswith("/") else here
                continue
            here = here[part]
    if isinstance(here, h5py.Dataset) and (here.is_virtual or here.external):
        raise CorruptSnapshot(path, f"{name} is stored in other files; refused. Open those.")
    return here


def attributes(file: h5py.File, name: str) -> dict[str, Any]:
    """Read the attributes of a group or data set.

    Parameters
    ----------
    file : h5py.File
        The open file.
    name : str
        Path within it.

    Returns
    -------
    dict
        Attributes by name; arrays of one element as scalars, bytes as text.
        Empty if there is no such object.
    """
    target = file if name == "/" else find(file, name)
    if target is None:
        return {}
    with reading(Path(file.filename), f"the attributes of {name}"):
        return {key: _plain(value) for key, value in target.attrs.items()}


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
        If it is missing, or not a data set.
    """
    found = find(file, name)
    if not isinstance(found, h5py.Dataset):
        raise CorruptSnapshot(Path(file.filename), f"the data set {name} is missing.")
    return found


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
        The values, floating-point as in the file.

    Raises
    ------
    CorruptSnapshot
        If values are NaN, infinite, or negative where that is impossible;
        the message says how many.
    """
    path = Path(file.filename)
    source = dataset(file, name)
    with reading(path, name):
        values = source[selection]
    if not np.issubdtype(values.dtype, np.floating):
        if not np.issubdtype(values.dtype, np.number):
            raise CorruptSnapshot(path, f"{name} holds {values.dtype}, not numbers.")
        values = values.astype(np.float64)
    bad = int(values.size - np.count_nonzero(np.isfinite(values)))
    if bad:
        raise CorruptSnapshot(
            path, f"{name} has {bad} of {values.size} values that are NaN or infinite."
        )
    if not negative:
        below = int(np.count_nonzero(values < 0))
        if below:
            raise CorruptSnapshot(path, f"{name} has {below} of {values.size} values below zero.")
    return values
