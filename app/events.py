"""What can change in the document: one small typed event per kind of change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


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
class ForecastsChanged(Event):
    """A forecast joined or left those that are kept, another is shown, or one has a new name."""


@dataclass(frozen=True)
class PreviewChanged(Event):
    """The forecast that follows the mouse moved on: many times a second."""


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


@dataclass(frozen=True)
class LookChanged(Event):
    """Anything of the look changed; layers and colours are told of before, on their own.

    Parameters
    ----------
    edit : bool
        Whether a person may want to undo it; what the program sets by itself
        is no edit.
    """

    edit: bool = True


@dataclass(frozen=True)
class UnitsChanged(Event):
    """Densities are shown in another unit."""


@dataclass(frozen=True)
class PlaceChanged(Event):
    """The cube to be cut out is another, or the candidates for it are."""


@dataclass(frozen=True)
class OverviewChanged(Event):
    """An overview arrived, or the whole box is shown instead of a cube, or the reverse."""


class Publisher:
    """Tells those who asked for it of each event."""

    def __init__(self) -> None:
        self._subscribers: dict[type[Event], list[Callable[[Any], None]]] = {}

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
