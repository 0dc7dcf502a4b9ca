"""How the command line opens snapshots: options that verbs share, and units given earlier."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

import core
from core.cubes import Vector3
from core.errors import MissingUnits
from core.remembered_units import remember, remembered
from core.series import SnapshotSeries

Snapshots = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH",
        help="Snapshots of one run: files, a directory, or a pattern such as 'run/snap_*.hdf5'.",
    ),
]
Units = Annotated[
    str | None,
    typer.Option(
        help="Units of the files, where they do not state them, such as "
        "'length=pc,mass=Msun,velocity=km/s'; kept for this directory.",
        show_default=False,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        help=f"Format, where several fit: {', '.join(core.formats())}.", show_default=False
    ),
]
Trajectory = Annotated[int, typer.Option(help="Which run, where a file holds several.")]


def parse_center(text: str) -> Vector3:
    """Read the centre of a cube as it is typed.

    Parameters
    ----------
    text : str
        Three numbers in pc, separated by commas.

    Returns
    -------
    tuple of float
        The numbers.

    Raises
    ------
    typer.BadParameter
        If it is something else.
    """
    try:
        x, y, z = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not of the form x,y,z (in pc)") from None
    return x, y, z


Center = Annotated[
    Any,
    typer.Option(
        parser=parse_center,
        metavar="X,Y,Z",
        help="Centre of the cube in pc: the place of the explosion; default: that of the box.",
        show_default=False,
    ),
]


def open_series(
    paths: Path | Sequence[Path],
    *,
    units: str | None = None,
    format: str | None = None,
    trajectory: int = 0,
    quiet: bool = False,
) -> SnapshotSeries:
    """Open snapshots; units given are kept for their directory, and used when none are stated.

    What a person should know is said on stderr: units that were given
    earlier, and the notes of the series.

    Parameters
    ----------
    paths : Path or Sequence of Path
        What to open.
    units, format : str, optional
        As a person gives them.
    trajectory : int
        Which run, if a file holds several.
    quiet : bool
        Leave the notes of the series to the caller.

    Returns
    -------
    SnapshotSeries
        The snapshots.

    Raises
    ------
    ShellsightError
        As `core.open` says.
    """
    named = [paths] if isinstance(paths, Path) else list(paths)
    what = named[0] if len(named) == 1 else named
    given = None if units is None else core.UnitSystem.parse(units)
    try:
        series = core.open(what, format=format, units=given, trajectory=trajectory)
    except MissingUnits:
        kept = remembered(named[0]) if given is None else None
        if kept is None:
            raise
        series = core.open(what, format=format, units=kept, trajectory=trajectory)
        say(
            f"{named[0]}: units as given earlier for this directory: {kept}. "
            f"Others given with --units replace them."
        )
    if given is not None:
        remember(named[0], given)
    for note in () if quiet else series.notes:
        say(f"note: {note}")
    return series


def say(text: str) -> None:
    """Tell the person at the terminal, beside what goes into a pipe.

    Parameters
    ----------
    text : str
        One line.
    """
    print(f"shellsight: {text}", file=sys.stderr)
