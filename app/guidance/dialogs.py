"""The few dialogs that only tell: about, and the details of an error."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from app.notifications import Notice, log_path

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
        self.text = _report(versions(graphics), "Versions")
        layout = QVBoxLayout()
        for widget in (heading, what, self.text):
            layout.addWidget(widget)
        _finish(self, layout, self.text)


class DetailsDialog(QDialog):
    """The whole story of an error."""

    def __init__(self, notice: Notice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Details")
        self.setMinimumSize(680, 380)
        summary = QLabel(notice.text)
        summary.setWordWrap(True)
        self.text = _report(notice.details, "Details")
        layout = QVBoxLayout()
        layout.addWidget(summary)
        layout.addWidget(self.text)
        _finish(self, layout, self.text)


def _report(text: str, name: str) -> QPlainTextEdit:
    edit = QPlainTextEdit(text)
    edit.setReadOnly(True)
    edit.setAccessibleName(name)
    edit.setToolTip("Select and copy, or copy all with the button")
    # Tab leaves the text instead of doing nothing in it.
    edit.setTabChangesFocus(True)
    return edit


def _finish(dialog: QDialog, content: QVBoxLayout, copy: QPlainTextEdit) -> None:
    """Put the content and the buttons into a dialog that deletes itself."""
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.button(QDialogButtonBox.StandardButton.Close).setToolTip("Close (Esc)")
    buttons.rejected.connect(dialog.reject)
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
    return "\n".join([*lines, f"Graphics: {graphics}", f"Log: {log_path()}"])


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
