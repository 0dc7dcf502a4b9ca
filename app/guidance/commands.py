"""The commands that help: guide, command palette, keys on one sheet, about."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.actions import COMMANDS, Actions, key_text
from app.document import Document
from app.guidance.dialogs import AboutDialog, graphics_info
from app.guidance.guide_dialog import GuideDialog
from app.guidance.keys_dialog import KeysDialog
from app.guidance.palette import Entry, Palette
from app.guidance.search import why_not
from app.panels.forecast import ForecastPanel
from app.settings import Settings
from app.theme import Theme

KEPT = 5
"""Commands given last, which the palette lists first."""


class Guidance(QObject):
    """Finds commands, shows keys and versions.

    Parameters
    ----------
    window : QWidget
        Parent of the dialogs.
    document : Document
        Says why a command cannot be given.
    settings : Settings
        Recent files.
    theme : Theme
        Colours.
    """

    def __init__(
        self, window: QWidget, document: Document, settings: Settings, theme: Theme
    ) -> None:
        super().__init__(window)
        self._window, self._document = window, document
        self._settings, self._theme = settings, theme
        self._actions: Actions | None = None
        self._open: Callable[[Path], object] | None = None
        self._panel: ForecastPanel | None = None
        self._given: list[str] = []
        self._guide: GuideDialog | None = None

    def offer(
        self, actions: Actions, open_path: Callable[[Path], object], panel: ForecastPanel
    ) -> None:
        """Say what the palette has to offer besides help.

        Parameters
        ----------
        actions : Actions
            The commands.
        open_path : callable
            Opens a recent file.
        panel : ForecastPanel
            Lists the models.
        """
        self._actions, self._open, self._panel = actions, open_path, panel

    def commands(self) -> dict[str, Callable[..., object]]:
        """Return what each command does, by its key."""
        return {
            "guide": self.show_guide,
            "palette": self.show_palette,
            "keys": lambda: KeysDialog(self._window).open(),
            "about": lambda: AboutDialog(graphics_info(), self._window).open(),
        }

    def enabled(self) -> dict[str, bool]:
        """Return which of them make sense now: always all."""
        return {}

    def show_palette(self) -> None:
        """Show everything there is to do."""
        Palette(self.entries(), self._theme, self._window).open()

    def show_guide(self) -> None:
        """Show the guide, at the place where it was left."""
        if self._guide is None:
            self._guide = GuideDialog(self._window)
        self._guide.show()
        self._guide.raise_()
        self._guide.activateWindow()

    def entries(self) -> list[Entry]:
        """Return all there is to do now: commands, the last ones first, files, models."""
        return [*self._commands(), *self._files(), *self._models()]

    def _commands(self) -> list[Entry]:
        actions = self._actions
        if actions is None:
            return []
        known = {c.key: c for c in COMMANDS if c.key and c.key != "palette"}
        order = [*self._given, *(key for key in known if key not in self._given)]
        entries = []
        for key in order:
            command, action = known[key], actions[key]
            entries.append(
                Entry(
                    action.text().replace("&", "").rstrip("…"),
                    command.menu,
                    partial(self._give, key),
                    key_text(command.shortcut) if command.shortcut else "",
                    action.icon(),
                    action.isEnabled(),
                    "" if action.isEnabled() else why_not(key, self._document),
                    action.isCheckable() and action.isChecked(),
                )
            )
        return entries

    def _give(self, key: str) -> None:
        if key in self._given:
            self._given.remove(key)
        self._given = [key, *self._given][:KEPT]
        if self._actions is not None:
            self._actions[key].trigger()

    def _files(self) -> list[Entry]:
        entries = []
        for path in self._settings.recent_files:
            if self._open is None or not path.exists():
                continue
            icon = self._theme.icon("folder" if path.is_dir() else "file")
            run = partial(self._open, path)
            entries.append(Entry(f"Open {path.name}", _short(path.parent), run, "", icon))
        return entries

    def _models(self) -> list[Entry]:
        panel = self._panel
        if panel is None:
            return []
        combo, icon = panel.network, self._theme.icon("sparkle")
        entries = []
        for row in range(combo.count()):
            entries.append(
                Entry(
                    f"Model: {combo.itemText(row)}",
                    "Forecast panel",
                    partial(combo.setCurrentIndex, row),
                    "",
                    icon,
                    combo.isEnabled(),
                    "" if combo.isEnabled() else "A forecast goes on",
                    row == combo.currentIndex(),
                )
            )
        return entries


def _short(folder: Path) -> str:
    """Return a folder, the home directory as a tilde."""
    try:
        return f"~/{folder.relative_to(Path.home())}"
    except ValueError:
        return str(folder)
