"""Surfaces beside the shell's: rings on a surface, and the star-shaped dense shell."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyvista as pv
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from app.view_state import Vector3

RINGS_PER_EDGE = 30
"""Level planes along an edge of the cube: 2 pc apart in the usual one."""

_SMOOTHING = 6
_ODD_ONE = 0.35  # relative distance from its neighbours at which a radius is of another clump


def rings(surface: pv.PolyData, size_pc: float, per_edge: int = RINGS_PER_EDGE) -> pv.PolyData:
    """Cut a surface with level planes: closed lines read at once where a mesh is noise.

    Parameters
    ----------
    surface : pyvista.PolyData
        Triangles.
    size_pc : float
        Edge of the cube in pc, centred on 0.
    per_edge : int
        Level planes along the cube's edge.

    Returns
    -------
    pyvista.PolyData
        Lines; empty where the surface is.
    """
    if surface.n_cells == 0:
        return pv.PolyData()
    step = size_pc / per_edge
    _, _, _, _, low, high = surface.bounds
    first, last = np.ceil(low / step), np.floor(high / step)
    # A body thinner than the distance of the planes still gets one ring.
    levels = np.arange(first, last + 1) * step if last >= first else [0.5 * (low + high)]
    plain = pv.PolyData(surface.points, faces=surface.faces)
    plain.point_data["height"] = np.ascontiguousarray(surface.points[:, 2])
    lines = plain.contour(list(levels), scalars="height", compute_normals=False)
    if lines.n_cells == 0:
        return pv.PolyData()
    return pv.PolyData(lines.points, lines=lines.lines)


@cache
def _sphere(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Triangles between the directions of a Fibonacci sphere, and its neighbours as pairs."""
    from core.shells.radius import fibonacci_directions

    directions = fibonacci_directions(count)
    triangles = ConvexHull(directions).simplices
    a, b, c = (directions[triangles[:, i]] for i in range(3))
    inward = np.einsum("ij,ij->i", np.cross(b - a, c - a), a) < 0
    triangles[inward] = triangles[inward][:, [0, 2, 1]]
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return triangles, pairs[:, 0], pairs[:, 1]


def _neighbour_mean(
    values: NDArray[np.float64], left: NDArray[np.intp], right: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Mean over the neighbours that have a value; NaN where none has."""
    known = np.isfinite(values[right])
    total = np.bincount(left[known], values[right[known]], len(values))
    count = np.bincount(left[known], minlength=len(values))
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)


def star_surface(
    radii_pc: NDArray[np.floating], directions: NDArray[np.floating], site_pc: Vector3
) -> pv.PolyData:
    """Span a surface through a radius in each direction.

    Parameters
    ----------
    radii_pc : ndarray, (k,)
        Radii along a Fibonacci sphere; NaN leaves a hole.
    directions : ndarray, (k, 3)
        The directions.
    site_pc : tuple of float
        The centre, relative to the cube's, in pc.

    Returns
    -------
    pyvista.PolyData
        Triangles with normals; empty where no three neighbours have a radius.

    Notes
    -----
    The radius of greatest compression jumps where a ray meets a dense clump
    far from the shell. A radius that differs by more than a third from the
    mean of its neighbours is left out, and the others are averaged with
    their neighbours a few times.
    """
    triangles, left, right = _sphere(len(directions))
    radii = np.asarray(radii_pc, dtype=np.float64).copy()
    for _ in range(3):
        around = _neighbour_mean(radii, left, right)
        with np.errstate(invalid="ignore"):
            radii[np.abs(radii - around) > _ODD_ONE * around] = np.nan
    for _ in range(_SMOOTHING):
        around = _neighbour_mean(radii, left, right)
        radii = np.where(np.isfinite(radii), 0.5 * (radii + around), radii)
    kept = triangles[np.isfinite(radii[triangles]).all(axis=1)]
    if len(kept) == 0:
        return pv.PolyData()
    points = np.asarray(site_pc) + np.nan_to_num(radii)[:, None] * directions
    surface = pv.PolyData.from_regular_faces(points.astype(np.float32), kept).clean()
    surface.compute_normals(
        cell_normals=False, split_vertices=False, consistent_normals=False, inplace=True
    )
    return surface
