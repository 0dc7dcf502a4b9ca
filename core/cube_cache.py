"""Deposited cubes, kept on disk so that the same cut of the same snapshot is read once.

An entry is named by a hash of everything that it depends on: what is in the
files of the snapshot, how they are read, the cut, and the program itself. So
nothing has to be declared out of date, and entries can be deleted at any time.
Entries are `.npz` files of plain arrays in the user's cache directory, and the
least recently used go first when they exceed the limit: 2000 MB, or the
megabytes in the environment variable ``SHELLSIGHT_CACHE_MB``; 0 keeps none.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
import time
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from core.cubes import Cube
from core.errors import InvalidRequest, ShellsightError
from core.series import FrameHeader

LIMIT_VARIABLE = "SHELLSIGHT_CACHE_MB"
LIMIT_MB = 2000.0

_WHOLE = 1 << 24
"""Bytes of a snapshot up to which all of it is hashed; of a larger one, as many samples."""

_SAMPLE = 1 << 16
_ABANDONED_S = 24 * 3600.0
_LOG = logging.getLogger(__name__)


def cache_directory() -> Path:
    """Folder of the entries; it need not exist.

    Returns
    -------
    Path
        ``cubes`` in the user's cache directory of Shellsight.
    """
    from platformdirs import user_cache_path

    return user_cache_path("shellsight") / "cubes"


def limit_bytes() -> int:
    """How much the entries may take up.

    Returns
    -------
    int
        The limit in bytes.

    Raises
    ------
    InvalidRequest
        If the environment variable is not a number of megabytes.
    """
    stated = os.environ.get(LIMIT_VARIABLE, "").strip()
    try:
        megabytes = float(stated) if stated else LIMIT_MB
        return int(max(megabytes, 0.0) * 1e6)
    except (ValueError, OverflowError):
        raise InvalidRequest(
            f"{LIMIT_VARIABLE} is the size of the cache of cubes in megabytes, for example 2000, "
            f"not '{stated}'."
        ) from None


def fingerprint(paths: Sequence[Path]) -> str:
    """Hash of what is in some files.

    Up to 16 MB are hashed whole. Of more, the first and the last 64 kB of each
    file and blocks evenly between them are hashed, and the time of its last
    change: a block rewritten between the samples must not go unnoticed. (It is
    hashed for small files too, which costs no more than a needless deposition
    after a file is copied.)

    Parameters
    ----------
    paths : Sequence of Path
        The files; their names do not matter.

    Returns
    -------
    str
        The hash in hexadecimal.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    digest = blake2b(digest_size=20)
    share = max(_WHOLE // max(len(paths), 1), 2 * _SAMPLE)
    for path in paths:
        state = path.stat()
        digest.update(f"{state.st_size} {state.st_mtime_ns};".encode())
        with path.open("rb") as file:
            if state.st_size <= share:
                digest.update(file.read())
                continue
            for start in np.linspace(0, state.st_size - _SAMPLE, share // _SAMPLE, dtype=np.int64):
                file.seek(int(start))
                digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


def cube_key(header: FrameHeader, format: str, request: dict[str, Any]) -> str | None:
    """Name of the entry of a cube.

    Parameters
    ----------
    header : FrameHeader
        The snapshot.
    format : str
        Name of the format that it is read as.
    request : dict
        The cut: whatever the values of the cube depend on beyond the snapshot.

    Returns
    -------
    str or None
        The name; None if the files cannot be read for it.
    """
    try:
        contents = fingerprint(header.paths)
    except OSError as error:
        _LOG.debug("no key for %s: %s", header.paths[0], error)
        return None
    depends = {
        "program": _program(),
        "contents": contents,
        "format": format,
        "units": repr(header.units),
        "time_myr": header.time_myr,
        "box": (header.box_pc, header.origin_pc, header.periodic),
        "trajectory": (header.trajectory, header.is_control),
        **request,
    }
    text = json.dumps(depends, sort_keys=True, default=repr)
    return blake2b(text.encode(), digest_size=20).hexdigest()


def find_cube(key: str) -> Cube | None:
    """Look a cube up.

    Parameters
    ----------
    key : str
        Name of its entry.

    Returns
    -------
    Cube or None
        The cube; None if there is no entry or it is damaged.
    """
    path = cache_directory() / f"{key}.npz"
    try:
        with np.load(path, allow_pickle=False) as entry:
            about = json.loads(entry["about"].tobytes())
            if about["key"] != key:
                return None
            x, y, z = about["center_pc"]
            cube = Cube(
                {name: entry[name] for name in entry.files if name != "about"},
                about["size_pc"],
                (x, y, z),
                about["time_myr"],
                about["provenance"],
            )
    except FileNotFoundError:
        return None
    except (
        *(OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, MemoryError),
        *(NotImplementedError, zipfile.BadZipFile, ShellsightError),
    ) as error:
        _LOG.debug("%s: damaged, ignored (%s)", path, error)
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return cube


def keep_cube(key: str, cube: Cube, limit: int | None = None) -> None:
    """Write the entry of a cube, and delete the least recently used beyond the limit.

    Where nothing can be written, nothing is: the cache is only a help.

    Parameters
    ----------
    key : str
        Name of its entry.
    cube : Cube
        The cube.
    limit : int, optional
        Bytes that all entries may take up; that of the environment by default.
    """
    limit = limit_bytes() if limit is None else limit
    if sum(values.nbytes for values in cube.fields.values()) > limit:
        return
    about = {
        "key": key,
        "size_pc": cube.size_pc,
        "center_pc": cube.center_pc,
        "time_myr": cube.time_myr,
        "provenance": dict(cube.provenance),
    }
    text = json.dumps(about, default=str).encode()
    arrays: dict[str, Any] = {"about": np.frombuffer(text, np.uint8), **cube.fields}
    folder = cache_directory()
    temporary: Path | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".tmp", delete=False) as file:
            temporary = Path(file.name)
            np.savez(file, allow_pickle=False, **arrays)
        temporary.replace(folder / f"{key}.npz")
        _shrink(folder, limit)
    except OSError as error:
        _LOG.debug("%s: not written (%s)", folder, error)
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()


def used_bytes() -> int:
    """How much the entries take up now.

    Returns
    -------
    int
        Bytes on the disk.
    """
    total = 0
    with contextlib.suppress(OSError):
        for path in cache_directory().glob("*.npz"):
            with contextlib.suppress(OSError):
                total += path.stat().st_size
    return total


def empty() -> int:
    """Delete every entry; cubes are then cut out of their snapshots again.

    Returns
    -------
    int
        Bytes that were freed; what could not be deleted does not count.
    """
    before = used_bytes()
    folder = cache_directory()
    if folder.is_dir():
        with contextlib.suppress(OSError):
            _shrink(folder, -1)
    return before - used_bytes()


def _shrink(folder: Path, limit: int) -> None:
    """Delete entries, the least recently used first, and what broken-off writing left."""
    entries: list[tuple[float, int, Path]] = []
    for path in folder.iterdir():
        # Another process may be deleting the same.
        with contextlib.suppress(OSError):
            state = path.stat()
            if path.suffix == ".npz":
                entries.append((state.st_mtime, state.st_size, path))
            elif path.suffix == ".tmp" and time.time() - state.st_mtime > _ABANDONED_S:
                path.unlink()
    total = sum(size for _, size, _ in entries)
    for _, size, path in sorted(entries):
        if total <= limit:
            break
        with contextlib.suppress(OSError):
            path.unlink()
        total -= size


@lru_cache(maxsize=1)
def _program() -> str:
    """Tell versions of this program apart, as far as cubes depend on it."""
    from importlib.metadata import PackageNotFoundError, version  # slow, and seldom needed

    try:
        number = version("shellsight")
    except PackageNotFoundError:
        number = ""
    digest = blake2b(number.encode(), digest_size=20)
    # While it is developed the version stays and the numbers change.
    folder = Path(__file__).resolve().parent
    names = ("constants", "cutout", "lattice", "particles", "series", "units", "voxelize")
    for pattern in ("readers/*.py", "deposit*.py", *(f"{name}.py" for name in names)):
        for path in sorted(folder.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
