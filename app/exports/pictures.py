"""What a picture or a movie shows, and how large: values that another process can take. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.look import VIEW_ROLES, Look, ViewRole
from app.measuring import stand_in_control
from app.preferences.display_units import DENSITY, DensityUnit
from app.view_state import CameraState
from core.errors import InvalidRequest

if TYPE_CHECKING:
    from app.views.sampling import Particles
    from core.cubes import CubeSequence, Vector3
    from core.evolution import Evolution

LEAST_PIXELS, MOST_PIXELS = 64, 8192
"""Width and height of a picture, before it is enlarged."""

MOST_SCALE = 4
MOST_AREA = 2**27
"""Pixels of a picture after it is enlarged: half a gigabyte of memory."""


@dataclass(frozen=True, eq=False)
class Material:
    """The data that there are to draw.

    Parameters
    ----------
    truth, control : CubeSequence or None
        The run, and the same without the explosion, where it is known.
    forecast : Evolution or None
        A forecast of the same cube.
    site_pc : tuple of float
        The explosion relative to the cube's centre, in pc.
    name : str
        Name of the run.
    envelope : ndarray of bool, (time, n, n, n), optional
        The region that a calibrated forecast promises to hold what is reached.
    coverage : float
        The share that it holds.
    particles : Particles, optional
        The particles in the cube.
    truth_site_pc : tuple of float, optional
        The explosion of the truth, where the forecast has another.
    truth_forecast : Evolution, optional
        A forecast of the truth's explosion, whose control may stand behind
        the truth, where `forecast` is of another one.
    """

    truth: CubeSequence | None = None
    control: CubeSequence | None = None
    forecast: Evolution | None = None
    site_pc: Vector3 = (0.0, 0.0, 0.0)
    name: str = ""
    envelope: NDArray[np.bool_] | None = None
    coverage: float = 0.0
    particles: Particles | None = None
    truth_site_pc: Vector3 | None = None
    truth_forecast: Evolution | None = None

    @property
    def times_myr(self) -> NDArray[np.float64]:
        """Times of the frames: of the truth, or of the forecast where there is none."""
        if self.truth is not None:
            return self.truth.times_myr
        if self.forecast is not None:
            return self.forecast.times_myr
        raise InvalidRequest("There is nothing to draw.")

    @property
    def size_pc(self) -> float:
        """Edge of the cube in pc."""
        sequence = self.truth
        if sequence is None and self.forecast is not None:
            sequence = self.forecast.sequence
        return 60.0 if sequence is None else float(sequence.size_pc)

    @property
    def behind_truth(self) -> CubeSequence | None:
        """The control that the truth is compared with."""
        forecast = self.forecast if self.truth_forecast is None else self.truth_forecast
        return stand_in_control(self.truth, self.control, forecast)

    def site_of(self, role: ViewRole) -> Vector3:
        """Return where the explosion of a view is, relative to the cube's centre, in pc."""
        own = self.truth_site_pc if role == "truth" else None
        return self.site_pc if own is None else own

    def lacks(self, role: ViewRole, look: Look) -> str:
        """Say what is missing for a view; "" if nothing is."""
        if role == "truth" and self.truth is None:
            return "There is no truth to draw: a saved forecast comes without one."
        if role == "forecast" and self.forecast is None:
            return "There is no forecast to draw yet."
        if role == "third":
            from app.scene.third import third_scene  # not before it is needed: it prepares

            return third_scene(
                look.third_kind, self.truth, self.control, self.forecast, site_pc=self.site_pc
            ).missing
        return ""


@dataclass(frozen=True, eq=False)
class Shot:
    """What is drawn: the data, the views of them and how they look.

    Parameters
    ----------
    material : Material
        The data.
    views : tuple of {"truth", "forecast", "third"}
        The views, from left to right.
    look : Look
        Layers and colours.
    cameras : Mapping of role to CameraState
        The eyes; a view without one shows the whole cube.
    aspects : Mapping of role to float
        Width over height of the view that each eye was placed for.
    titles : Mapping of role to (str, str)
        Title and subtitle of each view; sensible ones otherwise.
    side : str
        From where a view without an eye of its own is seen (see
        `camera.STANDARD_VIEWS`); "" for the usual place.
    density : {"mass", "number"}
        How the scale of colours shows densities (see
        `app.preferences.display_units`).
    """

    material: Material
    views: tuple[ViewRole, ...]
    look: Look = field(default_factory=Look)
    cameras: Mapping[ViewRole, CameraState] = field(default_factory=dict)
    aspects: Mapping[ViewRole, float] = field(default_factory=dict)
    titles: Mapping[ViewRole, tuple[str, str]] = field(default_factory=dict)
    side: str = ""
    density: DensityUnit = "mass"

    def check(self) -> None:
        """Refuse what cannot be drawn.

        Raises
        ------
        InvalidRequest
            If there is no view, or the data for one are missing.
        """
        if not self.views:
            raise InvalidRequest("There is nothing to draw: choose a view.")
        for role in self.views:
            if role not in VIEW_ROLES:
                raise InvalidRequest(f"A picture shows {', '.join(VIEW_ROLES)}, not '{role}'.")
            if missing := self.material.lacks(role, self.look):
                raise InvalidRequest(missing)


@dataclass(frozen=True)
class Sheet:
    """The picture itself: its size, and what is written on it.

    Parameters
    ----------
    width, height : int
        Size of the whole picture in pixels, before it is enlarged.
    scale : int
        Factor by which it is enlarged, letters and lines with it.
    transparent : bool
        Whether there is nothing behind what is drawn.
    annotations : bool
        Whether titles, time, scale bar and axes are written.
    color_bar : bool
        Whether the scale of colours is drawn.
    fine : bool
        Whether it is drawn twice as large and reduced: smooth edges.
    slices : bool
        Whether the plane through the explosion is drawn under each view, or
        beside it where there is more room.

    Raises
    ------
    InvalidRequest
        If it is too small or too large.
    """

    width: int = 1920
    height: int = 1080
    scale: int = 1
    transparent: bool = False
    annotations: bool = True
    color_bar: bool = True
    fine: bool = True
    slices: bool = False

    def __post_init__(self) -> None:
        sides = (self.width, self.height)
        if min(sides) < LEAST_PIXELS or max(sides) > MOST_PIXELS:
            raise InvalidRequest(
                f"A picture has {LEAST_PIXELS} to {MOST_PIXELS} pixels a side, "
                f"not {self.width} x {self.height}."
            )
        if not 1 <= self.scale <= MOST_SCALE:
            raise InvalidRequest(f"A picture is enlarged 1 to {MOST_SCALE} times.")
        if self.n_pixels > MOST_AREA:
            width, height = self.size
            raise InvalidRequest(
                f"{width} x {height} pixels are too many to draw; "
                f"at most {MOST_AREA / 1e6:.0f} million are."
            )

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the file in pixels."""
        return self.width * self.scale, self.height * self.scale

    @property
    def n_pixels(self) -> int:
        """Pixels of the file."""
        width, height = self.size
        return width * height


def estimated_bytes(sheet: Sheet, path: Path | str) -> int:
    """Guess the size of the file of a picture, as pictures of clouds usually compress.

    Parameters
    ----------
    sheet : Sheet
        The picture.
    path : Path or str
        Its name or suffix.

    Returns
    -------
    int
        Bytes.
    """
    suffix = Path(path).suffix.lower() or str(path).lower()
    per_pixel = {".jpg": 0.25, ".jpeg": 0.25, ".tif": 2.2, ".tiff": 2.2}.get(suffix, 1.0)
    return int(sheet.n_pixels * per_pixel)


def about(shot: Shot, sheet: Sheet, **more: Any) -> dict[str, Any]:
    """Say what is drawn and how, for the file's provenance.

    Parameters
    ----------
    shot : Shot
        What is drawn.
    sheet : Sheet
        The picture.
    **more
        What else is to be told.

    Returns
    -------
    dict
        See `provenance.describe`.
    """
    from app.exports.provenance import describe

    return describe(
        truth=shot.material.truth,
        forecast=shot.material.forecast,
        name=shot.material.name,
        views=list(shot.views),
        look=asdict(shot.look),
        cameras={role: asdict(camera) for role, camera in shot.cameras.items()},
        picture=asdict(sheet),
        density_unit=DENSITY[shot.density].unit,
        **more,
    )
