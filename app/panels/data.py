"""What is open, as a tree; recent files; and the facts of the run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QGridLayout,
    QLabel,
    QMenu,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.document import Document
from app.events import (
    ComparisonChanged,
    ForecastChanged,
    OverviewChanged,
    SourceChanged,
    TruthChanged,
    UnitsChanged,
)
from app.panels.parts import ElidedLabel, flat_button, line, section
from app.settings import Settings
from app.theme import Theme
from core.cubes import CubeSequence

ROW_PX = 24
PATH_ROLE = Qt.ItemDataRole.UserRole


class DataPanel(QWidget):
    """The open file with its frames, control and forecast, and recent files.

    Signals
    -------
    open_requested()
        The user wants to choose a file.
    path_requested(Path)
        The user chose a recent file.
    control_requested()
        The user wants to attach a control run.
    save_requested()
        The user wants to save the forecast.
    trajectory_requested(int)
        The user chose another run of the file.
    """

    open_requested = Signal()
    path_requested = Signal(object)
    control_requested = Signal()
    save_requested = Signal()
    forget_requested = Signal(object)
    trajectory_requested = Signal(int)

    def __init__(
        self, document: Document, settings: Settings, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._settings, self._theme = document, settings, theme
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(14)
        self.tree.setRootIsDecorated(False)
        self.tree.setItemsExpandable(False)
        self.tree.setIconSize(QSize(14, 14))
        self.tree.setUniformRowHeights(True)
        self.tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.tree.customContextMenuRequested.connect(self._show_menu)
        self.tree.itemActivated.connect(self._activate)
        self.tree.itemClicked.connect(self._activate)
        self.tree.setAccessibleName("Open files and recent files")
        self.tree.setToolTip("What is open; Enter or a click opens what was opened lately")
        self.trajectory = QComboBox()
        self.trajectory.setToolTip("The file holds several runs; one is shown")
        self.trajectory.setAccessibleName("Trajectory")
        self.trajectory.activated.connect(
            lambda row: self.trajectory_requested.emit(int(self.trajectory.itemData(row)))
        )
        self.trajectory.hide()
        add = flat_button(theme, "plus", "Open a snapshot (Ctrl+O)")
        add.clicked.connect(self.open_requested)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 6)
        layout.setSpacing(4)
        self.tool = flat_button(theme, "broadcast", "")
        self.tool.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        layout.addWidget(section("Data", self.tool, add))
        layout.addWidget(self.trajectory)
        layout.addWidget(self.tree, 1)
        for event in (SourceChanged, TruthChanged, ForecastChanged):
            document.subscribe(event, lambda _: self.refresh())
        theme.changed.connect(self.refresh)
        self.refresh()

    def add_tool(self, action: QAction) -> None:
        """Put a command that is on or off beside the heading."""
        self.tool.setDefaultAction(action)
        self.tool.setAccessibleName(action.text())

    def refresh(self) -> None:
        """Fill the tree again."""
        self.tree.clear()
        self._list_trajectories()
        self._add_open()
        # Whatever else the column shows, what is open is seen whole.
        opened = self.tree.topLevelItem(0)
        rows = 1 + (opened.childCount() if opened is not None else 0)
        self.tree.setMinimumHeight(rows * ROW_PX + 2 * self.tree.frameWidth())
        recent = [path for path in self._settings.recent_files if path.exists()]
        if recent:
            top = self._item(None, "clock-counter-clockwise", "Recent", "Opened lately")
            for path in recent[:6]:
                icon = "folder" if path.is_dir() else "file"
                item = self._item(top, icon, path.name, f"Open {path}", dim=True)
                item.setData(0, PATH_ROLE, str(path))
        self.tree.expandAll()

    def _list_trajectories(self) -> None:
        """Fill the list of runs, for files that hold several."""
        source = self._document.source
        series = source.series if source is not None else None
        numbers = series.trajectories if series is not None else ()
        self.trajectory.setVisible(len(numbers) > 1)
        if source is None or len(numbers) < 2:
            return
        self.trajectory.clear()
        for place, trajectory in enumerate(numbers, 1):
            self.trajectory.addItem(f"Trajectory {place} of {len(numbers)}", trajectory)
        chosen = source.request.trajectory if source.request is not None else numbers[0]
        self.trajectory.setCurrentIndex(max(self.trajectory.findData(chosen), 0))

    def _add_open(self) -> None:
        document, colors = self._document, self._theme.colors
        source = document.source
        if source is None:
            self._item(None, "download-simple", "Drop a snapshot here", "A file or a directory")
            return
        notes = source.series.notes if source.series is not None else ()
        tip = "\n".join((str(source.path), f"{source.format}, {source.n_frames} frames", *notes))
        top = self._item(None, "folder-open", source.name, tip)
        if notes:
            what = "1 thing to know" if len(notes) == 1 else f"{len(notes)} things to know"
            self._item(top, "info", what, "\n".join(notes), dim=True)
        truth = document.truth
        if truth is None and document.forecast is None:
            self._item(top, "film-strip", _span(source.times_myr), tip, colors.truth)
        if truth is not None:
            self._item(top, "film-strip", _frames(source.n_frames, truth), tip, colors.truth)
            control = document.control_source
            if document.control is not None:
                name = f"Control, {control.name}" if control else "Control, no supernova"
                tip = "The same gas without the explosion"
                self._item(top, "minus-circle", name, tip, dim=True)
            elif document.complete:
                tip = "Open the same run without the explosion, to compare with"
                item = self._item(top, "plus", "Open control run…", tip, dim=True)
                item.setData(0, PATH_ROLE, "control")
        forecast = document.forecast
        if forecast is not None:
            model = str(forecast.provenance.get("model", "forecast"))
            text = f"Forecast, {model}"
            tip = f"{len(forecast)} frames; click to save (Ctrl+S)"
            item = self._item(top, "sparkle", text, tip, colors.forecast)
            item.setData(0, PATH_ROLE, "save")

    def _item(
        self,
        parent: QTreeWidgetItem | None,
        icon: str,
        text: str,
        tip: str,
        color: str | None = None,
        dim: bool = False,
    ) -> QTreeWidgetItem:
        item = QTreeWidgetItem([text])
        item.setIcon(0, self._theme.icon(icon, color))
        item.setToolTip(0, tip)
        item.setSizeHint(0, QSize(10, ROW_PX))
        if dim:
            item.setForeground(0, self.palette().placeholderText())
        if parent is None:
            self.tree.addTopLevelItem(item)
        else:
            parent.addChild(item)
        return item

    def _activate(self, item: QTreeWidgetItem) -> None:
        target = item.data(0, PATH_ROLE)
        if target == "control":
            self.control_requested.emit()
        elif target == "save":
            self.save_requested.emit()
        elif target:
            self.path_requested.emit(Path(target))

    def _show_menu(self, place: QPoint) -> None:
        item = self.tree.itemAt(place)
        target = item.data(0, PATH_ROLE) if item is not None else None
        if not target or target in ("control", "save"):
            return
        menu = QMenu(self)
        menu.addAction("Open", lambda: self.path_requested.emit(Path(target)))
        menu.addAction("Forget", lambda: self.forget_requested.emit(Path(target)))
        menu.exec(self.tree.viewport().mapToGlobal(place))
        menu.deleteLater()


class FactsPanel(QWidget):
    """Box, cells, density and time span of what is open."""

    ROWS = (
        ("format", "Format", "The reader that understood the file"),
        ("box", "Box", "Edge of the file's box"),
        ("cube", "Cube", "Edge of the cube that is shown and forecast"),
        ("cells", "Cells", "Voxels of the cube, and the edge of one"),
        ("mean", "Mean density", "Mean density of the first frame"),
        ("site", "Site density", "Density within 3 pc of the site, first frame"),
        ("energy", "Energy", "Energy of the forecast explosion"),
        ("span", "Time span", "First to last frame of the file"),
    )

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._rows: dict[str, tuple[QLabel, ElidedLabel]] = {}
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, (key, label, tip) in enumerate(self.ROWS):
            name = QLabel(label)
            name.setObjectName("secondary")
            value = ElidedLabel("–", Qt.TextElideMode.ElideLeft)
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            name.setToolTip(tip)
            value.setToolTip(tip)
            grid.addWidget(name, row, 0)
            grid.addWidget(value, row, 1)
            self._rows[key] = (name, value)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 12, 10)
        layout.setSpacing(4)
        layout.addWidget(line())
        layout.addWidget(section("Run"))
        layout.addLayout(grid)
        layout.addStretch(1)
        for event in (
            SourceChanged,
            TruthChanged,
            ForecastChanged,
            ComparisonChanged,
            OverviewChanged,
            UnitsChanged,
        ):
            document.subscribe(event, lambda _: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Write the facts again."""
        facts = self._facts()
        for key, (name, label) in self._rows.items():
            label.set_full_text(facts.get(key, "–"))
            # Of a whole box only some are known; of nothing, all stay where they will be.
            for widget in (name, label):
                widget.setVisible(key in facts or not self._document.choosing)

    def _facts(self) -> dict[str, str]:
        source, forecast = self._document.source, self._document.forecast
        cubes = self._document.truth or (forecast.sequence if forecast is not None else None)
        if source is None:
            return {}
        density = self._document.density_display
        facts = {
            "format": source.format,
            "box": " × ".join(f"{edge:.4g}" for edge in dict.fromkeys(source.box_pc)) + " pc",
        }
        times = source.times_myr
        if self._document.choosing or cubes is None:
            overview = self._document.overview(0)
            if overview is not None:
                mean = overview.density.mass_msun / float(np.prod(overview.box_pc))
                facts["mean"] = density.text(mean)
            facts["span"] = _span_text(times)
            return facts
        facts |= {
            "cube": f"{cubes.size_pc:.4g} pc",
            "cells": f"{cubes.n}³, {cubes.voxel_pc:.3g} pc",
            "mean": density.text(float(cubes.density[0].mean())),
            "site": density.text(_site_density(cubes, self._document.site_pc)),
        }
        if forecast is not None:
            facts["energy"] = f"{forecast.energy_erg / 1e51:.3g} × 10⁵¹ erg"
        facts["span"] = _span_text(times or tuple(cubes.times_myr))
        return facts


def _site_density(cubes: CubeSequence, site_pc: tuple[float, float, float]) -> float:
    """Return the density within 3 pc of the site, in Msun/pc^3."""
    axis = (np.arange(cubes.n) + 0.5) * cubes.voxel_pc - 0.5 * cubes.size_pc
    x, y, z = ((axis - place) ** 2 for place in site_pc)
    near = x[:, None, None] + y[:, None] + z <= max(3.0, cubes.voxel_pc) ** 2
    return float(cubes.density[0][near].mean())


def _frames(total: int, truth: CubeSequence) -> str:
    first, last = truth.times_myr[0], truth.times_myr[-1]
    if total == 1:
        return f"1 frame, {first:.3f} Myr"
    if len(truth) < total:
        return f"{len(truth)} of {total} frames"
    return f"{total} frames, {first:.2f} – {last:.2f} Myr"


def _span(times_myr: tuple[float, ...]) -> str:
    count = len(times_myr)
    return f"{count} frame{'s' if count != 1 else ''}, {_span_text(times_myr)}"


def _span_text(times_myr: tuple[float, ...]) -> str:
    if len(times_myr) == 1:
        return f"{times_myr[0]:.3f} Myr"
    return f"{times_myr[0]:.3f} – {times_myr[-1]:.3f} Myr"
