"""The middle of the window: up to three views side by side, or where to begin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.data.place import Spot
from app.document import Document
from app.events import (
    ForecastChanged,
    LayersChanged,
    LookChanged,
    OverviewChanged,
    PlaceChanged,
    PreviewChanged,
    SourceChanged,
    TimeChanged,
    TransferChanged,
    TruthChanged,
)
from app.look import ViewRole
from app.measuring import stand_in_control
from app.panels.notice import NoticeBar
from app.panels.parts import number
from app.panels.start import StartPage
from app.scene import temperature
from app.scene.link import CameraLink
from app.scene.picking import Picked
from app.scene.slices import SliceView
from app.scene.temperature import shows_temperature
from app.scene.third import THIRD_TIPS, ThirdScene, third_scene
from app.scene.turns import Turns
from app.scene.viewport import Viewport
from app.theme import Theme
from app.views.columns import TITLES, Column, WholeBox
from app.views.prefetch import Drawn
from core.cubes import Vector3
from core.cutout import Cutout

GAP = 8

START, VIEWS, OVERVIEW = range(3)
"""The pages of the middle."""


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
    column_added = Signal(str)
    """A view was made, when it was first wanted."""

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("central")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._document, self._theme = document, theme
        self._path: Path | None = None
        self.notices = NoticeBar(theme)
        self.start_page = StartPage(theme)
        self.columns: dict[ViewRole, Column] = {}
        self.link = CameraLink((), self)
        self._turns = Turns(self)
        self.views = QWidget()
        self._row = QHBoxLayout(self.views)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GAP)
        self._third: ThirdScene | None = None
        for role in ("truth", "forecast"):
            self._add_column(role)
        self.whole = WholeBox(document, theme)
        self.stack = QStackedWidget()
        for page in (self.start_page, self.views, self.whole):
            self.stack.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(GAP)
        layout.addWidget(self.notices)
        layout.addWidget(self.stack, 1)
        self.whole.view.picked.connect(self._on_picked_in_box)
        self.whole.view.site_chosen.connect(self.site_chosen)
        document.subscribe(SourceChanged, lambda _: self._on_source())
        document.subscribe(OverviewChanged, lambda _: self._on_overview())
        document.subscribe(PlaceChanged, lambda _: self._on_place())
        document.subscribe(TruthChanged, lambda _: self._on_truth())
        document.subscribe(ForecastChanged, lambda _: self._on_forecast())
        document.subscribe(PreviewChanged, lambda _: self._on_preview())
        document.subscribe(TimeChanged, lambda event: self._on_time(event.time_myr))
        document.subscribe(LayersChanged, lambda _: self._on_layers())
        document.subscribe(TransferChanged, lambda _: self._on_transfer())
        document.subscribe(LookChanged, lambda _: self._on_look())
        self._on_layers()
        self._on_transfer()
        self._on_source()
        self._on_truth()
        self._on_forecast()
        self._on_look()

    def _add_column(self, role: ViewRole) -> Column:
        """Make a column; the third one only when it is wanted, as each costs a context."""
        column = self.columns[role] = Column(role, self._document, self._theme, self._turns)
        column.view.picked.connect(self._on_picked_in_cube)
        column.slice.picked.connect(self._on_picked_in_cube)
        column.align_requested.connect(lambda: self.link.align(column.view))
        column.setVisible(False)
        self._row.addWidget(column, 1)
        self.link.add(column.view)
        self.column_added.emit(role)
        return column

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
            sample, count = number(len(overview.sample_pc), 0), number(overview.count, 0)
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
        self._label_colors("truth")
        self._name_truth()
        self._fill_third()
        self._on_place()
        self._on_time(document.time_myr)

    def _name_truth(self) -> None:
        """Say what the truth is, and whether it is that of the forecast."""
        document, view = self._document, self.columns["truth"].view
        subtitle = document.source.name if document.source is not None else ""
        shell = view.prepared is not None and view.prepared.has_control
        if document.truth is not None and document.control is None and shell:
            subtitle += " · relative to the forecast’s control"
        if document.truth is not None and not document.matches:
            subtitle = "The forecast explosion has no truth"
        view.set_title(TITLES["truth"], subtitle)

    def _on_forecast(self) -> None:
        self._show_forecast()
        # The forecast's control may stand behind the truth.
        self._on_truth()

    def _on_preview(self) -> None:
        """Follow the forecast that moves: the truth stays as it is."""
        self._show_forecast()
        self._name_truth()
        self._fill_third()

    def _show_forecast(self) -> None:
        document, column = self._document, self.columns["forecast"]
        forecast = document.forecast
        sequence = forecast.sequence if forecast is not None else None
        control = forecast.control if forecast is not None else None
        column.view.set_evolution(sequence, control, document.site_pc)
        column.slice.set_evolution(sequence, control, document.site_pc)
        self._label_colors("forecast")
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

    def _on_time(self, time_myr: float) -> None:
        if self._document.choosing:
            self._on_overview()
            return
        for role, column in self.columns.items():
            if role in self._document.look.shown:
                column.view.show_time(time_myr)
                column.slice.show_time(time_myr)

    def _on_layers(self) -> None:
        for role in self.columns:
            self._dress(role)
        self.whole.view.set_layers(self._document.layers("truth"))

    def _on_transfer(self) -> None:
        for role in self.columns:
            self._dress(role)

    def _dress(self, role: ViewRole) -> None:
        """Give a view its layers and colours."""
        layers, transfer = self._document.layers(role), self._document.transfer
        if role == "third" and self._third is not None:
            layers, transfer = self._third.layers_of(layers), self._third.colors_of(transfer)
        column = self.columns[role]
        for view in (column.view, column.slice):
            view.set_layers(layers)
            view.set_transfer(transfer)
        self._label_colors(role)

    def _label_colors(self, role: ViewRole) -> None:
        """Say under a view what its colours mean; the third one says it of itself."""
        column = self.columns[role]
        if role == "third":
            return
        if shows_temperature(self._document.layers(role), column.view.prepared):
            parts = (temperature.LABEL, temperature.UNIT, temperature.TIP)
            column.bar.set_transfer(column.slice.transfer, *parts)
        else:
            column.bar.set_transfer(None)

    def _on_look(self) -> None:
        look = self._document.look
        self.link.set_enabled(look.linked)
        if "third" in look.shown:
            if "third" not in self.columns:
                self._add_column("third")
            if self._third is None or self._third.kind != look.third_kind:
                self._fill_third()
        for role, column in self.columns.items():
            late = column.isHidden() and role in look.shown
            column.setVisible(role in look.shown)
            column.slice.setVisible(look.slices)
            column.view.set_parallel(look.orthographic)
            if late:  # hidden views do not follow the time
                column.view.show_time(self._document.time_myr)
                column.slice.show_time(self._document.time_myr)

    def _fill_third(self) -> None:
        """Show in the third view what can be shown now; without one, forget what was shown."""
        document, column = self._document, self.columns.get("third")
        if column is None or "third" not in document.look.shown:
            self._third = None
            return
        source = document.source
        scene = self._third = third_scene(
            document.look.third_kind,
            document.truth,
            document.control,
            document.forecast,
            site_pc=document.site_pc,
            name=source.name if source is not None else "",
        )
        column.view.set_empty_text(scene.missing)
        column.view.set_title(scene.title, scene.subtitle, scene.roles)
        tip = THIRD_TIPS[scene.kind]
        column.bar.set_transfer(scene.transfer, scene.label, scene.unit, tip)
        column.slice.setToolTip(tip)
        column.view.set_prepared(scene.prepared, document.site_pc)
        column.slice.set_prepared(scene.prepared, document.site_pc)
        self._dress("third")

    # -- what the window asks ------------------------------------------------

    def set_forecasting(self, forecasting: bool) -> None:
        """Say in the empty view that a forecast is on its way."""
        text = "Forecasting…" if forecasting else "Press Forecast (F)"
        self.columns["forecast"].view.set_empty_text(text)

    def _shown_views(self) -> list[Viewport]:
        if self._document.choosing:
            return [self.whole.view]
        return [column.view for column in self._seen_columns()]

    def _seen_columns(self) -> list[Column]:
        shown = self._document.look.shown
        return [self.columns[role] for role in shown if role in self.columns]

    def drawn(self) -> list[Drawn]:
        """Return what the views that are seen draw, for those who prepare it."""
        found = []
        for column in self._seen_columns():
            prepared, layers = column.view.prepared, self._document.layers(column.role)
            if prepared is not None and not self._document.choosing:
                shown = layers.shell and prepared.has_control
                found.append(Drawn(prepared, layers.shell_level if shown else None))
        return found

    @property
    def current_role(self) -> ViewRole:
        """The view under the mouse, or else the first that is seen."""
        shown = self._document.look.shown
        return next((role for role in shown if self.columns[role].underMouse()), shown[0])

    def align(self) -> None:
        """Let the other views look from where the one under the mouse does."""
        self.link.align(self.columns[self.current_role].view)

    def look_from(self, name: str) -> None:
        """Put the eye of every view, or if they are not linked of one, on an axis."""
        if self._document.look.linked:
            for column in self._seen_columns():
                column.view.look_from(name)
        else:
            self.columns[self.current_role].view.look_from(name)

    def set_coarse(self, coarse: bool) -> None:
        """Draw coarsely while something is dragged."""
        for view in self._shown_views():
            view.set_coarse(coarse)

    def reset_camera(self) -> None:
        """Show the whole cube in every view."""
        if self._document.choosing:
            self.whole.view.reset_camera()
            return
        for column in self.columns.values():
            column.view.reset_camera()

    def close_views(self) -> None:
        """Let go of the graphics; afterwards the views show nothing."""
        self.notices.dismiss()
        self.whole.view.close_view()
        for column in self.columns.values():
            column.view.close_view()

    def picture(self, scale: int = 2) -> QImage:
        """Return the views that are seen as one picture.

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
            columns = self._seen_columns()
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
