"""The columns of the middle: a 3D view, the scale of its colours, and a slice."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from app.document import Document
from app.look import ViewRole
from app.panels.colorbar import ColorBar
from app.scene.overview_view import OverviewView
from app.scene.proportions import BESIDE, UNDER, is_wide
from app.scene.slices import SliceView
from app.scene.turns import Turns
from app.scene.view import SceneView
from app.theme import Theme
from app.views.view_buttons import ThirdChooser, ViewButtons

GAP = 4
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
    turns : Turns
        Decides when the view is drawn, among others.
    """

    align_requested = Signal()
    """The other views are to look from where this one does."""

    def __init__(
        self,
        role: ViewRole,
        document: Document,
        theme: Theme,
        turns: Turns,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.role: ViewRole = role
        self.view = SceneView(role, turns=turns)
        self.bar = ColorBar(document, theme)
        self.slice = SliceView(role)
        self.buttons = ViewButtons(role, document, theme, self.view)
        self.chooser = ThirdChooser(document, theme, self.view) if role == "third" else None
        self.buttons.align_requested.connect(self.align_requested)
        self.view.heading_double_clicked.connect(self.buttons.toggle_maximised)
        upper = QVBoxLayout()
        upper.setSpacing(GAP)
        upper.addWidget(self.view, 1)
        upper.addWidget(self.bar)
        self._layout = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addLayout(upper)
        self._layout.addWidget(self.slice)
        self._arrange()

    @property
    def is_wide(self) -> bool:
        """Whether the slice is beside the view, not under it."""
        return is_wide(self.width(), self.height())

    def _arrange(self) -> None:
        wide = self.is_wide
        direction = QBoxLayout.Direction
        self._layout.setDirection(direction.LeftToRight if wide else direction.TopToBottom)
        self._layout.setSpacing(2 * GAP if wide else GAP)
        for place, stretch in enumerate(BESIDE if wide else UNDER):
            self._layout.setStretch(place, stretch)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


class WholeBox(QWidget):
    """The whole snapshot and the colours of its gas."""

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = OverviewView()
        self.bar = ColorBar(document, theme)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.bar)
