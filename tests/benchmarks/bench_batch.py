"""Forecasts a second of many explosions in one snapshot.

python tests/benchmarks/bench_batch.py [SITES [PARTICLES [DEVICE [MODEL]]]]

Makes a periodic box of 300 pc with log-normal gas as a Gadget snapshot, and
forecasts explosions at random places, with the lists of the particles reached:
first with the whole snapshot in memory, then as if it were too large for that,
so that neighbours are read together.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import h5py
import numpy as np

import core

BOX_PC = 300.0


def write_snapshot(path: Path, count: int) -> Path:
    """Write particles whose density follows log-normal gas."""
    rng = np.random.default_rng(1)
    n = 64
    k = np.sqrt(sum(np.square(a) for a in np.meshgrid(*[np.fft.fftfreq(n) * n] * 3)))
    k[0, 0, 0] = np.inf
    field = np.fft.ifftn(np.fft.fftn(rng.standard_normal((n, n, n))) * k**-1.8).real
    gas = np.exp(1.3 * field / field.std()).ravel()
    cell = rng.choice(n**3, size=count, p=gas / gas.sum())
    corner = np.stack(np.unravel_index(cell, (n, n, n)), 1)
    mass = 1.3 * BOX_PC**3 / count
    with h5py.File(path, "w") as file:
        numbers = np.array([count, 0, 0, 0, 0, 0], np.int64)
        file.create_group("Header").attrs.update(
            {
                "BoxSize": BOX_PC, "Time": 0.0, "Redshift": 0.0, "NumFilesPerSnapshot": 1,
                "NumPart_ThisFile": numbers, "NumPart_Total": numbers, "MassTable": np.zeros(6),
                "UnitLength_in_cm": 3.0857e18, "UnitMass_in_g": 1.9884e33,
                "UnitVelocity_in_cm_per_s": 1e5,
            }
        )  # fmt: skip
        columns = {
            "Coordinates": (corner + rng.random((count, 3))) * (BOX_PC / n),
            "Masses": np.full(count, mass, np.float32),
            "Velocities": rng.normal(0, 6, (count, 3)).astype(np.float32),
            "InternalEnergy": np.full(count, 1.0, np.float32),
            "ParticleIDs": np.arange(count, dtype=np.uint32),
        }
        for name, values in columns.items():
            file.create_dataset(f"PartType0/{name}", data=values)
    return path


def main(sites: int, count: int, device: str, model: str) -> None:
    """Print the table."""
    many = sys.modules["core.forecast_many"]
    places = np.random.default_rng(2).uniform(0, BOX_PC, (sites, 3))
    print(f"{sites} sites, {count} particles, {device}")
    print("reading            wall / s   CPU / s   forecasts a second   MiB a site")
    with tempfile.TemporaryDirectory() as folder:
        series = core.open(write_snapshot(Path(folder) / "snap_000.hdf5", count))
        for how, whole in (("once", 10**9), ("by neighbours", 0)):
            many.WHOLE_COUNT = whole  # type: ignore[attr-defined]
            wall, cpu = perf_counter(), process_time()
            made = core.forecast_many(
                series, places, model, directory=Path(folder) / how, device=device, ids=True
            )
            seconds = perf_counter() - wall
            assert not made.failures, made.failures
            size = sum(p.stat().st_size for p in made.directory.glob("site*.h5")) / sites / 2**20
            print(
                f"{how:16}   {seconds:8.1f}   {process_time() - cpu:7.1f}   "
                f"{sites / seconds:18.2f}   {size:10.2f}"
            )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the process: {peak:.0f} MiB")


if __name__ == "__main__":
    core.forecast_many  # noqa: B018 - its module is looked up by name
    given = sys.argv[1:]
    main(
        int(given[0]) if given else 100,
        int(given[1]) if len(given) > 1 else 2_000_000,
        given[2] if len(given) > 2 else "auto",
        given[3] if len(given) > 3 else "default",
    )
