"""Two plots that follow the time: the radius of the shell, and how well it was forecast."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.document import Document
from app.events import (
    ComparisonChanged,
    ForecastChanged,
    LayersChanged,
    SourceChanged,
    TimeChanged,
    TruthChanged,
)
from app.figures import ROLES
from app.panels.timeline import nice_step
from app.theme import Theme
from core.shells import CAVITY_BELOW

TARGET_RECALL = 0.99
THEORY_COLOR = "secondary"
OVERLAP_TICKS = [(0.0, "0"), (0.5, "0.5"), (1.0, "1")]


def _thin_dashes(color: QColor) -> QPen:
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
        dashed: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme, self._color, self._dashed = theme, color, dashed
        layout = QHBoxLayout(self)
        layout.setContentsMargins(22, 0, 0, 0)
        label = QLabel(text)
        label.setObjectName("legend")
        layout.addWidget(label)
        self.setToolTip(tip)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        color = QColor(getattr(self._theme.colors, self._color))
        painter.setPen(_thin_dashes(color) if self._dashed else QPen(color, 2))
        y = self.height() / 2
        painter.drawLine(QPointF(2, y), QPointF(17, y))


class TimePlot(QWidget):
    """A plot against time with a cursor; a click asks to go there.

    Signals
    -------
    requested(float)
        The time clicked, in Myr.
    """

    requested = Signal(float)

    def __init__(
        self, theme: Theme, title: str, tip: str, keys: Sequence[Key], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.plot = pg.PlotWidget()
        self.plot.setToolTip(f"{tip}\nClick to go to a time.")
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

        self.heading = QLabel(title)
        self.heading.setObjectName("plotTitle")
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.heading)
        row.addStretch(1)
        for key in keys:
            row.addWidget(key)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.plot, 1)
        theme.changed.connect(self.recolor)
        self.recolor()

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


class PlotsPanel(QWidget):
    """Radius against time, and overlap with the truth against time."""

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._theme = theme
        self.theory_key = Key(theme, THEORY_COLOR, "Theory", "", dashed=True)
        self.theory_key.hide()
        self.radius = TimePlot(
            theme,
            "Mean radius, pc",
            "Mean radius over all directions of the surface shown (cavity or affected region); "
            "the band holds 16 to 84 % of the directions of the forecast.",
            [
                Key(theme, "truth", "Truth", "Measured on the open file"),
                Key(theme, "forecast", "Forecast", "Measured on the forecast"),
                self.theory_key,
            ],
        )
        self.overlap = TimePlot(
            theme,
            "Overlap with truth",
            "Share of the reached region that was forecast (recall), and intersection over "
            "union of the affected region and of the cavity.",
            [
                Key(theme, "accent", "Recall", "Share of the truly reached region in the forecast"),
                Key(theme, "forecast", "IoU, affected", "Region below 0.9 of the control"),
                Key(theme, "neutral", "IoU, cavity", "Region below 0.5 of the control"),
            ],
        )
        for plot in (self.radius, self.overlap):
            plot.requested.connect(document.go_to)
        self._items: list[tuple[TimePlot, object]] = []
        self._drawn_level = self._level
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 2, 14, 4)
        layout.setSpacing(18)
        layout.addWidget(self.radius, 1)
        layout.addWidget(self.overlap, 1)
        document.subscribe(ComparisonChanged, lambda _: self._redraw())
        document.subscribe(SourceChanged, lambda _: self._redraw())
        document.subscribe(LayersChanged, lambda _: self._on_layers())
        document.subscribe(TruthChanged, lambda _: self._on_frames())
        document.subscribe(ForecastChanged, lambda _: self._on_frames())
        document.subscribe(TimeChanged, lambda _: self._on_time())
        theme.changed.connect(self._redraw)
        self._redraw()

    def _on_layers(self) -> None:
        if self._level != self._drawn_level:
            self._redraw()

    def _redraw(self) -> None:
        self._drawn_level = self._level
        for plot, item in self._items:
            plot.plot.removeItem(item)
        self._items.clear()
        self._draw_radius()
        self._draw_overlap()
        self._on_frames()
        self._on_time()

    @property
    def _level(self) -> float:
        return self._document.layers("truth").shell_level

    def _draw_radius(self) -> None:
        name = "cavity" if self._level == CAVITY_BELOW else "affected region"
        self.radius.heading.setText(f"Mean radius of the {name}, pc")
        top = self._draw_theory()
        for role in reversed(ROLES):
            curve = self._document.figures.curve(role, self._level)
            if curve is None:
                continue
            color = getattr(self._theme.colors, role)
            if role == "forecast":
                self._band(curve.times_myr, curve.p16_pc, curve.p84_pc, color)
            self._line(self.radius, curve.times_myr, curve.mean_pc, color)
            reach = curve.p84_pc if role == "forecast" else curve.mean_pc
            top = max(top, float(np.max(reach, initial=1.0, where=np.isfinite(reach))))
        step = nice_step(top, 3)
        self.radius.plot.getPlotItem().getAxis("left").setTickSpacing(step, step)
        self.radius.plot.setYRange(0.0, top, padding=0.11)

    def _draw_theory(self) -> float:
        """Draw what theory expects below the curves, and return its largest radius in pc."""
        theory = self._document.figures.theory
        self.theory_key.setVisible(theory is not None)
        if theory is None:
            return 1.0
        self.theory_key.setToolTip(theory.description)
        pen = _thin_dashes(QColor(getattr(self._theme.colors, THEORY_COLOR)))
        item = pg.PlotDataItem(theory.times_myr, theory.radius_pc, pen=pen, antialias=True)
        self.radius.plot.addItem(item)
        self._items.append((self.radius, item))
        return max(1.0, float(theory.radius_pc[-1]))

    def _draw_overlap(self) -> None:
        colors = self._theme.colors
        comparison = self._document.figures.comparison
        if comparison is not None and len(comparison.rows) > 1:
            # The first frame is the state both start from: nothing to overlap.
            times = comparison.column("time_myr")[1:]
            for name, color in self._overlap_columns():
                self._line(self.overlap, times, comparison.column(name)[1:], color)
            pen = pg.mkPen(colors.secondary, width=1, style=Qt.PenStyle.DotLine)
            target = pg.InfiniteLine(TARGET_RECALL, angle=0, pen=pen)
            self.overlap.plot.addItem(target)
            self._items.append((self.overlap, target))
        self.overlap.plot.getPlotItem().getAxis("left").setTicks([OVERLAP_TICKS])
        self.overlap.plot.setYRange(0.0, 1.0, padding=0.13)

    def _overlap_columns(self) -> tuple[tuple[str, str], ...]:
        colors = self._theme.colors
        return (
            ("cavity_iou", colors.neutral),
            ("affected_iou", colors.forecast),
            ("recall", colors.accent),
        )

    def _on_frames(self) -> None:
        """Show the time there is, and why a plot is empty."""
        document = self._document
        times = document.times_myr
        for plot in (self.radius, self.overlap):
            plot.show_values(len(times) > 1)
        if len(times) > 1:
            for plot in (self.radius, self.overlap):
                plot.plot.setXRange(float(times[0]), float(times[-1]), padding=0.035)
                step = nice_step(float(times[-1] - times[0]), 6)
                plot.plot.getPlotItem().getAxis("bottom").setTickSpacing(step, step)
        figures = document.figures
        if document.source is None:
            texts = ("", "")
        elif document.forecast is None:
            texts = ("Forecast to see the radius grow", "Forecast to compare with the truth")
        elif not figures.curves:
            texts = ("Measuring…", "Measuring…")
        else:
            texts = ("", "" if figures.comparison else "No truth to compare with")
        self.radius.set_empty_text("" if figures.curves else texts[0])
        few = figures.comparison is not None and len(figures.comparison.rows) < 2
        text = "Only one true frame: nothing to compare over time" if few else texts[1]
        self.overlap.set_empty_text(text)

    def _line(
        self, plot: TimePlot, x: NDArray[np.float64], y: NDArray[np.float64], color: str
    ) -> None:
        item = pg.PlotDataItem(x, y, pen=pg.mkPen(color, width=2), connect="finite", antialias=True)
        plot.plot.addItem(item)
        self._items.append((plot, item))

    def _band(
        self,
        x: NDArray[np.float64],
        low: NDArray[np.float64],
        high: NDArray[np.float64],
        color: str,
    ) -> None:
        known = np.isfinite(low) & np.isfinite(high)
        tint = QColor(color)
        tint.setAlpha(48)
        # With a PlotDataItem without a pen the area between stays empty.
        edges = [
            pg.PlotCurveItem(x[known], y[known], pen=QPen(Qt.PenStyle.NoPen)) for y in (low, high)
        ]
        band = pg.FillBetweenItem(*edges, brush=tint)
        for item in (*edges, band):
            self.radius.plot.addItem(item)
            self._items.append((self.radius, item))

    def _on_time(self) -> None:
        document = self._document
        time = document.time_myr
        figures = document.figures
        dots: list[tuple[float, str]] = []
        for role in ROLES:
            curve = figures.curve(role, self._level)
            row = curve.row(time) if curve is not None else None
            if curve is not None and row is not None:
                dots.append((float(curve.mean_pc[row]), getattr(self._theme.colors, role)))
        self.radius.show_cursor(time if figures.curves else None, dots)
        marks: list[tuple[float, str]] = []
        comparison = document.figures.comparison
        if comparison is not None and len(comparison.rows) > 1:
            row_now = comparison.row_at(document.time_myr)
            if abs(row_now.time_myr - document.time_myr) < 1e-6 and row_now != comparison.rows[0]:
                marks = [(getattr(row_now, name), c) for name, c in self._overlap_columns()]
        self.overlap.show_cursor(time if comparison is not None else None, marks)
