"""Arrows of the gas's velocity on a coarse lattice."""

from __future__ import annotations

import numpy as np
import pyvista as pv
from vtkmodules.vtkFiltersCore import vtkGlyph3D
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from app.scene.details import Arrows

COLOR = "#cfd8e6"
LONGEST = 1.0
"""Lattice spacings: longer arrows would run into each other."""

SHORTEST = 0.18
"""Shorter ones are left out: dots say nothing."""


def arrow_lengths(
    arrows: Arrows, usual_speed_kms: float, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Choose which arrows are drawn, and how long.

    Parameters
    ----------
    arrows : Arrows
        The velocities.
    usual_speed_kms : float
        The speed that is drawn one lattice spacing long.
    scale : float
        A factor on the length.

    Returns
    -------
    shown : ndarray of int
        The arrows that are long enough to be seen.
    length_pc : ndarray of float
        Their lengths: proportional to the speed, up to `LONGEST` spacings.
    """
    speeds = np.linalg.norm(arrows.velocities_kms, axis=1)
    lengths = np.minimum(scale * speeds / usual_speed_kms, LONGEST)
    shown = np.flatnonzero(lengths >= SHORTEST)
    return shown, lengths[shown] * arrows.spacing_pc


class VelocityLayer:
    """The arrows, in one pale colour: density has the others."""

    def __init__(self) -> None:
        arrow = pv.Arrow(
            start=(-0.5, 0.0, 0.0),
            tip_length=0.34,
            tip_radius=0.13,
            tip_resolution=10,
            shaft_radius=0.036,
            shaft_resolution=8,
        )
        self._glyphs = vtkGlyph3D()
        self._glyphs.SetSourceData(arrow)
        self._glyphs.SetInputData(pv.PolyData())
        self._glyphs.SetVectorModeToUseVector()
        self._glyphs.SetScaleModeToScaleByVector()
        self._glyphs.OrientOn()
        self.mapper = vtkPolyDataMapper()
        self.mapper.ScalarVisibilityOff()
        self.mapper.SetInputConnection(self._glyphs.GetOutputPort())
        self.actor = vtkActor()
        self.actor.SetMapper(self.mapper)
        self.actor.PickableOff()
        look = self.actor.GetProperty()
        look.SetColor(*pv.Color(COLOR).float_rgb)
        look.SetAmbient(0.35)
        look.SetDiffuse(0.7)
        self.count = 0

    def show(self, arrows: Arrows, usual_speed_kms: float, scale: float = 1.0) -> None:
        """Show other velocities.

        Parameters
        ----------
        arrows : Arrows
            The velocities.
        usual_speed_kms : float
            The speed that is drawn one lattice spacing long.
        scale : float
            A factor on the length.
        """
        shown, lengths = arrow_lengths(arrows, usual_speed_kms, scale)
        self.count = len(shown)
        points = pv.PolyData()
        if self.count:
            points = pv.PolyData(arrows.positions_pc[shown])
            velocities = arrows.velocities_kms[shown]
            speeds = np.linalg.norm(velocities, axis=1, keepdims=True)
            points.point_data["arrow"] = velocities / speeds * lengths[:, None]
            points.set_active_vectors("arrow")
        self._glyphs.SetInputData(points)
