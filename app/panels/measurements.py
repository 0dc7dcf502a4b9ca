"""The figures of the frame shown: truth, forecast and their difference."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.document import Document
from app.events import ComparisonChanged, ForecastChanged, SourceChanged, TimeChanged
from app.figures import ROLES
from app.measuring import Curve
from app.panels.parts import flat_button, line, number, section
from app.theme import Theme
from core.shells import AFFECTED_BELOW, CAVITY_BELOW

ROW_PX = 24


@dataclass(frozen=True)
class Measure:
    """A row with a value for the truth, for the forecast and their difference.

    Parameters
    ----------
    field : str
        The field of `Curve`.
    level : float
        The level of the curve.
    label : str
        Name and unit.
    tip : str
        Its definition.
    decimals : int
        Digits after the point.
    """

    field: str
    level: float
    label: str
    tip: str
    decimals: int


_RADIUS = (
    "Mean over 768 directions of the outer radius of the region that is connected to the "
    "explosion site and where the density is below {level:g} of the control's."
)
_SPREAD = "Half the range of radii that holds 16 to 84 % of the directions."
_VOLUME = "Volume where the density is below {level:g} of the control's."


def _measures(level: float, name: str) -> tuple[Measure, ...]:
    return (
        Measure("mean_pc", level, f"{name} radius, pc", _RADIUS.format(level=level), 2),
        Measure("spread_pc", level, "– spread, pc", _SPREAD, 2),
        Measure("volume_pc3", level, "– volume, pc³", _VOLUME.format(level=level), 0),
    )


MEASURES = (
    *_measures(CAVITY_BELOW, "Cavity"),
    *_measures(AFFECTED_BELOW, "Affected"),
)

# Figures of the comparison, in the order of interest, and digits after the point.
FIGURES = (
    ("affected_iou", 2),
    ("cavity_iou", 2),
    ("recall", 3),
    ("precision", 2),
    ("radius_error_pc", 2),
    ("radius_rms_pc", 2),
    ("surface_distance_pc", 2),
    ("hausdorff95_pc", 2),
    ("log_error_shell_dex", 3),
    ("log_error_dex", 3),
    ("persistence_error_dex", 3),
)
SIGNED = ("radius_error_pc",)
# Figures that the truth and the forecast have each: label, fields, digits after the point.
PAIRS = (("Swept-up, M⊙", "swept_truth_msun", "swept_forecast_msun", 0),)
# Figures that only the truth has: label, field, its unit in the table, digits after the point.
TRUE = (("p, 10⁵ M⊙ km/s", "momentum_truth", 1e5, 2),)
HEADER = ("", "Truth", "Forecast", "Δ")


class MeasurementsPanel(QWidget):
    """A table for the frame shown, with copy and export.

    Signals
    -------
    export_requested()
        The user wants the figures of all frames in a file.
    copied()
        The table was put on the clipboard.
    """

    export_requested = Signal()
    copied = Signal()

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._theme = document, theme
        self.copy_button = flat_button(theme, "copy", "Copy this table")
        self.export_button = flat_button(theme, "download-simple", "Export all frames as CSV…")
        self.copy_button.clicked.connect(self.copy)
        self.export_button.clicked.connect(self.export_requested)
        self.note = QLabel("")
        self.note.setObjectName("faint")
        self.note.setWordWrap(True)
        self.table = QTableWidget(0, len(HEADER))
        self._dress_table()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 4, 12, 8)
        layout.setSpacing(2)
        layout.addWidget(line())
        layout.addWidget(section("Measurements", self.copy_button, self.export_button))
        layout.addWidget(self.table)
        layout.addWidget(self.note)
        layout.addStretch(1)
        for event in (SourceChanged, ForecastChanged, ComparisonChanged, TimeChanged):
            document.subscribe(event, lambda _: self.refresh())
        theme.changed.connect(self.refresh)
        self.refresh()

    def _dress_table(self) -> None:
        table = self.table
        table.setHorizontalHeaderLabels(list(HEADER))
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW_PX)
        table.setShowGrid(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        table.setTabKeyNavigation(False)
        table.setToolTip("Each row says what it is; Ctrl+Shift+C copies the table")
        table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setAccessibleName("Measurements of the frame shown")
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(40)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in ((1, 52), (2, 54), (3, 53)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def refresh(self) -> None:
        """Show the figures of the frame."""
        rows = self.rows()
        self.table.clearSpans()
        self.table.setRowCount(len(rows))
        colors = self._theme.colors
        tints = (colors.text, colors.truth, colors.forecast, colors.text)
        for index, (tip, cells) in enumerate(rows):
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(tip)
                item.setSizeHint(QSize(10, ROW_PX))
                right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                if column:
                    item.setTextAlignment(right)
                else:
                    item.setFont(self._theme.font(11))
                item.setForeground(QColor(tints[column]))
                self.table.setItem(index, column, item)
            # A figure of both at once leaves the column of the truth to its name.
            if not cells[1]:
                self.table.setSpan(index, 0, 1, 2)
        self.table.setVisible(bool(rows))
        self.table.setFixedHeight(24 + ROW_PX * len(rows) + 2)
        comparison = self._document.figures.comparison
        self.copy_button.setEnabled(bool(rows))
        self.export_button.setEnabled(comparison is not None)
        self.note.setText(self._note(bool(rows)))

    def rows(self) -> list[tuple[str, tuple[str, str, str, str]]]:
        """Return the table: a definition and four texts per row."""
        figures, time = self._document.figures, self._document.time_myr
        if not figures.curves:
            return []
        rows = []
        for measure in MEASURES:
            a, b = (_value(figures.curve(role, measure.level), measure, time) for role in ROLES)
            delta = b - a if a is not None and b is not None else None
            cells = (
                measure.label,
                number(a, measure.decimals),
                number(b, measure.decimals),
                number(delta, measure.decimals, sign=True),
            )
            rows.append((measure.tip, cells))
        return rows + self._figure_rows()

    def _figure_rows(self) -> list[tuple[str, tuple[str, str, str, str]]]:
        comparison = self._document.figures.comparison
        if comparison is None or not comparison.rows:
            return []
        row = comparison.row_at(self._document.time_myr)
        if abs(row.time_myr - self._document.time_myr) > 1e-6:
            return []
        rows = []
        for label, *fields, decimals in PAIRS:
            a, b = (getattr(row, field) for field in fields)
            texts = number(a, decimals), number(b, decimals), number(b - a, decimals, sign=True)
            rows.append((comparison.DEFINITIONS[fields[0]].text, (label, *texts)))
        for label, field, unit, decimals in TRUE:
            value = getattr(row, field) / unit
            if isfinite(value):  # only where the truth has velocities
                cells = (label, number(value, decimals), "", "")
                rows.append((comparison.DEFINITIONS[field].text, cells))
        for name, decimals in FIGURES:
            definition = comparison.DEFINITIONS[name]
            label = (
                f"{definition.label}, {definition.unit}" if definition.unit else definition.label
            )
            text = number(getattr(row, name), decimals, sign=name in SIGNED)
            cells = (label, "", "", text) if name in SIGNED else (label, "", text, "")
            rows.append((definition.text, cells))
        return rows

    def _note(self, filled: bool) -> str:
        document = self._document
        if document.source is None:
            return "Open a snapshot to measure its shell."
        if not filled:
            if document.forecast is None:
                return "Press Forecast to measure the shell."
            return document.why_unmeasured
        comparison = document.figures.comparison
        if comparison is None:
            return "" if document.control is not None else "No truth to compare with."
        if comparison.control_source == "forecast":
            note = "True region relative to the forecast's control: no control run is open."
        else:
            note = "Regions relative to the control run."
        return note if comparison.saving is None else f"{note} {comparison.saving}"

    def as_text(self) -> str:
        """Return the table as text with tabs, for a spreadsheet."""
        lines = [f"t = {self._document.time_myr:.4f} Myr", "\t".join(HEADER)]
        lines += ["\t".join(cells) for _, cells in self.rows()]
        return "\n".join(lines)

    def copy(self) -> None:
        """Put the table on the clipboard."""
        QGuiApplication.clipboard().setText(self.as_text())
        self.copied.emit()


def _value(curve: Curve | None, measure: Measure, time_myr: float) -> float | None:
    """Return what a curve has at a time, or None."""
    row = curve.row(time_myr) if curve is not None else None
    if curve is None or row is None:
        return None
    if measure.field == "spread_pc":
        return float(0.5 * (curve.p84_pc[row] - curve.p16_pc[row]))
    return float(getattr(curve, measure.field)[row])
