"""The figures of a comparison: what they are called, what they mean, their table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core import tables
from core.energy import Saving
from core.metrics import MOMENTUM_VOXELS

ControlSource = Literal["given", "forecast"]


class Definition(NamedTuple):
    """What a figure is called, its unit, and what it means."""

    label: str
    unit: str
    text: str


_FLOOR = "Densities below 1e-4 Msun/pc^3 (0.003 hydrogen atoms per cm^3) count as that."
_OVERLAP = "Both regions empty: 1; only one empty: 0."
_AFFECTED = "affected region (density over control below 0.9)"
_CAVITY = "cavity (density over control below 0.5)"
_REACHED = (
    "reached region (log10 of density over control changed by more than 0.1, "
    "connected to the explosion site, holes filled)"
)

DEFINITIONS: Mapping[str, Definition] = MappingProxyType(
    {
        "time_myr": Definition("Time", "Myr", "Time of the true frame."),
        "affected_iou": Definition(
            "Affected IoU",
            "",
            f"Intersection over union of the forecast and the true {_AFFECTED}. {_OVERLAP}",
        ),
        "affected_dice": Definition(
            "Affected Dice",
            "",
            f"Dice coefficient of the forecast and the true {_AFFECTED}. {_OVERLAP}",
        ),
        "cavity_iou": Definition(
            "Cavity IoU",
            "",
            f"Intersection over union of the forecast and the true {_CAVITY}. {_OVERLAP}",
        ),
        "cavity_dice": Definition(
            "Cavity Dice",
            "",
            f"Dice coefficient of the forecast and the true {_CAVITY}. {_OVERLAP}",
        ),
        "recall": Definition(
            "Recall", "", f"Share of the true {_REACHED} that the forecast contains. {_OVERLAP}"
        ),
        "precision": Definition(
            "Precision", "", f"Share of the forecast {_REACHED} that is true. {_OVERLAP}"
        ),
        "naive_iou": Definition(
            "Naive IoU",
            "",
            "Includes turbulent motion. Intersection over union of the voxels whose density is "
            "below 0.9 of that in the forecast's first frame, as published work has it. "
            f"{_OVERLAP}",
        ),
        "radius_truth_pc": Definition(
            "True radius",
            "pc",
            "Mean radius of the true affected region over 768 directions: along each, the "
            "outermost edge of the part connected to the explosion site.",
        ),
        "radius_forecast_pc": Definition(
            "Forecast radius", "pc", "The same mean radius of the forecast affected region."
        ),
        "radius_error_pc": Definition(
            "Radius error",
            "pc",
            "Forecast minus true radius of the affected region, mean over directions.",
        ),
        "radius_rms_pc": Definition(
            "Radius r.m.s. error",
            "pc",
            "Root mean square over directions of forecast minus true radius.",
        ),
        "swept_truth_msun": Definition(
            "True swept-up mass",
            "Msun",
            f"Mass that the true {_REACHED} would hold without the explosion.",
        ),
        "swept_forecast_msun": Definition(
            "Forecast swept-up mass",
            "Msun",
            "The same mass of the forecast region, in the forecast's control.",
        ),
        "momentum_truth": Definition(
            "True radial momentum",
            "Msun km/s",
            f"Momentum away from the site that the explosion has given to the gas, where the truth "
            f"has velocities: in and within {MOMENTUM_VOXELS} voxels of the true reached region, "
            f"with less without the explosion. A control without velocities counts as moving as "
            f"before the explosion. Networks forecast no velocity.",
        ),
        "surface_distance_pc": Definition(
            "Surface distance",
            "pc",
            "Mean distance between the forecast and the true shell surface (where density over "
            "control is 0.9, around the part connected to the explosion site), weighted by area, "
            "over both surfaces.",
        ),
        "hausdorff95_pc": Definition(
            "Hausdorff 95 %",
            "pc",
            "95 % of either shell surface lies within this distance of the other one.",
        ),
        "log_error_shell_dex": Definition(
            "Density error, shell",
            "dex",
            "Mean absolute error of log10 density in the union of the forecast and the true "
            f"affected region. {_FLOOR}",
        ),
        "log_error_dex": Definition(
            "Density error",
            "dex",
            f"Mean absolute error of log10 density in the whole cube. {_FLOOR}",
        ),
        "persistence_error_dex": Definition(
            "Persistence error",
            "dex",
            "Mean absolute error of log10 density in the whole cube if nothing moved: the "
            f"forecast's first frame against the truth. {_FLOOR}",
        ),
    }
)
"""Label, unit and meaning of every figure of a `FrameFigures`."""


@dataclass(frozen=True)
class FrameFigures:
    """How well one frame was forecast; `DEFINITIONS` says what each figure means.

    Undefined distances, radii and errors are NaN.
    """

    time_myr: float
    affected_iou: float
    affected_dice: float
    cavity_iou: float
    cavity_dice: float
    recall: float
    precision: float
    naive_iou: float
    radius_truth_pc: float
    radius_forecast_pc: float
    radius_error_pc: float
    radius_rms_pc: float
    swept_truth_msun: float
    swept_forecast_msun: float
    momentum_truth: float
    surface_distance_pc: float
    hausdorff95_pc: float
    log_error_shell_dex: float
    log_error_dex: float
    persistence_error_dex: float


FIGURES: tuple[str, ...] = tuple(field.name for field in fields(FrameFigures))
"""Names of the figures, in the order of the table."""

# The Dice coefficients follow from the IoU; a line of text has no room for them.
_COLUMNS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        "time_myr": ("time\nMyr", 3),
        "cavity_iou": ("cavity\nIoU", 2),
        "affected_iou": ("affected\nIoU", 2),
        "recall": ("\nrecall", 2),
        "precision": ("\nprecision", 2),
        "naive_iou": ("naive\nIoU", 2),
        "radius_truth_pc": ("true\nR/pc", 1),
        "radius_forecast_pc": ("forecast\nR/pc", 1),
        "radius_rms_pc": ("r.m.s.\nerror/pc", 1),
        "swept_truth_msun": ("true\nswept/Msun", 0),
        "swept_forecast_msun": ("forecast\nswept/Msun", 0),
        "momentum_truth": ("momentum\nMsun km/s", 0),
        "surface_distance_pc": ("surface\ndist./pc", 2),
        "hausdorff95_pc": ("HD95\npc", 1),
        "log_error_shell_dex": ("shell\nerror/dex", 3),
        "log_error_dex": ("cube\nerror/dex", 3),
        "persistence_error_dex": ("persistence\nerror/dex", 3),
    }
)


@dataclass(frozen=True)
class Comparison:
    """The figures of a forecast against the truth, one row per frame.

    Parameters
    ----------
    rows : tuple of FrameFigures
        One per true frame within the forecast's time range, in time order.
    control_source : {"given", "forecast"}
        What the true density was compared with to find the true region: a
        given control run, or the forecast's own control.
    saving : Saving, optional
        How much less the forecast cost than the simulation it is compared
        with, where that is known.
    origin : tuple of str
        Lines that say what was compared with what (see `core.origin`).
    """

    DEFINITIONS: ClassVar[Mapping[str, Definition]] = DEFINITIONS

    rows: tuple[FrameFigures, ...]
    control_source: ControlSource
    saving: Saving | None = None
    origin: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        header = [title for title, _ in _COLUMNS.values()]
        cells = [
            [tables.number(getattr(row, name), digits) for name, (_, digits) in _COLUMNS.items()]
            for row in self.rows
        ]
        if self.control_source == "given":
            note = "True region: relative to the given control run."
        else:
            note = "True region: relative to the forecast's own control (no control run given)."
        cost = "" if self.saving is None else f"\n{self.saving}"
        return f"{tables.text_table(header, cells)}\n{note}{cost}"

    def row_at(self, time_myr: float) -> FrameFigures:
        """Return the row nearest to a time.

        Parameters
        ----------
        time_myr : float
            The time in Myr.

        Returns
        -------
        FrameFigures
            The row.
        """
        return min(self.rows, key=lambda row: abs(row.time_myr - time_myr))

    def column(self, name: str) -> NDArray[np.float64]:
        """Return one figure over all frames.

        Parameters
        ----------
        name : str
            Name of the figure, one of `FIGURES`.

        Returns
        -------
        ndarray of float64, (frames,)
            Its values; NaN where undefined.
        """
        return np.array([getattr(row, name) for row in self.rows], dtype=np.float64)

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as plain values, ready for JSON.

        Returns
        -------
        dict
            ``control_source``, ``saving`` (ratios of time and of estimated
            energy, or None) and ``rows``, a list of dicts from figure name to
            value; None where undefined.
        """
        rows = [
            {name: tables.plain(value) for name, value in asdict(row).items()} for row in self.rows
        ]
        cost = None if self.saving is None else asdict(self.saving)
        return {"control_source": self.control_source, "saving": cost, "rows": rows}

    def to_csv(self, path: str | Path) -> None:
        """Write all figures as comma-separated values.

        Parameters
        ----------
        path : str or Path
            The file. Undefined figures are empty cells. Lines that begin with
            ``#`` say where the figures come from and what they mean.
        """
        rows = [[tables.plain(getattr(row, name)) for name in FIGURES] for row in self.rows]
        cost = () if self.saving is None else (f"cost: {self.saving}",)
        meaning = (f"{name}: {_meaning(DEFINITIONS[name])}" for name in FIGURES)
        tables.write_csv(path, FIGURES, rows, (*self.origin, *cost, *meaning))


def _meaning(definition: Definition) -> str:
    unit = f" [{definition.unit}]" if definition.unit else ""
    return f"{definition.label}{unit}. {definition.text}"
