"""The plots as figures for a paper: PNG, SVG or PDF. No Qt; Matplotlib only here.

Light background, no serifs, the width of a column, and the colours of meaning
in the shades that white paper needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from app.colors import LIGHT
from app.exports.provenance import check_name
from app.figures import ROLES, Figures, Role
from app.panels.charts import CHARTS, Chart
from core.errors import InvalidRequest
from core.shells import AFFECTED_BELOW, CAVITY_BELOW
from core.writers.atomic import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMN_MM, PAGE_MM = 88.0, 180.0
"""Width of one column, and of a page, in most journals."""

DPI = 300
PANEL_MM = 58.0
"""Height of one plot."""

RADIUS = "radius"
WHAT: tuple[str, ...] = (RADIUS, *(chart.key for chart in CHARTS))
"""The plots there are."""

SUFFIXES = (".png", ".svg", ".pdf")

_NAMES: Mapping[float, str] = MappingProxyType(
    {CAVITY_BELOW: "cavity", AFFECTED_BELOW: "affected region"}
)
_LABELS: Mapping[Role, str] = MappingProxyType({"truth": "Truth", "forecast": "Forecast"})
_MM_PER_INCH = 25.4

# Points of a printed page: labels as large as the captions of most journals.
_STYLE: Any = MappingProxyType(  # Matplotlib types the name of every setting
    {
        "font.family": "sans-serif",
        "font.sans-serif": ["Helvetica", "Arial", "Liberation Sans", "Inter", "DejaVu Sans"],
        "font.size": 7.5,
        "axes.labelsize": 8.0,
        "axes.linewidth": 0.6,
        "axes.edgecolor": "#333333",
        "axes.axisbelow": True,
        "xtick.direction": "in",
        "ytick.direction": "in",
        "xtick.top": True,
        "ytick.right": True,
        "xtick.minor.visible": True,
        "ytick.minor.visible": True,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.minor.width": 0.4,
        "ytick.minor.width": 0.4,
        "lines.linewidth": 1.3,
        "legend.frameon": False,
        "legend.fontsize": 7.0,
        "legend.handlelength": 1.8,
        "pdf.fonttype": 42,  # text stays text, which journals ask for
        "svg.fonttype": "path",  # looks the same without our fonts
        "savefig.facecolor": "white",
    }
)


def available(figures: Figures) -> tuple[str, ...]:
    """Return which plots there is something to draw for.

    Parameters
    ----------
    figures : Figures
        What was measured.

    Returns
    -------
    tuple of str
        Keys of `WHAT`.
    """
    compared = figures.comparison is not None and len(figures.comparison.rows) > 1
    return tuple(key for key in WHAT if (bool(figures.curves) if key == RADIUS else compared))


def title(key: str) -> str:
    """Return the name of a plot for people."""
    return next((chart.title for chart in CHARTS if chart.key == key), "Mean radius")


def save_figure(
    figures: Figures,
    path: Path | str,
    *,
    width_mm: float = COLUMN_MM,
    what: Sequence[str] = (RADIUS, "overlap"),
    level: float = CAVITY_BELOW,
    text: Mapping[str, str] = MappingProxyType({}),
) -> Path:
    """Draw plots against time as a figure for a paper.

    Parameters
    ----------
    figures : Figures
        What was measured.
    path : Path or str
        The file, ending with ``.png`` (300 dpi), ``.svg`` or ``.pdf``.
    width_mm : float
        Width of the figure in mm: 88 for a column, 180 for a page. Plots
        stand beside each other where there is room for it.
    what : sequence of str
        The plots, keys of `WHAT`; those without data are refused.
    level : float
        Density over control below which gas belongs to the region whose
        radius is drawn.
    text : Mapping of str to str
        What the file says of where it comes from: texts of a PNG, the
        description of an SVG, the subject of a PDF.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InvalidRequest
        If the format or a plot is unknown, there is nothing to draw, or the
        file cannot be written.
    """
    path = Path(path)
    check_name(path, SUFFIXES, "figures")
    suffix = path.suffix.lower()
    _check(figures, what, level)
    if not 40.0 <= width_mm <= 400.0:
        raise InvalidRequest(f"A figure is 40 to 400 mm wide, not {width_mm:g} mm.")
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(len(what), max(int(width_mm // 80.0), 1))
    rows = -(-len(what) // columns)
    size = (width_mm / _MM_PER_INCH, rows * PANEL_MM / _MM_PER_INCH)
    with mpl.rc_context({**_STYLE}):
        # Without pyplot: it would choose a window system, and keep every figure.
        figure = Figure(figsize=size, dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
        for key, axes in zip(what, grid.flat, strict=False):
            if key == RADIUS:
                _draw_radius(axes, figures, level)
            else:
                _draw_chart(axes, figures, next(c for c in CHARTS if c.key == key))
        for axes in grid.flat[len(what) :]:
            axes.set_visible(False)
        for column in range(columns):
            # The lowest plot of each column carries the time.
            last = max(row for row in range(rows) if row * columns + column < len(what))
            grid[last, column].set_xlabel("Time [Myr]")
            grid[last, column].tick_params(labelbottom=True)
        with replacing(path) as partial:
            figure.savefig(partial, format=suffix[1:], dpi=DPI, metadata=_metadata(suffix, text))
    return path


def _check(figures: Figures, what: Sequence[str], level: float) -> None:
    unknown = sorted(set(what) - set(WHAT))
    if unknown or not what:
        named = f"There is no plot '{unknown[0]}'" if unknown else "No plot was named"
        raise InvalidRequest(f"{named}; choose from {', '.join(WHAT)}.")
    drawable = available(figures)
    missing = [key for key in what if key not in drawable]
    if missing:
        raise InvalidRequest(
            f"There is nothing to draw for '{missing[0]}' yet: "
            + (
                "forecast first."
                if missing[0] == RADIUS
                else "it needs a forecast and a truth with several frames."
            )
        )
    if RADIUS in what and not any(figures.curve(role, level) for role in ROLES):
        known = sorted({c.level for curves in figures.curves.values() for c in curves})
        raise InvalidRequest(
            f"The radius was measured for the levels {', '.join(f'{v:g}' for v in known)}, "
            f"not for {level:g}."
        )


def _draw_radius(axes: Axes, figures: Figures, level: float) -> None:
    """Radius against time, with the spread over directions and what theory expects."""
    top = 0.0
    for role in ROLES:
        curve = figures.curve(role, level)
        if curve is None:
            continue
        color = getattr(LIGHT, role)
        axes.fill_between(
            curve.times_myr, curve.p16_pc, curve.p84_pc, color=color, alpha=0.18, linewidth=0
        )
        axes.plot(curve.times_myr, curve.mean_pc, color=color, label=_LABELS[role])
        top = max(top, float(np.nanmax(curve.p84_pc, initial=1.0)))
    theory = figures.theory
    if theory is not None:
        axes.plot(
            theory.times_myr,
            theory.radius_pc,
            color=LIGHT.secondary,
            linewidth=0.9,
            linestyle=(0, (4, 2)),
            label="Shock in uniform gas",
        )
        top = max(top, float(theory.radius_pc[-1]))
    name = _NAMES.get(level, f"region below {level:g} of the control")
    axes.set_ylabel(f"Mean radius of the {name} [pc]")
    axes.set_ylim(0.0, 1.08 * top)
    axes.legend(loc="best")


def _draw_chart(axes: Axes, figures: Figures, chart: Chart) -> None:
    """Figures of the comparison against time."""
    comparison = figures.comparison
    assert comparison is not None
    times = comparison.column("time_myr")[1:]
    for trace in chart.traces:
        values = comparison.column(trace.column)[1:]
        axes.plot(times, values, color=getattr(LIGHT, trace.color), label=trace.label)
    if chart.target is not None:
        axes.axhline(chart.target, color=LIGHT.secondary, linewidth=0.7, linestyle=":")
    if chart.share:
        axes.set_ylim(0.0, 1.05)
    elif axes.get_ylim()[0] < 0.0:
        axes.axhline(0.0, color=LIGHT.secondary, linewidth=0.6, linestyle=":")
    else:
        axes.set_ylim(bottom=0.0)
    axes.set_ylabel(f"{chart.title} [{chart.unit}]" if chart.unit else chart.title)
    axes.legend(loc="best")


def _metadata(suffix: str, text: Mapping[str, str]) -> dict[str, str | None]:
    """Return the texts in the words of a format."""
    if suffix == ".png":
        return dict(text)
    about = "\n".join(f"{key}: {value}" for key, value in text.items())
    if suffix == ".svg":
        return {"Creator": text.get("Software", "Shellsight"), "Description": about}
    return {"Creator": text.get("Software", "Shellsight"), "Subject": about}
