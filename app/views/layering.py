"""Gives the views what their further layers show: it is read and computed in workers."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from app.document import Document
from app.events import (
    ForecastChanged,
    LayersChanged,
    OverviewChanged,
    PreviewChanged,
    TimeChanged,
    TruthChanged,
)
from app.figures import Role
from app.forecasts.live_details import LiveDetails
from app.jobs import Jobs
from app.notifications import Notifications
from app.scene.details import Details
from app.scene.view import SceneView
from app.views.layer_needs import missing
from app.views.sampling import (
    Particles,
    SampleRequest,
    frames_from,
    particles_reached,
    read_particles,
)
from core.cubes import CubeSequence
from core.evolution import Forecast
from core.sampling import CubeSample

BOTH: tuple[Role, ...] = ("truth", "forecast")
OTHER: dict[Role, Role] = {"truth": "forecast", "forecast": "truth"}

TRUTH_EACH_S = 0.5
"""While an explosion is dragged, the truth follows with what it shows of it this often."""

NO_PARTICLES = Particles({}, {})


class Layering(QObject):
    """Keeps the details of the truth's and the forecast's view up to date.

    Parameters
    ----------
    document : Document
        What is open; read, never changed.
    jobs : Jobs
        Where work goes.
    notifications : Notifications
        Where errors go.
    views : Mapping of role to SceneView
        The views.
    parent : QObject, optional
        The parent.
    """

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        notifications: Notifications,
        views: Mapping[Role, SceneView],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._notifications = document, jobs, notifications
        self._views = views
        self._details: dict[Role, Details] = {}
        self._samples: dict[int, CubeSample] = {}
        self._sampled: CubeSequence | None = None
        self._asked: tuple[object, ...] = ()
        self._shown = (False, False)
        self._truth_shown = 0.0
        self.particles = NO_PARTICLES
        self.envelope: NDArray[np.bool_] | None = None
        self._envelope_of: tuple[Forecast, float] | None = None
        document.subscribe(TruthChanged, lambda _: self.refresh())
        document.subscribe(ForecastChanged, lambda _: self.refresh())
        document.subscribe(OverviewChanged, lambda _: self.refresh())
        document.subscribe(LayersChanged, lambda _: self._on_layers())
        document.subscribe(TimeChanged, lambda _: self._want())
        document.subscribe(PreviewChanged, lambda _: self._follow())

    @property
    def coverage(self) -> float:
        """The share that the envelope holds; 0 without one."""
        known = self._envelope_of if self.envelope is not None else None
        return 0.0 if known is None else known[1]

    def refresh(self) -> None:
        """Tell the views what there is of truth and forecast."""
        self._forget()
        self._views["truth"].set_coarse(False)
        self._follow() if self._live is not None else self._want()
        self._hand_out()

    def _on_layers(self) -> None:
        self._want()
        if self._live is not None:
            # What was not seen has not followed.
            self._hand_out()

    @property
    def _live(self) -> LiveDetails | None:
        preview = self._document.preview
        return None if preview is None else preview.drawn

    def _follow(self) -> None:
        """Take what was made of a forecast that follows the mouse, for the views that show it."""
        live, document = self._live, self._document
        if live is None:
            return
        forecast, known = document.forecast, live.details
        self._details["forecast"] = known
        self.envelope, self._envelope_of = None, None
        if known.envelope is not None and isinstance(forecast, Forecast):
            self.envelope, self._envelope_of = known.envelope, (forecast, known.coverage)
        self._color_particles(live.reached_myr)
        look = document.look
        particles = {role for role in BOTH if look.layers(role).cube_particles}
        seen = particles | {role for role in BOTH if look.layers(role).overlay}
        if look.forecast.reached or look.forecast.probable:
            seen.add("forecast")
        # Each costs a drawing, which the forecast would have to wait for.
        now = time.monotonic()
        if "truth" in seen:
            self._views["truth"].set_coarse(not live.fine)
            if not live.fine and now - self._truth_shown < TRUTH_EACH_S:
                seen.discard("truth")
            else:
                self._truth_shown = now
        self._hand_out(tuple(role for role in BOTH if role in seen))
        if live.fine:
            # The frames that are not shown, too.
            self._envelope_of = None
            self._want()

    def _color_particles(self, reached_myr: NDArray[np.float64] | None) -> None:
        """Let the particles of the frame that is shown follow at once, without a job."""
        document = self._document
        truth, source = document.truth, document.source
        if reached_myr is None or truth is None or source is None or source.series is None:
            return
        frame = truth.nearest(document.time_myr)
        request = SampleRequest(source.series, truth, document.forecast, (frame,), self._samples)
        now = particles_reached(request, frame, reached_myr)
        forecast = now.forecast or self.particles.forecast
        self.particles = Particles({**self.particles.truth, **now.truth}, forecast)

    def _hand_out(self, roles: tuple[Role, ...] = BOTH) -> None:
        forecast = self._document.forecast
        for role in roles:
            view = self._views[role]
            prepared = view.prepared
            if prepared is None:
                self._details.pop(role, None)
                continue
            own = forecast if role == "forecast" and isinstance(forecast, Forecast) else None
            other = self._views[OTHER[role]].prepared
            envelope = self.envelope if own is not None else None
            coverage = self.coverage
            particles = getattr(self.particles, role)
            details = self._details.get(role)
            if details is None or details.prepared is not prepared:
                details = Details(prepared)
            details = details.updated(own, other, envelope, coverage, particles)
            self._details[role] = details
            view.set_details(details)

    def _forget(self) -> None:
        """Drop what belongs to data that are gone."""
        document = self._document
        truth, before = document.truth, self._sampled
        if truth is None or before is None or not _same_cube(truth, before):
            self._samples, self.particles, self._asked = {}, NO_PARTICLES, ()
            self._jobs.cancel("particles")
        self._sampled = truth
        if self._envelope_of is not None and self._envelope_of[0] is not document.forecast:
            self.envelope, self._envelope_of = None, None

    def _want(self) -> None:
        """Start the work that the layers ask for, unless it is done or goes on."""
        self._want_envelope()
        self._want_particles()

    # The envelope

    def _want_envelope(self) -> None:
        document = self._document
        forecast, layers = document.forecast, document.layers("forecast")
        if not layers.reached or not isinstance(forecast, Forecast):
            return
        wanted = (forecast, layers.coverage)
        if self._envelope_of is not None and _same(self._envelope_of, wanted):
            return
        if missing(document, "coverage"):
            return
        self._envelope_of = wanted
        job = self._jobs.create("envelope", lambda _: forecast.reached(layers.coverage), quiet=True)
        job.finished.connect(lambda region: self._on_envelope(wanted, region))
        job.failed.connect(lambda error: self._notifications.error(error, "Coverage"))
        job.start()

    def _on_envelope(self, wanted: tuple[Forecast, float], region: NDArray[np.bool_]) -> None:
        if self._envelope_of is not None and _same(self._envelope_of, wanted):
            self.envelope = region
            self._hand_out()

    # The particles

    def _want_particles(self) -> None:
        document = self._document
        truth, source = document.truth, document.source
        shown = any(document.layers(role).cube_particles for role in BOTH)
        if not shown or document.choosing or truth is None or missing(document, "particles"):
            return
        if source is None or source.series is None or len(source.series) < len(truth):
            return
        frame = truth.nearest(document.time_myr)
        asked = (len(truth), document.forecast)
        if _same(self._asked, asked) and (
            frame in self._samples or self._jobs.running("particles") is not None
        ):
            return
        self._asked, self._shown = asked, (False, False)
        frames = frames_from(frame, len(truth))
        request = SampleRequest(
            source.series, truth, document.forecast, frames, dict(self._samples)
        )
        job = self._jobs.create(
            "particles",
            lambda reporter: read_particles(
                request, publish=reporter.publish, cancelled=reporter.cancelled
            ),
            quiet=True,
        )
        job.published.connect(self._on_some_particles)
        job.finished.connect(self._on_particles)
        job.failed.connect(lambda error: self._notifications.error(error, "Reading particles"))
        job.start()

    def _on_some_particles(self, found: tuple[dict[int, CubeSample], Particles]) -> None:
        """Draw again only for what can be seen: frames arrive many a second."""
        self._take(found)
        truth = self._document.truth
        frame = 0 if truth is None else truth.nearest(self._document.time_myr)
        now = (frame in self.particles.truth, bool(self.particles.forecast))
        if now != self._shown:
            self._shown = now
            self._hand_out()

    def _on_particles(self, found: tuple[dict[int, CubeSample], Particles]) -> None:
        self._take(found)
        self._hand_out()

    def _take(self, found: tuple[dict[int, CubeSample], Particles]) -> None:
        self._samples, particles = found
        live = self._live
        if live is not None and self._asked[-1:] != (self._document.forecast,):
            # The explosion has moved on since: the places count, and not when they are reached.
            self._color_particles(live.reached_myr)
        else:
            self.particles = particles


def _same(first: tuple[object, ...], second: tuple[object, ...]) -> bool:
    """Whether two tuples hold the same objects and equal numbers."""
    return len(first) == len(second) and all(
        a is b or (isinstance(a, int | float) and a == b)
        for a, b in zip(first, second, strict=True)
    )


def _same_cube(first: CubeSequence, second: CubeSequence) -> bool:
    """Whether two sequences are of one place, one perhaps with more frames."""
    frames = min(len(first), len(second))
    return (
        first.center_pc == second.center_pc
        and first.size_pc == second.size_pc
        and np.array_equal(first.times_myr[:frames], second.times_myr[:frames])
        and np.array_equal(first.density[0], second.density[0])
    )
