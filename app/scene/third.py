"""What the third view shows: how truth and forecast differ, how sure it is, or the quiet gas.

Free of Qt and VTK, so that the window and pictures drawn without one agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from app.look import ThirdKind
from app.measuring import stand_in_control
from app.scene.prepare import PLANE_POINTS, Array, PreparedEvolution, log_density, prepare, refine
from app.view_state import LayerState, TransferFunction, Vector3
from core.compare import frames_within
from core.cubes import CubeSequence
from core.errors import InvalidRequest
from core.evolution import Evolution, Forecast
from core.shells import AFFECTED_BELOW

THIRD_TITLES: dict[ThirdKind, str] = {
    "difference": "Difference",
    "uncertainty": "Uncertainty",
    "control": "Control",
}

THIRD_TIPS: dict[ThirdKind, str] = {
    "difference": (
        "log10 of the forecast density over the true one: rose where the forecast is emptier "
        "than the truth, gold where it is denser; lines are the shells of both"
    ),
    "uncertainty": (
        "Probability, by the forecast, that the explosion has lowered the density by more than "
        "a tenth; the rose line is at a half, the gold one is what is affected in truth"
    ),
    "control": "The gas without the explosion",
}

DIFFERENCE = TransferFunction(
    "difference",
    (-1.0, 1.0),
    (
        *((-1.5, 0.75), (-0.5, 0.28), (-0.25, 0.06), (-0.12, 0.0)),
        *((0.12, 0.0), (0.25, 0.06), (0.5, 0.28), (1.5, 0.75)),
    ),
)
"""Opaque by size: what differs by less than a third is not seen."""

PROBABILITY = TransferFunction(
    "probability",
    (0.0, 1.0),
    ((0.0, 0.0), (0.03, 0.0), (0.15, 0.03), (0.5, 0.10), (0.85, 0.22), (1.0, 0.30)),
)

_SCALES: dict[ThirdKind, tuple[TransferFunction, str, str]] = {
    "difference": (DIFFERENCE, "Δ log ρ", "dex"),
    "uncertainty": (PROBABILITY, "Probability", ""),
}

EVEN = 0.5
"""The probability whose outline is drawn: as likely affected as not."""

_BARE: dict[str, Any] = dict.fromkeys(
    ("cut", "affected", "cavity", "dense", "probable", "reached", "overlay", "velocity"), False
)
_BARE |= {"cube_particles": False, "volume_field": "density"}

_ALIKE = 1e-4  # relative difference of two edges


@dataclass(frozen=True, eq=False)
class ThirdScene:
    """What the third view shows, and how.

    Parameters
    ----------
    kind : {"difference", "uncertainty", "control"}
        What it is.
    title, subtitle : str
        Name of the view, and what it shows.
    prepared : PreparedEvolution or None
        What is drawn, as for the other views; None if something is missing.
    transfer : TransferFunction or None
        Its own colours; None for those of the gas.
    label, unit : str
        What the scale of colours shows; "" for that of the gas.
    missing : str
        What is missing, and what to do about it; "" if nothing is.
    """

    kind: ThirdKind
    title: str
    subtitle: str = ""
    prepared: PreparedEvolution | None = None
    transfer: TransferFunction | None = None
    label: str = ""
    unit: str = ""
    missing: str = ""

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles whose colours name the view."""
        return ROLES_OF[self.kind]

    def colors_of(self, transfer: TransferFunction) -> TransferFunction:
        """Return the colours it is drawn in, given those of the gas."""
        return transfer if self.transfer is None else self.transfer

    def layers_of(self, layers: LayerState) -> LayerState:
        """Return what is shown of the layers: only gas is cut open and has further layers."""
        return layers if self.transfer is None else replace(layers, **_BARE)


ROLES_OF: dict[ThirdKind, tuple[str, ...]] = {
    "difference": ("truth", "forecast"),
    "uncertainty": ("forecast",),
    "control": ("third",),
}


class PreparedDifference(PreparedEvolution):
    """How far the forecast is off, at the frames of the truth that it covers.

    Parameters
    ----------
    truth, forecast : PreparedEvolution
        Both as they are drawn.
    sequence : CubeSequence
        The truth.
    forecast_sequence : CubeSequence
        The forecast, on the same grid.
    frames : ndarray of int
        The frames of the truth inside the forecast's time range.
    """

    quantity = "difference"

    def __init__(
        self,
        truth: PreparedEvolution,
        forecast: PreparedEvolution,
        sequence: CubeSequence,
        forecast_sequence: CubeSequence,
        frames: np.ndarray,
    ) -> None:
        super().__init__(sequence, None, forecast.site_pc)
        self._truth, self._forecast = truth, forecast
        self._frames = frames
        self._other = forecast_sequence
        self.times_myr = sequence.times_myr[frames]

    def field(self, index: int) -> Array:
        """log10 of the forecast density over the true one, at cell centres."""
        time = float(np.clip(self.times_myr[index], *self._other.times_myr[[0, -1]]))
        near = self._other.nearest(time)
        if abs(self._other.times_myr[near] - time) < 1e-6:
            other = self._other.density[near]
        else:
            other = self._other.at([time]).density[0]
        true = self._density[self._frames[index]]
        return log_density(other) - log_density(true)

    def log_density_at(self, index: int, position_pc: Vector3) -> float:
        """log10 of the true density in Msun/pc^3."""
        return super().log_density_at(int(self._frames[index]), position_pc)

    def marks(self, index: int, level: float) -> dict[str, Array]:
        """Shells of the truth and of the forecast."""
        time = float(self.times_myr[index])
        found = {
            "truth": self._truth.shell(self._truth.nearest(time), level),
            "forecast": self._forecast.shell(self._forecast.nearest(time), level),
        }
        return {role: field for role, field in found.items() if field is not None}


class PreparedProbability(PreparedEvolution):
    """How likely each voxel is affected, by the forecast.

    Parameters
    ----------
    forecast : Forecast
        With its probability.
    truth : PreparedEvolution or None
        Whose affected region is outlined.
    """

    quantity = "probability"

    def __init__(self, forecast: Forecast, truth: PreparedEvolution | None) -> None:
        super().__init__(forecast.sequence, None, forecast.site_pc)
        assert forecast.probability is not None
        self._probability = forecast.probability
        self._truth = truth

    def field(self, index: int) -> Array:
        """Probability, 0 to 1, at cell centres."""
        return self._probability[index]

    def volume(self, index: int) -> Array:
        """Probability, refined, axes (z, y, x): cubic curves overshoot, this does not."""
        return self._kept.get(
            ("volume", index),
            lambda: np.clip(refine(self.field(index), self.volume_points), 0.0, 1.0),
        )

    def plane(self, index: int, height: float, points: int = PLANE_POINTS) -> Array:
        """Probability in a plane of constant z, refined."""
        return np.clip(super().plane(index, height, points), 0.0, 1.0)

    def marks(self, index: int, level: float) -> dict[str, Array]:
        """Edges of what is rather affected than not, and of what is in truth."""
        found = {
            "forecast": self._kept.get(
                ("even", index),
                lambda: refine(np.float32(EVEN) - self._probability[index], self.shell_points),
            )
        }
        if self._truth is not None:
            at = self._truth.nearest(float(self.times_myr[index]))
            shell = self._truth.shell(at, AFFECTED_BELOW)
            if shell is not None:
                found["truth"] = shell
        return found


def third_scene(
    kind: ThirdKind,
    truth: CubeSequence | None,
    control: CubeSequence | None,
    forecast: Evolution | None,
    *,
    site_pc: Vector3 = (0.0, 0.0, 0.0),
    name: str = "",
) -> ThirdScene:
    """Prepare what the third view shows, or tell what is missing for it.

    Parameters
    ----------
    kind : {"difference", "uncertainty", "control"}
        What to show.
    truth, control : CubeSequence or None
        The run, and the same without the explosion.
    forecast : Evolution or None
        A forecast of the same cube.
    site_pc : tuple of float
        The explosion relative to the cube's centre, in pc, if there is no
        forecast to tell.
    name : str
        Name of the run.

    Returns
    -------
    ThirdScene
        It never fails: where nothing can be shown, `missing` says why.
    """
    site = forecast.site_pc if forecast is not None else site_pc
    made = _MAKERS[kind](truth, control, forecast, site, name)
    transfer, label, unit = _SCALES.get(kind, (None, "", ""))
    return ThirdScene(
        kind,
        THIRD_TITLES[kind],
        made.subtitle,
        made.prepared,
        transfer,
        label,
        unit,
        made.missing,
    )


class _Made(NamedTuple):
    """What is missing, or what is shown and its description."""

    missing: str
    subtitle: str = ""
    prepared: PreparedEvolution | None = None


def _difference(
    truth: CubeSequence | None,
    control: CubeSequence | None,
    forecast: Evolution | None,
    site_pc: Vector3,
    name: str,
) -> _Made:
    if truth is None:
        return _Made("A difference needs a truth: open the run itself")
    if forecast is None:
        return _Made("A difference needs a forecast: press Forecast (F)")
    other = forecast.sequence
    if other.n != truth.n or not np.isclose(other.size_pc, truth.size_pc, rtol=_ALIKE):
        return _Made("Truth and forecast are different cubes")
    try:
        frames = frames_within(truth, other.times_myr)
    except InvalidRequest as error:
        return _Made(str(error))
    behind = stand_in_control(truth, control, forecast)
    prepared = PreparedDifference(
        prepare(truth, behind, site_pc),
        prepare(other, forecast.control, site_pc),
        truth,
        other,
        frames,
    )
    return _Made("", "forecast − truth", prepared)


def _uncertainty(
    truth: CubeSequence | None,
    control: CubeSequence | None,
    forecast: Evolution | None,
    site_pc: Vector3,
    name: str,
) -> _Made:
    if forecast is None:
        return _Made("Press Forecast (F) to see how sure it is")
    if not isinstance(forecast, Forecast) or forecast.probability is None:
        model = forecast.provenance.get("model", "This forecast")
        return _Made(f"{model} gives no probabilities: it has no spread")
    behind = stand_in_control(truth, control, forecast)
    beside = None if truth is None or behind is None else prepare(truth, behind, site_pc)
    return _Made("", "probability of being affected", PreparedProbability(forecast, beside))


def _control(
    truth: CubeSequence | None,
    control: CubeSequence | None,
    forecast: Evolution | None,
    site_pc: Vector3,
    name: str,
) -> _Made:
    if control is not None:
        whose = f"no explosion · {name}" if name else "no explosion"
        return _Made("", whose, prepare(control, None, site_pc))
    if forecast is not None:
        model = forecast.provenance.get("model", "")
        whose = f"no explosion · forecast by {model}" if model else "no explosion · forecast"
        return _Made("", whose, prepare(forecast.control, None, site_pc))
    return _Made("No control: open the run without the explosion, or press Forecast (F)")


_Maker = Callable[[CubeSequence | None, CubeSequence | None, Evolution | None, Vector3, str], _Made]
_MAKERS: dict[ThirdKind, _Maker] = {
    "difference": _difference,
    "uncertainty": _uncertainty,
    "control": _control,
}
