"""What ``shellsight render`` does: from options to a picture or a movie. No Qt of its own."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import core
from app.exports.movie import save_movie
from app.exports.pictures import Material, Shot
from app.exports.render_order import CAMERAS, KINDS, Order
from app.look import ViewRole
from core.errors import InvalidRequest
from core.evolution import Evolution, Forecast
from core.progress import CancelCheck, Progress, part_of, report

if TYPE_CHECKING:
    from core.cubes import CubeSequence, Vector3
    from core.series import SnapshotSeries

USUAL_AGE_MYR = 0.1
"""Time after the first frame of what is drawn, if none is asked for."""


@dataclass(frozen=True, eq=False)
class Wanted:
    """What is to be drawn, and how it is come by.

    Parameters
    ----------
    series : SnapshotSeries
        The run.
    control : SnapshotSeries or None
        The same without the explosion.
    forecast : Path or None
        A saved forecast; None to make one where it is drawn.
    model, device : str
        What makes it.
    frame : int
        The frame it starts from.
    size_pc, n, center_pc
        The cube.
    """

    series: SnapshotSeries
    control: SnapshotSeries | None = None
    forecast: Path | None = None
    model: str = "default"
    device: str = "auto"
    frame: int = 0
    size_pc: float = 60.0
    n: int = 32
    center_pc: Vector3 | None = None


def draw(
    wanted: Wanted,
    order: Order,
    out: Path | None,
    movie: Path | None,
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> list[Path]:
    """Read, forecast where needed, and draw.

    Parameters
    ----------
    wanted : Wanted
        What is drawn.
    order : Order
        How.
    out, movie : Path or None
        What is written.
    progress : callable, optional
        Told the fraction done.
    cancelled : callable, optional
        Asked whether to stop.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    InvalidRequest
        If something cannot be drawn or written.
    """
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        # VTK would look for an X server first, and complain at length.
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    order.check(out, movie)
    names = order.wanted_views()
    if order.particles:
        _check_particles(wanted.series)
    needs_forecast = not names or any(name != "truth" for name in names)
    material = gather(wanted, needs_forecast, part_of(progress, 0.0, 0.4), cancelled)
    if not names:
        have = {"truth": material.truth, "forecast": material.forecast}
        names = tuple(name for name, data in have.items() if data is not None)
    third = next((name for name in names if name in KINDS), "difference")
    views: list[ViewRole] = [
        "third" if name in KINDS else "truth" if name == "truth" else "forecast" for name in names
    ]
    order.check_views(names)
    time = order.time_myr
    if time is None:
        time = float(material.times_myr[0]) + USUAL_AGE_MYR
    if order.coverage is not None:
        material = with_envelope(material, order.coverage)
    if order.particles:
        moving = movie is not None and order.reel().motion != "turntable"
        at = None if moving else time
        material = with_particles(material, wanted.series, at, progress, cancelled)
    cubes = material.truth if material.truth is not None else _of(material.forecast)
    look = order.look(cubes, third)
    shot = Shot(
        material,
        tuple(views),
        look,
        titles=_titles(material, wanted.series.name),
        side=CAMERAS[order.camera],
        density=order.density,
    )
    shot.check()
    written = []
    if out is not None:
        from app.exports.render import save_picture

        if progress is not None:
            progress(0.4, "Drawing the picture")
        written.append(save_picture(shot, order.sheet(), time, out))
    if movie is not None:
        drawing = part_of(progress, 0.5 if out is not None else 0.4, 1.0)
        reel = order.reel()
        written.append(
            save_movie(
                shot, order.sheet(), reel, time, movie, progress=drawing, cancelled=cancelled
            )
        )
    return written


def gather(
    wanted: Wanted,
    needs_forecast: bool,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Material:
    """Read the cubes, and forecast if needed.

    Parameters
    ----------
    wanted : Wanted
        What is drawn.
    needs_forecast : bool
        Whether a forecast is drawn, or compared with.
    progress, cancelled : callable, optional
        As for `draw`.

    Returns
    -------
    Material
        The data.

    Raises
    ------
    InvalidRequest
        If a file that should hold a forecast holds something else.
    """
    series, name = wanted.series, wanted.series.name
    kept = _saved(series)
    if isinstance(kept, Forecast):
        return Material(forecast=kept, site_pc=kept.site_pc, name=name)
    cut: dict[str, Any] = {
        "size_pc": wanted.size_pc,
        "n": wanted.n,
        "center_pc": wanted.center_pc,
        "cancelled": cancelled,
    }
    if needs_forecast and wanted.forecast is None:
        from core.trial import run_trial

        forecaster = core.Forecaster(wanted.model, device=wanted.device)
        trial = run_trial(
            series, forecaster, control=wanted.control, frame=wanted.frame, progress=progress, **cut
        )
        made = trial.forecast
        return Material(trial.truth, trial.control, made, made.site_pc, name)
    forecast = None if wanted.forecast is None else _load_forecast(wanted.forecast)
    if forecast is not None:
        # The cube is that of the forecast.
        cubes = forecast.sequence
        cut |= {"size_pc": cubes.size_pc, "n": cubes.n, "center_pc": cubes.center_pc}
    truth = core.voxelize(series, progress=part_of(progress, 0.0, 0.6), **cut)
    without = wanted.control if wanted.control is not None else series.control
    control = None
    if without is not None:
        control = core.voxelize(without, progress=part_of(progress, 0.6, 1.0), **cut)
    site = (0.0, 0.0, 0.0) if forecast is None else forecast.site_pc
    return Material(truth, control, forecast, site, name)


def with_envelope(material: Material, coverage: float) -> Material:
    """Add the region that a calibrated forecast promises to hold what is reached.

    Parameters
    ----------
    material : Material
        What is drawn.
    coverage : float
        The share of what is really reached that the region shall hold.

    Returns
    -------
    Material
        With the envelope.

    Raises
    ------
    InvalidRequest
        If there is no forecast, or it is not calibrated.
    """
    forecast = material.forecast
    if not isinstance(forecast, Forecast):
        raise InvalidRequest(
            "There is no forecast that could promise a coverage: leave out --coverage, or name a "
            "forecast with --forecast."
        )
    return replace(material, envelope=forecast.reached(coverage), coverage=coverage)


def with_particles(
    material: Material,
    series: SnapshotSeries,
    time_myr: float | None,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Material:
    """Add a sample of the particles.

    Parameters
    ----------
    material : Material
        What is drawn.
    series : SnapshotSeries
        The particles.
    time_myr : float or None
        The time drawn, of whose frame they are read; None for all frames.
    progress, cancelled : callable, optional
        As for `draw`.

    Returns
    -------
    Material
        With the particles.
    """
    from app.views.sampling import SampleRequest, frames_from, read_particles

    report(progress, 0.4, "Reading particles")
    cubes = material.truth
    if cubes is None:
        # A single snapshot: the gas that the forecast starts from.
        forecast = material.forecast
        assert forecast is not None
        cubes = forecast.sequence.at(forecast.times_myr[:1])
    # Cubes may begin later than the run, where the forecast does.
    start = int(abs(series.times_myr - cubes.times_myr[0]).argmin())
    shown = 0 if time_myr is None else cubes.nearest(time_myr)
    frames = frames_from(shown, len(cubes), len(cubes) if time_myr is None else 1)
    request = SampleRequest(
        series[start : start + len(cubes)], cubes, material.forecast, frames, {}
    )
    _, particles = read_particles(request, cancelled=cancelled)
    return replace(material, particles=particles)


def _check_particles(series: SnapshotSeries) -> None:
    """Refuse, before anything is read, to draw particles of what has none."""
    if series.kind == "particles":
        return
    where = series.paths[0]
    if isinstance(_saved(series), Forecast):
        raise InvalidRequest(
            f"{where}: holds a forecast, not the particles. Name the snapshots, and this file "
            "with --forecast."
        )
    raise InvalidRequest(
        f"{where}: holds cells ({series.format}), no particles. Name snapshots of particles, "
        "such as SWIFT's or Gadget's, or leave out --particles."
    )


def _saved(series: SnapshotSeries) -> object:
    """Return what a file of our own holds, which is more than frames; None otherwise."""
    from core.readers import native

    if series.format != native.name or len(series.paths) != 1:
        return None
    return core.load(series.paths[0])


def _load_forecast(path: Path) -> Evolution:
    found = core.load(path)
    if not isinstance(found, Forecast):
        raise InvalidRequest(f"{path}: holds no forecast; `shellsight forecast` makes one.")
    return found


def _of(evolution: Evolution | None) -> CubeSequence | None:
    return None if evolution is None else evolution.sequence


def _titles(material: Material, name: str) -> dict[ViewRole, tuple[str, str]]:
    model = ""
    if material.forecast is not None:
        model = str(material.forecast.provenance.get("model", ""))
    note = name
    if material.truth is not None and material.control is None:
        behind = material.behind_truth
        note += " · relative to the forecast’s control" if behind is not None else " · no control"
    return {"truth": ("Truth", note), "forecast": ("Forecast", model)}
