"""Which layers the views show, and how strongly."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.document import Document
from app.events import LayersChanged, OverviewChanged
from app.figures import ROLES, Role
from app.panels.parts import line, section
from app.scene.colormaps import DEEP_BLUE
from app.theme import Theme
from core.shells import AFFECTED_BELOW, CAVITY_BELOW


@dataclass(frozen=True)
class Layer:
    """One row of the panel.

    Parameters
    ----------
    key : str
        The field of `LayerState` that shows or hides it.
    label : str
        Its name.
    tip : str
        What it is.
    color : str
        A colour of the theme, ``"gas"``, or ``""`` for none.
    opacity : str
        The field that holds its strength, or ``""``.
    roles : tuple of role
        The views it belongs to.
    pages : tuple of {"cube", "box"}
        Whether cubes have it, or the whole box.
    """

    key: str
    label: str
    tip: str
    color: str = ""
    opacity: str = ""
    roles: tuple[Role, ...] = ROLES
    pages: tuple[str, ...] = ("cube", "box")


LAYERS = (
    Layer(
        "volume", "Gas density", "Density of the gas as a glowing volume", "gas", "volume_opacity"
    ),
    Layer(
        "shell",
        "Shell, truth",
        "Surface around the gas that the explosion emptied, in the truth",
        "truth",
        "shell_opacity",
        ("truth",),
        ("cube",),
    ),
    Layer(
        "shell",
        "Shell, forecast",
        "Surface around the gas that the explosion empties, in the forecast",
        "forecast",
        "shell_opacity",
        ("forecast",),
        ("cube",),
    ),
    Layer(
        "particles",
        "Particles",
        "The same sample of particles in every frame, coloured by density",
        "accent",
        pages=("box",),
    ),
    Layer("box", "Edges", "The outline of the cube or the box", "neutral"),
    Layer("site", "Explosion site", "Marks the place of the explosion, or candidates", "text"),
    Layer(
        "cut",
        "Cut towards the eye",
        "Leaves out the octant of gas that faces the eye",
        "faint",
        pages=("cube",),
    ),
)

LEVELS = (
    (CAVITY_BELOW, "Cavity", "Density below half of the control's"),
    (AFFECTED_BELOW, "Affected region", "Density below 0.9 of the control's"),
)


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
            painter.setBrush(QColor(getattr(self._theme.colors, self._color)))
        painter.drawRoundedRect(QRectF(0.5, 0.5, 11, 11), 3.5, 3.5)


class LayerRow(QWidget):
    """An eye, a swatch, a name, and a slider for the strength where there is one."""

    def __init__(
        self, layer: Layer, document: Document, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.layer, self._document, self._theme = layer, document, theme
        self.eye = QToolButton()
        self.eye.setCheckable(True)
        self.eye.setFixedSize(24, 24)
        self.eye.setIconSize(QSize(15, 15))
        self.eye.setToolTip(f"Show or hide: {layer.label}")
        self.eye.setAccessibleName(f"Show {layer.label}")
        self.eye.setStyleSheet("QToolButton:checked { background: transparent; }")
        self.eye.clicked.connect(self._toggle)
        self.name = QLabel(layer.label)
        self.setToolTip(layer.tip)
        self.slider: QSlider | None = None
        self.percent = QLabel("")
        self.percent.setObjectName("secondary")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(7)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(2, 1)
        grid.addWidget(self.eye, 0, 0)
        grid.addWidget(Swatch(theme, layer.color), 0, 1)
        grid.addWidget(self.name, 0, 2)
        grid.addWidget(self.percent, 0, 3)
        if layer.opacity:
            self.slider = QSlider(Qt.Orientation.Horizontal)
            self.slider.setObjectName("soft")
            self.slider.setRange(0, 100)
            self.slider.setPageStep(10)
            self.slider.setFixedHeight(14)
            self.slider.setToolTip(f"Opacity: {layer.label}")
            self.slider.setAccessibleName(f"Opacity of {layer.label}")
            self.slider.valueChanged.connect(self._fade)
            grid.addWidget(self.slider, 1, 1, 1, 3)
        theme.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the document's state."""
        state = self._document.layers(self.layer.roles[0])
        shown = bool(getattr(state, self.layer.key))
        self.eye.setChecked(shown)
        self.eye.setIcon(self._theme.icon("eye" if shown else "eye-slash"))
        self.name.setEnabled(shown)
        if self.slider is not None:
            percent = round(100 * getattr(state, self.layer.opacity))
            self.slider.blockSignals(True)
            self.slider.setValue(percent)
            self.slider.blockSignals(False)
            self.slider.setEnabled(shown)
            self.percent.setText(f"{percent} %")

    def _toggle(self, shown: bool) -> None:
        self._document.change_layers(self.layer.roles, **{self.layer.key: shown})

    def _fade(self, percent: int) -> None:
        self._document.change_layers(self.layer.roles, **{self.layer.opacity: percent / 100})


class LayersPanel(QWidget):
    """One row per layer, and the level of the shell."""

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.rows = [LayerRow(layer, document, theme) for layer in LAYERS]
        self.level = QComboBox()
        for value, label, tip in LEVELS:
            self.level.addItem(label, value)
            self.level.setItemData(self.level.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.level.setToolTip("What the shell's surface encloses")
        self.level.setAccessibleName("Shell level")
        self.level.activated.connect(
            lambda index: document.change_layers(shell_level=self.level.itemData(index))
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 6)
        layout.setSpacing(5)
        layout.addWidget(line())
        layout.addWidget(section("Layers"))
        for row in self.rows:
            layout.addWidget(row)
        self.level_row = QWidget()
        level = QHBoxLayout(self.level_row)
        level.setContentsMargins(0, 4, 0, 0)
        name = QLabel("Surface of")
        name.setObjectName("secondary")
        level.addWidget(name)
        level.addWidget(self.level, 1)
        layout.addWidget(self.level_row)
        document.subscribe(OverviewChanged, lambda _: self.refresh())
        document.subscribe(LayersChanged, lambda _: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Show the document's state."""
        page = "box" if self._document.choosing else "cube"
        for row in self.rows:
            row.setVisible(page in row.layer.pages)
            row.refresh()
        self.level_row.setVisible(page == "cube")
        index = self.level.findData(self._document.layers("truth").shell_level)
        self.level.setCurrentIndex(max(index, 0))
