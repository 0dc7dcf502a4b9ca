"""What is open is written down now and then, so that a crash loses nothing.

Every window has a file of its own in the user's state directory, and a lock
beside it that ends with the program, however it ends. A file without a living
lock is what a crash has left behind.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import platformdirs
from PySide6.QtCore import QLockFile

from app.sessions.session import SUFFIX, ReadSession, read_session
from core.errors import ShellsightError
from core.writers.atomic import replacing

_counter = itertools.count()


def autosave_folder() -> Path:
    """Return where windows write down what they have open."""
    return Path(platformdirs.user_state_dir("shellsight", appauthor=False)) / "open"


class Autosave:
    """The file of one window, and those that crashes have left.

    Parameters
    ----------
    folder : Path, optional
        Where the files are; by default `autosave_folder`.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder if folder is not None else autosave_folder()
        self._path = self._folder / f"{os.getpid()}-{next(_counter)}{SUFFIX}"
        self._lock: QLockFile | None = None
        self._claimed: dict[Path, QLockFile] = {}

    @property
    def path(self) -> Path:
        """The window's own file."""
        return self._path

    def write(self, text: str) -> None:
        """Write a session down; callable from a worker, one at a time.

        Parameters
        ----------
        text : str
            As `session_json` gives it.

        Raises
        ------
        InvalidRequest
            If it cannot be written.
        """
        if self._lock is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(self._path)
            # Somebody else's, of a machine that shares the directory and has the same number.
            while not self._lock.tryLock(0):
                self._path = self._folder / f"{os.getpid()}-{next(_counter)}{SUFFIX}"
                self._lock = _lock(self._path)
        with replacing(self._path) as partial:
            partial.write_text(text, encoding="utf-8")

    def clear(self) -> None:
        """Forget what was written down: nothing is open any more."""
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """End cleanly: nothing is left behind, and what a crash had left is gone too."""
        self.clear()
        for path in self._claimed:
            path.unlink(missing_ok=True)
        for lock in (*self._claimed.values(), self._lock):
            if lock is not None:
                lock.unlock()
        self._claimed, self._lock = {}, None

    def claim(self) -> Path | None:
        """Take charge of what a crash has left; no other window offers it meanwhile.

        Returns
        -------
        Path or None
            The latest that can be read, or None. Should this window crash
            too, all of it is offered again.
        """
        found: list[tuple[float, Path]] = []
        try:
            paths = sorted(self._folder.glob(f"*{SUFFIX}"))
        except OSError:
            return None
        for path in paths:
            if path == self._path or path in self._claimed:
                continue
            lock = _lock(path)
            if not lock.tryLock(0):
                continue
            try:
                found.append((path.stat().st_mtime, path))
            except OSError:  # its window has just ended cleanly
                lock.unlock()
                continue
            self._claimed[path] = lock
        for _, path in sorted(found, reverse=True):
            if _content(path) is not None:
                return path
        return None

    def release(self, path: Path) -> None:
        """Forget one of those that a crash has left: it is open again."""
        path.unlink(missing_ok=True)
        lock = self._claimed.pop(path, None)
        if lock is not None:
            lock.unlock()


def _lock(path: Path) -> QLockFile:
    lock = QLockFile(f"{path}.lock")
    # Never by age: only the death of its program makes a lock stale.
    lock.setStaleLockTime(0)
    return lock


def _content(path: Path) -> ReadSession | None:
    try:
        return read_session(path)
    except ShellsightError:
        return None
