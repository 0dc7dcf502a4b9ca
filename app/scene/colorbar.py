"""The scale that says which colour is which density."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath

from app.scene.colormaps import lookup_table
from app.scene.overlay import MINUS, SUBTITLE_COLOR, text, to_image
from app.view_state import TransferFunction

RAMP = 6.0
LABEL = "log ρ"


def ticks(range_dex: tuple[float, float]) -> list[float]:
    """Return round values, a fifth, half a dex or more apart, strictly inside a range."""
    low, high = range_dex
    step = next(step for step in (0.2, 0.5, 1.0, 2.0, 5.0, 1e9) if (high - low) / step <= 6)
    first = int(np.ceil((low + 0.04 * (high - low)) / step))
    last = int(np.floor((high - 0.02 * (high - low)) / step))
    return [step * count for count in range(first, last + 1)]


def paint_color_bar(
    painter: QPainter,
    rect: QRectF,
    transfer: TransferFunction,
    font: QFont,
    label: str = LABEL,
    shift: float = 0.0,
) -> None:
    """Draw a ramp with ticks under it.

    Parameters
    ----------
    painter : QPainter
        Where to draw.
    rect : QRectF
        The ramp takes its width; ramp and labels together 24 px of its height.
    transfer : TransferFunction
        The map and its range.
    font : QFont
        Font of the labels.
    label : str
        What the ramp shows, written at its left end.
    shift : float
        What is added to the values of the map to get those that are written.
    """
    painter.save()
    painter.setRenderHints(
        QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
    )
    ramp = QRectF(rect.left(), rect.top() + 3, rect.width(), RAMP)
    clip = QPainterPath()
    clip.addRoundedRect(ramp, RAMP / 2, RAMP / 2)
    painter.setClipPath(clip)
    painter.drawImage(ramp, to_image(lookup_table(transfer.colormap)[None, :, :]))
    painter.setClipping(False)
    painter.setPen(QColor(255, 255, 255, 28))
    painter.drawPath(clip)
    low, high = (end + shift for end in transfer.range_dex)
    baseline = ramp.bottom() + 14
    taken = rect.left() + text(
        painter, QPointF(rect.left(), baseline), label, font, 10, SUBTITLE_COLOR
    )
    for value in ticks((low, high)):
        x = rect.left() + (value - low) / (high - low) * rect.width()
        if x - 12 > taken:
            number = f"{value:g}".replace("-", MINUS)
            text(painter, QPointF(x, baseline), number, font, 10, SUBTITLE_COLOR, centered=True)
    painter.restore()
