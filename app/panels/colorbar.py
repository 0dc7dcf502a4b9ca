"""The colours of the gas and the densities they stand for, under a view."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.document import Document
from app.events import TransferChanged, UnitsChanged
from app.scene.colorbar import ticks
from app.scene.colormaps import lookup_table
from app.scene.overlay import to_image
from app.theme import Theme
from app.view_state import TransferFunction

HEIGHT = 30
RAMP = 6.0
SIDE = 2
WIDE = 420
"""A bar this wide has room for the unit."""


class ColorBar(QWidget):
    """A ramp with ticks in log10 of the density, in the colours of the theme."""

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._theme = document, theme
        self._own: TransferFunction | None = None
        self._label, self._unit = "", ""
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        document.subscribe(TransferChanged, lambda _: self.update())
        document.subscribe(UnitsChanged, lambda _: self._on_units())
        theme.changed.connect(self.update)
        self._on_units()

    def _on_units(self) -> None:
        if self._label:
            return
        density = self._document.density_display
        what = "its density" if density.key == "mass" else "its hydrogen atoms"
        self.setToolTip(f"Colour of the gas: log10 of {what} in {density.unit}, in view and slice")
        self.setAccessibleName("Colours of the gas")
        self.update()

    def set_transfer(
        self, transfer: TransferFunction | None, label: str = "", unit: str = "", tip: str = ""
    ) -> None:
        """Show other colours than the document's.

        Parameters
        ----------
        transfer : TransferFunction or None
            The colours; None for the document's.
        label, unit, tip : str
            What they stand for, if it is not the density of the gas.
        """
        self._own, self._label, self._unit = transfer, label, unit
        if label:
            self.setToolTip(tip)
            self.setAccessibleName(f"Colours of {label}")
        self._on_units()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint_on(painter, QRectF(self.rect()))
        painter.end()

    def paint_on(self, painter: QPainter, place: QRectF) -> None:
        """Draw the bar somewhere else, for pictures.

        Parameters
        ----------
        painter : QPainter
            Where to draw.
        place : QRectF
            The place.
        """
        transfer, colors = self._own or self._document.transfer, self._theme.colors
        painter.save()
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        ramp = QRectF(place.left() + SIDE, place.top() + 3, place.width() - 2 * SIDE, RAMP)
        outline = QPainterPath()
        outline.addRoundedRect(ramp, RAMP / 2, RAMP / 2)
        painter.setClipPath(outline)
        painter.drawImage(ramp, to_image(lookup_table(transfer.colormap)[None, :, :]))
        painter.setClipping(False)
        painter.setPen(QPen(QColor(colors.line), 1))
        painter.drawPath(outline)
        painter.setFont(self._theme.font(10))
        painter.setPen(QColor(colors.secondary))
        density = self._document.density_display
        label, unit, shift = density.log_label, density.unit, density.log_shift
        if self._label:
            label, unit, shift = self._label, self._unit, 0.0
        if unit and ramp.width() >= WIDE:
            label += f" [{unit}]"
        taken = painter.fontMetrics().horizontalAdvance(label) + 4
        row = QRectF(ramp.left(), ramp.bottom() + 3, ramp.width(), 14)
        painter.drawText(row, Qt.AlignmentFlag.AlignVCenter, label)
        low, high = (value + shift for value in transfer.range_dex)
        for value in ticks((low, high)):
            offset = (value - low) / (high - low) * ramp.width()
            if offset - 14 > taken:
                tick = f"{value:g}".replace("-", "−")
                box = QRectF(ramp.left() + offset - 25, row.top(), 50, row.height())
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, tick)
        painter.restore()
