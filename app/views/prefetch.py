"""Preparing the frames ahead while nothing else is to be done.

The first time a frame is drawn, its density has to be smoothed and refined and
its shell be found. A worker does that before it is asked for, so that playing
and scrubbing are smooth from the first pass on. It makes arrays only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer

from app.document import Document
from app.events import ForecastChanged, LayersChanged, TimeChanged, TruthChanged
from app.jobs import Jobs, Reporter
from app.scene.prepare import PreparedEvolution

IDLE_MS = 300
"""Quiet time before frames are prepared."""

JOB = "prefetch"


@dataclass(frozen=True, eq=False)
class Drawn:
    """What one view draws.

    Parameters
    ----------
    prepared : PreparedEvolution
        Its frames.
    level : float or None
        The level of its shell; None if that is not shown.
    """

    prepared: PreparedEvolution
    level: float | None


def frames_ahead(drawn: Drawn, time_myr: float) -> list[int]:
    """Return the frames to prepare, in the order in which they are needed.

    Parameters
    ----------
    drawn : Drawn
        What a view draws.
    time_myr : float
        The time shown, in Myr.

    Returns
    -------
    list of int
        From the frame shown on, round to the first ones, as many as are
        kept; what would push out others that come sooner is left out.
    """
    prepared = drawn.prepared
    count = len(prepared.times_myr)
    here = prepared.nearest(time_myr)
    room = min(max(prepared.frames_kept - 1, 1), count)
    return [(here + step) % count for step in range(room)]


def is_missing(drawn: Drawn, frame: int) -> bool:
    """Whether a frame would have to be prepared when it is shown."""
    return not drawn.prepared.is_ready(frame, drawn.level)


class Prefetch(QObject):
    """Prepares frames ahead of the time shown.

    Parameters
    ----------
    document : Document
        Tells of new frames and of the time.
    jobs : Jobs
        Where the work goes on; it waits while there is other work.
    drawn : callable
        Returns what the views draw.
    parent : QObject
        The window.
    """

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        drawn: Callable[[], Sequence[Drawn]],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._drawn = document, jobs, drawn
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(IDLE_MS)
        self._timer.timeout.connect(self._start)
        for event in (TruthChanged, ForecastChanged, LayersChanged):
            document.subscribe(event, lambda _: self._restart())
        document.subscribe(TimeChanged, lambda _: self._go_on())

    def _restart(self) -> None:
        """Forget what was under way: it may be of no use any more."""
        self._jobs.cancel(JOB)
        self._timer.start()

    def _go_on(self) -> None:
        # Not restarted by each frame: while they follow each other it would never be quiet.
        if not self._timer.isActive() and self._jobs.running(JOB) is None:
            self._timer.start()

    def stop(self) -> None:
        """Prepare nothing more."""
        self._timer.stop()
        self._jobs.cancel(JOB)

    def _start(self) -> None:
        if self._jobs.running(JOB) is not None:
            return
        if self._jobs.running() is not None:
            self._timer.start()  # later: other work is waited for
            return
        time_myr = self._document.time_myr
        plans = [(each, frames_ahead(each, time_myr)) for each in self._drawn()]
        # Half of what can be kept is ahead of the time shown: no hurry.
        soon = [
            (each, frame) for each, frames in plans for frame in frames[: max(len(frames) // 2, 1)]
        ]
        if not any(is_missing(each, frame) for each, frame in soon):
            return
        longest = max(len(frames) for _, frames in plans)

        def work(reporter: Reporter) -> int:
            made = 0
            for place in range(longest):
                for each, frames in plans:
                    if reporter.cancelled():
                        return made
                    if place < len(frames) and is_missing(each, frames[place]):
                        each.prepared.make_ready(frames[place], each.level)
                        made += 1
            return made

        self._jobs.create(JOB, work, quiet=True).start()
