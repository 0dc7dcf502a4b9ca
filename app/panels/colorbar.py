"""The colours of the gas and the densities they stand for, under a view."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.document import Document, TransferChanged
from app.scene.colorbar import paint_color_bar

HEIGHT = 30


class ColorBar(QWidget):
    """A ramp with ticks in log10 of the density."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("Colour of the gas: log10 of its density in M☉ pc⁻³, in view and slice")
        document.subscribe(TransferChanged, lambda _: self.update())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint_on(painter, QRectF(self.rect()))
        painter.end()

    def paint_on(self, painter: QPainter, rect: QRectF) -> None:
        """Draw the bar somewhere else, for pictures.

        Parameters
        ----------
        painter : QPainter
            Where to draw.
        rect : QRectF
            The place.
        """
        place = rect.adjusted(2, 0, -2, 0)
        paint_color_bar(painter, place, self._document.transfer, self.font())
