"""How the editor of the transfer function looks: histogram, curve, points and ramp."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QLinearGradient,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
)

from app.panels.histogram import Histogram
from app.panels.opacity import Axes
from app.preferences.display_units import DensityDisplay
from app.scene.colormaps import lookup_table
from app.theme import Theme
from app.view_state import TransferFunction

RADIUS = 4.0
RAMP_Y = 159.0
RAMP_HEIGHT = 7.0
LABEL_Y = 168.0
HISTOGRAM_SHARE = 0.62
"""Part of the height that the fullest bin takes."""


@dataclass(frozen=True)
class Picture:
    """What is to be drawn.

    Parameters
    ----------
    axes : Axes
        Where densities and opacities are.
    area : QRectF
        The sheet behind the curve.
    transfer : TransferFunction
        The curve and the colours.
    histogram : Histogram or None
        How often each density occurs.
    surfaces : Mapping of role to float
        log10 density at the surfaces.
    display : DensityDisplay
        Unit of the labels.
    selected, marked : int or None
        The point the keys move, and the one whose values are written.
    focused : bool
        Whether the keys reach the editor.
    end : int or None
        The end of the range whose value is written.
    """

    axes: Axes
    area: QRectF
    transfer: TransferFunction
    histogram: Histogram | None
    surfaces: Mapping[str, float]
    display: DensityDisplay
    selected: int | None
    marked: int | None
    focused: bool
    end: int | None


def paint_curve_area(painter: QPainter, picture: Picture, theme: Theme) -> None:
    """Draw the editor.

    Parameters
    ----------
    painter : QPainter
        Where to draw.
    picture : Picture
        What to draw.
    theme : Theme
        Colours and font.
    """
    colors = theme.colors
    sheet = QPainterPath()
    sheet.addRoundedRect(picture.area, 6, 6)
    painter.fillPath(sheet, QColor(colors.base))
    painter.save()
    painter.setClipPath(sheet)
    _paint_grid(painter, picture, theme)
    _paint_histogram(painter, picture)
    _paint_surfaces(painter, picture, theme)
    _paint_curve(painter, picture, theme)
    painter.restore()
    if picture.focused:
        painter.setPen(QPen(QColor(colors.accent), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(picture.area.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
    _paint_ramp(painter, picture, theme)
    _paint_values(painter, picture, theme)


def _labels(picture: Picture) -> list[tuple[float, float]]:
    """Round values of the labels, and the log10 density in Msun/pc^3 each stands for."""
    shift = picture.display.log_shift
    low, high = (value + shift for value in picture.axes.span_dex)
    first, last = int(np.ceil(low + 0.03 * (high - low))), int(np.floor(high - 0.03 * (high - low)))
    return [(float(value), value - shift) for value in range(first, last + 1)]


def _paint_grid(painter: QPainter, picture: Picture, theme: Theme) -> None:
    axes, area = picture.axes, picture.area
    line = QColor(theme.colors.line)
    painter.setPen(QPen(line, 1))
    for _, place in _labels(picture):
        x = round(axes.x(place)) + 0.5
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
    levels = (0.001, 0.01, 0.1) if axes.logarithmic else (0.25, 0.5, 0.75)
    for opacity in levels[1:] if axes.logarithmic else levels:
        y = round(axes.y(opacity)) + 0.5
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
    painter.setFont(theme.font(9))
    painter.setPen(QColor(theme.colors.faint))
    for opacity in (0.01, 0.1) if axes.logarithmic else (0.5,):
        box = QRectF(area.left() + 5, axes.y(opacity) - 13, 40, 12)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, f"{opacity:g}")


def _gradient(picture: Picture, alpha: int) -> QLinearGradient:
    """Return the colours along the axis of the density."""
    axes, (low, high) = picture.axes, picture.transfer.range_dex
    gradient = QLinearGradient(QPointF(axes.x(low), 0), QPointF(axes.x(high), 0))
    table = lookup_table(picture.transfer.colormap, 24)
    for place, (red, green, blue) in zip(np.linspace(0.0, 1.0, len(table)), table, strict=True):
        gradient.setColorAt(float(place), QColor(int(red), int(green), int(blue), alpha))
    return gradient


def _paint_histogram(painter: QPainter, picture: Picture) -> None:
    histogram, axes = picture.histogram, picture.axes
    if histogram is None:
        return
    bottom = picture.area.bottom()
    heights = histogram.heights * HISTOGRAM_SHARE * axes.height
    outline = QPainterPath(QPointF(axes.x(histogram.edges_dex[0]), bottom))
    for place, height in zip(histogram.centers_dex, heights, strict=True):
        outline.lineTo(QPointF(axes.x(float(place)), bottom - float(height)))
    outline.lineTo(QPointF(axes.x(histogram.edges_dex[-1]), bottom))
    painter.fillPath(outline, _gradient(picture, 215))
    # The darkest colours end where the sheet begins: an edge tells them apart.
    painter.setPen(QPen(QColor(140, 152, 170, 90), 1))
    painter.drawPath(outline)


def _paint_surfaces(painter: QPainter, picture: Picture, theme: Theme) -> None:
    """Small triangles at the top, with a thin line: where the shells' surfaces are."""
    axes, area = picture.axes, picture.area
    for role, place in picture.surfaces.items():
        color = QColor(getattr(theme.colors, role))
        x = axes.x(place)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        top = area.top()
        painter.drawPolygon(
            QPolygonF([QPointF(x - 4.5, top), QPointF(x + 4.5, top), QPointF(x, top + 7)])
        )
        color.setAlpha(110)
        painter.setPen(QPen(color, 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, top + 8), QPointF(x, area.bottom()))


def _paint_curve(painter: QPainter, picture: Picture, theme: Theme) -> None:
    axes, area = picture.axes, picture.area
    points = [QPointF(axes.x(p), axes.y(o)) for p, o in picture.transfer.opacity_points]
    curve = QPainterPath(QPointF(min(area.left(), points[0].x()), points[0].y()))
    if axes.logarithmic:
        # A straight line between two opacities is bent on this axis.
        for place, opacity in _densely(picture):
            curve.lineTo(QPointF(axes.x(place), axes.y(opacity)))
    else:
        for point in points:
            curve.lineTo(point)
    curve.lineTo(QPointF(max(area.right(), points[-1].x()), points[-1].y()))
    ink, halo = QColor(theme.colors.text), QColor(theme.colors.base)
    halo.setAlpha(150)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(halo, 4.0), QPen(ink, 1.5)):
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.strokePath(curve, pen)
    for index, point in enumerate(points):
        chosen = index in (picture.selected, picture.marked)
        painter.setPen(QPen(QColor(theme.colors.accent) if chosen else ink, 1.5))
        painter.setBrush(QColor(theme.colors.handle if chosen else theme.colors.base))
        painter.drawEllipse(point, RADIUS + chosen, RADIUS + chosen)


def _densely(picture: Picture) -> list[tuple[float, float]]:
    places, opacities = zip(*picture.transfer.opacity_points, strict=True)
    low, high = picture.axes.span_dex
    dense = np.union1d(np.linspace(low, high, 160), places)
    return [(float(p), float(np.interp(p, places, opacities))) for p in dense]


def _paint_ramp(painter: QPainter, picture: Picture, theme: Theme) -> None:
    axes, colors = picture.axes, theme.colors
    ramp = QRectF(axes.left, RAMP_Y - RAMP_HEIGHT / 2, axes.width, RAMP_HEIGHT)
    shape = QPainterPath()
    shape.addRoundedRect(ramp, RAMP_HEIGHT / 2, RAMP_HEIGHT / 2)
    painter.fillPath(shape, _gradient(picture, 255))
    painter.setPen(QPen(QColor(colors.line), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(shape)
    painter.setFont(theme.font(10))
    painter.setPen(QColor(colors.secondary))
    for value, place in _labels(picture):
        box = QRectF(axes.x(place) - 20, LABEL_Y, 40, 14)
        text = f"{value:g}".replace("-", "−")
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    for end, place in enumerate(picture.transfer.range_dex):
        grip = QRectF(axes.x(place) - 3, RAMP_Y - 7, 6, 14)
        chosen = end == picture.end
        painter.setPen(QPen(QColor(colors.accent if chosen else colors.neutral), 1.2))
        painter.setBrush(QColor(colors.handle))
        painter.drawRoundedRect(grip, 3, 3)


def _paint_values(painter: QPainter, picture: Picture, theme: Theme) -> None:
    """Write the values of a point, or of an end, in a bubble beside it."""
    axes, shift = picture.axes, picture.display.log_shift
    if picture.marked is not None and picture.marked < len(picture.transfer.opacity_points):
        place, opacity = picture.transfer.opacity_points[picture.marked]
        at = QPointF(axes.x(place), axes.y(opacity))
        words = f"{place + shift:.2f} dex → {opacity:.3g}"
    elif picture.end is not None:
        place = picture.transfer.range_dex[picture.end]
        at = QPointF(axes.x(place), RAMP_Y - 10)
        words = f"{place + shift:.2f} dex"
    else:
        return
    colors, area = theme.colors, picture.area
    painter.setFont(theme.font(10))
    width = painter.fontMetrics().horizontalAdvance(words) + 14.0
    left = at.x() - width - 10 if at.x() > area.center().x() else at.x() + 10
    left = min(max(left, area.left() + 3), area.right() - width - 3)
    top = min(max(at.y() - 24, area.top() + 3), area.bottom() - 23)
    bubble = QRectF(left, top, width, 20)
    painter.setPen(QPen(QColor(colors.line), 1))
    painter.setBrush(QColor(colors.raised))
    painter.drawRoundedRect(bubble, 5, 5)
    painter.setPen(QColor(colors.text))
    painter.drawText(bubble, Qt.AlignmentFlag.AlignCenter, words.replace("-", "−"))
