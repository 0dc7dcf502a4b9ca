"""What a slice shows, and its painting: on the screen, and in pictures of any size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPen
from scipy.interpolate import PchipInterpolator
from skimage.measure import find_contours

from app.scene.colormaps import ROLE_COLORS, colorize
from app.scene.overlay import (
    HALO,
    LABEL_COLOR,
    MARGIN,
    MINUS,
    paint_scale_bar,
    paint_site,
    text,
    to_image,
)
from app.scene.prepare import PreparedEvolution
from app.view_state import LayerState, TransferFunction, Vector3

SHOWN_ACROSS = 44.0 / 60.0
SHOWN_UP = 28.5 / 60.0
"""Parts of the cube's edge that a slice shows at least, if it is not as wide as the cube."""

Outlines = Mapping[str, list[NDArray]]
"""Lines (k, 2) of (x, y), 0 to 1 from face to face, by the role that colours them."""


@dataclass(frozen=True)
class Placement:
    """Where the whole plane of a cube lies in a picture, of which a part is seen.

    Parameters
    ----------
    left, top, edge : float
        In pixels.
    size_pc : float
        Edge of the cube in pc.
    """

    left: float
    top: float
    edge: float
    size_pc: float

    @property
    def per_pc(self) -> float:
        """Pixels per pc."""
        return self.edge / self.size_pc

    def pixel_of(self, x_pc: float, y_pc: float) -> QPointF:
        """Return where a point relative to the cube's centre appears."""
        across, down = 0.5 + x_pc / self.size_pc, 0.5 - y_pc / self.size_pc
        return QPointF(self.left + across * self.edge, self.top + down * self.edge)

    def place_at(self, at: QPointF) -> tuple[float, float] | None:
        """Return the point of a pixel relative to the cube's centre, in pc; None outside."""
        x, y = (at.x() - self.left) / self.edge, 1.0 - (at.y() - self.top) / self.edge
        if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
            return None
        return (x - 0.5) * self.size_pc, (y - 0.5) * self.size_pc


def placement_of(rect: QRectF, size_pc: float, site_pc: Vector3) -> Placement:
    """Place a plane: the explosion's surroundings are seen, and no margins.

    Parameters
    ----------
    rect : QRectF
        What is seen.
    size_pc : float
        Edge of the cube in pc.
    site_pc : tuple of float
        The explosion relative to the cube's centre, in pc.

    Returns
    -------
    Placement
        The place of the whole plane.
    """
    closest = min(rect.width() / SHOWN_ACROSS, rect.height() / SHOWN_UP)
    edge = max(rect.width(), rect.height(), closest)
    x, y, _ = site_pc
    left = rect.left() + _centered(0.5 + x / size_pc, rect.width(), edge)
    top = rect.top() + _centered(0.5 - y / size_pc, rect.height(), edge)
    return Placement(left, top, edge, size_pc)


def height_of(site_pc: Vector3, size_pc: float) -> float:
    """Place of the plane through the explosion, 0 to 1 from the lower to the upper face."""
    return site_pc[2] / size_pc + 0.5


def shell_outline(
    field: NDArray[np.float32], height: float, points: int | None = None
) -> list[NDArray]:
    """Contours of a shell in a plane of constant z.

    Parameters
    ----------
    field : ndarray
        (m, m, m), axes (z, y, x), negative inside (see `prepare.shell_field`).
    height : float
        Place of the plane, 0 to 1 from the lower to the upper face.
    points : int, optional
        Points along an edge between which lines are straight, for large
        pictures; by default those of the field.

    Returns
    -------
    list of ndarray
        Lines (k, 2) of (x, y), 0 to 1 from face to face.
    """
    top = len(field) - 1
    place = float(np.clip(height, 0.0, 1.0)) * top
    low = min(int(place), top - 1)
    part = np.float32(place - low)
    plane = (1 - part) * field[low] + part * field[low + 1]
    if points is not None and points > len(plane):
        # Monotone between the points there are: no piece appears that is not there.
        before, after = np.linspace(0.0, 1.0, len(plane)), np.linspace(0.0, 1.0, points)
        for axis in (0, 1):
            plane = PchipInterpolator(before, plane, axis=axis)(after)
    return [line[:, ::-1] / (len(plane) - 1) for line in find_contours(plane, 0.0)]


def outlines_of(
    prepared: PreparedEvolution,
    index: int,
    role: str,
    layers: LayerState,
    site_pc: Vector3,
    points: int | None = None,
) -> dict[str, list[NDArray]]:
    """Return the outlines that a slice shows.

    Parameters
    ----------
    prepared : PreparedEvolution
        What is drawn.
    index : int
        The frame.
    role : str
        The view, whose colour the shell has.
    layers : LayerState
        Whether the shell is shown, and its level.
    site_pc : tuple of float
        The explosion, through which the plane goes, relative to the centre.
    points : int, optional
        See `shell_outline`.

    Returns
    -------
    dict of str to list of ndarray
        See `Outlines`.
    """
    if not layers.shell:
        return {}
    level = layers.shell_level
    fields = prepared.marks(index, level)
    shell = prepared.shell(index, level)
    if shell is not None:
        fields[role] = shell
    height = height_of(site_pc, prepared.size_pc)
    return {each: shell_outline(field, height, points) for each, field in fields.items()}


def gas_image(values: NDArray[np.float32], transfer: TransferFunction) -> QImage:
    """Return the colours of a plane, y upwards, as a picture."""
    return to_image(colorize(values, transfer.colormap, transfer.range_dex)[::-1])


def paint_plane(
    painter: QPainter,
    place: Placement,
    image: QImage,
    outlines: Outlines,
    layers: LayerState,
    marked: Vector3,
) -> None:
    """Draw gas, outlines and the marker of the explosion.

    Parameters
    ----------
    painter : QPainter
        Where to draw, in logical pixels.
    place : Placement
        Where the plane lies.
    image : QImage
        The gas.
    outlines : Outlines
        The lines.
    layers : LayerState
        What is shown.
    marked : tuple of float
        Where the marker is, in pc relative to the cube's centre.
    """
    painter.setRenderHints(
        QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
    )
    left, top, edge = place.left, place.top, place.edge
    if layers.volume:
        painter.setOpacity(layers.volume_opacity)
        painter.drawImage(QRectF(left, top, edge, edge), image)
        painter.setOpacity(1.0)
    for role, lines in outlines.items():
        path = QPainterPath()
        for line in lines:
            points = [QPointF(left + x * edge, top + (1.0 - y) * edge) for x, y in line]
            path.moveTo(points[0])
            for point in points[1:]:
                path.lineTo(point)
        for color, width in ((HALO, 3.8), (QColor(ROLE_COLORS[role]), 1.8)):
            pen = QPen(color, width)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.strokePath(path, pen)
    if layers.site:
        paint_site(painter, place.pixel_of(marked[0], marked[1]), ring=0.0)


def paint_measures(
    painter: QPainter, rect: QRectF, place: Placement, height_pc: float, font: QFont
) -> None:
    """Write the scale of a slice, and where it cuts the cube.

    Parameters
    ----------
    painter : QPainter
        Where to draw, in logical pixels.
    rect : QRectF
        The slice.
    place : Placement
        Where the plane lies.
    height_pc : float
        The z of the plane relative to the cube's centre, in pc.
    font : QFont
        Its family is used.
    """
    at = QPointF(rect.left() + MARGIN + 2, rect.bottom() - MARGIN - 2)
    paint_scale_bar(painter, at, place.per_pc, rect.width() * 1.5, font)
    label = f"z = {height_pc:.0f} pc".replace("-", MINUS).replace(f"{MINUS}0 ", "0 ")
    at = QPointF(rect.right() - MARGIN, rect.top() + MARGIN + 9)
    text(painter, at, label, font, 11, LABEL_COLOR, right=True)


def _centered(place: float, shown: float, edge: float) -> float:
    """Return where an image begins so that a place of it is centred and nothing stays empty."""
    return min(max(shown / 2 - place * edge, shown - edge), 0.0)
