"""Which plots go into a figure, and how wide it is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from app.exports.figure_export import COLUMN_MM, PAGE_MM, RADIUS, WHAT, title

WIDTHS = ((COLUMN_MM, "One column"), (PAGE_MM, "Page"))


class FigureDialog(QDialog):
    """Asks for plots and a width.

    Parameters
    ----------
    drawable : sequence of str
        The plots there are data for, keys of `app.exports.figure_export.WHAT`.
    shown : str
        The plot of the comparison that is shown: chosen at first, with the radius.
    parent : QWidget, optional
        The window.

    Signals
    -------
    chosen(tuple, float)
        The plots, and the width in mm.
    """

    chosen = Signal(object, float)

    def __init__(self, drawable: Sequence[str], shown: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export the Plots")
        self.boxes: dict[str, QCheckBox] = {}
        plots = QVBoxLayout()
        plots.setSpacing(6)
        for key in WHAT:
            box = QCheckBox(title(key))
            box.setEnabled(key in drawable)
            box.setChecked(key in drawable and key in (RADIUS, shown))
            box.setToolTip(
                "Draw this plot" if key in drawable else "There is nothing to draw for it yet"
            )
            box.setAccessibleName(f"Draw: {title(key)}")
            box.toggled.connect(self._check)
            self.boxes[key] = box
            plots.addWidget(box)
        self.width_choice = QComboBox()
        for width, name in WIDTHS:
            self.width_choice.addItem(f"{name}, {width:g} mm", width)
        self.width_choice.setToolTip("How wide the figure is on paper; a PNG has 300 dpi")
        self.width_choice.setAccessibleName("Width of the figure")
        note = QLabel("Light background and no serifs, with labelled axes: made for a paper.")
        note.setObjectName("secondary")
        note.setWordWrap(True)
        buttons = QDialogButtonBox()
        self.save_button = buttons.addButton("Save…", QDialogButtonBox.ButtonRole.AcceptRole)
        self.save_button.setToolTip("Choose a name: .png, .svg or .pdf")
        self.save_button.setDefault(True)
        cancel = buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        cancel.setToolTip("Export nothing")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(12)
        form.addRow("Plots", plots)
        form.addRow("Width", self.width_choice)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(14)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addWidget(buttons)
        self.setMinimumWidth(340)
        self._check()

    @property
    def what(self) -> tuple[str, ...]:
        """The plots chosen."""
        return tuple(key for key, box in self.boxes.items() if box.isChecked())

    def _check(self) -> None:
        self.save_button.setEnabled(bool(self.what))

    def accept(self) -> None:
        """Tell what was chosen."""
        if self.what:
            super().accept()
            self.chosen.emit(self.what, float(self.width_choice.currentData()))
