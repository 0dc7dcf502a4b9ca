"""The OpenGL widget under a view: it draws, and tells what the mouse does."""

from __future__ import annotations

import os
import time
from typing import Any

# Read by pyvistaqt (through qtpy) when it is imported.
os.environ.setdefault("QT_API", "pyside6")

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QWidget
from pyvistaqt import QtInteractor

CLICK_PIXELS = 3.0
"""A press that moves no further than this is a click, not a drag."""


class Canvas(QtInteractor):
    """Draws, and tells of drags, clicks and the wheel; it interprets no input itself.

    VTK's interactor styles, key bindings and pyvistaqt's handling of dropped
    files are bypassed: there is one owner of the camera, and keys and files
    reach the window.

    Signals
    -------
    dragged(float, float, bool)
        Pixels across and down, and whether the drag moves instead of turning.
    wheeled(float)
        Notches of the wheel.
    clicked(QPointF), double_clicked(QPointF)
        Where, in logical pixels.
    hovered(QPointF), exited()
        The mouse moves without a button, or is gone.
    resizing()
        Just before it is drawn for the first time at another size.
    frame_drawn()
        After each drawing.
    """

    dragged = Signal(float, float, bool)
    wheeled = Signal(float)
    clicked = Signal(QPointF)
    double_clicked = Signal(QPointF)
    hovered = Signal(QPointF)
    exited = Signal()
    resizing = Signal()
    frame_drawn = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, auto_update=False, multi_samples=0, lighting="none")
        self.setAcceptDrops(False)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setMouseTracking(True)  # to tell where the mouse is; nothing is drawn for it
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        # What was drawn stays, so that it need not be drawn again for each style or new panel.
        self.setUpdateBehavior(QOpenGLWidget.UpdateBehavior.PartialUpdate)
        self._stale = True
        self._resizing = False
        self._first: QPointF | None = None
        self._last: QPointF | None = None
        self.draw_seconds = 0.0

    def update(self, *args: Any) -> None:
        """Draw again with the next update of the screen: the scene is another."""
        self._stale = True
        super().update(*args)

    def initializeGL(self) -> None:
        self._stale = True
        super().initializeGL()

    def resizeGL(self, width: int, height: int) -> None:
        self._stale = True
        super().resizeGL(width, height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Qt would draw at once, and then again with the rest of the window.
        self.resizing.emit()
        self._resizing = True
        super().resizeEvent(event)
        self._resizing = False

    def paintGL(self) -> None:
        if self._resizing or not self._stale:
            return
        self._stale = False
        start = time.perf_counter()
        super().paintGL()
        self.draw_seconds = time.perf_counter() - start
        self.frame_drawn.emit()

    def close(self) -> None:  # type: ignore[override]
        """Let go of the graphics, and of the surface they were drawn on.

        A wrapper of the surface that outlives it would be taken for the next
        Qt object at its address, of whatever type that is.
        """
        super().close()
        self._forget_context()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._last = event.position()
        left = event.button() == Qt.MouseButton.LeftButton
        self._first = event.position() if left else None
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is None:
            self.hovered.emit(event.position())
            return
        if self._first is not None:
            moved = event.position() - self._first
            if max(abs(moved.x()), abs(moved.y())) > CLICK_PIXELS:
                self._first = None
        step = event.position() - self._last
        self._last = event.position()
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        panning = shift or not event.buttons() & Qt.MouseButton.LeftButton
        self.dragged.emit(step.x(), step.y(), panning)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._last = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        if self._first is not None:
            self._first = None
            self.clicked.emit(event.position())
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._first = None
        if event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit(event.position())
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.wheeled.emit(event.angleDelta().y() / 120.0)
        event.accept()

    def enterEvent(self, event: object) -> None:
        """Nothing follows the pointer."""

    def leaveEvent(self, event: object) -> None:
        self.exited.emit()

    def keyPressEvent(self, event: object) -> None:
        event.ignore()  # type: ignore[attr-defined]

    def keyReleaseEvent(self, event: object) -> None:
        event.ignore()  # type: ignore[attr-defined]
