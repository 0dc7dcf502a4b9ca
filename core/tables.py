"""Tables of figures: as text for people, and as files."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

UNDEFINED = "–"
"""How a figure that is not defined is shown."""


def number(value: float, decimals: int = 2) -> str:
    """Format a figure for people.

    Parameters
    ----------
    value : float
        The figure.
    decimals : int
        Digits after the point.

    Returns
    -------
    str
        The figure, or `UNDEFINED` for NaN.
    """
    return f"{value:.{decimals}f}" if math.isfinite(value) else UNDEFINED


def plain(value: float) -> float | None:
    """Make a figure fit for JSON and CSV, which know no NaN.

    Parameters
    ----------
    value : float
        The figure.

    Returns
    -------
    float or None
        The figure, or None for NaN.
    """
    return float(value) if math.isfinite(value) else None


def text_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a table in columns, flush right.

    Parameters
    ----------
    header : sequence of str
        Titles of the columns; a line break makes a second title line.
    rows : iterable of sequence of str
        The cells.

    Returns
    -------
    str
        The lines of the table.
    """
    titles = [title.split("\n") for title in header]
    height = max(len(parts) for parts in titles)
    titles = [[""] * (height - len(parts)) + parts for parts in titles]
    lines = [list(line) for line in zip(*titles, strict=True)] + [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )


def write_csv(
    path: str | Path,
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    about: Sequence[str] = (),
) -> None:
    """Write a table as comma-separated values; None becomes an empty cell.

    Parameters
    ----------
    path : str or Path
        The file; written to a temporary name first, then renamed.
    header : sequence of str
        Names of the columns.
    rows : iterable of sequence
        The cells.
    about : sequence of str
        Lines that say where the figures come from; they begin with ``#``,
        which tables are read back with (in pandas, ``comment="#"``).
    """
    text = io.StringIO(newline="")
    text.writelines(f"# {line}\n" for line in about)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    _write(Path(path), text.getvalue())


def write_json(path: str | Path, content: Any) -> None:
    """Write JSON that every reader accepts (no NaN).

    Parameters
    ----------
    path : str or Path
        The file; written to a temporary name first, then renamed.
    content : object
        What to write.
    """
    _write(Path(path), json.dumps(content, indent=1, allow_nan=False) + "\n")


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
