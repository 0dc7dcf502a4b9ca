"""The verb that finds out what forecasts of a model miss."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

import core
from core.errors import InvalidRequest
from core.terminal import progress_bar, require_folder


def calibrate(
    model: Annotated[
        str,
        typer.Argument(
            help="Name or weights file of a network, or a theory: thin-shell, snowplough."
        ),
    ],
    data: Annotated[
        list[Path],
        typer.Option(
            help="Directory of simulations (.shell.h5) in clouds the model has not seen; of a data "
            "set, the part that --split says. May be given several times."
        ),
    ],
    split: Annotated[
        Literal["validation", "test", "both"],
        typer.Option(help="Which part of a data set: the more clouds, the firmer the promise."),
    ] = "validation",
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="JSON file to write; default: beside the weights, where forecasts find it.",
            show_default=False,
        ),
    ] = None,
    averaging: Annotated[
        int, typer.Option(help="Orientations that forecasts are averaged over.")
    ] = 4,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Measure how far a model's regions must be enlarged to hold what is really reached.

    Afterwards forecasts of the model promise a coverage, and their probabilities mean what they
    say. Takes some seconds for each simulation.
    """
    from core.coverage import calibration_path, calibration_to_json
    from core.models.analytic import ANALYTIC_MODELS
    from core.models.registry import find_model
    from core.resources import models_path
    from core.tables import write_json
    from core.training.calibrate import calibrate as measure

    weights = models_path() / model if model in ANALYTIC_MODELS else find_model(model)
    target = out or calibration_path(weights)
    require_folder(target)
    runs = [run for directory in data for run in _runs_in(directory, split)]
    forecaster = core.Forecaster(model, device=device, averaging=averaging)
    with progress_bar("Calibrating") as progress:
        calibration = measure(forecaster, runs, progress=progress)
    write_json(target, calibration_to_json(calibration))
    print(f"Wrote {target}: {len(runs)} explosions in {calibration.clouds} clouds.")
    for coverage in (0.9, 0.95, 0.99):
        print(f"  {calibration.margin(coverage, of='gas')}")
        print(f"  {calibration.margin(coverage, of='frames')}")


def _runs_in(directory: Path, split: Literal["validation", "test", "both"]) -> list[Path]:
    from core.simulate.dataset import MANIFEST, Split, files_of_split

    if (directory / MANIFEST).exists():
        parts: tuple[Split, ...] = ("validation", "test") if split == "both" else (split,)
        runs = [run for part in parts for run in files_of_split(directory, part)]
        what = f"simulation of its {' or '.join(parts)} part"
    else:
        runs, what = sorted(directory.rglob("*.shell.h5")), "simulation (.shell.h5)"
    if not runs:
        raise InvalidRequest(f"{directory}: there is no {what} in it.")
    return runs
