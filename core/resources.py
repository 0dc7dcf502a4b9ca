"""Where the files that ship with Shellsight are: icons, the sample, the weights."""

from __future__ import annotations

from pathlib import Path

from core.errors import ShellsightError

_PACKAGE = Path(__file__).resolve().parent


def resources_path() -> Path:
    """Folder of the shipped files, in an installed package or a source tree.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ShellsightError
        If the installation is incomplete.
    """
    # A wheel carries them inside the package, a source tree beside it.
    for folder in (_PACKAGE / "_resources", _PACKAGE.parent / "resources"):
        if folder.is_dir():
            return folder
    raise ShellsightError(
        f"The files that ship with Shellsight are missing beside {_PACKAGE}; install it again."
    )


def models_path() -> Path:
    """Folder of the trained weights and their model cards.

    Returns
    -------
    Path
        The folder.
    """
    return resources_path() / "models"


def icon_path(name: str = "shellsight") -> Path:
    """Path of a shipped icon.

    Parameters
    ----------
    name : str
        The icon's name, without ``.svg``.

    Returns
    -------
    Path
        The file.
    """
    return resources_path() / "icons" / f"{name}.svg"


def sample_path() -> Path:
    """Path of the shipped sample: a simulated supernova with its control.

    Returns
    -------
    Path
        The file, in the native format.

    Raises
    ------
    ShellsightError
        If the installation is incomplete.
    """
    folder = resources_path() / "sample"
    samples = sorted(folder.glob("*.shell.h5"))
    if not samples:
        raise ShellsightError(f"There is no sample in {folder}; install Shellsight again.")
    return samples[0]
