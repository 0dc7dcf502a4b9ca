"""A look at the heaps of an HDF5 file before the HDF5 library walks through them.

Texts of variable length lie in *global heaps*. Up to version 2.0 at least, the
HDF5 library never comes back from a damaged heap in which an object states a
length of zero: it takes the same step for ever, and cannot be interrupted. The
layout is that of the HDF5 file format specification, section III.E.

What this does not see: a damaged length in the attribute that points to a
text. The library then makes room for that many bytes, at most 4 GB, before it
finds the text to be shorter and fails. Simulation codes write texts of fixed
length, which have neither weakness.
"""

from __future__ import annotations

import mmap
from functools import lru_cache
from pathlib import Path

from core.errors import CorruptSnapshot, InvalidRequest

_SIGNATURE = b"GCOL\x01\x00\x00\x00"
_PREFIX = 16
"""Bytes of a heap's header, and of the header of an object in it."""

_SMALLEST = 4096
_SEARCHED = 16 << 20
"""Bytes at either end of the file that are searched. Texts are written before the large
arrays or after them; to search these as well would take longer than to read a cutout."""


def check_heaps(path: Path) -> None:
    """Refuse a file whose heaps would hang the HDF5 library.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    CorruptSnapshot
        If a heap is damaged.
    InvalidRequest
        If the file cannot be read.
    """
    try:
        state = path.stat()
        damaged = _damaged_heap(path, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise InvalidRequest(f"{path}: cannot be read ({error.strerror}).") from error
    if damaged is not None:
        raise CorruptSnapshot(
            path, f"the HDF5 file is damaged: the heap at byte {damaged} that holds its texts."
        )


@lru_cache(maxsize=256)
def _damaged_heap(path: Path, size: int, changed: int) -> int | None:
    """Place of the first damaged heap; `changed` tells apart the states of a file."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        parts = [(0, min(size, _SEARCHED)), (max(size - _SEARCHED, _SEARCHED), size)]
        for start, stop in parts:
            at = content.find(_SIGNATURE, start, stop)
            while at >= 0:
                if _is_damaged(content, at):
                    return at
                at = content.find(_SIGNATURE, at + len(_SIGNATURE), stop)
    return None


def _is_damaged(content: mmap.mmap, at: int) -> bool:
    """Walk through a heap as the library does."""

    def number(start: int, size: int) -> int:
        return int.from_bytes(content[start : start + size], "little")

    length = number(at + 8, 8)
    end = at + length
    if length < _SMALLEST or end > len(content):
        # No heap at all, or one that the library refuses itself.
        return False
    place = at + _PREFIX
    while end - place >= _PREFIX:
        index, size = number(place, 2), number(place + 8, 8)
        # Object zero is the free space: its size includes its header.
        step = _PREFIX + -(-size // 8) * 8 if index else size
        if step == 0 or step > end - place:
            return True
        place += step
    return False
