"""The forecasts kept of what is open: which is shown, their names, and how they compare."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from app.document import Document
from app.events import ForecastsChanged
from app.forecasts.forecast_list import KeptForecast
from app.panels.parts import flat_button, section
from app.theme import Theme

ROW_PX = 24
ROWS_SHOWN = 4
SERIES = ("#ef5f9c", "#7fb4ff", "#8fd19e", "#c9a4ff", "#ffb38a", "#7fd6d6")
"""Colours of the dots; the forecast that is shown is rose, whatever its number."""


def series_color(entry: KeptForecast, document: Document, theme: Theme) -> str:
    """Return the colour of a kept forecast: rose for the one shown, another for each other.

    Parameters
    ----------
    entry : KeptForecast
        The forecast.
    document : Document
        What is shown.
    theme : Theme
        The colours of meaning.

    Returns
    -------
    str
        The colour.
    """
    shown = document.shown_forecast
    if shown is not None and entry.id == shown.id:
        return theme.colors.forecast
    return SERIES[1 + (entry.id - 1) % (len(SERIES) - 1)]


class _Rows(QListWidget):
    """A list of one column in which Delete removes and F2 renames."""

    removed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
            event.accept()
        else:
            super().keyPressEvent(event)


class ForecastsPanel(QWidget):
    """The list of forecasts; hidden while there is none.

    Signals
    -------
    compare_requested()
        The user wants to see the figures of all side by side.
    again_requested(int)
        The user wants a forecast once more, with the settings of this one.
    save_requested()
        The user wants the one shown in a file.
    """

    compare_requested = Signal()
    again_requested = Signal(int)
    save_requested = Signal()

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._theme = document, theme
        self.compare_button = flat_button(theme, "table", "Compare the forecasts…")
        self.compare_button.clicked.connect(self.compare_requested)
        self.remove_button = flat_button(theme, "trash", "Remove the forecast that is shown (Del)")
        self.remove_button.clicked.connect(self._remove)
        self.rows = _Rows()
        self.rows.setObjectName("sites")
        self.rows.setAccessibleName("Forecasts kept")
        self.rows.setToolTip("Click to show a forecast; double-click or F2 to rename it")
        self.rows.setIconSize(QSize(10, 10))
        self.rows.setUniformItemSizes(True)
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.rows.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.rows.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.rows.customContextMenuRequested.connect(self._show_menu)
        self.rows.currentItemChanged.connect(lambda item, _: self._on_row(item))
        self.rows.itemChanged.connect(self._on_renamed)
        self.rows.removed.connect(self._remove)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(section("Forecasts", self.compare_button, self.remove_button))
        layout.addWidget(self.rows)
        document.subscribe(ForecastsChanged, lambda _: self.refresh())
        theme.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """List the forecasts again."""
        entries, shown = self._document.forecasts, self._document.shown_forecast
        self.setVisible(bool(entries))
        self.rows.blockSignals(True)
        # Rows are changed in place: one may be clicked, or be edited, just now.
        while self.rows.count() > len(entries):
            self.rows.takeItem(self.rows.count() - 1)
        while self.rows.count() < len(entries):
            self.rows.addItem(self._new_row())
        for row, entry in enumerate(entries):
            item = self.rows.item(row)
            item.setData(Qt.ItemDataRole.UserRole, entry.id)
            item.setText(entry.name)
            item.setIcon(_dot(series_color(entry, self._document, self._theme)))
            item.setToolTip("\n".join(filter(None, (entry.name, entry.said))))
            if shown is not None and entry.id == shown.id:
                self.rows.setCurrentRow(row)
        self.rows.blockSignals(False)
        self.rows.setFixedHeight(min(max(len(entries), 1), ROWS_SHOWN) * ROW_PX + 8)
        self.compare_button.setEnabled(len(entries) > 1)
        self.rows.setEnabled(self._document.preview is None)

    @staticmethod
    def _new_row() -> QListWidgetItem:
        item = QListWidgetItem()
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        item.setSizeHint(QSize(10, ROW_PX))
        return item

    @staticmethod
    def _id(item: QListWidgetItem) -> int:
        return int(item.data(Qt.ItemDataRole.UserRole))

    def _on_row(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._document.show_forecast(self._id(item))

    def _on_renamed(self, item: QListWidgetItem) -> None:
        self._document.rename_forecast(self._id(item), item.text())

    def _remove(self) -> None:
        item = self.rows.currentItem()
        if item is not None and self.rows.isEnabled():
            self._document.remove_forecast(self._id(item))

    def _show_menu(self, place: QPoint) -> None:
        item = self.rows.itemAt(place)
        if item is None:
            return
        number = self._id(item)
        entry = next(one for one in self._document.forecasts if one.id == number)
        menu = QMenu(self)
        menu.addAction("Rename", lambda: self.rows.editItem(item))
        again = menu.addAction("Forecast Again", lambda: self.again_requested.emit(number))
        again.setEnabled(entry.request is not None and entry.matches)
        menu.addAction("Save…", self.save_requested.emit)
        menu.addSeparator()
        menu.addAction("Remove", lambda: self._document.remove_forecast(number))
        menu.exec(self.rows.viewport().mapToGlobal(place))
        menu.deleteLater()


def _dot(color: str) -> QIcon:
    picture = QPixmap(20, 20)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(color))
    painter.drawEllipse(3, 3, 14, 14)
    painter.end()
    return QIcon(picture)
