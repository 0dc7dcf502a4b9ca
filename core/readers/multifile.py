"""Snapshots spread over several files: `name.0.hdf5`, `name.1.hdf5`, ..."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from core.errors import CorruptSnapshot
from core.readers.hdf5 import attributes, dataset, find, open_hdf5, reading

GAS = "PartType0"

STARS = "PartType4"
"""Stars formed in the run. The disks and bulges of types 2 and 3 have no ages."""

SINKS = "PartType5"
"""Black holes in most runs, but single stars where GIZMO follows their evolution (STARFORGE)."""

STAGE = "ProtoStellarStage"
"""What GIZMO writes for stars whose evolution it follows."""

_PART = re.compile(r"^(?P<stem>.+)\.(?P<part>\d+)(?P<suffix>\.[^.]+)$")


def group_parts(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    """Put the files of each snapshot together.

    Naming one part of a snapshot names all of it: a part read alone would
    silently be a fraction of the gas. So does naming the file that SWIFT
    writes to stand for all of them: it holds no particles itself.

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
    grouped: set[Path] = set()
    for path in paths:
        if path in grouped:
            continue
        n_files, first = _n_files(path), path
        if n_files == 0:
            first = _first_part(path)
            n_files = _n_files(first)
        parts = (first,) if n_files <= 1 else _parts(first, n_files)
        if not grouped.intersection(parts):
            groups[path] = parts
        grouped.update(parts, [path])
    return list(groups.values())


def _n_files(path: Path) -> int:
    """How many files a snapshot has; 0 for a file that only stands for others."""
    with open_hdf5(path) as file, reading(path, "Header/NumFilesPerSnapshot"):
        header = attributes(file, "Header", "Virtual", "NumFilesPerSnapshot")
        if int(header.get("Virtual", 0)):
            return 0
        return int(header.get("NumFilesPerSnapshot", 1))


def _first_part(path: Path) -> Path:
    """Find the first of the files that SWIFT's virtual snapshot stands for."""
    name = f"{path.stem}.0{path.suffix}"
    for candidate in (path.with_name(name), path.parent / path.stem / name):
        if candidate.is_file():
            return candidate
    raise CorruptSnapshot(
        path, f"only points to the files that hold the particles, and {name} is not beside it."
    )


def _parts(path: Path, n_files: int) -> tuple[Path, ...]:
    match = _PART.match(path.name)
    if match is None:
        raise CorruptSnapshot(
            path, f"is one of {n_files} files of a snapshot, but its name has no number."
        )
    parts: list[Path] = []
    for number in range(n_files):
        parts.append(path.with_name(f"{match['stem']}.{number}{match['suffix']}"))
        if not parts[-1].is_file():
            raise CorruptSnapshot(
                path, f"the snapshot has {n_files} files, but {parts[-1].name} is missing."
            )
    return tuple(parts)


@dataclass(frozen=True)
class Counts:
    """How many particles each file of a snapshot has.

    Parameters
    ----------
    gas : tuple of int
        Gas particles in each file; at least one in all.
    stars : Mapping of str to tuple of int
        Particle types that hold stars, and the number in each file.
    """

    gas: tuple[int, ...]
    stars: Mapping[str, tuple[int, ...]]


def count_parts(parts: Sequence[Path]) -> Counts:
    """Count the particles in the files of one snapshot, and check that they belong together.

    Parameters
    ----------
    parts : Sequence of Path
        The files.

    Returns
    -------
    Counts
        What they hold.

    Raises
    ------
    CorruptSnapshot
        If headers and data sets disagree, the files are of several times, or
        there is no gas.
    """
    gas: list[int] = []
    stars: dict[str, list[int]] = {STARS: [], SINKS: []}
    time: float | None = None
    stated: int | None = None
    for path in parts:
        with open_hdf5(path) as file:
            header = attributes(file, "Header")
            with reading(path, "Header"):
                now = float(header["Time"])
                stated = _stated_total(header)
            if time is None:
                time = now
            if now != time:
                raise CorruptSnapshot(
                    path,
                    f"is of the time {now:g}, but {parts[0].name} of the same snapshot is of "
                    f"{time:g}.",
                )
            gas.append(_count(file, header, GAS))
            for group, numbers in stars.items():
                single_stars = group != SINKS or find(file, f"{group}/{STAGE}") is not None
                numbers.append(_count(file, header, group) if single_stars else 0)
    if sum(gas) == 0:
        raise CorruptSnapshot(parts[0], f"the snapshot has no gas particles ({GAS}).")
    if stated not in (None, sum(gas)):
        raise CorruptSnapshot(
            parts[0], f"states {stated} gas particles in all, but its files have {sum(gas)}."
        )
    return Counts(
        tuple(gas), {group: tuple(numbers) for group, numbers in stars.items() if any(numbers)}
    )


def _count(file: h5py.File, header: Mapping[str, Any], group: str) -> int:
    """Particles of a type in a file, by its header and by its data set."""
    path, kind = Path(file.filename), int(group[-1])
    with reading(path, "Header/NumPart_ThisFile"):
        numbers = np.atleast_1d(header["NumPart_ThisFile"])
        stated = int(numbers[kind]) if kind < len(numbers) else 0
    if stated == 0 or find(file, group) is None:
        return 0
    shape = dataset(file, f"{group}/Coordinates").shape
    if shape != (stated, 3):
        what = "gas particles" if group == GAS else "stars"
        raise CorruptSnapshot(
            path, f"{group}/Coordinates has shape {shape}, but the header states {stated} {what}."
        )
    return stated


def _stated_total(header: Mapping[str, Any]) -> int | None:
    """Gas particles in all files of a snapshot; None if the header does not state it."""
    if "NumPart_Total" not in header:
        return None
    low = int(np.atleast_1d(header["NumPart_Total"])[0])
    high = int(np.atleast_1d(header.get("NumPart_Total_HighWord", 0))[0])
    if low >= 1 << 32:
        # 64 bits already, whatever the high word says.
        return low
    # Some codes store the 32 lower bits as a signed number.
    return (low & 0xFFFFFFFF) + (high << 32)
