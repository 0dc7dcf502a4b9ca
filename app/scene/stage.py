"""One scene on one plotter: layers, light, background and camera together."""

from __future__ import annotations

import pyvista as pv
from pyvista.plotting.plotter import BasePlotter

from app.scene.box import BoxEdges, Octant, box_edges, facing_octant
from app.scene.layers import BOX_COLOR, CUT_COLOR, LineLayer, ShellLayer, VolumeLayer
from app.scene.prepare import BoundedCache, PreparedEvolution
from app.scene.surface import isosurface
from app.view_state import CameraState, LayerState, TransferFunction, Vector3

BACKGROUND_TOP = "#171b22"
BACKGROUND_BOTTOM = "#0b0d11"
LIGHT_POSITION = (-0.3, 0.45, 1.0)  # in the camera's frame: a little more form than a headlight


def place_camera(renderer: pv.Renderer, camera: CameraState, size_pc: float) -> None:
    """Move the eye of a scene.

    Parameters
    ----------
    renderer : pyvista.Renderer
        What draws the scene.
    camera : CameraState
        Where the eye is.
    size_pc : float
        Edge of the cube that must not be clipped, in pc.
    """
    renderer.camera_set = True  # PyVista does not choose one of its own
    vtk_camera = renderer.GetActiveCamera()
    vtk_camera.SetPosition(*camera.position)
    vtk_camera.SetFocalPoint(*camera.focal_point)
    vtk_camera.SetViewUp(*camera.view_up)
    vtk_camera.SetViewAngle(camera.view_angle)
    half = 0.51 * size_pc
    renderer.ResetCameraClippingRange(-half, half, -half, half, -half, half)


class Stage:
    """What a plotter shows of one evolution.

    The same class serves a live view and a picture made off screen, so both
    look the same. It never draws: whoever owns the plotter decides when.

    Parameters
    ----------
    plotter : pyvista.BasePlotter
        An interactive or off-screen plotter, made without lights.
    role : str
        "truth" or "forecast".
    line_width : float
        Width of lines in pixels of the plotter's picture.
    """

    def __init__(self, plotter: BasePlotter, role: str, line_width: float = 1.0) -> None:
        self._plotter = plotter
        self._transfer = TransferFunction()
        self._layers = LayerState()
        self._coarse = False
        self._octant: Octant | None = None
        self._corner: Vector3 = (0.0, 0.0, 0.0)
        self._camera: CameraState | None = None
        self.prepared: PreparedEvolution | None = None
        self.frame: int | None = None
        self._surfaces: BoundedCache[pv.PolyData] = self._new_cache()
        self.volume: VolumeLayer | None = None
        self.box = LineLayer(BOX_COLOR, line_width)
        self.cut = LineLayer(CUT_COLOR, line_width)
        self.edges: BoxEdges | None = None
        self.shell = ShellLayer(role)
        plotter.set_background(BACKGROUND_BOTTOM, top=BACKGROUND_TOP)
        plotter.remove_all_lights()
        plotter.add_light(
            pv.Light(position=LIGHT_POSITION, light_type="camera light", intensity=1.0)
        )
        for layer in (self.shell, self.box, self.cut):
            layer.actor.VisibilityOff()
            self._add(layer.actor)

    @staticmethod
    def _new_cache() -> BoundedCache[pv.PolyData]:
        return BoundedCache(64 * 2**20, lambda surface: surface.actual_memory_size * 1024)

    def _add(self, actor: object) -> None:
        self._plotter.add_actor(actor, reset_camera=False, render=False, pickable=False)

    def _remove(self, actor: object) -> None:
        self._plotter.remove_actor(actor, reset_camera=False, render=False)

    def set_evolution(self, prepared: PreparedEvolution | None) -> None:
        """Show another evolution, or nothing; `show` brings a frame of it."""
        self.prepared = prepared
        self.frame = None
        self._surfaces = self._new_cache()
        if self.volume is not None:
            self._remove(self.volume.actor)
        self.volume = None
        self.edges = None
        for layer in (self.shell, self.box, self.cut):
            layer.actor.VisibilityOff()
        if prepared is None:
            return
        self._corner = prepared.cut_corner_pc
        self.volume = VolumeLayer(prepared.volume_points, prepared.size_pc)
        self._add(self.volume.actor)
        self._octant = None
        self.volume.set_coarse(self._coarse)
        self.set_layers(self._layers)

    def show(self, index: int) -> None:
        """Show a frame."""
        if self.prepared is None or self.volume is None or index == self.frame:
            return
        self.frame = index
        self.volume.set_data(self.prepared.volume(index))
        self._show_shell()

    def _show_shell(self) -> None:
        prepared, frame, level = self.prepared, self.frame, self._layers.shell_level
        visible = self._layers.shell and self._layers.shell_opacity > 0.0
        if prepared is None or frame is None or not prepared.has_control or not visible:
            self.shell.actor.SetVisibility(False)
            return

        def make() -> pv.PolyData:
            field = prepared.shell(frame, level)
            return pv.PolyData() if field is None else isosurface(field, prepared.size_pc)

        surface = self._surfaces.get((frame, level), make)
        self.shell.set_surface(surface)
        self.shell.actor.SetVisibility(surface.n_cells > 0)

    def set_transfer(self, transfer: TransferFunction) -> None:
        """Change the colours and opacities of the gas."""
        self._transfer = transfer
        if self.volume is not None:
            self.volume.set_transfer(transfer, self._layers.volume_opacity)

    def set_layers(self, layers: LayerState) -> None:
        """Change which layers are shown, and how strongly."""
        self._layers = layers
        self.shell.set_opacity(layers.shell_opacity)
        self._show_shell()
        if self.volume is None:
            return
        self.volume.actor.SetVisibility(layers.volume and layers.volume_opacity > 0.0)
        self.volume.set_transfer(self._transfer, layers.volume_opacity)
        self.box.actor.SetVisibility(layers.box)
        self.cut.actor.SetVisibility(layers.box)
        self._arrange()

    @property
    def octant(self) -> Octant | None:
        """The octant of the gas that is cut away, if any."""
        return self._octant

    @property
    def coarse(self) -> bool:
        """Whether the gas is drawn coarsely."""
        return self._coarse

    def set_coarse(self, coarse: bool) -> None:
        """Draw faster and less finely."""
        self._coarse = coarse
        if self.volume is not None:
            self.volume.set_coarse(coarse)

    def set_camera(self, camera: CameraState) -> None:
        """Move the eye; the cut follows it."""
        self._camera = camera
        size_pc = self.prepared.size_pc if self.prepared is not None else 60.0
        place_camera(self._plotter.renderer, camera, size_pc)
        self._arrange()

    def _arrange(self) -> None:
        """Turn the cut towards the eye, and sort the edges by what lies before them."""
        prepared, camera = self.prepared, self._camera
        if self.volume is None or prepared is None or camera is None:
            return
        octant = None
        if self._layers.cut and self._layers.volume:
            octant = facing_octant(camera, self._corner, self._octant)
        self._octant = octant
        self.volume.set_cut(octant, self._corner)
        self.edges = box_edges(camera, prepared.size_pc, octant, self._corner)
        self.box.set_segments(self.edges.back)
        self.cut.set_segments(self.edges.cut_back)
