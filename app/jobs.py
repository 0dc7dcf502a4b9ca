"""Work that takes a while, in a thread: started, progress, finished, failed, cancelled.

A job's function gets a `Reporter` and returns its result; it must not touch
the interface. Every public signal is emitted in the thread that owns the
`Jobs`, so listeners may be any callable and may touch widgets.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, QThread, Signal, Slot

from core.errors import Cancelled

STACK_BYTES = 8 * 2**20  # threads on macOS get 512 kB otherwise, too little for numerics


class Reporter:
    """What a job's function talks to.

    Pass `progress` and `cancelled` on to the library, and `publish` results
    that can be shown before the job is done.

    Parameters
    ----------
    progress : callable
        Takes the fraction done, from 0 to 1, and a text for people.
    publish : callable
        Takes an intermediate result.
    """

    def __init__(
        self, progress: Callable[[float, str], None], publish: Callable[[object], None]
    ) -> None:
        self.progress = progress
        self.publish = publish
        self._stop = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop; callable from any thread."""
        self._stop.set()

    def cancelled(self) -> bool:
        """Whether the work should stop."""
        return self._stop.is_set()


Work = Callable[[Reporter], Any]


class _Thread(QThread):
    """Runs one function and reports how it ended."""

    progressed = Signal(float, str)
    published = Signal(object)
    ended = Signal(object, object)  # result, exception

    def __init__(self, work: Work, parent: QObject) -> None:
        super().__init__(parent)
        self.setStackSize(STACK_BYTES)
        self._work = work
        self.reporter = Reporter(self.progressed.emit, self.published.emit)

    def run(self) -> None:
        result: object = None
        failure: BaseException | None = None
        try:
            if not self.reporter.cancelled():
                result = self._work(self.reporter)
        except BaseException as error:  # reported to the user, whatever it is
            failure = error
        self.ended.emit(result, failure)


class Job(QObject):
    """One piece of work.

    Ends with exactly one of `finished`, `failed` or `cancelled`, then
    `done`. A job that was cancelled never reports `finished`.
    """

    started = Signal()
    progress = Signal(float, str)
    published = Signal(object)
    finished = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    done = Signal()

    def __init__(
        self,
        name: str,
        work: Work,
        parent: QObject | None = None,
        quiet: bool = False,
        lasting: bool = False,
    ) -> None:
        super().__init__(parent)
        self.name = name
        self.quiet = quiet
        self.lasting = lasting
        self._started_at = time.monotonic()
        self._fraction = 0.0
        self._ended = False
        self._thread = _Thread(work, self)
        queued = Qt.ConnectionType.QueuedConnection
        self._thread.progressed.connect(self._on_progress, queued)
        self._thread.published.connect(self._on_published, queued)
        self._thread.ended.connect(self._on_ended, queued)

    def start(self) -> None:
        """Start the thread."""
        self._started_at = time.monotonic()
        self._thread.start()
        self.started.emit()

    def cancel(self) -> None:
        """Ask the work to stop; `cancelled` follows when it has."""
        self._thread.reporter.cancel()

    @property
    def is_cancelled(self) -> bool:
        """Whether the job was asked to stop."""
        return self._thread.reporter.cancelled()

    @property
    def is_running(self) -> bool:
        """Whether the job has not reported its end yet."""
        return not self._ended

    @property
    def seconds_left(self) -> float | None:
        """Time left in seconds, judged by the progress so far; None while unknown."""
        elapsed = time.monotonic() - self._started_at
        if self._fraction < 0.03 or elapsed < 0.2:
            return None
        return elapsed * (1.0 - self._fraction) / self._fraction

    def wait(self) -> None:
        """Block until the thread has ended."""
        self._thread.wait()

    @Slot(float, str)
    def _on_progress(self, fraction: float, text: str) -> None:
        if not self.is_cancelled:
            self._fraction = fraction
            self.progress.emit(fraction, text)

    @Slot(object)
    def _on_published(self, value: object) -> None:
        if not self.is_cancelled:
            self.published.emit(value)

    @Slot(object, object)
    def _on_ended(self, result: object, error: BaseException | None) -> None:
        if self._ended:
            return
        self._ended = True
        # The thread is past its last emission: this returns at once.
        self._thread.wait()
        if self.is_cancelled or isinstance(error, Cancelled):
            self.cancelled.emit()
        elif error is not None:
            self.failed.emit(error)
        else:
            self.finished.emit(result)
        self.done.emit()


class Jobs(QObject):
    """The jobs of a window.

    Jobs of one name replace each other: starting a second cancels the first.

    Signals
    -------
    changed()
        A job started or ended.
    progressed(Job, float, str)
        A job that goes on reported progress.
    """

    changed = Signal()
    progressed = Signal(object, float, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running: list[Job] = []

    def create(self, name: str, work: Work, *, quiet: bool = False, lasting: bool = False) -> Job:
        """Make a job; connect to its signals, then `start` it.

        Parameters
        ----------
        name : str
            Kind of work; at most one job of a name goes on.
        work : callable
            Receives a `Reporter`, returns the result.
        quiet : bool
            Whether it is nothing that people wait for: `running` finds it
            only by its name.
        lasting : bool
            Whether it goes on when all else is cancelled, until it is
            cancelled by its name or everything is shut down.

        Returns
        -------
        Job
            Not yet started.
        """
        self.cancel(name)
        job = Job(name, work, self, quiet, lasting)
        self._running.append(job)
        job.started.connect(self.changed)
        job.progress.connect(lambda part, text: self.progressed.emit(job, part, text))
        job.done.connect(lambda: self._forget(job))
        return job

    def running(self, name: str | None = None) -> Job | None:
        """Return the job of a name (or any not quiet) that goes on and was not cancelled."""
        for job in self._running:
            wanted = not job.quiet if name is None else job.name == name
            if wanted and job.is_running and not job.is_cancelled:
                return job
        return None

    def cancel(self, name: str | None = None) -> None:
        """Cancel the jobs of a name, or all that are not lasting."""
        for job in self._running:
            if job.name == name or (name is None and not job.lasting):
                job.cancel()

    def shut_down(self) -> None:
        """Cancel everything and wait until every thread has ended."""
        for job in self._running:
            job.cancel()
        for job in self._running:
            job.wait()

    def _forget(self, job: Job) -> None:
        if job in self._running:
            self._running.remove(job)
            job.deleteLater()
        self.changed.emit()
