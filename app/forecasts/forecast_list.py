"""The forecasts of what is open, kept side by side; one of them is shown. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from app.figures import Figures
from app.forecasts.forecast_request import ForecastRequest
from core.errors import InvalidRequest

if TYPE_CHECKING:
    from app.forecasts.live_details import LiveDetails
    from core.evolution import Evolution


@dataclass(frozen=True, eq=False)
class KeptForecast:
    """A forecast with everything that belongs to it.

    Parameters
    ----------
    id : int
        Its number, which never changes.
    name : str
        What people call it.
    forecast : Evolution
        The forecast.
    request : ForecastRequest, optional
        What was asked for; None for one that was read from a file.
    figures : Figures
        What was measured on it and on the truth.
    matches : bool
        Whether the truth shows the same explosion: not when it was moved.
    said : str
        What it took, for people.
    """

    id: int
    name: str
    forecast: Evolution
    request: ForecastRequest | None = None
    figures: Figures = field(default_factory=Figures)
    matches: bool = True
    said: str = ""

    @property
    def is_measured(self) -> bool:
        """Whether there are figures of it."""
        return bool(self.figures.curves)


@dataclass(frozen=True, eq=False)
class Preview:
    """A forecast that is shown in place of the kept ones for a while.

    Parameters
    ----------
    kind : {"growing", "live"}
        A forecast of which only the first frames are there yet, or one that
        follows the mouse.
    forecast : Evolution
        What there is of it.
    matches : bool
        Whether the truth shows the same explosion.
    said : str
        How it is made, for the view's title.
    drawn : LiveDetails, optional
        What was made of a live one for further layers.
    """

    kind: Literal["growing", "live"]
    forecast: Evolution
    matches: bool = True
    said: str = ""
    drawn: LiveDetails | None = None


@dataclass(frozen=True, eq=False)
class ForecastList:
    """Forecasts in the order they were made.

    Parameters
    ----------
    entries : tuple of KeptForecast
        The forecasts.
    shown_id : int, optional
        Which one is shown; None if there is none.
    last_id : int
        The last number given away.
    """

    entries: tuple[KeptForecast, ...] = ()
    shown_id: int | None = None
    last_id: int = 0

    @property
    def shown(self) -> KeptForecast | None:
        """The forecast that is shown."""
        return next((entry for entry in self.entries if entry.id == self.shown_id), None)

    @property
    def of_truth(self) -> KeptForecast | None:
        """The forecast of the explosion that the truth shows: the one shown, or the last."""
        shown = self.shown
        if shown is not None and shown.matches:
            return shown
        return next((entry for entry in reversed(self.entries) if entry.matches), None)

    def get(self, id: int) -> KeptForecast:
        """Return a forecast by its number.

        Parameters
        ----------
        id : int
            The number.

        Returns
        -------
        KeptForecast
            The forecast.

        Raises
        ------
        InvalidRequest
            If there is none of that number.
        """
        for entry in self.entries:
            if entry.id == id:
                return entry
        raise InvalidRequest(f"There is no forecast number {id}.")

    def added(
        self,
        forecast: Evolution,
        name: str = "",
        request: ForecastRequest | None = None,
        *,
        matches: bool = True,
        said: str = "",
    ) -> ForecastList:
        """Add a forecast and show it.

        Parameters
        ----------
        forecast : Evolution
            The forecast.
        name : str
            Its name; by default what it was made by and with.
        request : ForecastRequest, optional
            What was asked for. One that was made for the same request, at
            the same place, is replaced and keeps its name.
        matches, said
            As for `KeptForecast`.

        Returns
        -------
        ForecastList
            The list with it.
        """
        for entry in self.entries:
            same = entry.forecast.site_pc == forecast.site_pc
            if request is not None and entry.request == request and same:
                new = replace(
                    entry, forecast=forecast, figures=Figures(), matches=matches, said=said
                )
                return replace(self._with(new), shown_id=new.id)
        number = self.last_id + 1
        name = self._free(name or describe(forecast))
        new = KeptForecast(number, name, forecast, request, matches=matches, said=said)
        return ForecastList((*self.entries, new), number, number)

    def removed(self, id: int) -> ForecastList:
        """Take a forecast out; the one before it, or after it, is shown if it was shown."""
        place = self.entries.index(self.get(id))
        left = self.entries[:place] + self.entries[place + 1 :]
        shown = self.shown_id
        if shown == id:
            shown = left[max(place - 1, 0)].id if left else None
        return replace(self, entries=left, shown_id=shown)

    def renamed(self, id: int, name: str) -> ForecastList:
        """Give a forecast another name; without letters it keeps its own."""
        entry, name = self.get(id), " ".join(name.split())
        if not name or name == entry.name:
            return self
        return self._with(replace(entry, name=self._free(name)))

    def showing(self, id: int) -> ForecastList:
        """Show another forecast."""
        return replace(self, shown_id=self.get(id).id)

    def measured(self, id: int, figures: Figures) -> ForecastList:
        """Keep what was measured on a forecast."""
        return self._with(replace(self.get(id), figures=figures))

    def unmeasured(self, *, keep_shown: bool = False) -> ForecastList:
        """Forget what was measured, as the truth is another.

        Parameters
        ----------
        keep_shown : bool
            Keep the figures of the one shown until there are new ones.
        """
        return replace(
            self,
            entries=tuple(
                entry
                if keep_shown and entry.id == self.shown_id
                else replace(entry, figures=Figures())
                for entry in self.entries
            ),
        )

    def _with(self, new: KeptForecast) -> ForecastList:
        entries = tuple(new if entry.id == new.id else entry for entry in self.entries)
        return replace(self, entries=entries)

    def _free(self, name: str) -> str:
        """Make a name one that nothing else has."""
        taken = {entry.name for entry in self.entries}
        number, free = 2, name
        while free in taken:
            free, number = f"{name} ({number})", number + 1
        return free


def energy_text(energy_erg: float) -> str:
    """Write an energy as people read it, for example ``"5 × 10⁵⁰ erg"``."""
    mantissa, exponent = f"{energy_erg:.2e}".split("e")
    power = str(int(exponent)).translate(_SUPERSCRIPTS)
    factor = f"{float(mantissa):.3g}"
    return f"10{power} erg" if factor == "1" else f"{factor} × 10{power} erg"


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def site_text(site_pc: tuple[float, float, float]) -> str:
    """Write a place as people read it, for example ``"+3.8, 0, −1.9 pc"``."""
    parts = [f"{value:+.1f}" if abs(value) >= 0.05 else "0" for value in site_pc]
    return ", ".join(parts).replace("-", "−") + " pc"


def describe(forecast: Evolution) -> str:
    """Say what a forecast was made by and with.

    Parameters
    ----------
    forecast : Evolution
        The forecast.

    Returns
    -------
    str
        Model, energy where it is not 10^51 erg, averaging where there was
        one, and place where it is not the middle.
    """
    provenance = forecast.provenance
    words = [str(provenance.get("model", "Forecast"))]
    if abs(forecast.energy_erg / 1e51 - 1.0) > 1e-6:
        words.append(energy_text(forecast.energy_erg))
    averaging = provenance.get("averaging")
    if isinstance(averaging, int) and averaging > 1:
        words.append(f"mean of {averaging}")
    if any(abs(value) > 1e-6 for value in forecast.site_pc):
        words.append(f"at {site_text(forecast.site_pc)}")
    return " · ".join(words)
