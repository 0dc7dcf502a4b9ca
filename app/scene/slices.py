"""The plane through the explosion, under each 3D view."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QWidget
from skimage.measure import find_contours

from app.scene.colormaps import ROLE_COLORS, colorize
from app.scene.markers import CUBE_COLOR
from app.scene.overlay import (
    BACKGROUND,
    HALO,
    LABEL_COLOR,
    MARGIN,
    MINUS,
    paint_frame,
    paint_scale_bar,
    paint_site,
    text,
    to_image,
)
from app.scene.picking import Picked
from app.scene.prepare import PreparedEvolution, prepare
from app.view_state import LayerState, TransferFunction, Vector3
from core.cubes import CubeSequence
from core.cutout import Cutout

SHOWN_ACROSS = 44.0 / 60.0
SHOWN_UP = 28.5 / 60.0
"""Parts of the cube's edge that a slice shows at least, if it is not as wide as the cube."""


def shell_outline(field: NDArray[np.float32], height: float) -> list[NDArray]:
    """Contours of a shell in a plane of constant z.

    Parameters
    ----------
    field : ndarray
        (m, m, m), axes (z, y, x), negative inside (see `prepare.shell_field`).
    height : float
        Place of the plane, 0 to 1 from the lower to the upper face.

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
    return [line[:, ::-1] / top for line in find_contours(plane, 0.0)]


class SliceView(QWidget):
    """The gas in the plane of constant z through the explosion, and the shell's outline.

    Parameters
    ----------
    role : {"truth", "forecast", "third"}
        Decides the colour of the outline.
    parent : QWidget, optional
        The parent.
    """

    picked = Signal(object)
    """The user double-clicked on a point; carries a `picking.Picked`."""

    hovered = Signal(QPointF)
    exited = Signal()
    """The mouse moves without a button, or is gone."""

    def __init__(self, role: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.role = role
        self.setMinimumSize(160, 90)
        self.setMouseTracking(True)
        self._prepared: PreparedEvolution | None = None
        self._site: Vector3 = (0.0, 0.0, 0.0)
        self._marked = self._site
        self._held: Vector3 | None = None
        self._frame: int | None = None
        self._time: float | None = None
        self._transfer = TransferFunction()
        self._layers = LayerState()
        self._values: NDArray[np.float32] | None = None
        self._image: QImage | None = None
        self._outlines: dict[str, list[NDArray]] = {}
        self._cube: Cutout | None = None

    def set_evolution(
        self,
        sequence: CubeSequence | None,
        control: CubeSequence | None,
        site_pc: Vector3 = (0.0, 0.0, 0.0),
    ) -> None:
        """Show another evolution, at the time shown so far (see `SceneView.set_evolution`)."""
        prepared = None if sequence is None else prepare(sequence, control, site_pc)
        self.set_prepared(prepared, site_pc)

    def set_prepared(self, prepared: PreparedEvolution | None, site_pc: Vector3) -> None:
        """Show something else that was prepared (see `SceneView.set_prepared`)."""
        self._site = self._marked = site_pc
        self._frame = None
        self._values = self._image = None
        self._outlines = {}
        self._prepared = prepared
        if prepared is not None:
            self.show_time(prepared.times_myr[0] if self._time is None else self._time)
        self.update()

    def mark(self, site_pc: Vector3) -> None:
        """Draw the marker of the explosion at a place, ahead of what will be shown of it."""
        if site_pc != self._marked:
            self._marked = site_pc
            self.update()

    def hold(self, held: bool) -> None:
        """Keep the part of the plane that is seen, whatever the explosion does, or follow it."""
        self._held = self._marked if held else None
        self.update()

    def show_time(self, time_myr: float) -> None:
        """Show the frame nearest to a time in Myr."""
        self._time = float(time_myr)
        if self._prepared is None:
            return
        index = self._prepared.nearest(self._time)
        if index != self._frame:
            self._frame = index
            self._values = self._prepared.plane(index, self._height)
            self._color()
            self._outline()

    @property
    def frame(self) -> int | None:
        """Index of the frame shown, or None when the view is empty."""
        return self._frame

    @property
    def outlines(self) -> list[NDArray]:
        """Outlines of the shell: lines (k, 2) of (x, y), 0 to 1 from face to face."""
        return [line for lines in self._outlines.values() for line in lines]

    def set_transfer(self, transfer: TransferFunction) -> None:
        """Change the colours."""
        if transfer != self._transfer:
            self._transfer = transfer
            self._color()

    def set_layers(self, layers: LayerState) -> None:
        """Change the shell's level, and whether gas, outline and site are shown."""
        if layers != self._layers:
            self._layers = layers
            self._outline()

    def set_cube(self, cube: Cutout | None) -> None:
        """Draw where a cube that is to be cut out meets the plane (see `SceneView.set_cube`)."""
        if cube != self._cube:
            self._cube = cube
            self.update()

    @property
    def _height(self) -> float:
        size = 60.0 if self._prepared is None else self._prepared.size_pc
        return self._site[2] / size + 0.5

    def _color(self) -> None:
        if self._values is not None:
            colors = colorize(self._values, self._transfer.colormap, self._transfer.range_dex)
            self._image = to_image(colors[::-1])  # y upwards
        self.update()

    def _outline(self) -> None:
        self._outlines = {}
        if self._prepared is not None and self._frame is not None and self._layers.shell:
            level = self._layers.shell_level
            fields = self._prepared.marks(self._frame, level)
            shell = self._prepared.shell(self._frame, level)
            if shell is not None:
                fields[self.role] = shell
            self._outlines = {
                role: shell_outline(field, self._height) for role, field in fields.items()
            }
        self.update()

    def _paint_cube(
        self, painter: QPainter, left: float, top: float, per_pc: float, size_pc: float
    ) -> None:
        cube = self._cube
        if cube is None or abs(cube.center_pc[2] - self._site[2]) > cube.size_pc / 2:
            return
        x, y, _ = cube.center_pc
        middle = QPointF(left + (size_pc / 2 + x) * per_pc, top + (size_pc / 2 - y) * per_pc)
        reach = cube.size_pc * per_pc / 2
        corner = QPointF(reach, reach)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in ((HALO, 4.0), (QColor(CUBE_COLOR), 1.7)):
            painter.setPen(QPen(color, width))
            painter.drawRect(QRectF(middle - corner, middle + corner))
            painter.drawEllipse(middle, 3.0, 3.0)

    def _placement(self, rect: QRectF) -> tuple[float, float, float]:
        """Left, top and edge of the whole plane: the explosion's surroundings, no margins."""
        closest = min(rect.width() / SHOWN_ACROSS, rect.height() / SHOWN_UP)
        edge = max(rect.width(), rect.height(), closest)
        size = 60.0 if self._prepared is None else self._prepared.size_pc
        x, y, _ = self._site if self._held is None else self._held
        left = _centered(0.5 + x / size, rect.width(), edge)
        top = _centered(0.5 - y / size, rect.height(), edge)
        return left, top, edge

    def pixel_of(self, x_pc: float, y_pc: float) -> QPointF:
        """Return where a point of the plane appears, in logical pixels."""
        left, top, edge = self._placement(QRectF(self.rect()))
        size = 60.0 if self._prepared is None else self._prepared.size_pc
        return QPointF(left + (0.5 + x_pc / size) * edge, top + (0.5 - y_pc / size) * edge)

    def place_at(self, at: QPointF) -> Vector3 | None:
        """Return the place of a pixel relative to the cube's centre, in pc; None outside."""
        if self._prepared is None:
            return None
        left, top, edge = self._placement(QRectF(self.rect()))
        x, y = (at.x() - left) / edge, 1.0 - (at.y() - top) / edge
        if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
            return None
        size = self._prepared.size_pc
        return ((x - 0.5) * size, (y - 0.5) * size, self._site[2])

    @property
    def site_pc(self) -> Vector3:
        """The explosion, through which the plane goes, relative to the cube's centre, in pc."""
        return self._site

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not event.buttons():
            self.hovered.emit(event.position())

    def leaveEvent(self, event: QEvent) -> None:
        self.exited.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._prepared is None or self._values is None or self._frame is None:
            return
        left, top, edge = self._placement(QRectF(self.rect()))
        x = (event.position().x() - left) / edge
        y = 1.0 - (event.position().y() - top) / edge
        if 0.0 <= x <= 1.0 and 0.0 <= y <= 1.0:
            size = self._prepared.size_pc
            place = ((x - 0.5) * size, (y - 0.5) * size, self._site[2])
            last = len(self._values) - 1
            value = float(self._values[round(y * last), round(x * last)])
            if self._prepared.quantity != "density":
                value = self._prepared.log_density_at(self._frame, place)
            self.picked.emit(Picked(place, value))
        event.accept()

    def image(self, scale: int = 1) -> QImage:
        """Return what is shown, without rounded corners.

        Parameters
        ----------
        scale : int
            Pixels of the picture per logical pixel of the view.

        Returns
        -------
        QImage
            `scale` times the size of the view.
        """
        picture = QImage(
            max(self.width(), 1) * scale, max(self.height(), 1) * scale, QImage.Format.Format_RGB32
        )
        painter = QPainter(picture)
        painter.scale(scale, scale)
        self._paint(painter, QRectF(self.rect()))
        painter.end()
        return picture

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._paint(painter, QRectF(self.rect()))
        paint_frame(painter, QRectF(self.rect()), self.palette().window().color())
        painter.end()

    def _paint(self, painter: QPainter, rect: QRectF) -> None:
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        painter.fillRect(rect, QColor(BACKGROUND))
        prepared = self._prepared
        if prepared is None or self._image is None:
            return
        site_x, site_y, site_z = self._marked
        left, top, edge = self._placement(rect)
        if self._layers.volume:
            painter.setOpacity(self._layers.volume_opacity)
            painter.drawImage(QRectF(left, top, edge, edge), self._image)
            painter.setOpacity(1.0)
        for role, lines in self._outlines.items():
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
        if self._layers.site:
            x = left + (0.5 + site_x / prepared.size_pc) * edge
            y = top + (0.5 - site_y / prepared.size_pc) * edge
            paint_site(painter, QPointF(x, y), ring=0.0)
        per_pc = edge / prepared.size_pc
        self._paint_cube(painter, left, top, per_pc, prepared.size_pc)
        paint_scale_bar(
            painter,
            QPointF(MARGIN + 2, rect.height() - MARGIN - 2),
            per_pc,
            rect.width() * 1.5,
            self.font(),
        )
        label = f"z = {site_z:.0f} pc".replace("-", MINUS).replace(f"{MINUS}0 ", "0 ")
        at = QPointF(rect.width() - MARGIN, MARGIN + 9)
        text(painter, at, label, self.font(), 11, LABEL_COLOR, right=True)


def _centered(place: float, shown: float, edge: float) -> float:
    """Return where an image begins so that a place of it is centred and nothing stays empty."""
    return min(max(shown / 2 - place * edge, shown - edge), 0.0)
