"""Text over pictures: sharp, on a soft dark edge."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen


def font_of(base: QFont, pixels: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return a font of a size in pixels; its small digits have one width."""
    font = QFont(base)
    font.setPixelSize(pixels)
    font.setWeight(weight)
    if pixels <= 11:
        font.setFeature(QFont.Tag("tnum"), 1)  # digits that change do not jump
    return font


def text(
    painter: QPainter,
    at: QPointF,
    words: str,
    base: QFont,
    pixels: int,
    color: str,
    weight: QFont.Weight = QFont.Weight.Medium,
    *,
    right: bool = False,
    centered: bool = False,
) -> float:
    """Draw text over a soft dark edge.

    Parameters
    ----------
    painter : QPainter
        Where to draw.
    at : QPointF
        Left end of the baseline, or its right end or middle.
    words : str
        What to write.
    base : QFont
        The family.
    pixels : int
        Size of the font.
    color : str
        The colour.
    weight : QFont.Weight
        The weight.
    right, centered : bool
        Which part of the text is at the point.

    Returns
    -------
    float
        The width of the text.
    """
    font = font_of(base, pixels, weight)
    width = QFontMetricsF(font).horizontalAdvance(words)
    left = QPointF(at.x() - width * (1.0 if right else 0.5 if centered else 0.0), at.y())
    path = QPainterPath()
    path.addText(left, font, words)
    painter.strokePath(path, QPen(QColor(10, 13, 18, 120), 2.4))
    painter.setFont(font)
    painter.setPen(QColor(color))
    painter.drawText(left, words)
    return width
