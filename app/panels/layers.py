"""Which layers the views show, and how strongly."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.document import Document
from app.events import (
    ForecastChanged,
    LayersChanged,
    LookChanged,
    OverviewChanged,
    PreviewChanged,
    TruthChanged,
)
from app.panels.fold import Fold
from app.panels.layer_rows import LayerRow, NumberRow
from app.panels.layer_table import BOTH, GROUPS, LAYERS, LEVEL, OPACITY_OF_PLANES, PLANES, THIRD
from app.panels.parts import line, section
from app.scene.third import THIRD_TITLES
from app.theme import Theme
from app.views.layer_needs import missing
from core.shells import AFFECTED_BELOW, CAVITY_BELOW

LEVELS = (
    (CAVITY_BELOW, "Cavity", "Density below half of the control's"),
    (AFFECTED_BELOW, "Affected region", "Density below 0.9 of the control's"),
)
OTHER_LEVEL = "Another level"

FIELDS = (
    ("density", "Density", "Colours of the transfer function"),
    (
        "temperature",
        "Temperature",
        "Hot gas glows, in the views and in the slices; the scale is under the view",
    ),
)


class LayersPanel(QWidget):
    """One row per layer, and the level of the shell; what is rarely wanted is folded away."""

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.rows = [LayerRow(layer, document, theme) for layer in LAYERS]
        self.third = [LayerRow(layer, document, theme) for layer in THIRD]
        self.field = _choice("What the volume, the planes and the slice show", "Field of the gas")
        for key, label, tip in FIELDS:
            self.field.addItem(label, key)
            self.field.setItemData(self.field.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.field.activated.connect(
            lambda index: document.change_layers(BOTH, volume_field=self.field.itemData(index))
        )
        self.level = _choice("What the shell's surface encloses", "Shell level")
        for value, label, tip in LEVELS:
            self.level.addItem(label, value)
            self.level.setItemData(self.level.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.level.addItem(OTHER_LEVEL, None)
        self.level.activated.connect(self._on_level)
        self.level_number = NumberRow(LEVEL, document, ("truth", "forecast", "third"), "Shell")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 6)
        layout.setSpacing(5)
        layout.addWidget(line())
        layout.addWidget(section("Layers"))
        self.field_row = _labelled("Shows", self.field)
        self.level_row = _labelled("Surface of", self.level)
        for row in self.rows:
            layout.addWidget(row)
            if row.layer.key == "volume":
                layout.addWidget(self.field_row)
            elif row.layer.roles == ("forecast",):
                layout.addWidget(self.level_row)
                layout.addWidget(self.level_number)
                for third in self.third:
                    layout.addWidget(third)
        self.folds: list[Fold] = []
        self.more: list[LayerRow] = []
        self.planes_opacity = NumberRow(OPACITY_OF_PLANES, document, PLANES[0].roles, "Planes")
        for title, tip, layers in GROUPS:
            fold = Fold(theme, title, tip)
            for layer in layers:
                row = LayerRow(layer, document, theme)
                self.more.append(row)
                fold.inside.addWidget(row)
            if layers is PLANES:
                fold.inside.addWidget(self.planes_opacity)
            self.folds.append(fold)
            layout.addWidget(fold)
        for event in (OverviewChanged, LayersChanged, TruthChanged, ForecastChanged):
            document.subscribe(event, lambda _: self.refresh())
        document.subscribe(LookChanged, lambda _: self._show_third())
        document.subscribe(PreviewChanged, lambda _: self._on_preview())
        self.refresh()

    def row(self, key: str) -> LayerRow:
        """Return the first row of a field of `LayerState`."""
        return next(row for row in (*self.rows, *self.more) if row.layer.key == key)

    def _on_preview(self) -> None:
        preview = self._document.preview
        if preview is not None and preview.drawn is not None and preview.drawn.fine:
            self.refresh()

    def refresh(self) -> None:
        """Show the document's state."""
        document = self._document
        page = "box" if document.choosing else "cube"
        for row in (*self.rows, *self.more):
            row.setVisible(page in row.layer.pages)
            row.refresh()
        for part in (self.level_row, self.level_number, *self.folds):
            part.setVisible(page == "cube")
        self._show_third()
        state = document.layers("truth")
        index = self.level.findData(state.shell_level)
        self.level.setCurrentIndex(index if index >= 0 else self.level.count() - 1)
        self.level_number.refresh()
        reason = missing(document, "temperature")
        self.field_row.setVisible(page == "cube" and not reason)
        self.field.setCurrentIndex(self.field.findData(state.volume_field))
        self.planes_opacity.refresh()
        on = {row.layer.key for row in self.more if row.is_on}
        self.planes_opacity.setVisible(any(layer.key in on for layer in PLANES))
        for fold, (_, _, layers) in zip(self.folds, GROUPS, strict=True):
            shown = [layer for layer in layers if layer.key in on]
            # What is reached is coloured in a layer of its own: alone it shows nothing.
            fold.set_count(sum(layer.key != "reached_particles" for layer in shown))

    def _show_third(self) -> None:
        look, cube = self._document.look, not self._document.choosing
        for row in self.third:
            row.setVisible(cube and "third" in look.shown)
            row.refresh()
        self.third[0].name.set_full_text(THIRD_TITLES[look.third_kind])

    def _on_level(self, index: int) -> None:
        value = self.level.itemData(index)
        if value is None:
            self.level_number.slider.setFocus()
        else:
            self._document.change_layers(shell_level=value)


def _choice(tip: str, name: str) -> QComboBox:
    combo = QComboBox()
    # In a narrow window the panel may be narrower than the longest entry.
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(6)
    combo.setToolTip(tip)
    combo.setAccessibleName(name)
    return combo


def _labelled(text: str, widget: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 2, 0, 2)
    name = QLabel(text)
    name.setObjectName("secondary")
    name.setFixedWidth(62)
    layout.addWidget(name)
    layout.addWidget(widget, 1)
    return row
