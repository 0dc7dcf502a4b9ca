"""Reading files into cubes, in a worker: the first frame early, then the rest. No Qt."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import core
from app.document import Source
from core.compare import at_times
from core.constants import NH_PER_DENSITY
from core.cubes import Cube, CubeSequence, stack
from core.errors import Cancelled, InvalidRequest, MissingUnits
from core.evolution import Forecast
from core.progress import CancelCheck, Progress, check_cancelled, report

if TYPE_CHECKING:
    from core.series import SnapshotSeries
    from core.units import UnitSystem

CUBE_PC = 60.0
CUBE_CELLS = 32
"""The cube the networks were trained on."""

OWN_UNITS = core.UnitSystem(1.0, 1.0, 1.0)
"""Reads a file's numbers as they are."""

PUBLISH_EVERY_S = 2.0
"""Frames that arrive faster are shown together."""


@dataclass(frozen=True, eq=False)
class Opened:
    """A file, read as far as it was when this was made.

    Parameters
    ----------
    source : Source
        The file.
    truth : CubeSequence
        Frames read so far.
    control : CubeSequence or None
        The control the file brings, once it is read.
    forecast : Forecast or None
        The content of a saved forecast; `truth` is then its sequence.
    failure : Exception or None
        Why the frames after these could not be read.
    """

    source: Source
    truth: CubeSequence
    control: CubeSequence | None = None
    forecast: Forecast | None = None
    failure: Exception | None = None


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
        return (
            f"box = {box_pc:.4g} pc, t = {self.time * units.time_myr:.4g} Myr, "
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


def open_source(
    paths: Sequence[Path],
    units: UnitSystem | None = None,
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
    publish: Callable[[Opened], None] | None = None,
) -> Opened:
    """Read a file frame by frame into cubes, showing the first one early.

    Parameters
    ----------
    paths : sequence of Path
        A file, a directory, or several files of one run.
    units : UnitSystem, optional
        Their units, where they do not state them.
    progress, cancelled : callable, optional
        As everywhere in the library.
    publish : callable, optional
        Receives what has been read: after the first frame, then about once
        per second.

    Returns
    -------
    Opened
        Everything.

    Raises
    ------
    ShellsightError
        If the first frame cannot be read. Trouble with a later one is
        returned as ``failure``, with the frames before it.
    Cancelled
        If `cancelled` says so.
    """
    report(progress, 0.0, f"Opening {paths[0].name}")
    series = open_series(paths, units)
    check_cancelled(cancelled, "Opening")
    source = describe(paths[0], series)
    forecast = _saved_forecast(paths, series)
    if forecast is not None:
        return Opened(source, forecast.sequence, forecast.control, forecast)
    steps = len(series) + (len(series.control) if series.control is not None else 0)
    cubes: list[Cube] = []
    shown = float("-inf")
    for index in range(len(series)):
        check_cancelled(cancelled, "Opening")
        report(progress, index / steps, f"Reading frame {index + 1} of {len(series)}")
        try:
            cubes.append(_cube(series, index, cancelled))
        except Cancelled:
            raise
        except Exception as error:
            if not cubes:
                raise
            return Opened(_shortened(source, cubes), stack(cubes), failure=error)
        if publish is not None and time.monotonic() - shown > PUBLISH_EVERY_S:
            publish(Opened(source, stack(cubes)))
            shown = time.monotonic()
    truth = stack(cubes)
    control = None
    if series.control is not None:
        if publish is not None:
            publish(Opened(source, truth))
        control = _read(series.control, "control frame", len(series) / steps, progress, cancelled)
    report(progress, 1.0, "Done")
    return Opened(source, truth, control)


def read_control(
    path: Path,
    truth: CubeSequence,
    units: UnitSystem | None = None,
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Opened:
    """Read the run without the explosion that belongs to an open truth.

    Parameters
    ----------
    path : Path
        File or directory of the control.
    truth : CubeSequence
        The run with the explosion.
    units : UnitSystem, optional
        Units of the control, where it does not state them.
    progress, cancelled : callable, optional
        As everywhere in the library.

    Returns
    -------
    Opened
        With the control as its ``truth``, at the times of the truth where
        the two runs have other frames.

    Raises
    ------
    InvalidRequest
        If the control does not cover the times of the truth.
    """
    report(progress, 0.0, f"Opening {path.name}")
    series = open_series([path], units)
    control = _read(series, "control frame", 0.0, progress, cancelled)
    times = truth.times_myr
    if len(control) != len(truth) or not np.allclose(control.times_myr, times, rtol=0, atol=1e-6):
        try:
            control = at_times(control, times)
        except InvalidRequest as error:
            raise InvalidRequest(
                f"{path.name} covers {control.times_myr[0]:.4g} to {control.times_myr[-1]:.4g} "
                f"Myr, but the truth {times[0]:.4g} to {times[-1]:.4g} Myr. "
                "Open the control of the same run."
            ) from error
    return Opened(describe(path, series), control)


def open_series(paths: Sequence[Path], units: UnitSystem | None) -> SnapshotSeries:
    """Open a file, a directory, or several files of one run.

    Parameters
    ----------
    paths : sequence of Path
        What to open.
    units : UnitSystem or None
        Their units, where they do not state them.

    Returns
    -------
    SnapshotSeries
        Headers only; arrays are read frame by frame.

    Raises
    ------
    UnitsNeeded
        If the file does not state its units.
    ShellsightError
        If it cannot be read.
    """
    what = paths[0] if len(paths) == 1 else list(paths)
    try:
        return core.open(what, units=units)
    except MissingUnits as error:
        if units is not None:
            raise
        series = core.open(what, units=OWN_UNITS)
        offer = re.search(r"units='([^']+)'", error.detail)
        clue = UnitsClue(
            path=error.path,
            missing=error.missing,
            box=float(np.max(series.box_pc)),
            time=float(series.times_myr[0]) / OWN_UNITS.time_myr,
            mass=series[0].mass_msun,
            detail=error.detail.partition(": units=")[0],
            offer=offer[1] if offer else "",
        )
        raise UnitsNeeded(clue) from error


def describe(path: Path, series: SnapshotSeries) -> Source:
    """Say what was opened, for titles and the data tree.

    Parameters
    ----------
    path : Path
        What the user chose.
    series : SnapshotSeries
        What it holds.

    Returns
    -------
    Source
        The description.
    """
    return Source(
        path=Path(path),
        name=series.name or Path(path).name,
        format=series.format,
        n_frames=len(series),
        times_myr=tuple(float(time) for time in series.times_myr),
        box_pc=tuple(float(edge) for edge in np.atleast_1d(series.box_pc)),
    )


def _read(
    series: SnapshotSeries,
    what: str,
    begin: float,
    progress: Progress | None,
    cancelled: CancelCheck | None,
) -> CubeSequence:
    """Read every frame of a series into cubes."""
    cubes = []
    for index in range(len(series)):
        check_cancelled(cancelled, "Opening")
        fraction = begin + (1.0 - begin) * index / len(series)
        report(progress, fraction, f"Reading {what} {index + 1} of {len(series)}")
        cubes.append(_cube(series, index, cancelled))
    return stack(cubes)


def _cube(series: SnapshotSeries, index: int, cancelled: CancelCheck | None) -> Cube:
    return core.voxelize(series[index], size_pc=CUBE_PC, n=CUBE_CELLS, cancelled=cancelled)


def _shortened(source: Source, cubes: list[Cube]) -> Source:
    """Return a source of which only the frames read count."""
    return replace(source, n_frames=len(cubes), times_myr=source.times_myr[: len(cubes)])


def _saved_forecast(paths: Sequence[Path], series: SnapshotSeries) -> Forecast | None:
    """Return the forecast if the file holds one."""
    if series.format != "Shellsight" or series.control is None or not paths[0].is_file():
        return None
    content = core.load(paths[0])
    return content if isinstance(content, Forecast) else None
