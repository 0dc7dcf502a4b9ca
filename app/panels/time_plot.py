"""A plot against time with a cursor, and the entries of its legend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.panels.timeline import nice_step
from app.theme import Theme

HEADING_PX = 22
SHARE_TICKS = [(0.0, "0"), (0.5, "0.5"), (1.0, "1")]


def thin_dashes(color: QColor) -> QPen:
    """Return a pen for thin dashed lines."""
    pen = QPen(color, 1)
    pen.setStyle(Qt.PenStyle.DashLine)
    pen.setCosmetic(True)
    return pen


class Key(QWidget):
    """A short line and a name: one entry of a legend above a plot."""

    def __init__(
        self,
        theme: Theme,
        color: str,
        text: str,
        tip: str,
        *,
        short: str = "",
        dashed: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme, self._color, self._dashed = theme, color, dashed
        self._texts = (text, short or text)
        self._row = QHBoxLayout(self)
        self._label = QLabel(text)
        self._label.setObjectName("legend")
        self._row.addWidget(self._label)
        self.set_short(False)
        self.setToolTip(tip)
        theme.changed.connect(self.update)

    def set_short(self, short: bool) -> None:
        """Show the short name behind a shorter line, or the whole."""
        self._label.setText(self._texts[short])
        self._line_px = 9 if short else 15
        self._row.setContentsMargins(self._line_px + 7, 0, 0, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        color = QColor(getattr(self._theme.colors, self._color))
        painter.setPen(thin_dashes(color) if self._dashed else QPen(color, 2))
        y = self.height() / 2
        painter.drawLine(QPointF(2, y), QPointF(2 + self._line_px, y))


class Legend(QWidget):
    """Keys in a row, short ones where there is little room.

    Those that find no room even so are left out: a legend must not make its plot wider.
    """

    SPACING = 12
    SHORT_SPACING = 7

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.keys: tuple[Key, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def set_keys(self, keys: Sequence[Key]) -> None:
        """Show other keys; those before go."""
        for old in self.keys:
            old.hide()
            old.deleteLater()
        self.keys = tuple(keys)
        for key in self.keys:
            key.setParent(self)
        self._arrange()

    def sizeHint(self) -> QSize:
        height = max((key.sizeHint().height() for key in self.keys), default=0)
        return QSize(0, height)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def _arrange(self) -> None:
        """Place the keys from the right."""
        for short, spacing in ((False, self.SPACING), (True, self.SHORT_SPACING)):
            for key in self.keys:
                key.set_short(short)
            widths = [key.sizeHint().width() + spacing for key in self.keys]
            if sum(widths) <= self.width():
                break
        fitting = len(widths)
        while fitting and sum(widths[:fitting]) > self.width():
            fitting -= 1
        left = self.width() - sum(widths[:fitting]) + spacing
        for place, (key, width) in enumerate(zip(self.keys, widths, strict=True)):
            key.setVisible(place < fitting)
            if place < fitting:
                key.setGeometry(left, 0, width - spacing, self.height())
                left += width


class TimePlot(QWidget):
    """A plot against time with a cursor; a click asks to go there.

    Parameters
    ----------
    theme : Theme
        Its colours.
    heading : QWidget
        What stands above the plot at the left.
    parent : QWidget, optional
        The parent.

    Signals
    -------
    requested(float)
        The time clicked, in Myr.
    """

    requested = Signal(float)

    def __init__(self, theme: Theme, heading: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._items: list[pg.GraphicsObject] = []
        self.legend = Legend()
        self.heading = heading
        # A name and a choice are of the same height, so that both plots are.
        heading.setFixedHeight(HEADING_PX)
        self.plot = pg.PlotWidget()
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        item = self.plot.getPlotItem()
        item.setMouseEnabled(x=False, y=False)
        item.setContentsMargins(0, 0, 0, 0)
        item.getAxis("left").setWidth(30)
        # In a low window the labels at both ends would go.
        item.getAxis("left").setStyle(hideOverlappingLabels=False)
        item.getAxis("bottom").setHeight(20)
        for name in ("left", "bottom"):
            item.getAxis(name).setStyle(tickLength=-4, tickFont=theme.font(10))
            item.getAxis(name).enableAutoSIPrefix(False)
        item.getViewBox().setDefaultPadding(0.035)
        self.time_line = pg.InfiniteLine(angle=90, movable=False)
        self.time_line.hide()
        self.plot.addItem(self.time_line)
        self._dots = pg.ScatterPlotItem(size=8, pxMode=True)
        self._dots.setZValue(20)
        self.plot.addItem(self._dots)
        self.plot.scene().sigMouseClicked.connect(self._on_click)
        self._empty = QLabel("", self.plot)
        self._empty.setObjectName("faint")
        self._empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

        self._row = QHBoxLayout()
        self._row.setSpacing(12)
        self._row.addWidget(heading)
        self._row.addWidget(self.legend, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(self._row)
        layout.addWidget(self.plot, 1)
        theme.changed.connect(self.recolor)
        self.recolor()

    def describe(self, title: str, tip: str, keys: Sequence[Key]) -> None:
        """Say what is plotted.

        Parameters
        ----------
        title : str
            Name and unit, for people who cannot see the plot.
        tip : str
            What it shows.
        keys : sequence of Key
            The legend; the entries before go.
        """
        self.plot.setToolTip(f"{tip}\nClick to go to a time.")
        self.plot.setAccessibleName(f"{title}, against time")
        self.legend.set_keys(keys)

    def add_tool(self, tool: QWidget) -> None:
        """Put a button at the right of the legend."""
        self._row.addWidget(tool)

    # What is plotted

    def clear(self) -> None:
        """Take all curves away."""
        for item in self._items:
            self.plot.removeItem(item)
        self._items.clear()

    def _add(self, item: pg.GraphicsObject) -> None:
        self.plot.addItem(item)
        self._items.append(item)

    def add_line(self, x: NDArray[np.float64], y: NDArray[np.float64], pen: QPen) -> None:
        """Draw a curve; values that are not finite leave gaps.

        Parameters
        ----------
        x, y : ndarray
            Times in Myr, and values.
        pen : QPen
            Colour, width and dashes.
        """
        # Widths of such pens are in pixels of the screen, of which dense ones have more.
        dense = QPen(pen)
        dense.setWidthF(pen.widthF() * self.devicePixelRatioF())
        self._add(pg.PlotDataItem(x, y, pen=dense, connect="finite", antialias=True))

    def add_band(
        self,
        x: NDArray[np.float64],
        low: NDArray[np.float64],
        high: NDArray[np.float64],
        tint: QColor,
    ) -> None:
        """Fill what is between two curves."""
        known = np.isfinite(low) & np.isfinite(high)
        # With a PlotDataItem without a pen the area between stays empty.
        edges = [
            pg.PlotCurveItem(x[known], y[known], pen=QPen(Qt.PenStyle.NoPen)) for y in (low, high)
        ]
        for item in (*edges, pg.FillBetweenItem(*edges, brush=tint)):
            self._add(item)

    def add_level(self, value: float, color: str) -> None:
        """Draw a dotted horizontal line."""
        pen = pg.mkPen(color, width=1, style=Qt.PenStyle.DotLine)
        self._add(pg.InfiniteLine(value, angle=0, pen=pen))

    def set_times(self, first: float, last: float) -> None:
        """Show a range of time in Myr."""
        self.plot.setXRange(first, last, padding=0.035)
        step = nice_step(last - first, 6)
        self.plot.getPlotItem().getAxis("bottom").setTickSpacing(step, step)

    def set_values(self, low: float, high: float, *, padding: float = 0.11) -> None:
        """Show a range of values with a few round labels."""
        step = nice_step(high - low, 3)
        axis = self.plot.getPlotItem().getAxis("left")
        axis.setTicks(None)
        axis.setTickSpacing(step, step)
        self.plot.setYRange(low, high, padding=padding)

    def set_shares(self) -> None:
        """Show values from 0 to 1."""
        self.plot.getPlotItem().getAxis("left").setTicks([SHARE_TICKS])
        self.plot.setYRange(0.0, 1.0, padding=0.13)

    def recolor(self) -> None:
        """Take over the colours of the theme."""
        colors = self._theme.colors
        self.plot.setBackground(colors.panel)
        item = self.plot.getPlotItem()
        for name in ("left", "bottom"):
            axis = item.getAxis(name)
            axis.setPen(pg.mkPen(colors.line))
            axis.setTextPen(pg.mkPen(colors.secondary))
        item.showGrid(x=True, y=True, alpha=colors.grid_alpha)
        self.time_line.setPen(pg.mkPen(colors.text, width=1))

    def show_values(self, shown: bool) -> None:
        """Write numbers at the axes, or leave them empty."""
        for name in ("left", "bottom"):
            self.plot.getPlotItem().getAxis(name).setStyle(showValues=shown)

    def set_empty_text(self, text: str) -> None:
        """Say in the middle why there is nothing to see; "" when there is."""
        self._empty.setText(text)
        self._empty.adjustSize()
        self._center_empty()

    def resizeEvent(self, event: object) -> None:
        self._center_empty()

    def _center_empty(self) -> None:
        area, label = self.plot.rect(), self._empty.rect()
        self._empty.move(
            (area.width() - label.width()) // 2 + 15, (area.height() - label.height()) // 2 - 10
        )

    def show_cursor(self, time_myr: float | None, dots: Sequence[tuple[float, str]]) -> None:
        """Put the cursor at a time, with dots where curves cross it.

        Parameters
        ----------
        time_myr : float or None
            The time in Myr; None hides the cursor.
        dots : sequence of (float, str)
            Value and colour of each dot.
        """
        self.time_line.setVisible(time_myr is not None)
        if time_myr is not None:
            self.time_line.setValue(time_myr)
        ring = pg.mkPen(self._theme.colors.panel, width=1.5)
        self._dots.setData(
            [
                {"pos": (time_myr, value), "brush": pg.mkBrush(color), "pen": ring}
                for value, color in dots
                if time_myr is not None and np.isfinite(value)
            ]
        )

    def _on_click(self, event: object) -> None:
        position = event.scenePos()  # type: ignore[attr-defined]
        box = self.plot.getPlotItem().getViewBox()
        if self.plot.getPlotItem().sceneBoundingRect().contains(position):
            self.requested.emit(float(box.mapSceneToView(position).x()))
