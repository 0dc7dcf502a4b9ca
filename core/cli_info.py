"""The verb ``info``: what snapshots hold, and what a running simulation adds to them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Annotated

import typer

from core.cli_opening import Format, Snapshots, Trajectory, Units, open_series, say
from core.errors import InvalidRequest, NoSnapshots
from core.series import SnapshotSeries
from core.terminal import plain, progress_bar


def info(
    paths: Snapshots,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    headers: Annotated[
        bool, typer.Option("--headers", help="Only times, boxes and counts: a quick look.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on with each new snapshot, until Ctrl+C.")
    ] = False,
    interval: Annotated[
        float, typer.Option(min=0.1, help="Seconds between two looks with --watch.")
    ] = 5.0,
    units: Units = None,
    format: Format = None,
    trajectory: Trajectory = 0,
) -> None:
    """Say what snapshots hold: times, box, gas, fields and their ranges."""
    if watch and as_json:
        raise InvalidRequest("--watch prints lines for people; --json is one answer.")

    def opened() -> SnapshotSeries:
        return open_series(paths, units=units, format=format, trajectory=trajectory, quiet=True)

    series = _first_of_a_run(opened, interval) if watch else opened()
    with progress_bar("Reading") as progress:
        summary = series.info(arrays=not headers, progress=progress)
    if as_json:
        print(json.dumps(plain(summary.as_dict()), indent=2, allow_nan=False))
        return
    for line in summary.lines():
        print(line, flush=True)
    if watch:
        _follow(series, interval, arrays=not headers)


def _first_of_a_run(opened: Callable[[], SnapshotSeries], interval: float) -> SnapshotSeries:
    """Wait for the first snapshot of a run that has just been started."""
    is_said = False
    while True:
        try:
            return opened()
        except NoSnapshots as error:
            if not is_said:
                say(f"{error} Waiting for the first snapshot.")
            is_said = True
        time.sleep(interval)


def _follow(series: SnapshotSeries, interval: float, *, arrays: bool) -> None:
    """Print a line for each new snapshot, and what is to be said with it, until Ctrl+C."""
    seen = {header.paths: header for header in series.headers}
    said = set(series.notes)
    while True:
        time.sleep(interval)
        series = series.refresh()
        for index, header in enumerate(series.headers):
            if seen.get(header.paths) != header:
                print(f"{header.paths[0].name}: {_conclusion(series, index, arrays)}", flush=True)
        seen = {header.paths: header for header in series.headers}
        for note in series.notes:
            if note not in said:
                say(f"note: {note}")
        said.update(series.notes)


def _conclusion(series: SnapshotSeries, index: int, arrays: bool) -> str:
    return series[index : index + 1].info(arrays=arrays).conclusion
