"""From files to cubes, in a worker: the first frame early, then the rest. No Qt."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import core
from app.data.opening import OpenedSeries, describe, open_series
from app.data.place import Place, box_of, first_place, fitted, has_choice
from app.data.source import OpenRequest, Source
from core.compare import at_times
from core.cubes import Cube, CubeSequence, stack
from core.errors import Cancelled, InvalidRequest
from core.evolution import Forecast
from core.progress import CancelCheck, Progress, check_cancelled, part_of, report

if TYPE_CHECKING:
    from core.overview import Overview
    from core.series import SnapshotSeries
    from core.sites import Site

PUBLISH_EVERY_S = 2.0
"""Frames that arrive faster are shown together."""

OVERVIEW_SHARE = 0.6
"""Part of the time that goes into the overview; the rest is looking for candidates."""


@dataclass(frozen=True, eq=False)
class Opened:
    """A file, read as far as it was when this was made.

    Parameters
    ----------
    source : Source
        The file.
    truth : CubeSequence or None
        Frames read so far; None while the place of the cube is to be chosen.
    control : CubeSequence or None
        The control the file brings, once it is read.
    forecast : Forecast or None
        The content of a saved forecast; `truth` is then its sequence.
    place : Place or None
        The cube; None for a saved forecast.
    overview : Overview or None
        The whole box of the first frame, where it is larger than the cube.
    sites : tuple of Site or None
        Candidates for the cube's centre, once they are found.
    units_remembered : bool
        Whether the units are those chosen earlier for the folder.
    failure : Exception or None
        Why what comes after these could not be read.
    """

    source: Source
    truth: CubeSequence | None = None
    control: CubeSequence | None = None
    forecast: Forecast | None = None
    place: Place | None = None
    overview: Overview | None = None
    sites: tuple[Site, ...] | None = None
    units_remembered: bool = False
    failure: Exception | None = None


Publish = Callable[[Opened], None]


def open_source(
    request: OpenRequest,
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
    publish: Publish | None = None,
) -> Opened:
    """Open a file: its cube frame by frame or, where it has room for several, as a whole.

    Parameters
    ----------
    request : OpenRequest
        What to open, and how.
    progress, cancelled : callable, optional
        As everywhere in the library.
    publish : callable, optional
        Receives what has been read: after the first frame, then about once
        in two seconds.

    Returns
    -------
    Opened
        Everything, or the overview with the candidates for the cube's place.

    Raises
    ------
    ShellsightError
        If the first frame cannot be read. Trouble with a later one is
        returned as ``failure``, with the frames before it.
    Cancelled
        If `cancelled` says so.
    """
    report(progress, 0.0, f"Opening {request.name}")
    opened = open_series(request)
    series = opened.series
    check_cancelled(cancelled, "Opening")
    source = describe(request.paths, opened)
    forecast = _saved_forecast(request, series)
    if forecast is not None:
        # What was saved is the forecast: there is nothing else to cut out of it.
        source = replace(source, series=None)
        return Opened(source, forecast.sequence, forecast.control, forecast)
    box = box_of(series)
    place = first_place(box)
    if request.place is not None:
        place, _ = fitted(request.place, box)
        # What is opened again from here begins with the whole box.
        source = replace(source, request=replace(opened.request, place=None))
    if request.place is not None or not has_choice(box):
        return cut(source, place, None, opened.units_remembered, progress, cancelled, publish)
    return _look(source, place, opened, progress, cancelled, publish)


def _look(
    source: Source,
    place: Place,
    opened: OpenedSeries,
    progress: Progress | None,
    cancelled: CancelCheck | None,
    publish: Publish | None,
) -> Opened:
    """Read the whole box of the first frame, and look for places in it."""
    first = core.overview(
        opened.series, progress=part_of(progress, 0.0, OVERVIEW_SHARE), cancelled=cancelled
    )
    shown = Opened(source, place=place, overview=first, units_remembered=opened.units_remembered)
    if publish is not None:
        publish(shown)
    try:
        sites = core.find_sites(
            opened.series, progress=part_of(progress, OVERVIEW_SHARE, 1.0), cancelled=cancelled
        )
    except Cancelled:
        raise
    except Exception as error:
        return replace(shown, sites=(), failure=error)
    return replace(shown, sites=sites)


def cut(
    source: Source,
    place: Place,
    control_source: Source | None = None,
    units_remembered: bool = False,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
    publish: Publish | None = None,
) -> Opened:
    """Cut a cube out of every frame, showing the first one early.

    Parameters
    ----------
    source : Source
        The file, with its series.
    place : Place
        The cube.
    control_source : Source, optional
        A run without the explosion that was attached to it.
    units_remembered : bool
        Passed on.
    progress, cancelled, publish : callable, optional
        As for `open_source`.

    Returns
    -------
    Opened
        All frames, and those of the control.

    Raises
    ------
    ShellsightError
        If the first frame cannot be read.
    Cancelled
        If `cancelled` says so.
    """
    series = source.series
    assert series is not None
    of_file = series.control
    attached = control_source.series if control_source is not None else None
    control_series = attached or of_file
    steps = len(series) + (len(control_series) if control_series is not None else 0)
    begun = Opened(source, place=place, units_remembered=units_remembered)
    cubes: list[Cube] = []
    shown = float("-inf")
    for index in range(len(series)):
        check_cancelled(cancelled, "Opening")
        text = f"Reading frame {index + 1} of {len(series)}"
        share = part_of(progress, index / steps, (index + 1) / steps, text)
        try:
            cubes.append(cube_of(series, index, place, share, cancelled))
        except Cancelled:
            raise
        except Exception as error:
            if not cubes:
                raise
            short = _shortened(source, cubes)
            return replace(begun, source=short, truth=stack(cubes), failure=error)
        if publish is not None and time.monotonic() - shown > PUBLISH_EVERY_S:
            publish(replace(begun, truth=stack(cubes)))
            shown = time.monotonic()
    truth = stack(cubes)
    control = None
    if control_series is not None:
        if publish is not None:
            publish(replace(begun, truth=truth))
        share = part_of(progress, len(series) / steps, 1.0)
        control = _read(control_series, place, share, cancelled)
        if attached is not None:
            control = _matched(control, truth, control_series.name)
    report(progress, 1.0, "Done")
    return replace(begun, truth=truth, control=control)


def read_control(
    request: OpenRequest,
    truth: CubeSequence,
    place: Place | None,
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Opened:
    """Read the run without the explosion that belongs to an open truth.

    Parameters
    ----------
    request : OpenRequest
        File or directory of the control.
    truth : CubeSequence
        The run with the explosion.
    place : Place or None
        The cube that was cut out of it.
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
    report(progress, 0.0, f"Opening {request.name}")
    opened = open_series(request)
    place = place or first_place(box_of(opened.series))
    control = _read(opened.series, place, progress, cancelled)
    matched = _matched(control, truth, request.name)
    source = describe(request.paths, opened)
    return Opened(source, matched, place=place, units_remembered=opened.units_remembered)


def with_new_frames(
    source: Source,
    truth: CubeSequence,
    place: Place,
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> CubeSequence:
    """Read the frames of a series that a sequence cut out of it does not have yet.

    Parameters
    ----------
    source : Source
        The file, with its series of today.
    truth : CubeSequence
        The frames of before.
    place : Place
        The cube they were cut from.
    progress, cancelled : callable, optional
        As everywhere in the library.

    Returns
    -------
    CubeSequence
        All frames of the series.
    """
    series = source.series
    assert series is not None
    known = {float(t): i for i, t in enumerate(truth.times_myr)}
    cubes: list[Cube] = []
    for index, moment in enumerate(series.times_myr):
        check_cancelled(cancelled, "Reading new snapshots")
        if float(moment) in known:
            cubes.append(truth[known[float(moment)]])
            continue
        text = f"Reading frame {index + 1} of {len(series)}"
        share = part_of(progress, index / len(series), (index + 1) / len(series), text)
        cubes.append(cube_of(series, index, place, share, cancelled))
    return stack(cubes)


def cube_of(
    series: SnapshotSeries,
    index: int,
    place: Place,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Cube:
    """Cut a cube out of one frame: from the cache, or reading only what lies in it."""
    one = series[index : index + 1]
    cubes = core.voxelize(
        one,
        size_pc=place.size_pc,
        n=place.n,
        center_pc=place.center_pc,
        method=place.method,
        progress=progress,
        cancelled=cancelled,
    )
    return cubes[0]


def _read(
    series: SnapshotSeries,
    place: Place,
    progress: Progress | None,
    cancelled: CancelCheck | None,
) -> CubeSequence:
    """Cut a cube out of every frame of a control."""
    cubes = []
    for index in range(len(series)):
        check_cancelled(cancelled, "Opening")
        text = f"Reading control frame {index + 1} of {len(series)}"
        share = part_of(progress, index / len(series), (index + 1) / len(series), text)
        cubes.append(cube_of(series, index, place, share, cancelled))
    return stack(cubes)


def _matched(control: CubeSequence, truth: CubeSequence, name: str) -> CubeSequence:
    """Return a control at the times of the truth."""
    times = truth.times_myr
    if len(control) == len(truth) and np.allclose(control.times_myr, times, rtol=0, atol=1e-6):
        return control
    try:
        return at_times(control, times)
    except InvalidRequest as error:
        raise InvalidRequest(
            f"{name} covers {control.times_myr[0]:.4g} to {control.times_myr[-1]:.4g} "
            f"Myr, but the truth {times[0]:.4g} to {times[-1]:.4g} Myr. "
            "Open the control of the same run."
        ) from error


def _shortened(source: Source, cubes: Sequence[Cube]) -> Source:
    """Return a source of which only the frames read count."""
    return replace(source, n_frames=len(cubes), times_myr=source.times_myr[: len(cubes)])


def _saved_forecast(request: OpenRequest, series: SnapshotSeries) -> Forecast | None:
    """Return the forecast if the file holds one."""
    path = Path(request.paths[0])
    if series.format != "Shellsight" or series.control is None or not path.is_file():
        return None
    content = core.load(path)
    return content if isinstance(content, Forecast) else None
