"""What the window's workers do: read, forecast, measure. No Qt, no widgets.

Each function takes plain values and a progress and cancel callback, and
returns arrays or frozen data; the window decides what to do with them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

import core
from app.document import Figures, Role, Source
from core import shells
from core.compare import Comparison, FrameFigures, at_times, frames_within
from core.constants import NH_PER_DENSITY, PC_PER_KMS_MYR
from core.cubes import Cube, CubeSequence, Vector3, stack
from core.errors import Cancelled, InvalidRequest, MissingUnits
from core.evolution import Evolution, Forecast
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.resources import models_path

if TYPE_CHECKING:
    from core.series import SnapshotSeries
    from core.units import UnitSystem

CUBE_PC = 60.0
CUBE_CELLS = 32
"""The cube the networks were trained on."""

PUBLISH_EVERY_S = 0.7


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


@dataclass(frozen=True, eq=False)
class Curve:
    """How far an explosion has come, against time.

    Parameters
    ----------
    times_myr : ndarray
        Times in Myr.
    mean_pc, p16_pc, p84_pc : ndarray
        Mean radius of the affected region over directions, and its 16 and
        84 % quantiles, in pc; NaN where nothing is affected.
    affected_pc3, cavity_pc3 : ndarray
        Volumes of the affected region and of the cavity in pc^3.
    """

    times_myr: NDArray[np.float64]
    mean_pc: NDArray[np.float64]
    p16_pc: NDArray[np.float64]
    p84_pc: NDArray[np.float64]
    affected_pc3: NDArray[np.float64]
    cavity_pc3: NDArray[np.float64]

    def row(self, time_myr: float) -> int | None:
        """Return the index of a time (to a tenth of the spacing), or None."""
        if len(self.times_myr) == 0:
            return None
        distance = np.abs(self.times_myr - time_myr)
        nearest = int(np.argmin(distance))
        spacing = float(np.median(np.diff(self.times_myr))) if len(self.times_myr) > 1 else 1.0
        return nearest if distance[nearest] <= 0.1 * spacing else None


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
        Mass of the gas in units of mass; NaN when unknown.
    """

    path: Path
    missing: tuple[str, ...]
    box: float
    time: float
    mass: float

    def consequence(self, length_pc: float, mass_msun: float, velocity_kms: float) -> str:
        """Spell out what a choice of units means.

        Parameters
        ----------
        length_pc, mass_msun, velocity_kms : float
            The units in pc, Msun and km/s.

        Returns
        -------
        str
            For example ``box = 60 pc, t = 0.0098 Myr``.
        """
        box_pc = self.box * length_pc
        time_myr = self.time * length_pc / (velocity_kms * PC_PER_KMS_MYR)
        text = f"box = {box_pc:.4g} pc, t = {time_myr:.4g} Myr"
        if np.isfinite(self.mass):
            gas = self.mass * mass_msun
            mean = gas / box_pc**3 * NH_PER_DENSITY
            text += f", gas = {gas:.4g} M☉, mean n_H = {mean:.3g} cm⁻³"
        return text


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
        series = core.open(what, units=core.UnitSystem(1.0, 1.0, 1.0))
        first = series[0]
        clue = UnitsClue(
            path=error.path,
            missing=error.missing,
            box=float(np.max(series.box_pc)),
            time=float(series.times_myr[0]) * PC_PER_KMS_MYR,
            mass=float(first.mass_msun) if hasattr(first, "mass_msun") else float("nan"),
        )
        raise UnitsNeeded(clue) from error


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
    first, last = truth.times_myr[0], truth.times_myr[-1]
    slack = 0.02 * max(last - first, 1e-3)
    if control.times_myr[0] > first + slack or control.times_myr[-1] < last - slack:
        raise InvalidRequest(
            f"{path.name} covers {control.times_myr[0]:.4g} to {control.times_myr[-1]:.4g} Myr, "
            f"but the truth {first:.4g} to {last:.4g} Myr. Open the control of the same run."
        )
    return Opened(describe(path, series), control)


@dataclass(frozen=True, eq=False)
class Forecasted:
    """A forecast, and how it came about.

    Parameters
    ----------
    forecast : Forecast
        The forecast.
    device : str
        Name of the device that computed it.
    seconds : float
        How long it took, loading the network included.
    note : str
        What the user should know, or "".
    """

    forecast: Forecast
    device: str
    seconds: float
    note: str = ""


def forecast(
    cube: Cube,
    model: str,
    device: str,
    averaging: int,
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Forecasted:
    """Forecast what an explosion at the cube's centre does.

    Out of GPU memory, the forecast is made on the CPU instead.

    Parameters
    ----------
    cube : Cube
        The gas at the explosion.
    model, device, averaging
        As for `core.Forecaster`.
    progress, cancelled : callable, optional
        As everywhere in the library.

    Returns
    -------
    Forecasted
        20 frames.

    Raises
    ------
    ShellsightError
        If the cube does not fit the network.
    Cancelled
        If `cancelled` says so.
    """
    began = time.monotonic()
    report(progress, 0.0, "Loading the network")
    note = ""
    try:
        forecaster = core.Forecaster(model, device=device, averaging=averaging)
        check_cancelled(cancelled, "The forecast")
        result = forecaster.forecast(cube, progress=progress, cancelled=cancelled)
    except RuntimeError as error:
        if device == "cpu" or "out of memory" not in str(error).lower():
            raise
        note = "The GPU ran out of memory; the forecast was made on the CPU."
        report(progress, 0.0, "GPU memory is full: on the CPU instead")
        forecaster = core.Forecaster(model, device="cpu", averaging=averaging)
        result = forecaster.forecast(cube, progress=progress, cancelled=cancelled)
    return Forecasted(result, forecaster.device_name, time.monotonic() - began, note)


def measure(
    truth: CubeSequence | None,
    control: CubeSequence | None,
    forecast: Evolution | None,
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Figures:
    """Compare a forecast with the truth and follow both through time.

    Parameters
    ----------
    truth, control : CubeSequence or None
        The run and its control, which may be missing.
    forecast : Evolution or None
        The forecast; its control stands in for a missing one.
    progress, cancelled : callable, optional
        As everywhere in the library.

    Returns
    -------
    Figures
        What could be measured with what there is.
    """
    curves: dict[Role, Curve] = {}
    site = forecast.site_pc if forecast is not None else (0.0, 0.0, 0.0)
    behind = stand_in_control(truth, control, forecast)
    if truth is not None and behind is not None:
        report(progress, 0.0, "Measuring the truth")
        curves["truth"] = _curve(_at_times_of(truth, behind), behind, site, cancelled)
    if forecast is not None:
        report(progress, 0.15, "Measuring the forecast")
        curves["forecast"] = _curve(forecast.sequence, forecast.control, site, cancelled)
    comparison = None
    if truth is not None and forecast is not None and behind is not None:
        comparison = _compare(forecast, truth, control, progress, cancelled)
    report(progress, 1.0, "Done")
    return Figures(comparison, curves)


def _compare(
    forecast: Evolution,
    truth: CubeSequence,
    control: CubeSequence | None,
    progress: Progress | None,
    cancelled: CancelCheck | None,
) -> Comparison:
    """Compare frame by frame, so that the work can be followed and stopped."""
    frames = frames_within(truth, forecast.times_myr)
    rows: list[FrameFigures] = []
    for done, frame in enumerate(frames):
        check_cancelled(cancelled, "The comparison")
        report(progress, 0.3 + 0.7 * done / len(frames), "Comparing forecast and truth")
        rows += core.compare(forecast, _frames(truth, [int(frame)]), control).rows
    return Comparison(tuple(rows), "forecast" if control is None else "given")


def _curve(
    sequence: CubeSequence, control: CubeSequence, site: Vector3, cancelled: CancelCheck | None
) -> Curve:
    """Measure region and cavity in each frame of a sequence with its control."""
    rows = []
    voxel = sequence.voxel_pc
    for density, without in zip(sequence.density, control.density, strict=True):
        check_cancelled(cancelled, "Measuring")
        affected = shells.affected_region(density, without)
        profile = shells.radius_profile(affected, voxel, site)
        cavity = shells.cavity(density, without)
        rows.append(
            (
                profile.mean_pc,
                profile.p16_pc,
                profile.p84_pc,
                np.count_nonzero(affected) * voxel**3,
                np.count_nonzero(cavity) * voxel**3,
            )
        )
    return Curve(sequence.times_myr, *np.array(rows, dtype=np.float64).T)


def _frames(sequence: CubeSequence, frames: list[int]) -> CubeSequence:
    """Return some frames of a sequence, density only."""
    density = sequence.density[frames]
    times = sequence.times_myr[frames]
    return replace(sequence, fields={"density": density}, times_myr=times)


def _at_times_of(truth: CubeSequence, control: CubeSequence) -> CubeSequence:
    """Return the frames of the truth that a stand-in control has."""
    if len(control) == len(truth):
        return truth
    return _frames(truth, [truth.nearest(time) for time in control.times_myr])


def stand_in_control(
    truth: CubeSequence | None, control: CubeSequence | None, forecast: Evolution | None
) -> CubeSequence | None:
    """Return the control to show behind the truth.

    Parameters
    ----------
    truth, control : CubeSequence or None
        The run and its own control.
    forecast : Evolution or None
        A forecast of the same cube.

    Returns
    -------
    CubeSequence or None
        The control given (on the truth's times); without it the forecast's
        control at those of the truth's times it reaches; None if neither
        exists or the grids differ.
    """
    if truth is None:
        return None
    behind = control if control is not None else forecast.control if forecast else None
    if behind is None or behind.n != truth.n:
        return None
    if len(behind) == len(truth) and np.allclose(behind.times_myr, truth.times_myr, atol=1e-9):
        return behind
    try:
        frames = frames_within(truth, behind.times_myr)
    except InvalidRequest:
        return None
    return at_times(behind, truth.times_myr[frames])


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
    cube = core.voxelize(series[index], size_pc=CUBE_PC, n=CUBE_CELLS, cancelled=cancelled)
    return cast(Cube, cube)


def _shortened(source: Source, cubes: list[Cube]) -> Source:
    """Return a source of which only the frames read count."""
    return replace(source, n_frames=len(cubes), times_myr=source.times_myr[: len(cubes)])


def _saved_forecast(paths: Sequence[Path], series: SnapshotSeries) -> Forecast | None:
    """Return the forecast if the file holds one."""
    if series.format != "Shellsight" or series.control is None or not paths[0].is_file():
        return None
    content = core.load(paths[0])
    return content if isinstance(content, Forecast) else None


@dataclass(frozen=True)
class Choice:
    """One entry of a list to choose from.

    Parameters
    ----------
    key : str
        What the library calls it.
    label : str
        What people read.
    tip : str
        More about it.
    """

    key: str
    label: str
    tip: str = ""


def devices() -> list[Choice]:
    """List where a forecast can be computed. Imports torch: call from a worker.

    Returns
    -------
    list of Choice
        Automatic, the CPU, and every GPU by name.
    """
    import torch

    gpus = [
        Choice(f"cuda:{index}", torch.cuda.get_device_name(index))
        for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    ]
    threads = torch.get_num_threads()
    cpu = Choice("cpu", f"CPU, {threads} thread{'s' if threads > 1 else ''}")
    best = gpus[0].label if gpus else "CPU"
    return [Choice("auto", f"Automatic ({best})", "The GPU if there is one"), cpu, *gpus]


def networks() -> list[Choice]:
    """List the networks that are installed.

    Returns
    -------
    list of Choice
        One per file of weights, with the name its card gives.
    """
    found = []
    for weights in sorted(models_path().glob("*.safetensors")):
        card = weights.with_suffix(".json")
        facts = json.loads(card.read_text(encoding="utf-8")) if card.is_file() else {}
        label = str(facts.get("title") or facts.get("name") or weights.stem)
        found.append(Choice(weights.stem, label, str(facts.get("summary", ""))))
    return found
