"""A forecast made from one frame of a run, set beside what really happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import core
from core.cubes import CubeSequence, Vector3
from core.errors import InvalidRequest
from core.evolution import Evolution, Forecast
from core.progress import CancelCheck, Progress, part_of, report

if TYPE_CHECKING:
    from core.compare import Comparison
    from core.forecast import Forecaster
    from core.series import SnapshotSeries


@dataclass(frozen=True, eq=False)
class Trial:
    """A forecast and, where the run goes on, the truth.

    Parameters
    ----------
    forecast : Forecast
        The forecast.
    truth : CubeSequence or None
        What really happened in the forecast's time range; None if the run
        has no later frame.
    control : CubeSequence or None
        The real gas without the explosion, if it is known.
    comparison : Comparison or None
        The figures, if there is a truth.
    """

    forecast: Forecast
    truth: CubeSequence | None = None
    control: CubeSequence | None = None
    comparison: Comparison | None = None

    def true_evolution(self) -> Evolution | None:
        """Give the truth a control, the forecast's own where no other is known.

        Returns
        -------
        Evolution or None
            The truth with a control at the same times; None without truth.
        """
        from core.compare import at_times

        if self.truth is None:
            return None
        control = self.forecast.control if self.control is None else self.control
        return Evolution(
            sequence=self.truth,
            control=at_times(control, self.truth.times_myr),
            site_pc=self.forecast.site_pc,
            energy_erg=self.forecast.energy_erg,
        )


def run_trial(
    series: SnapshotSeries,
    forecaster: Forecaster,
    *,
    control: SnapshotSeries | None = None,
    frame: int = 0,
    size_pc: float = 60.0,
    n: int = 32,
    center_pc: Vector3 | None = None,
    energy_erg: float | None = None,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Trial:
    """Forecast from one frame of a series, and compare with the frames after it.

    Parameters
    ----------
    series : SnapshotSeries
        The run.
    forecaster : Forecaster
        The network.
    control : SnapshotSeries, optional
        The same run without the explosion; by default the one that the
        series brings along, if any.
    frame : int
        The frame at the explosion.
    size_pc : float
        Edge of the cube in pc.
    n : int
        Voxels along an edge.
    center_pc : tuple of float, optional
        Place of the explosion in pc; by default the centre of the box.
    energy_erg : float, optional
        Energy of the explosion in erg; by default the model's usual one.
    progress : callable, optional
        Called with the fraction done and a text.
    cancelled : callable, optional
        Checked often.

    Returns
    -------
    Trial
        The forecast, and the truth and figures where there are later frames.

    Raises
    ------
    InvalidRequest
        If the series has no such frame, or the cube cannot be cut.
    """
    if not 0 <= frame < len(series):
        raise InvalidRequest(
            f"{series.name} has no frame {frame}; its frames are 0 to {len(series) - 1}."
        )

    def cut(source: SnapshotSeries, begin: float, end: float) -> CubeSequence:
        return core.voxelize(
            source,
            size_pc=size_pc,
            n=n,
            center_pc=center_pc,
            progress=part_of(progress, begin, end),
            cancelled=cancelled,
        )

    cube = cut(series[frame : frame + 1], 0.0, 0.05)[0]
    forecast = forecaster.forecast(
        cube,
        energy_erg=energy_erg,
        progress=part_of(progress, 0.05, 0.4),
        cancelled=cancelled,
    )
    later = _until(series[frame:], float(forecast.times_myr[-1]))
    if len(later) == 1:
        report(progress, 1.0, "Done")
        return Trial(forecast)
    truth = cut(later, 0.4, 0.6)
    without = series.control if control is None else control
    real_control = None if without is None else cut(without, 0.6, 0.8)
    comparison = core.compare(
        forecast, truth, real_control, progress=part_of(progress, 0.8, 1.0), cancelled=cancelled
    )
    report(progress, 1.0, "Done")
    return Trial(forecast, truth, real_control, comparison)


def _until(series: SnapshotSeries, time_myr: float) -> SnapshotSeries:
    """Leave out the frames that no forecast reaches, so that nobody reads them."""
    slack = 1e-3 * (time_myr - float(series.times_myr[0]))
    return series[: max(int((series.times_myr <= time_myr + slack).sum()), 1)]
