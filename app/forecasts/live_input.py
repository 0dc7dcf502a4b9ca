"""Mouse and keys of live mode, in the view of the forecast and in the slice under it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QSlider,
    QWidget,
)

from app.forecasts.live import Live
from app.forecasts.live_forecast import Offset
from app.scene import camera as geometry
from app.scene.picking import ray
from app.views.columns import Column
from core.cubes import Vector3

REACH_PIXELS = 16.0
"""A press this near the marker takes hold of it."""

STEPS: Mapping[int, Offset] = MappingProxyType(
    {
        Qt.Key.Key_Left.value: (-1, 0, 0),
        Qt.Key.Key_Right.value: (1, 0, 0),
        Qt.Key.Key_Up.value: (0, 1, 0),
        Qt.Key.Key_Down.value: (0, -1, 0),
        Qt.Key.Key_PageUp.value: (0, 0, 1),
        Qt.Key.Key_PageDown.value: (0, 0, -1),
    }
)
"""In voxels, as the slice shows them: x to the right, y upwards, z towards the eye."""

_FIELDS = (QAbstractSpinBox, QComboBox, QLineEdit, QSlider, QAbstractItemView)
"""What has a use of its own for the arrow keys."""


class LiveInput(QObject):
    """Moves the explosion with the mouse and the keys while live mode is on.

    In the view the marker is dragged in the plane through it that is
    parallel to the screen, with Shift in its plane of constant z; in the
    slice the explosion goes where the mouse is pressed. Everything else
    reaches the view as usual.

    Parameters
    ----------
    live : Live
        What is moved.
    column : Column
        The forecast's view and slice.
    """

    def __init__(self, live: Live, column: Column) -> None:
        super().__init__(column)
        self._live, self._view, self._slice = live, column.view, column.slice
        self._held: QWidget | None = None
        self._hold_at = np.zeros(3)
        self._grip = np.zeros(3)
        live.changed.connect(self._on_changed)
        live.moved.connect(self._on_moved)
        live.moving.connect(self._on_moving)

    def _on_changed(self, on: bool) -> None:
        app = QApplication.instance()
        assert app is not None
        self._held = None
        self._slice.hold(on)
        for target in (self._view.canvas, self._slice, app):
            target.installEventFilter(self) if on else target.removeEventFilter(self)
        if on:
            self._slice.setCursor(Qt.CursorShape.CrossCursor)
        else:
            self._slice.unsetCursor()
            self._view.canvas.setCursor(Qt.CursorShape.OpenHandCursor)

    def _on_moved(self, site_pc: Vector3) -> None:
        self._view.mark(site_pc)
        self._slice.mark(site_pc)

    def _on_moving(self, moving: bool) -> None:
        self._view.set_coarse(moving)
        if not moving:
            self._follow()

    def _follow(self) -> None:
        """Bring the explosion into sight in the slice; never under a hand that moves it."""
        if self._live.is_on and self._held is None:
            self._slice.hold(True)

    # -- events --------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take what moves the explosion, and leave the rest."""
        if isinstance(event, QKeyEvent):
            return self._on_key(watched, event)
        if isinstance(event, QMouseEvent) and watched in (self._view.canvas, self._slice):
            return self._on_mouse(watched, event)
        return False

    def _on_mouse(self, watched: QObject, event: QMouseEvent) -> bool:
        kind, left = event.type(), Qt.MouseButton.LeftButton
        flat = watched is self._slice
        if kind == QEvent.Type.MouseButtonPress and event.button() == left:
            if not flat and not self._is_on_marker(event.position()):
                return False
            self._held = self._slice if flat else self._view.canvas
            if flat:
                self._live.move_to(self._in_slice(event.position()))
            else:
                self._take_hold(event.position())
            return True
        if self._held is not watched:
            # A double-click in the slice would cut out another cube.
            return flat and kind == QEvent.Type.MouseButtonDblClick
        if kind == QEvent.Type.MouseMove:
            place = event.position()
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._live.move_to(self._in_slice(place) if flat else self._in_view(place, shift))
            return True
        if kind == QEvent.Type.MouseButtonRelease and event.button() == left:
            self._held = None
            self._follow()
            if not flat:
                self._view.canvas.setCursor(Qt.CursorShape.OpenHandCursor)
            return True
        return kind == QEvent.Type.MouseButtonDblClick

    def _on_key(self, watched: QObject, event: QKeyEvent) -> bool:
        step = STEPS.get(event.key())
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        if step is None or not plain or not isinstance(watched, QWidget):
            return False
        if watched.window() is not self._view.window() or self._is_field(watched):
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            # Else the key would be that of a command, such as the next frame.
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress:
            self._live.step(step)
            return True
        return False

    @staticmethod
    def _is_field(widget: QWidget) -> bool:
        return isinstance(widget, _FIELDS) or isinstance(QApplication.focusWidget(), _FIELDS)

    # -- geometry --------------------------------------------------------------

    def _is_on_marker(self, at: QPointF) -> bool:
        away = self._view.pixel_of(self._view.marked_pc) - at
        return float(np.hypot(away.x(), away.y())) <= REACH_PIXELS

    def _take_hold(self, at: QPointF) -> None:
        """Remember where the marker is held, so that it does not jump under the mouse."""
        self._hold_at = np.asarray(self._view.marked_pc, dtype=float)
        self._grip = np.zeros(3)
        self._grip = self._hold_at - self._in_view(at, False)
        self._view.canvas.setCursor(Qt.CursorShape.ClosedHandCursor)

    def _in_view(self, at: QPointF, level: bool) -> Vector3:
        """Return the place under the mouse in the plane through where the marker was taken."""
        view = self._view
        origin, direction = ray(view.camera(), at.x(), at.y(), view.width(), view.height())
        normal = np.array([0.0, 0.0, 1.0]) if level else geometry.axes(view.camera())[2]
        slope = float(direction @ normal)
        if abs(slope) < 0.05:  # the plane is seen edge-on
            return view.marked_pc
        along = float((self._hold_at - origin) @ normal) / slope
        x, y, z = (float(value) for value in origin + along * direction + self._grip)
        return (x, y, z)

    def _in_slice(self, at: QPointF) -> Vector3:
        zero, one = self._slice.pixel_of(0.0, 0.0), self._slice.pixel_of(1.0, 1.0)
        x = (at.x() - zero.x()) / (one.x() - zero.x())
        y = (at.y() - zero.y()) / (one.y() - zero.y())
        return (x, y, self._live.site_pc[2])
