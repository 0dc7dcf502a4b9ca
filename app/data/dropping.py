"""Files dragged onto the window, wherever they are let go."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from app.panels.drop import DropVeil
from app.theme import Theme


class Dropping(QObject):
    """Takes files that are dropped on a window.

    Parameters
    ----------
    window : QWidget
        The window; none of its parts takes anything dropped on it by itself.
    theme : Theme
        Colours.

    Signals
    -------
    dropped(list of Path)
        Files were let go.
    hovered(str)
        What letting go would do; "" when nothing is dragged any more.
    """

    dropped = Signal(object)
    hovered = Signal(str)

    def __init__(self, window: QWidget, theme: Theme) -> None:
        super().__init__(window)
        self.veil = DropVeil(theme, window)
        window.setAcceptDrops(True)
        for part in window.findChildren(QWidget):
            # A line edit would take the name of the file for text.
            part.setAcceptDrops(False)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QDragEnterEvent):
            paths = _paths(event.mimeData())
            if paths:
                event.acceptProposedAction()
                self._say("Drop to open" if len(paths) == 1 else f"Drop to open {len(paths)} files")
            return True
        if event.type() == QEvent.Type.DragLeave:
            self._say("")
            return True
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            self._say("")
            paths = _paths(event.mimeData())
            if paths:
                event.acceptProposedAction()
                # Only after the drop is over: the program dragged from waits for it.
                QTimer.singleShot(0, self, lambda: self.dropped.emit(paths))
            return True
        return False

    def _say(self, text: str) -> None:
        self.veil.say(text)
        self.hovered.emit(text)


def _paths(mime: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
