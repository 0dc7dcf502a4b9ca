"""Asking the user for files and folders; the last folder is remembered."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from app.settings import Settings

SNAPSHOTS = "Snapshots (*.hdf5 *.h5 *.hdf);;All files (*)"


def ask_files(parent: QWidget, settings: Settings, title: str) -> list[Path]:
    """Ask for files to open.

    Parameters
    ----------
    parent : QWidget
        The window.
    settings : Settings
        Knows the folder to start in.
    title : str
        Title of the dialog.

    Returns
    -------
    list of Path
        The files; none if the user changed their mind.
    """
    names, _ = QFileDialog.getOpenFileNames(parent, title, str(settings.folder), SNAPSHOTS)
    if names:
        settings.folder = Path(names[0]).parent
    return [Path(name) for name in names]


def ask_folder(parent: QWidget, settings: Settings, title: str) -> list[Path]:
    """Ask for a folder to open; a list with it, or an empty one."""
    name = QFileDialog.getExistingDirectory(parent, title, str(settings.folder))
    if name:
        settings.folder = Path(name).parent
    return [Path(name)] if name else []


def ask_new_file(
    parent: QWidget, settings: Settings, title: str, name: str, pattern: str
) -> Path | None:
    """Ask where to write a file.

    Parameters
    ----------
    parent : QWidget
        The window.
    settings : Settings
        Knows the folder to start in.
    title : str
        Title of the dialog.
    name : str
        A name to begin with.
    pattern : str
        Names of such files, for example ``"*.csv"``.

    Returns
    -------
    Path or None
        The file; None if the user changed their mind.
    """
    start = str(settings.folder / name)
    chosen, _ = QFileDialog.getSaveFileName(parent, title, start, pattern)
    if not chosen:
        return None
    settings.folder = Path(chosen).parent
    return Path(chosen)
