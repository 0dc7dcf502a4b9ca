"""The Edit menu: undo and redo."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from app.actions import Actions
from app.document import Document
from app.history import History
from app.notifications import Notifications
from core.errors import ShellsightError

RELEASE_MS = 40
"""How often the mouse is looked at while it is held; nothing is, otherwise."""


class Editing(QObject):
    """Undoes edits of the document, and says in the menu what they are.

    Parameters
    ----------
    document : Document
        What is edited.
    notifications : Notifications
        Where errors arrive.
    parent : QObject, optional
        The window.
    """

    def __init__(
        self, document: Document, notifications: Notifications, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.history = History(document, mouse_is_held)
        self._notifications = notifications
        self._actions: Actions | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(RELEASE_MS)
        self._timer.timeout.connect(self._look_at_mouse)
        self.history.on_change(self._on_change)

    def commands(self) -> dict[str, Callable[..., object]]:
        """Return what each command of the menu does, by its key."""
        return {"undo": self.undo, "redo": self.redo}

    def enabled(self) -> dict[str, bool]:
        """Return which of them make sense now."""
        return {"undo": bool(self.history.undo_text), "redo": bool(self.history.redo_text)}

    def name_in(self, actions: Actions) -> None:
        """Say in the texts of the commands what they undo, from now on."""
        self._actions = actions
        self._on_change()

    def stop(self) -> None:
        """Stop looking at the mouse."""
        self._timer.stop()

    def undo(self) -> None:
        """Take back the last edit."""
        self._try(self.history.undo)

    def redo(self) -> None:
        """Do again what was undone."""
        self._try(self.history.redo)

    def _try(self, step: Callable[[], str]) -> None:
        try:
            step()
        except ShellsightError as error:
            self._notifications.error(error)

    def _on_change(self) -> None:
        if mouse_is_held():
            self._timer.start()
        if self._actions is None:
            return
        for key, word, what in (
            ("undo", "Undo", self.history.undo_text),
            ("redo", "Redo", self.history.redo_text),
        ):
            action = self._actions[key]
            action.setText(f"{word} {what}".rstrip())
            action.setEnabled(bool(what))

    def _look_at_mouse(self) -> None:
        if not mouse_is_held():
            self._timer.stop()
            self.history.release()


def mouse_is_held() -> bool:
    """Whether a button of the mouse is down."""
    if not isinstance(QGuiApplication.instance(), QApplication):
        return False
    return QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton
