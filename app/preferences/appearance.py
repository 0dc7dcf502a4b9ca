"""The commands that dress the window: dark, light, or as the system is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QToolButton

from app.actions import Actions
from app.colors import ThemeChoice
from app.settings import Settings
from app.theme import Theme

CHOICES: tuple[ThemeChoice, ...] = ("dark", "light", "system")


class Appearance(QObject):
    """Changes the theme, and shows which is on.

    Parameters
    ----------
    theme : Theme
        The theme.
    settings : Settings
        Remembers the choice.
    parent : QObject
        The window.
    """

    def __init__(self, theme: Theme, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._theme, self._settings = theme, settings
        self._button: QToolButton | None = None
        self._actions: Actions | None = None
        theme.changed.connect(self._show)

    def commands(self) -> dict[str, Callable[..., object]]:
        """Return what each command does, by its key."""
        return {
            "dark": lambda on: self.choose("dark") if on else None,
            "light": lambda on: self.choose("light") if on else None,
            "system": lambda on: self.choose("system") if on else None,
        }

    def enabled(self) -> dict[str, bool]:
        """Return which of them make sense now: always all."""
        return {}

    def show_in(self, actions: Actions, button: QToolButton) -> None:
        """Show the theme in the menu, and change it with a button."""
        self._actions, self._button = actions, button
        group = QActionGroup(self)
        for choice in CHOICES:
            group.addAction(actions[choice])
        button.clicked.connect(
            lambda: self.choose("light" if self._theme.name == "dark" else "dark")
        )
        self._show()

    def choose(self, choice: ThemeChoice) -> None:
        """Dress the window, and remember how."""
        if choice != self._settings.theme:
            self._settings.preferences = replace(self._settings.preferences, theme=choice)
        if choice != self._theme.choice:
            self._theme.apply(choice)

    def _show(self) -> None:
        if self._actions is None or self._button is None:
            return
        self._actions[self._theme.choice].setChecked(True)
        dark = self._theme.name == "dark"
        self._button.setIcon(self._theme.icon("sun" if dark else "moon"))
        self._button.setToolTip("Light window" if dark else "Dark window")
        self._button.setAccessibleName(self._button.toolTip())
