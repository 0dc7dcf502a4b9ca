"""A forecast without a window: the file, the pictures, the table of figures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import core
from core.errors import InvalidRequest
from core.evolution import Evolution
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.resources import sample_path
from core.series import SnapshotSeries
from core.trial import Trial, run_trial
from core.units import UnitSystem

PICTURE_AGE_MYR = 0.1
"""Pictures show the shell at this time after the first frame."""

PICTURE_SIZE = (1200, 1200)


@dataclass(frozen=True, eq=False)
class Report:
    """What a report consists of.

    Parameters
    ----------
    trial : Trial
        The forecast, and the truth and figures if there are any.
    files : tuple of Path
        The files written.
    """

    trial: Trial
    files: tuple[Path, ...]


def make_report(
    directory: Path,
    *,
    source: Path | SnapshotSeries | None = None,
    control: Path | SnapshotSeries | None = None,
    model: str = "default",
    device: str = "auto",
    units: UnitSystem | None = None,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Report:
    """Forecast from the first frame of a run and write what came out.

    Writes ``forecast.h5`` (native format) and ``forecast.png``, and where
    the run goes on also ``truth.png`` and ``figures.csv``.

    Parameters
    ----------
    directory : Path
        Where to write; made if it does not exist.
    source : Path or SnapshotSeries, optional
        The run; by default the sample.
    control : Path or SnapshotSeries, optional
        The same run without the explosion.
    model, device : str
        As for `core.Forecaster`.
    units : UnitSystem, optional
        Units of the files, where these do not state them.
    progress : callable, optional
        Called with the fraction done and a text.
    cancelled : callable, optional
        Checked often.

    Returns
    -------
    Report
        The forecast and the files.

    Raises
    ------
    InvalidRequest
        If the directory cannot be written to, or the forecast not be made.
    Cancelled
        If `cancelled` says so.
    """
    if directory.exists() and not directory.is_dir():
        raise InvalidRequest(f"{directory} is a file; name a directory to write to.")
    directory.mkdir(parents=True, exist_ok=True)
    series = _opened(source or sample_path(), units)
    without = None if control is None else _opened(control, units)
    forecaster = core.Forecaster(model, device=device)

    def most(fraction: float, text: str) -> None:
        report(progress, 0.8 * fraction, text)

    trial = run_trial(series, forecaster, control=without, progress=most, cancelled=cancelled)
    files = [directory / "forecast.h5"]
    core.save(trial.forecast, files[0])
    if trial.comparison is not None:
        files.append(directory / "figures.csv")
        trial.comparison.to_csv(files[-1])

    evolutions: dict[str, Evolution] = {"forecast": trial.forecast}
    truth = trial.true_evolution()
    if truth is not None:
        evolutions = {"truth": truth, **evolutions}
    titles = {"truth": ("Truth", series.name), "forecast": ("Forecast", forecaster.model_name)}
    for done, (role, evolution) in enumerate(evolutions.items()):
        check_cancelled(cancelled, "The report")
        report(progress, 0.8 + 0.2 * done / len(evolutions), "Drawing pictures")
        files.append(directory / f"{role}.png")
        _draw(role, evolution, _picture_time(trial), titles, files[-1])
    report(progress, 1.0, "Done")
    return Report(trial, tuple(files))


def _opened(source: Path | SnapshotSeries, units: UnitSystem | None) -> SnapshotSeries:
    return core.open(source, units=units) if isinstance(source, Path) else source


def _picture_time(trial: Trial) -> float:
    """Time of the frame that both pictures show, in Myr."""
    shown = trial.forecast.sequence if trial.truth is None else trial.truth
    wanted = float(trial.forecast.times_myr[0]) + PICTURE_AGE_MYR
    return float(shown.times_myr[shown.nearest(wanted)])


def _draw(
    role: str,
    evolution: Evolution,
    time_myr: float,
    titles: dict[str, tuple[str, str]],
    path: Path,
) -> None:
    if not os.environ.get("DISPLAY"):
        # VTK would look for an X server first, and complain at length.
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    from app.exports.render import PictureStyle, render_pictures

    style = PictureStyle(titles=titles)
    render_pictures({role: evolution}, time_myr, PICTURE_SIZE, path, style)
