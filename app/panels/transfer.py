"""Colours and opacity of the gas: the curve, the colour map, its range, presets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.document import Document
from app.events import (
    ForecastChanged,
    LayersChanged,
    LookChanged,
    OverviewChanged,
    SourceChanged,
    TimeChanged,
    TransferChanged,
    TruthChanged,
    UnitsChanged,
)
from app.figures import ROLES, Role
from app.panels.histogram import density_histogram, surface_dex
from app.panels.opacity import (
    PRESETS,
    Preset,
    directed,
    is_reversed,
    plain,
    preset_for,
    with_range,
)
from app.panels.parts import ElidedLabel, flat_button, inset, line, section
from app.panels.transfer_editor import TransferEditor
from app.scene.colormaps import LABELS, NAMES, lookup_table
from app.scene.overlay import to_image
from app.scene.prepare import fitting_transfer
from app.theme import Theme
from app.view_state import TransferFunction
from core.cubes import CubeSequence

LATER_MS = 150
"""Histogram and markers are made when frames stop arriving, and time stops moving."""

SWATCH = QSize(64, 10)
LIMITS_DEX = (-8.0, 8.0)


class TransferPanel(QWidget):
    """Edits the document's transfer function.

    Parameters
    ----------
    document : Document
        What is shown.
    theme : Theme
        Its colours.
    parent : QWidget, optional
        The parent.

    Signals
    -------
    dragged(bool)
        Something is being dragged: draw coarsely.
    """

    dragged = Signal(bool)

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._theme = document, theme
        self._pending: TransferFunction | None = None
        self._counted: CubeSequence | None = None
        # However many movements a turn of the event loop brings, the views change once.
        self._soon = self._timer(0, self._pass_on)
        self._later = self._timer(LATER_MS, self._count)
        self._mark_later = self._timer(LATER_MS, self._mark)
        self._make_widgets()
        self._lay_out()
        self.editor.edited.connect(self._take)
        self.editor.dragged.connect(self.dragged)
        for new in (SourceChanged, TruthChanged, ForecastChanged):
            document.subscribe(new, lambda _: self._later.start())
        for moved in (TimeChanged, LayersChanged):
            document.subscribe(moved, lambda _: self._mark_later.start())
        for changed in (TransferChanged, LookChanged):
            document.subscribe(changed, lambda _: self.refresh())
        document.subscribe(OverviewChanged, lambda _: self._on_page())
        document.subscribe(UnitsChanged, lambda _: self._on_units())
        self._on_units()
        self._on_page()
        self._later.start()

    def _timer(self, interval_ms: int, then: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(then)
        return timer

    # -- building ------------------------------------------------------------

    def _make_widgets(self) -> None:
        theme = self._theme
        self.presets = flat_button(theme, "magic-wand", "Presets: whole cloud, shell, cavity")
        self.presets.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.presets.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        menu = QMenu(self.presets)
        menu.setToolTipsVisible(True)
        for preset in PRESETS:
            action = menu.addAction(preset.label, partial(self.apply, preset))
            action.setToolTip(preset.tip)
        self.presets.setMenu(menu)
        self.reset = flat_button(
            theme, "arrow-counter-clockwise", "Back to the colours that suit this gas"
        )
        self.reset.clicked.connect(self._on_reset)
        self.caret = flat_button(theme, "caret-down", "Fold away, or show again")
        self.caret.setCheckable(True)
        self.caret.setChecked(True)
        self.caret.setStyleSheet("QToolButton:checked { background: transparent; }")
        self.caret.toggled.connect(self._on_fold)
        self.maps = QComboBox()
        self.maps.setIconSize(SWATCH)
        self.maps.setToolTip("Colour map of the gas: even steps of density are even to the eye")
        self.maps.setAccessibleName("Colour map")
        # Long names must not force the width of the dock.
        self.maps.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.maps.setMinimumContentsLength(6)
        for name in NAMES:
            self.maps.addItem(LABELS[name], name)
        self.maps.activated.connect(lambda _: self._on_map())
        self.backwards = flat_button(theme, "swap", "Run the colours backwards: thin gas bright")
        self.backwards.setCheckable(True)
        self.backwards.clicked.connect(lambda _: self._on_map())
        self.log = QToolButton()
        self.log.setText("log")
        self.log.setCheckable(True)
        self.log.setFixedHeight(24)
        self.log.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.log.setToolTip("Logarithmic axis for the opacity: faint gas is set finely")
        self.log.setAccessibleName("Logarithmic opacity axis")
        self.log.clicked.connect(lambda on: self._document.change_look(log_opacity=on))
        self.editor = TransferEditor(theme)
        self.ends = tuple(self._spin(end) for end in (0, 1))
        self.unit = ElidedLabel("", Qt.TextElideMode.ElideRight)
        self.unit.setObjectName("secondary")

    def _spin(self, end: int) -> QDoubleSpinBox:
        spin = inset(QDoubleSpinBox())
        spin.setRange(*LIMITS_DEX)
        spin.setDecimals(2)
        spin.setSingleStep(0.1)
        spin.setKeyboardTracking(False)
        spin.setFixedWidth(72)
        name = ("Lower", "Upper")[end]
        spin.setToolTip(f"{name} end of the colour range, log10 of the density")
        spin.setAccessibleName(f"{name} end of the colour range")
        spin.valueChanged.connect(lambda value: self._on_end(end, value))
        return spin

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self.maps, 1)
        top.addWidget(self.backwards)
        top.addWidget(self.log)
        bottom = QHBoxLayout()
        bottom.setSpacing(6)
        bottom.addWidget(self.unit, 1)
        bottom.addWidget(self.ends[0])
        bottom.addWidget(self.ends[1])
        self.body = QWidget()
        inside = QVBoxLayout(self.body)
        inside.setContentsMargins(0, 2, 4, 4)
        inside.setSpacing(6)
        inside.addLayout(top)
        inside.addWidget(self.editor)
        inside.addLayout(bottom)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 4, 12, 2)
        layout.setSpacing(2)
        layout.addWidget(line())
        layout.addWidget(section("Transfer function", self.presets, self.reset, self.caret))
        layout.addWidget(self.body)
        self._theme.changed.connect(self._paint_swatches)
        self._paint_swatches()

    def _paint_swatches(self) -> None:
        for index in range(self.maps.count()):
            name = directed(self.maps.itemData(index), self.backwards.isChecked())
            self.maps.setItemIcon(index, _swatch(name, self._theme.colors.line))
        self.caret.setIcon(
            self._theme.icon("caret-down" if self.caret.isChecked() else "caret-right")
        )

    # -- following the document ----------------------------------------------

    def refresh(self) -> None:
        """Show the document's colours and opacity."""
        look = self._document.look
        transfer = self._pending or look.transfer
        if self.editor.transfer != transfer:
            self.editor.set_transfer(transfer)
        self.editor.set_logarithmic(look.log_opacity)
        self.log.setChecked(look.log_opacity)
        self.maps.setCurrentIndex(self.maps.findData(plain(transfer.colormap)))
        turned = is_reversed(transfer.colormap)
        if self.backwards.isChecked() != turned:
            self.backwards.setChecked(turned)
            self._paint_swatches()
        shift = self._document.density_display.log_shift
        for spin, value in zip(self.ends, transfer.range_dex, strict=True):
            spin.blockSignals(True)
            spin.setValue(value + shift)
            spin.blockSignals(False)

    def _on_units(self) -> None:
        display = self._document.density_display
        self.editor.set_display(display)
        self.unit.set_full_text(f"{display.log_label} [{display.unit}]")
        self.refresh()

    def _on_page(self) -> None:
        """In the whole box the gas has colours of its own."""
        choosing = self._document.choosing
        self.body.setEnabled(not choosing)
        self.presets.setEnabled(not choosing)
        self.reset.setEnabled(not choosing)

    def _on_fold(self, is_open: bool) -> None:
        self.body.setVisible(is_open)
        self._paint_swatches()
        if is_open:
            self._later.start()

    def _shown(self) -> CubeSequence | None:
        """Return the gas whose densities are counted."""
        document = self._document
        if document.truth is not None:
            return document.truth
        return document.forecast.sequence if document.forecast is not None else None

    def _count(self) -> None:
        if self.body.isHidden():
            return
        shown = self._shown()
        if shown is not self._counted:
            self._counted = shown
            self.editor.set_histogram(None if shown is None else density_histogram(shown.density))
        self._mark()

    def _mark(self) -> None:
        """Find how dense the gas is at the surfaces that are shown."""
        if self.body.isHidden():
            return
        document = self._document
        marks: dict[str, float] = {}
        for role in ROLES:
            layers, pair = document.layers(role), self._pair(role)
            if pair is None or not layers.shell or document.choosing:
                continue
            shown, control = pair
            frame = shown.nearest(document.time_myr)
            partner = control.nearest(float(shown.times_myr[frame]))
            place = surface_dex(
                shown.density[frame],
                control.density[partner],
                layers.shell_level,
                shown.size_pc,
                document.site_pc,
            )
            if place is not None:
                marks[role] = place
        self.editor.set_surfaces(marks)

    def _pair(self, role: Role) -> tuple[CubeSequence, CubeSequence] | None:
        """Return the gas of a view, and what its surface is relative to."""
        document = self._document
        forecast = document.forecast
        if role == "forecast":
            return None if forecast is None else (forecast.sequence, forecast.control)
        control = document.control or (forecast.control if forecast is not None else None)
        if document.truth is None or control is None or control.n != document.truth.n:
            return None
        return document.truth, control

    # -- changing it ---------------------------------------------------------

    def _take(self, transfer: TransferFunction) -> None:
        self._pending = transfer
        if not self._soon.isActive():
            self._soon.start()

    def _pass_on(self) -> None:
        transfer, self._pending = self._pending, None
        if transfer is not None:
            self._document.set_transfer(transfer)

    def _on_end(self, end: int, value: float) -> None:
        shift = self._document.density_display.log_shift
        self._document.set_transfer(with_range(self._document.transfer, end, value - shift))
        self.refresh()

    def _on_map(self) -> None:
        name = directed(self.maps.currentData(), self.backwards.isChecked())
        self._paint_swatches()
        self._document.set_transfer(replace(self._document.transfer, colormap=name))

    def _fitted(self) -> TransferFunction:
        """Return what suits the gas as it was before the explosion."""
        shown = self._shown()
        return TransferFunction() if shown is None else fitting_transfer(shown.density[0])

    def apply(self, preset: Preset) -> None:
        """Look at the gas in a way that was prepared.

        Parameters
        ----------
        preset : Preset
            One of `app.panels.opacity.PRESETS`.
        """
        colormap = self._document.transfer.colormap
        self._document.set_transfer(preset_for(preset, self._fitted(), colormap))

    def _on_reset(self) -> None:
        self._document.set_transfer(self._fitted())


def _swatch(colormap: str, edge: str) -> QIcon:
    """Return a strip of the colours of a map."""
    scale = 2
    pixmap = QPixmap(SWATCH * scale)
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    shape = QPainterPath()
    shape.addRoundedRect(0.5, 0.5, SWATCH.width() - 1, SWATCH.height() - 1, 3, 3)
    painter.setClipPath(shape)
    table = lookup_table(colormap, SWATCH.width() * scale)[None, :, :]
    painter.drawImage(shape.boundingRect(), to_image(table))
    painter.setClipping(False)
    painter.setPen(QColor(edge))
    painter.drawPath(shape)
    painter.end()
    return QIcon(pixmap)
