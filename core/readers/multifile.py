"""Snapshots spread over several files: `name.0.hdf5`, `name.1.hdf5`, ..."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from core.errors import CorruptSnapshot
from core.readers.hdf5 import attributes, open_hdf5, reading

_PART = re.compile(r"^(?P<stem>.+)\.(?P<part>\d+)(?P<suffix>\.[^.]+)$")


def group_parts(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    """Put the files of each snapshot together.

    Naming one part of a snapshot names all of it: a part read alone would
    silently be a fraction of the gas.

    Parameters
    ----------
    paths : Sequence of Path
        Files with a ``Header`` that states ``NumFilesPerSnapshot``.

    Returns
    -------
    list of tuple of Path
        The files of each snapshot, in the order of their numbers.

    Raises
    ------
    CorruptSnapshot
        If a part is missing.
    """
    groups: dict[Path, tuple[Path, ...]] = {}
    for path in paths:
        if any(path in group for group in groups.values()):
            continue
        with open_hdf5(path) as file, reading(path, "Header/NumFilesPerSnapshot"):
            n_files = int(attributes(file, "Header").get("NumFilesPerSnapshot", 1))
        if n_files <= 1:
            groups[path] = (path,)
            continue
        match = _PART.match(path.name)
        if match is None:
            raise CorruptSnapshot(
                path, f"is one of {n_files} files of a snapshot, but its name has no number."
            )
        parts = tuple(
            path.with_name(f"{match['stem']}.{part}{match['suffix']}") for part in range(n_files)
        )
        for part in parts:
            if not part.is_file():
                raise CorruptSnapshot(
                    path, f"the snapshot has {n_files} files, but {part.name} is missing."
                )
        groups[path] = parts
    return list(groups.values())
