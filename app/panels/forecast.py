"""Which network or theory, on what device, and the button that starts it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.document import Document
from app.events import ForecastChanged, SourceChanged, TruthChanged
from app.forecasts.forecast_request import ForecastRequest
from app.forecasts.forecasting import ENERGY_ERG, Choice, is_theory
from app.panels.coverage import CoverageField
from app.panels.energy import EnergyField
from app.panels.forecasts import ForecastsPanel
from app.panels.live import LiveBox
from app.panels.parts import ElidedLabel, ProgressBar, flat_button, section
from app.theme import Theme

# Symmetries of the cube averaged over: the answer sharpens, the time grows alike.
AVERAGING = ((1, "None, fastest"), (4, "4 symmetries"), (8, "8 symmetries"), (16, "16 symmetries"))
DEFAULT_AVERAGING = 4

DEVICE_TIP = "Where it is computed"
AVERAGING_TIP = (
    "Forecasts of turned and mirrored copies of the cube are averaged: "
    "sharper with more, and as much slower"
)
ENERGY_TIP = "Energy of the explosion"
ONE_ENERGY_TIP = "This network was trained on explosions of this energy alone"
THEORY_TIP = "A theory is computed on the CPU, and is the same however the cube is turned"


class ForecastPanel(QWidget):
    """Settings of the forecast, *Forecast* and *Cancel*, progress and time left.

    Signals
    -------
    forecast_requested()
        The user wants a forecast.
    cancel_requested()
        The user wants it to stop.
    card_requested()
        The user wants to read about the model.
    settings_changed()
        Another model, device, averaging or energy is chosen.
    """

    forecast_requested = Signal()
    cancel_requested = Signal()
    card_requested = Signal()
    settings_changed = Signal()

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._theme = document, theme
        self._busy = self._live_on = False
        self.network = self._combo("Model", "The network, or the theory, that forecasts")
        self.device = self._combo("Device", DEVICE_TIP)
        self.device.addItem("Automatic", "auto")
        self.averaging = self._combo("Averaging", AVERAGING_TIP)
        for count, label in AVERAGING:
            self.averaging.addItem(label, count)
        self.averaging.setCurrentIndex(self.averaging.findData(DEFAULT_AVERAGING))
        self.card_button = flat_button(theme, "info", "About this model…", 26)
        self.card_button.clicked.connect(self.card_requested)
        self.energy_field = EnergyField()
        self.energy = self.energy_field.spin
        self.coverage = CoverageField(document, theme)
        self.forecasts = ForecastsPanel(document, theme)
        self.live = LiveBox(theme)
        self._preferred = "default"
        self.models: tuple[Choice, ...] = ()
        self.start_time = ElidedLabel("–")
        self.start_time.setToolTip("The forecast starts from the first frame of the file")
        self.button = QPushButton("Forecast")
        self.button.setObjectName("primary")
        self.button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.button.setIconSize(QSize(15, 15))
        self.button.clicked.connect(self._on_button)
        self.progress = ProgressBar()
        self.doing = ElidedLabel("", Qt.TextElideMode.ElideRight)
        self.doing.setObjectName("secondary")
        self.left = QLabel("")
        self.left.setObjectName("secondary")
        self._lay_out()
        self.network.currentIndexChanged.connect(lambda _: self._on_model())
        for combo in (self.device, self.averaging):
            combo.currentIndexChanged.connect(lambda _: self.settings_changed.emit())
        self.energy_field.changed.connect(self.settings_changed)
        for event in (SourceChanged, TruthChanged):
            document.subscribe(event, lambda _: self.refresh())
        document.subscribe(ForecastChanged, lambda _: self._on_forecast())
        theme.changed.connect(self.refresh)
        self.refresh()

    def _combo(self, name: str, tip: str) -> QComboBox:
        combo = QComboBox()
        combo.setToolTip(tip)
        combo.setAccessibleName(name)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(10)
        return combo

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(7)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        model = QWidget()
        beside = QHBoxLayout(model)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(2)
        beside.addWidget(self.network, 1)
        beside.addWidget(self.card_button)
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Model", model),
            ("Device", self.device),
            ("Averaging", self.averaging),
            ("Energy", self.energy_field),
            ("Start", self.start_time),
            ("Coverage", self.coverage),
        )
        for text, field in rows:
            label = QLabel(text)
            label.setObjectName("formLabel")
            label.setFixedWidth(64)
            label.setMinimumHeight(field.sizeHint().height())
            label.setToolTip(field.toolTip())
            form.addRow(label, field)
        status = QHBoxLayout()
        status.addWidget(self.doing, 1)
        status.addWidget(self.left)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 12, 6)
        layout.setSpacing(6)
        layout.addWidget(section("Forecast"))
        layout.addLayout(form)
        layout.addSpacing(2)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self.button, 1)
        buttons.addWidget(self.live.button)
        layout.addLayout(buttons)
        layout.addWidget(self.progress)
        layout.addLayout(status)
        layout.addWidget(self.live)
        layout.addWidget(self.forecasts)

    # -- what is chosen ------------------------------------------------------

    @property
    def model(self) -> str:
        """Name of the model chosen; the preferred one until they are listed, "" if none is."""
        data = self.network.currentData()
        return self._preferred if data is None else str(data)

    @property
    def device_key(self) -> str:
        """The device chosen, as `core.Forecaster` takes it."""
        return str(self.device.currentData() or "auto")

    @property
    def averaging_count(self) -> int:
        """Over how many symmetries to average."""
        return int(self.averaging.currentData())

    @property
    def energy_erg(self) -> float | None:
        """The energy chosen; None where the model has no choice."""
        return self.energy_field.energy_erg if self.energy_field.has_choice else None

    @property
    def request(self) -> ForecastRequest:
        """Everything chosen."""
        return ForecastRequest(self.model, self.device_key, self.averaging_count, self.energy_erg)

    @property
    def choice(self) -> Choice | None:
        """What is known of the model chosen; None until the models are listed."""
        return next((choice for choice in self.models if choice.key == self.model), None)

    def choose(self, request: ForecastRequest) -> None:
        """Choose the settings of an earlier forecast, as far as they are on offer."""
        for combo, data in (
            (self.network, request.model),
            (self.device, request.device),
            (self.averaging, request.averaging),
        ):
            place = combo.findData(data)
            if place >= 0:
                combo.setCurrentIndex(place)
        if request.energy_erg is not None:
            self.energy_field.set_energy(request.energy_erg)

    def set_networks(self, choices: Sequence[Choice]) -> None:
        """List the networks and theories there are."""
        listed = bool(self.models)
        self.models = tuple(choices)
        self._fill(self.network, choices)
        if not choices:
            self.network.addItem("None installed", "")
        if not listed:
            self.prefer(self._preferred)
        self.refresh()

    def add_network(self, choice: Choice) -> None:
        """Offer another network and choose it.

        Parameters
        ----------
        choice : Choice
            The network; takes the place of one with the same key.
        """
        others = [one for one in self.models if one.key != choice.key]
        self.set_networks([*others, choice])
        self.network.setCurrentIndex(self.network.findData(choice.key))

    def prefer(self, model: str) -> None:
        """Begin with a model: choose it now, or when it is listed.

        Parameters
        ----------
        model : str
            Its name; ``"default"`` is the first of the list.
        """
        self._preferred = model
        row = 0 if model == "default" else self.network.findData(model)
        if self.network.count() and row >= 0:
            self.network.setCurrentIndex(row)

    def show_request(self, request: ForecastRequest) -> None:
        """Choose what was asked for before, as far as there is a choice.

        Parameters
        ----------
        request : ForecastRequest
            The settings; a model is chosen when it is listed.
        """
        self.prefer(request.model)
        for combo, value in ((self.device, request.device), (self.averaging, request.averaging)):
            row = combo.findData(value)
            if row >= 0:
                combo.setCurrentIndex(row)
        if request.energy_erg is not None:
            self.energy.setValue(request.energy_erg / ENERGY_ERG)

    def set_devices(self, choices: Sequence[Choice]) -> None:
        """List the devices there are."""
        self._fill(self.device, choices)

    def _fill(self, combo: QComboBox, choices: Sequence[Choice]) -> None:
        chosen = combo.currentData()
        combo.clear()
        for choice in choices:
            combo.addItem(choice.label, choice.key)
            combo.setItemData(combo.count() - 1, choice.tip, Qt.ItemDataRole.ToolTipRole)
        combo.setCurrentIndex(max(combo.findData(chosen), 0))

    # -- state ---------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """Whether a forecast goes on."""
        return self._busy

    def set_busy(self, busy: bool) -> None:
        """Show that a forecast goes on, or that none does."""
        self._busy = busy
        self.progress.setValue(0)
        self.doing.set_full_text("Starting" if busy else "")
        self.left.setText("")
        self.refresh()

    def set_live(self, on: bool) -> None:
        """Show that the forecast follows the mouse, or that it does not."""
        self._live_on = on
        self.live.set_on(on)
        self.refresh()

    def show_progress(self, fraction: float, text: str, seconds_left: float | None) -> None:
        """Show how far the forecast is."""
        self.progress.setValue(round(1000 * fraction))
        self.doing.set_full_text(text)
        self.left.setText("" if seconds_left is None else time_left(seconds_left))

    def show_done(self, text: str) -> None:
        """Say what the last forecast took."""
        self.doing.set_full_text(text)

    def refresh(self) -> None:
        """Show what can be done now."""
        colors, truth = self._theme.colors, self._document.truth
        self.button.setText("Cancel" if self._busy else "Forecast")
        icon = "stop-fill" if self._busy else "play-fill"
        self.button.setIcon(self._theme.icon(icon, colors.accent_text))
        ready = truth is not None and not self._document.choosing and self.model != ""
        self.button.setEnabled(self._busy or (ready and not self._live_on))
        self.live.button.setEnabled((ready and not self._busy) or self._live_on)
        self.button.setToolTip(
            "Stop the forecast (Esc)"
            if self._busy
            else "Leave live mode first (Esc)"
            if self._live_on
            else "Forecast what an explosion in the middle of the cube does (F)"
            if ready
            else "No network is installed"
            if truth is not None
            else "Open a snapshot first"
        )
        self.network.setEnabled(not self._busy)
        self._refresh_options()
        text = f"{truth.times_myr[0]:.3f} Myr, first frame" if truth is not None else "–"
        self.start_time.set_full_text(text)
        if not self._busy and self._document.forecast is None:
            self.doing.set_full_text("")

    def _on_forecast(self) -> None:
        """Say of the forecast that is shown what it took."""
        self.refresh()
        shown = self._document.shown_forecast
        if shown is not None and not self._busy:
            self.doing.set_full_text(shown.said)

    def _refresh_options(self) -> None:
        """Offer a device and averaging to networks only; a theory has no use for them."""
        theory = is_theory(self.model)
        for combo, tip in ((self.device, DEVICE_TIP), (self.averaging, AVERAGING_TIP)):
            combo.setEnabled(not self._busy and not theory)
            combo.setToolTip(THEORY_TIP if theory else tip)
        choice = self.choice
        low, high = choice.energies_erg if choice is not None else (ENERGY_ERG, ENERGY_ERG)
        self.energy_field.set_range(low, high)
        self.energy_field.setEnabled(not self._busy and low < high)
        self.energy.setEnabled(not self._busy and low < high)
        span = f"{low / ENERGY_ERG:.3g} to {high / ENERGY_ERG:.3g} × 10⁵¹ erg"
        self.energy_field.set_tip(f"{ENERGY_TIP}: {span}" if low < high else ONE_ENERGY_TIP)
        self.card_button.setEnabled(choice is not None and bool(choice.card))

    def _on_model(self) -> None:
        row = self.network.currentIndex()
        tip = self.network.itemData(row, Qt.ItemDataRole.ToolTipRole)
        self.network.setToolTip(str(tip or "The network, or the theory, that forecasts"))
        self._refresh_options()
        self.settings_changed.emit()

    def _on_button(self) -> None:
        (self.cancel_requested if self._busy else self.forecast_requested).emit()


def time_left(seconds: float) -> str:
    """Write a time that is left as people read it."""
    if seconds >= 90:
        return f"{seconds / 60:.0f} min left"
    return f"{seconds:.1f} s left" if seconds < 10 else f"{seconds:.0f} s left"
