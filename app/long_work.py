"""Work in processes of their own that may take hours: one at a time, seen and stopped anywhere."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from app.jobs import Job, Jobs, Work
from app.notifications import Notifications


@dataclass(frozen=True)
class Undertaking:
    """What goes on.

    Parameters
    ----------
    name : str
        Kind of work, as `Jobs` has it.
    title : str
        What people call it, as the beginning of a sentence.
    farewell : str
        What becomes of it when the window is closed, as a sentence.
    """

    name: str
    title: str
    farewell: str


class LongWork(QObject):
    """Starts such work, one at a time.

    Signals
    -------
    changed()
        Some began or ended.
    progressed(float, str, object)
        Fraction done, what is being done, and the seconds left or None.
    """

    changed = Signal()
    progressed = Signal(float, str, object)

    def __init__(
        self, jobs: Jobs, notifications: Notifications, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._jobs, self._notifications = jobs, notifications
        self._what: Undertaking | None = None
        self._job: Job | None = None
        self._closing = False

    @property
    def what(self) -> Undertaking | None:
        """What goes on; None if nothing does."""
        return self._what

    def prepare(self, what: Undertaking, work: Work) -> Job | None:
        """Make a job, unless another goes on: connect to its signals, then `start` it.

        Parameters
        ----------
        what : Undertaking
            What it is.
        work : callable
            As `Jobs.create` takes it.

        Returns
        -------
        Job or None
            The job; None if the user was asked to wait, or the window closes.
        """
        if self._closing:
            return None
        if self._what is not None:
            self._notifications.warn(
                f"{self._what.title} goes on. Wait until it is done, or stop it in the status bar."
            )
            return None
        job = self._jobs.create(what.name, work, quiet=True, lasting=True)
        self._what, self._job = what, job
        job.progress.connect(
            lambda fraction, text: self.progressed.emit(fraction, text, job.seconds_left)
        )
        # Before whoever listens to the end of the work, who may begin the next.
        for end in (job.finished, job.failed):
            end.connect(lambda _: self._end(job))
        job.cancelled.connect(lambda: self._end(job))
        self.changed.emit()
        return job

    def stop(self) -> None:
        """Stop what goes on."""
        if self._job is not None:
            self._job.cancel()
            self.progressed.emit(0.0, "Stopping", None)

    def may_close(self, parent: QWidget) -> bool:
        """Ask whether to stop what goes on, if anything does, before the window closes.

        Parameters
        ----------
        parent : QWidget
            The window.

        Returns
        -------
        bool
            Whether the window may close; nothing new begins then.
        """
        if self._what is not None:
            box = QMessageBox(parent)
            box.setIcon(QMessageBox.Icon.Question)
            box.setWindowTitle("Close Shellsight")
            box.setText(f"{self._what.title} goes on. Stop it and close the window?")
            box.setInformativeText(self._what.farewell)
            stop = box.addButton("Stop and Close", QMessageBox.ButtonRole.AcceptRole)
            box.addButton("Keep Working", QMessageBox.ButtonRole.RejectRole)
            box.exec()
            if box.clickedButton() is not stop:
                return False
        self._closing = True
        return True

    def _end(self, job: Job) -> None:
        if job is self._job:
            self._what, self._job = None, None
            self.changed.emit()
