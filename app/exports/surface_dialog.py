"""Which shells are written as surfaces, of which frames, and in which format."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from app.exports.surfaces import SURFACE_FORMATS
from app.figures import Role
from app.form_parts import combo

NAMES: dict[Role, str] = {"truth": "Truth", "forecast": "Forecast"}


class SurfaceDialog(QDialog):
    """Asks for an evolution, frames and a format.

    Parameters
    ----------
    shells : Mapping of {"truth", "forecast"} to (float, int)
        Of each evolution whose shell is known: the level that is written, as
        shown, and the frames there are.
    parent : QWidget, optional
        The window.

    Signals
    -------
    chosen(str, bool, str)
        Role, whether all frames, and the suffix of the format.
    """

    chosen = Signal(str, bool, str)

    def __init__(
        self, shells: Mapping[Role, tuple[float, int]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export Surfaces")
        self._shells = dict(shells)
        self.role = combo(
            [(role, NAMES[role]) for role in shells], "Shell of", "Whose shell is written"
        )
        self.frames = combo(
            [(False, "The frame shown"), (True, "")],
            "Frames",
            "The frame shown, or a numbered file for every frame that has a shell",
        )
        self.format = combo(
            SURFACE_FORMATS, "Format", "PLY and VTP say where they come from; STL is for printers"
        )
        self.note = QLabel()
        self.note.setObjectName("secondary")
        self.note.setWordWrap(True)
        buttons = QDialogButtonBox()
        self.export = buttons.addButton("Export…", QDialogButtonBox.ButtonRole.AcceptRole)
        self.export.setToolTip("Choose a name")
        self.export.setDefault(True)
        cancel = buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        cancel.setToolTip("Export nothing")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        form.addRow("Shell of", self.role)
        form.addRow("Frames", self.frames)
        form.addRow("Format", self.format)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(self.note)
        layout.addWidget(buttons)
        self.setMinimumWidth(380)
        self.role.currentIndexChanged.connect(lambda _: self._describe())
        self._describe()

    def _describe(self) -> None:
        """Say what will be written of the evolution that is chosen."""
        level, n_frames = self._shells[self.role.currentData()]
        self.frames.setItemText(1, f"All {n_frames} frames, one file each")
        self.note.setText(
            f"The surface where the density is {level:g} of what it would be without the "
            "explosion: triangles in pc, in the coordinates of the snapshot."
        )

    def accept(self) -> None:
        """Tell what was chosen."""
        super().accept()
        self.chosen.emit(
            self.role.currentData(), self.frames.currentData(), self.format.currentData()
        )
