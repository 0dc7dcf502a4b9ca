"""One live 3D view of an evolution."""

from __future__ import annotations

import os
import time
from typing import Literal

# Read by pyvistaqt (through qtpy) when it is imported.
os.environ.setdefault("QT_API", "pyside6")

from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QImage, QMouseEvent, QPainter, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget
from pyvistaqt import QtInteractor

from app.scene import camera as geometry
from app.scene.overlay import Annotations, Overlay, to_image
from app.scene.prepare import prepare
from app.scene.stage import Stage
from app.scene.still import draw_still
from app.view_state import CameraState, LayerState, TransferFunction, Vector3
from core.cubes import CubeSequence

STILL_MS = 200
"""Quiet time after a movement before the view is drawn in full quality."""

PLAYING_S = 0.35
SLOW_DRAW_S = 0.025
"""Frames that follow each other this fast are drawn coarsely where drawing is this slow."""

DEGREES_PER_PIXEL = 0.4
ZOOM_PER_NOTCH = 1.12

EMPTY_TEXTS = {"truth": "No snapshot open", "forecast": "No forecast yet"}


class _Canvas(QtInteractor):
    """The OpenGL widget. It draws, and tells of drags; it interprets no input itself.

    VTK's interactor styles, key bindings and pyvistaqt's handling of dropped
    files are bypassed: there is one owner of the camera, and keys and files
    reach the window.
    """

    dragged = Signal(float, float, bool)
    wheeled = Signal(float)
    frame_drawn = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, auto_update=False, multi_samples=0, lighting="none")
        self.setAcceptDrops(False)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setMouseTracking(False)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self._last: QPointF | None = None
        self.draw_seconds = 0.0

    def paintGL(self) -> None:
        start = time.perf_counter()
        super().paintGL()
        self.draw_seconds = time.perf_counter() - start
        self.frame_drawn.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._last = event.position()
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is None:
            return
        step = event.position() - self._last
        self._last = event.position()
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        panning = shift or not event.buttons() & Qt.MouseButton.LeftButton
        self.dragged.emit(step.x(), step.y(), panning)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._last = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.ignore()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.wheeled.emit(event.angleDelta().y() / 120.0)
        event.accept()

    def enterEvent(self, event: object) -> None:
        """Nothing follows the pointer."""

    def leaveEvent(self, event: object) -> None:
        """Nothing follows the pointer."""

    def keyPressEvent(self, event: object) -> None:
        event.ignore()  # type: ignore[attr-defined]

    def keyReleaseEvent(self, event: object) -> None:
        event.ignore()  # type: ignore[attr-defined]


class SceneView(QFrame):
    """A 3D view: gas, shell, box and site of one evolution, with annotations.

    Dragging turns the cube, with Shift or the middle or right button it moves
    it, and the wheel zooms. While something moves the view is drawn coarsely,
    and in full quality `STILL_MS` later.

    Parameters
    ----------
    role : {"truth", "forecast"}
        Decides the colour of the shell.
    parent : QWidget, optional
        The parent.
    """

    camera_changed = Signal(object)
    """The user moved the eye, or it was reset or set; carries the `CameraState`."""

    def __init__(self, role: Literal["truth", "forecast"], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.role = role
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumSize(160, 160)
        self._closed = False
        self._coarse_wanted = False
        self._fitted = True  # until the eye is moved, the cube fills the view
        self._time: float | None = None
        self._shown_at = -PLAYING_S
        self._fine_seconds = 0.0
        self._empty_text = EMPTY_TEXTS[role]
        self._site: Vector3 = (0.0, 0.0, 0.0)
        self._transfer = TransferFunction()
        self._layers = LayerState()
        self._camera = geometry.default_camera()

        self._canvas = _Canvas(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._canvas)
        self._stage = Stage(self._canvas, role)
        self._overlay = Overlay(role, self)
        self._still = QTimer(self)
        self._still.setSingleShot(True)
        self._still.setInterval(STILL_MS)
        self._still.timeout.connect(self._draw_finely)
        self._canvas.dragged.connect(self._drag)
        self._canvas.wheeled.connect(self._wheel)
        self._canvas.frame_drawn.connect(self._measure)
        self._stage.set_camera(self._camera)
        self._title: tuple[str, str] = ("", "")
        self._annotate()

    # What is shown

    def set_title(self, title: str, subtitle: str = "") -> None:
        """Name the view, and say what made what it shows."""
        self._title = (title, subtitle)
        self._annotate()

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
        if self._closed:
            return
        self._site = site_pc
        self._stage.set_evolution(None if sequence is None else prepare(sequence, control, site_pc))
        if sequence is not None:
            self.show_time(sequence.times_myr[0] if self._time is None else self._time)
        if self._fitted:
            self._move_eye(self._fitting_camera())
        else:
            self._move_eye(self._camera)

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
            self._canvas.update()

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
        self._canvas.update()

    def set_layers(self, layers: LayerState) -> None:
        """Change which layers are shown, and how strongly."""
        if self._closed or layers == self._layers:
            return
        self._layers = layers
        self._stage.set_layers(layers)
        self._annotate()
        self._canvas.update()

    def _annotate(self) -> None:
        prepared, frame = self._stage.prepared, self._stage.frame
        empty = prepared is None or frame is None
        title, subtitle = self._title
        notes = Annotations(
            role=self.role,
            title=title,
            subtitle=subtitle,
            time_myr=None if prepared is None or frame is None else prepared.times_myr[frame],
            site_pc=self._site if self._layers.site and not empty else None,
            edges=self._stage.edges if self._layers.box else None,
            empty_text=self._empty_text if empty else None,
        )
        self._overlay.show_notes(notes, self._camera)

    # The eye

    def camera(self) -> CameraState:
        """Return where the eye is."""
        return self._camera

    def set_camera(self, camera: CameraState) -> None:
        """Move the eye; nothing happens, and nothing is told, when it is there already."""
        if self._closed or camera == self._camera:
            return
        self._fitted = False
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

    def reset_camera(self) -> None:
        """Show the whole cube from the usual side."""
        if self._closed:
            return
        self._fitted = True
        camera = self._fitting_camera()
        if camera != self._camera:
            self._move_eye(camera)
            self.camera_changed.emit(camera)

    def _fitting_camera(self) -> CameraState:
        prepared = self._stage.prepared
        size_pc = 60.0 if prepared is None else prepared.size_pc
        return geometry.default_camera(size_pc, self.width() / max(self.height(), 1))

    def _move_eye(self, camera: CameraState) -> None:
        self._camera = camera
        self._stage.set_camera(camera)
        self._annotate()
        self._canvas.update()

    def _drag(self, across: float, down: float, panning: bool) -> None:
        if panning:
            pc = 1.0 / geometry.pixels_per_pc(self._camera, self.height())
            self.set_camera(geometry.pan(self._camera, -across * pc, down * pc))
        else:
            self.turn(-across * DEGREES_PER_PIXEL, down * DEGREES_PER_PIXEL)

    def _wheel(self, notches: float) -> None:
        prepared = self._stage.prepared
        size_pc = 60.0 if prepared is None else prepared.size_pc
        self.set_camera(geometry.zoom(self._camera, ZOOM_PER_NOTCH**notches, size_pc))

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
            self._stage.set_coarse(True)
        elif self._stage.coarse:
            self._still.start()

    def _draw_coarsely_for_now(self) -> None:
        self._stage.set_coarse(True)
        if not self._coarse_wanted:
            self._still.start()

    def _measure(self) -> None:
        if not self._stage.coarse:
            self._fine_seconds = self._canvas.draw_seconds

    def redraw(self) -> None:
        """Draw in full quality now."""
        self._still.stop()
        self._draw_finely()

    def _draw_finely(self) -> None:
        if self._closed:
            return
        self._stage.set_coarse(False)
        self._canvas.update()

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
        pixels = draw_still(
            self._stage.prepared,
            self.role,
            self._stage.frame or 0,
            self._camera,
            size,
            self._transfer,
            self._layers,
            line_width=scale,
        )
        image = to_image(pixels)
        painter = QPainter(image)
        painter.scale(scale, scale)
        self._overlay.paint_on(painter)
        painter.end()
        return image

    # Life

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._overlay.setGeometry(self.rect())
        self._overlay.raise_()
        if self._fitted and not self._closed:
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
