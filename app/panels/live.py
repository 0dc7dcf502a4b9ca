"""Live mode in the forecast panel: its button, and what it says while it is on."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.panels.parts import ElidedLabel
from app.theme import Theme

LIVE_TIP = (
    "Live: drag the explosion through the cloud, or turn its energy, and the forecast follows (V)"
)
HINT = (
    "Drag the cross in the forecast or in its slice; arrow keys and Page Up and Down move it by "
    "a voxel."
)


class LiveBox(QWidget):
    """Where the explosion is, what is around it, and *Keep* and *Leave*; hidden while off.

    Its `button` is for the panel to place.

    Signals
    -------
    toggled(bool)
        The user wants live mode on or off.
    keep_requested()
        The user wants to keep the forecast that is shown.
    centre_requested()
        The user wants the explosion back in the middle.
    """

    toggled = Signal(bool)
    keep_requested = Signal()
    centre_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.button = QToolButton()
        self.button.setObjectName("live")
        self.button.setCheckable(True)
        self.button.setText("Live")
        self.button.setToolTip(LIVE_TIP)
        self.button.setAccessibleName("Live")
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.button.setMinimumHeight(32)
        theme.dress(self.button, "crosshair")
        self.button.setIconSize(QSize(15, 15))
        self.button.clicked.connect(self.toggled)
        self.site = ElidedLabel("")
        self.site.setToolTip("Place of the explosion, from the middle of the cube")
        self.pace = QLabel("")
        self.pace.setObjectName("secondary")
        self.pace.setToolTip("Forecasts shown in a second while the explosion moves")
        self.note = QLabel("")
        self.note.setObjectName("secondary")
        self.note.setWordWrap(True)
        self.keep = QPushButton("Keep")
        self.keep.setToolTip("Keep this forecast among the forecasts below")
        self.centre = QPushButton("Middle")
        self.centre.setToolTip("Put the explosion back into the middle of the cube")
        self.leave = QPushButton("Leave")
        self.leave.setToolTip("Leave live mode and show what was there before (Esc)")
        for button in (self.keep, self.centre, self.leave):
            button.setAccessibleName(button.text())
        self.keep.clicked.connect(self.keep_requested)
        self.centre.clicked.connect(self.centre_requested)
        self.leave.clicked.connect(lambda: self.toggled.emit(False))
        top = QHBoxLayout()
        top.addWidget(self.site, 1)
        top.addWidget(self.pace)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self.keep, self.centre, self.leave):
            buttons.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 2)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.note)
        layout.addLayout(buttons)
        self.set_on(False)

    def set_on(self, on: bool) -> None:
        """Show whether live mode is on."""
        self.button.setChecked(on)
        self.setVisible(on)
        self.keep.setEnabled(False)
        self.pace.setText("")

    def show_state(self, site: str, around: str, pace: str, *, complete: bool) -> None:
        """Show where the explosion is, and how the forecasts come.

        Parameters
        ----------
        site : str
            The place.
        around : str
            What the gas beyond the cube is taken for.
        pace : str
            How fast forecasts come, or that one is complete.
        complete : bool
            Whether the forecast shown is of full quality, so that it can be kept.
        """
        self.site.set_full_text(site)
        self.note.setText(" ".join(filter(None, (HINT, around))))
        self.pace.setText(pace)
        self.keep.setEnabled(complete)
