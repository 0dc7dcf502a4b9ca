"""What the user can set going with what is open: forecast, measure, save.

Connects the workers to the document. It knows no widgets: the window listens
to its signals.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from PySide6.QtCore import QObject, Signal

import core
from app import exporting, forecasting, measuring
from app.document import Document
from app.figures import Role
from app.forecast_request import ForecastRequest
from app.jobs import Job, Jobs, Reporter
from app.notifications import Notifications
from core.cubes import CubeSequence
from core.evolution import Forecast


class Workflow(QObject):
    """Starts work and puts its results into the document.

    Signals
    -------
    forecast_ended(str)
        A forecast ended; what to say about it.
    saved(Path)
        A file was written.
    """

    forecast_ended = Signal(str)
    saved = Signal(object)

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
        job = self._jobs.create(
            "forecast",
            lambda reporter: forecasting.forecast(
                cube,
                request.model,
                request.device,
                request.averaging,
                request.energy_erg,
                progress=reporter.progress,
                cancelled=reporter.cancelled,
            ),
        )

        def finish(result: forecasting.Forecasted) -> None:
            now, shown = self._document.source, self._document.truth
            if now is None or source is None or now.path != source.path:
                return
            if shown is None or not _same_place(shown, truth):
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
        return self._write(path, lambda: write(series, forecast, path))

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
