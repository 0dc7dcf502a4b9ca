"""The scene of the third view: what is drawn, and the shells it is compared with as rings."""

from __future__ import annotations

from functools import partial

import pyvista as pv
from pyvista.plotting.plotter import BasePlotter
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from app.scene.prepare import Array, BoundedCache, PreparedEvolution
from app.scene.rings import rings
from app.scene.stage import Stage
from app.scene.surface import isosurface
from app.view_state import LayerState

RING_COLORS = {"truth": "#ffd88f", "forecast": "#ff9cc6"}
"""Paler than surfaces: a thin line has to be brighter to be of the same colour."""

RING_WIDTH = 1.5
RINGS_PER_EDGE = 18
"""Far enough from each other that two sets of them can be told apart."""


class RingLayer:
    """Level lines of a surface.

    They are opaque: translucent ones make the volume vanish at some angles.

    Parameters
    ----------
    color : str
        The colour.
    width : float
        Width in pixels of the picture.
    """

    def __init__(self, color: str, width: float) -> None:
        self.mapper = vtkPolyDataMapper()
        self.mapper.ScalarVisibilityOff()
        self.actor = vtkActor()
        self.actor.SetMapper(self.mapper)
        self.actor.PickableOff()
        self.actor.VisibilityOff()
        look = self.actor.GetProperty()
        look.SetColor(*pv.Color(color).float_rgb)
        look.LightingOff()
        look.SetLineWidth(width)

    def set_lines(self, lines: pv.PolyData) -> None:
        """Show other lines; none hides the layer."""
        self.mapper.SetInputData(lines)
        self.actor.SetVisibility(lines.n_cells > 0)


class ThirdStage(Stage):
    """A scene with rings of the truth's and the forecast's shell in it.

    Parameters
    ----------
    plotter, role, line_width
        As for `Stage`.
    """

    def __init__(self, plotter: BasePlotter, role: str, line_width: float = 1.0) -> None:
        self.rings: dict[str, RingLayer] = {}
        super().__init__(plotter, role, line_width)
        self._ring_lines = _ring_cache()
        for name, color in RING_COLORS.items():
            self.rings[name] = RingLayer(color, RING_WIDTH * line_width)
            self._add(self.rings[name].actor)

    def set_evolution(self, prepared: PreparedEvolution | None) -> None:
        """Show something else; `show` brings a frame of it."""
        self._ring_lines = _ring_cache()
        super().set_evolution(prepared)
        self._show_rings()

    def show(self, index: int) -> None:
        """Show a frame."""
        super().show(index)
        self._show_rings()

    def set_layers(self, layers: LayerState) -> None:
        """Change which layers are shown, and how strongly."""
        super().set_layers(layers)
        self._show_rings()

    def _show_rings(self) -> None:
        prepared, frame, layers = self.prepared, self.frame, self._layers
        if prepared is None or frame is None or not layers.shell or layers.shell_opacity <= 0.0:
            for layer in self.rings.values():
                layer.actor.VisibilityOff()
            return
        marks = prepared.marks(frame, layers.shell_level)
        for role, layer in self.rings.items():
            field = marks.get(role)
            if field is None:
                layer.actor.VisibilityOff()
                continue
            make = partial(_rings_of, field, prepared.size_pc)
            layer.set_lines(self._ring_lines.get((role, frame, layers.shell_level), make))


def _ring_cache() -> BoundedCache[pv.PolyData]:
    return BoundedCache(16 * 2**20, lambda lines: lines.actual_memory_size * 1024)


def _rings_of(field: Array, size_pc: float) -> pv.PolyData:
    return rings(isosurface(field, size_pc), size_pc, RINGS_PER_EDGE)


def stage_for(plotter: BasePlotter, role: str, line_width: float = 1.0) -> Stage:
    """Return the scene of a view (see `Stage`)."""
    kind = ThirdStage if role == "third" else Stage
    return kind(plotter, role, line_width)
