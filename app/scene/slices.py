"""The plane through the explosion, under each 3D view."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.scene.markers import CUBE_COLOR
from app.scene.overlay import BACKGROUND, HALO, paint_frame
from app.scene.picking import Picked
from app.scene.prepare import PreparedEvolution, prepare
from app.scene.slice_painting import (
    Placement,
    gas_image,
    height_of,
    outlines_of,
    paint_measures,
    paint_plane,
    placement_of,
)
from app.scene.temperature import gas_plane, gas_transfer, shows_temperature
from app.view_state import LayerState, TransferFunction, Vector3
from core.cubes import CubeSequence
from core.cutout import Cutout


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
            self._read()
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
            field_before, self._layers = self._layers.volume_field, layers
            if layers.volume_field != field_before:
                self._read()
            self._outline()

    def set_cube(self, cube: Cutout | None) -> None:
        """Draw where a cube that is to be cut out meets the plane (see `SceneView.set_cube`)."""
        if cube != self._cube:
            self._cube = cube
            self.update()

    @property
    def _height(self) -> float:
        size = 60.0 if self._prepared is None else self._prepared.size_pc
        return height_of(self._site, size)

    def _read(self) -> None:
        """Read what the plane shows of the frame."""
        prepared, frame = self._prepared, self._frame
        if prepared is not None and frame is not None:
            self._values = gas_plane(prepared, frame, self._layers, self._height)
        self._color()

    def _color(self) -> None:
        if self._values is not None:
            self._image = gas_image(self._values, self.transfer)
        self.update()

    @property
    def transfer(self) -> TransferFunction:
        """The colours of what is shown: of the temperature where the view shows that."""
        return gas_transfer(self._prepared, self._layers, self._transfer)

    def _outline(self) -> None:
        self._outlines = {}
        if self._prepared is not None and self._frame is not None:
            self._outlines = outlines_of(
                self._prepared, self._frame, self.role, self._layers, self._site
            )
        self.update()

    def _paint_cube(self, painter: QPainter, place: Placement) -> None:
        cube = self._cube
        if cube is None or abs(cube.center_pc[2] - self._site[2]) > cube.size_pc / 2:
            return
        x, y, _ = cube.center_pc
        middle = place.pixel_of(x, y)
        reach = cube.size_pc * place.per_pc / 2
        corner = QPointF(reach, reach)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in ((HALO, 4.0), (QColor(CUBE_COLOR), 1.7)):
            painter.setPen(QPen(color, width))
            painter.drawRect(QRectF(middle - corner, middle + corner))
            painter.drawEllipse(middle, 3.0, 3.0)

    def _placement(self, rect: QRectF) -> Placement:
        """Where the whole plane lies, of which a part is seen."""
        size = 60.0 if self._prepared is None else self._prepared.size_pc
        return placement_of(rect, size, self._site if self._held is None else self._held)

    def pixel_of(self, x_pc: float, y_pc: float) -> QPointF:
        """Return where a point of the plane appears, in logical pixels."""
        return self._placement(QRectF(self.rect())).pixel_of(x_pc, y_pc)

    def place_at(self, at: QPointF) -> Vector3 | None:
        """Return the place of a pixel relative to the cube's centre, in pc; None outside."""
        if self._prepared is None:
            return None
        found = self._placement(QRectF(self.rect())).place_at(at)
        return None if found is None else (*found, self._site[2])

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
        place = self.place_at(event.position())
        if place is not None:
            size = self._prepared.size_pc
            last = len(self._values) - 1
            row, column = (round((each / size + 0.5) * last) for each in (place[1], place[0]))
            value = float(self._values[row, column])
            warm = shows_temperature(self._layers, self._prepared)
            if warm or self._prepared.quantity != "density":
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
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(rect, QColor(BACKGROUND))
        if self._prepared is None or self._image is None:
            return
        place = self._placement(rect)
        paint_plane(painter, place, self._image, self._outlines, self._layers, self._marked)
        self._paint_cube(painter, place)
        paint_measures(painter, rect, place, self._marked[2], self.font())
