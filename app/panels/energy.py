"""The energy of an explosion: a slider by its logarithm, and the number beside it."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSlider, QWidget

from app.panels.parts import inset

UNIT_ERG = 1e51
STEPS_PER_DEX = 100


class EnergyField(QWidget):
    """A slider and a spin box that show the same energy.

    Signals
    -------
    changed()
        The energy is another.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("soft")
        self.slider.setAccessibleName("Energy, logarithmic")
        self.slider.setMinimumWidth(40)
        self.spin = inset(QDoubleSpinBox())
        self.spin.setSuffix(" × 10⁵¹ erg")
        self.spin.setDecimals(2)
        self.spin.setSingleStep(0.1)
        self.spin.setAccessibleName("Energy")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.spin)
        self.set_range(UNIT_ERG, UNIT_ERG)
        self.slider.valueChanged.connect(self._on_slider)
        self.spin.valueChanged.connect(self._on_spin)

    @property
    def energy_erg(self) -> float:
        """The energy in erg."""
        return UNIT_ERG * self.spin.value()

    @property
    def has_choice(self) -> bool:
        """Whether there is more than one energy to choose from."""
        return self.spin.minimum() < self.spin.maximum()

    def set_range(self, low_erg: float, high_erg: float) -> None:
        """Offer other energies; the one chosen stays if it is among them.

        Parameters
        ----------
        low_erg, high_erg : float
            The least and the greatest in erg; equal for no choice.
        """
        self.spin.setRange(low_erg / UNIT_ERG, high_erg / UNIT_ERG)
        self.slider.blockSignals(True)
        self.slider.setRange(_place(self.spin.minimum()), _place(self.spin.maximum()))
        self.slider.setPageStep(STEPS_PER_DEX // 4)
        self.slider.setValue(_place(self.spin.value()))
        self.slider.blockSignals(False)
        self.slider.setVisible(self.has_choice)

    def set_energy(self, energy_erg: float) -> None:
        """Choose an energy in erg; the nearest on offer is taken."""
        self.spin.setValue(energy_erg / UNIT_ERG)

    def set_tip(self, tip: str) -> None:
        """Say what the energy is of."""
        self.slider.setToolTip(tip)
        self.spin.setToolTip(tip)
        self.setToolTip(tip)

    def _on_slider(self, place: int) -> None:
        if place != _place(self.spin.value()):
            self.spin.setValue(10.0 ** (place / STEPS_PER_DEX))

    def _on_spin(self, value: float) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(_place(value))
        self.slider.blockSignals(False)
        self.changed.emit()


def _place(value: float) -> int:
    return round(STEPS_PER_DEX * math.log10(value))
