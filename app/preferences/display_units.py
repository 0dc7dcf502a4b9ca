"""Densities as people want to read them: mass, or hydrogen atoms. No Qt.

Inside the program every density is in Msun/pc^3. Whatever shows one asks here
for the number and for the unit's name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from core.constants import NH_PER_DENSITY

DensityUnit = Literal["mass", "number"]


@dataclass(frozen=True)
class DensityDisplay:
    """How densities are shown.

    Parameters
    ----------
    key : {"mass", "number"}
        What the program calls it.
    symbol : str
        The quantity.
    unit : str
        Its unit.
    factor : float
        Shown value for a density of 1 Msun/pc^3.
    """

    key: DensityUnit
    symbol: str
    unit: str
    factor: float

    @property
    def log_shift(self) -> float:
        """What is added to the log10 of a density in Msun/pc^3."""
        return math.log10(self.factor)

    @property
    def log_label(self) -> str:
        """What an axis in log10 of the density shows, without its unit."""
        return f"log {self.symbol}"

    def value(self, density: float) -> float:
        """Return a density in Msun/pc^3 in the unit shown."""
        return density * self.factor

    def text(self, density: float, *, symbol: bool = False) -> str:
        """Write a density.

        Parameters
        ----------
        density : float
            In Msun/pc^3.
        symbol : bool
            Whether the quantity is named too.

        Returns
        -------
        str
            Three digits and the unit; an en dash where there is no number.
        """
        value = self.value(density)
        if not math.isfinite(value):
            return "–"
        plain = value == 0 or 1e-3 <= abs(value) < 1e4
        shown = f"{value:.3g}" if plain else f"{value:.2e}"
        name = f"{self.symbol} = " if symbol else ""
        return f"{name}{shown} {self.unit}".replace("-", "\N{MINUS SIGN}")


DENSITY: dict[DensityUnit, DensityDisplay] = {
    "mass": DensityDisplay("mass", "ρ", "M\N{CIRCLED DOT OPERATOR} pc⁻³", 1.0),
    "number": DensityDisplay("number", "n_H", "cm⁻³", NH_PER_DENSITY),
}
"""The ways to show a density."""
