"""How much of what is really reached the forecast region shall hold."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from app.document import Document
from app.events import ForecastChanged, LayersChanged, PreviewChanged
from app.panels.parts import flat_button
from app.theme import Theme
from app.views.layer_needs import missing
from core.coverage import LEVELS
from core.errors import InvalidRequest
from core.evolution import Forecast

TIP = (
    "Share of what the blast wave really reaches that the region shall hold, of each frame's "
    "volume and mass. The forecast region is enlarged by a margin for it."
)


class CoverageField(QWidget):
    """A slider over the shares that a calibration knows, and whether the region is shown."""

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.shown = flat_button(theme, "eye", "Show the region on the forecast", 22)
        self.shown.setCheckable(True)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, len(LEVELS) - 1)
        self.slider.setPageStep(1)
        self.slider.setAccessibleName("Coverage")
        self.slider.setMinimumWidth(40)
        self.value = QLabel("")
        self.value.setFixedWidth(38)
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.value)
        layout.addWidget(self.shown)
        self.slider.valueChanged.connect(self._on_slider)
        self.shown.toggled.connect(lambda on: self._change(reached=on))
        document.subscribe(ForecastChanged, lambda _: self.refresh())
        document.subscribe(LayersChanged, lambda _: self.refresh())
        document.subscribe(PreviewChanged, lambda _: self._on_preview())
        self.refresh()

    def _on_preview(self) -> None:
        preview = self._document.preview
        # While the explosion moves nothing is written: it would be outdated at once.
        if preview is not None and preview.drawn is not None and preview.drawn.fine:
            self.refresh()

    @property
    def coverage(self) -> float:
        """The share chosen: the next that the calibration knows."""
        return LEVELS[self.slider.value()]

    def refresh(self) -> None:
        """Show the share, what it costs, or why there is no choice."""
        layers = self._document.layers("forecast")
        level = next((k for k, one in enumerate(LEVELS) if one >= layers.coverage - 1e-9), -1)
        for widget in (self.slider, self.shown):
            widget.blockSignals(True)
        self.slider.setValue(level % len(LEVELS))
        self.shown.setChecked(layers.reached)
        for widget in (self.slider, self.shown):
            widget.blockSignals(False)
        possible, text = self._explain()
        for widget in (self.slider, self.shown):
            widget.setEnabled(possible)
        self.value.setEnabled(possible)
        self.value.setText(f"{100 * self.coverage:.3g} %")
        for part in (self, self.slider, self.value):
            part.setToolTip(text)

    def _explain(self) -> tuple[bool, str]:
        """Say what is promised, or why nothing is."""
        forecast = self._document.forecast
        preview = self._document.preview
        if forecast is None or (preview is not None and preview.kind == "growing"):
            return False, f"{TIP}\nForecast first: the promise is that of a forecast."
        if not isinstance(forecast, Forecast):
            return False, f"{TIP}\nA simulation needs no margin."
        try:
            margin = forecast.margin(self.coverage)
        except InvalidRequest as error:
            reason = missing(self._document, "coverage")
            return not reason, f"{TIP}\n{reason or error}"
        return True, (
            f"{TIP}\n{100 * margin.coverage:.3g} % take a margin of {margin.pc:.1f} pc. With a "
            f"probability of {100 * margin.confidence:.0f} % it holds for a new cloud; "
            f"{margin.clouds} clouds were measured."
        )

    def _on_slider(self, _: int) -> None:
        # A share is chosen to see it.
        self._change(coverage=self.coverage, reached=True)

    def _change(self, **changes: object) -> None:
        self._document.change_layers(("forecast",), **changes)
