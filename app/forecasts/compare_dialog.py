"""The figures of all forecasts that are kept, side by side."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.document import Document
from app.events import ComparisonChanged, ForecastsChanged, TimeChanged
from app.forecasts.forecast_list import KeptForecast
from app.panels.parts import number
from app.theme import Theme
from core.comparison import DEFINITIONS

COLUMNS: tuple[tuple[str, str, int], ...] = (
    ("cavity_iou", "Cavity IoU", 2),
    ("affected_iou", "Affected IoU", 2),
    ("recall", "Recall", 3),
    ("precision", "Precision", 2),
    ("radius_error_pc", "Radius error, pc", 2),
    ("hausdorff95_pc", "Hausdorff 95 %, pc", 2),
    ("log_error_dex", "Density error, dex", 3),
)
"""Figure of the comparison, its name and digits after the point."""

COST = ("Seconds", "Time it took to compute, all frames")
HIGH_IS_GOOD = ("cavity_iou", "affected_iou", "recall", "precision")


class CompareDialog(QDialog):
    """A table with a row for each forecast; it follows the document.

    Parameters
    ----------
    document : Document
        The forecasts and their figures.
    theme : Theme
        The colours.
    parent : QWidget, optional
        The parent.
    """

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._theme = document, theme
        self.setWindowTitle("Compare the forecasts")
        self.resize(900, 300)
        self.frames = QComboBox()
        self.frames.addItem("Frame shown", "now")
        self.frames.addItem("Mean of all frames", "mean")
        self.frames.setToolTip("Which frames the figures are of")
        self.frames.setAccessibleName("Frames")
        self.note = QLabel("")
        self.note.setObjectName("secondary")
        self.table = QTableWidget(0, len(COLUMNS) + 2)
        self.table.setAccessibleName("Figures of the forecasts")
        self.table.setToolTip("Click a row to show its forecast; the best figures are bold")
        heads = [("Forecast", "Its name")]
        heads += [(label, DEFINITIONS[field].text) for field, label, _ in COLUMNS]
        for column, (label, tip) in enumerate([*heads, COST]):
            head = QTableWidgetItem(label)
            head.setToolTip(tip)
            side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
            head.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.table.setHorizontalHeaderItem(column, head)
        self._heads = [label for label, _ in [*heads, COST]]
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.cellClicked.connect(lambda row, _: self._show(row))
        self.copy_button = QPushButton("Copy")
        self.copy_button.setToolTip("Put the table on the clipboard")
        self.copy_button.setAccessibleName("Copy")
        self.copy_button.clicked.connect(self.copy)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setToolTip("Close the table (Esc)")
        close.setAccessibleName("Close")
        buttons.addButton(self.copy_button, QDialogButtonBox.ButtonRole.ActionRole)
        top = QHBoxLayout()
        top.addWidget(self.frames)
        top.addWidget(self.note, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.table, 1)
        layout.addWidget(buttons)
        self.frames.currentIndexChanged.connect(lambda _: self.refresh())
        for event in (ForecastsChanged, ComparisonChanged, TimeChanged):
            document.subscribe(event, self._on_event)
        self.refresh()

    def _on_event(self, _: object) -> None:
        if self.isVisible():
            self.refresh()

    def values(self, entry: KeptForecast) -> list[float]:
        """Return the figures of a forecast, in the order of `COLUMNS`; NaN where there is none."""
        comparison = entry.figures.comparison
        if comparison is None or not comparison.rows:
            return [math.nan] * len(COLUMNS)
        if self.frames.currentData() == "mean":
            # The first frame is the state that truth and forecast start from.
            tails = (comparison.column(field)[1:] for field, _, _ in COLUMNS)
            return [_mean(list(map(float, tail))) for tail in tails]
        row = comparison.row_at(self._document.time_myr)
        return [float(getattr(row, field)) for field, _, _ in COLUMNS]

    def refresh(self) -> None:
        """Fill in the table again."""
        entries, shown = self._document.forecasts, self._document.shown_forecast
        rows = [self.values(entry) for entry in entries]
        self.table.setRowCount(len(entries))
        best = [_best(COLUMNS[k][0], [row[k] for row in rows]) for k in range(len(COLUMNS))]
        for row, (entry, values) in enumerate(zip(entries, rows, strict=True)):
            name = self._cell(row, 0, entry.name, left=True)
            is_shown = shown is not None and entry.id == shown.id
            name.setForeground(
                QColor(self._theme.colors.forecast if is_shown else self._theme.colors.text)
            )
            for k, (value, (field, _, digits)) in enumerate(zip(values, COLUMNS, strict=True)):
                text = number(value, digits, sign=field == "radius_error_pc")
                cell = self._cell(row, k + 1, text)
                font = cell.font()
                font.setBold(len(entries) > 1 and value == best[k])
                cell.setFont(font)
            seconds = entry.forecast.provenance.get("wall_time_s")
            self._cell(
                row, len(COLUMNS) + 1, number(seconds if isinstance(seconds, float) else None, 2)
            )
        unlike = [entry.name for entry in entries if not entry.matches]
        words = "" if self.frames.currentData() == "mean" else f"{self._document.time_myr:.3f} Myr"
        if unlike:
            words += "  ·  no truth for explosions that were moved"
        self.note.setText(words)

    def _cell(
        self, row: int, column: int, text: str | None = None, left: bool = False
    ) -> QTableWidgetItem:
        item = self.table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(row, column, item)
        if text is not None:
            item.setText(text)
        return item

    def _show(self, row: int) -> None:
        if self._document.preview is None:
            self._document.show_forecast(self._document.forecasts[row].id)

    def copy(self) -> None:
        """Put the table on the clipboard, columns separated by tabs."""
        lines = [self._heads]
        for row in range(self.table.rowCount()):
            lines.append([self._cell(row, column).text() for column in range(len(self._heads))])
        QGuiApplication.clipboard().setText("\n".join("\t".join(line) for line in lines))


def _mean(values: list[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan


def _best(field: str, values: list[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return math.nan
    return max(known) if field in HIGH_IS_GOOD else min(known, key=abs)
