"""A 3D view as such: the eye, the quality of the drawing and the annotations over it."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

from PySide6.QtCore import QPointF, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QImage, QPainter, QResizeEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.scene import camera as geometry
from app.scene.canvas import Canvas
from app.scene.overlay import Overlay
from app.scene.turns import Turns
from app.view_state import CameraState, Vector3

STILL_MS = 200
"""Quiet time after a movement before the view is drawn in full quality."""

USUAL = "usual"
"""The side the cube is shown from at first."""

FREE_ABOVE = 0.1
"""Part of the height that is free above a cube that fills the view."""

HEADING = 44.0
"""Height of title and subtitle in pixels."""

FIRST_DRAW_S = 0.3
SLOW_DRAW_S = 0.025
"""Where drawing is this slow, it is coarse while much is to be drawn."""

LONGEST_DRAW_S = 0.4
"""Full quality may take so long; of larger views on slow machines it is a little less."""

MOST_GRAIN = 2.0
RAYS = 500_000
"""As many there always are, if there are so many pixels."""

DEGREES_PER_PIXEL = 0.4
ZOOM_PER_NOTCH = 1.12


def grain_for(pace_s: float, pixels: float) -> float:
    """Choose how many pixels there are from ray to ray in full quality.

    Parameters
    ----------
    pace_s : float
        Seconds that a pixel takes where each has a ray of its own.
    pixels : float
        Pixels of the view.

    Returns
    -------
    float
        1 where drawing takes `LONGEST_DRAW_S` at most, else as many as it
        takes not to be slower, up to `MOST_GRAIN` and down to `RAYS`.
    """
    wanted = math.sqrt(pace_s * pixels / LONGEST_DRAW_S)
    return max(min(wanted, MOST_GRAIN, math.sqrt(pixels / RAYS)), 1.0)


class Viewport(QFrame):
    """A canvas with an eye and annotations; what is drawn is up to those derived from it.

    Dragging turns the scene, with Shift or the middle or right button it moves
    it, and the wheel zooms. While something moves the view is drawn coarsely,
    and in full quality `STILL_MS` later.

    Parameters
    ----------
    role : {"truth", "forecast"}
        Decides the colour of what belongs to one of them.
    parent : QWidget, optional
        The parent.
    turns : Turns, optional
        Decides when it is drawn, among others; by default it does so at once.
    """

    camera_changed = Signal(object)
    """The user moved the eye, or it was reset or set; carries the `CameraState`."""

    picked = Signal(object)
    """The user double-clicked on something; carries a `picking.Picked`."""

    heading_double_clicked = Signal()
    """The user double-clicked on the title."""

    drawn = Signal()
    """It was drawn."""

    def __init__(
        self, role: str, parent: QWidget | None = None, turns: Turns | None = None
    ) -> None:
        super().__init__(parent)
        self.role = role
        self._turns = turns
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumSize(160, 160)
        self._closed = False
        self._coarse = False
        self._coarse_wanted = False
        self._standpoint = USUAL  # until the eye is moved, the cube fills the view
        self._fine_seconds = 0.0
        self._coarse_seconds = 0.0
        self._grain = 1.0
        # The fastest of the last ones: others may be at work on the same machine.
        self._paces: deque[float] = deque(maxlen=4)
        self._parallel = False
        self._reserved = 0.0
        self._camera = geometry.default_camera()
        self._canvas = Canvas(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._canvas)
        self._overlay = Overlay(role, self)
        self._still = QTimer(self)
        self._still.setSingleShot(True)
        self._still.setInterval(STILL_MS)
        self._still.timeout.connect(self._draw_finely)
        self._canvas.dragged.connect(self._drag)
        self._canvas.wheeled.connect(self._wheel)
        self._canvas.clicked.connect(self._click)
        self._canvas.double_clicked.connect(self._on_double_click)
        self._canvas.resizing.connect(self._on_resizing)
        self._canvas.frame_drawn.connect(self._measure)

    @property
    def canvas(self) -> Canvas:
        """What it is drawn on, and what the mouse is over."""
        return self._canvas

    # For those derived

    @property
    def size_pc(self) -> float:
        """Edge of the cube that holds the scene, in pc."""
        raise NotImplementedError

    def _place_eye(self, camera: CameraState) -> None:
        """Put the scene's camera where the eye is."""
        raise NotImplementedError

    def _set_scene_coarse(self, coarse: bool, grain: float) -> None:
        """Draw the scene faster and less finely, or not, with `grain` pixels from ray to ray."""
        raise NotImplementedError

    def _annotate(self) -> None:
        """Write the annotations again."""
        raise NotImplementedError

    def _click(self, at: QPointF) -> None:
        """Do what a click does: nothing, by default."""

    def _double_click(self, at: QPointF) -> None:
        """Pick what is under the pointer."""
        raise NotImplementedError

    def _on_double_click(self, at: QPointF) -> None:
        if at.y() < HEADING:
            self.heading_double_clicked.emit()
        else:
            self._double_click(at)

    # The eye

    def camera(self) -> CameraState:
        """Return where the eye is."""
        return self._camera

    def set_camera(self, camera: CameraState) -> None:
        """Move the eye; nothing happens, and nothing is told, when it is there already."""
        camera = replace(camera, parallel=self._parallel)
        if self._closed or camera == self._camera:
            return
        self._standpoint = ""
        self._draw_coarsely_for_now()
        self._move_eye(camera)
        self.camera_changed.emit(camera)

    def turn(self, right_deg: float, up_deg: float) -> None:
        """Move the eye around the cube, as a drag does.

        Parameters
        ----------
        right_deg, up_deg : float
            Angles in degrees.
        """
        self.set_camera(geometry.orbit(self._camera, right_deg, up_deg))

    def look_from(self, name: str) -> None:
        """Show the whole cube from an axis or the diagonal (see `camera.STANDARD_VIEWS`)."""
        before = self._camera
        self.fit(name)
        if self._camera != before:
            self.camera_changed.emit(self._camera)

    def set_parallel(self, parallel: bool) -> None:
        """Look along parallel lines, or in perspective; an eye that was moved stays."""
        if self._closed or parallel == self._parallel:
            return
        self._parallel = parallel
        moved = replace(self._camera, parallel=parallel)
        self._move_eye(self._fitting_camera() if self._standpoint else moved)

    @property
    def fitted(self) -> bool:
        """Whether the whole cube is shown from the usual side, whatever the view's size."""
        return self._standpoint == USUAL

    @property
    def standpoint(self) -> str:
        """Where the whole cube is shown from: "usual", a standard view, or "" for elsewhere."""
        return self._standpoint

    def fit(self, standpoint: str = USUAL) -> None:
        """Show the whole cube from somewhere, without telling of it.

        Parameters
        ----------
        standpoint : str
            "usual", or one of `camera.STANDARD_VIEWS`.
        """
        if self._closed:
            return
        self._standpoint = standpoint
        camera = self._fitting_camera()
        if camera != self._camera:
            self._move_eye(camera)

    def reset_camera(self) -> None:
        """Show the whole cube from the usual side."""
        self.look_from(USUAL)

    @property
    def _aspect(self) -> float:
        return self.width() / max(self.height(), 1)

    def _fitting_camera(self) -> CameraState:
        # In a low view that is less than title and subtitle take.
        top = min(max(HEADING / max(self.height(), 1) - FREE_ABOVE, 0.0), 0.25)
        if self._standpoint in geometry.STANDARD_VIEWS:
            return geometry.standard_camera(
                self._standpoint, self.size_pc, self._aspect, top, parallel=self._parallel
            )
        camera = geometry.default_camera(self.size_pc, self._aspect, top)
        return replace(camera, parallel=self._parallel)

    def _move_eye(self, camera: CameraState) -> None:
        self._camera = camera
        self._place_eye(camera)
        self._annotate()
        self._draw()

    def _drag(self, across: float, down: float, panning: bool) -> None:
        if panning:
            pc = 1.0 / geometry.pixels_per_pc(self._camera, self.height())
            self.set_camera(geometry.pan(self._camera, -across * pc, down * pc))
        else:
            self.turn(-across * DEGREES_PER_PIXEL, down * DEGREES_PER_PIXEL)

    def _wheel(self, notches: float) -> None:
        self.set_camera(geometry.zoom(self._camera, ZOOM_PER_NOTCH**notches, self.size_pc))

    def pixel_of(self, position_pc: Vector3) -> QPointF:
        """Return where a point of the scene appears, in logical pixels."""
        x, y = geometry.project(self._camera, position_pc, self.width(), self.height())
        return QPointF(float(x), float(y))

    def reserve(self, pixels: float) -> None:
        """Leave room right of the subtitle, for buttons."""
        self._reserved = pixels
        self._annotate()

    # Quality

    def set_coarse(self, coarse: bool) -> None:
        """Draw coarsely until told otherwise; full quality returns after `STILL_MS`.

        Parameters
        ----------
        coarse : bool
            Whether something is being dragged.
        """
        if self._closed:
            return
        self._coarse_wanted = coarse
        if coarse:
            self._still.stop()
            self._apply_coarse(True)
        elif self._coarse:
            self._still.start()

    def _apply_coarse(self, coarse: bool) -> None:
        self._coarse = coarse
        if not coarse and self._paces:
            self._grain = grain_for(min(self._paces), self._pixels)
        self._set_scene_coarse(coarse, self._grain)

    @property
    def _pixels(self) -> float:
        return self.width() * self.height() * self.devicePixelRatioF() ** 2

    def _draw_coarsely_for_now(self) -> None:
        self._apply_coarse(True)
        if not self._coarse_wanted:
            self._still.start()

    def _on_resizing(self) -> None:
        """Draw coarsely while sizes change, as when a panel is dragged wider."""
        if not self._closed and self._fine_seconds > SLOW_DRAW_S:
            self._draw_coarsely_for_now()

    def _measure(self) -> None:
        if self._coarse:
            self._coarse_seconds = self._canvas.draw_seconds
        else:
            self._fine_seconds = self._canvas.draw_seconds
            if self._overlay.notes.empty_text is None:
                self._paces.append(self._fine_seconds * self._grain**2 / max(self._pixels, 1.0))
        self.drawn.emit()

    @property
    def draw_seconds(self) -> float:
        """How long drawing will take, as far as is known: the first time takes longer."""
        known = self._coarse_seconds if self._coarse else self._fine_seconds
        return known or FIRST_DRAW_S

    def draw_now(self) -> None:
        """Draw with the next update of the screen."""
        if not self._closed:
            self._canvas.update()

    def _draw(self) -> None:
        """Draw when it is this view's turn."""
        if self._turns is None:
            self._canvas.update()
        else:
            self._turns.ask(self)

    def redraw(self) -> None:
        """Draw in full quality now."""
        self._still.stop()
        self._draw_finely()

    def _draw_finely(self) -> None:
        if self._closed:
            return
        self._apply_coarse(False)
        self._draw()

    # Pictures

    def image(self, scale: int = 1) -> QImage:
        """Return what is shown, with its annotations, in full quality.

        Parameters
        ----------
        scale : int
            Pixels of the picture per logical pixel of the view.

        Returns
        -------
        QImage
            `scale` times the size of the view; without rounded corners.
        """
        size = (max(self.width(), 1) * scale, max(self.height(), 1) * scale)
        image = self._still_image(size, scale)
        painter = QPainter(image)
        painter.scale(scale, scale)
        self._overlay.paint_on(painter)
        painter.end()
        return image

    def _still_image(self, size: tuple[int, int], line_width: float) -> QImage:
        """Return the scene alone, drawn off screen."""
        raise NotImplementedError

    # Life

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._overlay.setGeometry(self.rect())
        self._overlay.raise_()
        if self._standpoint and not self._closed:
            self._move_eye(self._fitting_camera())

    def closeEvent(self, event: QCloseEvent) -> None:
        self.close_view()
        super().closeEvent(event)

    def close_view(self) -> None:
        """Stop the timers and let go of the graphics; may be called again."""
        if self._closed:
            return
        self._closed = True
        self._still.stop()
        self._canvas.close()
