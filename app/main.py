"""Start the window: ``shellsight [FILE…]``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtWidgets import QApplication

from app.data.source import OpenRequest
from app.notifications import Notifications, start_log
from app.settings import Settings
from app.theme import Theme
from core.units import UnitSystem


def main(
    argv: Sequence[str] | None = None,
    *,
    format: str | None = None,
    units: UnitSystem | None = None,
    trajectory: int = 0,
) -> int:
    """Open the window and stay until it is closed.

    Parameters
    ----------
    argv : sequence of str, optional
        Files or directories to open; by default the arguments of the
        process. With none, the sample is opened and forecast.
    format, units, trajectory
        As for `core.open`.

    Returns
    -------
    int
        The exit code: 0.
    """
    paths = tuple(Path(arg) for arg in (sys.argv[1:] if argv is None else argv))
    request = OpenRequest(paths, format, units, trajectory) if paths else None
    start_log()
    application = QApplication.instance() or QApplication(["shellsight"])
    assert isinstance(application, QApplication)
    application.setApplicationName("Shellsight")
    application.setOrganizationName("Shellsight")
    application.setDesktopFileName("shellsight")
    # Ctrl+C in the terminal ends the program: Qt's loop never returns to Python to be told.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    notifications = Notifications()
    notifications.install()
    settings = Settings()
    # Dressed first, so that nothing is ever drawn in another look.
    theme = Theme(settings.theme)
    theme.apply()
    # Imported late: VTK takes a moment.
    from app.window import Window

    window = Window(settings, theme, notifications)
    window.show()
    QTimer.singleShot(0, window, lambda: window.start(request))
    code = application.exec()
    notifications.uninstall()
    # While Python and Qt are both whole, not in the order the interpreter happens to choose.
    window.deleteLater()
    application.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    return code
