"""The surfaces of a view: the shell, and those that may be drawn beside it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial

import pyvista as pv

from app.scene.details import RAYS, Details
from app.scene.layers import ShellLayer
from app.scene.prepare import Array, BoundedCache, PreparedEvolution
from app.scene.rings import rings, star_surface
from app.scene.surface import isosurface
from app.view_state import LayerState
from core.shells.region import AFFECTED_BELOW, CAVITY_BELOW

ENVELOPE_COLOR = "#ffb0d0"
RING_COLORS = {"truth": "#ffd88f", "forecast": "#ff9cc6", "third": "#c3c9d3"}
OTHER = {"truth": "forecast", "forecast": "truth"}
PALE = {"truth": "#ffe0a6", "forecast": "#ffb3d3", "third": "#c3c9d3"}
"""The dense shell lies around the cavity and has to be told from it."""

_MAX_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Wanted:
    """A surface that the layers ask for.

    Parameters
    ----------
    key : tuple
        What tells it from every other one of the evolution.
    style : str
        "solid" or "rings".
    make : callable
        Makes it.
    """

    key: tuple[Hashable, ...]
    style: str
    make: Callable[[], pv.PolyData]


def wanted_surfaces(details: Details, frame: int, layers: LayerState) -> dict[str, Wanted]:
    """Tell which surfaces of a frame are to be drawn.

    Parameters
    ----------
    details : Details
        The evolution.
    frame : int
        Its frame.
    layers : LayerState
        What is shown.

    Returns
    -------
    dict of str to Wanted
        By name, for the layers that are on.
    """
    prepared = details.prepared
    size = prepared.size_pc
    found: dict[str, Wanted] = {}
    if prepared.has_control:
        for name, shown, level, style in (
            ("shell", layers.shell and layers.shell_opacity > 0.0, layers.shell_level, None),
            ("affected", layers.affected, AFFECTED_BELOW, layers.affected_style),
            ("cavity", layers.cavity, CAVITY_BELOW, layers.cavity_style),
        ):
            if shown:
                make = partial(_region, prepared, frame, level)
                found[name] = Wanted(("region", frame, level), style or layers.shell_style, make)
        if layers.dense:
            make = partial(_dense, details, frame)
            found["dense"] = Wanted(("dense", frame), layers.dense_style, make)
    if layers.probable and details.has_probability:
        level = layers.probable_level
        make = partial(_piece, details.probable(frame, level), size)
        found["probable"] = Wanted(("probable", frame, level), layers.probable_style, make)
    if layers.reached and details.envelope is not None:
        key = details.envelope_key(frame)
        make = partial(_piece, details.reached(frame), size)
        found["reached"] = Wanted(key, layers.reached_style, make)
    other, partner = details.other, details.other_frame(frame)
    if layers.overlay and other is not None and partner is not None and other.has_control:
        level = layers.shell_level
        # The key holds the other evolution, so that none can be taken for it.
        make = partial(_region, other, partner, level)
        found["overlay"] = Wanted(("overlay", other, partner, level), "rings", make)
    return found


def _region(prepared: PreparedEvolution, frame: int, level: float) -> pv.PolyData:
    return _piece(prepared.shell(frame, level), prepared.size_pc)


def _piece(field: Array | None, size_pc: float) -> pv.PolyData:
    return pv.PolyData() if field is None else isosurface(field, size_pc)


def _dense(details: Details, frame: int) -> pv.PolyData:
    radii = details.dense_radii(frame)
    if radii is None:
        return pv.PolyData()
    return star_surface(radii, RAYS, details.prepared.site_pc)


class SurfaceSet:
    """The surfaces of one view, each an actor whose data change in place.

    Parameters
    ----------
    role : str
        "truth", "forecast" or "third".
    line_width : float
        Width of lines in pixels of the picture.
    """

    def __init__(self, role: str, line_width: float = 1.0) -> None:
        ring = 1.5 * line_width
        own, pale = RING_COLORS[role], PALE[role]
        other = RING_COLORS[OTHER.get(role, "truth")]
        self.layers: dict[str, ShellLayer] = {
            "shell": ShellLayer(role, ring, own),
            "affected": ShellLayer(role, ring, own),
            "cavity": ShellLayer(role, ring, own),
            "dense": ShellLayer(pale, ring),
            "probable": ShellLayer(ENVELOPE_COLOR, ring),
            "reached": ShellLayer(ENVELOPE_COLOR, ring),
            "overlay": ShellLayer(other, 1.2 * ring),
        }
        self._kept = self._new_cache()
        self.hide()

    @staticmethod
    def _new_cache() -> BoundedCache[pv.PolyData]:
        return BoundedCache(_MAX_BYTES, lambda surface: surface.actual_memory_size * 1024)

    def forget(self) -> None:
        """Drop what belongs to an evolution that is shown no more."""
        self._kept = self._new_cache()
        self.hide()

    def hide(self) -> None:
        """Show none."""
        for layer in self.layers.values():
            layer.actor.VisibilityOff()

    def show(self, details: Details, frame: int, layers: LayerState) -> None:
        """Show the surfaces of a frame.

        Parameters
        ----------
        details : Details
            The evolution.
        frame : int
            Its frame.
        layers : LayerState
            What is shown.
        """
        self.layers["shell"].set_opacity(layers.shell_opacity)
        wanted = wanted_surfaces(details, frame, layers)
        for name, layer in self.layers.items():
            asked = wanted.get(name)
            if asked is None:
                layer.actor.VisibilityOff()
                continue
            surface = self._kept.get(asked.key, asked.make)
            lines = asked.style == "rings"
            if lines:
                make = partial(rings, surface, details.prepared.size_pc)
                surface = self._kept.get(("rings", *asked.key), make)
            layer.set_surface(surface, rings=lines)
            layer.actor.SetVisibility(surface.n_cells > 0)
