"""The face in which everything is written, in the window and on pictures."""

from __future__ import annotations

from contextlib import suppress

from PySide6.QtGui import QFontDatabase

from core.errors import ShellsightError
from core.resources import resources_path

# Clean faces that are common on Linux, macOS and Windows, best first.
FAMILIES = (
    "Inter",
    "Inter Variable",
    "SF Pro Text",
    "Segoe UI",
    "Noto Sans",
    "Cantarell",
    "Ubuntu",
    "Roboto",
    "Source Sans 3",
    "Liberation Sans",
    "Helvetica Neue",
    "DejaVu Sans Condensed",
    "DejaVu Sans",
)


def interface_family() -> str:
    """Choose the interface font: bundled, installed, or the system's own.

    Returns
    -------
    str
        Its family; a Qt application must exist.
    """
    with suppress(ShellsightError):  # an incomplete installation still gets a window
        for path in sorted((resources_path() / "fonts").glob("*.[ot]tf")):
            QFontDatabase.addApplicationFont(str(path))
    installed = set(QFontDatabase.families())
    for family in FAMILIES:
        if family in installed:
            return family
    return QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()
