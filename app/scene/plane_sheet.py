"""What is drawn over a view while a plane is, or can be, held: its outline and where it goes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app.scene import camera as geometry
from app.scene.grips import Grip, faces_eye
from app.scene.lettering import font_of, text
from app.scene.overlay import HALO, MARGIN, TITLE_COLOR
from app.scene.planes import cut_polygon
from app.view_state import CameraState

COLOR = "#dfe6f2"
ARROW_PX = 22.0
HEAD_PX = 6.0


class PlaneSheet(QWidget):
    """A transparent sheet over a view that shows how a plane is held.

    Parameters
    ----------
    view : QWidget
        The view it covers.
    """

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        self._view = view
        self._grip: Grip | None = None
        self._camera: CameraState | None = None
        self._size_pc = 60.0
        self._words = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        view.installEventFilter(self)

    @property
    def grip(self) -> Grip | None:
        """What is shown."""
        return self._grip

    @property
    def words(self) -> str:
        """What is written beside it."""
        return self._words

    def show_grip(
        self, grip: Grip | None, camera: CameraState, size_pc: float, words: str = ""
    ) -> None:
        """Show a plane that can be held, or none.

        Parameters
        ----------
        grip : Grip or None
            The plane, and where on it the arrow is drawn.
        camera : CameraState
            The eye.
        size_pc : float
            Edge of the cube in pc.
        words : str
            What is written beside the arrow.
        """
        self._grip, self._camera, self._size_pc, self._words = grip, camera, size_pc, words
        # Hidden when there is nothing to do: a sheet over a live view costs a little each frame.
        self.setVisible(grip is not None)
        self.setGeometry(self._view.rect())
        self.raise_()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._view.rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        grip, camera = self._grip, self._camera
        if grip is None or camera is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        corners = cut_polygon(self._size_pc, (np.array(grip.place_pc), np.array(grip.normal)))
        at = geometry.project(camera, corners, self.width(), self.height())
        if len(at) and np.isfinite(at).all():
            outline = QPolygonF([QPointF(x, y) for x, y in at])
            for color, width in ((HALO, 4.0), (QColor(COLOR), 1.6)):
                painter.setPen(QPen(color, width))
                painter.drawPolygon(outline)
        along = arrow_direction(grip, camera, self.width(), self.height())
        x, y = geometry.project(camera, grip.place_pc, self.width(), self.height())
        if np.isfinite(x) and np.isfinite(y):
            middle = QPointF(float(x), float(y))
            _paint_arrow(painter, middle, along)
            if self._words:
                self._write(painter, middle)
        painter.end()

    def _write(self, painter: QPainter, middle: QPointF) -> None:
        """Write beside the arrow, on the side on which there is room."""
        font = font_of(self.font(), 12)
        wide = QFontMetricsF(font).horizontalAdvance(self._words)
        side = middle.x() + ARROW_PX + 8.0
        if side + wide + MARGIN > self.width():
            side = max(middle.x() - ARROW_PX - 8.0 - wide, MARGIN)
        at = QPointF(side, middle.y() + 4.0)
        place = QRectF(at.x(), at.y() - 13.0, wide, 18.0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(11, 14, 19, 200))
        painter.drawRoundedRect(place.adjusted(-6.0, -1.0, 6.0, 1.0), 5.0, 5.0)
        text(painter, at, self._words, self.font(), 12, TITLE_COLOR)


def arrow_direction(
    grip: Grip, camera: CameraState, width: float, height: float
) -> NDArray[np.float64]:
    """Return the direction in the picture in which the mouse moves a plane.

    Parameters
    ----------
    grip : Grip
        The plane.
    camera : CameraState
        The eye.
    width, height : float
        Size of the picture in pixels.

    Returns
    -------
    ndarray, (2,)
        A unit vector, across and down: along the normal, or upwards where
        that points at the eye.
    """
    if faces_eye(grip, camera):
        return np.array([0.0, -1.0])
    place = np.asarray(grip.place_pc)
    ends = np.array([place - grip.normal, place + np.asarray(grip.normal)])
    first, second = geometry.project(camera, ends, width, height)
    along = second - first
    length = float(np.linalg.norm(along))
    if not length > 0.0:  # behind the eye
        return np.array([0.0, -1.0])
    direction: NDArray[np.float64] = along / length
    return direction


def _paint_arrow(painter: QPainter, middle: QPointF, along: NDArray[np.float64]) -> None:
    direction = QPointF(float(along[0]), float(along[1]))
    across = QPointF(-direction.y(), direction.x())
    for color, width in ((HALO, 5.0), (QColor(COLOR), 2.0)):
        pen = QPen(color, width)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLine(middle - direction * ARROW_PX, middle + direction * ARROW_PX)
        for sign in (1.0, -1.0):
            tip = middle + direction * (sign * ARROW_PX)
            back = tip - direction * (sign * HEAD_PX)
            for side in (1.0, -1.0):
                painter.drawLine(tip, back + across * (side * HEAD_PX))
