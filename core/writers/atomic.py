"""Files that appear under their name only when they are complete."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import h5py

from core.errors import InvalidRequest

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write to a temporary name, and rename when the block is left without error.

    Parameters
    ----------
    path : path
        The file to write; replaced if it exists.

    Yields
    ------
    Path
        The name to write to, in the same directory.

    Raises
    ------
    InvalidRequest
        If the directory does not exist, or the file cannot be written.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise InvalidRequest(f"{target}: there is no directory {target.parent}.")
    if target.is_dir():
        raise InvalidRequest(f"{target} is a directory; name a file.")
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidRequest(f"{target}: cannot be written ({reason}).") from error
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def replacing_hdf5(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """Write an HDF5 file to a temporary name, and rename it when it is complete.

    Parameters
    ----------
    path : path
        The file to write; replaced if it exists.

    Yields
    ------
    h5py.File
        The open file. It may hold attributes of more than 64 kB, which only
        the newer structures of HDF5 can.

    Raises
    ------
    InvalidRequest
        If the directory does not exist, or the file cannot be written.
    """
    with replacing(path) as partial, _Stream(partial, "w+b") as stream:
        with h5py.File(stream, "w", libver=("v108", "v110")) as file:
            yield file
        if stream.error is not None:
            raise stream.error


class _Stream(io.FileIO):
    """A file that remembers the first refusal of the disk instead of raising it.

    HDF5 cannot close a file that it cannot write: it would complain for every
    open object, and keep them. So it is left to believe that all is well, and
    the refusal is raised afterwards.
    """

    error: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        size = memoryview(data).nbytes
        if self.error is None:
            try:
                left = memoryview(data).cast("B")
                while left:
                    left = left[super().write(left) or 0 :]
            except OSError as error:
                self.error = error
        return size

    def truncate(self, size: int | None = None, /) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0
