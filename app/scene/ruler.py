"""A line between two points of the gas, with its length: drawn in slices and views."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.scene.lettering import text
from app.scene.overlay import HALO, LABEL_COLOR
from app.view_state import Vector3

COLOR = "#ffffff"
END = 5.0
"""Half the length of the strokes at both ends."""

LEAST_PX = 4.0
"""A drag shorter than this is none."""


@dataclass(frozen=True)
class Ruler:
    """Two points, in pc relative to the centre of the cube.

    Parameters
    ----------
    start_pc, end_pc : tuple of float
        The points.
    """

    start_pc: Vector3
    end_pc: Vector3

    @property
    def length_pc(self) -> float:
        """Distance between them in pc."""
        return float(np.linalg.norm(np.subtract(self.end_pc, self.start_pc)))


def paint_ruler(
    painter: QPainter, start: QPointF, end: QPointF, length_pc: float, font: QFont
) -> None:
    """Draw a ruler with its length beside the middle.

    Parameters
    ----------
    painter : QPainter
        Where to draw.
    start, end : QPointF
        The ends in pixels.
    length_pc : float
        The length in pc.
    font : QFont
        Font of the label.
    """
    along = end - start
    length = max(float(np.hypot(along.x(), along.y())), 1e-6)
    across = QPointF(-along.y() / length, along.x() / length)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for pen in (QPen(HALO, 4.0), QPen(QColor(COLOR), 1.6)):
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLine(start, end)
        for point in (start, end):
            painter.drawLine(point - across * END, point + across * END)
    # The label stands on the upper side of the line, whichever way it was drawn.
    up = across if across.y() < 0 else across * -1.0
    middle = (start + end) / 2 + up * 13.0 + QPointF(0.0, 4.0)
    label = f"{length_pc:.1f} pc" if length_pc >= 1 else f"{length_pc:.2f} pc"
    text(painter, middle, label, font, 12, LABEL_COLOR, QFont.Weight.DemiBold, centered=True)
    painter.restore()


class RulerSheet(QWidget):
    """A transparent sheet over a view, on which the ruler is drawn, with the mouse or to be seen.

    Parameters
    ----------
    view : QWidget
        The view it covers.
    place_at : callable
        Returns the place in pc of a pixel, or None where there is none.
    pixel_of : callable
        Returns the pixel of a place, or None if the place is not in the view.

    Signals
    -------
    drawn(Ruler)
        The user draws; None when what was drawn is too short.
    """

    drawn = Signal(object)

    def __init__(
        self,
        view: QWidget,
        place_at: Callable[[QPointF], Vector3 | None],
        pixel_of: Callable[[Vector3], QPointF | None],
    ) -> None:
        super().__init__(view)
        self._view = view
        self._place_at, self._pixel_of = place_at, pixel_of
        self._ruler: Ruler | None = None
        self._active = False
        self._start: tuple[QPointF, Vector3] | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMouseTracking(True)
        self.setToolTip("Drag from one point to another; Esc ends measuring")
        self.setAccessibleName("Ruler")
        self.hide()
        view.installEventFilter(self)

    def set_active(self, active: bool) -> None:
        """Let the mouse draw here, or reach what is below."""
        self._active, self._start = active, None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not active)
        self._arrange()

    def set_ruler(self, ruler: Ruler | None) -> None:
        """Show a ruler, or none."""
        self._ruler = ruler
        self._arrange()

    def _arrange(self) -> None:
        # Hidden when there is nothing to do: a sheet over a live view costs a little each frame.
        self.setVisible(self._active or self._ruler is not None)
        self.setGeometry(self._view.rect())
        self.raise_()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._view.rect())
            self.raise_()
        return False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and place is not None:
            self._start = (event.position(), place)
            self.drawn.emit(None)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._start is None:
            event.ignore()  # the probe below reads on
            return
        at, start = self._start
        step = event.position() - at
        place = self._place_at(event.position())
        if place is not None and max(abs(step.x()), abs(step.y())) >= LEAST_PX:
            self.drawn.emit(Ruler(start, place))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._start = None
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        ruler = self._ruler
        if ruler is None:
            return
        start, end = self._pixel_of(ruler.start_pc), self._pixel_of(ruler.end_pc)
        if start is None or end is None:
            return
        painter = QPainter(self)
        paint_ruler(painter, start, end, ruler.length_pc, self.font())
        painter.end()
