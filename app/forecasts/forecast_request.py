"""What is asked of a forecast. No Qt: sessions keep it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ForecastRequest:
    """The settings of a forecast.

    Parameters
    ----------
    model, device : str
        As `core.Forecaster` takes them.
    averaging : int
        Symmetries of the cube to average over.
    energy_erg : float, optional
        Energy of the explosion; by default the model's usual one.
    """

    model: str = "default"
    device: str = "auto"
    averaging: int = 4
    energy_erg: float | None = None
