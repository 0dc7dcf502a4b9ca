"""The layers of a view: gas, shell and box, each a small class around one VTK actor.

They know nothing of windows: any PyVista plotter, on screen or off, shows them.
Data change in place and actors stay, so that moving through time is cheap.
"""

from __future__ import annotations

import numpy as np
import pyvista as pv
from numpy.typing import NDArray
from vtkmodules.vtkCommonDataModel import vtkPiecewiseFunction
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkColorTransferFunction,
    vtkPolyDataMapper,
    vtkVolume,
    vtkVolumeProperty,
)
from vtkmodules.vtkRenderingVolume import vtkGPUVolumeRayCastMapper

from app.scene.box import Octant
from app.scene.colormaps import ROLE_COLORS, lookup_table
from app.scene.screen_door import ScreenDoor
from app.view_state import TransferFunction, Vector3

BOX_COLOR = "#525a67"
CUT_COLOR = "#527390"

_ALL_REGIONS = (1 << 27) - 1
_MIDDLE_REGION = 1 << 13


class VolumeLayer:
    """The gas: a ray-cast volume of log10 density.

    Parameters
    ----------
    points : int
        Points along an edge.
    size_pc : float
        Edge of the cube in pc.
    """

    def __init__(self, points: int, size_pc: float) -> None:
        self.size_pc = size_pc
        self.spacing = size_pc / (points - 1)
        self.grid = pv.ImageData(
            dimensions=(points,) * 3, spacing=(self.spacing,) * 3, origin=(-size_pc / 2,) * 3
        )
        self.grid.point_data["log_density"] = np.zeros(points**3, np.float32)
        self.grid.set_active_scalars("log_density")
        self.mapper = vtkGPUVolumeRayCastMapper()
        self.mapper.SetInputData(self.grid)
        self.mapper.AutoAdjustSampleDistancesOff()
        self.mapper.UseJitteringOn()
        self._color = vtkColorTransferFunction()
        self._opacity = vtkPiecewiseFunction()
        look = vtkVolumeProperty()
        look.SetColor(self._color)
        look.SetScalarOpacity(self._opacity)
        # A larger box is not more opaque: the look depends on its edges, not on parsecs.
        look.SetScalarOpacityUnitDistance(size_pc / 60.0)
        look.SetInterpolationTypeToLinear()
        look.ShadeOff()
        self.actor = vtkVolume()
        self.actor.SetMapper(self.mapper)
        self.actor.SetProperty(look)
        self.actor.PickableOff()
        self.set_coarse(False)

    def fits(self, points: int, size_pc: float) -> bool:
        """Whether it has these points along an edge and this size."""
        return self.grid.dimensions[0] == points and self.size_pc == size_pc

    def set_data(self, values: NDArray[np.float32]) -> None:
        """Show other values, (m, m, m) with axes (z, y, x)."""
        self.grid.point_data["log_density"][:] = values.ravel()

    def set_transfer(self, transfer: TransferFunction, strength: float = 1.0) -> None:
        """Map log10 density to colour and opacity; `strength` scales the opacity."""
        low, high = transfer.range_dex
        table = lookup_table(transfer.colormap, 64) / 255.0
        self._color.RemoveAllPoints()
        for place, color in zip(np.linspace(low, high, len(table)), table, strict=True):
            self._color.AddRGBPoint(place, *color)
        self._opacity.RemoveAllPoints()
        for place, opacity in transfer.opacity_points:
            self._opacity.AddPoint(place, float(np.clip(opacity * strength, 0.0, 1.0)))

    def set_coarse(self, coarse: bool, grain: float = 1.0) -> None:
        """Sample half as densely along and across the rays, while things move.

        Parameters
        ----------
        coarse : bool
            Whether they do.
        grain : float
            Pixels from ray to ray when they do not.
        """
        self.mapper.SetSampleDistance(self.spacing * (2.0 if coarse else 1.0))
        self.mapper.SetImageSampleDistance(2.0 if coarse else grain)

    def set_cut(self, octant: Octant | None, corner_pc: Vector3) -> None:
        """Cut away the octant beyond a corner.

        Parameters
        ----------
        octant : tuple of int or None
            -1 or 1 along each axis; None for no cut.
        corner_pc : tuple of float
            Where the three planes of the cut meet.
        """
        if octant is None:
            self.mapper.CroppingOff()
            return
        far = self.size_pc
        planes: list[float] = []
        for sign, corner in zip(octant, corner_pc, strict=True):
            planes += [corner, far] if sign > 0 else [-far, corner]
        self.mapper.SetCroppingRegionPlanes(*planes)
        self.mapper.SetCroppingRegionFlags(_ALL_REGIONS & ~_MIDDLE_REGION)
        self.mapper.CroppingOn()


class ShellLayer:
    """A surface in one colour, opaque and smooth, or the rings on it.

    Parameters
    ----------
    role : str
        "truth" (gold), "forecast" (rose) or "third" (grey), or a colour of
        its own, such as "#ffb0d0".
    ring_width : float
        Width of rings in pixels of the picture.
    ring_color : str, optional
        Colour of rings; by default the surface's. A thin line has to be
        paler to seem of the same colour.
    """

    def __init__(self, role: str, ring_width: float = 1.5, ring_color: str | None = None) -> None:
        self.mapper = vtkPolyDataMapper()
        self.mapper.ScalarVisibilityOff()
        self.actor = vtkActor()
        self.actor.SetMapper(self.mapper)
        self.actor.PickableOff()
        color = ROLE_COLORS.get(role, role)
        self._colors = (pv.Color(color).float_rgb, pv.Color(ring_color or color).float_rgb)
        look = self.actor.GetProperty()
        look.SetColor(*self._colors[0])
        look.SetInterpolationToPhong()
        look.SetAmbient(0.16)
        look.SetDiffuse(0.90)
        look.SetSpecular(0.28)
        look.SetSpecularPower(32)
        look.SetLineWidth(ring_width)
        self.n_triangles = 0
        self._door = ScreenDoor(self.actor)

    def set_surface(self, surface: pv.PolyData, *, rings: bool = False) -> None:
        """Show another surface, or lines in its place."""
        self.n_triangles = 0 if rings else surface.n_cells
        look = self.actor.GetProperty()
        look.SetLighting(not rings)
        look.SetColor(*self._colors[rings])
        self.mapper.SetInputData(surface)

    def set_opacity(self, opacity: float) -> None:
        """Let 0 to 1 of the surface's pixels through to the eye."""
        self._door.set_opacity(opacity)


class PointLayer:
    """Particles: opaque points of a few pixels, each in its own colour.

    Parameters
    ----------
    size : float
        Their size in pixels of the picture.
    """

    def __init__(self, size: float = 2.0) -> None:
        self.mapper = vtkPolyDataMapper()
        self.mapper.SetColorModeToDirectScalars()
        self.actor = vtkActor()
        self.actor.SetMapper(self.mapper)
        self.actor.PickableOff()
        look = self.actor.GetProperty()
        look.LightingOff()
        look.SetPointSize(size)

    def set_points(self, positions_pc: NDArray, colors: NDArray[np.uint8]) -> None:
        """Show other points.

        Parameters
        ----------
        positions_pc : ndarray
            (k, 3) in pc relative to the centre.
        colors : ndarray of uint8
            (k, 3) sRGB.
        """
        points = pv.PolyData()
        if len(positions_pc):
            points = pv.PolyData(np.ascontiguousarray(positions_pc, dtype=np.float32))
            points.point_data["color"] = np.ascontiguousarray(colors)
            points.set_active_scalars("color")
        self.mapper.SetInputData(points)


class LineLayer:
    """Straight lines in one colour.

    They are opaque: translucent ones make the volume vanish at some angles.

    Parameters
    ----------
    color : str
        The colour.
    width : float
        Width in pixels of the picture.
    """

    def __init__(self, color: str, width: float = 1.0) -> None:
        self.mapper = vtkPolyDataMapper()
        self.mapper.ScalarVisibilityOff()
        self.actor = vtkActor()
        self.actor.SetMapper(self.mapper)
        self.actor.PickableOff()
        look = self.actor.GetProperty()
        look.SetColor(*pv.Color(color).float_rgb)
        look.LightingOff()
        look.SetLineWidth(width)
        self._segments: NDArray | None = None

    def set_segments(self, segments: NDArray) -> None:
        """Show other lines, (k, 2, 3) in pc."""
        if self._segments is not None and np.array_equal(segments, self._segments):
            return
        self._segments = segments
        count = len(segments)
        if count == 0:
            self.mapper.SetInputData(pv.PolyData())
            return
        ends = np.arange(2 * count).reshape(count, 2)
        cells = np.hstack([np.full((count, 1), 2), ends]).ravel()
        self.mapper.SetInputData(pv.PolyData(segments.reshape(-1, 3), lines=cells))
