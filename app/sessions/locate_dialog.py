"""Asking where the files of a session are that have moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.panels.parts import ElidedLabel
from app.sessions.fingerprints import FileEntry, find_all
from app.settings import Settings

NOT_FOUND = "not found"


@dataclass(frozen=True)
class Wanted:
    """A file that a session needs.

    Parameters
    ----------
    entry : FileEntry
        The file.
    what : str
        What it is to the session, for people.
    needed : bool
        Whether the session cannot be opened without it.
    """

    entry: FileEntry
    what: str
    needed: bool = False


class LocateDialog(QDialog):
    """Lists the files that were not found; each can be located.

    Parameters
    ----------
    title : str
        Name of the session.
    wanted : sequence of Wanted
        Every file of the session.
    folder : Path or None
        The session's folder.
    settings : Settings
        Knows the folder to start in.
    parent : QWidget, optional
        The window.

    Signals
    -------
    located(dict)
        Where the files are, by their old paths; those that are done without
        are missing.
    """

    located = Signal(dict)

    def __init__(
        self,
        title: str,
        wanted: Sequence[Wanted],
        folder: Path | None,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Locate files")
        self.setMinimumWidth(620)
        self._wanted, self._folder, self._settings = tuple(wanted), folder, settings
        self._moved: dict[str, Path] = {}
        self.found = self._find()
        self._rows = [item for item in self._wanted if item.entry.path not in self.found]
        count = len(self._rows)
        heading = QLabel(f"<b>{title}</b> names {_files(count)} that cannot be found.")
        hint = QLabel(
            "Locate one, and the others are looked for beside it."
            if count > 1
            else "It may have been moved or renamed, or its disk is not connected."
        )
        hint.setObjectName("secondary")
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        self._places: list[ElidedLabel] = []
        self.buttons: list[QPushButton] = []
        for row, item in enumerate(self._rows):
            grid.addWidget(QLabel(item.what), row, 0)
            place = ElidedLabel("", Qt.TextElideMode.ElideMiddle)
            self._places.append(place)
            grid.addWidget(place, row, 1)
            button = QPushButton("Locate…")
            button.setToolTip(f"Choose where {item.entry.name} is now")
            button.setAccessibleName(f"Locate {item.entry.name}")
            button.clicked.connect(lambda _=False, item=item: self.choose(item))
            self.buttons.append(button)
            grid.addWidget(button, row, 2)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.open_button = box.addButton("Open", QDialogButtonBox.ButtonRole.AcceptRole)
        self.open_button.setDefault(True)
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        box.button(QDialogButtonBox.StandardButton.Cancel).setToolTip("Open nothing")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 14)
        layout.setSpacing(12)
        layout.addWidget(heading)
        layout.addWidget(hint)
        layout.addLayout(grid)
        layout.addWidget(box)
        self.accepted.connect(lambda: self.located.emit(self.found))
        self._show()

    def _find(self) -> dict[str, Path]:
        return find_all((item.entry for item in self._wanted), self._folder, self._moved)

    def choose(self, item: Wanted) -> None:
        """Ask where a file is now."""
        title, start = f"Where is {item.entry.name}?", str(self._settings.folder)
        if item.entry.folder:
            chosen = QFileDialog.getExistingDirectory(self, title, start)
        else:
            chosen, _ = QFileDialog.getOpenFileName(self, title, start, "All files (*)")
        if chosen:
            self._settings.folder = Path(chosen).parent
            self.locate(item, Path(chosen))

    def locate(self, item: Wanted, path: Path) -> None:
        """Take a file from another place, and look beside it for the others."""
        self._moved[item.entry.path] = path
        self.found = self._find()
        self._show()

    def _show(self) -> None:
        for item, label, button in zip(self._rows, self._places, self.buttons, strict=True):
            place = self.found.get(item.entry.path)
            text = str(place) if place is not None else f"{item.entry.path} – {NOT_FOUND}"
            label.set_full_text(text)
            label.setToolTip(text)
            button.setText("Change…" if place is not None else "Locate…")
        missing = [item for item in self._rows if item.entry.path not in self.found]
        blocked = any(item.needed for item in missing)
        self.open_button.setEnabled(not blocked)
        self.open_button.setText("Open Without" if missing and not blocked else "Open")
        self.open_button.setToolTip(
            "Locate what the session shows first"
            if blocked
            else "Open the session without what was not found"
            if missing
            else "Open the session"
        )


def _files(count: int) -> str:
    return "a file" if count == 1 else f"{count} files"
