"""Tables of how well networks and baselines do on many simulations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from core import tables
from core.errors import InvalidRequest
from core.training.bootstrap import LEVEL

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "network": "Network",
        "thin-shell": "Thin shell (theory, direction by direction)",
        "snowplough": "Snowplough (theory, a sphere at the mean density around the site)",
        "sphere": "Best possible sphere (knows the truth)",
        "control": "Control (turbulence alone, known exactly)",
        "persistence": "Persistence (nothing moves; includes turbulent motion)",
    }
)
"""The methods in the order of the table, and what they are."""


UNCONTROLLED = " (forecasts no control: its regions include turbulent motion)"


class Figure(NamedTuple):
    """A column of the table: its title, the digits shown, and what it means."""

    title: str
    digits: int
    text: str


FIGURES: Mapping[str, Figure] = MappingProxyType(
    {
        "cavity_iou": Figure("cavity\nIoU", 2, "IoU of density over control below 0.5."),
        "affected_iou": Figure("affected\nIoU", 2, "IoU of density over control below 0.9."),
        "recall": Figure("\nrecall", 2, "Share of the true reached region that was forecast."),
        "precision": Figure("\nprecision", 2, "Share of the forecast reached region that is true."),
        "naive_iou": Figure(
            "naive\nIoU", 2, "IoU of density over the first frame below 0.9: includes turbulence."
        ),
        "radius_error_pc": Figure(
            "radius\nbias/pc", 2, "Forecast minus true radius, mean over directions."
        ),
        "radius_rms_pc": Figure(
            "radius\nr.m.s./pc", 2, "Root mean square over directions of the radius error."
        ),
        "log_error_shell_dex": Figure(
            "shell\nerror/dex",
            3,
            "Mean absolute error of log10 density in the true affected region: the same "
            "voxels for every method.",
        ),
        "log_error_dex": Figure(
            "cube\nerror/dex", 3, "Mean absolute error of log10 density in the whole cube."
        ),
        "swept_mass_ratio": Figure(
            "swept\nmass", 2, "Forecast over true mass that the blast wave has overrun."
        ),
        "cavity_dice": Figure(
            "cavity\nDice", 2, "Dice coefficient of density over control below 0.5."
        ),
        "affected_dice": Figure(
            "affected\nDice", 2, "Dice coefficient of density over control below 0.9."
        ),
        "surface_distance_pc": Figure(
            "surface\n/pc", 2, "Mean distance between the shell surfaces, where it was asked for."
        ),
        "hausdorff95_pc": Figure(
            "HD95\n/pc", 2, "95 % of either shell surface is this near to the other one."
        ),
        "log_vrmse": Figure(
            "VRMSE\nlog",
            2,
            "Root mean square error of log10 density over the standard deviation "
            "of the true log10 density in the cube, frame by frame.",
        ),
    }
)
"""The figures of the table, in its order."""

PRINTED: tuple[str, ...] = tuple(FIGURES)[:10]
"""Those that fit on a screen; files hold all."""

UNIFORM_RADII: tuple[str, ...] = ("affected", "cavity", "dense_shell")
"""The radii of a `UniformRadiusTable`."""


@dataclass(frozen=True)
class EvaluationRow:
    """The figures of one method at one time, averaged over simulations.

    Parameters
    ----------
    method : str
        A key of `METHODS`.
    time_myr : float
        Time since the explosion in Myr.
    mean : Mapping of str to float
        Mean of each figure over the simulations in which it is defined; NaN
        if in none.
    standard_error : Mapping of str to float
        Standard error of each mean, as if the simulations were independent
        (several explosions in one cloud are not quite); NaN for fewer than two.
    interval : Mapping of str to tuple of float
        Ends of the bootstrap interval of each mean, over clouds (see
        `core.training.bootstrap.interval`); NaN for fewer than two clouds.
    count : Mapping of str to int
        Number of simulations in which each figure is defined.
    """

    method: str
    time_myr: float
    mean: Mapping[str, float]
    standard_error: Mapping[str, float]
    interval: Mapping[str, tuple[float, float]]
    count: Mapping[str, int]


@dataclass(frozen=True)
class EvaluationTable:
    """How networks and the baselines do, per frame, averaged over simulations.

    Parameters
    ----------
    rows : tuple of EvaluationRow
        By method, in the order of `methods`, then by time.
    n_simulations : int
        Number of simulations evaluated.
    model : str
        Name of the network, if known; of the first, if there are several.
    n_clouds : int
        Number of clouds they are from.
    others : tuple of str
        Names of further networks: their rows have the name as method.
    uncontrolled : tuple of str
        Methods that are networks without a forecast of the control.
    """

    rows: tuple[EvaluationRow, ...]
    n_simulations: int
    model: str = ""
    n_clouds: int = 0
    others: tuple[str, ...] = ()
    uncontrolled: tuple[str, ...] = ()

    @property
    def methods(self) -> Mapping[str, str]:
        """The methods in the order of the table, and what they are."""
        first = METHODS["network"] + (f" {self.model}" if self.others else "")
        networks = {"network": first, **{name: f"Network {name}" for name in self.others}}
        for method in self.uncontrolled:
            networks[method] += UNCONTROLLED
        return {**networks, **{key: METHODS[key] for key in METHODS if key != "network"}}

    def __str__(self) -> str:
        header = ["time\nMyr"] + [FIGURES[key].title for key in PRINTED]
        name = f" of {', '.join(filter(None, (self.model, *self.others)))}" if self.model else ""
        what = "mean ± standard error"
        if self.n_clouds > 1:
            what = f"mean and {100 * LEVEL:g} % interval (bootstrap over {self.n_clouds} clouds)"
        parts = [f"Evaluation{name}: {what}, {self.n_simulations} simulations"]
        for method, label in self.methods.items():
            cells = [
                [f"{row.time_myr:.3f}"] + [_with_error(row, key) for key in PRINTED]
                for row in self.rows
                if row.method == method
            ]
            parts.append(f"{label}\n{tables.text_table(header, cells)}")
        return "\n\n".join(parts)

    def row(self, method: str, time_myr: float) -> EvaluationRow:
        """Return the row of a method that is nearest to a time.

        Parameters
        ----------
        method : str
            A key of `methods`.
        time_myr : float
            Time since the explosion in Myr.

        Returns
        -------
        EvaluationRow
            The row.

        Raises
        ------
        InvalidRequest
            If the method is unknown.
        """
        rows = [row for row in self.rows if row.method == method]
        if not rows:
            raise InvalidRequest(f"No method '{method}'; there are {', '.join(self.methods)}.")
        return min(rows, key=lambda row: abs(row.time_myr - time_myr))

    def as_dict(self) -> dict[str, Any]:
        """Return the table as plain values, ready for JSON.

        Returns
        -------
        dict
            ``model``, ``models``, ``uncontrolled``, ``n_simulations``, ``n_clouds``,
            ``interval_level``, ``figures`` (name to meaning), ``methods``
            (name to meaning) and ``rows``; None where undefined.
        """
        return {
            "model": self.model,
            "models": [self.model, *self.others],
            "uncontrolled": list(self.uncontrolled),
            "n_simulations": self.n_simulations,
            "n_clouds": self.n_clouds,
            "interval_level": LEVEL,
            "methods": dict(self.methods),
            "figures": {name: figure.text for name, figure in FIGURES.items()},
            "rows": [
                {
                    "method": row.method,
                    "time_myr": row.time_myr,
                    "mean": {key: tables.plain(value) for key, value in row.mean.items()},
                    "standard_error": {
                        key: tables.plain(value) for key, value in row.standard_error.items()
                    },
                    "interval": {
                        key: [tables.plain(end) for end in ends]
                        for key, ends in row.interval.items()
                    },
                    "count": dict(row.count),
                }
                for row in self.rows
            ],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> EvaluationTable:
        """Read a table from what `as_dict` returned.

        Parameters
        ----------
        content : Mapping
            The plain values.

        Returns
        -------
        EvaluationTable
            The table.

        Raises
        ------
        InvalidRequest
            If it is something else.
        """
        try:
            rows = tuple(
                EvaluationRow(
                    row["method"],
                    row["time_myr"],
                    {key: _number(value) for key, value in row["mean"].items()},
                    {key: _number(value) for key, value in row["standard_error"].items()},
                    {key: (_number(a), _number(b)) for key, (a, b) in row["interval"].items()},
                    dict(row["count"]),
                )
                for row in content["rows"]
            )
            first, *others = content["models"]
            return cls(
                rows,
                content["n_simulations"],
                first,
                content["n_clouds"],
                tuple(others),
                tuple(content.get("uncontrolled", ())),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidRequest(f"This is no table of an evaluation ({error!r}).") from error

    def to_json(self, path: str | Path) -> None:
        """Write the table as JSON.

        Parameters
        ----------
        path : str or Path
            The file.
        """
        tables.write_json(path, self.as_dict())

    def to_csv(self, path: str | Path) -> None:
        """Write the table as comma-separated values.

        Parameters
        ----------
        path : str or Path
            The file: one line per method and time; for every figure its mean,
            standard error (``_se``), ends of the bootstrap interval
            (``_low``, ``_high``) and count (``_n``).
        """
        header = ["method", "time_myr"]
        header += [
            name + suffix for name in FIGURES for suffix in ("", "_se", "_low", "_high", "_n")
        ]
        lines = []
        for row in self.rows:
            line: list[Any] = [row.method, row.time_myr]
            for name in FIGURES:
                line += [
                    tables.plain(row.mean[name]),
                    tables.plain(row.standard_error[name]),
                    *(tables.plain(end) for end in row.interval[name]),
                    row.count[name],
                ]
            lines.append(line)
        tables.write_csv(path, header, lines)


@dataclass(frozen=True)
class UniformRadiusRow:
    """True and forecast radii of one run at one time.

    Parameters
    ----------
    run : int
        Number of the run, from 0.
    mean_density : float
        Mean density of the first frame, Msun/pc^3.
    time_myr : float
        Time since the explosion in Myr.
    truth_pc, forecast_pc : Mapping of str to float
        Mean radii in pc, for each of `UNIFORM_RADII`; NaN if undefined.
    """

    run: int
    mean_density: float
    time_myr: float
    truth_pc: Mapping[str, float]
    forecast_pc: Mapping[str, float]


@dataclass(frozen=True)
class UniformRadiusTable:
    """True and forecast radii in uniform gas, where theory knows the answer.

    Parameters
    ----------
    rows : tuple of UniformRadiusRow
        By run, then by time.
    """

    rows: tuple[UniformRadiusRow, ...]

    def __str__(self) -> str:
        header = ["density\nMsun/pc^3", "time\nMyr"]
        header += [
            f"{name.replace('_', ' ')}\n{who}/pc"
            for name in UNIFORM_RADII
            for who in ("true", "forecast")
        ]
        cells = []
        for row in self.rows:
            line = [f"{row.mean_density:.3g}", f"{row.time_myr:.3f}"]
            for name in UNIFORM_RADII:
                line += [tables.number(row.truth_pc[name]), tables.number(row.forecast_pc[name])]
            cells.append(line)
        return tables.text_table(header, cells)

    def as_dict(self) -> dict[str, Any]:
        """Return the table as plain values, ready for JSON.

        Returns
        -------
        dict
            ``rows``, a list of dicts; None where undefined.
        """
        return {
            "rows": [
                {
                    "run": row.run,
                    "mean_density": row.mean_density,
                    "time_myr": row.time_myr,
                    "truth_pc": {key: tables.plain(row.truth_pc[key]) for key in UNIFORM_RADII},
                    "forecast_pc": {
                        key: tables.plain(row.forecast_pc[key]) for key in UNIFORM_RADII
                    },
                }
                for row in self.rows
            ]
        }

    def to_json(self, path: str | Path) -> None:
        """Write the table as JSON.

        Parameters
        ----------
        path : str or Path
            The file.
        """
        tables.write_json(path, self.as_dict())


def _number(value: float | None) -> float:
    """Read what `tables.plain` wrote."""
    return math.nan if value is None else float(value)


def _with_error(row: EvaluationRow, name: str) -> str:
    digits = FIGURES[name].digits
    text = tables.number(row.mean[name], digits)
    low, high = row.interval[name]
    if math.isfinite(low):
        return f"{text} ({low:.{digits}f}…{high:.{digits}f})"
    error = row.standard_error[name]
    return f"{text} ±{error:.{digits}f}" if math.isfinite(error) else text
