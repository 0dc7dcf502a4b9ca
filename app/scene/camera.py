"""Moving an eye around a cube: pure geometry on `CameraState`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.view_state import CameraState, Vector3
from core.errors import InvalidRequest

AZIMUTH_DEG = 35.0
ELEVATION_DEG = 19.0
VIEW_ANGLE_DEG = 26.0
_MAX_ELEVATION = np.deg2rad(88.0)
_FAR_AWAY = 1e6  # distances of the eye: lines of sight from there are parallel

STANDARD_VIEWS: Mapping[str, tuple[Vector3, Vector3]] = MappingProxyType(
    {
        "+x": ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
        "-x": ((-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
        "+y": ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
        "-y": ((0.0, -1.0, 0.0), (0.0, 0.0, 1.0)),
        # Off the pole by a trace, so that turning on from here does not jump.
        "+z": ((0.0, -1e-4, 1.0), (0.0, 1.0, 0.0)),
        "-z": ((0.0, 1e-4, -1.0), (0.0, 1.0, 0.0)),
        "isometric": ((1.0, 1.0, 1.0), (0.0, 0.0, 1.0)),
    }
)
"""Where the eye is, seen from the centre, and what points up."""

# The cube fits when the picture shows this many edges of it, across and upwards, at the focus.
_EDGES_ACROSS = 1.636
_EDGES_UP = 1.686
_EDGES_OF_FACE, _EDGES_OF_CORNER = 1.42, 1.85
_EDGES_PARALLEL = (1.22, 1.78)  # nothing is near, and large for that


def _vector(values: NDArray[np.floating]) -> Vector3:
    x, y, z = (float(value) for value in values)
    return (x, y, z)


def default_camera(size_pc: float = 60.0, aspect: float = 1.0, top: float = 0.0) -> CameraState:
    """Return the eye that shows a whole cube, three faces of it, from above.

    Parameters
    ----------
    size_pc : float
        Edge of the cube in pc.
    aspect : float
        Width of the picture over its height.
    top : float
        Part of the picture's height that is kept free at its top.

    Returns
    -------
    CameraState
        Azimuth 35, elevation 19 degrees, z up, just far enough away.
    """
    half_angle = np.tan(np.deg2rad(VIEW_ANGLE_DEG / 2))
    shown = max(_EDGES_ACROSS / max(aspect, 0.05), _EDGES_UP / (1.0 - top))
    distance = size_pc / 2 / half_angle * shown
    focus = np.array([0.0, 0.0, -0.05 * size_pc])
    azimuth, elevation = np.deg2rad(AZIMUTH_DEG), np.deg2rad(ELEVATION_DEG)
    direction = np.array(
        [
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation),
        ]
    )
    eye = CameraState(
        position=_vector(focus + distance * direction),
        focal_point=_vector(focus),
        view_angle=VIEW_ANGLE_DEG,
    )
    return _lowered(eye, shown, _EDGES_UP, top, size_pc)


def _lowered(
    eye: CameraState, shown: float, needed: float, top: float, size_pc: float
) -> CameraState:
    """Move the scene down where what is free above it is less than it has to be."""
    lacking = top * shown - (shown - needed) / 2
    return pan(eye, 0.0, lacking * size_pc) if top > 0.0 and lacking > 0.0 else eye


def standard_camera(
    name: str,
    size_pc: float = 60.0,
    aspect: float = 1.0,
    top: float = 0.0,
    *,
    parallel: bool = False,
) -> CameraState:
    """Return the eye on an axis, or on the diagonal, that shows a whole cube.

    Parameters
    ----------
    name : str
        One of `STANDARD_VIEWS`: "+x" is seen from the side of large x.
    size_pc : float
        Edge of the cube in pc.
    aspect : float
        Width of the picture over its height.
    top : float
        Part of the picture's height that is kept free at its top.
    parallel : bool
        Whether lines of sight are parallel.

    Returns
    -------
    CameraState
        Looking at the centre, or nearly.

    Raises
    ------
    InvalidRequest
        If there is no such view.
    """
    if name not in STANDARD_VIEWS:
        raise InvalidRequest(f"The eye stands at {', '.join(STANDARD_VIEWS)}, not at '{name}'.")
    toward, up = STANDARD_VIEWS[name]
    face, corner = _EDGES_PARALLEL if parallel else (_EDGES_OF_FACE, _EDGES_OF_CORNER)
    edges = corner if name == "isometric" else face
    half_angle = np.tan(np.deg2rad(VIEW_ANGLE_DEG / 2))
    shown = edges * max(1.0 / max(aspect, 0.05), 1.0 / (1.0 - top))
    distance = size_pc / 2 / half_angle * shown
    direction = np.array(toward) / np.linalg.norm(toward)
    # The near corner is below the middle, as seen from above.
    focus = np.array([0.0, 0.0, -0.04 * size_pc if name == "isometric" else 0.0])
    eye = CameraState(
        position=_vector(focus + distance * direction),
        focal_point=_vector(focus),
        view_up=up,
        view_angle=VIEW_ANGLE_DEG,
        parallel=parallel,
    )
    return _lowered(eye, shown, edges, top, size_pc)


def viewpoint(camera: CameraState) -> NDArray:
    """Return where lines of sight come from, in pc: far away if they are parallel."""
    eye = np.asarray(camera.position, dtype=float)
    if not camera.parallel:
        return eye
    focus = np.asarray(camera.focal_point, dtype=float)
    return focus + _FAR_AWAY * (eye - focus)


def axes(camera: CameraState) -> tuple[NDArray, NDArray, NDArray]:
    """Return the unit vectors to the right, upwards and forwards in the picture."""
    forward = np.subtract(camera.focal_point, camera.position)
    forward = forward / max(float(np.linalg.norm(forward)), 1e-12)
    right = np.cross(forward, camera.view_up)
    right = right / max(float(np.linalg.norm(right)), 1e-12)
    return right, np.cross(right, forward), forward


def distance(camera: CameraState) -> float:
    """Return the distance from the eye to the focal point in pc."""
    return float(np.linalg.norm(np.subtract(camera.focal_point, camera.position)))


def orbit(camera: CameraState, right_deg: float, up_deg: float) -> CameraState:
    """Turn the eye around the focal point; z stays up, the poles are not crossed.

    Parameters
    ----------
    camera : CameraState
        Where the eye is.
    right_deg, up_deg : float
        Angles in degrees by which the eye moves.

    Returns
    -------
    CameraState
        At the same distance.
    """
    offset = np.subtract(camera.position, camera.focal_point)
    radius = float(np.linalg.norm(offset))
    azimuth = np.arctan2(offset[1], offset[0]) + np.deg2rad(right_deg)
    elevation = np.arcsin(np.clip(offset[2] / max(radius, 1e-12), -1.0, 1.0))
    elevation = np.clip(elevation + np.deg2rad(up_deg), -_MAX_ELEVATION, _MAX_ELEVATION)
    direction = np.array(
        [
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation),
        ]
    )
    position = np.asarray(camera.focal_point) + radius * direction
    return replace(camera, position=_vector(position), view_up=(0.0, 0.0, 1.0))


def pan(camera: CameraState, right_pc: float, up_pc: float) -> CameraState:
    """Move eye and focal point together, in the plane of the picture (pc)."""
    right, up, _ = axes(camera)
    shift = right * right_pc + up * up_pc
    return replace(
        camera,
        position=_vector(np.asarray(camera.position) + shift),
        focal_point=_vector(np.asarray(camera.focal_point) + shift),
    )


def zoom(camera: CameraState, factor: float, size_pc: float = 60.0) -> CameraState:
    """Bring the focal point nearer by a factor, within 0.2 to 20 edges of the cube."""
    offset = np.subtract(camera.position, camera.focal_point)
    radius = float(np.linalg.norm(offset))
    wanted = float(np.clip(radius / factor, 0.2 * size_pc, 20.0 * size_pc))
    position = np.asarray(camera.focal_point) + offset * (wanted / max(radius, 1e-12))
    return replace(camera, position=_vector(position))


def pixels_per_pc(camera: CameraState, height: float) -> float:
    """Return the scale of a picture `height` pixels high, at the depth of the focal point."""
    shown = 2.0 * distance(camera) * np.tan(np.deg2rad(camera.view_angle / 2))
    return float(height / max(shown, 1e-12))


def project(camera: CameraState, points_pc: ArrayLike, width: float, height: float) -> NDArray:
    """Where points appear in a picture.

    Parameters
    ----------
    camera : CameraState
        The eye.
    points_pc : array_like
        (..., 3) positions in pc relative to the cube's centre.
    width, height : float
        Size of the picture in pixels.

    Returns
    -------
    ndarray
        (..., 2) pixels from the top left corner; NaN behind the eye, if lines
        of sight are not parallel.
    """
    offsets = np.asarray(points_pc, dtype=float) - np.asarray(camera.position)
    across, up, depth = (offsets @ axis for axis in axes(camera))
    if camera.parallel:
        scale = np.full(np.shape(depth), pixels_per_pc(camera, height))
    else:
        half_angle = np.tan(np.deg2rad(camera.view_angle / 2))
        scale = height / 2 / half_angle / np.where(depth > 0, depth, np.nan)
    return np.stack([width / 2 + across * scale, height / 2 - up * scale], axis=-1)
