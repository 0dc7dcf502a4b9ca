"""Objects that only hold each other are let go of on the main thread, in short turns.

Python would look for them whenever some thread makes a new object: a widget
could end in a worker, which Qt answers with a crash or a deadlock, and the
window would stand still while half a million objects are looked through.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 1000
YOUNG_ENOUGH = 2000
"""New objects from which on it is worth looking among the young ones."""

TURNS_PER_WHOLE = 30
"""Turns from one look at all objects to the next."""


class Garbage(QObject):
    """Looks for such objects as long as it lives; nobody else does meanwhile.

    Parameters
    ----------
    parent : QObject
        The window.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._turns = 0
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def spare(self) -> None:
        """Look no more at what there is now: the program itself, which stays.

        It is by far the most, and looking through it takes a fraction of a
        second. Done once: later there is a person's work among it.
        """
        if gc.get_freeze_count() == 0:
            gc.freeze()

    def stop(self) -> None:
        """Leave it to Python again, when no other thread is left."""
        self._timer.stop()
        gc.enable()

    def _look(self) -> None:
        self._turns += 1
        if self._turns >= TURNS_PER_WHOLE:
            self._turns = 0
            gc.collect()
        elif gc.get_count()[0] > YOUNG_ENOUGH:
            gc.collect(1)
