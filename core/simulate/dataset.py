"""Sets of simulations for training and evaluation: made, resumed, read by their split."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time as clock
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from core.errors import CorruptSnapshot, InvalidRequest
from core.evolution import Simulation
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.simulate.plan import PlannedRun, Split, plan, plan_held_out
from core.simulate.run import make_cloud, simulate_batch
from core.voxelize import voxelize

__all__ = [
    "MANIFEST",
    "PlannedRun",
    "Split",
    "coarsen",
    "file_of",
    "files_of_split",
    "generate",
    "plan",
    "plan_held_out",
    "simulate_cloud",
    "simulate_group",
]

MANIFEST = "manifest.json"

_PARTIAL_LIFE_S = 3600.0
"""A half-written file that has not grown for so long is nobody's."""


def generate(
    directory: str | Path,
    runs: Sequence[PlannedRun],
    *,
    coarse_n: int = 32,
    workers: int | None = None,
    device: str = "cpu",
    batch: int = 6,
    scheduler: str | None = None,
    compiled: bool = False,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> list[Path]:
    """Simulate what of a plan is not there yet.

    Each file appears under its name only when it is whole, so that the work
    can be stopped at any moment and taken up again, on another machine or
    with other options as well.

    Parameters
    ----------
    directory : str or Path
        Where the files and the manifest go; made if it does not exist. With
        a scheduler, a directory that all workers see under the same path.
    runs : sequence of PlannedRun
        From `plan`.
    coarse_n : int
        Voxels along an edge of what is stored: the mean over the cells.
    workers : int, optional
        Processes, each of one thread; all cores by default.
    device : str
        "cpu" for the processes, or a GPU ("cuda"), which works on several
        explosions at once.
    batch : int
        How many at once on a GPU.
    scheduler : str, optional
        Address of a Dask scheduler, such as "tcp://node1:8786", whose
        workers do the work instead.
    compiled : bool
        Use ``torch.compile``.
    progress : callable, optional
        Called after each simulation, with the time left.
    cancelled : callable, optional
        Asked once a second; the simulations under way are given up.

    Returns
    -------
    list of Path
        All files of the plan.

    Raises
    ------
    InvalidRequest
        If the directory holds another plan's runs under the same names, or
        the scheduler does not answer.
    MissingDependency
        If a scheduler is given and Dask is not installed.
    Cancelled
        If `cancelled` says so.
    """
    directory = Path(directory).absolute()
    directory.mkdir(parents=True, exist_ok=True)
    _write_manifest(directory, runs, coarse_n)
    _remove_partials(directory)
    missing = [run for run in runs if not file_of(directory, run).exists()]
    by_cloud: dict[int, list[PlannedRun]] = {}
    for run in missing:
        by_cloud.setdefault(run.parameters.seed, []).append(run)
    groups = list(by_cloud.values())
    tell = _Teller(directory, runs, progress)
    if not missing:
        pass
    elif scheduler is not None:
        from core.simulate.cluster import simulate_on_cluster

        simulate_on_cluster(scheduler, directory, groups, coarse_n, compiled, tell, cancelled)
    elif device == "cpu":
        _simulate_in_processes(directory, groups, coarse_n, workers, compiled, tell, cancelled)
    else:
        for group in groups:
            for _ in simulate_group(
                directory, group, coarse_n, compiled, device=device, batch=batch,
                cancelled=cancelled,
            ):  # fmt: skip
                tell()
    return [file_of(directory, run) for run in runs]


class _Teller:
    """Reports how many simulations are there and how long the others will take."""

    def __init__(
        self, directory: Path, runs: Sequence[PlannedRun], progress: Progress | None
    ) -> None:
        self._files = [file_of(directory, run) for run in runs]
        self._progress = progress
        self._begin, self._first = clock.monotonic(), self._count()
        text = f"{self._first} of {len(self._files)} simulations are there"
        report(progress, self._first / len(self._files), text)

    def _count(self) -> int:
        return sum(path.exists() for path in self._files)

    def __call__(self) -> None:
        """Look what is there and report it."""
        done, total = self._count(), len(self._files)
        text = f"{done} of {total} simulations"
        if self._first < done < total:
            left = (clock.monotonic() - self._begin) / (done - self._first) * (total - done)
            text += f", {_duration(left)} left"
        report(self._progress, done / total, text)


def _duration(seconds: float) -> str:
    """Say a time for people: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _simulate_in_processes(
    directory: Path,
    groups: Sequence[Sequence[PlannedRun]],
    coarse_n: int,
    workers: int | None,
    compiled: bool,
    tell: Callable[[], None],
    cancelled: CancelCheck | None,
) -> None:
    workers = workers or os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        pending: set[Future[int]] = {
            pool.submit(simulate_cloud, directory, group, coarse_n, compiled) for group in groups
        }
        try:
            while pending:
                finished, pending = wait(pending, timeout=1.0, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                check_cancelled(cancelled, "The data set")
                tell()
        except BaseException:
            for process in list((pool._processes or {}).values()):
                process.terminate()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


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


def _remove_partials(directory: Path) -> None:
    """Remove what killed processes left behind, unless it may still be written."""
    for partial in directory.glob(".*.partial"):
        with suppress(OSError):  # another process may have removed it, or finished it
            if clock.time() - partial.stat().st_mtime > _PARTIAL_LIFE_S:
                partial.unlink()


def _write_manifest(directory: Path, runs: Sequence[PlannedRun], coarse_n: int) -> None:
    manifest = directory / MANIFEST
    entries = {run.name: asdict(run) for run in runs}
    text = json.dumps({"n": coarse_n, "runs": list(entries.values())}, indent=1)
    if manifest.exists():
        for entry in json.loads(manifest.read_text())["runs"]:
            # Compared as JSON, where a tuple is a list.
            planned = json.loads(json.dumps(entries.get(entry["name"], entry)))
            if not _is_same(entry, planned):
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


def _is_same(entry: dict[str, Any], planned: dict[str, Any]) -> bool:
    """Compare runs in what the manifest states: an older one knows fewer parameters."""
    known = {name: planned["parameters"].get(name) for name in entry["parameters"]}
    return {**planned, "parameters": known} == entry


def _start_worker() -> None:
    import torch

    torch.set_num_threads(1)
    # Ctrl+C is the parent's to handle: it ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Leave when the parent has gone: killed, it could not say so."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def simulate_cloud(
    directory: Path, runs: Sequence[PlannedRun], coarse_n: int, compiled: bool
) -> int:
    """Simulate the missing explosions of one cloud, in a worker process.

    Parameters
    ----------
    directory : Path
        Of the data set.
    runs : sequence of PlannedRun
        Of one cloud.
    coarse_n : int
        Voxels along an edge of what is stored.
    compiled : bool
        Use ``torch.compile``.

    Returns
    -------
    int
        How many were simulated.
    """
    return sum(1 for _ in simulate_group(directory, runs, coarse_n, compiled))


def simulate_group(
    directory: Path,
    runs: Sequence[PlannedRun],
    coarse_n: int,
    compiled: bool,
    *,
    device: str = "cpu",
    batch: int = 1,
    cancelled: CancelCheck | None = None,
) -> Iterator[Path]:
    """Simulate the missing explosions of one cloud, some at a time.

    Parameters
    ----------
    directory : Path
        Of the data set.
    runs : sequence of PlannedRun
        Of one cloud, or of uniform media.
    coarse_n : int
        Voxels along an edge of what is stored.
    compiled : bool
        Use ``torch.compile``.
    device : str
        Where to compute.
    batch : int
        How many at once.
    cancelled : callable, optional
        Checked at every time step.

    Yields
    ------
    Path
        Each file when it is there.
    """
    from core.writers.native import save

    cloud = None
    parent = multiprocessing.parent_process()
    # What another process has made in the meantime, before it was killed, is not made again.
    missing = [run for run in runs if not file_of(directory, run).exists()]
    for first in range(0, len(missing), batch):
        if parent is not None and not parent.is_alive():
            break  # killed without a chance to say so: do not work on in the background
        part = missing[first : first + batch]
        parameters = [run.parameters for run in part]
        if cloud is None and parameters[0].velocity_dispersion_kms > 0:
            cloud = make_cloud(parameters[0], device=device, compiled=compiled, cancelled=cancelled)
        simulations = simulate_batch(
            parameters, cloud=cloud, device=device, compiled=compiled, cancelled=cancelled
        )
        for run, simulation in zip(part, simulations, strict=True):
            if coarse_n < run.parameters.n:
                simulation = coarsen(simulation, coarse_n)
            save(_slim(simulation), file_of(directory, run))
            yield file_of(directory, run)


def _slim(simulation: Simulation) -> Simulation:
    """Drop what training does not use: the control's velocity and temperature."""
    control = simulation.control
    return replace(simulation, control=replace(control, fields={"density": control.density}))
