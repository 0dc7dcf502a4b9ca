"""The scene of a whole snapshot: coarse gas, a sample of its particles, the box."""

from __future__ import annotations

import numpy as np
import pyvista as pv
from numpy.typing import NDArray
from pyvista.plotting.plotter import BasePlotter

from app.scene.box import BoxEdges, box_edges
from app.scene.colormaps import colorize
from app.scene.layers import BOX_COLOR, LineLayer, PointLayer, VolumeLayer
from app.scene.prepare import VOLUME_POINTS, fitting_transfer, log_density, refine
from app.scene.stage import BACKGROUND_BOTTOM, BACKGROUND_TOP, place_camera
from app.view_state import CameraState, LayerState, TransferFunction, Vector3
from core.overview import Overview


class OverviewStage:
    """What a plotter shows of a whole snapshot; it never draws by itself (see `Stage`).

    Parameters
    ----------
    plotter : pyvista.BasePlotter
        An interactive or off-screen plotter, made without lights.
    line_width : float
        Width of lines, and two thirds of the size of points, in pixels of the picture.
    """

    def __init__(self, plotter: BasePlotter, line_width: float = 1.0) -> None:
        self._plotter = plotter
        self._camera: CameraState | None = None
        self._layers = LayerState()
        self._coarse = False
        self._grain = 1.0
        self.overview: Overview | None = None
        self.field: NDArray[np.float32] | None = None
        self.transfer = TransferFunction()
        self.volume: VolumeLayer | None = None
        self.points = PointLayer(1.5 * line_width)
        self.box = LineLayer(BOX_COLOR, line_width)
        self.edges: BoxEdges | None = None
        plotter.set_background(BACKGROUND_BOTTOM, top=BACKGROUND_TOP)
        plotter.remove_all_lights()
        plotter.add_light(pv.Light(light_type="headlight"))
        for layer in (self.points, self.box):
            layer.actor.VisibilityOff()
            self._add(layer.actor)

    def _add(self, actor: object) -> None:
        self._plotter.add_actor(actor, reset_camera=False, render=False, pickable=False)

    @property
    def size_pc(self) -> float:
        """Edge of the cube that holds the whole box, in pc."""
        return 60.0 if self.overview is None else float(self.overview.density.size_pc)

    @property
    def center_pc(self) -> Vector3:
        """Centre of the scene in the snapshot's coordinates, in pc."""
        return (0.0, 0.0, 0.0) if self.overview is None else self.overview.density.center_pc

    @property
    def box_pc(self) -> Vector3:
        """Edges of the box in pc."""
        return (60.0,) * 3 if self.overview is None else self.overview.box_pc

    def show(self, overview: Overview | None) -> None:
        """Show a snapshot, or nothing; another frame of the same box changes in place."""
        if overview is self.overview:
            return
        before, self.overview = self.overview, overview
        if overview is None or before is None or before.box_pc != overview.box_pc:
            self._clear()
        if overview is None:
            return
        if self.volume is None:
            self.transfer = fitting_transfer(overview.density.density)
            self.volume = VolumeLayer(VOLUME_POINTS, self.size_pc)
            self.volume.set_coarse(self._coarse, self._grain)
            self._add(self.volume.actor)
        self.field = refine(log_density(overview.density.density), VOLUME_POINTS)
        self.volume.set_data(self.field)
        positions = np.asarray(overview.sample_pc, dtype=np.float64) - np.asarray(self.center_pc)
        values = log_density(np.nan_to_num(overview.sample_densities))
        colors = colorize(values, self.transfer.colormap, self.transfer.range_dex)
        self.points.set_points(positions, colors)
        self.set_layers(self._layers)

    def _clear(self) -> None:
        if self.volume is not None:
            self._plotter.remove_actor(self.volume.actor, reset_camera=False, render=False)
        self.volume = None
        self.field = None
        self.edges = None
        for layer in (self.points, self.box):
            layer.actor.VisibilityOff()

    def set_layers(self, layers: LayerState) -> None:
        """Change which layers are shown, and how strongly."""
        self._layers = layers
        if self.volume is None:
            return
        self.volume.actor.SetVisibility(layers.volume and layers.volume_opacity > 0.0)
        self.volume.set_transfer(self.transfer, layers.volume_opacity)
        self.points.actor.SetVisibility(layers.particles)
        self.box.actor.SetVisibility(layers.box)
        self._arrange()

    def set_coarse(self, coarse: bool, grain: float = 1.0) -> None:
        """Draw faster and less finely."""
        self._coarse, self._grain = coarse, grain
        if self.volume is not None:
            self.volume.set_coarse(coarse, grain)

    def set_camera(self, camera: CameraState) -> None:
        """Move the eye."""
        self._camera = camera
        place_camera(self._plotter.renderer, camera, self.size_pc)
        self._arrange()

    def _arrange(self) -> None:
        """Sort the edges of the box by what lies before them."""
        if self.volume is None or self._camera is None:
            return
        self.edges = box_edges(self._camera, self.box_pc)
        self.box.set_segments(self.edges.back)
