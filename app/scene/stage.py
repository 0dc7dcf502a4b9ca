"""One scene on one plotter: layers, light, background and camera together."""

from __future__ import annotations

import numpy as np
import pyvista as pv
from pyvista.plotting.plotter import BasePlotter
from vtkmodules.vtkRenderingCore import vtkActor

from app.scene import temperature
from app.scene.box import BoxEdges, Octant, box_edges, facing_octant
from app.scene.camera import distance
from app.scene.details import Details
from app.scene.glyphs import VelocityLayer
from app.scene.grips import Veil
from app.scene.layers import (
    BOX_COLOR,
    CUT_COLOR,
    LineLayer,
    PointLayer,
    ShellLayer,
    VolumeLayer,
)
from app.scene.planes import PLANES, PlaneLayer, plane_of
from app.scene.prepare import Array, BoundedCache, PreparedEvolution
from app.scene.surfaces import SurfaceSet
from app.scene.temperature import gas_transfer, shows_temperature
from app.view_state import CameraState, LayerState, TransferFunction, Vector3

BACKGROUND_TOP = "#171b22"
BACKGROUND_BOTTOM = "#0b0d11"
TEMPERATURE_LABEL = f"{temperature.LABEL} [{temperature.UNIT}]"
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
    vtk_camera.SetParallelProjection(camera.parallel)
    vtk_camera.SetParallelScale(distance(camera) * np.tan(np.deg2rad(camera.view_angle / 2)))
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
        self._grain = 1.0
        self._octant: Octant | None = None
        self._corner: Vector3 = (0.0, 0.0, 0.0)
        self._camera: CameraState | None = None
        self.prepared: PreparedEvolution | None = None
        self.details: Details | None = None
        self.frame: int | None = None
        self.volume: VolumeLayer | None = None
        self.box = LineLayer(BOX_COLOR, line_width)
        self.cut = LineLayer(CUT_COLOR, line_width)
        self.edges: BoxEdges | None = None
        self.surfaces = SurfaceSet(role, line_width)
        self.planes = {name: PlaneLayer(line_width) for name in PLANES}
        self.points = PointLayer(1.6 * line_width)
        self.arrows = VelocityLayer()
        plotter.set_background(BACKGROUND_BOTTOM, top=BACKGROUND_TOP)
        plotter.remove_all_lights()
        plotter.add_light(
            pv.Light(position=LIGHT_POSITION, light_type="camera light", intensity=1.0)
        )
        for actor in self._actors():
            self._add(actor)
        self._hide()

    def _actors(self) -> list[vtkActor]:
        """Everything in the scene but the volume."""
        planes = [part for plane in self.planes.values() for part in (plane.actor, plane.frame)]
        surfaces = [layer.actor for layer in self.surfaces.layers.values()]
        lines = [layer.actor for layer in (self.points, self.arrows, self.box, self.cut)]
        return [*surfaces, *planes, *lines]

    def _hide(self) -> None:
        for actor in self._actors():
            actor.VisibilityOff()

    @property
    def shell(self) -> ShellLayer:
        """The surface of the region that the explosion emptied."""
        return self.surfaces.layers["shell"]

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
        self.details = None if prepared is None else Details(prepared)
        self.frame = None
        self.surfaces.forget()
        volume = self.volume
        if volume is not None and (
            prepared is None or not volume.fits(prepared.volume_points, prepared.size_pc)
        ):
            self._remove(volume.actor)
            volume = None
        self.volume = volume
        self.edges = None
        self._hide()
        if prepared is None:
            return
        self._corner = prepared.cut_corner_pc
        if volume is None:
            # A volume that stays costs a new texture only, a new one its shaders too.
            self.volume = volume = VolumeLayer(prepared.volume_points, prepared.size_pc)
            self._add(volume.actor)
        self._octant = None
        volume.set_coarse(self._coarse, self._grain)
        self.set_layers(self._layers)

    def set_details(self, details: Details) -> None:
        """Take more to show of the evolution; what is of another one is not taken."""
        if details.prepared is self.prepared:
            self.details = details
            self._show_parts()

    def show(self, index: int) -> None:
        """Show a frame."""
        if self.prepared is None or self.volume is None or index == self.frame:
            return
        self.frame = index
        self._show_gas()
        self._show_parts()

    @property
    def shows_temperature(self) -> bool:
        """Whether the gas is coloured by its temperature."""
        return shows_temperature(self._layers, self.prepared)

    @property
    def gas_transfer(self) -> TransferFunction:
        """Colours and opacities of what the volume and the planes show."""
        return gas_transfer(self.prepared, self._layers, self._transfer)

    @property
    def scale(self) -> tuple[str, TransferFunction] | None:
        """What the colours of the gas mean, where it is not the density."""
        return (TEMPERATURE_LABEL, self.gas_transfer) if self.shows_temperature else None

    @property
    def caption(self) -> str:
        """What the arrows mean."""
        details = self.details
        if details is None or not self._layers.velocity or not details.has_velocity:
            return ""
        return f"Longest arrows: {details.usual_speed_kms / self._layers.velocity_scale:.3g} km/s"

    def gas(self, index: int) -> Array:
        """Return what the volume and the planes show of a frame, refined, axes (z, y, x)."""
        assert self.prepared is not None
        assert self.details is not None
        if self.shows_temperature:
            return self.details.temperature(index)
        return self.prepared.volume(index)

    @property
    def veil(self) -> Veil:
        """What hides the planes where it lies before them."""
        prepared, frame, layers = self.prepared, self.frame, self._layers
        if prepared is None or frame is None:
            return Veil()
        gas = self.gas(frame) if layers.volume and layers.volume_opacity > 0.2 else None
        level = layers.shell_level
        closed = layers.shell and layers.shell_style == "solid" and layers.shell_opacity > 0.5
        # What is not drawn yet is not made for this.
        known = closed and prepared.has_control and prepared.is_ready(frame, level)
        shell = prepared.shell(frame, level) if known else None
        return Veil(gas, self.gas_transfer, self._octant, self._corner, shell)

    def _show_gas(self) -> None:
        if self.volume is not None and self.frame is not None:
            self.volume.set_data(self.gas(self.frame))

    def _show_parts(self) -> None:
        """Show everything of a frame but the volume."""
        details, frame, layers = self.details, self.frame, self._layers
        if details is None or frame is None:
            return
        self.surfaces.show(details, frame, layers)
        self._show_planes()
        self._show_points()
        arrows = layers.velocity and details.has_velocity
        self.arrows.actor.SetVisibility(arrows)
        if arrows:
            speed = details.usual_speed_kms
            self.arrows.show(details.arrows(frame), speed, layers.velocity_scale)

    def _show_planes(self) -> None:
        prepared, frame, layers = self.prepared, self.frame, self._layers
        if prepared is None or frame is None:
            return
        for name, layer in self.planes.items():
            shown = getattr(layers, f"plane_{name}") and layers.planes_opacity > 0.0
            if shown:
                where = plane_of(layers, name, prepared.site_pc)
                layer.show(self.gas(frame), prepared.size_pc, where, self.gas_transfer)
                layer.set_opacity(layers.planes_opacity)
            layer.set_visible(shown)

    def _show_points(self) -> None:
        details, frame, layers = self.details, self.frame, self._layers
        sample = None
        if layers.cube_particles and details is not None and frame is not None:
            sample = details.particles.get(frame)
        self.points.actor.SetVisibility(sample is not None)
        if sample is not None and details is not None and frame is not None:
            time = float(details.prepared.times_myr[frame])
            colors = sample.colors(self._transfer, time, highlight=layers.reached_particles)
            self.points.set_points(sample.positions_pc, colors)

    def set_transfer(self, transfer: TransferFunction) -> None:
        """Change the colours and opacities of the gas."""
        self._transfer = transfer
        if self.volume is not None:
            self.volume.set_transfer(self.gas_transfer, self._layers.volume_opacity)
            self._show_planes()
            self._show_points()

    def set_layers(self, layers: LayerState) -> None:
        """Change which layers are shown, and how strongly."""
        field_before, self._layers = self._layers.volume_field, layers
        if self.volume is None:
            return
        if field_before != layers.volume_field:
            self._show_gas()
        self._show_parts()
        self.volume.actor.SetVisibility(layers.volume and layers.volume_opacity > 0.0)
        self.volume.set_transfer(self.gas_transfer, layers.volume_opacity)
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

    def set_coarse(self, coarse: bool, grain: float = 1.0) -> None:
        """Draw faster and less finely."""
        self._coarse, self._grain = coarse, grain
        if self.volume is not None:
            self.volume.set_coarse(coarse, grain)

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
