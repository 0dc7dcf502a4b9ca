"""What the user can set going: open, forecast, measure, save.

Connects the workers to the document. It knows no widgets: the window listens
to its signals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QObject, Signal

import core
from app import forecasting, measuring, opening
from app.document import Document
from app.jobs import Job, Jobs, Reporter
from app.notifications import Notifications
from app.settings import Settings
from core.evolution import Forecast

if TYPE_CHECKING:
    from core.units import UnitSystem


@dataclass(frozen=True)
class ForecastRequest:
    """The settings of a forecast.

    Parameters
    ----------
    model, device : str
        As `core.Forecaster` takes them.
    averaging : int
        Symmetries of the cube to average over.
    """

    model: str = "default"
    device: str = "auto"
    averaging: int = 4


class Workflow(QObject):
    """Starts work and puts its results into the document.

    Signals
    -------
    forecast_wanted()
        A file was opened to be forecast at once: ask for a forecast.
    units_needed(UnitsNeeded, callable)
        A file states no units; call the callable with a `UnitSystem`.
    forecast_ended(str)
        A forecast ended; what to say about it.
    saved(Path)
        A file was written.
    """

    forecast_wanted = Signal()
    units_needed = Signal(object, object)
    forecast_ended = Signal(str)
    saved = Signal(object)

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
        self,
        paths: Sequence[Path],
        units: UnitSystem | None = None,
        *,
        forecast_at_once: bool = False,
        remember: bool = True,
    ) -> Job:
        """Open a file, a directory, or several files of one run.

        Parameters
        ----------
        paths : sequence of Path
            What to open.
        units : UnitSystem, optional
            Units of a file that states none.
        forecast_at_once : bool
            Ask for a forecast as soon as the first frame is there.
        remember : bool
            Put it among the recent files.

        Returns
        -------
        Job
            The work that was started.
        """
        paths = [Path(path) for path in paths]

        def work(reporter: Reporter) -> opening.Opened:
            return opening.open_source(
                paths,
                units,
                progress=reporter.progress,
                cancelled=reporter.cancelled,
                publish=reporter.publish,
            )

        job = self._jobs.create("open", work)
        shown = False

        def show(opened: opening.Opened) -> None:
            nonlocal shown
            if shown:
                self._document.set_truth(opened.source, opened.truth, opened.control)
                return
            shown = True
            # Only now: until the first frame is there, everything stays as it was.
            self._jobs.cancel("forecast")
            self._jobs.cancel("measure")
            if opened.forecast is not None:
                self._document.open_forecast(opened.source, opened.forecast)
            else:
                self._document.open_source(opened.source, opened.truth, opened.control)
            if remember and len(paths) == 1:
                self._settings.add_recent(paths[0])
            if forecast_at_once:
                self.forecast_wanted.emit()

        def finish(opened: opening.Opened) -> None:
            show(opened)
            if opened.failure is not None:
                read = len(opened.truth)
                self._notifications.error(opened.failure, f"Reading frame {read + 1}")
            self.measure()

        def fail(error: BaseException) -> None:
            if isinstance(error, opening.UnitsNeeded):
                self.units_needed.emit(
                    error,
                    lambda units: self.open(
                        paths, units, forecast_at_once=forecast_at_once, remember=remember
                    ),
                )
                return
            self._notifications.error(error, f"Opening {paths[0].name}")

        def stop() -> None:
            source, truth = self._document.source, self._document.truth
            if self._jobs.running("open") is not None or not shown:
                return
            if source is not None and truth is not None and not self._document.complete:
                self._document.set_truth(replace(source, n_frames=len(truth)), truth)
                self._notifications.info(f"Stopped: {len(truth)} of {source.n_frames} frames read.")
                self.measure()

        job.published.connect(lambda opened: show(cast(opening.Opened, opened)))
        job.finished.connect(lambda opened: finish(cast(opening.Opened, opened)))
        job.failed.connect(fail)
        job.cancelled.connect(stop)
        job.start()
        return job

    def open_control(self, path: Path, units: UnitSystem | None = None) -> Job | None:
        """Open the run without the explosion that belongs to the truth.

        Parameters
        ----------
        path : Path
            File or directory.
        units : UnitSystem, optional
            Units of a file that states none.

        Returns
        -------
        Job or None
            The work; None if no truth is open yet.
        """
        truth = self._document.truth
        if truth is None:
            self._notifications.warn("Open the run with the explosion first, then its control.")
            return None
        if not self._document.complete:
            self._notifications.warn("Open the control when all frames of the truth are read.")
            return None
        path = Path(path)
        job = self._jobs.create(
            "control",
            lambda reporter: opening.read_control(
                path, truth, units, progress=reporter.progress, cancelled=reporter.cancelled
            ),
        )

        def finish(opened: opening.Opened) -> None:
            if self._document.truth is truth:
                self._document.set_control(opened.source, opened.truth)
                self.measure()

        def fail(error: BaseException) -> None:
            if isinstance(error, opening.UnitsNeeded):
                self.units_needed.emit(error, lambda units: self.open_control(path, units))
            else:
                self._notifications.error(error, f"Opening {path.name}")

        job.finished.connect(lambda opened: finish(cast(opening.Opened, opened)))
        job.failed.connect(fail)
        job.start()
        return job

    def close_file(self) -> None:
        """Stop everything and forget what is open."""
        self._jobs.cancel()
        self._document.close()

    # -- forecasting ---------------------------------------------------------

    def forecast(self, request: ForecastRequest) -> Job | None:
        """Forecast from the first frame of the truth.

        Parameters
        ----------
        request : ForecastRequest
            The settings.

        Returns
        -------
        Job or None
            The work; None if nothing is open.
        """
        truth = self._document.truth
        if truth is None:
            self._notifications.warn("Open a snapshot first: a forecast starts from its gas.")
            return None
        cube, source = truth[0], self._document.source
        job = self._jobs.create(
            "forecast",
            lambda reporter: forecasting.forecast(
                cube,
                request.model,
                request.device,
                request.averaging,
                progress=reporter.progress,
                cancelled=reporter.cancelled,
            ),
        )

        def finish(result: forecasting.Forecasted) -> None:
            now = self._document.source
            if now is None or source is None or now.path != source.path:
                return
            self._document.set_forecast(result.forecast)
            if result.note:
                self._notifications.warn(result.note)
            self.forecast_ended.emit(
                f"{len(result.forecast)} frames in {result.seconds:.1f} s on {result.device}"
            )
            if self._document.complete:
                self.measure()

        def fail(error: BaseException) -> None:
            self._notifications.error(error, "The forecast")
            self.forecast_ended.emit("Failed; nothing was changed")

        job.finished.connect(lambda result: finish(cast(forecasting.Forecasted, result)))
        job.failed.connect(fail)
        job.cancelled.connect(lambda: self.forecast_ended.emit("Cancelled; nothing was changed"))
        job.start()
        return job

    def cancel(self) -> None:
        """Stop the forecast; without one, stop whatever goes on."""
        self._jobs.cancel("forecast" if self._jobs.running("forecast") else None)

    def measure(self) -> Job | None:
        """Measure truth and forecast again, as far as there is something to measure.

        Returns
        -------
        Job or None
            The work, or None.
        """
        document = self._document
        truth, control, forecast = document.truth, document.control, document.forecast
        if forecast is None and control is None:
            return None
        job = self._jobs.create(
            "measure",
            lambda reporter: measuring.measure(
                truth, control, forecast, progress=reporter.progress, cancelled=reporter.cancelled
            ),
        )
        job.finished.connect(lambda figures: document.set_figures(cast(Any, figures)))
        job.failed.connect(lambda error: self._notifications.error(error, "Measuring"))
        job.start()
        return job

    # -- saving ------------------------------------------------------------

    def save_forecast(self, path: Path) -> Job | None:
        """Write the forecast in the native format.

        Parameters
        ----------
        path : Path
            The file; ``.shell.h5`` is added where it is missing.

        Returns
        -------
        Job or None
            The work; None without a forecast.
        """
        forecast = self._document.forecast
        if not isinstance(forecast, Forecast):
            self._notifications.warn("There is no forecast to save yet.")
            return None
        path = with_suffix(Path(path), ".shell.h5")
        return self._write(path, lambda: core.save(forecast, path))

    def export_comparison(self, path: Path) -> Job | None:
        """Write the figures of all frames as CSV.

        Parameters
        ----------
        path : Path
            The file; ``.csv`` is added where it is missing.

        Returns
        -------
        Job or None
            The work; None without a comparison.
        """
        comparison = self._document.figures.comparison
        if comparison is None:
            self._notifications.warn("There is no comparison to export yet.")
            return None
        path = with_suffix(Path(path), ".csv")
        return self._write(path, lambda: comparison.to_csv(path))

    def _write(self, path: Path, write: Callable[[], Any]) -> Job:
        def work(reporter: Reporter) -> None:
            reporter.progress(0.1, f"Writing {path.name}")
            write()

        job = self._jobs.create(f"save {path}", work)
        job.finished.connect(lambda _: self.saved.emit(path))
        job.failed.connect(lambda error: self._notifications.error(error, f"Saving {path.name}"))
        job.start()
        return job


def with_suffix(path: Path, suffix: str) -> Path:
    """Return a path that ends with a suffix, which may have two parts."""
    return path if path.name.endswith(suffix) else path.with_name(path.name + suffix)
