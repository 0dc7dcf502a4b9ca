"""What ``shellsight render`` does: from options to a picture or a movie. No Qt of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import core
from app.exports.movie import check_movie_path, save_movie
from app.exports.pictures import Material, Motion, Reel, Sheet, Shot
from app.exports.provenance import check_picture_path
from app.look import Look, ThirdKind, ViewRole
from app.scene.camera import STANDARD_VIEWS
from app.scene.colormaps import NAMES
from app.scene.prepare import fitting_transfer
from app.view_state import LayerState, TransferFunction
from core.errors import InvalidRequest
from core.evolution import Evolution
from core.progress import CancelCheck, Progress, part_of

if TYPE_CHECKING:
    from core.cubes import CubeSequence, Vector3
    from core.series import SnapshotSeries

KINDS: tuple[str, ...] = get_args(ThirdKind)
VIEWS = ("truth", "forecast", *KINDS)

LAYERS = (
    *("volume", "shell", "affected", "cavity", "dense", "probable", "overlay"),
    *("box", "site", "cut", "velocity"),
)
"""Layers that can be asked for, as `LayerState` calls them."""

CAMERAS: Mapping[str, str] = {"usual": "", "iso": "isometric", **{n: n for n in STANDARD_VIEWS}}

USUAL_AGE_MYR = 0.1
"""Time after the first frame of what is drawn, if none is asked for."""


@dataclass(frozen=True)
class Order:
    """What is asked for, as it is typed.

    Parameters
    ----------
    views, layers, color_range : str or None
        Separated by commas; None for the usual ones.
    time_myr : float or None
        Time of the picture.
    size : str
        Width x height.
    scale : int
        Enlargement.
    camera : str
        One of `CAMERAS`.
    orthographic, transparent, annotations, color_bar, fine : bool
        As in `Sheet` and `Look`.
    level : float
        Level of the shell.
    colormap : str
        Colours of the gas.
    turntable, through_time : bool
        What moves in the movie.
    fps, seconds
        As in `Reel`.
    """

    views: str | None = None
    time_myr: float | None = None
    size: str = "1920x1080"
    scale: int = 1
    camera: str = "usual"
    orthographic: bool = False
    layers: str | None = None
    level: float = 0.5
    colormap: str = "deep-blue"
    color_range: str | None = None
    transparent: bool = False
    annotations: bool = True
    color_bar: bool = True
    fine: bool = True
    turntable: bool = False
    through_time: bool = False
    fps: int = 25
    seconds: float = 8.0

    def check(self, out: Path | None, movie: Path | None) -> None:
        """Refuse what cannot be, before anything is read.

        Parameters
        ----------
        out, movie : Path or None
            What is to be written.

        Raises
        ------
        InvalidRequest
            If an option does not fit; the message names it and what would.
        """
        if out is not None:
            check_picture_path(out)
            if self.transparent and out.suffix.lower() in (".jpg", ".jpeg"):
                raise InvalidRequest(f"{out}: JPEG knows no transparency; write .png or .tif.")
        if movie is not None:
            check_movie_path(movie)
        self.sheet()
        self.reel()
        self.wanted_views()
        self.look(None, "difference")
        if self.camera not in CAMERAS:
            raise InvalidRequest(
                f"The camera stands at {', '.join(CAMERAS)}, not at '{self.camera}'."
            )

    def sheet(self) -> Sheet:
        """Return the size of the picture, and what is on it."""
        try:
            width, height = (int(side) for side in self.size.lower().split("x"))
        except ValueError:
            raise InvalidRequest(
                f"A size is width x height, such as 1920x1080, not '{self.size}'."
            ) from None
        return Sheet(
            width,
            height,
            self.scale,
            self.transparent,
            self.annotations,
            self.color_bar,
            self.fine,
        )

    def reel(self) -> Reel:
        """Return how the movie goes on."""
        both = self.turntable and self.through_time
        motion: Motion = "both" if both else "turntable" if self.turntable else "time"
        return Reel(motion, self.fps, self.seconds)

    def wanted_views(self) -> tuple[str, ...]:
        """Return the views by name; none if it is left to what there is."""
        names = tuple(name for name in _words(self.views) if name)
        if self.views is not None and not names:
            raise InvalidRequest(f"Name a view: {', '.join(VIEWS)}.")
        for name in names:
            if name not in VIEWS:
                raise InvalidRequest(f"There is no view '{name}'; there are {', '.join(VIEWS)}.")
        if len(set(names)) < len(names):
            raise InvalidRequest("Name each view once.")
        if sum(name in KINDS for name in names) > 1:
            raise InvalidRequest(f"Only one of {', '.join(KINDS)} fits into a picture.")
        return names

    def look(self, cubes: CubeSequence | None, third: str) -> Look:
        """Return layers and colours.

        Parameters
        ----------
        cubes : CubeSequence or None
            The gas, to whose density the colours are fitted if no range is asked for.
        third : str
            What the third view shows.
        """
        if self.colormap not in NAMES:
            raise InvalidRequest(
                f"There is no colour map '{self.colormap}'; there are {', '.join(NAMES)}."
            )
        usual = TransferFunction() if cubes is None else fitting_transfer(cubes.density[0])
        low, high = usual.range_dex
        if self.color_range is not None:
            try:
                low, high = (float(end) for end in _words(self.color_range))
            except ValueError:
                raise InvalidRequest(
                    f"A range is two numbers, such as -1.2,1.4, not '{self.color_range}'."
                ) from None
        layers = self._layers()
        return Look(
            truth=layers,
            forecast=layers,
            third=layers,
            transfer=TransferFunction(self.colormap, (low, high), usual.opacity_points),
            third_kind=third,  # type: ignore[arg-type]
            orthographic=self.orthographic,
        )

    def _layers(self) -> LayerState:
        usual = LayerState(shell_level=self.level)
        if self.layers is None:
            return usual
        asked = {name for name in _words(self.layers) if name}
        if unknown := asked - {*LAYERS}:
            raise InvalidRequest(
                f"There is no layer '{min(unknown)}'; there are {', '.join(LAYERS)}."
            )
        shown: dict[str, Any] = {name: name in asked for name in LAYERS}
        return LayerState(shell_level=self.level, **shown)


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
    needs_forecast = not names or any(name != "truth" for name in names)
    material = gather(wanted, needs_forecast, part_of(progress, 0.0, 0.4), cancelled)
    if not names:
        have = {"truth": material.truth, "forecast": material.forecast}
        names = tuple(name for name, data in have.items() if data is not None)
    third = next((name for name in names if name in KINDS), "difference")
    views: list[ViewRole] = [
        "third" if name in KINDS else "truth" if name == "truth" else "forecast" for name in names
    ]
    cubes = material.truth if material.truth is not None else _of(material.forecast)
    look = order.look(cubes, third)
    shot = Shot(
        material,
        tuple(views),
        look,
        titles=_titles(material, wanted.series.name),
        side=CAMERAS[order.camera],
    )
    shot.check()
    time = order.time_myr
    if time is None:
        time = float(material.times_myr[0]) + USUAL_AGE_MYR
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
    if isinstance(kept, core.Forecast):
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


def _saved(series: SnapshotSeries) -> object:
    """Return what a file of our own holds, which is more than frames; None otherwise."""
    from core.readers import native

    if series.format != native.name or len(series.paths) != 1:
        return None
    return core.load(series.paths[0])


def _load_forecast(path: Path) -> Evolution:
    found = core.load(path)
    if not isinstance(found, core.Forecast):
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


def _words(text: str | None) -> list[str]:
    return [] if text is None else [word.strip() for word in text.split(",")]
