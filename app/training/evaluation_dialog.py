"""Asking which networks to evaluate on what, and the table that comes of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.data import files
from app.forecasts.forecasting import Choice
from app.form_parts import hint
from app.panels.parts import section
from app.settings import Settings
from app.training.work_dialog import WorkDialog

if TYPE_CHECKING:
    from core.training.scores import EvaluationTable

MISSING = "–"

BASELINES = (
    "Theories, the best possible sphere, the control and persistence stand beside the networks."
)


class NumberItem(QTableWidgetItem):
    """A cell that sorts by its number; what is undefined comes last.

    Parameters
    ----------
    value : float
        The number.
    text : str
        What people read.
    """

    def __init__(self, value: float, text: str) -> None:
        super().__init__(text)
        self.value = value if math.isfinite(value) else math.inf
        self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        if isinstance(other, NumberItem):
            return self.value < other.value
        return super().__lt__(other)


class EvaluationDialog(WorkDialog):
    """Networks, a folder and a table.

    Signals
    -------
    requested(list of str, Path, bool)
        Measure these models on this folder, with the distances between surfaces or without.
    stop_requested()
        Stop measuring.
    export_requested()
        Save the table.
    """

    requested = Signal(object, object, bool)
    stop_requested = Signal()
    export_requested = Signal()

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._table: EvaluationTable | None = None
        self._busy, self._other = False, ""
        self.setWindowTitle("Evaluate networks")
        self.resize(1040, 620)
        self._make_inputs()
        self._make_tables()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 12, 20, 14)
        layout.setSpacing(9)
        layout.addLayout(self._inputs_row())
        layout.addLayout(self._progress_row("Progress of the evaluation"))
        layout.addLayout(self._filter_row())
        layout.addWidget(self.tabs, 1)
        layout.addLayout(self._buttons())
        self._refresh()

    # -- building --------------------------------------------------------------

    def _make_inputs(self) -> None:
        self.models = QListWidget()
        self.models.setObjectName("sites")
        self.models.setToolTip(f"The networks to compare in one table. {BASELINES}")
        self.models.setAccessibleName("Networks")
        self.models.setFixedHeight(96)
        self.models.itemChanged.connect(lambda _: self._refresh())
        self.path = QLineEdit()
        self.path.setPlaceholderText("A folder of simulations that no network has seen")
        self.path.setToolTip(
            "A folder of simulations (.shell.h5); of a data set, its test part is taken"
        )
        self.path.setAccessibleName("Folder of simulations")
        self.path.textChanged.connect(self._refresh)
        self.browse = QPushButton("Choose…")
        self.browse.setToolTip("Choose the folder")
        self.browse.clicked.connect(self._browse)
        self.surfaces = QCheckBox("Distances between surfaces: slow")
        self.surfaces.setToolTip("Measure the distances between the shell surfaces as well")

    def _inputs_row(self) -> QHBoxLayout:
        left = QVBoxLayout()
        left.setSpacing(4)
        left.addWidget(section("What to measure"))
        left.addWidget(self.models)
        line = QHBoxLayout()
        line.addWidget(self.path, 1)
        line.addWidget(self.browse)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(section("On what"))
        right.addLayout(line)
        right.addWidget(self.surfaces)
        right.addStretch(1)
        both = QHBoxLayout()
        both.setSpacing(22)
        both.addLayout(left, 2)
        both.addLayout(right, 3)
        return both

    def _filter_row(self) -> QHBoxLayout:
        self.heading = QLabel(BASELINES)
        self.heading.setObjectName("secondary")
        self.times = QComboBox()
        self.times.setToolTip("Which frames are shown")
        self.times.setAccessibleName("Frames")
        self.times.setMinimumWidth(150)
        self.times.currentIndexChanged.connect(self._fill)
        self.intervals = QCheckBox("Intervals")
        self.intervals.setChecked(True)
        self.intervals.setToolTip("Show beside each mean how far it may be off: over the clouds")
        self.intervals.toggled.connect(self._fill)
        line = QHBoxLayout()
        line.addWidget(self.heading, 1)
        line.addWidget(self.intervals)
        line.addWidget(self.times)
        return line

    def _make_tables(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setUsesScrollButtons(False)
        self.table = _table("Figures of each method and frame")
        self.uniform = _table("Radii in uniform gas")
        self.empty = hint(self.table, "Choose a folder of simulations; the figures will be here.")
        self.tabs.addTab(self.table, "Turbulent gas")
        self.tabs.addTab(self.uniform, "Uniform gas")
        self.tabs.setTabVisible(1, False)

    def _buttons(self) -> QHBoxLayout:
        self.copy_button = QPushButton("Copy")
        self.copy_button.setToolTip("Put the table that is shown on the clipboard")
        self.copy_button.clicked.connect(self.copy)
        self.export = QPushButton("Save CSV…")
        self.export.setToolTip("Write all frames with errors, intervals and counts to a CSV file")
        self.export.clicked.connect(self.export_requested)
        close = QPushButton("Close")
        close.setToolTip("Close the dialog; an evaluation goes on")
        close.clicked.connect(self.reject)
        self.start = QPushButton("Evaluate")
        self.start.setObjectName("primary")
        self.start.setMinimumWidth(130)
        self.start.clicked.connect(self._on_start)
        line = QHBoxLayout()
        line.addWidget(self.copy_button)
        line.addWidget(self.export)
        line.addStretch(1)
        line.addWidget(close)
        line.addWidget(self.start)
        return line

    # -- what is chosen --------------------------------------------------------

    @property
    def chosen(self) -> list[str]:
        """The models that are ticked."""
        items = (self.models.item(row) for row in range(self.models.count()))
        return [
            str(item.data(Qt.ItemDataRole.UserRole))
            for item in items
            if item.checkState() is Qt.CheckState.Checked
        ]

    def set_models(self, choices: Sequence[Choice]) -> None:
        """List the networks; the first is ticked if none was."""
        chosen = self.chosen
        self.models.clear()
        for row, choice in enumerate(choices):
            item = QListWidgetItem(choice.label)
            item.setData(Qt.ItemDataRole.UserRole, choice.key)
            item.setToolTip(choice.tip)
            ticked = choice.key in chosen or (not chosen and row == 0)
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
            item.setSizeHint(QSize(0, 22))
            self.models.addItem(item)
        self._refresh()

    # -- state -----------------------------------------------------------------

    def set_busy(self, busy: bool, other: str = "") -> None:
        """Show that an evaluation goes on, or what else does that has to end first."""
        if busy and not self._busy:
            self.say("Starting")
            self.bar.setValue(0)
        if self._busy and not busy:
            self.say("")
        self._busy, self._other = busy, other
        self._refresh()

    def show_result(
        self,
        table: EvaluationTable | None,
        uniform: Sequence[tuple[str, Sequence[Mapping]]],
    ) -> None:
        """Show what was measured.

        Parameters
        ----------
        table : EvaluationTable or None
            In turbulent gas; None without such runs.
        uniform : sequence of (str, sequence of mapping)
            For each model, the radii in uniform gas.
        """
        self._table = table
        times = sorted({row.time_myr for row in table.rows}) if table is not None else []
        self.times.blockSignals(True)
        self.times.clear()
        self.times.addItem("All frames", None)
        for time in times:
            self.times.addItem(f"{time:.3f} Myr", time)
        self.times.blockSignals(False)
        self._fill()
        self._fill_uniform(uniform)
        self.tabs.setTabVisible(0, table is not None)
        self.tabs.setTabVisible(1, bool(uniform))
        self._refresh()

    def _fill(self) -> None:
        table, grid = self._table, self.table
        self.empty.setVisible(table is None)
        if table is None:
            grid.setRowCount(0)
            self.heading.setText(BASELINES)
            return
        from core.training.bootstrap import LEVEL
        from core.training.scores import FIGURES

        wanted = self.times.currentData()
        rows = [row for row in table.rows if wanted is None or row.time_myr == wanted]
        used = [key for key in FIGURES if any(math.isfinite(row.mean[key]) for row in table.rows)]
        grid.setSortingEnabled(False)
        heads = [("Method", "What forecast"), ("Myr", "Time since the explosion")]
        heads += [(" ".join(FIGURES[key].title.split()), FIGURES[key].text) for key in used]
        _set_heads(grid, heads)
        grid.setRowCount(len(rows))
        for place, row in enumerate(rows):
            name = QTableWidgetItem(table.methods[row.method].partition(" (")[0])
            name.setToolTip(table.methods[row.method])
            grid.setItem(place, 0, name)
            grid.setItem(place, 1, NumberItem(row.time_myr, f"{row.time_myr:.3f}"))
            for column, key in enumerate(used, start=2):
                digits, mean = FIGURES[key].digits, row.mean[key]
                low, high = row.interval[key]
                text = f"{mean:.{digits}f}" if math.isfinite(mean) else MISSING
                if self.intervals.isChecked() and math.isfinite(low):
                    text += f"  ({low:.{digits}f} … {high:.{digits}f})"
                item = NumberItem(mean, text)
                item.setToolTip(
                    f"{FIGURES[key].text}\nStandard error {row.standard_error[key]:.{digits}f}, "
                    f"{row.count[key]} simulations"
                )
                grid.setItem(place, column, item)
        grid.setSortingEnabled(True)
        clouds = f"{table.n_clouds} cloud{'s' if table.n_clouds != 1 else ''}"
        words = f"{table.n_simulations} simulations of {clouds}: means"
        if table.n_clouds > 1:
            words += f" and {100 * LEVEL:g} % intervals, bootstrap over the clouds"
        self.heading.setText(words)

    def _fill_uniform(self, uniform: Sequence[tuple[str, Sequence[Mapping]]]) -> None:
        from core.training.scores import UNIFORM_RADII

        grid = self.uniform
        grid.setSortingEnabled(False)
        heads = [("Model", "What forecast"), ("M☉ / pc³", "Density of the gas"), ("Myr", "Time")]
        for radius in UNIFORM_RADII:
            words = radius.replace("_", " ").capitalize()
            heads += [
                (f"{words}, true", f"{words}: true mean radius in pc"),
                (f"{words}, forecast", f"{words}: forecast mean radius in pc"),
            ]
        _set_heads(grid, heads)
        lines = [(model, row) for model, rows in uniform for row in rows]
        grid.setRowCount(len(lines))
        for place, (model, row) in enumerate(lines):
            grid.setItem(place, 0, QTableWidgetItem(model))
            values = [(row["mean_density"], 2), (row["time_myr"], 3)]
            for radius in UNIFORM_RADII:
                values += [(row["truth_pc"][radius], 2), (row["forecast_pc"][radius], 2)]
            for column, (value, digits) in enumerate(values, start=1):
                known = math.nan if value is None else float(value)
                text = MISSING if value is None else f"{known:.{digits}f}"
                grid.setItem(place, column, NumberItem(known, text))
        grid.setSortingEnabled(True)

    def copy(self) -> None:
        """Put the table that is shown on the clipboard, columns separated by tabs."""
        grid = self.table if self.tabs.currentIndex() == 0 else self.uniform
        columns = range(grid.columnCount())
        lines = [[_text(grid.horizontalHeaderItem(column)) for column in columns]]
        for row in range(grid.rowCount()):
            lines.append([_text(grid.item(row, column)) for column in columns])
        QGuiApplication.clipboard().setText("\n".join("\t".join(line) for line in lines))

    def _refresh(self) -> None:
        named = bool(self.path.text().strip())
        self.start.setText("Stop" if self._busy else "Evaluate")
        self.start.setEnabled(self._busy or (named and bool(self.chosen) and not self._other))
        self.start.setToolTip(
            "Stop the evaluation"
            if self._busy
            else f"{self._other} goes on; wait until it is done"
            if self._other
            else "Forecast every simulation and compare, in the background"
            if named
            else "Choose a folder of simulations first"
        )
        for field in (self.models, self.path, self.browse, self.surfaces):
            field.setEnabled(not self._busy)
        self.bar.setVisible(self._busy)
        there = self.table.rowCount() > 0
        self.copy_button.setEnabled(there or self.uniform.rowCount() > 0)
        self.export.setEnabled(there)
        self.times.setEnabled(there)
        self.intervals.setEnabled(there)

    def _browse(self) -> None:
        for path in files.ask_folder(self, self._settings, "Choose a folder of simulations"):
            self.path.setText(str(path))

    def _on_start(self) -> None:
        if self._busy:
            self.stop_requested.emit()
        else:
            folder = Path(self.path.text().strip()).expanduser()
            self.requested.emit(self.chosen, folder, self.surfaces.isChecked())


def _table(name: str) -> QTableWidget:
    table = QTableWidget(0, 0)
    table.setAccessibleName(name)
    table.setToolTip("Click a title to sort")
    table.setShowGrid(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(24)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSortIndicatorClearable(True)
    header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
    return table


def _set_heads(table: QTableWidget, heads: Sequence[tuple[str, str]]) -> None:
    table.setColumnCount(len(heads))
    for column, (label, tip) in enumerate(heads):
        head = QTableWidgetItem(label)
        head.setToolTip(tip)
        table.setHorizontalHeaderItem(column, head)


def _text(item: QTableWidgetItem | None) -> str:
    return "" if item is None else item.text()
