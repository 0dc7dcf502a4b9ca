"""The shell's surface: an isosurface, smoothed without shrinking."""

from __future__ import annotations

import numpy as np
import pyvista as pv
from numpy.typing import NDArray
from vtkmodules.vtkFiltersCore import vtkQuadricClustering

SMOOTHING_STEPS = 60
PASS_BAND = 0.08

MAX_TRIANGLES = 200_000
"""More take software rendering longer to draw than to make."""


def isosurface(field: NDArray[np.float32], size_pc: float) -> pv.PolyData:
    """Extract the zero surface of a field.

    Parameters
    ----------
    field : ndarray
        (m, m, m), axes (z, y, x), from face to face of the cube; negative
        inside.
    size_pc : float
        Edge of the cube in pc.

    Returns
    -------
    pyvista.PolyData
        Triangles with normals, in pc relative to the cube's centre; closed
        where the region leaves the cube; empty when there is none.

    Notes
    -----
    Flying edges (Schroeder, Maynard & Geveci 2015), then Taubin smoothing
    (Taubin 1995), which keeps the volume. Of a surface of more than
    `MAX_TRIANGLES`, points that are close together are merged before.
    """
    outside = np.float32(max(float(np.abs(field).max(initial=0.0)), 1e-3))
    if not (field < 0.0).any():
        return pv.PolyData()
    padded = np.pad(field, 1, constant_values=outside)
    spacing = size_pc / (len(field) - 1)
    grid = pv.ImageData(
        dimensions=padded.shape[::-1], spacing=(spacing,) * 3, origin=(-size_pc / 2 - spacing,) * 3
    )
    grid.point_data["field"] = padded.ravel()
    surface = grid.contour([0.0], scalars="field", method="flying_edges", compute_scalars=False)
    if surface.n_cells == 0:
        return pv.PolyData()
    if surface.n_cells > MAX_TRIANGLES:
        surface = _thinned(surface, spacing)
    smooth = surface.smooth_taubin(n_iter=SMOOTHING_STEPS, pass_band=PASS_BAND)
    smooth.compute_normals(
        cell_normals=False, split_vertices=False, consistent_normals=False, inplace=True
    )
    return smooth


def _thinned(surface: pv.PolyData, spacing: float) -> pv.PolyData:
    """Merge the points in each cell of a grid, the finest that leaves few enough triangles."""
    bin_pc = spacing
    for _ in range(8):
        bin_pc *= 1.5
        clusters = vtkQuadricClustering()
        clusters.SetInputData(surface)
        clusters.AutoAdjustNumberOfDivisionsOff()
        counts = [max(round(extent / bin_pc), 2) for extent in surface.bounds_size]
        clusters.SetNumberOfDivisions(*counts)
        clusters.CopyCellDataOff()
        clusters.Update()
        fewer = pv.wrap(clusters.GetOutput())
        if fewer.n_cells <= MAX_TRIANGLES:
            break
    return fewer.clean()
