"""What is under the pointer: the gas that is seen there. Pure geometry on arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.scene import camera as geometry
from app.scene.box import Octant
from app.view_state import CameraState, TransferFunction, Vector3

STEPS = 400
"""Samples along a ray: finer than the points of any volume that is drawn."""

FAINT = 0.02
"""A ray that gathers less opacity than this shows nothing; its densest gas is meant."""


@dataclass(frozen=True)
class Picked:
    """A point that the user pointed at.

    Parameters
    ----------
    position_pc : tuple of float
        Where, in pc relative to the centre of what is shown.
    log_density : float
        log10 of the density there in Msun/pc^3, as it is drawn.
    """

    position_pc: Vector3
    log_density: float


def ray(
    camera: CameraState, x: float, y: float, width: float, height: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the line of sight through a pixel.

    Parameters
    ----------
    camera : CameraState
        The eye.
    x, y : float
        The pixel from the top left corner.
    width, height : float
        Size of the picture in pixels.

    Returns
    -------
    origin, direction : ndarray, (3,)
        The eye in pc, or a point far before the scene if lines of sight are
        parallel, and a unit vector.
    """
    right, up, forward = geometry.axes(camera)
    across, upwards = x - width / 2, height / 2 - y
    eye = np.asarray(camera.position, dtype=float)
    if camera.parallel:
        pc = 1.0 / geometry.pixels_per_pc(camera, height)
        back = 20.0 * geometry.distance(camera)
        return eye - back * forward + pc * (across * right + upwards * up), forward
    scale = 2.0 * np.tan(np.deg2rad(camera.view_angle / 2)) / height
    direction = forward + across * scale * right + upwards * scale * up
    return eye, direction / np.linalg.norm(direction)


def pick_gas(
    field: NDArray[np.float32],
    size_pc: float,
    line: tuple[NDArray[np.float64], NDArray[np.float64]],
    transfer: TransferFunction,
    octant: Octant | None = None,
    corner_pc: Vector3 = (0.0, 0.0, 0.0),
) -> Picked | None:
    """Find the gas that is seen along a line of sight.

    Parameters
    ----------
    field : ndarray
        (m, m, m) log10 density, axes (z, y, x), from face to face of a cube
        around the origin.
    size_pc : float
        Edge of the cube in pc.
    line : tuple of ndarray
        Origin and direction (see `ray`).
    transfer : TransferFunction
        What makes gas opaque, per `size_pc` / 60 pc of path.
    octant : tuple of int, optional
        The octant that is cut away: what is not drawn is not picked.
    corner_pc : tuple of float
        Where the planes of the cut meet.

    Returns
    -------
    Picked or None
        The point that contributes most to the pixel; where nothing is opaque,
        the densest point on the line; None if the line misses the cube.
    """
    origin, direction = line
    half = size_pc / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (-half - origin) / direction, (half - origin) / direction
    parallel = np.isclose(direction, 0.0)
    if np.any(parallel & (np.abs(origin) > half)):
        return None
    near = np.max(np.where(parallel, -np.inf, np.minimum(first, second)))
    far = np.min(np.where(parallel, np.inf, np.maximum(first, second)))
    near = max(float(near), 0.0)
    if not near < far:
        return None
    # The midpoints of equal steps, so that no sample lies on a face.
    along = near + (np.arange(STEPS) + 0.5) * (far - near) / STEPS
    points = origin + along[:, None] * direction
    if octant is not None:
        gone = np.all((points - np.asarray(corner_pc)) * np.asarray(octant) > 0, axis=1)
        points = points[~gone]
        if len(points) == 0:
            return None
    places = (points / size_pc + 0.5) * (len(field) - 1)
    values = ndimage.map_coordinates(field, places.T[::-1], order=1, mode="nearest")
    at, opacity = zip(*transfer.opacity_points, strict=True)
    step = (far - near) / STEPS / (size_pc / 60.0)
    alpha = 1.0 - (1.0 - np.interp(values, at, opacity).clip(0.0, 0.999)) ** step
    left = np.concatenate([[1.0], np.cumprod(1.0 - alpha)[:-1]])
    seen = alpha * left
    best = int(np.argmax(seen if seen.sum() > FAINT else values))
    x, y, z = (float(value) for value in points[best])
    return Picked((x, y, z), float(values[best]))
