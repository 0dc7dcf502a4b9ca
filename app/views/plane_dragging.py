"""Moving the planes with the mouse in the 3D views, and with the wheel and keys by a cell."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QWheelEvent

from app.document import Document
from app.events import LayersChanged, SourceChanged
from app.look import VIEW_ROLES, ViewRole
from app.scene.grips import (
    Grip,
    dragged_offset,
    offset_range,
    shown_planes,
    turned,
)
from app.scene.overlay import MINUS
from app.scene.plane_sheet import PlaneSheet, arrow_direction
from app.scene.planes import plane_of
from app.scene.view import SceneView
from app.view_state import LayerState, Vector3
from app.views.centre import Centre
from app.views.columns import Column

HOVER_MS = 40
"""What is under the mouse is looked for this often at most."""

NAMES = {**{axis: f"Plane across {axis}" for axis in "xyz"}, "free": "Plane at any angle"}

_CURSORS = (
    Qt.CursorShape.SizeHorCursor,
    Qt.CursorShape.SizeFDiagCursor,
    Qt.CursorShape.SizeVerCursor,
    Qt.CursorShape.SizeBDiagCursor,
)
"""For ways that point right, down and right, down, down and left."""


class PlaneDragging(QObject):
    """Lets planes be taken hold of where they are seen; everything else reaches the view.

    A drag moves the plane along its normal, with Ctrl it turns the free one.
    Shift and the wheel move the plane under the mouse by a cell.

    Parameters
    ----------
    document : Document
        Where the planes are.
    centre : Centre
        The views.
    parent : QObject, optional
        The window.
    """

    def __init__(self, document: Document, centre: Centre, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._centre = document, centre
        self._sheets: dict[ViewRole, PlaneSheet] = {}
        self._under: tuple[ViewRole, QPointF] | None = None
        self._held: tuple[ViewRole, Grip, QPointF] | None = None
        self._turning = False
        self._last = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(HOVER_MS)
        self._timer.timeout.connect(self._look)
        # Of the movements that wait in the queue only the last one counts.
        self._to: QPointF | None = None
        self._moved = False
        self._following = QTimer(self)
        self._following.setSingleShot(True)
        self._following.setInterval(0)
        self._following.timeout.connect(self._follow)
        for role, column in centre.columns.items():
            self._watch(role, column)
        centre.column_added.connect(lambda role: self._watch(role, centre.columns[role]))
        document.subscribe(LayersChanged, lambda _: self._soon())
        document.subscribe(SourceChanged, lambda _: self._let_go())

    def _watch(self, role: ViewRole, column: Column) -> None:
        view = column.view
        self._sheets[role] = PlaneSheet(view)
        view.canvas.installEventFilter(self)
        view.canvas.exited.connect(self._on_exit)
        view.camera_changed.connect(partial(self._on_camera, role))

    # -- commands ------------------------------------------------------------

    def enabled(self) -> dict[str, bool]:
        """Return whether there is a plane to move."""
        there = bool(self._target())
        return {"plane_back": there, "plane_on": there}

    def step(self, cells: int) -> None:
        """Move the plane under the mouse, or that moved last, by some cells along its normal."""
        name = self._target()
        view = self._a_view()
        if name and view is not None and view.prepared is not None:
            layers = self._document.layers(VIEW_ROLES[0])
            by = cells * view.prepared.sequence.voxel_pc
            self._move(view, name, _offset(layers, name) + by)

    def _target(self) -> str:
        """Name of the plane that the keys move; "" for none."""
        shown = shown_planes(self._document.layers(VIEW_ROLES[0]))
        under = self._under and self._sheets[self._under[0]].grip
        for name in (under.name if under else "", self._last, *shown):
            if name in shown:
                return name
        return ""

    def _a_view(self) -> SceneView | None:
        roles = [self._under[0]] if self._under is not None else []
        for role in (*roles, *self._document.look.shown):
            column = self._centre.columns.get(role)
            if column is not None and column.view.prepared is not None:
                return column.view
        return None

    # -- events --------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take what moves a plane, and leave the rest."""
        if isinstance(event, QWheelEvent):
            return self._on_wheel(self._role_of(watched), event)
        if not isinstance(event, QMouseEvent):
            return False
        role, kind = self._role_of(watched), event.type()
        if kind == QEvent.Type.MouseButtonPress:
            return self._on_press(role, event)
        if kind == QEvent.Type.MouseMove:
            if self._held is not None:
                self._to, self._moved = event.position(), True
                self._following.start()
                return True
            if not event.buttons():
                self._under = (role, event.position())
                self._soon()
            return False
        if kind == QEvent.Type.MouseButtonRelease and self._held is not None:
            if event.button() == Qt.MouseButton.LeftButton:
                # A click moves nothing.
                if self._moved:
                    self._to = event.position()
                    self._follow()
                self._let_go()
            return True
        return False

    def _role_of(self, watched: QObject) -> ViewRole:
        return next(
            role for role, column in self._centre.columns.items() if column.view.canvas is watched
        )

    def _view(self, role: ViewRole) -> SceneView:
        return self._centre.columns[role].view

    def _on_press(self, role: ViewRole, event: QMouseEvent) -> bool:
        if self._held is not None:
            return True
        control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
        if event.button() != Qt.MouseButton.LeftButton or event.modifiers() & shift:
            self._hide(role)
            return False
        grip = self._view(role).plane_at(event.position())
        self._turning = bool(event.modifiers() & control)
        if grip is None or (self._turning and grip.name != "free"):
            self._hide(role)
            return False
        self._held, self._last = (role, grip, event.position()), grip.name
        self._to, self._moved = None, False
        self._centre.set_coarse(True)
        self._show(role, grip)
        if self._turning:
            self._view(role).canvas.setCursor(Qt.CursorShape.SizeAllCursor)
        return True

    def _follow(self) -> None:
        """Bring the plane to where the mouse is."""
        at, self._to = self._to, None
        if self._held is None or at is None:
            return
        role, grip, start = self._held
        view = self._view(role)
        if self._turning:
            way = at - start
            azimuth, elevation = turned(grip.normal, view.camera(), way.x(), way.y())
            self._document.change_layers(
                VIEW_ROLES,
                free_azimuth_deg=round(azimuth, 1),
                free_elevation_deg=round(elevation, 1),
            )
        else:
            picture = (view.width(), view.height())
            offset = dragged_offset(
                grip, view.camera(), (start.x(), start.y()), (at.x(), at.y()), picture
            )
            self._move(view, grip.name, offset)
        self._show(role, self._now(view, grip))

    def _on_wheel(self, role: ViewRole, event: QWheelEvent) -> bool:
        if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier or self._held is not None:
            return False
        grip = self._view(role).plane_at(event.position())
        if grip is None:
            return False
        # With Shift some systems turn the wheel sideways.
        turns = event.angleDelta().y() or event.angleDelta().x()
        self._under, self._last = (role, event.position()), grip.name
        self._show(role, grip)
        if turns:
            self.step(1 if turns > 0 else -1)
            self._show(role, self._now(self._view(role), grip))
        return True

    def _on_exit(self) -> None:
        self._under = None
        self._timer.stop()
        if self._held is None:
            for role in self._sheets:
                self._hide(role)

    def _on_camera(self, role: ViewRole, _: object) -> None:
        if self._held is None:
            self._hide(role)

    def _let_go(self) -> None:
        if self._held is not None:
            role = self._held[0]
            self._held = None
            self._centre.set_coarse(False)
            self._hide(role)
            self._soon()

    # -- what is seen ----------------------------------------------------------

    def _soon(self) -> None:
        if self._under is not None and self._held is None and not self._timer.isActive():
            self._timer.start()

    def _look(self) -> None:
        """Show whether what is under the mouse can be held."""
        if self._under is None or self._held is not None:
            return
        role, at = self._under
        grip = self._view(role).plane_at(at)
        if grip is None:
            self._hide(role)
        else:
            self._show(role, grip)

    def _show(self, role: ViewRole, grip: Grip) -> None:
        view, sheet = self._view(role), self._sheets[role]
        camera = view.camera()
        sheet.show_grip(grip, camera, view.size_pc, self._words(grip.name))
        if not self._turning or self._held is None:
            x, y = arrow_direction(grip, camera, view.width(), view.height())
            eighth = round(np.degrees(np.arctan2(y, x)) / 45.0) % 4
            view.canvas.setCursor(_CURSORS[eighth])

    def _hide(self, role: ViewRole) -> None:
        view, sheet = self._view(role), self._sheets[role]
        if sheet.grip is not None:
            sheet.show_grip(None, view.camera(), view.size_pc)
            view.canvas.setCursor(Qt.CursorShape.OpenHandCursor)

    def _words(self, name: str) -> str:
        layers = self._document.layers(VIEW_ROLES[0])
        if self._turning and self._held is not None:
            azimuth, elevation = layers.free_azimuth_deg, layers.free_elevation_deg
            return f"{azimuth:.0f}°, {elevation:.0f}°".replace("-", MINUS)
        offset = _offset(layers, name)
        return f"{NAMES[name]}: {offset:+.1f} pc".replace("-", MINUS).replace("+0.0", "0.0")

    # -- the document ----------------------------------------------------------

    def _now(self, view: SceneView, grip: Grip) -> Grip:
        """Return where a plane that was held somewhere is held now."""
        prepared = view.prepared
        if prepared is None:
            return grip
        layers = self._document.layers(VIEW_ROLES[0])
        origin, normal = plane_of(layers, grip.name, prepared.site_pc)
        place = np.asarray(grip.place_pc)
        place = place + float((origin - place) @ normal) * normal
        if self._turning:
            # It turns about the place nearest to the explosion.
            place = origin
        return replace(
            grip,
            place_pc=_vector(place),
            normal=_vector(normal),
            offset_pc=_offset(layers, grip.name),
        )

    def _move(self, view: SceneView, name: str, offset_pc: float) -> None:
        prepared = view.prepared
        if prepared is None:
            return
        layers = self._document.layers(VIEW_ROLES[0])
        normal = plane_of(layers, name, prepared.site_pc)[1]
        low, high = offset_range(prepared.site_pc, prepared.size_pc, _vector(normal))
        value = round(min(max(offset_pc, low), high), 3)
        self._last = name
        self._document.change_layers(VIEW_ROLES, **{f"plane_{name}_pc": value})


def _offset(layers: LayerState, name: str) -> float:
    return float(getattr(layers, f"plane_{name}_pc"))


def _vector(values: object) -> Vector3:
    x, y, z = (float(value) for value in np.asarray(values))
    return (x, y, z)
