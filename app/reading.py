"""Reading files as the user asks: open, look at the whole, cut out, watch.

Connects the workers to the document. It knows no widgets: the window listens
to its signals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, QTimer, Signal

import core
from app import cutting
from app.cutting import Opened
from app.document import Document
from app.events import OverviewChanged, SourceChanged, TimeChanged
from app.jobs import Job, Jobs, Reporter
from app.notifications import Notifications, Remedy
from app.opening import UnitsNeeded
from app.scene.prepare import fitting_transfer
from app.settings import Settings
from app.source import OpenRequest, Source
from core.errors import AmbiguousFormat

if TYPE_CHECKING:
    from core.series import SnapshotSeries
    from core.sites import Site

LOOK_MS = 150
"""Quiet time on the timeline before the whole box of another frame is read."""

WATCH_MS = 3000
"""Time between looks for new snapshots."""


class Reading(QObject):
    """Starts what reads files and puts the results into the document.

    Signals
    -------
    forecast_wanted()
        A file was opened to be forecast at once: ask for a forecast.
    measure_wanted()
        The frames are all read, or others than before: measure them.
    units_needed(UnitsNeeded, callable)
        A file states no units; call the callable with a `UnitSystem`.
    format_needed(AmbiguousFormat, OpenRequest)
        Several readers claim a file.
    watching_changed(bool)
        New snapshots are looked for, or no longer.
    """

    forecast_wanted = Signal()
    measure_wanted = Signal()
    units_needed = Signal(object, object)
    format_needed = Signal(object, object)
    watching_changed = Signal(bool)

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        notifications: Notifications,
        settings: Settings,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._jobs = jobs
        self._notifications = notifications
        self._settings = settings
        self._look_timer = QTimer(self)
        self._look_timer.setSingleShot(True)
        self._look_timer.setInterval(LOOK_MS)
        self._look_timer.timeout.connect(self._look_at_frame)
        self._watch_timer = QTimer(self)
        self._watch_timer.setInterval(WATCH_MS)
        self._watch_timer.timeout.connect(self.look_for_new)
        for event in (TimeChanged, OverviewChanged):
            document.subscribe(event, lambda _: self._on_time())
        document.subscribe(SourceChanged, lambda _: self._on_source())

    # -- opening -----------------------------------------------------------

    def open(
        self, request: OpenRequest, *, forecast_at_once: bool = False, remember: bool = True
    ) -> Job:
        """Open a file, a directory, or several files of one run.

        Parameters
        ----------
        request : OpenRequest
            What to open, and how.
        forecast_at_once : bool
            Ask for a forecast as soon as the first frame is there.
        remember : bool
            Put it among the recent files.

        Returns
        -------
        Job
            The work that was started.
        """

        def work(reporter: Reporter) -> Opened:
            return cutting.open_source(
                request,
                progress=reporter.progress,
                cancelled=reporter.cancelled,
                publish=reporter.publish,
            )

        def begin(opened: Opened) -> None:
            document = self._document
            if opened.forecast is not None:
                document.open_forecast(opened.source, opened.forecast)
            elif opened.overview is not None:
                assert opened.place is not None
                document.open_overview(opened.source, opened.overview, opened.place)
            else:
                assert opened.truth is not None
                self._fit_colors(opened.truth)
                document.open_source(opened.source, opened.truth, opened.control, opened.place)
            if remember and len(request.paths) == 1:
                self._settings.add_recent(request.paths[0])
            self._say_notes(opened, request)
            if forecast_at_once and opened.overview is None:
                self.forecast_wanted.emit()

        def fail(error: BaseException) -> None:
            again = lambda **changes: self.open(  # noqa: E731
                replace(request, ask_units=False, **changes),
                forecast_at_once=forecast_at_once,
                remember=remember,
            )
            if isinstance(error, UnitsNeeded):
                self.units_needed.emit(error, lambda units: again(units=units))
            elif isinstance(error, AmbiguousFormat):
                self.format_needed.emit(error, request)
            else:
                self._notifications.error(error, f"Opening {request.name}")

        return self._start(work, begin, fail)

    def cut(self) -> Job | None:
        """Cut the cube of the document's place out of every frame.

        Returns
        -------
        Job or None
            The work; None if nothing is open that cubes can be cut out of.
        """
        document = self._document
        source, place = document.source, document.place
        if source is None or source.series is None or place is None:
            self._notifications.warn("Open a snapshot first: a cube is cut out of its gas.")
            return None
        control_source = document.control_source

        def work(reporter: Reporter) -> Opened:
            return cutting.cut(
                source,
                place,
                control_source,
                progress=reporter.progress,
                cancelled=reporter.cancelled,
                publish=reporter.publish,
            )

        def begin(opened: Opened) -> None:
            assert opened.truth is not None
            self._fit_colors(opened.truth)
            document.set_cube(opened.source, opened.truth, opened.control, place, control_source)

        def fail(error: BaseException) -> None:
            self._notifications.error(error, "Cutting out the cube")

        return self._start(work, begin, fail)

    def _start(
        self,
        work: Callable[[Reporter], Opened],
        begin: Callable[[Opened], None],
        fail: Callable[[BaseException], None],
    ) -> Job:
        """Start a job that reads frames; `begin` shows its first result."""
        job = self._jobs.create("open", work)
        shown = False

        def show(opened: Opened) -> None:
            nonlocal shown
            if not shown:
                shown = True
                # Only now: until there is something to show, everything stays as it was.
                for name in ("forecast", "measure", "overview", "append", "control"):
                    self._jobs.cancel(name)
                begin(opened)
            elif opened.truth is not None:
                self._document.set_truth(opened.source, opened.truth, opened.control)
            if opened.sites is not None:
                self._document.set_sites(opened.sites)

        def finish(opened: Opened) -> None:
            show(opened)
            if opened.failure is not None:
                where = "Looking for candidates"
                if opened.truth is not None:
                    where = f"Reading frame {len(opened.truth) + 1}"
                self._notifications.error(opened.failure, where)
            self.measure_wanted.emit()

        def stop() -> None:
            source, truth = self._document.source, self._document.truth
            if self._jobs.running("open") is not None or not shown:
                return
            if source is not None and truth is not None and not self._document.complete:
                self._document.set_truth(replace(source, n_frames=len(truth)), truth)
                self._notifications.info(f"Stopped: {len(truth)} of {source.n_frames} frames read.")
                self.measure_wanted.emit()

        job.published.connect(lambda opened: show(cast(Opened, opened)))
        job.finished.connect(lambda opened: finish(cast(Opened, opened)))
        job.failed.connect(fail)
        job.cancelled.connect(stop)
        job.start()
        return job

    def _fit_colors(self, truth: core.CubeSequence) -> None:
        """Show the gas of a cube in colours that suit its density."""
        transfer = fitting_transfer(truth.density[0])
        if transfer != self._document.transfer:
            self._document.set_transfer(transfer)

    def _say_notes(self, opened: Opened, request: OpenRequest) -> None:
        """Say what a person should know of what was opened."""
        series = opened.source.series
        notes = list(series.notes) if series is not None else []
        remedy = None
        if opened.units_remembered:
            assert opened.source.request is not None
            units = str(opened.source.request.units).replace("=", " ").replace(",", ", ")
            notes.insert(0, f"Units as chosen for this folder: {units}.")
            ask = replace(request, ask_units=True)
            remedy = Remedy("Change…", lambda: self.open(ask))
        if not notes:
            return
        more = f" (and {len(notes) - 1} more)" if len(notes) > 1 else ""
        details = "\n\n".join(notes) if len(notes) > 1 else ""
        self._notifications.info(notes[0] + more, details, remedy)

    def open_control(self, request: OpenRequest) -> Job | None:
        """Open the run without the explosion that belongs to the truth.

        Parameters
        ----------
        request : OpenRequest
            File or directory.

        Returns
        -------
        Job or None
            The work; None if no truth is open yet.
        """
        truth, place = self._document.truth, self._document.place
        if truth is None:
            self._notifications.warn("Open the run with the explosion first, then its control.")
            return None
        if not self._document.complete:
            self._notifications.warn("Open the control when all frames of the truth are read.")
            return None
        job = self._jobs.create(
            "control",
            lambda reporter: cutting.read_control(
                request, truth, place, progress=reporter.progress, cancelled=reporter.cancelled
            ),
        )

        def finish(opened: Opened) -> None:
            if self._document.truth is truth and opened.truth is not None:
                self._document.set_control(opened.source, opened.truth)
                self._say_notes(opened, request)
                self.measure_wanted.emit()

        def fail(error: BaseException) -> None:
            if isinstance(error, UnitsNeeded):
                again = lambda units: self.open_control(replace(request, units=units))  # noqa: E731
                self.units_needed.emit(error, again)
            else:
                self._notifications.error(error, f"Opening {request.name}")

        job.finished.connect(lambda opened: finish(cast(Opened, opened)))
        job.failed.connect(fail)
        job.start()
        return job

    def stop(self) -> None:
        """Stop looking: nothing is started any more."""
        self._look_timer.stop()
        self.watch(False)

    def close_file(self) -> None:
        """Stop everything and forget what is open."""
        self._jobs.cancel()
        self._document.close()

    # -- the whole box -------------------------------------------------------

    def choose_place(self) -> None:
        """Show the whole box again, to choose another place; it is read if it never was."""
        source = self._document.source
        if source is None or source.series is None:
            return
        if self._document.overview(0) is not None:
            self._document.choose(True)
            return
        self._read_overview(source, 0, lambda: self._document.choose(True))

    def _on_time(self) -> None:
        document = self._document
        if document.choosing and document.overview() is None:
            self._look_timer.start()

    def _look_at_frame(self) -> None:
        document = self._document
        source = document.source
        if document.choosing and source is not None and document.overview() is None:
            self._read_overview(source, document.frame)

    def _read_overview(
        self, source: Source, index: int, then: Callable[[], None] | None = None
    ) -> None:
        series = source.series
        assert series is not None
        job = self._jobs.create(
            "overview",
            lambda reporter: core.overview(
                series, index, progress=reporter.progress, cancelled=reporter.cancelled
            ),
        )

        def finish(overview: object) -> None:
            now = self._document.source
            if now is None or now.path != source.path:
                return
            self._document.add_overview(index, cast(core.Overview, overview))
            if then is not None:
                then()

        job.finished.connect(finish)
        job.failed.connect(lambda error: self._notifications.error(error, "The whole box"))
        job.start()

    def find_sites(self) -> Job | None:
        """Look for candidates in the first frame.

        Returns
        -------
        Job or None
            The work; None if nothing is open.
        """
        source = self._document.source
        if source is None or source.series is None:
            return None
        series = source.series
        job = self._jobs.create(
            "sites",
            lambda reporter: core.find_sites(
                series, progress=reporter.progress, cancelled=reporter.cancelled
            ),
        )
        job.finished.connect(lambda sites: self._take_sites(source, sites))
        job.failed.connect(lambda error: self._notifications.error(error, "Looking for candidates"))
        job.start()
        return job

    def load_sites(self, path: Path) -> Job | None:
        """List the places of a CSV file before the other candidates.

        Parameters
        ----------
        path : Path
            A table with the columns x, y, z in pc.

        Returns
        -------
        Job or None
            The work; None if nothing is open.
        """
        source = self._document.source
        if source is None:
            return None
        job = self._jobs.create("sites", lambda _: core.read_sites(path))

        def finish(sites: object) -> None:
            listed = cast("tuple[Site, ...]", sites)
            others = tuple(s for s in self._document.sites if s.kind != "list")
            self._take_sites(source, listed + others)
            count = f"{len(listed)} place{'s' if len(listed) != 1 else ''}"
            self._notifications.info(f"{count} from {path.name}")

        job.finished.connect(finish)
        job.failed.connect(lambda error: self._notifications.error(error, f"Reading {path.name}"))
        job.start()
        return job

    def _take_sites(self, source: Source, sites: object) -> None:
        now = self._document.source
        if now is not None and now.path == source.path:
            self._document.set_sites(cast("tuple[Site, ...]", sites))

    # -- watching --------------------------------------------------------------

    @property
    def is_watching(self) -> bool:
        """Whether new snapshots are looked for."""
        return self._watch_timer.isActive()

    def watch(self, on: bool) -> None:
        """Look for new snapshots of the run every few seconds, or stop doing so."""
        if on and not self.is_watching:
            self._watch_timer.start()
            self.look_for_new()
            self.watching_changed.emit(True)
        elif not on and self.is_watching:
            self._watch_timer.stop()
            self._jobs.cancel("watch")
            self.watching_changed.emit(False)

    def _on_source(self) -> None:
        # A file of another run is not what the user wanted to be watched.
        source = self._document.source
        if source is None or source.series is None:
            self.watch(False)

    def look_for_new(self) -> None:
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
