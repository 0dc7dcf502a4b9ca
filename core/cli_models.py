"""The verbs that put a trained network to use elsewhere: on many sites, in other programs."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

import core
from core.cli_opening import Format, Snapshots, Trajectory, Units, open_series, say
from core.errors import InvalidRequest
from core.terminal import progress_bar, require_folder


def forecast_many(
    paths: Snapshots,
    sites: Annotated[
        Path, typer.Option(help="List of places (.csv) with x, y, z in pc; `shellsight sites` too.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--output", "--out",
            help="Directory to write to; one that was begun is gone on with.",
        ),
    ],
    ids: Annotated[
        bool, typer.Option("--ids", help="Write the particles that each blast wave will reach.")
    ] = False,
    coverage: Annotated[
        float | None,
        typer.Option(
            help="With --ids: take the region that holds this share of what is reached.",
            show_default=False,
        ),
    ] = None,
    frame: Annotated[int, typer.Option(help="Which snapshot; negative counts from the end.")] = 0,
    model: Annotated[str, typer.Option(help="Name or weights file of a network, or a theory.")] = (
        "default"
    ),
    energy: Annotated[
        float | None,
        typer.Option(help="Energy of each explosion in erg; default: the model's.",
                     show_default=False),
    ] = None,
    size: Annotated[float, typer.Option(help="Edge of the cubes in pc.")] = 60.0,
    n: Annotated[int, typer.Option("--voxels", "--n", help="Voxels along an edge.")] = 32,
    averaging: Annotated[
        int, typer.Option(help="Orientations that each forecast is averaged over.")
    ] = 1,
    batch: Annotated[
        int | None,
        typer.Option(help="Cubes at once; default: 1, on a GPU 16.", show_default=False),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Work on the workers of this Dask scheduler; they must see the files.",
            show_default=False,
        ),
    ] = None,
    units: Units = None,
    format: Format = None,
    trajectory: Trajectory = 0,
) -> None:  # fmt: skip
    """Forecast explosions at many places of one snapshot; can be stopped and taken up again."""
    places = core.read_sites(sites)
    if coverage is not None and not ids:
        raise InvalidRequest("A coverage is of particles: it needs --ids.")
    series = open_series(paths, units=units, format=format, trajectory=trajectory)
    if not -len(series) <= frame < len(series):
        raise InvalidRequest(f"There is no snapshot {frame}; the series has {len(series)}.")
    begun = len(list(out.glob("site?????.h5"))) if out.is_dir() else 0
    start = perf_counter()
    with progress_bar("Forecasting") as progress:
        many = core.forecast_many(
            series, places, model, directory=out, index=frame % len(series), energy_erg=energy,
            size_pc=size, n=n, device=device, averaging=averaging, batch=batch, ids=ids,
            coverage=coverage, scheduler=scheduler, progress=progress,
        )  # fmt: skip
    for number, why in sorted(many.failures.items()):
        say(f"{many.sites[number].label}: no forecast. {why}")
    seconds = perf_counter() - start
    made = sum(many.path(number).exists() for number in range(len(many)))
    rate = f", {max(made - begun, 0) / seconds:.2g} a second" if made > begun else ""
    print(f"{out} holds {made} forecasts of {len(many)} sites, after {seconds:.1f} s{rate}.")


def export(
    model: Annotated[str, typer.Argument(help="Name or weights file of a network.")],
    onnx: Annotated[Path, typer.Option(help="File to write (.onnx).")],
) -> None:
    """Write a network for programs in other languages, and check what it answers there."""
    require_folder(onnx)
    from core.models.onnx_export import export_onnx

    made = export_onnx(model, onnx)
    print(
        f"Wrote {onnx}: {onnx.stat().st_size / 2**20:.1f} MiB, opset {made.opset}; inputs "
        f"{', '.join(made.inputs)}; outputs {', '.join(made.outputs)}. onnxruntime and PyTorch "
        f"differ by {made.difference_dex:.1e} dex at most."
    )
