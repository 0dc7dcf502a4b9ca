"""Verbs for those who make networks: train, evaluate."""

from __future__ import annotations

import importlib.util
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import core
from core import supervised
from core.cli_opening import Units
from core.cli_simulation import Compile, Workers
from core.errors import InvalidRequest
from core.terminal import progress_bar, require_folder

if TYPE_CHECKING:
    pass


def train(
    settings: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CONFIG.toml]",
            help="Settings of the training; what is given as an option wins.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Data set made by `shellsight simulate --count`; or a file or a directory of "
            "The Well, or of clips of 3D-MIM (.npz), which have no control.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            "--out",
            help="Directory of the run; one that is there is continued.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="What network: a name, or a weights file whose architecture is taken; "
            "default: unet-32. From nothing also mim3d-32 (as released, for a GPU), mim3d-32-p2 "
            "(patches of 2) and mim3d-32-small (for two cores).",
            show_default=False,
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="Budget of training time; default: 60.", show_default=False),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            help="Budget in steps instead: the same weights however often the run is stopped.",
            show_default=False,
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            help="Simulations per step, of all processes; default: 4, 3D-MIM 8.", show_default=False
        ),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Highest learning rate; default: 0.001.")
    ] = None,
    device: Annotated[
        Literal["cpu", "cuda"] | None,
        typer.Option(help="Where to compute; default: cpu.", show_default=False),
    ] = None,
    initial: Annotated[
        str | None,
        typer.Option(
            "--from", help="Weights to start from, for example 'default'.", show_default=False
        ),
    ] = None,
    units: Units = None,
) -> None:
    """Train a forecasting network; can be stopped and taken up again at any moment.

    On several GPUs: torchrun --nproc-per-node 4 -m core train …
    """
    from core.training.config import TrainingConfig, model_to_train, read_training, recommended
    from core.training.loop import Trainer
    from core.training.ranks import joined_ranks
    from core.training.sources import open_source

    network = None if model is None else model_to_train(model)
    stated: dict[str, Any] = {}
    if settings is not None:
        config, stated = read_training(settings)
    else:
        config = TrainingConfig() if network is None else recommended(network)
    given: dict[str, Any] = {
        "model": network,
        "minutes": minutes,
        "steps": steps,
        "batch": batch,
        "learning_rate": learning_rate,
    }
    if minutes is not None and steps is None:
        config = replace(config, steps=None)
    config = replace(config, **{key: value for key, value in given.items() if value is not None})
    data, out = data or stated.get("data"), out or stated.get("out")
    if data is None or out is None:
        raise InvalidRequest(
            "A training needs data and a directory to write to: --data DIR -o RUN, or data and "
            "out in the file of settings."
        )
    device = device or stated.get("device", "cpu")
    units = units or stated.get("units")
    with joined_ranks(device) as ranks:
        source = open_source(
            data, config.model, None if units is None else core.UnitSystem.parse(units)
        )
        trainer = Trainer(
            config, source, out, initial=initial or stated.get("from"), ranks=ranks,
            validated=_draw_curves,
        )  # fmt: skip
        with progress_bar("Training") if ranks.leads else nullcontext() as progress:
            weights = trainer.train(progress=progress, cancelled=supervised.stop_requested)
        if ranks.leads:
            print(f"Wrote {weights} after {trainer.step} steps, {trainer.seconds / 60:.1f} min.")


def _draw_curves(metrics: Path) -> None:
    """Draw the curves of a run beside its metrics, where pictures can be drawn."""
    if importlib.util.find_spec("matplotlib") is None or importlib.util.find_spec("app") is None:
        return  # The table has the same figures: a node without a screen needs no more.
    from app.training.training_curves import save_curves

    save_curves(metrics, metrics.with_name("curves.png"))


def evaluate(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]...",
            help="Names or weights files of networks, or theories (thin-shell, snowplough); "
            "several are measured in one table. Default: the default network.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Directory of simulations (.shell.h5) the network has not seen; of a data set, "
            "its test part. Default: a standard set, simulated once (some ten minutes) and kept.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="The same as MODEL.", show_default=False)
    ] = None,
    surfaces: Annotated[
        bool,
        typer.Option(
            "--surfaces", help="Measure the distances between shell surfaces as well: slow."
        ),
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the tables here as well.")
    ] = None,
    workers: Workers = None,
    compiled: Compile = False,
) -> None:
    """Measure networks on held-out simulations against simple baselines, frame by frame."""
    from core.tables import write_json
    from core.training.evaluate import evaluate as measure
    from core.training.evaluate import uniform_radius_table

    require_folder(json_file)
    named = [*(models or ()), *(model or ())] or ["default"]
    forecasters = [core.Forecaster(name, device=device) for name in named]
    runs = _standard_runs(workers, compiled) if data is None else _runs_in(data)
    uniform = [run for run in runs if _is_uniform(run)]
    turbulent = [run for run in runs if run not in uniform]
    results: dict[str, Any] = {}
    if turbulent:
        with progress_bar("Evaluating") as progress:
            table = measure(forecasters, turbulent, surfaces=surfaces, progress=progress)
        print(table)
        results["turbulent"] = table.as_dict()
    for number, forecaster in enumerate(forecasters if uniform else ()):
        with progress_bar("Evaluating in uniform gas") as progress:
            radii = uniform_radius_table(forecaster, uniform, progress=progress)
        print(f"\nRadii in uniform gas, by {forecaster.model_name}\n{radii}")
        if number == 0:
            results["uniform"] = radii.as_dict()
        results.setdefault("uniform_by_model", {})[forecaster.model_name] = radii.as_dict()
    if json_file is not None:
        write_json(json_file, results)


def _standard_runs(workers: int | None, compiled: bool) -> list[Path]:
    from platformdirs import user_cache_path

    from core.simulate.dataset import generate, plan_held_out

    folder = user_cache_path("shellsight") / "held-out"
    with progress_bar("Simulating the standard test") as progress:
        return generate(
            folder, plan_held_out(), workers=workers, compiled=compiled, progress=progress
        )


def _runs_in(data: Path) -> list[Path]:
    from core.simulate.dataset import MANIFEST, files_of_split

    if (data / MANIFEST).exists():
        runs = files_of_split(data, "test")
    else:
        runs = sorted(data.rglob("*.shell.h5"))
    if not runs:
        raise InvalidRequest(f"{data}: there is no simulation (.shell.h5) in it to test on.")
    return runs


def _is_uniform(path: Path) -> bool:
    """Tell whether a run begins in uniform gas."""
    first = core.open(path).read(0, fields=())
    return isinstance(first, core.Cube) and bool(first.density.max() < 1.001 * first.density.min())
