"""Live mode: the explosion is dragged through the cloud, and the forecast follows the mouse.

While it moves, forecasts are coarse; when it rests for a moment, one as good
as the settings ask for takes their place. A thread forecasts; requests that
come faster than it can meet them replace each other, so that nothing queues.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import cast

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from app.data.place import Method
from app.document import Document
from app.events import SourceChanged, TruthChanged
from app.forecasts.forecast_list import Preview, describe, site_text
from app.forecasts.forecast_request import ForecastRequest
from app.forecasts.live_details import DetailsWanted, LiveDetails, live_details
from app.forecasts.live_forecast import (
    AROUND_TEXT,
    LiveForecast,
    LiveForecaster,
    Neighbourhood,
    Offset,
    neighbourhood,
    voxels_to,
)
from app.forecasts.newest import Newest
from app.jobs import Job, Jobs, Reporter
from app.notifications import Notifications
from app.scene.prepare import prepare
from core.cubes import Cube, Vector3
from core.errors import Cancelled
from core.series import SnapshotSeries

STILL_MS = 250
"""Time without a movement after which the forecast is made well."""

_PACE_OVER_S = 2.0
_WAIT_S = 0.05

MIDDLE: Offset = (0, 0, 0)


@dataclass(frozen=True)
class _Wanted:
    """What is to be forecast next, and what of it is drawn."""

    request: ForecastRequest
    offset: Offset
    fine: bool
    time_myr: float
    details: DetailsWanted


@dataclass(frozen=True, eq=False)
class _Shown:
    """A forecast with what is drawn of it, which must live as long as it is shown."""

    made: LiveForecast
    request: ForecastRequest
    drawn: LiveDetails


class Live(QObject):
    """Follows the place and the energy of an explosion with forecasts.

    Signals
    -------
    changed(bool)
        Live mode was entered or left.
    moved(tuple)
        The explosion is elsewhere, in pc from the middle; its forecast follows.
    moving(bool)
        Movements began, or ended a moment ago.
    kept()
        A forecast joined those that are kept.
    said()
        The state in words is another (see `site`, `around` and `pace`).
    """

    changed = Signal(bool)
    moved = Signal(object)
    moving = Signal(bool)
    kept = Signal()
    said = Signal()

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        notifications: Notifications,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._notifications = document, jobs, notifications
        self._job: Job | None = None
        self._around: Neighbourhood | None = None
        self._wanted: Newest[_Wanted] = Newest()
        self._taken = threading.Event()
        self._offset: Offset = MIDDLE
        self._request = ForecastRequest()
        self._shown: _Shown | None = None
        self._cube: Cube | None = None
        self._moving = False
        self._arrivals: deque[float] = deque(maxlen=32)
        self._still = QTimer(self)
        self._still.setSingleShot(True)
        self._still.setInterval(STILL_MS)
        self._still.timeout.connect(self._rest)
        document.subscribe(SourceChanged, lambda _: self._check())
        document.subscribe(TruthChanged, lambda _: self._check())

    # -- state ---------------------------------------------------------------

    @property
    def is_on(self) -> bool:
        """Whether the forecast follows the mouse."""
        return self._job is not None

    @property
    def is_possible(self) -> bool:
        """Whether there is gas to forecast from."""
        document = self._document
        return document.truth is not None and not document.choosing

    @property
    def site_pc(self) -> Vector3:
        """Where the explosion is put, from the middle of the cube, in pc."""
        cube = self._cube
        if cube is None:
            return (0.0, 0.0, 0.0)
        x, y, z = (o * cube.voxel_pc for o in self._offset)
        return (x, y, z)

    @property
    def voxel_pc(self) -> float:
        """A step of the explosion's place, in pc."""
        return 0.0 if self._cube is None else self._cube.voxel_pc

    @property
    def site(self) -> str:
        """Where the explosion is, in words."""
        return f"Explosion at {site_text(self.site_pc)}"

    @property
    def around(self) -> str:
        """What the gas beyond the cube is taken for, where a person should know."""
        if self._around is None:
            return ""
        return "" if self._offset == MIDDLE else AROUND_TEXT[self._around.around]

    @property
    def updates_per_s(self) -> float | None:
        """Forecasts shown in a second, over the last movements; None without any."""
        now = time.monotonic()
        recent = [at for at in self._arrivals if now - at < _PACE_OVER_S]
        if len(recent) < 2:
            return None
        return (len(recent) - 1) / max(recent[-1] - recent[0], 1e-3)

    @property
    def is_complete(self) -> bool:
        """Whether the forecast shown is a good one, of what is asked for now."""
        shown = self._shown
        return (
            shown is not None
            and shown.made.fine
            and shown.made.offset == self._offset
            and shown.request == self._request
        )

    @property
    def pace(self) -> str:
        """How the forecasts come, in words."""
        if self._shown is None:
            return "Preparing"
        if self.is_complete and not self._moving:
            return "Full quality"
        rate = self.updates_per_s
        return "Working" if rate is None else f"{rate:.0f} a second"

    # -- entering and leaving --------------------------------------------------

    def enter(self, request: ForecastRequest) -> None:
        """Begin: the explosion is in the middle.

        Parameters
        ----------
        request : ForecastRequest
            Model, device, averaging and energy.
        """
        document = self._document
        truth, source, place = document.truth, document.source, document.place
        if self.is_on:
            return
        if truth is None or document.choosing:
            self._notifications.warn("Open a snapshot first: live forecasts start from its gas.")
            return
        self._jobs.cancel("forecast")
        self._cube, self._request, self._offset = truth[0], request, MIDDLE
        self._shown = self._around = None
        self._wanted, self._taken = Newest(), threading.Event()
        self._taken.set()
        self._arrivals.clear()
        series = source.series if source is not None else None
        method: Method = place.method if place is not None else "cic"
        cube, wanted, taken, known = self._cube, self._wanted, self._taken, self._pass_seconds()
        job = self._jobs.create(
            "live",
            lambda reporter: _follow(cube, series, method, wanted, taken, known, reporter),
            quiet=True,
        )
        job.published.connect(self._on_published)
        job.failed.connect(lambda error: self._fail(cast(BaseException, error)))
        job.done.connect(lambda: self._on_done(job))
        self._job = job
        self._ask(fine=True)
        job.start()
        self.changed.emit(True)
        self.said.emit()

    def leave(self) -> None:
        """End: what was shown before is shown again."""
        job, self._job = self._job, None
        if job is None:
            return
        job.cancel()
        self._still.stop()
        self._set_moving(False)
        self._shown = self._around = self._cube = None
        self._offset = MIDDLE
        preview = self._document.preview
        if preview is not None and preview.kind == "live":
            self._document.end_preview()
        self.changed.emit(False)

    def keep(self) -> None:
        """Keep the forecast that is shown among the others, and go on."""
        shown = self._shown
        if shown is None or not self.is_complete:
            return
        forecast, preview = shown.made.forecast, self._document.preview
        matches = preview is not None and preview.matches
        self._document.set_forecast(
            forecast,
            describe(forecast),
            shown.request,
            matches=matches,
            said=f"{len(forecast)} frames in {shown.made.seconds:.1f} s, in live mode",
        )
        self.leave()
        self.kept.emit()

    # -- moving ----------------------------------------------------------------

    def move_to(self, site_pc: Vector3) -> None:
        """Put the explosion at the voxel nearest to a place, within reach of the middle.

        Parameters
        ----------
        site_pc : tuple of float
            In pc from the middle of the cube.
        """
        if self._cube is None:
            return
        self._go(voxels_to(self._cube, site_pc))

    def step(self, voxels: Offset) -> None:
        """Move the explosion by some voxels along each axis."""
        if self._cube is not None:
            steps = np.add(self._offset, voxels) * self._cube.voxel_pc
            x, y, z = (float(value) for value in steps)
            self.move_to((x, y, z))

    def ask(self, request: ForecastRequest) -> None:
        """Take other settings: another energy, model, device or averaging."""
        if self.is_on and request != self._request:
            self._request = request
            self._stir()

    def _go(self, offset: Offset) -> None:
        if offset != self._offset:
            self._offset = offset
            self.moved.emit(self.site_pc)
            self._stir()

    def _stir(self) -> None:
        self._set_moving(True)
        self._still.start()
        self._ask(fine=False)
        self.said.emit()

    def _rest(self) -> None:
        self._set_moving(False)
        if not self.is_complete:
            self._ask(fine=True)
        self.said.emit()

    def _set_moving(self, moving: bool) -> None:
        if moving != self._moving:
            self._moving = moving
            self.moving.emit(moving)

    def _ask(self, *, fine: bool) -> None:
        document = self._document
        details = DetailsWanted.of(document.look)
        self._wanted.put(_Wanted(self._request, self._offset, fine, document.time_myr, details))

    # -- what comes --------------------------------------------------------------

    def _on_published(self, value: object) -> None:
        if self._job is None:
            return
        if isinstance(value, Neighbourhood):
            self._around = value
            self.said.emit()
            return
        shown = cast(_Shown, value)
        self._shown = shown
        self._arrivals.append(time.monotonic())
        made = shown.made
        if made.note:
            self._notifications.warn(made.note)
        words = ["live", made.said or ("" if self.is_complete else "moving")]
        said = ", ".join(filter(None, words))
        self._document.show_preview(
            Preview("live", made.forecast, self._matches(made), said, shown.drawn)
        )
        self.said.emit()
        # Only when what is due has been drawn is there room for the next one.
        QTimer.singleShot(0, self, self._taken.set)

    def _matches(self, made: LiveForecast) -> bool:
        """Whether the truth shows this explosion: the one in the middle, of the usual energy."""
        usual = self._document.truth_forecast
        energy = usual.energy_erg if usual is not None else 1e51
        return made.offset == MIDDLE and abs(made.forecast.energy_erg / energy - 1.0) < 1e-6

    def _pass_seconds(self) -> dict[tuple[str, str], float]:
        """How long networks took for one orientation in the forecasts that are kept."""
        known = {}
        for entry in self._document.forecasts:
            seconds = entry.forecast.provenance.get("wall_time_s")
            if entry.request is not None and isinstance(seconds, float):
                count = entry.forecast.provenance.get("averaging", 1)
                known[(entry.request.model, entry.request.device)] = seconds / count
        return known

    def _fail(self, error: BaseException) -> None:
        self._notifications.error(error, "Live mode")

    def _on_done(self, job: Job) -> None:
        if job is self._job:
            self.leave()

    def _check(self) -> None:
        """Leave when another cube is shown, or none."""
        if self._cube is None:
            return
        truth = self._document.truth
        same = (
            truth is not None
            and not self._document.choosing
            and truth.n == self._cube.n
            and (truth.size_pc, truth.center_pc) == (self._cube.size_pc, self._cube.center_pc)
            and np.array_equal(truth.density[0], self._cube.density)
        )
        if not same:
            self.leave()


def _follow(
    cube: Cube,
    series: SnapshotSeries | None,
    method: Method,
    wanted: Newest[_Wanted],
    taken: threading.Event,
    known: dict[tuple[str, str], float],
    reporter: Reporter,
) -> None:
    """Forecast what is wanted until told to stop; runs in a thread."""
    around = neighbourhood(
        cube, series, method, progress=reporter.progress, cancelled=reporter.cancelled
    )
    reporter.publish(around)
    forecaster = LiveForecaster(around, known)
    while not reporter.cancelled():
        one = wanted.take(_WAIT_S)
        if one is None:
            continue

        def outdated(fine: bool = one.fine) -> bool:
            # A coarse one is finished: a hand that never rests shall see something, too.
            return reporter.cancelled() or (fine and wanted.waiting)

        try:
            made = forecaster.forecast(one.request, one.offset, fine=one.fine, cancelled=outdated)
        except Cancelled:
            continue
        forecast = made.forecast
        prepared = prepare(forecast.sequence, forecast.control, forecast.site_pc)
        frame = prepared.nearest(one.time_myr)
        drawn = live_details(forecast, prepared, frame, one.details, fine=made.fine)
        # The one before is on the screen, or nobody can follow.
        while not taken.wait(_WAIT_S):
            if reporter.cancelled():
                return
        taken.clear()
        reporter.publish(_Shown(made, one.request, drawn))
