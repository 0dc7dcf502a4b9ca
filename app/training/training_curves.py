"""Curves of a training run as a picture."""

from __future__ import annotations

import csv
import os
from pathlib import Path

from core.errors import CorruptSnapshot

_REGIONS = {"cavity": "#e0a030", "affected": "#4c9be8"}
"""Regions whose overlap is drawn, and in what colour."""


def save_curves(metrics: Path, picture: Path) -> None:
    """Draw loss and overlap of a training run against its steps.

    Parameters
    ----------
    metrics : Path
        The ``metrics.csv`` of the run.
    picture : Path
        The PNG to write; replaced when the new one is complete.

    Raises
    ------
    CorruptSnapshot
        If the metrics are no table of a training run.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = columns_of(metrics)
    # Without pyplot: it would choose a window system, and keep every figure.
    figure = Figure(figsize=(9.0, 3.6), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    loss, overlap = figure.subplots(1, 2)
    steps = columns["step"]
    for name, label in (("train_loss", "training"), ("validation_loss", "validation")):
        if name in columns:
            loss.plot(steps, columns[name], marker=".", label=label)
    loss.set(xlabel="step", ylabel="loss", yscale="log")
    loss.legend(frameon=False)
    for region, color in _REGIONS.items():
        frames = [name for name in columns if name.startswith(f"{region}_iou_")]
        for name, style in zip(frames, ("-", "--", ":"), strict=False):
            label = f"{region}, frame {name.rsplit('_', 1)[1]}"
            overlap.plot(steps, columns[name], style, color=color, marker=".", label=label)
    overlap.set(xlabel="step", ylabel="IoU on the validation part", ylim=(0.0, 1.0))
    if overlap.lines:
        overlap.legend(frameon=False, fontsize="small")
    draft = picture.with_name(f".{picture.name}.{os.getpid()}.part")
    try:
        figure.savefig(draft, format="png")
        draft.replace(picture)
    finally:
        draft.unlink(missing_ok=True)


def columns_of(metrics: Path) -> dict[str, list[float]]:
    """Read the table of a training run, column by column.

    Parameters
    ----------
    metrics : Path
        The ``metrics.csv`` of the run.

    Returns
    -------
    dict
        What a row lacks, as without a validation part, is left out.

    Raises
    ------
    CorruptSnapshot
        If it is no table of a training run.
    """
    try:
        with metrics.open(newline="") as file:
            rows = list(csv.DictReader(file))
        return {
            name: [float(row[name]) for row in rows]
            for name in rows[0]
            if name and all(row[name] not in (None, "") for row in rows)
        } | {"step": [float(row["step"]) for row in rows]}
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise CorruptSnapshot(metrics, f"is no table of a training run ({error})") from error
