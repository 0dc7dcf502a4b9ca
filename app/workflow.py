"""What the user can set going with what is open: forecast, measure, save.

Connects the workers to the document. It knows no widgets: the window listens
to its signals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from PySide6.QtCore import QObject, Signal

import core
from app import measuring
from app.document import Document
from app.exports import exporting
from app.figures import Figures, Role
from app.forecasts import forecasting
from app.forecasts.first_sight import Onlooker
from app.forecasts.forecast_list import KeptForecast, Preview
from app.forecasts.forecast_request import ForecastRequest
from app.jobs import Job, Jobs, Reporter
from app.notifications import Notifications
from core.cubes import CubeSequence
from core.evolution import Evolution, Forecast


class Workflow(QObject):
    """Starts work and puts its results into the document.

    Signals
    -------
    forecast_ended(str)
        A forecast ended; what to say about it.
    saved(Path)
        A file was written.
    forecast_saved(Evolution, Path)
        A forecast was written to a file of ours.
    """

    forecast_ended = Signal(str)
    saved = Signal(object)
    forecast_saved = Signal(object, object)

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
        if truth is None or self._document.choosing:
            self._notifications.warn(
                "Cut out a cube first: a forecast starts from its gas."
                if self._document.choosing
                else "Open a snapshot first: a forecast starts from its gas."
            )
            return None
        cube, source = truth[0], self._document.source
        document = self._document
        onlooker = Onlooker(truth, document.control, document.look, document.time_myr)

        def work(reporter: Reporter) -> tuple[forecasting.Forecasted, object]:
            made = forecasting.forecast(
                cube,
                request.model,
                request.device,
                request.averaging,
                request.energy_erg,
                progress=reporter.progress,
                cancelled=reporter.cancelled,
                growing=reporter.publish,
            )
            return made, onlooker.prepare(made.forecast)

        job = self._jobs.create("forecast", work)

        def fits() -> bool:
            now, shown = self._document.source, self._document.truth
            if now is None or source is None or now.path != source.path or shown is None:
                return False
            return _same_place(shown, truth)

        def grow(forecast: Evolution) -> None:
            if fits():
                frames = len(forecast)
                text = f"{frames} frame{'s' if frames > 1 else ''} so far"
                self._document.show_preview(Preview("growing", forecast, said=text))

        def finish(made: tuple[forecasting.Forecasted, object]) -> None:
            # What was prepared is kept until the views have found it.
            result, _prepared = made
            if not fits():
                stop_growing()
                return
            said = f"{len(result.forecast)} frames in {result.seconds:.1f} s on {result.device}"
            self._document.set_forecast(result.forecast, request=request, said=said)
            if result.note:
                self._notifications.warn(result.note)
            self.forecast_ended.emit(said)
            if self._document.complete:
                self.measure()

        def stop_growing() -> None:
            preview = self._document.preview
            if preview is not None and preview.kind == "growing":
                self._document.end_preview()

        def fail(error: BaseException) -> None:
            stop_growing()
            self._notifications.error(error, "The forecast")
            self.forecast_ended.emit("Failed; nothing was changed")

        def stop() -> None:
            stop_growing()
            self.forecast_ended.emit("Cancelled; nothing was changed")

        job.published.connect(lambda forecast: grow(cast(Evolution, forecast)))
        job.finished.connect(lambda made: finish(cast(Any, made)))
        job.failed.connect(fail)
        job.cancelled.connect(stop)
        job.start()
        return job

    def cancel(self) -> None:
        """Stop the forecast; without one, stop whatever goes on."""
        self._jobs.cancel("forecast" if self._jobs.running("forecast") else None)

    def measure(self) -> Job | None:
        """Measure truth and forecasts again, as far as there is something to measure.

        Returns
        -------
        Job or None
            The work, or None. The forecast shown comes first; of the others
            those that have no figures yet.
        """
        document = self._document
        truth, control, shown = document.truth, document.control, document.shown_forecast
        if shown is None and control is None:
            return None
        others = [each for each in document.forecasts if each is not shown and not each.is_measured]
        forecasts = [*([shown] if shown is not None else []), *others]
        return self._measure(truth, control, forecasts)

    def measure_missing(self) -> Job | None:
        """Measure the forecasts that have no figures yet, if the truth is complete."""
        document = self._document
        missing = [each for each in document.forecasts if not each.is_measured]
        if not missing or (document.truth is not None and not document.complete):
            return None
        missing.sort(key=lambda each: each is not document.shown_forecast)
        return self._measure(document.truth, document.control, missing)

    def _measure(
        self,
        truth: CubeSequence | None,
        control: CubeSequence | None,
        forecasts: Sequence[KeptForecast],
    ) -> Job:
        document = self._document

        def work(reporter: Reporter) -> None:
            def measured(beside: tuple[Any, Any], forecast: Evolution | None) -> Figures:
                return measuring.measure(
                    *beside, forecast, progress=reporter.progress, cancelled=reporter.cancelled
                )

            if not forecasts:
                reporter.publish((None, measured((truth, control), None)))
            for each in forecasts:
                # The truth shows another explosion than a forecast that was moved.
                beside = (truth, control) if each.matches else (None, None)
                reporter.publish((each, measured(beside, each.forecast)))

        def keep(measured: tuple[KeptForecast | None, Figures]) -> None:
            each, figures = measured
            if each is None:
                if document.shown_forecast is None:
                    document.set_figures(figures)
            # It may have been made again meanwhile, or be gone.
            elif any(one.forecast is each.forecast for one in document.forecasts):
                document.set_figures(figures, each.id)

        job = self._jobs.create("measure", work)
        job.published.connect(lambda measured: keep(cast(Any, measured)))
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
        job = self._write(path, lambda: core.save(forecast, path))
        job.finished.connect(lambda _: self.forecast_saved.emit(forecast, path))
        return job

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

    def export_cubes(self, role: Role, path: Path) -> Job | None:
        """Write the cubes of the truth or the forecast for other programs.

        Parameters
        ----------
        role : {"truth", "forecast"}
            Which.
        path : Path
            The file; its suffix says the format (see `exporting.FORMATS`).

        Returns
        -------
        Job or None
            The work; None if there are none.
        """
        document = self._document
        cubes = document.truth if role == "truth" else document.forecast
        if cubes is None:
            self._notifications.warn(f"There is no {role} to export yet.")
            return None
        frame, path = document.frame, Path(path)
        return self._write(path, lambda: exporting.write_cubes(cubes, path, frame))

    def export_affected(self, path: Path, *, subset: bool = False) -> Job | None:
        """Write the particles that the forecast blast wave reaches.

        While the region of a coverage is shown, they are those in it.

        Parameters
        ----------
        path : Path
            The file.
        subset : bool
            Write them as a snapshot in the format of the file that is open,
            instead of a table of their IDs.

        Returns
        -------
        Job or None
            The work; None without a forecast for particles.
        """
        series, forecast = exporting.particles_and_forecast(self._document)
        if series is None or forecast is None:
            self._notifications.warn(
                "Open a snapshot with particles and forecast it: then it is known which are hit."
            )
            return None
        path = with_suffix(Path(path), ".hdf5" if subset else ".csv")
        write = exporting.write_subset if subset else exporting.write_ids
        coverage = exporting.coverage_shown(self._document)
        return self._write(path, lambda: write(series, forecast, path, coverage))

    def _write(self, path: Path, write: Callable[[], Any]) -> Job:
        def work(reporter: Reporter) -> None:
            reporter.progress(0.1, f"Writing {path.name}")
            write()

        job = self._jobs.create(f"save {path}", work)
        job.finished.connect(lambda _: self.saved.emit(path))
        job.failed.connect(lambda error: self._notifications.error(error, f"Saving {path.name}"))
        job.start()
        return job


def _same_place(cubes: CubeSequence, others: CubeSequence) -> bool:
    """Whether two sequences show the same cube."""
    return (cubes.n, cubes.size_pc, cubes.center_pc) == (
        others.n,
        others.size_pc,
        others.center_pc,
    )


def with_suffix(path: Path, suffix: str) -> Path:
    """Return a path that ends with a suffix, which may have two parts."""
    return path if path.name.endswith(suffix) else path.with_name(path.name + suffix)
