"""Where an explosion may be, and the cube that is to be cut out around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from app.scene import camera as geometry
from app.scene.box import box_edges
from app.scene.lettering import font_of, text
from app.view_state import CameraState, Vector3
from core.cutout import Cutout

KIND_COLORS: Mapping[str, str] = MappingProxyType(
    {
        "supernova": "#ffd88f",
        "star": "#ffd88f",
        "hottest": "#ff9a6b",
        "densest": "#b9e4ff",
        "list": "#d5dae3",
        "given": "#ffffff",
    }
)
"""The colour of each kind of candidate, in the view and in the list."""

CUBE_COLOR = "#f2f5fa"
RADIUS = 8.0
REACH = 12.0
"""A click this near a marker, in pixels, means it."""


@dataclass(frozen=True)
class Marker:
    """A candidate as it is drawn.

    Parameters
    ----------
    position_pc : tuple of float
        Where, in pc relative to the centre of the scene.
    kind : str
        As in `core.Site`.
    number : int
        Its place in the list, from 1.
    chosen : bool
        Whether the cube is around it.
    """

    position_pc: Vector3
    kind: str
    number: int
    chosen: bool = False


def marker_at(
    markers: tuple[Marker, ...],
    camera: CameraState,
    at: QPointF,
    width: float,
    height: float,
) -> Marker | None:
    """Return the marker under the pointer.

    Parameters
    ----------
    markers : tuple of Marker
        What is shown.
    camera : CameraState
        The eye.
    at : QPointF
        The pointer in logical pixels.
    width, height : float
        Size of the view.

    Returns
    -------
    Marker or None
        The nearest within `REACH` pixels.
    """
    if not markers:
        return None
    places = geometry.project(camera, [m.position_pc for m in markers], width, height)
    distances = np.hypot(*(places - (at.x(), at.y())).T)
    distances = np.where(np.isfinite(distances), distances, np.inf)
    best = int(np.argmin(distances))
    return markers[best] if distances[best] <= REACH else None


def paint_markers(
    painter: QPainter,
    camera: CameraState,
    markers: tuple[Marker, ...],
    width: float,
    height: float,
    base: QFont,
) -> None:
    """Draw a numbered disc for every candidate: the chosen on top, then the most plausible."""
    for marker in sorted(markers, key=lambda marker: (marker.chosen, -marker.number)):
        x, y = geometry.project(camera, marker.position_pc, width, height)
        if not (np.isfinite(x) and 0 <= x <= width and 0 <= y <= height):
            continue
        at, color = QPointF(float(x), float(y)), QColor(KIND_COLORS.get(marker.kind, "#ffffff"))
        dark = QColor(11, 14, 19, 225)
        painter.setPen(QPen(QColor(11, 14, 19, 120), 4.0))
        painter.drawEllipse(at, RADIUS, RADIUS)
        painter.setPen(QPen(color, 1.7))
        painter.setBrush(color if marker.chosen else dark)
        painter.drawEllipse(at, RADIUS, RADIUS)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setFont(font_of(base, 10, QFont.Weight.DemiBold))
        painter.setPen(dark if marker.chosen else color)
        place = QRectF(at.x() - 10, at.y() - 10, 20, 20)
        painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), str(marker.number))


def paint_cube(
    painter: QPainter,
    camera: CameraState,
    cube: Cutout,
    width: float,
    height: float,
    base: QFont,
) -> None:
    """Draw the edges of the cube to be cut out: those in front strong, those behind dashed."""
    center = np.asarray(cube.center_pc)
    # Seen from the cube's own centre, so that the edges can be told apart.
    eye = np.asarray(camera.position) - center
    own = CameraState((float(eye[0]), float(eye[1]), float(eye[2])))
    edges = box_edges(own, cube.size_pc)
    dark = QColor(8, 11, 16, 150)
    faint, strong = QColor(CUBE_COLOR), QColor(CUBE_COLOR)
    faint.setAlpha(120)
    for segments, color, line in (
        (edges.back, faint, Qt.PenStyle.DashLine),
        (edges.front, strong, Qt.PenStyle.SolidLine),
    ):
        pixels = geometry.project(camera, segments + center, width, height)
        pixels = pixels[np.isfinite(pixels).all(axis=(1, 2))]
        pens = [QPen(color, 1.0, line)]
        if line == Qt.PenStyle.SolidLine:
            pens = [QPen(dark, 4.0), QPen(color, 1.7)]
        for pen in pens:
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            for start, end in pixels:
                painter.drawLine(QPointF(*start), QPointF(*end))
    corners = geometry.project(camera, edges.front + center, width, height).reshape(-1, 2)
    corners = corners[np.isfinite(corners).all(axis=1)]
    if len(corners):
        x, y = corners[np.argmin(corners[:, 1])]
        bounds = QRectF(0, 14, width, height)
        if bounds.contains(QPointF(x, y)):
            words = f"{cube.size_pc:.4g} pc"
            bold = QFont.Weight.DemiBold
            text(painter, QPointF(x, y - 7), words, base, 11, CUBE_COLOR, bold, centered=True)
