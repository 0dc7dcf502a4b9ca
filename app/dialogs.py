"""The few dialogs: units, keys, about, and the details of an error."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.actions import COMMANDS, MOUSE, key_text
from app.notifications import Notice
from app.opening import UnitsClue
from core.units import UnitSystem

UNITS = {
    "length": ("pc", "kpc", "Mpc", "cm", "m", "km"),
    "mass": ("Msun", "1e10 Msun", "g", "kg"),
    "velocity": ("km/s", "pc/Myr", "cm/s", "m/s"),
    "time": ("", "Myr", "Gyr", "kyr", "yr", "s"),
}
"""What the units dialog offers; time only where a file counts it by itself."""

PACKAGES = (
    "numpy",
    "scipy",
    "h5py",
    "torch",
    "PySide6-Essentials",
    "vtk",
    "pyvista",
    "pyvistaqt",
    "pyqtgraph",
)


class UnitsDialog(QDialog):
    """Asks for the units of a file that states none, and says what each choice means.

    Signals
    -------
    chosen(UnitSystem)
        The user accepted.
    """

    chosen = Signal(object)

    def __init__(self, clue: UnitsClue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clue = clue
        self.setWindowTitle("Units of the file")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setMinimumWidth(460)
        intro = QLabel(
            f"<b>{clue.path.name}</b> does not state its units of {', '.join(clue.missing)}. "
            "Choose them; nothing is opened before you do."
        )
        intro.setWordWrap(True)
        offered = dict(part.split("=", 1) for part in clue.offer.split(",") if "=" in part)
        self.combos = {
            name: self._combo(name, units, offered.get(name, ""))
            for name, units in UNITS.items()
            if name != "time" or "time" in clue.missing
        }
        detail = QLabel(clue.detail)
        detail.setObjectName("secondary")
        detail.setWordWrap(True)
        detail.setVisible(bool(clue.detail))
        self.consequence = QLabel("")
        self.consequence.setObjectName("consequence")
        self.consequence.setWordWrap(True)
        self.consequence.setToolTip("What the numbers in the file mean in these units")
        form = QFormLayout()
        for name, combo in self.combos.items():
            form.addRow(name.capitalize(), combo)
        form.addRow("That makes", self.consequence)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 14)
        layout.setSpacing(14)
        layout.addWidget(intro)
        layout.addWidget(detail)
        layout.addLayout(form)
        layout.addWidget(buttons)
        for combo in self.combos.values():
            combo.currentIndexChanged.connect(self._explain)
        self._explain()

    def _combo(self, name: str, units: tuple[str, ...], offered: str) -> QComboBox:
        combo = QComboBox()
        for unit in units:
            combo.addItem(unit or "follows from length and velocity", unit)
        if offered:
            if combo.findData(offered) < 0:
                combo.insertItem(0, offered, offered)
            combo.setCurrentIndex(combo.findData(offered))
        combo.setToolTip(f"The file's unit of {name}")
        combo.setAccessibleName(name.capitalize())
        return combo

    @property
    def units(self) -> UnitSystem:
        """The units chosen."""
        chosen = {name: combo.currentData() for name, combo in self.combos.items()}
        return UnitSystem.parse(",".join(f"{name}={unit}" for name, unit in chosen.items() if unit))

    def _explain(self) -> None:
        self.consequence.setText(self._clue.consequence(self.units))

    def accept(self) -> None:
        super().accept()
        self.chosen.emit(self.units)


class KeysDialog(QDialog):
    """All keys on one sheet, from the table of commands."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(5)
        entries = [
            (key_text(c.shortcut), c.text.rstrip("…"), c.tip) for c in COMMANDS if c.shortcut
        ]
        entries += [(keys, what, "") for keys, what in MOUSE]
        half = (len(entries) + 1) // 2
        for index, (keys, what, tip) in enumerate(entries):
            row, column = index % half, 2 * (index // half)
            key = QLabel(f"<b>{keys}</b>")
            label = QLabel(what)
            label.setToolTip(tip)
            key.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(key, row, column)
            grid.addWidget(label, row, column + 1)
        _finish(self, grid)


class AboutDialog(QDialog):
    """Versions of everything that matters, ready to copy into a report."""

    def __init__(self, graphics: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Shellsight")
        self.setMinimumSize(460, 380)
        heading = QLabel(f"Shellsight {package_version('shellsight')}")
        heading.setObjectName("hero")
        what = QLabel(
            "Forecasts the shells that supernovae blow into turbulent gas, and shows them in 3D."
        )
        what.setWordWrap(True)
        self.text = QPlainTextEdit(versions(graphics))
        self.text.setReadOnly(True)
        layout = QVBoxLayout()
        for widget in (heading, what, self.text):
            layout.addWidget(widget)
        _finish(self, layout, copy=self.text)


class DetailsDialog(QDialog):
    """The whole story of an error."""

    def __init__(self, notice: Notice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Details")
        self.setMinimumSize(680, 380)
        summary = QLabel(notice.text)
        summary.setWordWrap(True)
        self.text = QPlainTextEdit(notice.details)
        self.text.setReadOnly(True)
        layout = QVBoxLayout()
        layout.addWidget(summary)
        layout.addWidget(self.text)
        _finish(self, layout, copy=self.text)


def _finish(
    dialog: QDialog, content: QVBoxLayout | QGridLayout, copy: QPlainTextEdit | None = None
) -> None:
    """Put the content and the buttons into a dialog that deletes itself."""
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    if copy is not None:
        button = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        button.setToolTip("Put this text on the clipboard")
        button.clicked.connect(lambda: QGuiApplication.clipboard().setText(copy.toPlainText()))
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(20, 18, 20, 14)
    layout.setSpacing(14)
    layout.addLayout(content)
    layout.addWidget(buttons)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)


def package_version(name: str) -> str:
    """Return the version of an installed package, or a dash."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "–"


def versions(graphics: str) -> str:
    """Return the versions that matter for a report, one a line."""
    lines = [f"Python {sys.version.split()[0]}, {platform.platform()}"]
    lines += [f"{name} {package_version(name)}" for name in PACKAGES]
    return "\n".join([*lines, f"Graphics: {graphics}"])


def graphics_info() -> str:
    """Return what draws: the renderer and version OpenGL reports."""
    context, surface = QOpenGLContext(), QOffscreenSurface()
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        return "no OpenGL"
    functions = context.functions()
    texts = [functions.glGetString(name) for name in (0x1F01, 0x1F02)]  # renderer, version
    context.doneCurrent()
    return ", ".join(str(text) for text in texts if text)
