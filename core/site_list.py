"""Lists of sites that people keep: comma-separated values."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Sequence
from pathlib import Path

from core.errors import InvalidRequest
from core.sites import Site


def read_sites(path: str | os.PathLike[str]) -> tuple[Site, ...]:
    """Read a list of sites.

    Comma-separated values with a header. The columns ``x``, ``y`` and ``z``
    are in pc, in the coordinates of the snapshot; ``label`` and ``time_myr``
    (time of the explosion in Myr) may follow, in any order, and other columns
    are left aside. Empty lines and lines that begin with ``#`` are comments.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    tuple of Site
        The sites in the order of the file.

    Raises
    ------
    InvalidRequest
        If the file cannot be read, lacks a column or holds something else
        than a number; the message names the line.
    """
    source = Path(path)
    try:
        text = source.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidRequest(f"{source}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{source}: is not a text file (UTF-8).") from error
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        raise InvalidRequest(f"{source}: the file is empty; its first line has to name x,y,z.")
    columns = [name.strip().lower() for name in _cells(source, *lines[0])]
    missing = [name for name in "xyz" if name not in columns]
    if missing:
        raise InvalidRequest(
            f"{source}, line {lines[0][0]}: the header has no column {', '.join(missing)}; "
            f"it has to name x, y and z (in pc), and may name label and time_myr."
        )
    if len(set(columns)) < len(columns):
        raise InvalidRequest(f"{source}, line {lines[0][0]}: a column is named twice.")
    return tuple(_listed(source, number, line, columns) for number, line in lines[1:])


def _listed(source: Path, number: int, line: str, columns: Sequence[str]) -> Site:
    cells = _cells(source, number, line)
    if len(cells) != len(columns):
        raise InvalidRequest(
            f"{source}, line {number}: {len(cells)} values, but the header names {len(columns)}."
        )
    row = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}

    def value(name: str) -> float:
        try:
            figure = float(row[name])
        except ValueError:
            figure = math.nan
        if not math.isfinite(figure):
            raise InvalidRequest(f"{source}, line {number}: {name} is '{row[name]}', not a number.")
        return figure

    return Site(
        position_pc=(value("x"), value("y"), value("z")),
        kind="list",
        label=row.get("label") or f"{source.name}, line {number}",
        time_myr=value("time_myr") if row.get("time_myr") else None,
    )


def _cells(source: Path, number: int, line: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise InvalidRequest(f"{source}, line {number}: {error}.") from error
