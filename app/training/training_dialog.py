"""Asking what to fine-tune on what, and the curves of how it goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.data import files
from app.forecasts.forecasting import Choice
from app.form_parts import combo, form, hint, number, row
from app.panels.parts import section
from app.settings import Settings
from app.theme import Theme
from app.training.training_process import TrainingRequest, can_resume, curves, weights_in
from app.training.work_dialog import WorkDialog

LOOK_MS = 1000
"""Time between looks at the figures that the run has written."""

CURVES = (("train_loss", "Training", "secondary"), ("validation_loss", "Validation", "accent"))


class TrainingDialog(WorkDialog):
    """A data set, a network, a budget; the loss as it falls.

    Signals
    -------
    requested(TrainingRequest)
        Train this.
    stop_requested()
        Stop; the run can be taken up again.
    use_requested(Path)
        Forecast with these weights.
    """

    requested = Signal(object)
    stop_requested = Signal()
    use_requested = Signal(object)

    def __init__(self, settings: Settings, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings, self._theme = settings, theme
        self._busy, self._other = False, ""
        self.setWindowTitle("Fine-tune a network")
        self.resize(820, 560)
        self._make_fields()
        fields = form(
            ("Simulations", row(self.data, self.browse_data)),
            ("Start from", self.network),
            ("Time", self.minutes),
            ("Device", self.device),
            ("Run in", row(self.out, self.browse_out)),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 12, 20, 14)
        layout.setSpacing(9)
        layout.addWidget(section("What to train"))
        layout.addLayout(fields)
        layout.addLayout(self._plot_head())
        layout.addWidget(self.plot, 1)
        layout.addLayout(self._progress_row("Progress of the training"))
        layout.addLayout(self._buttons())
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.refresh_curves)
        for field in (self.data, self.out):
            field.textChanged.connect(self._refresh)
        self.out.textChanged.connect(self.refresh_curves)
        theme.changed.connect(self._dress)
        self._dress()
        self._refresh()
        self.refresh_curves()

    # -- building --------------------------------------------------------------

    def _make_fields(self) -> None:
        self.data = _line(
            "A data set of simulations, or files of The Well",
            "What to train on: made by “shellsight simulate --count”, or files of The Well",
            "Simulations to train on",
        )
        self.browse_data = _button("Choose…", "Choose the folder of the data set")
        self.browse_data.clicked.connect(lambda: self._browse(self.data, "Choose the data set"))
        self.network = QComboBox()
        self.network.setToolTip("The network whose weights the training starts from")
        self.network.setAccessibleName("Network to start from")
        self.minutes = number(
            0.1, 10_000.0, 30.0, 1, "Training time, earlier parts of the run included", " min"
        )
        self.device = combo((("cpu", "Processor"), ("cuda", "GPU")), "Device", "Where to compute")
        self.out = _line(
            "A folder for the run; one that is there is continued",
            "Weights, curves and what is needed to go on are written here",
            "Folder of the run",
        )
        self.browse_out = _button("Choose…", "Choose the folder of the run")
        self.browse_out.clicked.connect(lambda: self._browse(self.out, "Choose the run’s folder"))
        self.plot = pg.PlotWidget()
        self.plot.setToolTip("The loss against training time; less is better")
        self.plot.setAccessibleName("Loss against training time")
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.hideButtons()
        self.plot.setMenuEnabled(False)
        self.plot.setLabel("bottom", "min of training")
        self.plot.getAxis("bottom").enableAutoSIPrefix(False)
        self.plot.getAxis("left").setWidth(46)
        self.lines = {key: self.plot.plot([], []) for key, _, _ in CURVES}
        self.empty = hint(self.plot, "The loss will be here, a point at each validation.")

    def _plot_head(self) -> QHBoxLayout:
        line = QHBoxLayout()
        title = QLabel("Loss")
        title.setObjectName("section")
        line.addWidget(title)
        line.addStretch(1)
        self.keys = {}
        for key, label, _ in CURVES:
            self.keys[key] = QLabel(label)
            self.keys[key].setObjectName("legend")
            line.addWidget(self.keys[key])
        return line

    def _buttons(self) -> QHBoxLayout:
        self.use = _button("Use This Model", "Choose the trained network for the next forecast")
        self.use.clicked.connect(self._on_use)
        close = _button("Close", "Close the dialog; a training goes on")
        close.clicked.connect(self.reject)
        self.start = QPushButton("Train")
        self.start.setObjectName("primary")
        self.start.setMinimumWidth(130)
        self.start.clicked.connect(self._on_start)
        line = QHBoxLayout()
        line.addWidget(self.use)
        line.addStretch(1)
        line.addWidget(close)
        line.addWidget(self.start)
        return line

    # -- what is chosen --------------------------------------------------------

    @property
    def request(self) -> TrainingRequest:
        """What is to be trained."""
        return TrainingRequest(
            data=Path(self.data.text().strip()).expanduser(),
            base=str(self.network.currentData()),
            minutes=self.minutes.value(),
            out=Path(self.out.text().strip()).expanduser(),
            device=str(self.device.currentData()),
        )

    def set_networks(self, choices: Sequence[Choice]) -> None:
        """List the networks to start from."""
        chosen = self.network.currentData()
        self.network.clear()
        for choice in choices:
            self.network.addItem(choice.label, choice.key)
        self.network.setCurrentIndex(max(self.network.findData(chosen), 0))
        self._refresh()

    # -- state -----------------------------------------------------------------

    def set_busy(self, busy: bool, other: str = "") -> None:
        """Show that a training goes on, or what else does that has to end first."""
        if busy and not self._busy:
            self.say("Starting")
            self.bar.setValue(0)
            self._timer.start()
        if self._busy and not busy:
            self._timer.stop()
            self.say("")
            self.refresh_curves()
        self._busy, self._other = busy, other
        self._refresh()

    def refresh_curves(self) -> None:
        """Draw the figures that the run has written so far."""
        name = self.out.text().strip()
        columns = curves(Path(name).expanduser()) if name else {}
        losses = [value for key in self.lines for value in columns.get(key, []) if value > 0]
        self.empty.setVisible(not losses)
        for side in ("bottom", "left"):
            self.plot.getAxis(side).setStyle(showValues=bool(losses))
        # Over less than a decade, a logarithmic axis has nothing to read.
        self.plot.setLogMode(x=False, y=bool(losses) and max(losses) > 10 * min(losses))
        for key, line in self.lines.items():
            known = key in columns and "minutes" in columns
            line.setData(
                np.asarray(columns["minutes"] if known else []),
                np.asarray(columns[key] if known else []),
            )

    def _dress(self) -> None:
        colors = self._theme.colors
        self.plot.setBackground(colors.base)
        for side in ("bottom", "left"):
            axis = self.plot.getAxis(side)
            axis.setPen(pg.mkPen(colors.line))
            axis.setTextPen(pg.mkPen(colors.secondary))
        self.plot.showGrid(x=True, y=True, alpha=colors.grid_alpha)
        for key, _, role in CURVES:
            color = QColor(getattr(colors, role))
            self.lines[key].setPen(pg.mkPen(color, width=2))
            self.lines[key].setSymbol("o")
            self.lines[key].setSymbolSize(5)
            self.lines[key].setSymbolBrush(color)
            self.lines[key].setSymbolPen(color)
            self.keys[key].setStyleSheet(f"color: {color.name()}")

    def _refresh(self) -> None:
        named = bool(self.data.text().strip() and self.out.text().strip())
        there = named and can_resume(self.request.out)
        self.start.setText("Stop" if self._busy else "Resume" if there else "Train")
        ready = named and self.network.count() > 0 and not self._other
        self.start.setEnabled(self._busy or ready)
        self.start.setToolTip(
            "Stop after this step; Resume takes it up again exactly there"
            if self._busy
            else f"{self._other} goes on; wait until it is done"
            if self._other
            else "Go on with the run in this folder"
            if there
            else "Train in the background"
            if named
            else "Choose a data set and a folder for the run first"
        )
        for field in (
            self.data,
            self.browse_data,
            self.network,
            self.minutes,
            self.device,
            self.out,
            self.browse_out,
        ):
            field.setEnabled(not self._busy)
        self.bar.setVisible(self._busy)
        self.use.setEnabled(not self._busy and named and weights_in(self.request.out) is not None)

    def _browse(self, line: QLineEdit, title: str) -> None:
        for path in files.ask_folder(self, self._settings, title):
            line.setText(str(path))

    def _on_start(self) -> None:
        if self._busy:
            self.stop_requested.emit()
            self.say("Stopping after this step")
        else:
            self.requested.emit(self.request)

    def _on_use(self) -> None:
        weights = weights_in(self.request.out)
        if weights is not None:
            self.use_requested.emit(weights)


def _line(placeholder: str, tip: str, name: str) -> QLineEdit:
    line = QLineEdit()
    line.setPlaceholderText(placeholder)
    line.setToolTip(tip)
    line.setAccessibleName(name)
    return line


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    return button
