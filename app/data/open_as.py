"""Opening files as a format that the user names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.data import files
from app.data.source import OpenRequest
from app.panels.parts import ElidedLabel
from app.settings import Settings
from core.readers import formats

DETECT = "Detect"


class OpenAsDialog(QDialog):
    """Asks for files or a folder, and for the format to read them as.

    Parameters
    ----------
    settings : Settings
        Knows the folder to start in.
    paths : sequence of Path
        What is to be opened, if that is known already.
    choices : sequence of str
        The formats to choose from; by default all.
    reason : str
        Why the user is asked, or "".
    parent : QWidget, optional
        The window.

    Signals
    -------
    chosen(OpenRequest)
        The user accepted.
    """

    chosen = Signal(object)

    def __init__(
        self,
        settings: Settings,
        paths: Sequence[Path] = (),
        choices: Sequence[str] = (),
        reason: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._paths = tuple(paths)
        self.setWindowTitle("Open as")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setMinimumWidth(500)
        text = QLabel(reason or "The format is told by the content. Name it where that goes wrong.")
        text.setWordWrap(True)
        self.what = ElidedLabel("")
        self.what.setMinimumWidth(180)
        self.file_button = QPushButton("File…")
        self.file_button.setToolTip("Choose one file, or several of one run")
        self.file_button.clicked.connect(self._choose_files)
        self.folder_button = QPushButton("Folder…")
        self.folder_button.setToolTip("Choose a directory with the snapshots of one run")
        self.folder_button.clicked.connect(self._choose_folder)
        self.format = QComboBox()
        self.format.setAccessibleName("Format")
        self.format.setToolTip("How the files are to be read")
        if not choices:
            self.format.addItem(DETECT, None)
        for name in choices or formats():
            self.format.addItem(name, name)
        self.open_button = QPushButton("Open")
        self.open_button.setObjectName("primary")
        self.open_button.setMinimumWidth(96)
        self.open_button.setDefault(True)
        buttons = QDialogButtonBox()
        buttons.addButton(self.open_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.what, 1)
        row.addWidget(self.file_button)
        row.addWidget(self.folder_button)
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(10)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for title, field in (("Open", row), ("Read as", self.format)):
            label = QLabel(title)
            label.setObjectName("formLabel")
            label.setMinimumHeight(self.format.sizeHint().height())
            form.addRow(label, field)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 14)
        layout.setSpacing(14)
        layout.addWidget(text)
        layout.addLayout(form)
        layout.addWidget(buttons)
        self.set_paths(self._paths)

    def set_paths(self, paths: Sequence[Path]) -> None:
        """Say what is to be opened.

        Parameters
        ----------
        paths : sequence of Path
            A file, a directory, or several files of one run.
        """
        self._paths = tuple(paths)
        more = f" and {len(self._paths) - 1} more" if len(self._paths) > 1 else ""
        self.what.set_full_text(f"{self._paths[0].name}{more}" if self._paths else "Nothing yet")
        self.what.setToolTip("\n".join(str(path) for path in self._paths[:20]))
        self.open_button.setEnabled(bool(self._paths))

    def _choose_files(self) -> None:
        if paths := files.ask_files(self, self._settings, "Choose files"):
            self.set_paths(paths)

    def _choose_folder(self) -> None:
        if paths := files.ask_folder(self, self._settings, "Choose a folder"):
            self.set_paths(paths)

    def accept(self) -> None:
        super().accept()
        self.chosen.emit(OpenRequest(self._paths, format=self.format.currentData()))
