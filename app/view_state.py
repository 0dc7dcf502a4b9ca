"""What is shown and how: camera, transfer function and layers, free of Qt and VTK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from types import MappingProxyType
from typing import Literal, get_args

from core.errors import InvalidRequest

Vector3 = tuple[float, float, float]

OPACITY_POINTS: tuple[tuple[float, float], ...] = (
    (-4.0, 0.0),
    (-0.6, 0.0),
    (0.0, 0.012),
    (0.45, 0.06),
    (0.8, 0.22),
    (1.2, 0.60),
    (1.6, 0.95),
)
"""The medium stays invisible, filaments glow and a cavity is a hole (dex, opacity per pc)."""


@dataclass(frozen=True)
class CameraState:
    """Where the eye is, in pc relative to the cube's centre.

    Parameters
    ----------
    position : tuple of float
        The eye in pc.
    focal_point : tuple of float
        The point looked at in pc.
    view_up : tuple of float
        The direction that points up in the picture.
    view_angle : float
        Vertical opening angle in degrees.
    parallel : bool
        Whether lines of sight are parallel: the scale is the same at every
        depth, the one a perspective has at the focal point.
    """

    position: Vector3
    focal_point: Vector3 = (0.0, 0.0, 0.0)
    view_up: Vector3 = (0.0, 0.0, 1.0)
    view_angle: float = 26.0
    parallel: bool = False


@dataclass(frozen=True)
class TransferFunction:
    """How a density becomes a colour and an opacity.

    Parameters
    ----------
    colormap : str
        Name of a map in `app.scene.colormaps`.
    range_dex : tuple of float
        The log10 of the density in Msun/pc^3 at both ends of the map.
    opacity_points : tuple of (float, float)
        (log10 density, opacity per pc), in increasing density.

    Raises
    ------
    InvalidRequest
        If the range is empty or the points are not in order.
    """

    colormap: str = "deep-blue"
    range_dex: tuple[float, float] = (-1.2, 1.4)
    opacity_points: tuple[tuple[float, float], ...] = OPACITY_POINTS

    def __post_init__(self) -> None:
        low, high = self.range_dex
        if not low < high:
            raise InvalidRequest(f"The colour range {low:g} to {high:g} dex is empty.")
        places = [place for place, _ in self.opacity_points]
        if not places or any(b < a for a, b in pairwise(places)):
            raise InvalidRequest("The opacity points must be in increasing density.")


SurfaceStyle = Literal["solid", "rings"]
"""A closed surface, or the lines in which level planes cut it."""

VolumeField = Literal["density", "temperature"]

_BETWEEN: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "volume_opacity": (0.0, 1.0),
        "shell_opacity": (0.0, 1.0),
        "planes_opacity": (0.0, 1.0),
        "probable_level": (0.01, 0.99),
        "coverage": (0.5, 1.0),
        "free_azimuth_deg": (-360.0, 360.0),
        "free_elevation_deg": (-90.0, 90.0),
        "velocity_scale": (0.1, 5.0),
    }
)
"""Fields of `LayerState` and the values they may take."""

_STYLES = (
    *("shell_style", "affected_style", "cavity_style"),
    *("dense_style", "probable_style", "reached_style"),
)


@dataclass(frozen=True)
class LayerState:
    """Which layers of a view are shown, and how strongly.

    Parameters
    ----------
    volume, shell, box, site, particles : bool
        Whether the gas, the shell's surface, the edges of the cube, the
        marker of the explosion and, of a whole snapshot, its particles are
        shown.
    volume_opacity, shell_opacity : float
        Factor on the opacity of the gas, and opacity of the surface, 0 to 1.
    cut : bool
        Whether the octant of the gas that faces the camera is cut away.
    shell_level : float
        The surface encloses the gas whose density is below this fraction of
        the control's: 0.5 is the cavity, 0.9 the affected region.
    volume_field : {"density", "temperature"}
        What the volume, the planes and the slice show.
    affected, cavity : bool
        Whether the surfaces at 0.9 and 0.5 are shown besides.
    dense : bool
        Whether the surface of greatest compression is shown.
    probable, probable_level
        Whether the surface is shown within which a forecast takes gas for
        affected with at least this probability.
    reached, coverage
        Whether the region is shown that holds this share of what is really
        reached, of a calibrated forecast.
    overlay : bool
        Whether rings of the other evolution's shell are shown: of the truth
        on the forecast, and the reverse.
    shell_style, affected_style, cavity_style, dense_style, probable_style, reached_style
        "solid" or "rings".
    plane_x, plane_y, plane_z, plane_free : bool
        Whether planes of constant x, y, z and one at any angle are shown.
    plane_x_pc, plane_y_pc, plane_z_pc, plane_free_pc : float
        Their distance from the explosion, in pc.
    free_azimuth_deg, free_elevation_deg : float
        Direction in which the normal of the free plane points.
    planes_opacity : float
        Opacity of the planes, 0 to 1.
    cube_particles, reached_particles : bool
        Whether a sample of the particles in the cube is shown, and those that
        the forecast blast wave has reached in its colour.
    velocity, velocity_scale
        Whether arrows of the gas's velocity are shown, and a factor on their
        length.

    Raises
    ------
    InvalidRequest
        If a number lies outside its range, or a style or field is unknown.
    """

    volume: bool = True
    volume_opacity: float = 1.0
    shell: bool = True
    shell_opacity: float = 1.0
    box: bool = True
    site: bool = True
    cut: bool = True
    shell_level: float = 0.5
    particles: bool = True
    volume_field: VolumeField = "density"
    shell_style: SurfaceStyle = "solid"
    affected: bool = False
    affected_style: SurfaceStyle = "rings"
    cavity: bool = False
    cavity_style: SurfaceStyle = "solid"
    dense: bool = False
    dense_style: SurfaceStyle = "rings"
    probable: bool = False
    probable_level: float = 0.5
    probable_style: SurfaceStyle = "rings"
    reached: bool = False
    coverage: float = 0.99
    reached_style: SurfaceStyle = "rings"
    overlay: bool = False
    plane_x: bool = False
    plane_x_pc: float = 0.0
    plane_y: bool = False
    plane_y_pc: float = 0.0
    plane_z: bool = False
    plane_z_pc: float = 0.0
    plane_free: bool = False
    plane_free_pc: float = 0.0
    free_azimuth_deg: float = 35.0
    free_elevation_deg: float = 35.0
    planes_opacity: float = 1.0
    cube_particles: bool = False
    reached_particles: bool = True
    velocity: bool = False
    velocity_scale: float = 1.0

    def __post_init__(self) -> None:
        for name, (low, high) in _BETWEEN.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InvalidRequest(
                    f"{name} must lie between {low:g} and {high:g}, not {value:g}."
                )
        if not 0.0 < self.shell_level < 1.0:
            raise InvalidRequest(
                f"shell_level must lie between 0 and 1, not {self.shell_level:g}; "
                "0.5 is the cavity, 0.9 the affected region."
            )
        for name in ("plane_x_pc", "plane_y_pc", "plane_z_pc", "plane_free_pc"):
            if not isfinite(getattr(self, name)):
                raise InvalidRequest(f"{name} must be a distance in pc.")
        for name in _STYLES:
            _check_choice(name, getattr(self, name), get_args(SurfaceStyle))
        _check_choice("volume_field", self.volume_field, get_args(VolumeField))


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidRequest(f"{name} must be {' or '.join(choices)}, not {value!r}.")
