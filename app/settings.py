"""What the program remembers between runs: recent files, geometry, preferences."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from app.colors import ThemeChoice
from app.preferences import preferences
from app.preferences.preferences import Preferences

MAX_RECENT = 10


class Settings:
    """Typed access to the user's settings.

    Parameters
    ----------
    store : QSettings, optional
        Where they are kept; by default the user's own.
    """

    def __init__(self, store: QSettings | None = None) -> None:
        self._store = store if store is not None else QSettings("Shellsight", "Shellsight")

    @property
    def recent_files(self) -> list[Path]:
        """Files and directories opened lately, the last one first."""
        value = self._store.value("recent", [])
        # A list of one comes back as a plain text.
        items = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        return [Path(item) for item in items if isinstance(item, str) and item]

    def add_recent(self, path: Path) -> None:
        """Put a file at the head of the recent files."""
        path = Path(path).absolute()
        others = [item for item in self.recent_files if item != path]
        self._store.setValue("recent", [str(item) for item in [path, *others][:MAX_RECENT]])

    def forget_recent(self, path: Path | None = None) -> None:
        """Drop one recent file, or all."""
        kept = [item for item in self.recent_files if path is not None and item != path]
        self._store.setValue("recent", [str(item) for item in kept])

    @property
    def preferences(self) -> Preferences:
        """What the user prefers."""
        names = (field.name for field in fields(Preferences))
        return preferences.read({name: self._store.value(_key(name)) for name in names})

    @preferences.setter
    def preferences(self, preferred: Preferences) -> None:
        for name, value in asdict(preferred).items():
            self._store.setValue(_key(name), value)

    @property
    def theme(self) -> ThemeChoice:
        """The theme chosen last."""
        return self.preferences.theme

    @property
    def folder(self) -> Path:
        """Where the file dialogs start."""
        value = self._store.value("folder", "")
        path = Path(value) if isinstance(value, str) and value else Path.home()
        return path if path.is_dir() else Path.home()

    @folder.setter
    def folder(self, path: Path) -> None:
        self._store.setValue("folder", str(path))

    @property
    def simulations(self) -> Path | None:
        """The folder the last new supernova was saved in; None before the first."""
        value = self._store.value("simulations", "")
        return Path(value) if isinstance(value, str) and value else None

    @simulations.setter
    def simulations(self, path: Path) -> None:
        self._store.setValue("simulations", str(path))

    @property
    def open_folds(self) -> tuple[str, ...]:
        """Names of the sections of the panels that were open when the window closed."""
        names = self.recall("folds").get("open")
        return tuple(n for n in names if isinstance(n, str)) if isinstance(names, list) else ()

    @open_folds.setter
    def open_folds(self, names: tuple[str, ...]) -> None:
        self.remember("folds", {"open": list(names)})

    def recall(self, name: str) -> dict[str, Any]:
        """Return values remembered under a name; none if there are none, or they are damaged."""
        try:
            values = json.loads(str(self._store.value(f"remembered/{name}", "{}")))
        except ValueError:
            return {}
        return values if isinstance(values, dict) else {}

    def remember(self, name: str, values: Mapping[str, Any]) -> None:
        """Keep JSON-friendly values under a name."""
        self._store.setValue(f"remembered/{name}", json.dumps(dict(values)))

    def geometry(self, name: str) -> QByteArray | None:
        """Return a stored geometry or dock state, or None."""
        value = self._store.value(f"window/{name}")
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    def set_geometry(self, name: str, state: QByteArray) -> None:
        """Store a geometry or dock state."""
        self._store.setValue(f"window/{name}", state)

    def sync(self) -> None:
        """Write to disk now."""
        self._store.sync()


def _key(name: str) -> str:
    """Return where a preference is kept; the theme stays where it always was."""
    return "theme" if name == "theme" else f"preferences/{name}"
