"""Verbs for those who make data and networks: simulate, train, evaluate."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import core
from core.errors import InvalidRequest
from core.terminal import progress_bar, require_folder

if TYPE_CHECKING:
    from core.simulate import Explosion

Device = Annotated[Literal["cpu", "cuda"], typer.Option(help="Where to compute.")]
Workers = Annotated[
    int | None, typer.Option(help="Processes; default: one for each core.", show_default=False)
]
Compile = Annotated[
    bool,
    typer.Option("--compile", help="Compile the solver first: pays for more than some ten runs."),
]


def simulate(
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--output", "--out", help="File to write (.shell.h5); a directory with --count."
        ),
    ],
    seed: Annotated[int, typer.Option(help="Seed of the cloud's turbulence.")] = 1,
    density: Annotated[float, typer.Option(help="Mean density in Msun/pc^3.")] = 1.34,
    velocity: Annotated[
        float, typer.Option(help="Velocity dispersion in km/s; 0 for a uniform medium.")
    ] = 10.0,
    mach: Annotated[
        float | None,
        typer.Option(
            help="Mach number of the turbulence, instead of --velocity.", show_default=False
        ),
    ] = None,
    index: Annotated[
        float,
        typer.Option(help="The turbulence's power falls as k^-INDEX: 4 Burgers, 3.667 Kolmogorov."),
    ] = 4.0,
    metallicity: Annotated[float, typer.Option(help="In units of the Sun's.")] = 1.0,
    cooling: Annotated[
        Literal["schure", "sutherland"],
        typer.Option(help="Cooling above 10^4.2 K: Schure+ 2009 or Sutherland & Dopita 1993."),
    ] = "schure",
    energy: Annotated[float, typer.Option(help="Energy of the explosion in erg.")] = 1e51,
    ejecta: Annotated[float, typer.Option(help="Mass of the ejecta in Msun.")] = 5.0,
    explosion: Annotated[
        list[str] | None,
        typer.Option(
            help="TIME,X,Y,Z in Myr after the first frame and pc from the centre; may be given "
            "several times, instead of one explosion at the centre.",
            show_default=False,
        ),
    ] = None,
    n: Annotated[int, typer.Option(help="Cells along an edge.")] = 64,
    size: Annotated[float, typer.Option(help="Edge of the box in pc.")] = 60.0,
    frames: Annotated[int, typer.Option(help="Frames to store, the first at the explosion.")] = 20,
    interval: Annotated[float, typer.Option(help="Time between frames in Myr.")] = 0.007,
    allow_coarse: Annotated[
        bool,
        typer.Option(
            "--allow-coarse", help="Explode even where the cells are too large for the momentum."
        ),
    ] = False,
    well: Annotated[
        Path | None,
        typer.Option(help="Write the run as The Well does (.hdf5) as well.", show_default=False),
    ] = None,
    device: Device = "cpu",
    compiled: Compile = False,
    count: Annotated[
        int | None,
        typer.Option(
            help="Make a data set of so many explosions in various clouds, instead of one run; "
            "only --clouds, --first-seed, --n, --coarse-n, --workers, --device, --batch, "
            "--scheduler and --compile apply.",
            show_default=False,
        ),
    ] = None,
    clouds: Annotated[int, typer.Option(help="Clouds of the data set.")] = 1,
    first_seed: Annotated[int, typer.Option(help="Seed of the data set's first cloud.")] = 1,
    coarse_n: Annotated[int, typer.Option(help="Voxels along an edge stored in a data set.")] = 32,
    workers: Workers = None,
    batch: Annotated[int, typer.Option(help="Explosions at once on a GPU (a data set's).")] = 6,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Make the data set on the workers of this Dask scheduler; they must see --out.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Simulate supernovae in a turbulent cloud and the cloud without them, or a data set of such.

    A data set can be stopped at any moment and taken up again by the same command.
    """
    import torch

    from core.simulate import SimulationParameters
    from core.simulate import simulate as run
    from core.simulate.dataset import generate, plan

    started = perf_counter()
    if device == "cuda" and not torch.cuda.is_available():
        raise InvalidRequest("PyTorch finds no CUDA device here; leave out --device cuda.")
    if count is None and scheduler is not None:
        raise InvalidRequest("A scheduler makes data sets: say how many explosions with --count.")
    if count is not None:
        runs = plan(count, clouds, first_seed, n)
        with progress_bar("Simulating") as progress:
            generate(
                out,
                runs,
                coarse_n=coarse_n,
                workers=workers,
                device=device,
                batch=batch,
                scheduler=scheduler,
                compiled=compiled,
                progress=progress,
            )
        print(f"{out} holds {count} explosions, after {(perf_counter() - started) / 60:.1f} min.")
        return
    require_folder(out)
    require_folder(well)
    parameters = SimulationParameters(
        seed=seed,
        mean_density=density,
        rms_velocity_kms=velocity,
        mach=mach,
        spectral_index=index,
        metallicity=metallicity,
        cooling_curve=cooling,
        energy_erg=energy,
        ejecta_msun=ejecta,
        explosions=tuple(_explosion(text, energy, ejecta) for text in explosion or ()),
        n=n,
        size_pc=size,
        frame_count=frames,
        interval_myr=interval,
        require_resolved=not allow_coarse,
    )
    with progress_bar("Simulating") as progress:
        simulation = run(parameters, device=device, compiled=compiled, progress=progress)
    core.save(simulation, out)
    files = str(out)
    if well is not None:
        from core.writers.well import save_well

        save_well(simulation, well)
        files += f" and {well}"
    print(
        f"Wrote {files}: {len(simulation)} frames of {n}^3 cells to "
        f"{simulation.times_myr[-1]:.4g} Myr, in {perf_counter() - started:.0f} s."
    )


def _explosion(text: str, energy: float, ejecta: float) -> Explosion:
    """Read an explosion from the command line."""
    from core.simulate import Explosion

    try:
        time, x, y, z = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidRequest(
            f"--explosion {text}: it takes four numbers, TIME,X,Y,Z in Myr and pc, "
            f"such as 0.05,10,0,-5."
        ) from None
    return Explosion(time, (x, y, z), energy, ejecta)


def train(
    data: Annotated[Path, typer.Option(help="Data set made by `shellsight simulate --count`.")],
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--output", "--out", help="Directory of the run; one that is there is continued."
        ),
    ],
    minutes: Annotated[float, typer.Option(help="Budget of training time.")] = 60.0,
    batch: Annotated[int, typer.Option(help="Simulations per step.")] = 4,
    learning_rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 1e-3,
    device: Device = "cpu",
    initial: Annotated[
        str | None,
        typer.Option(
            "--from", help="Model to start from, for example 'default'.", show_default=False
        ),
    ] = None,
) -> None:
    """Train the forecasting network; can be stopped and taken up again at any moment."""
    from core.training.loop import Trainer, TrainingConfig

    config = TrainingConfig(minutes=minutes, batch=batch, learning_rate=learning_rate)
    trainer = Trainer(config, data, out, device, initial)
    with progress_bar("Training") as progress:
        weights = trainer.train(progress=progress)
    print(f"Wrote {weights} after {trainer.step} steps, {trainer.seconds / 60:.1f} min.")


def evaluate(
    data: Annotated[
        Path | None,
        typer.Option(
            help="Directory of simulations (.shell.h5) the network has not seen; of a data set, "
            "its test part. Default: a standard set, simulated once (some ten minutes) and kept.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            help="Name or weights file of a network, or a theory: thin-shell, snowplough."
        ),
    ] = "default",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the tables here as well.")
    ] = None,
    workers: Workers = None,
    compiled: Compile = False,
) -> None:
    """Measure the network on held-out simulations against simple baselines."""
    from core.tables import write_json
    from core.training.evaluate import evaluate as measure
    from core.training.evaluate import uniform_radius_table

    require_folder(json_file)
    forecaster = core.Forecaster(model, device=device)
    runs = _standard_runs(workers, compiled) if data is None else _runs_in(data)
    uniform = [run for run in runs if _is_uniform(run)]
    turbulent = [run for run in runs if run not in uniform]
    results: dict[str, Any] = {}
    if turbulent:
        with progress_bar("Evaluating") as progress:
            table = measure(forecaster, turbulent, progress=progress)
        print(table)
        results["turbulent"] = table.as_dict()
    if uniform:
        with progress_bar("Evaluating in uniform gas") as progress:
            radii = uniform_radius_table(forecaster, uniform, progress=progress)
        print(f"\nRadii in uniform gas\n{radii}")
        results["uniform"] = radii.as_dict()
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
