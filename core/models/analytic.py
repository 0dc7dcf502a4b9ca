"""Forecasters that need no network: what theory says of an explosion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Protocol

from numpy.typing import ArrayLike

from core.baselines import snowplough, thin_shell
from core.cubes import Cube, CubeSequence
from core.progress import CancelCheck

FRAMES = 19
"""Future frames of a forecast: those of the networks, so that they can be compared."""

INTERVAL_MYR = 0.007


class Solution(Protocol):
    """How a theory evolves a cube; `core.baselines.thin_shell` is one."""

    def __call__(
        self,
        cube: Cube,
        times_myr: ArrayLike,
        energy_erg: float = 1e51,
        *,
        cancelled: CancelCheck | None = None,
    ) -> CubeSequence:
        """Give the density at some times."""


@dataclass(frozen=True)
class AnalyticModel:
    """A forecaster made of equations, with its card.

    Parameters
    ----------
    name : str
        Name of the model, as `core.Forecaster` takes it.
    title : str
        The same for people.
    text : str
        What it is.
    limits : str
        What it cannot do.
    sources : tuple of str
        Where its equations come from.
    solution : Solution
        The equations.
    """

    name: str
    title: str
    text: str
    limits: str
    sources: tuple[str, ...]
    solution: Solution

    def card(self) -> dict[str, object]:
        """Return the card as plain values.

        Returns
        -------
        dict
            Everything but the equations, with the frames it gives.
        """
        values = {key: value for key, value in asdict(self).items() if key != "solution"}
        return {"kind": "theory", **values, "frames": FRAMES, "interval_myr": INTERVAL_MYR}


_COMMON_LIMITS = (
    "The gas before the explosion stands still: the forecast without the explosion is the first "
    "frame at all times. Solar metallicity; no gravity, no magnetic field."
)

ANALYTIC_MODELS: Mapping[str, AnalyticModel] = MappingProxyType(
    {
        model.name: model
        for model in (
            AnalyticModel(
                name="thin-shell",
                title="Thin shell (theory)",
                text=(
                    "In each of 768 directions a shell sweeps up the gas that really lies there, "
                    "pushed by one hot bubble: adiabatic until the shell of that direction has "
                    "cooled, then driven by what pressure is left, then by its momentum. "
                    "2 % of the swept-up gas stays inside."
                ),
                limits=f"Gas does not flow around clumps. {_COMMON_LIMITS}",
                sources=(
                    "Ostriker & McKee 1988, Rev. Mod. Phys. 60, 1",
                    "Kim & Ostriker 2015, ApJ 802, 99",
                    "Martizzi, Faucher-Giguere & Quataert 2015, MNRAS 450, 504",
                    "Haid et al. 2016, MNRAS 460, 2962",
                ),
                solution=thin_shell,
            ),
            AnalyticModel(
                name="snowplough",
                title="Snowplough sphere (theory)",
                text=(
                    "A sphere that grows as in uniform gas of the mean density that it sweeps up: "
                    "Sedov-Taylor, then pressure-driven (t^2/7), then momentum-conserving (t^1/4). "
                    "2 % of the swept-up gas stays inside."
                ),
                limits=f"Knows nothing of directions. {_COMMON_LIMITS}",
                sources=(
                    "Sedov 1959, Similarity and Dimensional Methods in Mechanics",
                    "Cioffi, McKee & Bertschinger 1988, ApJ 334, 252",
                    "Kim & Ostriker 2015, ApJ 802, 99",
                ),
                solution=snowplough,
            ),
        )
    }
)
"""The models by name."""
