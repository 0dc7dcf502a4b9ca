"""The probe, which tells what is under the mouse, and the ruler."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, QPointF, QTimer, Signal

from app.document import Document
from app.events import OverviewChanged, SourceChanged, TimeChanged, UnitsChanged
from app.look import ViewRole
from app.scene import camera as geometry
from app.scene.picking import ray
from app.scene.ruler import Ruler, RulerSheet
from app.scene.slices import SliceView
from app.scene.view import SceneView
from app.view_state import Vector3
from app.views.centre import Centre
from app.views.columns import Column
from app.views.probe import (
    Reading,
    describe,
    describe_both,
    describe_coarse,
    read_gas,
    read_overview,
)
from core.cubes import CubeSequence

PROBE_MS = 40
"""The gas is read this often at most while the mouse moves."""

IN_PLANE_PC = 0.5
"""A ruler is drawn in a slice if both its ends are this close to its plane."""


class Probing(QObject):
    """Reads the gas under the mouse, and lets distances be measured.

    Parameters
    ----------
    document : Document
        What is shown.
    centre : Centre
        The views.
    say : callable
        Takes the line about the gas under the mouse, "" for none.
    parent : QObject
        The window.

    Signals
    -------
    changed(bool)
        Measuring was begun or ended.
    """

    changed = Signal(bool)

    def __init__(
        self,
        document: Document,
        centre: Centre,
        say: Callable[[str], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._document, self._centre, self._say = document, centre, say
        self._sheets: dict[ViewRole, tuple[RulerSheet, RulerSheet]] = {}
        self._under: tuple[Callable[[QPointF], str], QPointF] | None = None
        self._ruler: Ruler | None = None
        self._active = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PROBE_MS)
        self._timer.timeout.connect(self._read)
        for role, column in centre.columns.items():
            self._watch(role, column)
        centre.column_added.connect(lambda role: self._watch(role, centre.columns[role]))
        whole = centre.whole.view.canvas
        whole.hovered.connect(partial(self._on_hover, self._in_box))
        whole.exited.connect(self._on_exit)
        for event in (TimeChanged, UnitsChanged, OverviewChanged):
            document.subscribe(event, lambda _: self._soon())
        document.subscribe(SourceChanged, lambda _: self._on_source())

    def _watch(self, role: ViewRole, column: Column) -> None:
        view, flat = column.view, column.slice
        view.canvas.hovered.connect(partial(self._on_hover, partial(self._in_cube, role, view)))
        view.canvas.exited.connect(self._on_exit)
        flat.hovered.connect(partial(self._on_hover, partial(self._in_cube, role, flat)))
        flat.exited.connect(self._on_exit)
        sheets = (
            RulerSheet(view, partial(_facing_place, view), view.pixel_of),
            RulerSheet(flat, flat.place_at, partial(_pixel_in_plane, flat)),
        )
        for sheet in sheets:
            sheet.drawn.connect(self.set_ruler)
            sheet.set_active(self._active)
            sheet.set_ruler(self._ruler)
        view.camera_changed.connect(lambda _: sheets[0].update())
        self._sheets[role] = sheets

    # -- the probe -----------------------------------------------------------

    def _on_hover(self, read: Callable[[QPointF], str], at: QPointF) -> None:
        self._under = (read, at)
        self._soon()

    def _on_exit(self) -> None:
        self._under = None
        self._timer.stop()
        self._say("")

    def _soon(self) -> None:
        if self._under is not None and not self._timer.isActive():
            self._timer.start()

    def _on_source(self) -> None:
        self._on_exit()
        self.set_ruler(None)

    def _read(self) -> None:
        if self._under is not None:
            read, at = self._under
            self._say(read(at))

    def _in_cube(self, role: ViewRole, view: SceneView | SliceView, at: QPointF) -> str:
        place = view.place_at(at) if view.isVisible() else None
        return "" if place is None else self.line(role, place)

    def _in_box(self, at: QPointF) -> str:
        """Write what is seen at a pixel of the whole snapshot; "" where there is no gas."""
        view = self._centre.whole.view
        overview, place = view.stage.overview, view.place_at(at)
        reading = None
        if overview is not None and place is not None and view.isVisible():
            reading = read_overview(overview, place)
        if overview is None or reading is None:
            return ""
        return describe_coarse(reading, overview.density.voxel_pc, self._document.density_display)

    def line(self, role: ViewRole, place_pc: Vector3) -> str:
        """Write what a view shows at a place.

        Parameters
        ----------
        role : {"truth", "forecast", "third"}
            The view.
        place_pc : tuple of float
            The place relative to the centre of the cube, in pc.

        Returns
        -------
        str
            One line; "" where there is no gas.
        """
        display = self._document.density_display
        if role != "third":
            reading = self._reading(role, place_pc)
            return "" if reading is None else describe(reading, display)
        both = [self._reading(each, place_pc) for each in ("truth", "forecast")]
        truth, forecast = both
        if truth is not None and forecast is not None:
            return describe_both(truth, forecast, display)
        known = truth or forecast
        return "" if known is None else describe(known, display)

    def _reading(self, role: ViewRole, place_pc: Vector3) -> Reading | None:
        document = self._document
        prepared = self._centre.columns[role].view.prepared
        control: CubeSequence | None = None if prepared is None else prepared.control
        sequence = document.truth
        if role == "forecast":
            sequence = document.forecast.sequence if document.forecast is not None else None
        if sequence is None:
            return None
        return read_gas(sequence, control, document.time_myr, place_pc)

    # -- the ruler -----------------------------------------------------------

    @property
    def is_measuring(self) -> bool:
        """Whether the mouse draws a ruler, or one is shown."""
        return self._active or self._ruler is not None

    @property
    def ruler(self) -> Ruler | None:
        """The ruler that is shown."""
        return self._ruler

    def commands(self) -> dict[str, Callable[..., object]]:
        """Return what each command does, by its key."""
        return {"ruler": self.set_measuring}

    def enabled(self) -> dict[str, bool]:
        """Return which of them make sense now."""
        document = self._document
        shown = document.truth is not None or document.forecast is not None
        return {"ruler": shown and not document.choosing}

    def set_measuring(self, on: bool) -> None:
        """Let the mouse draw a ruler in views and slices; without, it goes."""
        if on == self._active and not (self._ruler and not on):
            return
        self._active = on
        for sheet in self._all_sheets():
            sheet.set_active(on)
        if not on:
            self.set_ruler(None)
        self.changed.emit(on)

    def set_ruler(self, ruler: Ruler | None) -> None:
        """Show a ruler in every view: a distance is compared at once."""
        self._ruler = ruler
        for sheet in self._all_sheets():
            sheet.set_ruler(ruler)

    def _all_sheets(self) -> list[RulerSheet]:
        return [sheet for pair in self._sheets.values() for sheet in pair]


def _facing_place(view: SceneView, at: QPointF) -> Vector3 | None:
    """Return the place of a pixel in the plane through the explosion that faces the eye."""
    if view.prepared is None:
        return None
    camera = view.camera()
    origin, direction = ray(camera, at.x(), at.y(), view.width(), view.height())
    _, _, forward = geometry.axes(camera)
    depth = float(np.dot(np.subtract(view.site_pc, origin), forward) / np.dot(direction, forward))
    x, y, z = (float(value) for value in origin + depth * direction)
    return x, y, z


def _pixel_in_plane(view: SliceView, place_pc: Vector3) -> QPointF | None:
    """Return the pixel of a place if it lies in the plane that a slice shows."""
    if abs(place_pc[2] - view.site_pc[2]) > IN_PLANE_PC:
        return None
    return view.pixel_of(place_pc[0], place_pc[1])
