"""Views are drawn one after the other, so that the window answers between them."""

from __future__ import annotations

import weakref
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer

BUDGET_S = 0.06
"""Drawing in one turn of the event loop; one view is always drawn."""

LOST_MS = 150
"""A view that is not drawn by then, as it is hidden, is not waited for."""


class Drawable(Protocol):
    """What a view must offer to be drawn in its turn."""

    drawn: Any
    """A signal: it was drawn."""

    @property
    def draw_seconds(self) -> float:
        """How long drawing it will take."""

    def draw_now(self) -> None:
        """Draw with the next update of the screen."""

    def isVisible(self) -> bool:
        """Whether it is on the screen."""

    def underMouse(self) -> bool:
        """Whether the mouse is over it."""


class Turns(QObject):
    """Decides which views are drawn with the next update of the screen.

    All at once while that is quick, as when a cube is turned; else one by
    one, the one under the mouse first. Views are held weakly.

    Parameters
    ----------
    parent : QObject, optional
        The parent.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: list[weakref.ref[Any]] = []
        self._at_work: list[weakref.ref[Any]] = []
        self._spent = 0.0
        self._known: weakref.WeakSet[Any] = weakref.WeakSet()
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._go_on)

    def ask(self, view: Drawable) -> None:
        """Draw a view soon; asked again before, it is still drawn once."""
        if not view.isVisible():
            view.draw_now()  # when it is shown: nobody waits for that
            return
        reference = weakref.ref(view)
        if view not in self._known:
            self._known.add(view)
            own = weakref.ref(self)

            def told() -> None:
                turns = own()
                if turns is not None:
                    turns._on_drawn(reference)

            view.drawn.connect(told)
        if reference in self._waiting:
            return
        if view.draw_seconds <= BUDGET_S and self._has_time_for(view):
            self._begin(view)
            return
        # Not in the turn in which whatever has changed is worked out.
        self._waiting.append(reference)
        if not self._at_work:
            self._next.start(0)

    def _has_time_for(self, view: Drawable) -> bool:
        return not self._at_work or self._spent + view.draw_seconds <= BUDGET_S

    def _begin(self, view: Drawable) -> None:
        """Draw it with the others of this turn."""
        reference = weakref.ref(view)
        if not self._at_work:
            self._spent = 0.0
        if reference not in self._at_work:
            self._at_work.append(reference)
            self._spent += view.draw_seconds
        self._next.start(LOST_MS)
        view.draw_now()

    def _go_on(self) -> None:
        """Draw as many of those that wait as one turn has time for."""
        self._at_work = []
        waiting = [view for reference in self._waiting if (view := reference()) is not None]
        waiting.sort(key=lambda view: not view.underMouse())
        now = 0
        while now < len(waiting) and self._has_time_for(waiting[now]):
            self._begin(waiting[now])
            now += 1
        self._waiting = [weakref.ref(view) for view in waiting[now:]]

    def _on_drawn(self, reference: weakref.ref[Any]) -> None:
        # Drawn for whatever reason, it shows what it is to show.
        if reference in self._waiting:
            self._waiting.remove(reference)
        if reference in self._at_work:
            self._at_work.remove(reference)
            if not self._at_work:
                self._next.start(0)
