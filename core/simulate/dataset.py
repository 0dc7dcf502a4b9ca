"""Sets of simulations for training and evaluation: planned, resumable, split by cloud."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from core.errors import CorruptSnapshot, InvalidRequest
from core.evolution import Simulation
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.simulate.run import SimulationParameters, make_cloud, simulate
from core.voxelize import voxelize

Split = Literal["train", "validation", "test"]

MANIFEST = "manifest.json"

_SPLIT_CYCLE: tuple[Split, ...] = (
    "train", "train", "test", "train", "train", "train", "validation", "train", "train", "train",
)  # fmt: skip
"""Clouds in turn go to these; a cloud's explosions are never divided."""

_UNIFORM_EVERY = 8
"""One cloud in so many is a uniform medium, which a network must get right as well."""


@dataclass(frozen=True)
class PlannedRun:
    """One simulation of a data set.

    Parameters
    ----------
    name : str
        Name of its file, without the ending.
    split : {"train", "validation", "test"}
        What it may be used for; the same for all explosions of a cloud.
    parameters : SimulationParameters
        What is simulated.
    """

    name: str
    split: Split
    parameters: SimulationParameters


def plan(count: int, clouds: int, first_seed: int = 1, n: int = 64) -> list[PlannedRun]:
    """Lay out a data set.

    The clouds differ in density (log-normal around that of Hirashima et al.
    2023), in turbulence and in age; one in eight is a uniform medium, with a
    density between 0.03 and 10 Msun/pc^3. The plan depends on the arguments
    alone, and the seeds of different `first_seed` do not overlap as long as
    they are at least `clouds` apart.

    Parameters
    ----------
    count : int
        Number of explosions.
    clouds : int
        Number of clouds they are spread over.
    first_seed : int
        Seed of the first cloud; the others follow.
    n : int
        Cells along an edge.

    Returns
    -------
    list of PlannedRun
        Cloud by cloud.

    Raises
    ------
    InvalidRequest
        If there are more clouds than explosions.
    """
    if not 1 <= clouds <= count:
        raise InvalidRequest(
            f"{count} explosions cannot be spread over {clouds} clouds: "
            f"take between 1 and {count} clouds."
        )
    runs: list[PlannedRun] = []
    for cloud in range(clouds):
        seed = first_seed + cloud
        rng = np.random.default_rng([20230201, seed])
        uniform = seed % _UNIFORM_EVERY == 0
        base = SimulationParameters(
            seed=seed,
            n=n,
            mean_density=float(np.exp(rng.normal(np.log(1.34), 0.45))),
            rms_velocity_kms=float(rng.uniform(5.0, 14.0)),
            settle_myr=float(rng.uniform(1.5, 3.0)),
        )
        for explosion in range(count // clouds + (cloud < count % clouds)):
            if uniform:
                density = float(10 ** rng.uniform(np.log10(0.03), 1.0))
                parameters = replace(base, mean_density=density, rms_velocity_kms=0.0)
            else:
                x, y, z = (float(s) for s in rng.uniform(0.0, 1.0, 3))
                parameters = replace(base, site=(x, y, z))
            kind = "uniform" if uniform else "cloud"
            runs.append(
                PlannedRun(
                    name=f"{kind}{seed:05d}_{explosion:02d}",
                    split=_SPLIT_CYCLE[seed % len(_SPLIT_CYCLE)],
                    parameters=parameters,
                )
            )
    return runs


def plan_held_out(clouds: int = 8, sites: int = 3, n: int = 64) -> list[PlannedRun]:
    """Lay out the standard test: clouds and densities no shipped network was trained on.

    Parameters
    ----------
    clouds : int
        Turbulent clouds.
    sites : int
        Explosions in each.
    n : int
        Cells along an edge.

    Returns
    -------
    list of PlannedRun
        The clouds, and uniform media of 0.3, 1.1 and 3 Msun/pc^3.
    """
    drawn = plan(2 * clouds * sites, 2 * clouds, first_seed=900_001, n=n)
    turbulent = [run for run in drawn if run.parameters.rms_velocity_kms > 0][: clouds * sites]
    uniform = [
        PlannedRun(
            name=f"uniform_{density:.1f}",
            split="test",
            parameters=SimulationParameters(
                seed=910_000 + index, mean_density=density, rms_velocity_kms=0.0, n=n
            ),
        )
        for index, density in enumerate((0.3, 1.1, 3.0))
    ]
    return [replace(run, split="test") for run in turbulent] + uniform


def generate(
    directory: str | Path,
    runs: Sequence[PlannedRun],
    *,
    coarse_n: int = 32,
    workers: int | None = None,
    compiled: bool = False,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> list[Path]:
    """Simulate what of a plan is not there yet.

    Each file appears under its name only when it is whole, so that the work
    can be stopped at any moment and taken up again.

    Parameters
    ----------
    directory : str or Path
        Where the files and the manifest go; made if it does not exist.
    runs : sequence of PlannedRun
        From `plan`.
    coarse_n : int
        Voxels along an edge of what is stored: the mean over the cells.
    workers : int, optional
        Processes, each of one thread; all cores by default.
    compiled : bool
        Use ``torch.compile``.
    progress : callable, optional
        Called after each simulation.
    cancelled : callable, optional
        Asked once a second; the simulations under way are given up.

    Returns
    -------
    list of Path
        All files of the plan.

    Raises
    ------
    InvalidRequest
        If the directory holds another plan's runs under the same names.
    Cancelled
        If `cancelled` says so.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    _write_manifest(directory, runs, coarse_n)
    missing = [run for run in runs if not file_of(directory, run).exists()]
    by_cloud: dict[int, list[PlannedRun]] = {}
    for run in missing:
        by_cloud.setdefault(run.parameters.seed, []).append(run)
    done = len(runs) - len(missing)
    report(progress, done / len(runs), f"{done} of {len(runs)} simulations are there")
    workers = workers or os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        pending: set[Future[int]] = {
            pool.submit(_simulate_cloud, directory, group, coarse_n, compiled)
            for group in by_cloud.values()
        }
        try:
            while pending:
                finished, pending = wait(pending, timeout=1.0, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                check_cancelled(cancelled, "The data set")
                done = sum(file_of(directory, run).exists() for run in runs)
                report(progress, done / len(runs), f"{done} of {len(runs)} simulations")
        except BaseException:
            for process in list((pool._processes or {}).values()):
                process.terminate()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [file_of(directory, run) for run in runs]


def file_of(directory: Path, run: PlannedRun) -> Path:
    """Path of a run's file.

    Parameters
    ----------
    directory : Path
        Of the data set.
    run : PlannedRun
        The run.

    Returns
    -------
    Path
        The file, whether it exists or not.
    """
    return directory / f"{run.name}.shell.h5"


def files_of_split(directory: str | Path, split: Split) -> list[Path]:
    """Files of one part of a data set that are there.

    Parameters
    ----------
    directory : str or Path
        Of the data set.
    split : {"train", "validation", "test"}
        Which part.

    Returns
    -------
    list of Path
        In the order of the manifest.

    Raises
    ------
    CorruptSnapshot
        If the directory has no manifest, or it cannot be read.
    """
    manifest = Path(directory) / MANIFEST
    try:
        entries = json.loads(manifest.read_text())["runs"]
        names = [entry["name"] for entry in entries if entry["split"] == split]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptSnapshot(
            manifest,
            "is not the manifest of a data set; make one with 'shellsight simulate --count'",
        ) from error
    paths = (Path(directory) / f"{name}.shell.h5" for name in names)
    return [path for path in paths if path.exists()]


def coarsen(simulation: Simulation, n: int) -> Simulation:
    """Average a simulation over cells.

    Parameters
    ----------
    simulation : Simulation
        Of at least `n` cells along an edge.
    n : int
        Voxels along an edge of the result.

    Returns
    -------
    Simulation
        Density averaged by volume, velocity and temperature by mass.
    """
    size = simulation.sequence.size_pc
    return replace(
        simulation,
        sequence=voxelize(simulation.sequence, size_pc=size, n=n),
        control=voxelize(simulation.control, size_pc=size, n=n),
    )


def _write_manifest(directory: Path, runs: Sequence[PlannedRun], coarse_n: int) -> None:
    manifest = directory / MANIFEST
    entries = {run.name: asdict(run) for run in runs}
    text = json.dumps({"n": coarse_n, "runs": list(entries.values())}, indent=1)
    if manifest.exists():
        for entry in json.loads(manifest.read_text())["runs"]:
            # Compared as JSON, where a tuple is a list.
            planned = json.loads(json.dumps(entries.get(entry["name"], entry)))
            if planned != entry:
                raise InvalidRequest(
                    f"{manifest}: {entry['name']} was planned with other parameters; "
                    f"choose another directory or another first seed."
                )
        known = json.loads(manifest.read_text())["runs"]
        names = {entry["name"] for entry in known}
        merged = known + [entry for name, entry in entries.items() if name not in names]
        text = json.dumps({"n": coarse_n, "runs": merged}, indent=1)
    temporary = manifest.with_suffix(".tmp")
    temporary.write_text(text)
    temporary.replace(manifest)


def _start_worker() -> None:
    import torch

    torch.set_num_threads(1)
    # Ctrl+C is the parent's to handle: it ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _simulate_cloud(
    directory: Path, runs: Sequence[PlannedRun], coarse_n: int, compiled: bool
) -> int:
    """Simulate the missing explosions of one cloud (in a worker process)."""
    from core.writers.native import save

    cloud = None
    parent = multiprocessing.parent_process()
    for run in runs:
        if parent is not None and not parent.is_alive():
            break  # killed without a chance to say so: do not work on in the background
        if cloud is None and run.parameters.rms_velocity_kms > 0:
            cloud = make_cloud(run.parameters, compiled=compiled)
        simulation = simulate(run.parameters, cloud=cloud, compiled=compiled)
        if coarse_n < run.parameters.n:
            simulation = coarsen(simulation, coarse_n)
        save(_slim(simulation), file_of(directory, run))
    return len(runs)


def _slim(simulation: Simulation) -> Simulation:
    """Drop what training does not use: the control's velocity and temperature."""
    control = simulation.control
    return replace(simulation, control=replace(control, fields={"density": control.density}))
