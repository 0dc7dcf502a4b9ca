"""Annotations over a view, drawn by Qt: sharp text, scale bar, axes and site marker.

`paint` draws on anything that Qt can paint on, so a live view and a saved
picture carry the same annotations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QWidget

from app.scene import camera as geometry
from app.scene.box import BoxEdges
from app.scene.colormaps import ROLE_COLORS
from app.scene.lettering import font_of, text
from app.scene.markers import Marker, paint_cube, paint_markers
from app.view_state import CameraState, Vector3
from core.cutout import Cutout

TITLE_COLOR = "#eef1f6"
SUBTITLE_COLOR = "#8d97a7"
LABEL_COLOR = "#d5dae3"
EMPTY_COLOR = "#7b8594"
AXIS_COLORS = ("#e5707a", "#7cc27f", "#6aa5f0")
BACKGROUND = "#0b0d11"
HALO = QColor(8, 11, 16, 190)
MARGIN = 14.0
RADIUS = 8.0
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Annotations:
    """What is written over a view.

    Parameters
    ----------
    role : str
        "truth", "forecast" or "third": the colour of the dot.
    title, subtitle : str
        Name of the view, and what made it.
    time_myr : float or None
        Time stamp; None for no stamp.
    site_pc : tuple of float or None
        Marker of the explosion; None for no marker.
    edges : BoxEdges or None
        Edges of the cube; those before the gas are drawn here.
    empty_text : str or None
        Shown in the middle instead of scale bar and axes.
    cube : Cutout or None
        A cube that is to be cut out, relative to the centre of the scene.
    markers : tuple of Marker
        Places an explosion may be at.
    dots : tuple of str
        Roles of the dots before the title, if it has another than its own.
    reserved : float
        Pixels right of the subtitle that buttons take.
    measures : bool
        Whether scale bar and axes are drawn.
    caption : str
        A line at the bottom.
    """

    role: str
    title: str = ""
    subtitle: str = ""
    time_myr: float | None = None
    site_pc: Vector3 | None = None
    edges: BoxEdges | None = None
    empty_text: str | None = None
    cube: Cutout | None = None
    markers: tuple[Marker, ...] = ()
    dots: tuple[str, ...] = ()
    reserved: float = 0.0
    measures: bool = True
    caption: str = ""


def format_time(time_myr: float) -> str:
    """Write a time for people: ``t = 0.084 Myr``."""
    digits = 3 if abs(time_myr) < 10 else 2
    text = f"{abs(time_myr):.{digits}f}"
    sign = MINUS if time_myr < 0 and float(text) != 0.0 else ""
    return f"t = {sign}{text} Myr"


def scale_length(pixels_per_pc: float, width: float) -> float:
    """Return the longest round length (1, 2 or 5 times a power of ten, pc) for a scale bar."""
    longest = 0.15 * width / max(pixels_per_pc, 1e-9)
    power = 10.0 ** np.floor(np.log10(longest))
    return float(max(step * power for step in (1, 2, 5) if step * power <= longest))


def to_image(pixels: NDArray[np.uint8]) -> QImage:
    """Copy (height, width, 3) sRGB pixels into a `QImage`."""
    data = np.ascontiguousarray(pixels)
    height, width, _ = data.shape
    return QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def paint(
    painter: QPainter, rect: QRectF, notes: Annotations, camera: CameraState | None, font: QFont
) -> None:
    """Draw the annotations of a view.

    Parameters
    ----------
    painter : QPainter
        Where to draw, in logical pixels.
    rect : QRectF
        The view.
    notes : Annotations
        What to write.
    camera : CameraState or None
        The eye; without it nothing that depends on it is drawn.
    font : QFont
        Its family is used, at the sizes of the annotations.
    """
    painter.save()
    painter.translate(rect.topLeft())
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    width, height = rect.width(), rect.height()
    if notes.empty_text is not None:
        _paint_empty(painter, width, height, notes.empty_text, font)
    elif camera is not None:
        if notes.edges is not None:
            _paint_edges(painter, camera, notes.edges, width, height)
        if notes.cube is not None:
            paint_cube(painter, camera, notes.cube, width, height, font)
        paint_markers(painter, camera, notes.markers, width, height, font)
        if notes.site_pc is not None:
            _paint_site(painter, camera, notes.site_pc, width, height)
        if notes.measures:
            paint_scale_bar(
                painter,
                QPointF(MARGIN + 2, height - MARGIN - 4),
                geometry.pixels_per_pc(camera, height),
                width,
                font,
            )
            _paint_gizmo(painter, QPointF(width - 42, height - 32), camera, font)
            _paint_foot(painter, width, height, notes, font)
    _paint_heading(painter, width, notes, font)
    painter.restore()


def _paint_foot(
    painter: QPainter, width: float, height: float, notes: Annotations, font: QFont
) -> None:
    """Say what the arrows mean, between scale bar and axes."""
    middle, bottom = width / 2, height - MARGIN
    if notes.caption:
        at = QPointF(middle, bottom - 4)
        text(painter, at, notes.caption, font, 10, SUBTITLE_COLOR, centered=True)


def _paint_heading(painter: QPainter, width: float, notes: Annotations, base: QFont) -> None:
    left = MARGIN + 16
    full = max(width - left - MARGIN, 20.0)
    room = full
    if notes.time_myr is not None:
        at = QPointF(width - MARGIN, MARGIN + 11)
        stamp = format_time(notes.time_myr)
        room -= 12 + text(painter, at, stamp, base, 11, LABEL_COLOR, right=True)
    if notes.title:
        painter.setPen(Qt.PenStyle.NoPen)
        dots = notes.dots or (notes.role,)
        for place, role in enumerate(dots):
            painter.setBrush(QColor(ROLE_COLORS[role]))
            shift = 5.0 * (place - (len(dots) - 1) / 2)
            painter.drawEllipse(QPointF(MARGIN + 4 + shift, MARGIN + 6.5), 4, 4)
    bold, normal = QFont.Weight.DemiBold, QFont.Weight.Normal
    for words, pixels, weight, color, line, space in (
        (notes.title, 14, bold, TITLE_COLOR, MARGIN + 11.5, room),
        (notes.subtitle, 11, normal, SUBTITLE_COLOR, MARGIN + 28, full - notes.reserved),
    ):
        metrics = QFontMetricsF(font_of(base, pixels, weight))
        shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, max(space, 20.0))
        if shown:
            text(painter, QPointF(left, line), shown, base, pixels, color, weight)


def paint_scale_bar(
    painter: QPainter, at: QPointF, pixels_per_pc: float, width: float, base: QFont
) -> None:
    """Draw a scale bar whose left end is at a point.

    Parameters
    ----------
    painter : QPainter
        Where to draw.
    at : QPointF
        The left end.
    pixels_per_pc : float
        Scale of the picture, at the focal depth in a perspective view.
    width : float
        Width of the picture: the bar takes up to 15 % of it.
    base : QFont
        Font of the label.
    """
    length = scale_length(pixels_per_pc, width)
    end = at.x() + length * pixels_per_pc
    bar = QPainterPath(QPointF(at.x(), at.y() - 5))
    for x, y in ((at.x(), at.y()), (end, at.y()), (end, at.y() - 5)):
        bar.lineTo(x, y)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(QColor(10, 13, 18, 120), 3.6), QPen(QColor(LABEL_COLOR), 1.6)):
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.strokePath(bar, pen)
    middle = QPointF((at.x() + end) / 2, at.y() - 9)
    text(painter, middle, f"{length:g} pc", base, 11, LABEL_COLOR, centered=True)


def _paint_edges(
    painter: QPainter, camera: CameraState, edges: BoxEdges, width: float, height: float
) -> None:
    for segments, alpha in ((edges.front, 105), (edges.cut_front, 60)):
        pixels = geometry.project(camera, segments, width, height)
        painter.setPen(QPen(QColor(160, 174, 196, alpha), 1.0))
        for start, end in pixels[np.isfinite(pixels).all(axis=(1, 2))]:
            painter.drawLine(QPointF(*start), QPointF(*end))


def _paint_gizmo(painter: QPainter, center: QPointF, camera: CameraState, base: QFont) -> None:
    right, up, forward = geometry.axes(camera)
    rise = QFontMetricsF(font_of(base, 11)).xHeight() / 2
    # The arm that points away from the eye is drawn first.
    for axis in sorted(range(3), key=lambda axis: -forward[axis]):
        step = QPointF(right[axis], -up[axis])
        color = QColor(AXIS_COLORS[axis])
        tip = center + step * 20.0
        pen = QPen(color, 2.0)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLine(center, tip)
        length = max(float(np.hypot(step.x(), step.y())), 0.35)
        place = tip + step * (9.0 / length)
        at = QPointF(place.x(), place.y() + rise)
        bold = QFont.Weight.DemiBold
        text(painter, at, "xyz"[axis], base, 11, AXIS_COLORS[axis], bold, centered=True)


def paint_site(painter: QPainter, at: QPointF, ring: float = 5.0) -> None:
    """Draw the marker of the explosion: a ring with four arms, white over a dark halo."""
    marker = QPainterPath()
    if ring > 0:
        marker.addEllipse(at, ring, ring)
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        gap = ring + 1.5
        marker.moveTo(at.x() + x * gap, at.y() + y * gap)
        marker.lineTo(at.x() + x * (gap + 4), at.y() + y * (gap + 4))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(HALO, 3.4), QPen(QColor("#ffffff"), 1.3)):
        painter.strokePath(marker, pen)


def _paint_site(
    painter: QPainter, camera: CameraState, site_pc: Vector3, width: float, height: float
) -> None:
    x, y = geometry.project(camera, site_pc, width, height)
    if np.isfinite(x) and 0 <= x <= width and 0 <= y <= height:
        paint_site(painter, QPointF(float(x), float(y)))


def _paint_empty(painter: QPainter, width: float, height: float, words: str, base: QFont) -> None:
    painter.setFont(font_of(base, 13))
    painter.setPen(QColor(EMPTY_COLOR))
    box = QRectF(24, 48, max(width - 48, 1), max(height - 96, 1))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), words)


def paint_frame(painter: QPainter, rect: QRectF, outside: QColor) -> None:
    """Round the corners of a view and draw its faint edge."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    whole = QPainterPath()
    whole.addRect(rect)
    rounded = QPainterPath()
    rounded.addRoundedRect(rect, RADIUS, RADIUS)
    painter.fillPath(whole - rounded, outside)
    painter.setPen(QPen(QColor(255, 255, 255, 14), 1.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
    painter.restore()


class Overlay(QWidget):
    """A transparent sheet over a view that carries its annotations.

    Parameters
    ----------
    role : str
        "truth" or "forecast".
    parent : QWidget
        The view.
    """

    def __init__(self, role: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.notes = Annotations(role)
        self.camera: CameraState | None = None

    def show_notes(self, notes: Annotations, camera: CameraState | None) -> None:
        """Write something else, or the same for another eye."""
        self.notes, self.camera = notes, camera
        self.update()

    def paint_on(self, painter: QPainter) -> None:
        """Draw the annotations with another painter, in this widget's pixels."""
        paint(painter, QRectF(self.rect()), self.notes, self.camera, self.font())

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        self.paint_on(painter)
        paint_frame(painter, QRectF(self.rect()), self.palette().window().color())
        painter.end()
