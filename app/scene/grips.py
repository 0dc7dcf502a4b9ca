"""Taking hold of a plane with the mouse: which one is under it, and where it goes. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.scene import camera as geometry
from app.scene.box import Octant
from app.scene.picking import ray
from app.scene.planes import PLANES, Plane, cut_polygon, plane_of
from app.view_state import CameraState, LayerState, TransferFunction, Vector3

EDGE_PIXELS = 5.0
"""A pointer this near the outline of a plane takes hold of it: edge-on nothing else is seen."""

SEEN = 0.35
"""A plane is taken hold of where at least this part of its light comes through the gas."""

STEPS = 120
"""Samples of what lies before a plane."""

DEGREES_PER_PIXEL = 0.4

_FACING = 0.93
"""Cosine between normal and line of sight from which a plane is pushed and pulled instead."""

Line = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Veil:
    """What may hide a plane: the gas, and the surface of the shell.

    Parameters
    ----------
    gas : ndarray or None
        (m, m, m), axes (z, y, x), what the volume shows; None where it is hidden.
    transfer : TransferFunction
        What makes it opaque, per `size_pc` / 60 pc of path.
    octant : tuple of int or None
        The octant that is cut away.
    corner_pc : tuple of float
        Where the planes of the cut meet.
    shell : ndarray or None
        (k, k, k), negative inside; None where there is no closed surface.
    """

    gas: NDArray[np.float32] | None = None
    transfer: TransferFunction = field(default_factory=TransferFunction)
    octant: Octant | None = None
    corner_pc: Vector3 = (0.0, 0.0, 0.0)
    shell: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Grip:
    """A place at which a plane can be held.

    Parameters
    ----------
    name : {"x", "y", "z", "free"}
        The plane.
    place_pc : tuple of float
        The place, relative to the cube's centre.
    normal : tuple of float
        The plane's unit normal.
    offset_pc : float
        The plane's distance from the explosion.
    """

    name: str
    place_pc: Vector3
    normal: Vector3
    offset_pc: float


def shown_planes(layers: LayerState) -> tuple[str, ...]:
    """Return the names of the planes that a view shows."""
    if layers.planes_opacity <= 0.0:
        return ()
    return tuple(name for name in PLANES if getattr(layers, f"plane_{name}"))


def grip_at(
    layers: LayerState,
    site_pc: Vector3,
    size_pc: float,
    camera: CameraState,
    pixel: tuple[float, float],
    picture: tuple[float, float],
    veil: Veil,
) -> Grip | None:
    """Find the plane that is seen at a pixel.

    Parameters
    ----------
    layers : LayerState
        Which planes there are, and where.
    site_pc : tuple of float
        The explosion relative to the cube's centre, in pc.
    size_pc : float
        Edge of the cube in pc.
    camera : CameraState
        The eye.
    pixel : tuple of float
        Across and down from the top left corner.
    picture : tuple of float
        Width and height in pixels.
    veil : Veil
        What may hide the planes.

    Returns
    -------
    Grip or None
        Where it can be held; None where no plane is seen.
    """
    line = ray(camera, *pixel, *picture)
    origin, direction = line
    found: list[tuple[float, str, Plane]] = []
    for name in shown_planes(layers):
        plane = plane_of(layers, name, site_pc)
        slope = float(direction @ plane[1])
        if abs(slope) < 1e-3:
            continue
        along = float((plane[0] - origin) @ plane[1]) / slope
        if along > 0.0 and np.abs(origin + along * direction).max() <= 0.5 * size_pc * (1 + 1e-6):
            found.append((along, name, plane))
    # Planes are opaque: only the nearest is seen.
    for along, name, plane in sorted(found, key=lambda each: each[0])[:1]:
        if is_seen(line, along, size_pc, veil):
            return _grip(layers, name, plane, origin + along * direction)
    return _edge_at(layers, site_pc, size_pc, camera, pixel, picture)


def _edge_at(
    layers: LayerState,
    site_pc: Vector3,
    size_pc: float,
    camera: CameraState,
    pixel: tuple[float, float],
    picture: tuple[float, float],
) -> Grip | None:
    """Find the plane whose outline is nearest to a pixel, and near enough."""
    best: tuple[float, Grip] | None = None
    for name in shown_planes(layers):
        plane = plane_of(layers, name, site_pc)
        corners = cut_polygon(size_pc, plane)
        at = geometry.project(camera, corners, *picture) if len(corners) else np.empty((0, 2))
        if len(at) == 0 or not np.isfinite(at).all():
            continue
        to = np.roll(at, -1, axis=0)
        edge, away = to - at, np.asarray(pixel) - at
        length = np.maximum((edge**2).sum(axis=1), 1e-9)
        part = np.clip((edge * away).sum(axis=1) / length, 0.0, 1.0)
        distances = np.linalg.norm(away - part[:, None] * edge, axis=1)
        i = int(np.argmin(distances))
        if distances[i] <= EDGE_PIXELS and (best is None or distances[i] < best[0]):
            end = corners[(i + 1) % len(corners)]
            place = corners[i] + part[i] * (end - corners[i])
            best = (float(distances[i]), _grip(layers, name, plane, place))
    return None if best is None else best[1]


def _grip(layers: LayerState, name: str, plane: Plane, place: NDArray[np.float64]) -> Grip:
    offset = float(getattr(layers, f"plane_{name}_pc"))
    return Grip(name, _vector(place), _vector(plane[1]), offset)


def _vector(values: NDArray[np.floating]) -> Vector3:
    x, y, z = (float(value) for value in values)
    return (x, y, z)


def is_seen(line: Line, until: float, size_pc: float, veil: Veil) -> bool:
    """Tell whether gas and shell let a point on a line of sight through to the eye.

    Parameters
    ----------
    line : tuple of ndarray
        Origin and direction.
    until : float
        Distance of the point from the origin in pc.
    size_pc : float
        Edge of the cube in pc.
    veil : Veil
        What may hide it.

    Returns
    -------
    bool
        Whether it is seen.
    """
    origin, direction = line
    half = size_pc / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (-half - origin) / direction, (half - origin) / direction
    inside = np.where(np.isclose(direction, 0.0), -np.inf, np.minimum(first, second))
    near = max(float(inside.max()), 0.0)
    # The plane itself may graze what it cuts.
    far = until - 0.01 * size_pc
    if not near < far:
        return True
    along = near + (np.arange(STEPS) + 0.5) * (far - near) / STEPS
    points = origin + along[:, None] * direction
    if veil.shell is not None and (_at(veil.shell, points, size_pc) < 0.0).any():
        return False
    if veil.gas is None:
        return True
    if veil.octant is not None:
        gone = (points - np.asarray(veil.corner_pc)) * np.asarray(veil.octant) > 0
        points = points[~gone.all(axis=1)]
    places, opacities = zip(*veil.transfer.opacity_points, strict=True)
    values = _at(veil.gas, points, size_pc)
    step = (far - near) / STEPS / (size_pc / 60.0)
    clear = 1.0 - np.interp(values, places, opacities).clip(0.0, 0.999)
    return float(np.prod(clear**step)) >= SEEN


def _at(
    shown: NDArray[np.float32], points: NDArray[np.float64], size_pc: float
) -> NDArray[np.float32]:
    places = (points / size_pc + 0.5) * (len(shown) - 1)
    values: NDArray[np.float32] = ndimage.map_coordinates(
        shown, places.T[::-1], order=1, mode="nearest"
    )
    return values


def offset_range(site_pc: Vector3, size_pc: float, normal: Vector3) -> tuple[float, float]:
    """Return how far from the explosion a plane may be: within the cube, and half its edge.

    Parameters
    ----------
    site_pc : tuple of float
        The explosion relative to the cube's centre, in pc.
    size_pc : float
        Edge of the cube in pc.
    normal : tuple of float
        The plane's unit normal.

    Returns
    -------
    tuple of float
        The least and the greatest distance in pc.
    """
    half = 0.5 * size_pc
    reach = half * float(np.abs(normal).sum())
    middle = float(np.dot(site_pc, normal))
    return max(-reach - middle, -half), min(reach - middle, half)


def dragged_offset(
    grip: Grip,
    camera: CameraState,
    start: tuple[float, float],
    pixel: tuple[float, float],
    picture: tuple[float, float],
) -> float:
    """Tell how far from the explosion a plane is that follows the mouse along its normal.

    Parameters
    ----------
    grip : Grip
        Where it is held.
    camera : CameraState
        The eye.
    start, pixel : tuple of float
        Where the mouse took hold of it, and where it is now.
    picture : tuple of float
        Width and height in pixels.

    Returns
    -------
    float
        In pc, without limits. The place that is held stays under the mouse as
        far as it can; where the plane faces the eye, up pushes it away.
    """
    if faces_eye(grip, camera):
        up = (start[1] - pixel[1]) / geometry.pixels_per_pc(camera, picture[1])
        away = float(np.dot(geometry.axes(camera)[2], grip.normal))
        return grip.offset_pc + float(np.copysign(up, away))
    # An outline is held beside it: what counts is the way from there.
    before, now = (_along(grip, ray(camera, *at, *picture)) for at in (start, pixel))
    return grip.offset_pc + now - before


def _along(grip: Grip, line: Line) -> float:
    """Where on the normal through the place that is held a line of sight comes nearest."""
    origin, direction = line
    normal, between = np.asarray(grip.normal), np.asarray(grip.place_pc) - origin
    slope = float(direction @ normal)
    return (slope * float(direction @ between) - float(normal @ between)) / (1.0 - slope**2 + 1e-9)


def faces_eye(grip: Grip, camera: CameraState) -> bool:
    """Whether a plane faces the eye, so that its normal is hardly seen to point anywhere."""
    sight = geometry.axes(camera)[2]
    if not camera.parallel:
        sight = np.subtract(grip.place_pc, camera.position)
        sight = sight / max(float(np.linalg.norm(sight)), 1e-9)
    return abs(float(sight @ np.asarray(grip.normal))) > _FACING


def turned(normal: Vector3, camera: CameraState, across: float, down: float) -> tuple[float, float]:
    """Turn a normal as the mouse rolls it.

    Parameters
    ----------
    normal : tuple of float
        The unit normal when the mouse took hold of the plane.
    camera : CameraState
        The eye.
    across, down : float
        How far the mouse has moved since, in pixels.

    Returns
    -------
    tuple of float
        Azimuth, from -180 to 180, and elevation of the new normal, in degrees.
    """
    right, up, _ = geometry.axes(camera)
    vector = np.asarray(normal, dtype=float)
    # What faces the eye goes with the mouse.
    for axis, pixels in ((up, across), (right, down)):
        angle = np.deg2rad(DEGREES_PER_PIXEL * pixels)
        cosine, sine = np.cos(angle), np.sin(angle)
        across_axis = np.cross(axis, vector)
        vector = cosine * vector + sine * across_axis + (1 - cosine) * (axis @ vector) * axis
    azimuth = float(np.rad2deg(np.arctan2(vector[1], vector[0])))
    elevation = float(np.rad2deg(np.arcsin(np.clip(vector[2], -1.0, 1.0))))
    return azimuth, elevation
