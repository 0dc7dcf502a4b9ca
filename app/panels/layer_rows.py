"""The rows of the Layers panel."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.document import Document
from app.look import ViewRole
from app.panels.layer_table import Layer, Number
from app.panels.parts import ElidedLabel, inset
from app.scene.colormaps import DEEP_BLUE
from app.theme import Theme
from app.views.layer_needs import missing

BOX_STYLE = """QAbstractSpinBox { padding: 0; font-size: 11px; }
QAbstractSpinBox QLineEdit { padding: 0 5px; background: transparent; border: none; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 0; }
QAbstractSpinBox::up-arrow, QAbstractSpinBox::down-arrow { image: none; width: 0; }"""
"""Without its buttons; Qt's own way to leave them out leaves no room for the text."""

CUBE_PC = 60.0
"""Edge of the cube while none is open."""


class Swatch(QWidget):
    """A small square in the colour of a layer."""

    def __init__(self, theme: Theme, color: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._color = theme, color
        self.setFixedSize(QSize(12, 12))
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(255, 255, 255, 20), 1))
        if self._color == "gas":
            gradient = QLinearGradient(QPointF(0, 0), QPointF(12, 0))
            for place, color in enumerate(DEEP_BLUE):
                gradient.setColorAt(place / (len(DEEP_BLUE) - 1), QColor(color))
            painter.setBrush(gradient)
        else:
            painter.setBrush(QColor(getattr(self._theme.colors, self._color, self._color)))
        painter.drawRoundedRect(QRectF(0.5, 0.5, 11, 11), 3.5, 3.5)


def soft_slider(tip: str, name: str) -> QSlider:
    """Return a thin grey slider."""
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setObjectName("soft")
    slider.setFixedHeight(14)
    slider.setToolTip(tip)
    slider.setAccessibleName(name)
    return slider


class NumberRow(QWidget):
    """A name, a slider and a box for one number of the layers.

    Parameters
    ----------
    number : Number
        What it sets.
    document : Document
        Where.
    roles : tuple of role
        The views meant.
    layer : str
        Name of the layer, for people who cannot see it.
    parent : QWidget, optional
        The parent.
    """

    def __init__(
        self,
        number: Number,
        document: Document,
        roles: tuple[ViewRole, ...],
        layer: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.number, self._document, self._roles = number, document, roles
        label = QLabel(number.label)
        label.setObjectName("secondary")
        label.setFixedWidth(48)
        label.setToolTip(number.tip)
        self.slider = soft_slider(number.tip, f"{layer}: {number.label}")
        self.box = inset(QDoubleSpinBox())
        self.box.setDecimals(number.decimals)
        self.box.setSingleStep(number.step)
        self.box.setSuffix(number.suffix)
        self.box.setKeyboardTracking(False)
        self.box.setFixedSize(58, 22)
        self.box.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.box.setStyleSheet(BOX_STYLE)
        self.box.setToolTip(number.tip)
        self.box.setAccessibleName(f"{layer}: {number.label}, value")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(label)
        row.addWidget(self.slider, 1)
        row.addWidget(self.box)
        self.refresh()
        self.slider.valueChanged.connect(lambda steps: self._set(steps * number.step))
        self.box.valueChanged.connect(self._set)

    def _range(self) -> tuple[float, float]:
        number = self.number
        if not number.of_cube:
            return number.low, number.high
        truth, forecast = self._document.truth, self._document.forecast
        cube = truth if truth is not None else forecast.sequence if forecast is not None else None
        half = 0.5 * (CUBE_PC if cube is None else cube.size_pc)
        return number.low * half, number.high * half

    def refresh(self) -> None:
        """Show the document's value."""
        number = self.number
        low, high = self._range()
        value = getattr(self._document.layers(self._roles[0]), number.key) * number.factor
        for widget in (self.slider, self.box):
            widget.blockSignals(True)
        self.slider.setRange(round(low / number.step), round(high / number.step))
        self.slider.setPageStep(max(round((high - low) / number.step / 10), 1))
        self.slider.setValue(round(value / number.step))
        self.box.setRange(low, high)
        self.box.setValue(value)
        for widget in (self.slider, self.box):
            widget.blockSignals(False)

    def _set(self, shown: float) -> None:
        low, high = self._range()
        value = min(max(shown, low), high) / self.number.factor
        # Steps of a hundredth add up to 0.30000000000000004 otherwise.
        self._document.change_layers(self._roles, **{self.number.key: round(value, 6)})


class LayerRow(QWidget):
    """An eye, a swatch, a name, and what can be set of the layer."""

    def __init__(
        self, layer: Layer, document: Document, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.layer, self._document, self._theme = layer, document, theme
        self.eye = QToolButton()
        self.eye.setCheckable(True)
        self.eye.setFixedSize(24, 24)
        self.eye.setIconSize(QSize(15, 15))
        self.eye.setAccessibleName(f"Show {layer.label}")
        self.eye.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.eye.setStyleSheet("QToolButton:checked { background: transparent; }")
        self.eye.clicked.connect(self._toggle)
        self.name = ElidedLabel(layer.label, Qt.TextElideMode.ElideRight)
        self.slider: QSlider | None = None
        self.rings: QToolButton | None = None
        self.percent = QLabel("")
        self.percent.setObjectName("secondary")
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(7)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(2, 1)
        grid.addWidget(self.eye, 0, 0)
        grid.addWidget(Swatch(theme, layer.color), 0, 1)
        grid.addWidget(self.name, 0, 2)
        if layer.style:
            self.rings = self._ring_button()
            grid.addWidget(self.rings, 0, 3)
        grid.addWidget(self.percent, 0, 4)
        if layer.opacity:
            tip = f"Opacity: {layer.label}"
            self.slider = soft_slider(tip, f"Opacity of {layer.label}")
            self.slider.setRange(0, 100)
            self.slider.setPageStep(10)
            self.slider.valueChanged.connect(self._fade)
            grid.addWidget(self.slider, 1, 1, 1, 4)
        self.numbers = [
            NumberRow(number, document, layer.roles, layer.label) for number in layer.numbers
        ]
        self._below = QWidget()
        below = QVBoxLayout(self._below)
        below.setContentsMargins(31, 0, 0, 2)
        below.setSpacing(2)
        for row in self.numbers:
            below.addWidget(row)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(grid)
        whole.addWidget(self._below)
        theme.changed.connect(self.refresh)
        self.refresh()

    def _ring_button(self) -> QToolButton:
        button = QToolButton()
        button.setCheckable(True)
        button.setFixedSize(22, 22)
        button.setIconSize(QSize(14, 14))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(f"{self.layer.label}: rings instead of a closed surface")
        button.setAccessibleName(f"Rings of {self.layer.label}")
        button.clicked.connect(self._style)
        return button

    def refresh(self) -> None:
        """Show the document's state."""
        layer = self.layer
        state = self._document.layers(layer.roles[0])
        reason = missing(self._document, layer.needs)
        on = bool(getattr(state, layer.key))
        shown = on and not reason
        self.setToolTip(f"{layer.tip}. {reason}" if reason else layer.tip)
        self.eye.setToolTip(reason or f"Show or hide: {layer.label}")
        self.eye.setEnabled(not reason)
        self.eye.setChecked(on)
        self.eye.setIcon(self._theme.icon("eye" if shown else "eye-slash"))
        self.name.setEnabled(shown)
        self._below.setVisible(shown and bool(self.numbers))
        for row in self.numbers:
            row.refresh()
        if self.rings is not None:
            self.rings.setChecked(getattr(state, layer.style) == "rings")
            self.rings.setVisible(shown)
            self.rings.setIcon(self._theme.icon("stack"))
        if self.slider is not None:
            percent = round(100 * getattr(state, layer.opacity))
            self.slider.blockSignals(True)
            self.slider.setValue(percent)
            self.slider.blockSignals(False)
            self.slider.setEnabled(shown)
            self.percent.setText(f"{percent} %")

    @property
    def is_on(self) -> bool:
        """Whether the layer is on and has something to show."""
        return self.eye.isChecked() and self.eye.isEnabled()

    def _toggle(self, shown: bool) -> None:
        self._document.change_layers(self.layer.roles, **{self.layer.key: shown})

    def _fade(self, percent: int) -> None:
        self._document.change_layers(self.layer.roles, **{self.layer.opacity: percent / 100})

    def _style(self, rings: bool) -> None:
        style = "rings" if rings else "solid"
        self._document.change_layers(self.layer.roles, **{self.layer.style: style})
