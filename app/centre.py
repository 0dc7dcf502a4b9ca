"""The middle of the window: truth and forecast side by side, or where to begin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.document import Document
from app.events import (
    ForecastChanged,
    LayersChanged,
    LookChanged,
    OverviewChanged,
    PlaceChanged,
    SourceChanged,
    TimeChanged,
    TransferChanged,
    TruthChanged,
)
from app.figures import ROLES, Role
from app.measuring import stand_in_control
from app.panels.colorbar import ColorBar
from app.panels.notice import NoticeBar
from app.panels.start import StartPage
from app.place import Spot
from app.scene.link import CameraLink
from app.scene.overview_view import OverviewView
from app.scene.picking import Picked
from app.scene.slices import SliceView
from app.scene.view import SceneView
from app.scene.viewport import Viewport
from app.theme import Theme
from core.cubes import Vector3
from core.cutout import Cutout

GAP = 8
VIEW_STRETCH, SLICE_STRETCH = 416, 222
TITLES: dict[Role, str] = {"truth": "Truth", "forecast": "Forecast"}


START, VIEWS, OVERVIEW = range(3)
"""The pages of the middle."""


class Column(QWidget):
    """A 3D view, the colour bar and the slice of one evolution."""

    def __init__(
        self, role: Role, document: Document, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.role = role
        self.view = SceneView(role)
        self.bar = ColorBar(document, theme)
        self.slice = SliceView(role)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.view, VIEW_STRETCH)
        layout.addWidget(self.bar)
        layout.addWidget(self.slice, SLICE_STRETCH)


class WholeBox(QWidget):
    """The whole snapshot and the colours of its gas."""

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = OverviewView()
        self.bar = ColorBar(document, theme)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.bar)


class Centre(QWidget):
    """The views, which follow the document, under the bar for notices.

    Signals
    -------
    picked(Spot)
        The user double-clicked on the gas.
    site_chosen(int)
        The user clicked on a candidate.
    """

    picked = Signal(object)
    site_chosen = Signal(int)

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("central")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._document, self._theme = document, theme
        self._path: Path | None = None
        self.notices = NoticeBar(theme)
        self.start_page = StartPage(theme)
        self.columns: dict[Role, Column] = {role: Column(role, document, theme) for role in ROLES}
        self.link = CameraLink([column.view for column in self.columns.values()], self)
        self.views = QWidget()
        row = QHBoxLayout(self.views)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        for column in self.columns.values():
            row.addWidget(column, 1)
        self.whole = WholeBox(document, theme)
        self.stack = QStackedWidget()
        for page in (self.start_page, self.views, self.whole):
            self.stack.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(GAP)
        layout.addWidget(self.notices)
        layout.addWidget(self.stack, 1)
        for column in self.columns.values():
            column.view.picked.connect(self._on_picked_in_cube)
            column.slice.picked.connect(self._on_picked_in_cube)
        self.whole.view.picked.connect(self._on_picked_in_box)
        self.whole.view.site_chosen.connect(self.site_chosen)
        document.subscribe(SourceChanged, lambda _: self._on_source())
        document.subscribe(OverviewChanged, lambda _: self._on_overview())
        document.subscribe(PlaceChanged, lambda _: self._on_place())
        document.subscribe(TruthChanged, lambda _: self._on_truth())
        document.subscribe(ForecastChanged, lambda _: self._on_forecast())
        document.subscribe(TimeChanged, lambda event: self._on_time(event.time_myr))
        document.subscribe(LayersChanged, lambda _: self._on_layers())
        document.subscribe(TransferChanged, lambda _: self._on_transfer())
        document.subscribe(LookChanged, lambda _: self._on_look())
        self._on_layers()
        self._on_transfer()
        self._on_source()
        self._on_truth()
        self._on_forecast()

    # -- following the document --------------------------------------------

    def _on_source(self) -> None:
        document = self._document
        path = document.source.path if document.source is not None else None
        if path != self._path:
            # What was said of another file is no longer of interest.
            self._path = path
            self.notices.dismiss()
        page = OVERVIEW if document.choosing else VIEWS
        self.stack.setCurrentIndex(START if document.source is None else page)

    def _on_overview(self) -> None:
        document, view = self._document, self.whole.view
        self._on_source()
        if not document.choosing:
            return
        overview = document.overview()
        source = document.source
        if overview is not None:
            view.show_overview(overview)
            self.whole.bar.set_transfer(view.stage.transfer)
            name = source.name if source is not None else ""
            sample = f"{len(overview.sample_pc):,}".replace(",", "\u2009")
            count = f"{overview.count:,}".replace(",", "\u2009")
            kind = source.series.kind if source is not None and source.series else "particles"
            what = "particles" if kind == "particles" else "cells"
            view.set_title("Whole snapshot", f"{name} · {sample} of {count} {what}")
        elif source is not None and document.overview(0) is None:
            view.show_overview(None)
        self._on_place()

    def _on_place(self) -> None:
        document = self._document
        place, truth = document.place, document.truth
        if document.choosing:
            self.whole.view.set_cube(None if place is None else place.cutout)
            self.whole.view.set_sites(document.sites, document.chosen_site)
        cube = None
        if place is not None and truth is not None:
            shift = np.subtract(place.center_pc, truth.center_pc)
            if np.abs(shift).max() > 1e-6 or abs(place.size_pc - truth.size_pc) > 1e-6:
                x, y, z = (float(value) for value in shift)
                cube = Cutout((x, y, z), place.size_pc)
        for column in self.columns.values():
            column.view.set_cube(cube)
            column.slice.set_cube(cube)

    def _on_picked_in_box(self, picked: Picked) -> None:
        self._tell(picked, self.whole.view.stage.center_pc)

    def _on_picked_in_cube(self, picked: Picked) -> None:
        document = self._document
        cubes = document.truth
        if cubes is None and document.forecast is not None:
            cubes = document.forecast.sequence
        if cubes is not None:
            self._tell(picked, cubes.center_pc)

    def _tell(self, picked: Picked, center_pc: Vector3) -> None:
        x, y, z = (float(value) for value in np.add(picked.position_pc, center_pc))
        self.picked.emit(Spot((x, y, z), 10.0**picked.log_density))

    def _on_truth(self) -> None:
        document, column = self._document, self.columns["truth"]
        control = stand_in_control(document.truth, document.control, document.truth_forecast)
        column.view.set_evolution(document.truth, control, document.truth_site_pc)
        column.slice.set_evolution(document.truth, control, document.truth_site_pc)
        column.view.set_empty_text("A saved forecast comes without a truth")
        subtitle = document.source.name if document.source is not None else ""
        if document.truth is not None and document.control is None and control is not None:
            subtitle += " · relative to the forecast’s control"
        if document.truth is not None and not document.matches:
            subtitle = "Another explosion: there is no truth for the one that is forecast"
        column.view.set_title(TITLES["truth"], subtitle)
        self._on_place()
        self._on_time(document.time_myr)

    def _on_forecast(self) -> None:
        document, column = self._document, self.columns["forecast"]
        forecast = document.forecast
        sequence = forecast.sequence if forecast is not None else None
        control = forecast.control if forecast is not None else None
        column.view.set_evolution(sequence, control, document.site_pc)
        column.slice.set_evolution(sequence, control, document.site_pc)
        subtitle = ""
        if forecast is not None:
            subtitle = " · ".join(
                str(forecast.provenance[key])
                for key in ("model", "device")
                if key in forecast.provenance
            )
        if document.preview is not None:
            subtitle = " · ".join(filter(None, (subtitle, document.preview.said)))
        column.view.set_title(TITLES["forecast"], subtitle)
        # The forecast's control may stand behind the truth.
        self._on_truth()

    def _on_time(self, time_myr: float) -> None:
        if self._document.choosing:
            self._on_overview()
            return
        for column in self.columns.values():
            column.view.show_time(time_myr)
            column.slice.show_time(time_myr)

    def _on_layers(self) -> None:
        for role, column in self.columns.items():
            column.view.set_layers(self._document.layers(role))
            column.slice.set_layers(self._document.layers(role))
        self.whole.view.set_layers(self._document.layers("truth"))

    def _on_transfer(self) -> None:
        for column in self.columns.values():
            column.view.set_transfer(self._document.transfer)
            column.slice.set_transfer(self._document.transfer)

    def _on_look(self) -> None:
        look = self._document.look
        self.link.set_enabled(look.linked)
        for column in self.columns.values():
            column.slice.setVisible(look.slices)

    # -- what the window asks ------------------------------------------------

    def set_forecasting(self, forecasting: bool) -> None:
        """Say in the empty view that a forecast is on its way."""
        text = "Forecasting…" if forecasting else "Press Forecast (F)"
        self.columns["forecast"].view.set_empty_text(text)

    def _shown_views(self) -> list[Viewport]:
        if self._document.choosing:
            return [self.whole.view]
        return [column.view for column in self.columns.values()]

    def set_coarse(self, coarse: bool) -> None:
        """Draw coarsely while something is dragged."""
        for view in self._shown_views():
            view.set_coarse(coarse)

    def reset_camera(self) -> None:
        """Show the whole cube in every view."""
        for view in self._shown_views():
            view.reset_camera()

    def close_views(self) -> None:
        """Let go of the graphics; afterwards the views show nothing."""
        self.notices.dismiss()
        self.whole.view.close_view()
        for column in self.columns.values():
            column.view.close_view()

    def picture(self, scale: int = 2) -> QImage:
        """Return both columns as one picture.

        Parameters
        ----------
        scale : int
            Pixels per logical pixel.

        Returns
        -------
        QImage
            Views, colour bars and slices, in full quality.
        """
        area: QWidget = self.whole if self._document.choosing else self.views
        parts: list[Viewport | SliceView]
        if self._document.choosing:
            parts, bars = [self.whole.view], [self.whole.bar]
        else:
            columns = list(self.columns.values())
            parts = []
            for column in columns:
                parts += [column.view, column.slice]
            bars = [column.bar for column in columns]
        image = QImage(area.size() * scale, QImage.Format.Format_RGB32)
        image.fill(QColor(self._theme.colors.window))
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.scale(scale, scale)
        for part in parts:
            if part.isVisibleTo(self):
                place = QRectF(part.rect()).translated(part.mapTo(area, part.rect().topLeft()))
                painter.drawImage(place, part.image(scale))
        for bar in bars:
            place = QRectF(bar.rect()).translated(bar.mapTo(area, bar.rect().topLeft()))
            bar.paint_on(painter, place)
        painter.end()
        return image
