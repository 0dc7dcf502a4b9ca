"""Opening files: the format, the units, what to say of them. No Qt, no arrays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import core
from app.data.source import OpenRequest, Source
from core.constants import NH_PER_DENSITY
from core.errors import MissingUnits
from core.remembered_units import remembered

if TYPE_CHECKING:
    from core.series import SnapshotSeries
    from core.units import UnitSystem

OWN_UNITS = core.UnitSystem(1.0, 1.0, 1.0)
"""Reads a file's numbers as they are."""


@dataclass(frozen=True)
class UnitsClue:
    """What a file without units says in its own, unnamed units.

    Parameters
    ----------
    path : Path
        The file.
    missing : tuple of str
        The units it does not state.
    box : float
        Edge of the box in units of length.
    time : float
        Time of the first frame in units of time.
    mass : float
        Mass of the gas in units of mass.
    cells : int
        Voxels along the edge of a file that holds a grid, else 0.
    detail : str
        What the reader makes of the file, for people.
    offer : str
        Units that would fit, as `UnitSystem.parse` reads them, or "".
    """

    path: Path
    missing: tuple[str, ...]
    box: float
    time: float
    mass: float
    cells: int = 0
    detail: str = ""
    offer: str = ""

    def consequence(self, units: UnitSystem) -> str:
        """Spell out what a choice of units means.

        Parameters
        ----------
        units : UnitSystem
            The choice.

        Returns
        -------
        str
            For example ``box = 60 pc, t = 0.0098 Myr``, with gas and density.
        """
        box_pc = self.box * units.length_pc
        gas = self.mass * units.mass_msun
        mean = gas / box_pc**3 * NH_PER_DENSITY
        voxel = f" ({box_pc / self.cells:.4g} pc per voxel)" if self.cells else ""
        return (
            f"box = {box_pc:.4g} pc{voxel}, t = {self.time * units.time_myr:.4g} Myr, "
            f"gas = {gas:.4g} M☉, mean n_H = {mean:.3g} cm⁻³"
        )


class UnitsNeeded(MissingUnits):
    """A file without units, with what is needed to ask for them.

    Parameters
    ----------
    clue : UnitsClue
        The file's numbers.
    """

    def __init__(self, clue: UnitsClue) -> None:
        self.clue = clue
        super().__init__(clue.path, clue.missing)


@dataclass(frozen=True, eq=False)
class OpenedSeries:
    """A series, and how it came to be read as it is.

    Parameters
    ----------
    series : SnapshotSeries
        Headers only; arrays are read frame by frame.
    request : OpenRequest
        With the units that were used.
    units_remembered : bool
        Whether these are the ones chosen earlier for the folder.
    """

    series: SnapshotSeries
    request: OpenRequest
    units_remembered: bool = False


def open_series(request: OpenRequest) -> OpenedSeries:
    """Open what the user asked for; units chosen earlier for the folder are used again.

    Parameters
    ----------
    request : OpenRequest
        What to open, and how.

    Returns
    -------
    OpenedSeries
        The series.

    Raises
    ------
    UnitsNeeded
        If the file does not state its units, and none were chosen before.
    ShellsightError
        If it cannot be read.
    """
    try:
        return OpenedSeries(_open(request), request)
    except MissingUnits as error:
        if request.units is not None:
            raise
        units = remembered(request.paths[0])
        if units is not None and not request.ask_units:
            request = replace(request, units=units)
            return OpenedSeries(_open(request), request, units_remembered=True)
        clue = clue_for(request, error)
        if units is not None:
            clue = replace(clue, offer=str(units))
        raise UnitsNeeded(clue) from error


def _open(request: OpenRequest) -> SnapshotSeries:
    what = request.paths[0] if len(request.paths) == 1 else list(request.paths)
    return core.open(
        what, format=request.format, units=request.units, trajectory=request.trajectory
    )


def clue_for(request: OpenRequest, error: MissingUnits) -> UnitsClue:
    """Collect what a person needs to tell the units of a file.

    Parameters
    ----------
    request : OpenRequest
        What was to be opened.
    error : MissingUnits
        What the reader said.

    Returns
    -------
    UnitsClue
        The file's own numbers.
    """
    series = _open(replace(request, units=OWN_UNITS))
    return UnitsClue(
        path=error.path,
        missing=error.missing,
        box=float(np.max(series.box_pc)),
        time=float(series.times_myr[0]) / OWN_UNITS.time_myr,
        mass=_mass(series),
        cells=round(series.headers[0].count ** (1 / 3)) if series.kind == "grid" else 0,
        detail=_for_people(error.detail),
        offer=error.offer or _offer_in(error.detail),
    )


def _for_people(detail: str) -> str:
    """Leave out of a message how units are written in code: the dialog offers them."""
    return re.sub(r"[;:,]?\s*(with )?units='[^']*'[^.]*", "", detail)


def _offer_in(detail: str) -> str:
    found = re.search(r"units='([^']+)'", detail)
    return found[1] if found else ""


def _mass(series: SnapshotSeries) -> float:
    """Mass of the gas of the first snapshot, read piece by piece."""
    return sum(float(piece.mass_msun) for piece in series.chunks(0, ()))


def describe(paths: Sequence[Path], opened: OpenedSeries) -> Source:
    """Say what was opened, for titles and the data tree.

    Parameters
    ----------
    paths : sequence of Path
        What the user chose.
    opened : OpenedSeries
        What it holds.

    Returns
    -------
    Source
        The description.
    """
    series = opened.series
    return Source(
        path=Path(paths[0]),
        name=series.name or Path(paths[0]).name,
        format=series.format,
        n_frames=len(series),
        times_myr=tuple(float(time) for time in series.times_myr),
        box_pc=tuple(float(edge) for edge in np.atleast_1d(series.box_pc)),
        series=series,
        request=opened.request,
        has_kernel=_has_kernel(series),
    )


def _has_kernel(series: SnapshotSeries) -> bool:
    """Whether particles have smoothing lengths, judged by the first few."""
    if series.kind != "particles":
        return False
    first = next(iter(series.chunks(0, ("smoothing_lengths_pc",))), None)
    return getattr(first, "smoothing_lengths_pc", None) is not None
