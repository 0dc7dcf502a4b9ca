"""What is open and what is shown: the one place that knows, without Qt.

Panels and views read the document and subscribe to its events; they never
talk to each other. Whoever changes the document calls one of its methods,
which publishes one small typed event per kind of change.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.data.place import Place, fitted
from app.data.source import Source
from app.events import (
    ComparisonChanged,
    Event,
    ForecastChanged,
    ForecastsChanged,
    LayersChanged,
    LookChanged,
    OverviewChanged,
    PlaceChanged,
    SourceChanged,
    TimeChanged,
    TransferChanged,
    TruthChanged,
    UnitsChanged,
)
from app.forecasts.forecast_book import ForecastBook
from app.look import VIEW_ROLES, Look, ViewRole
from app.preferences.display_units import DENSITY, DensityDisplay, DensityUnit
from app.view_state import LayerState, TransferFunction
from core.cubes import CubeSequence
from core.evolution import Evolution

if TYPE_CHECKING:
    from core.overview import Overview
    from core.sites import Site

MAX_OVERVIEWS = 60
"""About 100 MB."""


class Document(ForecastBook):
    """State of the window: data, forecast, figures, time and look.

    Times are in Myr; every sequence holds densities in Msun/pc^3.
    """

    def __init__(self) -> None:
        super().__init__()
        self._source: Source | None = None
        self._control_source: Source | None = None
        self._truth: CubeSequence | None = None
        self._control: CubeSequence | None = None
        self._time_myr = 0.0
        self._look = Look()
        self._density = DENSITY["mass"]
        self._choosing = False
        self._overviews: dict[float, Overview] = {}
        self._sites: tuple[Site, ...] = ()
        self._place: Place | None = None

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
    def choosing(self) -> bool:
        """Whether the whole box is shown, to choose the place of the explosion."""
        return self._choosing

    @property
    def sites(self) -> tuple[Site, ...]:
        """Candidates for the place of the explosion."""
        return self._sites

    @property
    def place(self) -> Place | None:
        """The cube that was cut out, or is to be."""
        return self._place

    @property
    def chosen_site(self) -> int | None:
        """Index of the candidate that the cube is around, if it is around one."""
        if self._place is None:
            return None
        for index, site in enumerate(self._sites):
            if np.allclose(site.position_pc, self._place.center_pc, rtol=0, atol=1e-3):
                return index
        return None

    def overview(self, index: int | None = None) -> Overview | None:
        """Return the overview of a frame, by default of the one shown, if it was made."""
        times = self._source.times_myr if self._source is not None else ()
        which = self.frame if index is None else index
        # By time: frames that join a run later may come before others.
        return self._overviews.get(times[which]) if which < len(times) else None

    @property
    def complete(self) -> bool:
        """Whether every frame of the open file has been read."""
        return (
            self._source is not None
            and self._truth is not None
            and len(self._truth) >= self._source.n_frames
        )

    @property
    def time_myr(self) -> float:
        """The time that is shown."""
        return self._time_myr

    @property
    def times_myr(self) -> NDArray[np.float64]:
        """Times one can go to: those of the truth, then those only the forecast has."""
        if self._choosing and self._source is not None:
            return np.array(self._source.times_myr, dtype=np.float64)
        truth = self._truth.times_myr if self._truth is not None else np.empty(0)
        shown = self.forecast
        forecast = shown.times_myr if shown is not None else np.empty(0)
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

    @property
    def look(self) -> Look:
        """How everything looks."""
        return self._look

    def layers(self, role: ViewRole) -> LayerState:
        """Return what a view shows."""
        return self._look.layers(role)

    @property
    def transfer(self) -> TransferFunction:
        """Colours and opacity of the gas."""
        return self._look.transfer

    @property
    def density_display(self) -> DensityDisplay:
        """How densities are shown to people."""
        return self._density

    # -- changing ----------------------------------------------------------

    def _publish_all(self) -> None:
        """Say that everything but the look is another."""
        self._publish(
            SourceChanged(),
            TruthChanged(),
            ForecastsChanged(),
            ForecastChanged(),
            ComparisonChanged(),
            PlaceChanged(),
            OverviewChanged(),
            TimeChanged(self._time_myr),
        )

    def _forget(self) -> None:
        """Drop everything that belongs to what is open."""
        self._source = self._control_source = None
        self._truth = self._control = None
        self._time_myr = 0.0
        self._drop_forecasts()
        self._choosing, self._place = False, None
        self._overviews, self._sites = {}, ()

    def open_source(
        self,
        source: Source,
        truth: CubeSequence,
        control: CubeSequence | None = None,
        place: Place | None = None,
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
        place : Place, optional
            The cube that was cut out of it.
        """
        self._forget()
        self._source, self._place = source, place
        self._truth, self._control = truth, control
        self._time_myr = float(truth.times_myr[0])
        self._publish_all()

    def open_overview(self, source: Source, overview: Overview, place: Place) -> None:
        """Show the whole box of another file; forget what was open.

        Parameters
        ----------
        source : Source
            The file, with its series.
        overview : Overview
            Its first frame.
        place : Place
            The cube to begin with.
        """
        self._forget()
        self._source, self._place, self._choosing = source, place, True
        self._time_myr = float(source.times_myr[0])
        self._overviews = {self._time_myr: overview}
        self._publish_all()

    def add_overview(self, overview: Overview) -> None:
        """Keep the overview of a frame; the least useful one goes when there are many."""
        first = self._source.times_myr[0] if self._source is not None else None
        now = float(overview.time_myr)
        while len(self._overviews) >= MAX_OVERVIEWS:
            # The first frame stays: every choice of a place begins with it.
            del self._overviews[max(self._overviews, key=lambda t: (t != first) * abs(t - now))]
        self._overviews[now] = overview
        self._publish(OverviewChanged())

    def set_sites(self, sites: tuple[Site, ...]) -> None:
        """List other candidates."""
        self._sites = sites
        self._publish(PlaceChanged())

    def move(self, place: Place) -> str:
        """Put the cube to be cut out somewhere else.

        Parameters
        ----------
        place : Place
            Where, how large, and how its voxels are filled.

        Returns
        -------
        str
            What had to be changed to fit it into the box, or "".
        """
        box = self._source.box if self._source is not None else None
        if box is None:
            return ""
        place, said = fitted(place, box)
        if place != self._place:
            self._place = place
            self._publish(PlaceChanged())
        return said

    def choose(self, choosing: bool) -> None:
        """Show the whole box, or the cube again that was cut out of it.

        Parameters
        ----------
        choosing : bool
            The whole box; without an overview and without a cube there is
            nothing to change to.
        """
        possible = self._overviews if choosing else self._truth is not None
        if choosing == self._choosing or not possible:
            return
        self._choosing = choosing
        times = self.times_myr
        self._time_myr = float(times[np.argmin(np.abs(times - self._time_myr))])
        self._publish(TruthChanged(), OverviewChanged(), TimeChanged(self._time_myr))

    def set_cube(
        self,
        source: Source,
        truth: CubeSequence,
        control: CubeSequence | None,
        place: Place,
        control_source: Source | None = None,
    ) -> None:
        """Show another cube of the file that is open; forecast and figures go.

        Parameters
        ----------
        source : Source
            The file.
        truth : CubeSequence
            The first frames of the cube.
        control : CubeSequence or None
            The same cube without the explosion.
        place : Place
            The cube.
        control_source : Source, optional
            Where the control comes from, if it is a file of its own.
        """
        self._source, self._control_source = source, control_source
        self._truth, self._control, self._place = truth, control, place
        self._drop_forecasts()
        self._choosing = False
        self._time_myr = float(truth.times_myr[0])
        self._publish_all()

    def open_forecast(self, source: Source, forecast: Evolution) -> None:
        """Show a saved forecast, without a truth beside it."""
        self._forget()
        self._source = source
        self._forecasts = self._forecasts.added(forecast)
        self._time_myr = float(forecast.times_myr[0])
        self._publish_all()

    def set_source(self, source: Source) -> None:
        """Take further frames of a file of which only the whole box is shown."""
        self._source = source
        self._publish(TruthChanged())

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
        self._drop_figures(keep_shown=True)
        if control is not None:
            self._control = control
        self._publish(TruthChanged())

    def set_control(self, source: Source, control: CubeSequence) -> None:
        """Attach a control to the truth; figures computed without it go."""
        self._control_source, self._control = source, control
        self._drop_figures()
        self._publish(SourceChanged(), TruthChanged(), ComparisonChanged())

    def _settled(self) -> tuple[Event, ...]:
        """Go to a time there is, if the one shown went with a forecast."""
        times = self.times_myr
        if len(times) == 0 or float(np.abs(times - self._time_myr).min()) < 1e-9:
            return ()
        self._time_myr = float(times[np.argmin(np.abs(times - self._time_myr))])
        return (TimeChanged(self._time_myr),)

    def close(self) -> None:
        """Forget what is open; the look stays."""
        self._forget()
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

    def change_layers(self, roles: tuple[ViewRole, ...] = VIEW_ROLES, **changes: Any) -> None:
        """Change what the views show.

        Parameters
        ----------
        roles : tuple of {"truth", "forecast", "third"}
            The views meant.
        **changes
            Fields of `LayerState` and their new values.
        """
        self.set_look(self._look.with_layers(roles, **changes))

    def set_transfer(self, transfer: TransferFunction) -> None:
        """Change colours, range or opacity of the gas."""
        self.change_look(transfer=transfer)

    def show_density_in(self, unit: DensityUnit) -> None:
        """Show densities in another unit; nothing else changes."""
        before, self._density = self._density, DENSITY[unit]
        if self._density is not before:
            self._publish(UnitsChanged())

    def change_look(self, **changes: Any) -> None:
        """Change fields of the look."""
        self.set_look(replace(self._look, **changes))

    def set_look(self, look: Look, *, edit: bool = True) -> None:
        """Take another look as a whole, as undoing does.

        Parameters
        ----------
        look : Look
            The look.
        edit : bool
            Whether it is an edit, which can be undone; False for what the
            program sets by itself.
        """
        before, self._look = self._look, look
        if look == before:
            return
        if look.all_layers != before.all_layers:
            self._publish(LayersChanged())
        if look.transfer != before.transfer:
            self._publish(TransferChanged())
        self._publish(LookChanged(edit))
