"""Watching a running simulation: new snapshots join the frames that are shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, QTimer, Signal

import core
from app.data import cutting
from app.data.source import Source
from app.document import Document
from app.events import SourceChanged
from app.jobs import Jobs
from app.notifications import Notifications

if TYPE_CHECKING:
    from core.series import SnapshotSeries

WATCH_MS = 3000
"""Time between looks for new snapshots."""


class Watch(QObject):
    """Looks for new snapshots every few seconds, in a worker, and reads them.

    Signals
    -------
    changed(bool)
        New snapshots are looked for, or no longer.
    measure_wanted()
        There are frames that were not measured yet.
    """

    changed = Signal(bool)
    measure_wanted = Signal()

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        notifications: Notifications,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._jobs = jobs
        self._notifications = notifications
        self._timer = QTimer(self)
        self._timer.setInterval(WATCH_MS)
        self._timer.timeout.connect(self.look)
        document.subscribe(SourceChanged, lambda _: self._on_source())

    @property
    def is_on(self) -> bool:
        """Whether new snapshots are looked for."""
        return self._timer.isActive()

    def set_on(self, on: bool) -> None:
        """Look for new snapshots of the run every few seconds, or stop doing so."""
        if on and not self.is_on:
            self._timer.start()
            self.look()
            self.changed.emit(True)
        elif not on and self.is_on:
            self._timer.stop()
            self._jobs.cancel("watch")
            self.changed.emit(False)

    def _on_source(self) -> None:
        # A file of another run is not what the user wanted to be watched.
        source = self._document.source
        if source is None or source.series is None:
            self.set_on(False)

    def look(self) -> None:
        """Look once for snapshots that have appeared."""
        source = self._document.source
        busy = any(self._jobs.running(name) for name in ("open", "control", "append", "watch"))
        if source is None or source.series is None or busy:
            return
        series = source.series
        job = self._jobs.create("watch", lambda _: series.refresh(), quiet=True)
        job.finished.connect(lambda new: self._take_new(source, cast("SnapshotSeries", new)))
        job.failed.connect(lambda error: self._notifications.error(error, "Watching the folder"))
        job.start()

    def _take_new(self, source: Source, series: SnapshotSeries) -> None:
        document = self._document
        if document.source is not source or series is source.series:
            return
        times = tuple(float(moment) for moment in series.times_myr)
        new = replace(source, series=series, n_frames=len(series), times_myr=times)
        added = len(series) - source.n_frames
        said = f"{added} new snapshot{'s' if added != 1 else ''}"
        truth, place = document.truth, document.place
        if truth is None or place is None:
            document.set_source(new)
            self._notifications.info(said)
            return
        job = self._jobs.create(
            "append",
            lambda reporter: cutting.with_new_frames(
                new, truth, place, progress=reporter.progress, cancelled=reporter.cancelled
            ),
        )

        def finish(longer: object) -> None:
            if document.truth is not truth:
                return
            document.set_truth(new, cast(core.CubeSequence, longer))
            self._notifications.info(said)
            self.measure_wanted.emit()

        job.finished.connect(finish)
        job.failed.connect(lambda error: self._notifications.error(error, "Reading new snapshots"))
        job.start()
