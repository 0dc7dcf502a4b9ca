"""The verb that simulates supernovae: one run, or a data set."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Literal

import typer

import core
from core import supervised
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
    settle: Annotated[
        float, typer.Option(help="Myr for which turbulence shapes the cloud before.")
    ] = 2.5,
    site: Annotated[
        str,
        typer.Option(
            metavar="PLACE",
            help="Place in the cloud that becomes the centre of the box: centre, random (follows "
            "from the seed), densest, or X,Y,Z in pc from the cloud's centre.",
        ),
    ] = "centre",
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
    live: Annotated[
        Path | None,
        typer.Option(
            help="Directory to write each frame to as soon as it is there, for whoever watches.",
            show_default=False,
        ),
    ] = None,
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
    from core.simulate.dataset import generate, plan
    from core.simulate.live import simulate_at

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
        settle_myr=settle,
    )
    with progress_bar("Simulating") as progress:
        simulation = simulate_at(
            parameters,
            site,
            live=live,
            device=device,
            compiled=compiled,
            progress=progress,
            cancelled=supervised.stop_requested,
        )
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
