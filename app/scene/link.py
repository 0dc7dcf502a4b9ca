"""One camera for several views."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer

from app.view_state import CameraState


class LinkedView(Protocol):
    """What a view must offer to be linked.

    One that has an attribute ``standpoint`` that is not empty shows the whole
    cube from there; its like are then told to `fit`, which they tell nobody.
    """

    camera_changed: Any
    """A signal that carries a `CameraState`."""

    def camera(self) -> CameraState:
        """Return where the eye is."""

    def set_camera(self, camera: CameraState) -> None:
        """Move the eye; the view may tell of it."""


class CameraLink(QObject):
    """Keep the eyes of several views together.

    Views are held weakly. Movements of one are passed on to the others once
    per turn of the event loop, however many there were, and are not echoed.

    Parameters
    ----------
    views : iterable of LinkedView
        The views; the first one's camera is taken by the others.
    parent : QObject, optional
        The parent.
    """

    def __init__(self, views: Iterable[LinkedView] = (), parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._views: list[weakref.ref[Any]] = []
        self._enabled = True
        self._passing_on = False
        self._source: weakref.ref[Any] | None = None
        self._pending: CameraState | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self.flush)
        for view in views:
            self.add(view)

    @property
    def enabled(self) -> bool:
        """Whether movements are passed on."""
        return self._enabled

    def set_enabled(self, enabled: bool) -> None:
        """Link, or let each view go its own way; linking takes the first view's camera."""
        if enabled == self._enabled:
            return
        self._enabled = enabled
        self._timer.stop()
        self._pending = None
        views = self._alive()
        if enabled and views:
            self._move_others(views[0], views[0].camera())

    def add(self, view: LinkedView) -> None:
        """Link another view; its eye goes where the others' are."""
        views = self._alive()
        if any(view is other for other in views):
            return
        reference = weakref.ref(view)
        self._views.append(reference)
        own = weakref.ref(self)

        def told(camera: CameraState) -> None:
            link = own()
            if link is not None:
                link._told(reference, camera)

        view.camera_changed.connect(told)
        if views and self._enabled:
            self._move_others(views[0], views[0].camera())

    def _alive(self) -> list[Any]:
        views = [view for reference in self._views if (view := reference()) is not None]
        self._views = [reference for reference in self._views if reference() is not None]
        return views

    def _told(self, source: weakref.ref[Any], camera: CameraState) -> None:
        if self._enabled and not self._passing_on:
            self._source, self._pending = source, camera
            self._timer.start()

    def align(self, view: LinkedView) -> None:
        """Bring the others' eyes to where one is, linked or not."""
        self._timer.stop()
        self._pending = None
        self._move_others(view, view.camera())

    def flush(self) -> None:
        """Pass on the last movement now."""
        self._timer.stop()
        source = self._source() if self._source is not None else None
        camera, self._pending = self._pending, None
        if camera is not None:
            self._move_others(source, camera)

    def _move_others(self, source: Any, camera: CameraState) -> None:
        self._passing_on = True  # what the others tell meanwhile is an echo
        try:
            # A view that shows the whole cube makes the others do so, each at its own size.
            standpoint = getattr(source, "standpoint", "")
            for view in self._alive():
                if view is source:
                    continue
                if standpoint:
                    view.fit(standpoint)
                elif view.camera() != camera:
                    view.set_camera(camera)
        finally:
            self._passing_on = False
