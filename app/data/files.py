"""Asking the user for files and folders; the last folder is remembered."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from app.settings import Settings

SNAPSHOTS = ";;".join(
    (
        "Snapshots and sessions (*.hdf5 *.h5 *.hdf *.athdf *.npz *.npy *.vti info_*.txt"
        " *.shellsight *.png)",
        "SWIFT, Gadget, AREPO, GIZMO, The Well, Shellsight (*.hdf5 *.h5 *.hdf)",
        "Athena++ (*.athdf)",
        "RAMSES (info_*.txt)",
        "3D-MIM and NumPy arrays (*.npz *.npy)",
        "VTK image data (*.vti)",
        "Sessions (*.shellsight)",
        "Pictures that carry a session (*.png)",
        "All files (*)",
    )
)
TABLES = "Tables (*.csv *.txt *.dat);;All files (*)"


def ask_files(
    parent: QWidget, settings: Settings, title: str, filters: str = SNAPSHOTS
) -> list[Path]:
    """Ask for files to open.

    Parameters
    ----------
    parent : QWidget
        The window.
    settings : Settings
        Knows the folder to start in.
    title : str
        Title of the dialog.
    filters : str
        Kinds of files to choose from, as Qt writes them.

    Returns
    -------
    list of Path
        The files; none if the user changed their mind.
    """
    names, _ = QFileDialog.getOpenFileNames(parent, title, str(settings.folder), filters)
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
    return ask_new_file_and_kind(parent, settings, title, name, pattern)[0]


def ask_new_file_and_kind(
    parent: QWidget, settings: Settings, title: str, name: str, filters: str
) -> tuple[Path | None, str]:
    """Ask where to write a file, and which of several kinds.

    Parameters
    ----------
    parent, settings, title, name
        As for `ask_new_file`.
    filters : str
        The kinds, as Qt writes them.

    Returns
    -------
    path : Path or None
        The file; None if the user changed their mind.
    kind : str
        The filter that was chosen.
    """
    start = str(settings.folder / name)
    chosen, kind = QFileDialog.getSaveFileName(parent, title, start, filters)
    if not chosen:
        return None, ""
    settings.folder = Path(chosen).parent
    return Path(chosen), kind


def ask_name(
    parent: QWidget, settings: Settings, title: str, name: str, suffix: str
) -> Path | None:
    """Ask where to write a file of one format.

    Parameters
    ----------
    parent, settings, title, name
        As for `ask_new_file`.
    suffix : str
        How such files end; added to a name that ends otherwise.

    Returns
    -------
    Path or None
        The file; None if the user changed their mind.
    """
    path = ask_new_file(parent, settings, title, name, f"*{suffix}")
    if path is None or path.suffix.lower() == suffix:
        return path
    return path.with_name(path.name + suffix)
