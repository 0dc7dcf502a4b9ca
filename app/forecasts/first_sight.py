"""What is drawn of a forecast first, prepared where it was made: in a worker. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from app.look import Look
from app.measuring import stand_in_control
from app.scene.prepare import PreparedEvolution, prepare
from core.cubes import CubeSequence
from core.evolution import Evolution

FIRST_LOOK = 0.63
"""The part of the time span at which a forecast is first shown: the shell is well grown."""


@dataclass(frozen=True, eq=False)
class Onlooker:
    """Who waits for a forecast: what is beside it, and where they look.

    Parameters
    ----------
    truth : CubeSequence
        The run that is forecast.
    control : CubeSequence or None
        The same without the explosion; without it that of the forecast takes
        its place.
    look : Look
        Which layers are shown.
    time_myr : float
        The time that is shown, in Myr.
    """

    truth: CubeSequence
    control: CubeSequence | None
    look: Look
    time_myr: float

    def prepare(self, forecast: Evolution) -> tuple[PreparedEvolution, ...]:
        """Prepare what is seen first of a forecast and of the truth beside it.

        Parameters
        ----------
        forecast : Evolution
            The forecast.

        Returns
        -------
        tuple of PreparedEvolution
            What the views will draw; it has to be kept until they do.
        """
        times = [self.time_myr]
        span = self.truth.times_myr if len(self.truth) > 1 else forecast.times_myr
        if self.time_myr <= float(span[0]):
            times.append(float(span[round(FIRST_LOOK * (len(span) - 1))]))
        behind = stand_in_control(self.truth, self.control, forecast)
        drawn = (
            (prepare(forecast.sequence, forecast.control, forecast.site_pc), self.look.forecast),
            (prepare(self.truth, behind, forecast.site_pc), self.look.truth),
        )
        for prepared, layers in drawn:
            for time in times:
                level = layers.shell_level if layers.shell else None
                prepared.make_ready(prepared.nearest(time), level)
        return tuple(prepared for prepared, _ in drawn)
