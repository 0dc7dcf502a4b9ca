"""What is shown and how: camera, transfer function and layers, free of Qt and VTK."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

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
    """

    position: Vector3
    focal_point: Vector3 = (0.0, 0.0, 0.0)
    view_up: Vector3 = (0.0, 0.0, 1.0)
    view_angle: float = 26.0


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

    Raises
    ------
    InvalidRequest
        If an opacity lies outside 0 to 1, or the level is not between 0 and 1.
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

    def __post_init__(self) -> None:
        for name in ("volume_opacity", "shell_opacity"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise InvalidRequest(f"{name} must lie between 0 and 1, not {value:g}.")
        if not 0.0 < self.shell_level < 1.0:
            raise InvalidRequest(
                f"shell_level must lie between 0 and 1, not {self.shell_level:g}; "
                "0.5 is the cavity, 0.9 the affected region."
            )
