"""Where to begin, while nothing is open."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


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
            "SWIFT, Gadget, AREPO, GIZMO, Athena++, RAMSES, The Well, 3D-MIM, VTK and NumPy files"
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
