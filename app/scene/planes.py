"""Planes through the gas: where they cut the cube, and one as a picture in the scene."""

from __future__ import annotations

import numpy as np
import pyvista as pv
from numpy.typing import NDArray
from scipy import ndimage
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkTexture

from app.scene.colormaps import colorize
from app.scene.screen_door import ScreenDoor
from app.view_state import LayerState, TransferFunction, Vector3

FRAME_COLOR = "#6d7a8d"
_FRAME_SCALE = 1.004

Plane = tuple[NDArray[np.float64], NDArray[np.float64]]
"""A point on the plane in pc relative to the cube's centre, and the unit normal."""

PLANES = ("x", "y", "z", "free")
"""Names of the planes, as in `LayerState.plane_x` and its like."""


def plane_of(layers: LayerState, name: str, site_pc: Vector3) -> Plane:
    """Return a plane of a view.

    Parameters
    ----------
    layers : LayerState
        Where the planes are.
    name : {"x", "y", "z", "free"}
        Which.
    site_pc : tuple of float
        The explosion, from which distances count.

    Returns
    -------
    Plane
        A point and the normal.
    """
    if name == "free":
        azimuth = np.deg2rad(layers.free_azimuth_deg)
        elevation = np.deg2rad(layers.free_elevation_deg)
        across = np.cos(elevation)
        normal = np.array([across * np.cos(azimuth), across * np.sin(azimuth), np.sin(elevation)])
    else:
        normal = np.eye(3)[PLANES.index(name)]
    distance = float(getattr(layers, f"plane_{name}_pc"))
    return np.asarray(site_pc, dtype=float) + distance * normal, normal


def plane_axes(normal: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two unit vectors that span a plane, aligned with the axes where it is."""
    normal = np.asarray(normal, dtype=float)
    flat = abs(normal[2]) > 0.999
    right = np.array([1.0, 0.0, 0.0]) if flat else np.cross([0.0, 0.0, 1.0], normal)
    right -= normal * (right @ normal)
    right /= np.linalg.norm(right)
    return right, np.cross(normal, right)


def cut_polygon(size_pc: float, plane: Plane) -> NDArray[np.float64]:
    """Cut a cube with a plane.

    Parameters
    ----------
    size_pc : float
        Edge of the cube in pc, centred on 0.
    plane : Plane
        The plane.

    Returns
    -------
    ndarray of float64, (k, 3)
        The corners of the cut in order, k from 3 to 6; empty (0, 3) where the
        plane misses the cube.
    """
    origin, normal = plane
    half = 0.5 * size_pc
    distance, reach = float(origin @ normal), half * float(np.abs(normal).sum())
    if abs(distance) > reach * (1.0 + 1e-4):
        return np.empty((0, 3))
    # A plane in a face of the cube still shows that face.
    distance = float(np.clip(distance, -reach * (1.0 - 1e-6), reach * (1.0 - 1e-6)))
    signs = np.array([[i >> axis & 1 for axis in range(3)] for i in range(8)]) * 2 - 1
    corners = half * signs
    pairs = [(i, i | 1 << axis) for axis in range(3) for i in range(8) if not i >> axis & 1]
    points = []
    for first, second in pairs:
        start, end = corners[first], corners[second]
        before, after = start @ normal - distance, end @ normal - distance
        if (before < 0) != (after < 0):
            points.append(start + (end - start) * (before / (before - after)))
    if len(points) < 3:
        return np.empty((0, 3))
    found = np.array(points)
    right, up = plane_axes(normal)
    from_middle = found - found.mean(axis=0)
    return found[np.argsort(np.arctan2(from_middle @ up, from_middle @ right))]


def sample_plane(
    field: NDArray[np.float32], size_pc: float, plane: Plane, points: int
) -> NDArray[np.float32]:
    """Read the values of a field on a square of a plane.

    Parameters
    ----------
    field : ndarray
        (m, m, m), axes (z, y, x), from face to face of the cube.
    size_pc : float
        Edge of the cube in pc.
    plane : Plane
        The plane.
    points : int
        Points along an edge of the square.

    Returns
    -------
    ndarray of float32, (points, points)
        Rows along the second of `plane_axes`, columns along the first. The
        square is centred where the plane is nearest to the cube's centre and
        wide enough for every cut of the cube (`square_edge`).
    """
    origin, normal = plane
    middle = normal * (origin @ normal)
    right, up = plane_axes(normal)
    # The middles of the picture's pixels.
    places = ((np.arange(points) + 0.5) / points - 0.5) * square_edge(size_pc, normal)
    spacing = size_pc / (len(field) - 1)
    start = (middle + 0.5 * size_pc) / spacing
    coordinates = [
        start[axis] + (up[axis] * places[:, None] + right[axis] * places[None, :]) / spacing
        for axis in (2, 1, 0)
    ]
    sampled: NDArray[np.float32] = ndimage.map_coordinates(
        field, coordinates, order=1, mode="nearest", output=np.float32
    )
    return sampled


def square_edge(size_pc: float, normal: NDArray[np.floating]) -> float:
    """Edge of the square that holds every cut with a plane of this normal, in pc."""
    right, up = plane_axes(normal)
    return float(size_pc * max(np.abs(right).sum(), np.abs(up).sum()))


class PlaneLayer:
    """A plane that shows the gas it cuts, opaque: with the volume nothing else is sound.

    Parameters
    ----------
    line_width : float
        Width of its edge in pixels of the picture.
    """

    def __init__(self, line_width: float = 1.0) -> None:
        self.mapper = vtkPolyDataMapper()
        self.mapper.ScalarVisibilityOff()
        self.texture = vtkTexture()
        self.texture.InterpolateOn()
        self.texture.RepeatOff()
        self.texture.EdgeClampOn()
        self.actor = vtkActor()
        self.actor.SetMapper(self.mapper)
        self.actor.SetTexture(self.texture)
        self.actor.PickableOff()
        self.actor.GetProperty().LightingOff()
        self.frame_mapper = vtkPolyDataMapper()
        self.frame = vtkActor()
        self.frame.SetMapper(self.frame_mapper)
        self.frame.PickableOff()
        edge = self.frame.GetProperty()
        edge.SetColor(*pv.Color(FRAME_COLOR).float_rgb)
        edge.LightingOff()
        edge.SetLineWidth(line_width)
        self._door = ScreenDoor(self.actor)
        self._image: pv.ImageData | None = None
        self._key: tuple[float, bytes, bytes] | None = None
        self.empty = True

    def set_visible(self, visible: bool) -> None:
        """Show it, or not."""
        self.actor.SetVisibility(visible and not self.empty)
        self.frame.SetVisibility(visible and not self.empty)

    def set_opacity(self, opacity: float) -> None:
        """Let 0 to 1 of its pixels through to the eye."""
        self._door.set_opacity(opacity)

    def show(
        self,
        field: NDArray[np.float32],
        size_pc: float,
        plane: Plane,
        transfer: TransferFunction,
    ) -> None:
        """Show the values of a field on a plane.

        Parameters
        ----------
        field : ndarray
            (m, m, m), axes (z, y, x), from face to face of the cube.
        size_pc : float
            Edge of the cube in pc.
        plane : Plane
            Where.
        transfer : TransferFunction
            The colours.
        """
        self._place(size_pc, plane)
        if self.empty:
            return
        points = round(len(field) * square_edge(size_pc, plane[1]) / size_pc)
        values = sample_plane(field, size_pc, plane, points)
        colors = colorize(values, transfer.colormap, transfer.range_dex)
        image = self._image
        if image is None or image.dimensions[0] != points:
            image = self._image = pv.ImageData(dimensions=(points, points, 1))
            image.point_data["color"] = np.ascontiguousarray(colors.reshape(-1, 3))
            image.set_active_scalars("color")
            self.texture.SetInputData(image)
        else:
            image.point_data["color"][:] = colors.reshape(-1, 3)
            image.Modified()

    def _place(self, size_pc: float, plane: Plane) -> None:
        """Move the polygon; nothing happens where it is there already."""
        origin, normal = plane
        key = (size_pc, origin.tobytes(), normal.tobytes())
        if key == self._key:
            return
        self._key = key
        corners = cut_polygon(size_pc, plane)
        self.empty = len(corners) == 0
        if self.empty:
            return
        right, up = plane_axes(normal)
        edge = square_edge(size_pc, normal)
        inside = np.stack([corners @ right, corners @ up], axis=1) / edge + 0.5
        count = len(corners)
        face = pv.PolyData(corners, faces=np.array([count, *range(count)]))
        face.active_texture_coordinates = inside.astype(np.float32)
        self.mapper.SetInputData(face)
        ends = [[2, i, (i + 1) % count] for i in range(count)]
        # Just outside the face, with which it would compete for pixels.
        middle = corners.mean(axis=0)
        around = middle + (corners - middle) * _FRAME_SCALE
        self.frame_mapper.SetInputData(pv.PolyData(around, lines=np.array(ends).ravel()))
