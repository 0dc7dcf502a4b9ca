"""The surface of a shell as triangles, and distances to it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.cubes import Vector3

Vectors = NDArray[np.float64]

_CANDIDATES = 6  # nearest triangles, by centroid, that are measured exactly


@dataclass(frozen=True, eq=False)
class Surface:
    """A surface made of triangles; it may be empty, or open at the cube's faces.

    Parameters
    ----------
    vertices_pc : ndarray of float, (V, 3)
        Corners in pc.
    triangles : ndarray of int, (F, 3)
        Indices of the corners of each triangle, counter-clockwise as seen
        from the side of the higher ratio (outside a cavity).
    """

    vertices_pc: Vectors
    triangles: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.triangles)

    @property
    def corners_pc(self) -> Vectors:
        """Corners of each triangle, (F, 3, 3), pc."""
        return self.vertices_pc[self.triangles]

    @property
    def areas_pc2(self) -> NDArray[np.float64]:
        """Area of each triangle, (F,), pc^2."""
        corners = self.corners_pc
        cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        return np.asarray(0.5 * np.linalg.norm(cross, axis=1))

    @property
    def area_pc2(self) -> float:
        """Total area, pc^2."""
        return float(self.areas_pc2.sum())

    @property
    def volume_pc3(self) -> float:
        """Enclosed volume, pc^3; means something only for a closed surface."""
        a, b, c = np.moveaxis(self.corners_pc, 1, 0)
        return float((a * np.cross(b, c)).sum() / 6.0)


def surface(
    ratio: ArrayLike,
    level: float,
    voxel_pc: float,
    center_pc: Vector3 = (0.0, 0.0, 0.0),
) -> Surface:
    """Extract the iso-surface of the density ratio, by marching cubes.

    Parameters
    ----------
    ratio : array_like of float, (n, n, n)
        Density over control, finite.
    level : float
        The ratio on the surface: 0.9 bounds the affected region, 0.5 the
        cavity.
    voxel_pc : float
        Edge length of a voxel in pc.
    center_pc : tuple of float
        Position of the cube's centre in pc.

    Returns
    -------
    Surface
        Empty if the ratio does not cross the level.
    """
    from skimage.measure import marching_cubes

    values = np.asarray(ratio, dtype=np.float32)
    if not values.min() < level < values.max():
        return Surface(np.empty((0, 3)), np.empty((0, 3), dtype=np.int64))
    vertices, triangles, _, _ = marching_cubes(values, level, gradient_direction="descent")
    middle = 0.5 * (np.array(values.shape) - 1.0)
    found = Surface(
        (vertices.astype(np.float64) - middle) * voxel_pc + np.asarray(center_pc),
        triangles.astype(np.int64),
    )
    # Slivers without area have no normal, and add nothing.
    keep = found.areas_pc2 > 1e-9 * voxel_pc**2
    return Surface(found.vertices_pc, found.triangles[keep])


def distances_to_surface(points_pc: ArrayLike, target: Surface) -> NDArray[np.float64]:
    """Distance of points from a surface.

    Exact for the triangles whose centroids are nearest to each point; as
    the triangles of marching cubes are smaller than a voxel, so is by far
    any error.

    Parameters
    ----------
    points_pc : array_like of float, (N, 3)
        The points, in pc.
    target : Surface
        The surface.

    Returns
    -------
    ndarray of float64, (N,)
        Distances in pc; NaN if the surface is empty.
    """
    from scipy.spatial import cKDTree

    points = np.asarray(points_pc, dtype=np.float64).reshape(-1, 3)
    if len(target) == 0:
        return np.full(len(points), math.nan)
    corners = target.corners_pc
    count = min(_CANDIDATES, len(target))
    _, nearest = cKDTree(corners.mean(axis=1)).query(points, k=count)
    chosen = corners[np.reshape(nearest, (len(points), count))]
    squared = _squared_to_triangles(points[:, None, :], *np.moveaxis(chosen, 2, 0))
    return np.asarray(np.sqrt(squared.min(axis=1)))


def _squared_to_triangles(point: Vectors, a: Vectors, b: Vectors, c: Vectors) -> Vectors:
    """Squared distance from points to triangles, for arrays of both.

    The distance to the plane if the foot of the perpendicular lies inside the
    triangle, else to the nearest edge.
    """
    normal = np.cross(b - a, c - a)
    height = _dot(point - a, normal)
    inside = np.ones(height.shape, dtype=bool)
    to_edges = np.full(height.shape, np.inf)
    for start, end in ((a, b), (b, c), (c, a)):
        edge, offset = end - start, point - start
        inside &= _dot(np.cross(edge, offset), normal) >= 0
        along = np.clip(_dot(offset, edge) / np.maximum(_dot(edge, edge), 1e-30), 0.0, 1.0)
        away = offset - along[..., None] * edge
        to_edges = np.minimum(to_edges, _dot(away, away))
    to_plane = height**2 / np.maximum(_dot(normal, normal), 1e-30)
    return np.where(inside, to_plane, to_edges)


def _dot(left: Vectors, right: Vectors) -> Vectors:
    return np.asarray(np.einsum("...i,...i->...", left, right))
