"""The part of the document that holds forecasts, and what was measured on them. No Qt."""

from __future__ import annotations

from app.events import (
    ComparisonChanged,
    Event,
    ForecastChanged,
    ForecastsChanged,
    PreviewChanged,
    Publisher,
)
from app.figures import Figures
from app.forecasts.forecast_list import ForecastList, KeptForecast, Preview
from app.forecasts.forecast_request import ForecastRequest
from core.cubes import Vector3
from core.evolution import Evolution

MIDDLE: Vector3 = (0.0, 0.0, 0.0)


class ForecastBook(Publisher):
    """The forecasts kept, the one shown, and one that is shown for a while instead."""

    def __init__(self) -> None:
        super().__init__()
        self._forecasts = ForecastList()
        self._preview: Preview | None = None
        self._bare_figures = Figures()

    # -- reading -----------------------------------------------------------

    @property
    def forecasts(self) -> tuple[KeptForecast, ...]:
        """The forecasts kept, in the order they were made."""
        return self._forecasts.entries

    @property
    def shown_forecast(self) -> KeptForecast | None:
        """The one of them that is shown, or would be without a preview."""
        return self._forecasts.shown

    @property
    def truth_forecast(self) -> Evolution | None:
        """The forecast of the explosion that the truth shows: the one shown, or the last."""
        entry = self._forecasts.of_truth
        return entry.forecast if entry is not None else None

    @property
    def preview(self) -> Preview | None:
        """What is shown in place of the kept forecasts."""
        return self._preview

    @property
    def forecast(self) -> Evolution | None:
        """The forecast that is shown: the preview, or else the one chosen."""
        if self._preview is not None:
            return self._preview.forecast
        shown = self._forecasts.shown
        return shown.forecast if shown is not None else None

    @property
    def figures(self) -> Figures:
        """What was measured on the truth and the forecast shown; nothing on a preview."""
        if self._preview is not None:
            return Figures()
        shown = self._forecasts.shown
        return shown.figures if shown is not None else self._bare_figures

    @property
    def why_unmeasured(self) -> str:
        """Why there are no figures of the forecast that is shown, for people."""
        if self._preview is None:
            return "Measuring…"
        if self._preview.kind == "live":
            return "Nothing is measured in live mode"
        return "Measured when all frames are there"

    @property
    def matches(self) -> bool:
        """Whether truth and forecast show the same explosion."""
        shown = self._preview if self._preview is not None else self._forecasts.shown
        return shown.matches if shown is not None else True

    @property
    def site_pc(self) -> Vector3:
        """Place of the forecast explosion relative to the cube's centre, in pc."""
        forecast = self.forecast
        return forecast.site_pc if forecast is not None else MIDDLE

    @property
    def truth_site_pc(self) -> Vector3:
        """Place of the explosion that the truth shows, relative to the cube's centre, in pc."""
        forecast = self.truth_forecast
        return forecast.site_pc if forecast is not None else MIDDLE

    # -- changing ----------------------------------------------------------

    def set_forecast(
        self,
        forecast: Evolution,
        name: str = "",
        request: ForecastRequest | None = None,
        *,
        matches: bool = True,
        said: str = "",
    ) -> int:
        """Keep a forecast and show it; a preview ends.

        Parameters
        ----------
        forecast, name, request, matches, said
            As for `ForecastList.added`: a forecast of the same request is
            replaced.

        Returns
        -------
        int
            Its number.
        """
        self._forecasts = self._forecasts.added(forecast, name, request, matches=matches, said=said)
        self._preview = None
        self._tell()
        assert self._forecasts.shown_id is not None
        return self._forecasts.shown_id

    def show_forecast(self, id: int) -> None:
        """Show another of the forecasts kept; its figures are those measured before."""
        changed = self._forecasts.showing(id)
        if changed.shown_id != self._forecasts.shown_id:
            self._forecasts = changed
            self._tell()

    def remove_forecast(self, id: int) -> None:
        """Forget a forecast and its figures."""
        self._forecasts = self._forecasts.removed(id)
        self._tell()

    def rename_forecast(self, id: int, name: str) -> None:
        """Give a forecast another name."""
        self._forecasts = self._forecasts.renamed(id, name)
        self._publish(ForecastsChanged())

    def show_preview(self, preview: Preview) -> None:
        """Show a forecast for a while; what is kept stays.

        Parameters
        ----------
        preview : Preview
            What to show. Replacing a live one by a live one publishes only
            `PreviewChanged`: it happens many times a second.
        """
        before, self._preview = self._preview, preview
        if before is not None and before.kind == preview.kind == "live":
            self._publish(PreviewChanged())
        else:
            self._tell()

    def end_preview(self) -> None:
        """Show again what was shown before."""
        if self._preview is not None:
            self._preview = None
            self._tell()

    def set_figures(self, figures: Figures, id: int | None = None) -> None:
        """Keep what was measured.

        Parameters
        ----------
        figures : Figures
            The figures.
        id : int, optional
            The forecast they are of; by default the one shown, or the truth
            alone if there is none. Figures of a forecast that is gone are
            dropped.
        """
        number = self._forecasts.shown_id if id is None else id
        if number is None:
            self._bare_figures = figures
        elif any(entry.id == number for entry in self.forecasts):
            self._forecasts = self._forecasts.measured(number, figures)
        self._publish(ComparisonChanged())

    # -- for the document ----------------------------------------------------

    def _drop_forecasts(self) -> None:
        """Forget all forecasts and figures, in silence."""
        self._forecasts, self._preview = ForecastList(), None
        self._bare_figures = Figures()

    def _drop_figures(self, *, keep_shown: bool = False) -> None:
        """Forget what was measured, in silence."""
        self._forecasts = self._forecasts.unmeasured(keep_shown=keep_shown)
        if not keep_shown:
            self._bare_figures = Figures()

    def _settled(self) -> tuple[Event, ...]:
        """Return what else changes when another forecast is shown."""
        return ()

    def _tell(self) -> None:
        more = self._settled()
        self._publish(ForecastsChanged(), ForecastChanged(), ComparisonChanged(), *more)
