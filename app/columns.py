"""The columns of the middle: a 3D view, the scale of its colours, and a slice."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.document import Document
from app.look import ViewRole
from app.panels.colorbar import ColorBar
from app.scene.overview_view import OverviewView
from app.scene.slices import SliceView
from app.scene.view import SceneView
from app.theme import Theme
from app.view_buttons import ThirdChooser, ViewButtons

VIEW_STRETCH, SLICE_STRETCH = 416, 222
TITLES: dict[ViewRole, str] = {"truth": "Truth", "forecast": "Forecast", "third": "Third view"}


class Column(QWidget):
    """A 3D view, the colour bar and the slice of one evolution.

    Parameters
    ----------
    role : {"truth", "forecast", "third"}
        Which view it is; the third has a choice of what it shows.
    document : Document
        What is shown.
    theme : Theme
        The look.
    """

    align_requested = Signal()
    """The other views are to look from where this one does."""

    def __init__(
        self, role: ViewRole, document: Document, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.role: ViewRole = role
        self.view = SceneView(role)
        self.bar = ColorBar(document, theme)
        self.slice = SliceView(role)
        self.buttons = ViewButtons(role, document, theme, self.view)
        self.chooser = ThirdChooser(document, theme, self.view) if role == "third" else None
        self.buttons.align_requested.connect(self.align_requested)
        self.view.heading_double_clicked.connect(self.buttons.toggle_maximised)
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
