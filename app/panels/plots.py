"""Two plots that follow the time: the radius of the shell, and how well it was forecast."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from app.document import Document
from app.events import (
    ComparisonChanged,
    ForecastChanged,
    LayersChanged,
    LookChanged,
    SourceChanged,
    TimeChanged,
    TruthChanged,
)
from app.figures import ROLES
from app.forecasts.forecast_list import KeptForecast
from app.measuring import measured_level
from app.panels.charts import CHARTS, Chart, chart
from app.panels.forecasts import series_color
from app.panels.parts import flat_button
from app.panels.time_plot import Key, TimePlot, thin_dashes
from app.theme import Theme
from core.shells import CAVITY_BELOW

THEORY_COLOR = "secondary"
BAND_ALPHA = 48

RADIUS_TIP = (
    "Mean radius over all directions of the cavity or the affected region, whichever the "
    "surface shown is closer to; "
    "the bands hold 16 to 84 % of the directions."
)


class TitleChoice(QComboBox):
    """A title that can be chosen, no wider than the one that is: the legend needs the room."""

    ARROW_PX = 34

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.currentTextChanged.connect(lambda _: self.updateGeometry())

    def sizeHint(self) -> QSize:
        size = super().sizeHint()
        text = self.fontMetrics().horizontalAdvance(self.currentText())
        return QSize(min(size.width(), text + self.ARROW_PX), size.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def showPopup(self) -> None:
        # The list is as wide as its longest entry needs.
        self.view().setMinimumWidth(super().sizeHint().width())
        super().showPopup()


class PlotsPanel(QWidget):
    """Radius against time, and a figure of the comparison against time.

    Signals
    -------
    export_requested()
        The user wants the plots in a file.
    """

    export_requested = Signal()

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._theme = theme
        self.heading = QLabel("")
        self.heading.setObjectName("plotTitle")
        self.radius = TimePlot(theme, self.heading)
        self.theory_key = Key(theme, THEORY_COLOR, "Theory", "", dashed=True)
        self.radius.describe(
            "Mean radius in pc",
            RADIUS_TIP,
            [
                Key(theme, "truth", "Truth", "Measured on the open file"),
                Key(theme, "forecast", "Forecast", "Measured on the forecast"),
                self.theory_key,
            ],
        )
        self.theory_key.hide()
        self.choice = TitleChoice()
        self.choice.setObjectName("plotChoice")
        self.choice.setToolTip("Which figures of the comparison are plotted")
        self.choice.setAccessibleName("Plot of the comparison")
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for each in CHARTS:
            self.choice.addItem(each.heading, each.key)
            index = self.choice.count() - 1
            self.choice.setItemData(index, each.tip, Qt.ItemDataRole.ToolTipRole)
        self.choice.activated.connect(
            lambda index: document.change_look(plot=self.choice.itemData(index))
        )
        self.overlap = TimePlot(theme, self.choice)
        self.export_button = flat_button(
            theme, "download-simple", "Export the plots as PNG, SVG or PDF…", 22
        )
        self.export_button.clicked.connect(self.export_requested)
        self.overlap.add_tool(self.export_button)
        for plot in (self.radius, self.overlap):
            plot.requested.connect(document.go_to)
        self._drawn_level = self._level
        self._drawn_chart: Chart | None = None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 2, 14, 4)
        layout.setSpacing(18)
        layout.addWidget(self.radius, 1)
        layout.addWidget(self.overlap, 1)
        document.subscribe(ComparisonChanged, lambda _: self._redraw())
        document.subscribe(SourceChanged, lambda _: self._redraw())
        document.subscribe(LayersChanged, lambda _: self._on_layers())
        document.subscribe(LookChanged, lambda _: self._on_look())
        document.subscribe(TruthChanged, lambda _: self._on_frames())
        document.subscribe(ForecastChanged, lambda _: self._on_frames())
        document.subscribe(TimeChanged, lambda _: self._on_time())
        theme.changed.connect(self._redraw)
        self._redraw()

    @property
    def chart(self) -> Chart:
        """The plot of the comparison that is shown."""
        return chart(self._document.look.plot)

    @property
    def _level(self) -> float:
        return measured_level(self._document.layers("truth").shell_level)

    def _color(self, name: str) -> str:
        color: str = getattr(self._theme.colors, name)
        return color

    def _on_layers(self) -> None:
        if self._level != self._drawn_level:
            self._redraw()

    def _on_look(self) -> None:
        if self.chart != self._drawn_chart:
            self._redraw()

    def _redraw(self) -> None:
        self._drawn_level = self._level
        self._draw_radius()
        self._draw_comparison()
        self._on_frames()
        self._on_time()

    def _draw_radius(self) -> None:
        name = "cavity" if self._level == CAVITY_BELOW else "affected region"
        self.heading.setText(f"Mean radius of the {name}, pc")
        self.radius.clear()
        top = max(self._draw_theory(), self._draw_others())
        for role in reversed(ROLES):
            curve = self._document.figures.curve(role, self._level)
            if curve is None:
                continue
            tint = QColor(self._color(role))
            # Two bands of the same strength could not be told apart.
            tint.setAlpha(BAND_ALPHA if role == "forecast" else BAND_ALPHA // 2)
            self.radius.add_band(curve.times_myr, curve.p16_pc, curve.p84_pc, tint)
            pen = pg.mkPen(self._color(role), width=2)
            self.radius.add_line(curve.times_myr, curve.mean_pc, pen)
            reach = np.maximum(curve.p84_pc, curve.mean_pc)
            top = max(top, float(np.max(reach, initial=1.0, where=np.isfinite(reach))))
        self.radius.set_values(0.0, top)

    def _draw_theory(self) -> float:
        """Draw what theory expects below the curves, and return its largest radius in pc."""
        theory = self._document.figures.theory
        self.theory_key.setVisible(theory is not None)
        if theory is None:
            return 1.0
        self.theory_key.setToolTip(theory.description)
        pen = thin_dashes(QColor(self._color(THEORY_COLOR)))
        self.radius.add_line(theory.times_myr, theory.radius_pc, pen)
        return max(1.0, float(theory.radius_pc[-1]))

    def _others(self) -> list[tuple[KeptForecast, QPen]]:
        """Return the forecasts that are kept but not shown, with the thin lines of each."""
        document = self._document
        if document.preview is not None:
            return []
        others = [entry for entry in document.forecasts if entry is not document.shown_forecast]
        return [
            (entry, pg.mkPen(series_color(entry, document, self._theme), width=1))
            for entry in others
        ]

    def _draw_others(self) -> float:
        """Draw the radius of the other forecasts, and return the largest in pc."""
        top = 1.0
        for entry, pen in self._others():
            curve = entry.figures.curve("forecast", self._level)
            if curve is not None:
                self.radius.add_line(curve.times_myr, curve.mean_pc, pen)
                known = np.isfinite(curve.mean_pc)
                top = max(top, float(np.max(curve.mean_pc, initial=1.0, where=known)))
        return top

    def _draw_comparison(self) -> None:
        shown, plot = self.chart, self.overlap
        if shown != self._drawn_chart:
            self._drawn_chart = shown
            self.choice.setCurrentIndex(self.choice.findData(shown.key))
            keys = [Key(self._theme, t.color, t.label, t.tip, short=t.short) for t in shown.traces]
            plot.describe(shown.heading, shown.tip, keys)
        plot.clear()
        comparison = self._document.figures.comparison
        low, high = 0.0, 1.0 if shown.share else 0.0
        main = shown.traces[0].column
        for entry, pen in self._others():
            other = entry.figures.comparison
            if other is not None and len(other.rows) > 1:
                plot.add_line(other.column("time_myr")[1:], other.column(main)[1:], pen)
        if comparison is not None and len(comparison.rows) > 1:
            # The first frame is the state both start from: nothing to compare.
            times = comparison.column("time_myr")[1:]
            # The first of the legend lies on top.
            for trace in reversed(shown.traces):
                values = comparison.column(trace.column)[1:]
                pen = pg.mkPen(self._color(trace.color), width=2)
                plot.add_line(times, values, pen)
                known = np.isfinite(values)
                low = min(low, float(np.min(values, initial=low, where=known)))
                high = max(high, float(np.max(values, initial=high, where=known)))
            if shown.target is not None:
                plot.add_level(shown.target, self._color("secondary"))
            if low < 0.0:
                plot.add_level(0.0, self._color("secondary"))
        if shown.share:
            plot.set_shares()
        else:
            plot.set_values(low, high if high > low else low + 1.0)

    def _on_frames(self) -> None:
        """Show the time there is, and why a plot is empty."""
        document = self._document
        times = document.times_myr
        for plot in (self.radius, self.overlap):
            plot.show_values(len(times) > 1)
            if len(times) > 1:
                plot.set_times(float(times[0]), float(times[-1]))
        figures = document.figures
        self.export_button.setEnabled(bool(figures.curves))
        if document.source is None:
            texts = ("", "")
        elif document.forecast is None:
            texts = ("Forecast to see the radius grow", "Forecast to compare with the truth")
        elif not figures.curves:
            texts = (document.why_unmeasured, document.why_unmeasured)
        else:
            texts = ("", "" if figures.comparison else "No truth to compare with")
        self.radius.set_empty_text("" if figures.curves else texts[0])
        few = figures.comparison is not None and len(figures.comparison.rows) < 2
        text = "Only one true frame: nothing to compare over time" if few else texts[1]
        self.overlap.set_empty_text(text)

    def _on_time(self) -> None:
        document = self._document
        time = document.time_myr
        figures = document.figures
        dots: list[tuple[float, str]] = []
        for role in ROLES:
            curve = figures.curve(role, self._level)
            row = curve.row(time) if curve is not None else None
            if curve is not None and row is not None:
                dots.append((float(curve.mean_pc[row]), self._color(role)))
        self.radius.show_cursor(time if figures.curves else None, dots)
        marks: list[tuple[float, str]] = []
        comparison = figures.comparison
        if comparison is not None and len(comparison.rows) > 1:
            row_now = comparison.row_at(time)
            if abs(row_now.time_myr - time) < 1e-6 and row_now != comparison.rows[0]:
                marks = [
                    (getattr(row_now, trace.column), self._color(trace.color))
                    for trace in reversed(self.chart.traces)
                ]
        self.overlap.show_cursor(time if comparison is not None else None, marks)
