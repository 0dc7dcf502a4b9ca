"""The preferences, each applied as soon as it is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.forecasts.forecasting import Choice
from app.panels.parts import inset, line
from app.preferences.display_units import DENSITY
from app.preferences.preferences import LIMITS, Preferences, automatic_threads, stated_cache
from core import cube_cache
from core.cube_cache import LIMIT_VARIABLE

THEMES = (("dark", "Dark"), ("light", "Light"), ("system", "As the system"))
MODEL_TIP = "The model that is chosen when the window opens"


class PreferencesDialog(QDialog):
    """Shows the preferences and tells of every change.

    Parameters
    ----------
    preferences : Preferences
        What is preferred now.
    models : sequence of Choice
        The models there are; may still be empty.
    parent : QWidget, optional
        The window.

    Signals
    -------
    changed(Preferences)
        Something was changed.
    """

    changed = Signal(object)

    def __init__(
        self,
        preferences: Preferences,
        models: Sequence[Choice] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(460)
        self._preferences = preferences
        self._showing = False
        self.theme = self._combo("theme", THEMES, "Theme", "Look of the window; views stay dark")
        units = [
            ("mass", f"Mass, {DENSITY['mass'].unit}"),
            ("number", f"Hydrogen atoms, {DENSITY['number'].unit}"),
        ]
        tip = "How densities are written beside colours, in tables and under the mouse"
        self.units = self._combo("density_unit", units, "Densities", tip)
        listed = [("default", "The one that ships with Shellsight")]
        listed += [(model.key, model.label) for model in models]
        if preferences.network not in [key for key, _ in listed]:
            listed.append((preferences.network, f"{preferences.network} (not there now)"))
        self.network = self._combo("network", listed, "Model", MODEL_TIP)
        self.threads = self._number("threads", "Threads", "Threads of a forecast on the CPU")
        self.threads.setSpecialValueText(f"Automatic ({automatic_threads()})")
        self.autosave = self._number(
            "autosave_s",
            "Save what is open every",
            "Views, layers and files that are open are kept, to bring them back after a crash",
            " s",
        )
        self.autosave.setSpecialValueText("Never")
        self.autosave.setSingleStep(10)
        self.cache = self._number(
            "cache_mb",
            "Cubes on the disk",
            "Cubes cut out of snapshots are kept, so that the same cut is there at once; "
            "the least recently used go first",
            " MB",
        )
        self.cache.setSpecialValueText("None")
        self.cache.setSingleStep(500)
        self.used = QLabel()
        self.used.setObjectName("secondary")
        self.empty = QPushButton("Empty Cache")
        self.empty.setToolTip("Delete the cubes kept on the disk; snapshots are read again")
        self.empty.clicked.connect(self._empty)
        self._lay_out()
        if stated_cache() is not None:
            self.cache.setEnabled(False)
            self.cache.setToolTip(f"Stated by the environment: {LIMIT_VARIABLE}={stated_cache()}")
        self._show(preferences)

    def _combo(
        self, field: str, items: Sequence[tuple[str, str]], name: str, tip: str
    ) -> QComboBox:
        combo = QComboBox()
        combo.setToolTip(tip)
        combo.setAccessibleName(name)
        for key, text in items:
            combo.addItem(text, key)
        combo.currentIndexChanged.connect(lambda _: self._take(field, combo.currentData()))
        return combo

    def _number(self, field: str, name: str, tip: str, suffix: str = "") -> QSpinBox:
        spin = inset(QSpinBox())
        spin.setRange(*LIMITS[field])
        spin.setSuffix(suffix)
        spin.setToolTip(tip)
        spin.setAccessibleName(name)
        # A number half typed is not yet what is wanted.
        spin.setKeyboardTracking(False)
        spin.valueChanged.connect(lambda value: self._take(field, value))
        return spin

    def _lay_out(self) -> None:
        cache = QHBoxLayout()
        cache.setSpacing(8)
        cache.addWidget(self.cache, 1)
        cache.addWidget(self.empty)
        groups: tuple[tuple[str, tuple[tuple[str, QWidget | QHBoxLayout], ...]], ...] = (
            ("Window", (("Theme", self.theme), ("Densities", self.units))),
            ("Forecast", (("Model", self.network), ("Threads", self.threads))),
            ("Files", (("Keep what is open", self.autosave), ("Cubes on the disk", cache))),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 14)
        layout.setSpacing(10)
        form = QFormLayout()
        for place, (title, rows) in enumerate(groups):
            if place:
                layout.addWidget(line())
            heading = QLabel(title)
            heading.setObjectName("section")
            layout.addWidget(heading)
            form = QFormLayout()
            form.setHorizontalSpacing(14)
            form.setVerticalSpacing(8)
            form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
            for text, field in rows:
                label = QLabel(text)
                label.setObjectName("formLabel")
                label.setFixedWidth(128)
                label.setMinimumHeight(28)
                form.addRow(label, field)
            layout.addLayout(form)
        form.addRow("", self.used)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setToolTip("Close (Esc)")
        self.reset = buttons.addButton("Reset All", QDialogButtonBox.ButtonRole.ResetRole)
        self.reset.setToolTip("Prefer what Shellsight comes with")
        self.reset.clicked.connect(lambda: self._prefer(Preferences()))
        buttons.rejected.connect(self.reject)
        layout.addSpacing(4)
        layout.addWidget(buttons)

    @property
    def preferences(self) -> Preferences:
        """What is preferred now."""
        return self._preferences

    def _take(self, field: str, value: object) -> None:
        if not self._showing:
            self._prefer(replace(self._preferences, **{field: value}))  # type: ignore[arg-type]

    def _prefer(self, preferences: Preferences) -> None:
        if preferences != self._preferences:
            self._preferences = preferences
            self._show(preferences)
            self.changed.emit(preferences)

    def _show(self, preferences: Preferences) -> None:
        self._showing = True
        for combo, value in (
            (self.theme, preferences.theme),
            (self.units, preferences.density_unit),
            (self.network, preferences.network),
        ):
            combo.setCurrentIndex(combo.findData(value))
        for spin, number in (
            (self.threads, preferences.threads),
            (self.autosave, preferences.autosave_s),
            (self.cache, preferences.cache_mb),
        ):
            spin.setValue(number)
        self._showing = False
        self._show_used()

    def _show_used(self) -> None:
        used = cube_cache.used_bytes()
        self.used.setText(f"{used / 1e6:.0f} MB are used" if used else "Nothing is kept now")
        self.empty.setEnabled(used > 0)

    def _empty(self) -> None:
        cube_cache.empty()
        self._show_used()
