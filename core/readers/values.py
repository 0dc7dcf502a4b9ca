"""Checks of numbers that come out of a file, whatever the format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cubes import Vector3
from core.errors import CorruptSnapshot, InvalidRequest, ShellsightError

_LARGE_BYTES = 1 << 30
_EXPANSION = 200
"""A constant field packs a thousandfold, but not one of gigabytes that anybody made."""


@contextmanager
def reading_file(
    path: Path, place: str, damage: type[Exception] | tuple[type[Exception], ...]
) -> Iterator[None]:
    """Turn what opening, parsing and unpacking raise into Shellsight's errors.

    Parameters
    ----------
    path : Path
        The file being read.
    place : str
        What is being read in it, for the message.
    damage : exception type or tuple of them
        What a damaged file makes the parser raise.

    Raises
    ------
    InvalidRequest
        If the file is not there or may not be read.
    CorruptSnapshot
        If it is damaged.
    """
    try:
        yield
    except ShellsightError:
        raise
    except (FileNotFoundError, PermissionError) as error:
        raise InvalidRequest(f"{path}: cannot be opened ({error.strerror or error}).") from error
    except damage as error:
        raise CorruptSnapshot(
            path, f"cannot read {place}; the file is truncated or damaged ({error})."
        ) from error


def checked(
    path: Path, place: str, values: NDArray[Any], *, negative: bool = True
) -> NDArray[np.floating]:
    """Check that values are numbers, and finite.

    Parameters
    ----------
    path : Path
        The file that they come from.
    place : str
        Where in it, for the message.
    values : ndarray
        The values.
    negative : bool
        Whether values below zero make sense.

    Returns
    -------
    ndarray
        The values, floating-point and in the byte order of this machine.

    Raises
    ------
    CorruptSnapshot
        If they are no numbers, NaN, infinite, or negative where that is
        impossible; the message says how many.
    """
    if values.dtype.kind not in "fiu":
        raise CorruptSnapshot(path, f"{place} holds {values.dtype}, not numbers.")
    if values.dtype.kind != "f" or values.dtype.itemsize not in (4, 8):
        values = values.astype(np.float64)
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    bad = int(values.size - np.count_nonzero(np.isfinite(values)))
    if bad:
        raise CorruptSnapshot(
            path, f"{place} has {bad} of {values.size} values that are NaN or infinite."
        )
    if not negative:
        below = int(np.count_nonzero(values < 0))
        if below:
            raise CorruptSnapshot(path, f"{place} has {below} of {values.size} values below zero.")
    return values


def require_cube(path: Path, grid: Sequence[int]) -> int:
    """Check that a grid is a cube of voxels.

    Parameters
    ----------
    path : Path
        The file.
    grid : Sequence of int
        Voxels along each axis.

    Returns
    -------
    int
        Voxels along an edge.

    Raises
    ------
    CorruptSnapshot
        If the sides differ or there are no voxels.
    """
    if len(grid) != 3 or len(set(grid)) != 1 or grid[0] < 1:
        sides = " x ".join(str(n) for n in grid)
        raise CorruptSnapshot(path, f"the grid is {sides}; a cube of equal sides is needed.")
    return int(grid[0])


def refuse_bomb(path: Path, place: str, stored: int, size: int) -> None:
    """Refuse data that are huge only once they are unpacked.

    Parameters
    ----------
    path : Path
        The file.
    place : str
        The array in it.
    stored, size : int
        Its bytes in the file, and unpacked.

    Raises
    ------
    CorruptSnapshot
        If they expand beyond what honest compression does.
    """
    if size > _LARGE_BYTES and size > _EXPANSION * max(stored, 1):
        raise CorruptSnapshot(
            path,
            f"{place} takes {stored} bytes in the file, but would fill {size / 2**30:.1f} GiB "
            f"of memory; refused. If that is right, save it without compression.",
        )


def listed(names: Sequence[str], most: int = 8) -> str:
    """Write names one after the other, but not a page of them.

    Parameters
    ----------
    names : Sequence of str
        The names.
    most : int
        How many are written.

    Returns
    -------
    str
        The names for a message.
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def vector(values: Any) -> Vector3:
    """Make a tuple of three floats.

    Parameters
    ----------
    values : iterable of float
        Three numbers.

    Returns
    -------
    tuple of float
        The same.
    """
    x, y, z = (float(value) for value in values)
    return (x, y, z)
