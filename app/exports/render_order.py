"""What is asked of ``shellsight render``, as it is typed. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from app.exports.movie import check_movie_path
from app.exports.pictures import Sheet
from app.exports.provenance import check_picture_path
from app.exports.reel import Between, Motion, Reel
from app.look import Look, ThirdKind
from app.preferences.display_units import DENSITY, DensityUnit
from app.scene.camera import STANDARD_VIEWS
from app.scene.colormaps import NAMES
from app.scene.prepare import fitting_transfer
from app.view_state import LayerState, TransferFunction
from core.errors import InvalidRequest

if TYPE_CHECKING:
    from core.cubes import CubeSequence

KINDS: tuple[str, ...] = get_args(ThirdKind)
VIEWS = ("truth", "forecast", *KINDS)

LAYERS = (
    *("volume", "shell", "affected", "cavity", "dense", "probable", "overlay"),
    *("box", "site", "cut", "velocity"),
)
"""Layers that can be asked for, as `LayerState` calls them."""

UNITS: Mapping[str, DensityUnit] = {
    **{key: key for key in DENSITY},
    "Msun/pc^3": "mass",
    "cm^-3": "number",
}
"""Ways to show a density, as they can be asked for."""

CAMERAS: Mapping[str, str] = {"usual": "", "iso": "isometric", **{n: n for n in STANDARD_VIEWS}}


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
    orthographic, transparent, annotations, color_bar, fine, slices : bool
        As in `Sheet` and `Look`.
    level : float
        Level of the shell.
    colormap : str
        Colours of the gas.
    turntable, through_time : bool
        What moves in the movie.
    fps, seconds
        As in `Reel`.
    interpolate : bool or None
        Whether pictures between the snapshots are interpolated; None where
        these are few.
    particles : bool
        Whether a sample of the particles is drawn.
    coverage : float or None
        The share of what is really reached that the envelope holds, if it is
        drawn.
    density_unit : str
        One of `UNITS`.
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
    interpolate: bool | None = None
    slices: bool = False
    particles: bool = False
    coverage: float | None = None
    density_unit: str = "mass"

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
        self.check_views(self.wanted_views())
        _ = self.density
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
            self.slices,
        )

    @property
    def density(self) -> DensityUnit:
        """How the scale of colours shows densities."""
        if self.density_unit not in UNITS:
            raise InvalidRequest(
                f"A density is shown as {', '.join(UNITS)}, not as '{self.density_unit}'."
            )
        return UNITS[self.density_unit]

    def check_views(self, names: tuple[str, ...]) -> None:
        """Refuse layers that none of the views can show; without names all of them can.

        Parameters
        ----------
        names : tuple of str
            The views, as `wanted_views` gives them.
        """
        if self.particles and names and not {"truth", "forecast"} & {*names}:
            raise InvalidRequest(
                "Particles are drawn in the views of truth and forecast: add one of them to "
                "--view, or leave out --particles."
            )
        if self.coverage is not None and names and "forecast" not in names:
            raise InvalidRequest(
                "A coverage is what a forecast promises: add forecast to --view, or leave out "
                "--coverage."
            )

    def reel(self) -> Reel:
        """Return how the movie goes on."""
        both = self.turntable and self.through_time
        motion: Motion = "both" if both else "turntable" if self.turntable else "time"
        between: Between = "few"
        if self.interpolate is not None:
            between = "always" if self.interpolate else "never"
        return Reel(motion, self.fps, self.seconds, between)

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
        further: dict[str, Any] = {"cube_particles": self.particles}
        if self.coverage is not None:
            further |= {"reached": True, "coverage": self.coverage}
        usual = LayerState(shell_level=self.level, **further)
        if self.layers is None:
            return usual
        asked = {name for name in _words(self.layers) if name}
        if unknown := asked - {*LAYERS}:
            raise InvalidRequest(
                f"There is no layer '{min(unknown)}'; there are {', '.join(LAYERS)}."
            )
        shown: dict[str, Any] = {name: name in asked for name in LAYERS}
        return replace(usual, **shown)


def _words(text: str | None) -> list[str]:
    return [] if text is None else [word.strip() for word in text.split(",")]
