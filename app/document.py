"""What is open and what is shown: the one place that knows, without Qt.

Panels and views read the document and subscribe to its events; they never
talk to each other. Whoever changes the document calls one of its methods,
which publishes one small typed event per kind of change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.view_state import LayerState, TransferFunction
from core.cubes import CubeSequence, Vector3
from core.evolution import Evolution

if TYPE_CHECKING:
    from app.measuring import Curve
    from core.compare import Comparison
    from core.series import SeriesInfo

Role = Literal["truth", "forecast"]
ROLES: tuple[Role, ...] = ("truth", "forecast")


@dataclass(frozen=True)
class Source:
    """A file or directory that is open.

    Parameters
    ----------
    path : Path
        What the user opened.
    name : str
        Short name for titles.
    format : str
        The reader that understood it, for example ``"SWIFT"``.
    n_frames : int
        Frames the source has; more may be on their way than are read.
    times_myr : tuple of float
        Time of each frame in Myr.
    box_pc : tuple of float
        Edge lengths of the source's box in pc.
    info : SeriesInfo, optional
        What the file says about itself.
    """

    path: Path
    name: str
    format: str
    n_frames: int
    times_myr: tuple[float, ...] = ()
    box_pc: tuple[float, ...] = ()
    info: SeriesInfo | None = None


@dataclass(frozen=True)
class Event:
    """Something in the document changed."""


@dataclass(frozen=True)
class SourceChanged(Event):
    """Another file is open, or none."""


@dataclass(frozen=True)
class TruthChanged(Event):
    """Frames of the truth or of its control arrived or went."""


@dataclass(frozen=True)
class ForecastChanged(Event):
    """There is a new forecast, or none."""


@dataclass(frozen=True)
class ComparisonChanged(Event):
    """The figures and curves were computed or became invalid."""


@dataclass(frozen=True)
class TimeChanged(Event):
    """Another time is shown."""

    time_myr: float


@dataclass(frozen=True)
class LayersChanged(Event):
    """Another set of layers is shown."""


@dataclass(frozen=True)
class TransferChanged(Event):
    """Colours, range or opacity of the gas changed."""


@dataclass(frozen=True, eq=False)
class Figures:
    """Everything measured: figures per frame, and curves against time.

    Parameters
    ----------
    comparison : Comparison or None
        Forecast against truth; None when there is nothing to compare.
    curves : Mapping of role to tuple of Curve
        Size against time of the cavity and of the affected region, for the
        truth and the forecast.
    """

    comparison: Comparison | None = None
    curves: Mapping[Role, tuple[Curve, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def curve(self, role: Role, level: float) -> Curve | None:
        """Return the curve of an evolution and a level, if it was measured."""
        return next((c for c in self.curves.get(role, ()) if c.level == level), None)


class Document:
    """State of the window: data, forecast, figures, time and look.

    Times are in Myr; every sequence holds densities in Msun/pc^3.
    """

    def __init__(self) -> None:
        self._subscribers: dict[type[Event], list[Callable[[Any], None]]] = {}
        self._source: Source | None = None
        self._control_source: Source | None = None
        self._truth: CubeSequence | None = None
        self._control: CubeSequence | None = None
        self._forecast: Evolution | None = None
        self._figures = Figures()
        self._time_myr = 0.0
        self._layers: dict[Role, LayerState] = {role: LayerState() for role in ROLES}
        self._transfer = TransferFunction()

    # -- reading -----------------------------------------------------------

    @property
    def source(self) -> Source | None:
        """The file that is open."""
        return self._source

    @property
    def control_source(self) -> Source | None:
        """The file the truth's control came from."""
        return self._control_source

    @property
    def truth(self) -> CubeSequence | None:
        """The frames of the open file read so far."""
        return self._truth

    @property
    def control(self) -> CubeSequence | None:
        """The truth without the explosion, where a file gives it."""
        return self._control

    @property
    def forecast(self) -> Evolution | None:
        """The forecast."""
        return self._forecast

    @property
    def figures(self) -> Figures:
        """What was measured on truth and forecast."""
        return self._figures

    @property
    def complete(self) -> bool:
        """Whether every frame of the open file has been read."""
        return (
            self._source is not None
            and self._truth is not None
            and len(self._truth) >= self._source.n_frames
        )

    @property
    def site_pc(self) -> Vector3:
        """Place of the explosion relative to the cube's centre, in pc."""
        return self._forecast.site_pc if self._forecast is not None else (0.0, 0.0, 0.0)

    @property
    def time_myr(self) -> float:
        """The time that is shown."""
        return self._time_myr

    @property
    def times_myr(self) -> NDArray[np.float64]:
        """Times one can go to: those of the truth, then those only the forecast has."""
        truth = self._truth.times_myr if self._truth is not None else np.empty(0)
        forecast = self._forecast.times_myr if self._forecast is not None else np.empty(0)
        if len(truth) == 0 or len(forecast) == 0:
            return np.array(truth if len(forecast) == 0 else forecast, dtype=np.float64)
        steps = np.diff(truth if len(truth) > 1 else forecast)
        near = 0.5 * float(np.median(steps)) if len(steps) else 0.0
        distance = np.abs(forecast[:, None] - truth[None, :]).min(axis=1)
        return np.sort(np.concatenate([truth, forecast[distance > near]]))

    @property
    def frame(self) -> int:
        """Index into `times_myr` of the time shown; 0 when nothing is open."""
        times = self.times_myr
        return int(np.argmin(np.abs(times - self._time_myr))) if len(times) else 0

    def layers(self, role: Role) -> LayerState:
        """Return what a view shows."""
        return self._layers[role]

    @property
    def transfer(self) -> TransferFunction:
        """Colours and opacity of the gas."""
        return self._transfer

    # -- subscribing -------------------------------------------------------

    def subscribe(self, event: type[Event], listener: Callable[[Any], None]) -> None:
        """Call `listener` with each event of a type, from the caller's thread.

        Parameters
        ----------
        event : type of Event
            The kind of change.
        listener : callable
            Receives the event.
        """
        self._subscribers.setdefault(event, []).append(listener)

    def _publish(self, *events: Event) -> None:
        for event in events:
            for listener in tuple(self._subscribers.get(type(event), ())):
                listener(event)

    def _publish_all(self) -> None:
        """Say that everything but the look is another."""
        self._publish(
            SourceChanged(),
            TruthChanged(),
            ForecastChanged(),
            ComparisonChanged(),
            TimeChanged(self._time_myr),
        )

    # -- changing ----------------------------------------------------------

    def open_source(
        self, source: Source, truth: CubeSequence, control: CubeSequence | None = None
    ) -> None:
        """Show another file from its first frame on; forget what was open.

        Parameters
        ----------
        source : Source
            The file.
        truth : CubeSequence
            Its first frame or frames.
        control : CubeSequence, optional
            The control the file brings.
        """
        self._source, self._control_source = source, None
        self._truth, self._control = truth, control
        self._forecast, self._figures = None, Figures()
        self._time_myr = float(truth.times_myr[0])
        self._publish_all()

    def open_forecast(self, source: Source, forecast: Evolution) -> None:
        """Show a saved forecast, without a truth beside it."""
        self._source, self._control_source = source, None
        self._truth, self._control = None, None
        self._forecast, self._figures = forecast, Figures()
        self._time_myr = float(forecast.times_myr[0])
        self._publish_all()

    def set_truth(
        self, source: Source, truth: CubeSequence, control: CubeSequence | None = None
    ) -> None:
        """Take further frames of the open file; the time shown stays.

        Parameters
        ----------
        source : Source
            The file, which may turn out to have fewer frames than it said.
        truth : CubeSequence
            All frames read so far.
        control : CubeSequence, optional
            The control the file brings; None keeps the one there is.
        """
        self._source, self._truth = source, truth
        if control is not None:
            self._control = control
        self._publish(TruthChanged())

    def set_control(self, source: Source, control: CubeSequence) -> None:
        """Attach a control to the truth; figures computed without it go."""
        self._control_source, self._control = source, control
        self._figures = Figures()
        self._publish(SourceChanged(), TruthChanged(), ComparisonChanged())

    def set_forecast(self, forecast: Evolution) -> None:
        """Show a forecast; the figures of an earlier one go."""
        self._forecast, self._figures = forecast, Figures()
        self._publish(ForecastChanged(), ComparisonChanged())

    def set_figures(self, figures: Figures) -> None:
        """Show what was measured."""
        self._figures = figures
        self._publish(ComparisonChanged())

    def close(self) -> None:
        """Forget what is open; the look stays."""
        self._source = self._control_source = None
        self._truth = self._control = self._forecast = None
        self._figures, self._time_myr = Figures(), 0.0
        self._publish_all()

    def go_to(self, time_myr: float) -> None:
        """Show the frame nearest to a time."""
        times = self.times_myr
        if len(times) == 0:
            return
        nearest = float(times[np.argmin(np.abs(times - time_myr))])
        if nearest != self._time_myr:
            self._time_myr = nearest
            self._publish(TimeChanged(nearest))

    def step(self, frames: int, *, wrap: bool = False) -> bool:
        """Go some frames on or back.

        Parameters
        ----------
        frames : int
            How many; negative goes back.
        wrap : bool
            Continue at the other end; otherwise stop there.

        Returns
        -------
        bool
            Whether the time changed.
        """
        times = self.times_myr
        if len(times) < 2:
            return False
        wanted = self.frame + frames
        wanted = wanted % len(times) if wrap else min(max(wanted, 0), len(times) - 1)
        if wanted == self.frame:
            return False
        self.go_to(float(times[wanted]))
        return True

    def change_layers(self, roles: tuple[Role, ...] = ROLES, **changes: Any) -> None:
        """Change what the views show.

        Parameters
        ----------
        roles : tuple of {"truth", "forecast"}
            The views meant.
        **changes
            Fields of `LayerState` and their new values.
        """
        for role in roles:
            self._layers[role] = replace(self._layers[role], **changes)
        self._publish(LayersChanged())

    def set_transfer(self, transfer: TransferFunction) -> None:
        """Change colours, range or opacity of the gas."""
        self._transfer = transfer
        self._publish(TransferChanged())
