"""Time and memory from nothing to the first cube, against other programs on the same file.

Writes clumpy gas in a periodic box of 300 pc as Gadget and as SWIFT would, and cuts the cube
of 60 pc about its centre into 64^3 voxels, each time in a fresh process and without any
cache of Shellsight or index of yt from before. The files are in the memory of the system, as just
written.

    python tests/benchmarks/bench_open.py [--huge] [--repeat 3]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from snapshots import PARSEC_CM, SOLAR_MASS_G, Gas, Layout, write

ROOT = Path(__file__).resolve().parents[2]
BOX_PC, SIZE_PC, N = 300.0, 60.0, 64
LOW_PC, HIGH_PC = 0.5 * (BOX_PC - SIZE_PC), 0.5 * (BOX_PC + SIZE_PC)
MIB = 1024.0


def shellsight(path: str, method: str = "cic") -> tuple[float, float]:
    """Density, velocity and temperature; return the time of imports and the mass."""
    start = perf_counter()
    sys.path.insert(0, str(ROOT))
    import core

    imported = perf_counter() - start
    cubes = core.voxelize(core.open(path), size_pc=SIZE_PC, n=N, method=method, cache=False)
    return imported, cubes[0].mass_msun


def shellsight_sph(path: str) -> tuple[float, float]:
    """The same with the kernels of the particles."""
    return shellsight(path, "sph")


def yt_cic(path: str) -> tuple[float, float]:
    """The density alone, by yt's own cloud-in-cell."""
    start = perf_counter()
    import yt

    imported = perf_counter() - start
    _dataset, grid, region = _yt_grid(yt, path)
    places = region["PartType0", "particle_position"].to("code_length")
    mass = region["PartType0", "particle_mass"].to("code_mass").d
    return imported, float(grid.deposit(places, [mass], method="cic").sum())


def yt_sph(path: str) -> tuple[float, float]:
    """The density alone, as yt grids SPH particles."""
    start = perf_counter()
    import yt

    imported = perf_counter() - start
    _dataset, grid, _ = _yt_grid(yt, path)
    density = grid["gas", "density"].to("Msun/pc**3").d
    return imported, float(density.sum()) * (SIZE_PC / N) ** 3


def _yt_grid(yt, path: str):
    yt.set_log_level("error")
    base = {
        "UnitLength_in_cm": PARSEC_CM,
        "UnitMass_in_g": SOLAR_MASS_G,
        "UnitVelocity_in_cm_per_s": 1e5,
    }
    dataset = yt.load(path, unit_base=base)
    low, high = (dataset.arr([edge] * 3, "code_length") for edge in (LOW_PC, HIGH_PC))
    # Its parts do not keep the data set alive.
    return dataset, dataset.arbitrary_grid(low, high, dims=[N] * 3), dataset.box(low, high)


def swiftsimio_sph(path: str) -> tuple[float, float]:
    """The density alone; swiftsimio reads the cells around the cube."""
    start = perf_counter()
    import swiftsimio
    import unyt
    from swiftsimio.visualisation.volume_render import render_gas

    imported = perf_counter() - start
    edges = swiftsimio.cosmo_array(
        [LOW_PC, HIGH_PC] * 3, unyt.pc, comoving=True, scale_factor=1.0, scale_exponent=1
    )
    mask = swiftsimio.mask(path)
    mask.constrain_spatial([edges[:2]] * 3)
    data = swiftsimio.load(path, mask=mask)
    rendered = render_gas(data, resolution=N, project="masses", region=edges, parallel=True)
    density = rendered.to("Msun/pc**3").value
    return imported, float(density.sum()) * (SIZE_PC / N) ** 3


def meshoid_sph(path: str) -> tuple[float, float]:
    """The density alone; the file is read whole, as meshoid has no reader for parts."""
    start = perf_counter()
    import h5py
    import numpy as np
    from meshoid.grid_deposition import GridDensity

    imported = perf_counter() - start
    with h5py.File(path) as file:
        gas = file["PartType0"]
        names = ("Masses", "Coordinates", "SmoothingLength")
        mass, places, reach = (gas[name][()] for name in names)
    margin = reach[:, None]
    near = np.all((places > LOW_PC - margin) & (places < HIGH_PC + margin), axis=1)
    density = GridDensity(
        mass[near].astype(float),
        places[near].astype(float),
        reach[near].astype(float),
        np.full(3, 0.5 * BOX_PC),
        SIZE_PC,
        res=N,
    )
    return imported, float(density.sum()) * (SIZE_PC / (N - 1)) ** 3


TASKS: dict[str, tuple[Layout, str, Callable[[str], tuple[float, float]]]] = {
    "shellsight": ("gadget", "Shellsight, cic: density, velocity, T", shellsight),
    "yt_cic": ("gadget", "yt, cic: density", yt_cic),
    "shellsight_sph": ("gadget", "Shellsight, sph: density, velocity, T", shellsight_sph),
    "yt_sph": ("gadget", "yt, sph: density", yt_sph),
    "meshoid_sph": ("gadget", "h5py + meshoid, sph: density", meshoid_sph),
    "shellsight_swift": ("swift", "Shellsight, cic: density, velocity, T", shellsight),
    "shellsight_swift_sph": ("swift", "Shellsight, sph: density, velocity, T", shellsight_sph),
    "swiftsimio_sph": ("swift", "swiftsimio, sph: density", swiftsimio_sph),
}
AGAINST = {
    "yt_cic": "shellsight",
    "yt_sph": "shellsight_sph",
    "meshoid_sph": "shellsight_sph",
    "swiftsimio_sph": "shellsight_swift_sph",
}
"""What each of the others is compared with."""


def measure(task: str, path: Path, repeat: int) -> dict[str, float]:
    """Run a task in fresh processes; return the fastest."""
    best: dict[str, float] = {}
    for _ in range(repeat):
        for index in path.parent.glob("*.ewah"):
            index.unlink()
        command = [sys.executable, __file__, "--task", task, "--path", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{task} failed:\n{done.stderr[-2000:]}")
        found = json.loads(done.stdout.splitlines()[-1])
        if not best or found["seconds"] < best["seconds"]:
            best = found
    return best


def run_task(task: str, path: str) -> None:
    """Run a task in this process, and print what it took."""
    start = perf_counter()
    imported, mass = TASKS[task][2](path)
    result = {
        "seconds": perf_counter() - start,
        "imports": imported,
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB,
        "mass": mass,
    }
    print(json.dumps(result))


def table(count: int, tasks: list[str], repeat: int) -> None:
    """Print the table for one number of particles."""
    print(f"\n{count:.0e} particles of {Gas(count).particle_mass:.3g} Msun")
    heading = f"{'total / s':>10}{'imports':>9}{'rest':>8}{'peak / MiB':>12}{'mass / Msun':>13}"
    print(f"{'':46}{heading}   x time  x rest  x memory")
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for layout in ("gadget", "swift"):
            chosen = [task for task in tasks if TASKS[task][0] == layout]
            if not chosen:
                continue
            path = Path(folder) / f"{layout}.hdf5"
            # In a process of its own: the peak memory of a parent counts for its children.
            command = [sys.executable, __file__, "--write", layout, "--count", str(count)]
            subprocess.run([*command, "--path", str(path)], check=True)
            for task in chosen:
                found = results[task] = measure(task, path, repeat)
                rest = found["seconds"] - found["imports"]
                line = (
                    f"{layout + ': ' + TASKS[task][1]:46}{found['seconds']:10.2f}"
                    f"{found['imports']:9.2f}{rest:8.2f}{found['mib']:12.0f}{found['mass']:13.0f}"
                )
                if task in AGAINST and AGAINST[task] in results:
                    ours = results[AGAINST[task]]
                    line += (
                        f"{found['seconds'] / ours['seconds']:9.1f}"
                        f"{rest / (ours['seconds'] - ours['imports']):8.1f}"
                        f"{found['mib'] / ours['mib']:10.1f}"
                    )
                print(line, flush=True)
            path.unlink()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--huge", action="store_true", help="10^8 particles, by Shellsight alone")
    parser.add_argument("--repeat", type=int, default=3, help="runs, of which the fastest counts")
    parser.add_argument("--task", choices=TASKS, help=argparse.SUPPRESS)
    parser.add_argument("--path", help=argparse.SUPPRESS)
    parser.add_argument("--write", choices=("gadget", "swift"), help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write(Path(options.path), Gas(options.count, BOX_PC), options.write)
        return
    if options.task:
        run_task(options.task, options.path)
        return
    print("x: how many times the time, the time without imports and the memory of Shellsight")
    if options.huge:
        table(10**8, [task for task in TASKS if task.startswith("shellsight")], options.repeat)
        return
    for count in (10**6, 10**7):
        table(count, list(TASKS), options.repeat)


if __name__ == "__main__":
    main()
