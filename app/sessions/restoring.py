"""Bringing a session back: files, look and eyes, the control, then the forecasts.

Each step begins when the one before has ended. Whoever opens something else
meanwhile ends it all; what is there by then stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QByteArray, QObject, Signal

import core
from app.forecasts.forecast_request import ForecastRequest
from app.forecasts.live_forecast import LiveForecaster, neighbourhood, voxels_to
from app.jobs import Job, Reporter
from app.panels.fold import set_open_folds
from app.sessions.fingerprints import Fingerprints, change
from app.sessions.gathering import members, views
from app.sessions.session import ForecastEntry, Session, SourceEntry
from core.errors import InvalidRequest
from core.evolution import Evolution, Forecast

if TYPE_CHECKING:
    from app.window import Window


class Restoring(QObject):
    """Brings one session back into a window.

    Parameters
    ----------
    window : Window
        The window.
    session : Session
        What is to be brought back.
    paths : Mapping of str to Path
        Where the files of the session are now, by their old paths.
    title : str
        Name of the session, for messages.
    notes : tuple of str
        What is to be said of it in the end.
    fingerprints : Fingerprints
        Compares the files with what they were.

    Signals
    -------
    loaded(Evolution, Path)
        A forecast was read from its file.
    done(bool)
        It ended; whether everything that could be brought back is there.
    """

    loaded = Signal(object, object)
    done = Signal(bool)

    def __init__(
        self,
        window: Window,
        session: Session,
        paths: Mapping[str, Path],
        title: str,
        notes: tuple[str, ...],
        fingerprints: Fingerprints,
    ) -> None:
        super().__init__(window)
        self._window, self._document = window, window.document
        self._session, self._paths, self._title = session, dict(paths), title
        self._notes, self._fingerprints = list(notes), fingerprints
        self._changes: list[str] = []
        self._opened: Path | None = None
        self._time: float | None = None
        self._begun = False
        self._ended = False
        self._waiting: list[tuple[int, ForecastEntry]] = list(enumerate(session.forecasts))
        self._ids: dict[int, int] = {}

    def start(self) -> Job | None:
        """Begin.

        Returns
        -------
        Job or None
            The reading of the files; None where nothing was open.
        """
        session = self._session
        self._arrange_window()
        if session.source is None:
            self._window.reading.close_file()
            self._dress()
            self._finish()
            return None
        place = None if session.choosing else session.place
        request = session.source.request(self._paths, place)
        self._opened = request.paths[0]
        job = self._window.reading.open(request, remember=False)
        job.published.connect(lambda _: self._begin())
        job.finished.connect(lambda _: self._on_opened())
        job.failed.connect(lambda _: self._stop())
        job.cancelled.connect(self._stop)
        return job

    # -- steps -----------------------------------------------------------------

    def _begin(self) -> None:
        """Dress the first frame, as soon as it is there."""
        if self._begun or not self._is_ours():
            return
        self._begun = True
        self._dress()
        if self._session.choosing and self._session.place is not None:
            self._document.move(self._session.place)
        self._go_to_time()

    def _on_opened(self) -> None:
        self._begin()
        if not self._is_ours():
            self._stop()
            return
        if self._session.sites:
            self._document.set_sites(self._session.sites)
        self._go_to_time()
        self._compare_files()
        control = self._session.control
        if control is None or not self._has(control):
            self._next_forecast()
            return
        job = self._window.reading.open_control(control.request(self._paths))
        if job is None:
            self._next_forecast()
        else:
            job.done.connect(self._next_forecast)

    def _next_forecast(self) -> None:
        """Read or make the next forecast; after the last, end."""
        if not self._is_ours():
            self._stop()
            return
        if not self._waiting or self._document.truth is None:
            self._finish()
            return
        number, entry = self._waiting.pop(0)
        path = self._paths.get(entry.file.path) if entry.file is not None else None
        if path is not None:
            self._load(number, entry, path)
        elif entry.request is not None and any(entry.site_pc):
            self._make_elsewhere(number, entry, entry.request)
        elif entry.request is not None:
            self._make(number, entry, entry.request)
        else:
            name = entry.name or "A forecast"
            self._notes.append(f"{name} was not saved to a file and cannot be made again.")
            self._next_forecast()

    def _load(self, number: int, entry: ForecastEntry, path: Path) -> None:
        job = self._window.jobs.create("forecast", _load_forecast(path))

        def take(forecast: object) -> None:
            if self._is_ours():
                self.loaded.emit(forecast, path)
                self._ids[number] = self._document.set_forecast(
                    cast(Evolution, forecast), entry.name, entry.request, matches=entry.matches
                )

        def fail(error: BaseException) -> None:
            self._window.notifications.error(error, f"Reading {path.name}")

        self._follow(job, take, fail)
        job.start()

    def _make(self, number: int, entry: ForecastEntry, request: ForecastRequest) -> None:
        job = self._window.workflow.forecast(_portable(request))
        if job is None:
            self._next_forecast()
            return

        def take(_: object) -> None:
            kept = self._document.shown_forecast
            if self._is_ours() and kept is not None:
                self._ids[number] = kept.id
                if entry.name:
                    self._document.rename_forecast(kept.id, entry.name)

        self._follow(job, take, None)

    def _make_elsewhere(self, number: int, entry: ForecastEntry, request: ForecastRequest) -> None:
        """Forecast an explosion that was moved out of the cube's middle."""
        truth, source, place = self._document.truth, self._document.source, self._document.place
        assert truth is not None
        cube, series = truth[0], source.series if source is not None else None
        method = place.method if place is not None else "cic"

        def work(reporter: Reporter) -> Forecast:
            reporter.progress(0.1, entry.name or "Forecast")
            around = neighbourhood(cube, series, method, cancelled=reporter.cancelled)
            offset = voxels_to(cube, entry.site_pc)
            forecaster = LiveForecaster(around)
            made = forecaster.forecast(_portable(request), offset, cancelled=reporter.cancelled)
            return made.forecast

        def take(forecast: object) -> None:
            if self._is_ours():
                self._ids[number] = self._document.set_forecast(
                    cast(Evolution, forecast), entry.name, request, matches=entry.matches
                )

        job = self._window.jobs.create("forecast", work)
        self._follow(
            job, take, lambda error: self._window.notifications.error(error, "The forecast")
        )
        job.start()

    def _follow(
        self,
        job: Job,
        take: Callable[[object], None],
        fail: Callable[[BaseException], None] | None,
    ) -> None:
        """Go on when a job ends; one that the user stopped ends the rest as well."""
        job.finished.connect(take)
        if fail is not None:
            job.failed.connect(fail)
        job.cancelled.connect(lambda: self._waiting.clear())
        job.done.connect(self._next_forecast)

    def _finish(self) -> None:
        if self._session.shown in self._ids:
            self._document.show_forecast(self._ids[self._session.shown])
        if self._ids and self._document.complete:
            self._window.workflow.measure()
        self._go_to_time()
        self._end(True)

    def _stop(self) -> None:
        self._end(False)

    def _end(self, whole: bool) -> None:
        if self._ended:
            return
        self._ended = True
        if whole:
            # Before it there was another window.
            self._window.editing.history.clear()
        self._say()
        self.done.emit(whole)
        self.deleteLater()

    # -- parts -----------------------------------------------------------------

    def _is_ours(self) -> bool:
        """Whether what is open is still what was opened here."""
        source = self._document.source
        return source is not None and source.path == self._opened and not self._ended

    def _has(self, source: SourceEntry) -> bool:
        return all(entry.path in self._paths for entry in source.files)

    def _arrange_window(self) -> None:
        """Put the panels where they were, and set that of the forecast as it was."""
        window, session = self._window, self._session
        if session.docks:
            state = QByteArray.fromBase64(QByteArray(session.docks.encode("ascii", "ignore")))
            if not window.restoreState(state):
                self._notes.append("The arrangement of the panels is of another version.")
            window.show_docks()
            set_open_folds(window, session.folds)
        window.forecast_panel.show_request(session.settings)

    def _dress(self) -> None:
        """Look and eyes as they were."""
        session = self._session
        self._document.set_look(session.look, edit=False)
        for name, view in views(self._window).items():
            if name in session.cameras:
                view.set_camera(session.cameras[name])
            else:
                view.fit()

    def _go_to_time(self) -> None:
        """Go to the session's time, unless the user has gone elsewhere meanwhile."""
        if self._time is not None and self._document.time_myr != self._time:
            return
        self._document.go_to(self._session.time_myr)
        self._time = self._document.time_myr

    def _compare_files(self) -> None:
        """Look whether the files are as they were, and say so if they are not."""
        document = self._document
        of_run = members(document.source)
        entries = [(entry, self._paths.get(entry.path)) for entry in self._session.files]

        def work(reporter: Reporter) -> list[str]:
            said = []
            for entry, path in entries:
                if path is None or not entry.checksum:
                    continue
                try:
                    now = self._fingerprints.read(path, of_run, reporter.cancelled)
                except InvalidRequest:
                    continue
                said.append(change(entry, now))
            return [text for text in said if text]

        job = self._window.jobs.create("compare files", work, quiet=True)
        job.finished.connect(lambda said: self._take_changes(cast("list[str]", said)))
        job.start()

    def _take_changes(self, said: list[str]) -> None:
        self._changes = said
        if self._ended:
            self._say()

    def _say(self) -> None:
        """Say what is not as it was."""
        notifications = self._window.notifications
        if self._changes:
            more = f" (and {len(self._changes) - 1} more)" if len(self._changes) > 1 else ""
            details = "\n\n".join([*self._changes, *self._notes])
            notifications.warn(
                f"{self._changes[0]}{more} Figures and forecasts may differ.", details
            )
        elif self._notes:
            text = self._notes[0]
            if len(self._notes) > 1:
                text = f"{self._title}: {len(self._notes)} things could not be brought back."
            notifications.info(text, "\n\n".join(self._notes))
        self._changes, self._notes = [], []


def _portable(request: ForecastRequest) -> ForecastRequest:
    """Return a request for this machine: another may have had another device."""
    return request if request.device in ("auto", "cpu") else replace(request, device="auto")


def _load_forecast(path: Path) -> Callable[[Reporter], Forecast]:
    def work(reporter: Reporter) -> Forecast:
        reporter.progress(0.1, f"Reading {path.name}")
        content = core.load(path)
        if not isinstance(content, Forecast):
            raise InvalidRequest(f"{path}: this file holds no forecast.")
        return content

    return work
