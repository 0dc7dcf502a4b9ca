"""What can change in the document: one small typed event per kind of change."""

from __future__ import annotations

from dataclasses import dataclass


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


@dataclass(frozen=True)
class PlaceChanged(Event):
    """The cube to be cut out is another, or the candidates for it are."""


@dataclass(frozen=True)
class OverviewChanged(Event):
    """An overview arrived, or the whole box is shown instead of a cube, or the reverse."""
