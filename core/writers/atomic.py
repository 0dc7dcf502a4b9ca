"""Files that appear under their name only when they are complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import InvalidRequest


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
