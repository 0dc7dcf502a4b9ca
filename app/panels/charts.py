"""The plots of how well a forecast fits, as a table: what is drawn, in what colour. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from core.compare import DEFINITIONS

TARGET_RECALL = 0.99


@dataclass(frozen=True)
class Trace:
    """One curve of a chart.

    Parameters
    ----------
    column : str
        The field of `core.comparison.FrameFigures`.
    label : str
        Its name in the legend.
    color : str
        A colour of the theme.
    short : str
        Its name where there is little room; the same by default.
    """

    column: str
    label: str
    color: str
    short: str = ""

    @property
    def tip(self) -> str:
        """Its definition."""
        return DEFINITIONS[self.column].text


@dataclass(frozen=True)
class Chart:
    """A plot of some figures against time.

    Parameters
    ----------
    key : str
        Its name in sessions.
    title : str
        Its name for people.
    unit : str
        Unit of its axis, or "".
    tip : str
        What it shows.
    traces : tuple of Trace
        The curves, in the order of the legend.
    share : bool
        Whether the values are shares, on an axis from 0 to 1.
    target : float, optional
        A value to reach, drawn as a dotted line.
    """

    key: str
    title: str
    unit: str
    tip: str
    traces: tuple[Trace, ...]
    share: bool = False
    target: float | None = None

    @property
    def heading(self) -> str:
        """Title and unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title


CHARTS: tuple[Chart, ...] = (
    Chart(
        "overlap",
        "Overlap with truth",
        "",
        "Share of the reached region that was forecast (recall), and intersection over union of "
        "the affected region and of the cavity.",
        (
            Trace("recall", "Recall", "accent"),
            Trace("affected_iou", "IoU, affected", "forecast", "Affected"),
            Trace("cavity_iou", "IoU, cavity", "neutral", "Cavity"),
        ),
        share=True,
        target=TARGET_RECALL,
    ),
    Chart(
        "recall",
        "Recall and precision",
        "",
        "Of the truly reached region, the share that was forecast; of the forecast reached "
        "region, the share that is true.",
        (Trace("recall", "Recall", "accent"), Trace("precision", "Precision", "forecast")),
        share=True,
        target=TARGET_RECALL,
    ),
    Chart(
        "distance",
        "Distance of surfaces",
        "pc",
        "How far the forecast and the true shell surface are from each other.",
        (
            Trace("surface_distance_pc", "Mean", "forecast"),
            Trace("hausdorff95_pc", "Hausdorff 95 %", "accent", "95 %"),
        ),
    ),
    Chart(
        "radius_error",
        "Error of the radius",
        "pc",
        "Forecast minus true radius of the affected region.",
        (
            Trace("radius_error_pc", "Mean", "forecast"),
            Trace("radius_rms_pc", "R.m.s.", "accent"),
        ),
    ),
    Chart(
        "density_error",
        "Error of the density",
        "dex",
        "Mean absolute error of log10 density; persistence is what it is if nothing moved.",
        (
            Trace("log_error_shell_dex", "In the shell", "forecast"),
            Trace("log_error_dex", "Whole cube", "accent"),
            Trace("persistence_error_dex", "Persistence", "neutral"),
        ),
    ),
)
"""All of them, the usual one first."""


def chart(key: str) -> Chart:
    """Return a chart by its key, the usual one if there is no such."""
    return next((each for each in CHARTS if each.key == key), CHARTS[0])
