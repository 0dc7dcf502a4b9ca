"""The middle of the window: truth and forecast side by side, or where to begin."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.document import (
    ROLES,
    Document,
    ForecastChanged,
    LayersChanged,
    Role,
    SourceChanged,
    TimeChanged,
    TransferChanged,
    TruthChanged,
)
from app.measuring import stand_in_control
from app.panels.colorbar import ColorBar
from app.panels.notice import NoticeBar
from app.scene.link import CameraLink
from app.scene.slices import SliceView
from app.scene.view import SceneView
from app.theme import Theme

GAP = 8
VIEW_STRETCH, SLICE_STRETCH = 416, 222
TITLES: dict[Role, str] = {"truth": "Truth", "forecast": "Forecast"}


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


class StartPage(QFrame):
    """Shown while nothing is open.

    Signals
    -------
    open_requested(), folder_requested(), sample_requested()
        The buttons.
    """

    open_requested = Signal()
    folder_requested = Signal()
    sample_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dropTarget")
        self.heading = QLabel()
        self.heading.setObjectName("hero")
        self.hint = QLabel(
            "SWIFT, Gadget, AREPO, GIZMO and The Well snapshots, or files saved by Shellsight"
        )
        self.hint.setObjectName("secondary")
        self.buttons = QWidget()
        row = QHBoxLayout(self.buttons)
        choose = QPushButton("Open a file…")
        choose.setToolTip("Choose a snapshot (Ctrl+O)")
        choose.clicked.connect(self.open_requested)
        folder = QPushButton("Open a folder…")
        folder.setToolTip("Choose a directory with the snapshots of one run (Ctrl+Shift+O)")
        folder.clicked.connect(self.folder_requested)
        sample = QPushButton("Open the sample")
        sample.setObjectName("primary")
        sample.setToolTip("A simulated supernova with its forecast")
        sample.clicked.connect(self.sample_requested)
        for button in (choose, folder, sample):
            button.setMinimumSize(140, 36)
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addStretch(1)
        for widget in (self.heading, self.hint, self.buttons):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        self.set_busy("")

    def set_busy(self, text: str) -> None:
        """Say what is being opened, or invite to open something."""
        self.heading.setText(text or "Drop a snapshot here or open the sample")
        self.hint.setVisible(not text)
        self.buttons.setVisible(not text)


class Centre(QWidget):
    """The views, which follow the document, under the bar for notices."""

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("central")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._document, self._theme = document, theme
        self._forecasting = False
        self.notices = NoticeBar(theme)
        self.start_page = StartPage()
        self.columns: dict[Role, Column] = {role: Column(role, document, theme) for role in ROLES}
        self.link = CameraLink([column.view for column in self.columns.values()], self)
        self.views = QWidget()
        row = QHBoxLayout(self.views)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        for column in self.columns.values():
            row.addWidget(column, 1)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.start_page)
        self.stack.addWidget(self.views)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(GAP)
        layout.addWidget(self.notices)
        layout.addWidget(self.stack, 1)
        document.subscribe(SourceChanged, lambda _: self._on_source())
        document.subscribe(TruthChanged, lambda _: self._on_truth())
        document.subscribe(ForecastChanged, lambda _: self._on_forecast())
        document.subscribe(TimeChanged, lambda event: self._on_time(event.time_myr))
        document.subscribe(LayersChanged, lambda _: self._on_layers())
        document.subscribe(TransferChanged, lambda _: self._on_transfer())
        self._on_layers()
        self._on_transfer()
        self._on_source()
        self._on_truth()
        self._on_forecast()

    # -- following the document --------------------------------------------

    def _on_source(self) -> None:
        self.stack.setCurrentIndex(0 if self._document.source is None else 1)

    def _on_truth(self) -> None:
        document, column = self._document, self.columns["truth"]
        control = stand_in_control(document.truth, document.control, document.forecast)
        column.view.set_evolution(document.truth, control, document.site_pc)
        column.slice.set_evolution(document.truth, control, document.site_pc)
        column.view.set_empty_text("A saved forecast comes without a truth")
        subtitle = document.source.name if document.source is not None else ""
        if document.truth is not None and document.control is None and control is not None:
            subtitle += " · relative to the forecast’s control"
        column.view.set_title(TITLES["truth"], subtitle)
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
        column.view.set_title(TITLES["forecast"], subtitle)
        # The forecast's control may stand behind the truth.
        self._on_truth()

    def _on_time(self, time_myr: float) -> None:
        for column in self.columns.values():
            column.view.show_time(time_myr)
            column.slice.show_time(time_myr)

    def _on_layers(self) -> None:
        for role, column in self.columns.items():
            column.view.set_layers(self._document.layers(role))
            column.slice.set_layers(self._document.layers(role))

    def _on_transfer(self) -> None:
        for column in self.columns.values():
            column.view.set_transfer(self._document.transfer)
            column.slice.set_transfer(self._document.transfer)

    # -- what the window asks ------------------------------------------------

    def set_forecasting(self, forecasting: bool) -> None:
        """Say in the empty view that a forecast is on its way."""
        text = "Forecasting…" if forecasting else "Press Forecast (F)"
        self.columns["forecast"].view.set_empty_text(text)

    def set_coarse(self, coarse: bool) -> None:
        """Draw coarsely while something is dragged."""
        for column in self.columns.values():
            column.view.set_coarse(coarse)

    def show_slices(self, shown: bool) -> None:
        """Show or hide the mid-planes."""
        for column in self.columns.values():
            column.slice.setVisible(shown)

    def reset_camera(self) -> None:
        """Show the whole cube in every view."""
        for column in self.columns.values():
            column.view.reset_camera()

    def close_views(self) -> None:
        """Let go of the graphics; afterwards the views show nothing."""
        self.notices.dismiss()
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
        area = self.views
        image = QImage(area.size() * scale, QImage.Format.Format_RGB32)
        image.fill(QColor(self._theme.colors.window))
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.scale(scale, scale)
        for column in self.columns.values():
            for part in (column.view, column.slice):
                if part.isVisibleTo(self):
                    place = QRectF(part.rect()).translated(part.mapTo(area, part.rect().topLeft()))
                    painter.drawImage(place, part.image(scale))
            bar = column.bar
            place = QRectF(bar.rect()).translated(bar.mapTo(area, bar.rect().topLeft()))
            bar.paint_on(painter, place)
        painter.end()
        return image
