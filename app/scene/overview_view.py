"""A whole snapshot in 3D, where the place of the explosion is chosen."""

from __future__ import annotations

import numpy as np
import pyvista as pv
from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from app.scene.markers import Marker, marker_at
from app.scene.overlay import Annotations, to_image
from app.scene.overview_stage import OverviewStage
from app.scene.picking import Picked, pick_gas, ray
from app.scene.still import SUPERSAMPLING, reduced
from app.scene.viewport import Viewport
from app.view_state import CameraState, LayerState, Vector3
from core.cutout import Cutout
from core.overview import Overview
from core.sites import Site


class OverviewView(Viewport):
    """The whole box: coarse gas, a sample of particles, candidates and the cube to be cut.

    A click on a candidate chooses it; a double-click on the gas picks a place.

    Parameters
    ----------
    parent : QWidget, optional
        The parent.
    """

    site_chosen = Signal(int)
    """The user clicked on a candidate; carries its index."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("truth", parent)
        self._title = ("Whole snapshot", "")
        self._cube: Cutout | None = None
        self._sites: tuple[Site, ...] = ()
        self._chosen: int | None = None
        self._layers = LayerState()
        self._stage = OverviewStage(self._canvas)
        self._stage.set_camera(self._camera)
        self._annotate()

    # What is shown; positions are in the snapshot's coordinates

    def set_title(self, title: str, subtitle: str = "") -> None:
        """Name the view, and say what it shows."""
        self._title = (title, subtitle)
        self._annotate()

    def show_overview(self, overview: Overview | None) -> None:
        """Show a snapshot, or nothing."""
        if self._closed or overview is self._stage.overview:
            return
        # The box fills the window: a coarse picture at once, the fine one when all is quiet.
        self._draw_coarsely_for_now()
        self._stage.show(overview)
        self._move_eye(self._fitting_camera() if self._standpoint else self._camera)

    def set_cube(self, cube: Cutout | None) -> None:
        """Draw the cube that is to be cut out."""
        self._cube = cube
        self._annotate()

    def set_sites(self, sites: tuple[Site, ...], chosen: int | None) -> None:
        """Mark the candidates, and the one that is chosen."""
        self._sites, self._chosen = sites, chosen
        self._annotate()

    def set_layers(self, layers: LayerState) -> None:
        """Change which layers are shown, and how strongly."""
        if self._closed or layers == self._layers:
            return
        self._layers = layers
        self._stage.set_layers(layers)
        self._annotate()
        self._draw()

    @property
    def markers(self) -> tuple[Marker, ...]:
        """The candidates as they are drawn."""
        if not self._layers.site or self._stage.overview is None:
            return ()
        return tuple(
            Marker(self._relative(site.position_pc), site.kind, i + 1, i == self._chosen)
            for i, site in enumerate(self._sites)
        )

    @property
    def stage(self) -> OverviewStage:
        """The scene."""
        return self._stage

    @property
    def size_pc(self) -> float:
        """Edge of the cube that holds the scene, in pc."""
        return self._stage.size_pc

    def _relative(self, position_pc: Vector3) -> Vector3:
        x, y, z = (float(v) for v in np.subtract(position_pc, self._stage.center_pc))
        return (x, y, z)

    def _annotate(self) -> None:
        overview = self._stage.overview
        cube = None
        if overview is not None and self._cube is not None:
            cube = Cutout(self._relative(self._cube.center_pc), self._cube.size_pc)
        title, subtitle = self._title
        notes = Annotations(
            role=self.role,
            title=title,
            subtitle=subtitle,
            time_myr=None if overview is None else overview.time_myr,
            site_pc=None if cube is None or self._chosen is not None else cube.center_pc,
            edges=self._stage.edges if self._layers.box else None,
            empty_text="Reading the whole snapshot…" if overview is None else None,
            cube=cube,
            markers=self.markers,
        )
        self._overlay.show_notes(notes, self._camera)

    # What the base asks

    def _place_eye(self, camera: CameraState) -> None:
        self._stage.set_camera(camera)

    def _set_scene_coarse(self, coarse: bool, grain: float) -> None:
        self._stage.set_coarse(coarse, grain)

    def _click(self, at: QPointF) -> None:
        found = marker_at(self.markers, self._camera, at, self.width(), self.height())
        if found is not None:
            self.site_chosen.emit(found.number - 1)

    def place_at(self, at: QPointF) -> Vector3 | None:
        """Return the place of the gas that is seen at a pixel; None where there is none.

        Parameters
        ----------
        at : QPointF
            The pixel, from the top left corner.

        Returns
        -------
        tuple of float or None
            In pc, in the snapshot's coordinates.
        """
        found = self._seen_at(at)
        if found is None:
            return None
        x, y, z = (float(v) for v in np.add(found.position_pc, self._stage.center_pc))
        return (x, y, z)

    def _seen_at(self, at: QPointF) -> Picked | None:
        if self._stage.field is None:
            return None
        return pick_gas(
            self._stage.field,
            self.size_pc,
            ray(self._camera, at.x(), at.y(), self.width(), self.height()),
            self._stage.transfer,
        )

    def _double_click(self, at: QPointF) -> None:
        found = self._seen_at(at)
        if found is not None:
            self.picked.emit(found)

    def _still_image(self, size: tuple[int, int], line_width: float) -> QImage:
        width, height = (edge * SUPERSAMPLING for edge in size)
        plotter = pv.Plotter(off_screen=True, window_size=[width, height], lighting="none")
        try:
            plotter.render_window.SetMultiSamples(0)
            stage = OverviewStage(plotter, line_width=0.75 * SUPERSAMPLING * line_width)
            stage.set_layers(self._layers)
            stage.show(self._stage.overview)
            stage.set_camera(self._camera)
            return to_image(reduced(plotter))
        finally:
            plotter.close()
