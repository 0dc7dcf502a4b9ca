"""The preferences: asked of the user, put into effect, and kept."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.document import Document
from app.panels.forecast import ForecastPanel
from app.preferences import preferences
from app.preferences.preferences import Preferences
from app.preferences.preferences_dialog import PreferencesDialog
from app.settings import Settings
from app.theme import Theme


class Housekeeping(QObject):
    """Puts preferences into effect, at the start and whenever they change.

    Parameters
    ----------
    window : QWidget
        Parent of the dialog.
    document : Document
        Knows in what unit densities are shown.
    settings : Settings
        Keeps the preferences.
    theme : Theme
        Dresses the window.

    Signals
    -------
    changed(Preferences)
        The user prefers something else now.
    threads_changed()
        Forecasts take another number of threads.
    """

    changed = Signal(object)
    threads_changed = Signal()

    def __init__(
        self, window: QWidget, document: Document, settings: Settings, theme: Theme
    ) -> None:
        super().__init__(window)
        self._window, self._document = window, document
        self._settings, self._theme = settings, theme
        self._panel: ForecastPanel | None = None
        self._use(settings.preferences)

    def commands(self) -> dict[str, Callable[..., object]]:
        """Return what each command does, by its key."""
        return {"preferences": self.show_dialog}

    def enabled(self) -> dict[str, bool]:
        """Return which of them make sense now: always all."""
        return {}

    def choose_model_in(self, panel: ForecastPanel) -> None:
        """Let the panel begin with the model that is preferred."""
        self._panel = panel
        panel.prefer(self._settings.preferences.network)

    def show_dialog(self) -> None:
        """Ask what the user prefers."""
        models = self._panel.models if self._panel is not None else ()
        dialog = PreferencesDialog(self._settings.preferences, models, self._window)
        dialog.changed.connect(self.prefer)
        dialog.open()

    def prefer(self, preferred: Preferences) -> None:
        """Put preferences into effect, and keep them."""
        before = self._settings.preferences
        self._settings.preferences = preferred
        self._use(preferred)
        if self._panel is not None and preferred.network != before.network:
            self._panel.prefer(preferred.network)
        if preferred.threads != before.threads:
            self.threads_changed.emit()
        self.changed.emit(preferred)

    def _use(self, preferred: Preferences) -> None:
        preferences.use_cache(preferred.cache_mb)
        preferences.use_threads(preferred.threads)
        self._document.show_density_in(preferred.density_unit)
        if preferred.theme != self._theme.choice:
            self._theme.apply(preferred.theme)
