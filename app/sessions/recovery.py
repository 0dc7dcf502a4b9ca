"""Writing down what is open now and then, and bringing it back after a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from app.events import SourceChanged
from app.jobs import Job, Reporter
from app.notifications import Remedy, logger
from app.sessions.autosave import Autosave
from app.sessions.commands import Sessions
from app.sessions.session import Session, read_session, session_json
from core.errors import ShellsightError

if TYPE_CHECKING:
    from app.window import Window

SOON_MS = 3000
"""Another file that is open is written down after so long, whatever the interval."""

CRASHED = "Shellsight did not end properly the last time."


class Recovery(QObject):
    """Keeps a copy of what is open, which is gone when the program ends as it should.

    Parameters
    ----------
    window : Window
        The window whose copy it is.
    sessions : Sessions
        Gathers what is open, and brings it back.
    folder : Path, optional
        Where the copies are; by default in the user's state directory.
    """

    def __init__(self, window: Window, sessions: Sessions, folder: Path | None = None) -> None:
        super().__init__(window)
        self._window, self._sessions = window, sessions
        self._autosave = Autosave(folder)
        self._written = ""
        self._orphan: Path | None = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.save)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self.save)
        self.set_interval(window.settings.preferences.autosave_s)
        window.document.subscribe(SourceChanged, lambda _: self._on_source())

    def commands(self) -> dict[str, Callable[..., object]]:
        """Return what each command does, by its key."""
        return {"recover": self.recover}

    def enabled(self) -> dict[str, bool]:
        """Return which of them make sense now."""
        return {"recover": self._orphan is not None}

    # -- writing ---------------------------------------------------------------

    @property
    def path(self) -> Path:
        """Where the copy is."""
        return self._autosave.path

    def set_interval(self, seconds: int) -> None:
        """Write down what is open every so many seconds; 0 never does."""
        self._timer.stop()
        if seconds > 0:
            self._timer.start(1000 * seconds)
        else:
            self._soon.stop()
            self._autosave.clear()
            self._written = ""

    def _on_source(self) -> None:
        if self._timer.isActive():
            self._soon.start()

    def save(self) -> Job | None:
        """Write down what is open, if anything has changed.

        Returns
        -------
        Job or None
            The work, or None if there is nothing to do.
        """
        if self._sessions.is_restoring:
            return None
        if self._window.document.source is None:
            self._autosave.clear()
            self._written = ""
            return None
        session, checksums = self._sessions.gathered(), self._sessions.checksums()
        if session_json(session, written=False) == self._written:
            return None

        def work(reporter: Reporter) -> Session:
            full = checksums(session, reporter.cancelled)
            self._autosave.write(session_json(full))
            return full

        def finish(full: Session) -> None:
            self._written = session_json(full, written=False)

        def fail(error: BaseException) -> None:
            # To be told so twice a minute would be worse than to have no copy.
            logger.warning("What is open could not be written down: %s", error)

        job = self._window.jobs.create("autosave", work, quiet=True)
        job.finished.connect(finish)
        job.failed.connect(fail)
        job.start()
        return job

    def stop(self) -> None:
        """Stop writing down what is open."""
        self._timer.stop()
        self._soon.stop()

    def close(self) -> None:
        """Leave nothing behind: the program ends as it should. No job may go on."""
        self.stop()
        self._autosave.close()

    # -- after a crash ---------------------------------------------------------

    def look(self) -> bool:
        """Look whether a crash has left something that can be brought back.

        Returns
        -------
        bool
            Whether it has; `offer` says so to the user.
        """
        self._orphan = self._autosave.claim()
        return self._orphan is not None

    def offer(self) -> None:
        """Offer to bring back what was open when the program crashed."""
        if self._orphan is not None:
            remedy = Remedy("Restore What Was Open", self.recover)
            self._window.notifications.info(CRASHED, remedy=remedy)

    def recover(self) -> Job | None:
        """Bring back what was open when the program crashed.

        Returns
        -------
        Job or None
            The reading of its files, if it has begun.
        """
        path = self._orphan
        if path is None:
            return None
        try:
            read = read_session(path)
        except ShellsightError as error:
            self._window.notifications.error(error)
            return None

        def ended(whole: bool) -> None:
            # Not before: bringing it back may be what crashes.
            if whole and self._orphan == path:
                self._orphan = None
                self._autosave.release(path)
                self.save()

        return self._sessions.restore(
            read.session, None, "What was open", read.notes, lambda: None, ended
        )
