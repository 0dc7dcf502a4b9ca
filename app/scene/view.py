"""One live 3D view of an evolution."""

from __future__ import annotations

import time

from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from app.scene.details import Details
from app.scene.grips import Grip, grip_at
from app.scene.overlay import Annotations, to_image
from app.scene.picking import Picked, pick_gas, ray
from app.scene.prepare import PreparedEvolution, prepare
from app.scene.still import draw_still
from app.scene.third_stage import stage_for
from app.scene.turns import Turns
from app.scene.viewport import SLOW_DRAW_S, Viewport
from app.view_state import CameraState, LayerState, TransferFunction, Vector3
from core.cubes import CubeSequence
from core.cutout import Cutout

PLAYING_S = 0.35
"""Frames that follow each other this fast are drawn coarsely where drawing is slow."""

EMPTY_TEXTS = {
    "truth": "No snapshot open",
    "forecast": "No forecast yet",
    "third": "Nothing to show",
}


class SceneView(Viewport):
    """A 3D view: gas, shell, box and site of one evolution, with annotations.

    Parameters
    ----------
    role : {"truth", "forecast", "third"}
        Decides the colour of the shell; the third one has none, but rings.
    parent : QWidget, optional
        The parent.
    turns : Turns, optional
        Decides when it is drawn (see `Viewport`).
    """

    def __init__(
        self, role: str, parent: QWidget | None = None, turns: Turns | None = None
    ) -> None:
        super().__init__(role, parent, turns)
        self._time: float | None = None
        self._shown_at = -PLAYING_S
        self._empty_text = EMPTY_TEXTS[role]
        self._site: Vector3 = (0.0, 0.0, 0.0)
        self._marked = self._site
        self._cube: Cutout | None = None
        self._transfer = TransferFunction()
        self._layers = LayerState()
        self._title: tuple[str, str] = ("", "")
        self._dots: tuple[str, ...] = ()
        self._stage = stage_for(self._canvas, role)
        self._stage.set_camera(self._camera)
        self._annotate()

    # What is shown

    def set_title(self, title: str, subtitle: str = "", dots: tuple[str, ...] = ()) -> None:
        """Name the view, and say what made what it shows.

        Parameters
        ----------
        title, subtitle : str
            The words.
        dots : tuple of str
            Roles whose colours mark the title; by default that of the view.
        """
        self._title, self._dots = (title, subtitle), dots
        self._annotate()

    @property
    def title(self) -> tuple[str, str]:
        """Title and subtitle."""
        return self._title

    def set_empty_text(self, text: str) -> None:
        """Say what to do while there is nothing to show."""
        self._empty_text = text
        self._annotate()

    def set_evolution(
        self,
        sequence: CubeSequence | None,
        control: CubeSequence | None,
        site_pc: Vector3 = (0.0, 0.0, 0.0),
    ) -> None:
        """Show another evolution, at the time shown so far.

        Parameters
        ----------
        sequence : CubeSequence or None
            The gas; None empties the view.
        control : CubeSequence or None
            The gas without the explosion; without it there is no shell.
        site_pc : tuple of float
            The explosion relative to the cube's centre, in pc.
        """
        prepared = None if sequence is None else prepare(sequence, control, site_pc)
        self.set_prepared(prepared, site_pc)

    def set_prepared(
        self, prepared: PreparedEvolution | None, site_pc: Vector3 = (0.0, 0.0, 0.0)
    ) -> None:
        """Show something else that was prepared, at the time shown so far.

        Parameters
        ----------
        prepared : PreparedEvolution or None
            What is drawn; None empties the view.
        site_pc : tuple of float
            The explosion relative to the cube's centre, in pc.
        """
        if self._closed:
            return
        if prepared is not None and prepared is self._stage.prepared and site_pc == self._site:
            self._annotate()
            return
        self._site = self._marked = site_pc
        self._stage.set_evolution(prepared)
        if prepared is not None:
            self.show_time(prepared.times_myr[0] if self._time is None else self._time)
        if self._standpoint:
            self._move_eye(self._fitting_camera())
        else:
            self._move_eye(self._camera)

    def mark(self, site_pc: Vector3) -> None:
        """Draw the marker of the explosion at a place, ahead of what will be shown of it."""
        if site_pc != self._marked:
            self._marked = site_pc
            self._annotate()

    @property
    def marked_pc(self) -> Vector3:
        """Where the marker of the explosion is, relative to the cube's centre, in pc."""
        return self._marked

    @property
    def prepared(self) -> PreparedEvolution | None:
        """What is drawn, or None when the view is empty."""
        return self._stage.prepared

    def set_details(self, details: Details) -> None:
        """Take what the further layers show of the evolution."""
        if self._closed:
            return
        self._stage.set_details(details)
        self._annotate()
        self._draw()

    def show_time(self, time_myr: float) -> None:
        """Show the frame nearest to a time, in place.

        Parameters
        ----------
        time_myr : float
            The time in Myr; the stamp shows the frame's own.
        """
        self._time = float(time_myr)
        prepared = self._stage.prepared
        if self._closed or prepared is None:
            return
        index = prepared.nearest(self._time)
        if index != self._stage.frame:
            now = time.monotonic()
            if now - self._shown_at < PLAYING_S and self._fine_seconds > SLOW_DRAW_S:
                self._draw_coarsely_for_now()
            self._shown_at = now
            self._stage.show(index)
            self._annotate()
            self._draw()

    @property
    def frame(self) -> int | None:
        """Index of the frame shown, or None when the view is empty."""
        return self._stage.frame

    def set_transfer(self, transfer: TransferFunction) -> None:
        """Change the colours and opacities of the gas."""
        if self._closed or transfer == self._transfer:
            return
        self._transfer = transfer
        self._stage.set_transfer(transfer)
        self._draw()

    def set_layers(self, layers: LayerState) -> None:
        """Change which layers are shown, and how strongly."""
        if self._closed or layers == self._layers:
            return
        self._layers = layers
        self._stage.set_layers(layers)
        self._annotate()
        self._draw()

    def _annotate(self) -> None:
        prepared, frame = self._stage.prepared, self._stage.frame
        empty = prepared is None or frame is None
        title, subtitle = self._title
        notes = Annotations(
            role=self.role,
            title=title,
            subtitle=subtitle,
            time_myr=None if prepared is None or frame is None else prepared.times_myr[frame],
            site_pc=self._marked if self._layers.site and not empty else None,
            edges=self._stage.edges if self._layers.box else None,
            cube=None if empty else self._cube,
            empty_text=self._empty_text if empty else None,
            caption=self._stage.caption,
            dots=self._dots,
            reserved=self._reserved,
        )
        self._overlay.show_notes(notes, self._camera)

    @property
    def size_pc(self) -> float:
        """Edge of the cube that holds the scene, in pc."""
        prepared = self._stage.prepared
        return 60.0 if prepared is None else prepared.size_pc

    def set_cube(self, cube: Cutout | None) -> None:
        """Draw the edges of a cube that is to be cut out.

        Parameters
        ----------
        cube : Cutout or None
            Its centre is relative to that of the cube shown; None for none.
        """
        if cube != self._cube:
            self._cube = cube
            self._annotate()

    def _place_eye(self, camera: CameraState) -> None:
        self._stage.set_camera(camera)

    def _set_scene_coarse(self, coarse: bool, grain: float) -> None:
        self._stage.set_coarse(coarse, grain)

    @property
    def site_pc(self) -> Vector3:
        """The explosion relative to the cube's centre, in pc."""
        return self._site

    def place_at(self, at: QPointF) -> Vector3 | None:
        """Return the place that is seen at a pixel, in pc; None where there is no gas.

        Where a plane is seen that is the place on it, else that of the gas.
        """
        grip = self.plane_at(at)
        if grip is not None:
            return grip.place_pc
        found = self._seen_at(at)
        return None if found is None else found.position_pc

    def plane_at(self, at: QPointF) -> Grip | None:
        """Return where the plane that is seen at a pixel can be held; None where none is."""
        prepared = self._stage.prepared
        if prepared is None or self._stage.frame is None:
            return None
        return grip_at(
            self._layers,
            prepared.site_pc,
            prepared.size_pc,
            self._camera,
            (at.x(), at.y()),
            (self.width(), self.height()),
            self._stage.veil,
        )

    def _seen_at(self, at: QPointF) -> Picked | None:
        prepared, frame = self._stage.prepared, self._stage.frame
        if prepared is None or frame is None:
            return None
        return pick_gas(
            self._stage.gas(frame),
            prepared.size_pc,
            ray(self._camera, at.x(), at.y(), self.width(), self.height()),
            self._stage.gas_transfer,
            self._stage.octant,
            prepared.cut_corner_pc,
        )

    def _double_click(self, at: QPointF) -> None:
        prepared, frame = self._stage.prepared, self._stage.frame
        found = self._seen_at(at)
        if found is not None and prepared is not None and frame is not None:
            if prepared.quantity != "density" or self._stage.shows_temperature:
                density = prepared.log_density_at(frame, found.position_pc)
                found = Picked(found.position_pc, density)
            self.picked.emit(found)

    def _still_image(self, size: tuple[int, int], line_width: float) -> QImage:
        pixels = draw_still(
            self._stage.prepared,
            self.role,
            self._stage.frame or 0,
            self._camera,
            size,
            self._transfer,
            self._layers,
            line_width=line_width,
            details=self._stage.details,
        )
        return to_image(pixels)
