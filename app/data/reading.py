"""Reading files as the user asks: open them, cut out cubes.

Connects the workers to the document. It knows no widgets: the window listens
to its signals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal

import core
from app.data import cutting
from app.data.cutting import Opened
from app.data.opening import UnitsNeeded
from app.data.source import OpenRequest
from app.document import Document
from app.jobs import Job, Jobs, Reporter
from app.notifications import Notifications, Remedy
from app.scene.prepare import fitting_transfer
from app.settings import Settings
from core.errors import AmbiguousFormat

if TYPE_CHECKING:
    pass


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
    """

    forecast_wanted = Signal()
    measure_wanted = Signal()
    units_needed = Signal(object, object)
    format_needed = Signal(object, object)

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
            self._document.set_look(replace(self._document.look, transfer=transfer), edit=False)

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

    def close_file(self) -> None:
        """Stop everything and forget what is open."""
        self._jobs.cancel()
        self._document.close()
