"""Regions that contain what the blast wave reaches, with a stated confidence.

A forecast region misses some of what is really reached. Runs that the model
has never seen tell how far a region must be enlarged to hold a given share of
it; conformal prediction turns those margins into a guarantee for new clouds.

The guarantee is for an explosion in a new cloud that is drawn as those of the
calibration were. The clouds are exchangeable, explosions in one cloud are not:
so margins are ranked by hierarchical conformal prediction (Lee, Barber &
Willett, arXiv:2306.06342; for the loss "less than the share is inside" it is
the conformal risk control of Angelopoulos et al., arXiv:2208.02814, over
clouds). K clouds can promise a confidence of K/(K+1) at most: nine for 90 %.

"Reached" is `core.shells.reached_region` of the simulation at the same
resolution: a change of 0.1 dex in a voxel's density. At 1.9 pc that leaves out
voxels of which the shock has passed only a part: in an independent SPH run the
true region holds 61 % of the gas that is faster by 10 km/s than without the
explosion at 0.035 Myr, and 76 % at half the voxel size; with all neighbouring
voxels it holds 99.7 %. Margins of a voxel or more are there for that as well.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from core.errors import CorruptSnapshot, InvalidRequest
from core.margins import SEED_DEX, TRACE_VOXELS, margin_field, needed_margin, plain_regions
from core.uncertainty import Reliability

__all__ = [
    "CONFIDENCE",
    "LEVELS",
    "SEED_DEX",
    "TRACE_VOXELS",
    "Calibration",
    "Margin",
    "Need",
    "Of",
    "calibration_from_json",
    "calibration_path",
    "calibration_to_json",
    "hierarchical_quantile",
    "margin_field",
    "needed_margin",
    "plain_regions",
    "read_calibration",
]

LEVELS = (0.9, 0.95, 0.98, 0.99, 0.995, 1.0)
"""Shares of the reached volume and mass for which margins are kept."""

CONFIDENCE = 0.9
"""How sure a region is to hold the share, in a cloud never seen."""

Of = Literal["frames", "gas"]
"""What a share is of: of what each frame's region holds, by volume and by mass, or
of the gas that is ever reached, by mass, where it is at the start (the
particles that `core.affected_particles` names)."""

_CONTENT = "shellsight coverage"
_VERSION = 1


@dataclass(frozen=True)
class Need:
    """What one run needed.

    Parameters
    ----------
    cloud : str
        Which cloud it is in: runs in one cloud are not independent.
    run : str
        Name of the run.
    frames_pc, gas_pc : tuple of float
        For each of `LEVELS` the margin in pc at which every frame holds that
        share both of the volume and of the mass that is really reached, and
        at which the regions of all frames together hold that share of the
        mass that is ever reached.
    """

    cloud: str
    run: str
    frames_pc: tuple[float, ...]
    gas_pc: tuple[float, ...]


@dataclass(frozen=True)
class Margin:
    """How far regions are enlarged, and what that promises.

    Parameters
    ----------
    pc : float
        Margin in pc, for `margin_field`.
    coverage : float
        Share of what is reached that the region holds.
    of : {"frames", "gas"}
        What the share is of, see `Of`.
    confidence : float
        With which probability, for an explosion in a cloud never seen.
    clouds : int
        Number of clouds that say so.
    """

    pc: float
    coverage: float
    of: Of
    confidence: float
    clouds: int

    def __str__(self) -> str:
        what = {
            "frames": "the volume and of the mass reached, in every frame,",
            "gas": "the gas that is ever reached",
        }
        return (
            f"{100 * self.coverage:.3g} % of {what[self.of]} with a confidence of "
            f"{100 * self.confidence:.0f} % (calibrated on {self.clouds} clouds, margin "
            f"{self.pc:.1f} pc)"
        )


@dataclass(frozen=True)
class Calibration:
    """What runs that a model has never seen say of its forecasts.

    Parameters
    ----------
    model : str
        Name of the model.
    weights : str
        SHA-256 of its weights file; empty for a theory. A calibration is of
        no use for other weights.
    averaging : int
        Orientations that its forecasts were averaged over.
    velocity : bool
        Whether the forecasts knew the velocity.
    needs : tuple of Need
        What each run needed.
    reliability : Reliability, optional
        What its raw probabilities are worth; None for a theory.
    provenance : Mapping
        The data and the version.
    """

    model: str
    weights: str
    averaging: int
    velocity: bool
    needs: tuple[Need, ...]
    reliability: Reliability | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def clouds(self) -> int:
        """Number of clouds."""
        return len({need.cloud for need in self.needs})

    def margin(
        self, coverage: float = 0.99, confidence: float | None = None, of: Of = "frames"
    ) -> Margin:
        """Find the margin that keeps a promise.

        Parameters
        ----------
        coverage : float
            Share of what is reached, up to 1; the next larger of
            `LEVELS` is what the margin holds.
        confidence : float, optional
            How sure; `CONFIDENCE` by default, or the most that so few clouds
            can promise if that is less.
        of : {"frames", "gas"}
            What the share is of, see `Of`.

        Returns
        -------
        Margin
            The margin, with what it really promises.

        Raises
        ------
        InvalidRequest
            If the coverage is no share of frames or gas, or there are too
            few clouds for the confidence.
        """
        if of not in ("frames", "gas"):
            raise InvalidRequest(f"The coverage is that of 'frames' or 'gas', not of '{of}'.")
        if not 0.0 < coverage <= 1.0:
            raise InvalidRequest(f"The coverage is a share, such as 0.99, not {coverage:g}.")
        most = self.clouds / (self.clouds + 1)
        wanted = min(CONFIDENCE, most) if confidence is None else confidence
        if not 0.0 < wanted < 1.0:
            raise InvalidRequest(f"The confidence lies between 0 and 1, not at {wanted:g}.")
        if wanted > most + 1e-9:
            raise InvalidRequest(
                f"The calibration of {self.model} knows {self.clouds} clouds, which can promise a "
                f"confidence of {most:.2f} at most, not {wanted:g}; calibrate it on more."
            )
        level = next(k for k, known in enumerate(LEVELS) if known >= coverage - 1e-9)
        margins = [getattr(need, f"{of}_pc")[level] for need in self.needs]
        pc = hierarchical_quantile(margins, [need.cloud for need in self.needs], wanted)
        return Margin(pc, LEVELS[level], of, wanted, self.clouds)


def hierarchical_quantile(values: Sequence[float], groups: Sequence[str], level: float) -> float:
    """Bound a value of a new group, from values of known ones.

    Parameters
    ----------
    values : sequence of float
        The known values.
    groups : sequence of str
        Which group each belongs to; groups are exchangeable.
    level : float
        With which probability a value of a new group shall not exceed the
        bound; at most K/(K+1) with K groups.

    Returns
    -------
    float
        The bound: the quantile of the values, in which each group weighs
        1/(K+1) and the rest is at infinity (Lee, Barber & Willett,
        arXiv:2306.06342).
    """
    sizes = Counter(groups)
    weights = np.array([1.0 / ((len(sizes) + 1) * sizes[group]) for group in groups])
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    first = int(np.searchsorted(total, level - 1e-9))
    return float(np.asarray(values)[order][first]) if first < len(order) else float("inf")


# ---------------------------------------------------------------- files


def calibration_path(weights: Path) -> Path:
    """Where the calibration of a model is.

    Parameters
    ----------
    weights : Path
        Its weights file.

    Returns
    -------
    Path
        The JSON file beside it.
    """
    return weights.with_name(f"{weights.stem}.coverage.json")


def calibration_to_json(calibration: Calibration) -> dict[str, Any]:
    """Return a calibration as plain values.

    Parameters
    ----------
    calibration : Calibration
        The calibration.

    Returns
    -------
    dict
        What `calibration_from_json` reads.
    """
    values = asdict(calibration)
    for need in values["needs"]:
        for of in ("frames_pc", "gas_pc"):
            need[of] = [round(pc, 4) for pc in need[of]]
    return {"content": _CONTENT, "version": _VERSION, "levels": list(LEVELS), **values}


def calibration_from_json(values: Mapping[str, Any], source: Path) -> Calibration:
    """Read a calibration from plain values.

    Parameters
    ----------
    values : Mapping
        From `calibration_to_json`.
    source : Path
        The file they are from, for messages.

    Returns
    -------
    Calibration
        The calibration.

    Raises
    ------
    CorruptSnapshot
        If they are something else.
    """
    try:
        if values["content"] != _CONTENT or values["version"] != _VERSION:
            raise ValueError("it is of another version")
        if tuple(values["levels"]) != LEVELS:
            raise ValueError(f"its levels are not {LEVELS}")
        needs = tuple(
            Need(
                str(need["cloud"]),
                str(need["run"]),
                tuple(map(float, need["frames_pc"])),
                tuple(map(float, need["gas_pc"])),
            )
            for need in values["needs"]
        )
        margins = np.array([(need.frames_pc, need.gas_pc) for need in needs])
        if margins.shape[1:] != (2, len(LEVELS)) or not np.isfinite(margins).all():
            raise ValueError("it has no margin for each level")
        curve = values["reliability"]
        return Calibration(
            model=str(values["model"]),
            weights=str(values["weights"]),
            averaging=int(values["averaging"]),
            velocity=bool(values["velocity"]),
            needs=needs,
            reliability=None
            if curve is None
            else Reliability(tuple(map(float, curve["raw"])), tuple(map(float, curve["actual"]))),
            provenance=dict(values["provenance"]),
        )
    except (KeyError, TypeError, ValueError, InvalidRequest) as error:
        raise CorruptSnapshot(source, f"holds no calibration of a model ({error})") from error


def read_calibration(path: Path) -> Calibration:
    """Read the calibration of a model.

    Parameters
    ----------
    path : Path
        The file, see `calibration_path`.

    Returns
    -------
    Calibration
        The calibration.

    Raises
    ------
    CorruptSnapshot
        If the file is damaged.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorruptSnapshot(path, f"holds no calibration of a model ({error})") from error
    if not isinstance(values, dict):
        raise CorruptSnapshot(path, "holds no calibration of a model")
    return calibration_from_json(values, path)
