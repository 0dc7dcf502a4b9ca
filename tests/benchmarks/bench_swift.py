"""Our solver against other codes, started from their own first snapshots.

SWIFT (SPH, 5 Msun particles) follows a turbulent cloud with and without an explosion; our solver
takes both clouds over at t = 0, deposited on the grid with the particles' kernels, once with the
energy as SWIFT put it (20 heated particles) and once with our own injection. Athena++ (64^3
cells) has another cloud; our solver takes over its first frame, in which the energy is. RAMSES's
figures are those of its README: its first frame is not there.

    python tests/benchmarks/bench_swift.py SNAPSHOTS [CELLS]

SNAPSHOTS is the directory that holds swift_turbulent_a, swift_turbulent_a_control, athena_blast.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import core
from core.constants import ERG_TO_CODE
from core.simulate import cloud_of, hydro
from core.simulate.evolve import evolve
from core.simulate.run import _frames
from core.simulate.supernova import explode

SIZE_PC = 60.0
FRAMES = (1, 5, 10, 15, 19)
ERG = ERG_TO_CODE * 1e51


@dataclass
class Gas:
    """Masses, places and velocities, of particles or of cells."""

    mass: NDArray[np.float64]
    position: NDArray[np.float64]
    velocity: NDArray[np.float64]

    def profile(self) -> tuple[NDArray[np.float64], float]:
        """Radial momentum in shells of 0.5 pc, and its sum within 29 pc."""
        r = np.linalg.norm(self.position, axis=1)
        radial = self.mass * (self.velocity * self.position).sum(1) / np.maximum(r, 1e-9)
        inside = r < 29.0
        return np.bincount((r[inside] / 0.5).astype(int), radial[inside], 58), radial[inside].sum()


def grid_gas(cube: core.Cube) -> Gas:
    """Cells as masses at their centres."""
    x = (np.arange(cube.n) + 0.5) * cube.voxel_pc - 0.5 * cube.size_pc
    position = np.stack(np.meshgrid(x, x, x, indexing="ij"), -1).reshape(-1, 3)
    mass = cube.density.astype(np.float64).ravel() * cube.voxel_pc**3
    return Gas(mass, position, cube.fields["velocity"].reshape(-1, 3).astype(np.float64))


def particle_gas(series: core.SnapshotSeries, index: int) -> Gas:
    """Particles relative to the centre of the box."""
    read = series.read(index)
    assert isinstance(read, core.ParticleSet)
    position = read.positions_pc.astype(np.float64) - 30.0
    return Gas(
        read.masses_msun.astype(np.float64), position, read.velocities_kms.astype(np.float64)
    )


def thermal_erg(state: torch.Tensor) -> float:
    """Internal energy of a state in 1e51 erg."""
    six = hydro.with_internal_energy(state)
    return float(six[:, 5].double().sum()) * (SIZE_PC / state.shape[-1]) ** 3 / ERG


def kinetic_erg(gas: Gas) -> float:
    """Kinetic energy in 1e51 erg."""
    return float(0.5 * (gas.mass * (gas.velocity**2).sum(1)).sum()) / ERG


def followed(
    state: torch.Tensor, times: list[float], boundary: hydro.Boundary
) -> Iterator[tuple[core.Cube, float]]:
    """Our solver's cubes and thermal energies at some times."""
    n, now = state.shape[-1], 0.0
    for time in times:
        state = evolve(state, time - now, SIZE_PC / n, boundary)
        now = time
        yield (
            core.Cube(fields=_frames(state)[0], size_pc=SIZE_PC, time_myr=time),
            thermal_erg(state),
        )


def describe(
    name: str, time: float, gas: Gas, control: Gas, ratio: NDArray[np.float64], thermal: float
) -> None:
    """Print a row."""
    (profile, total), (before, at_rest) = gas.profile(), control.profile()
    added = profile - before
    cavity = (3 * (ratio < 0.5).mean() * SIZE_PC**3 / (4 * np.pi)) ** (1 / 3)
    print(
        f"{name:34s} {time:6.3f}   {cavity:6.1f}   {(ratio < 0.9).mean():8.3f}   "
        f"{(np.argmax(added) + 0.5) * 0.5:6.2f}   {total - at_rest:10.3g}   "
        f"{kinetic_erg(gas):6.3f}   {thermal:6.3f}",
        flush=True,
    )


def swift(snapshots: Path, n: int) -> None:
    """Compare with SWIFT."""
    with_it = core.open(snapshots / "swift_turbulent_a")
    without = core.open(snapshots / "swift_turbulent_a_control")
    times = [float(with_it.headers[index].time_myr) for index in FRAMES]

    def deposited(series: core.SnapshotSeries, index: int) -> core.Cube:
        read = series.read(index)
        cube = core.voxelize(read, size_pc=SIZE_PC, n=n, center_pc=(30.0,) * 3, method="sph")
        assert isinstance(cube, core.Cube)
        return cube

    exploded, quiet = (cloud_of(deposited(series, 0)) for series in (with_it, without))
    print(
        f"thermal energy on the grid at t = 0: {thermal_erg(exploded):.3f}e51 erg with SWIFT's "
        f"explosion (1.004 in the particles), {thermal_erg(quiet):.3f} without"
    )
    controls = [(grid_gas(cube), cube) for cube, _ in followed(quiet, times, "periodic")]
    for place, index in enumerate(FRAMES):
        gas, control = (particle_gas(series, index) for series in (with_it, without))
        cube = deposited(with_it, index)
        ratio, thermal = (
            cube.density / deposited(without, index).density,
            thermal_erg(cloud_of(cube)),
        )
        describe("SWIFT", times[place], gas, control, ratio, thermal)
    ours = (
        ("ours, energy as SWIFT put it", exploded),
        ("ours, our injection", explode(quiet, SIZE_PC)),
    )
    for name, state in ours:
        for (cube, thermal), (control, still) in zip(
            followed(state, times, "periodic"), controls, strict=True
        ):
            describe(
                name, cube.time_myr, grid_gas(cube), control, cube.density / still.density, thermal
            )


def athena(snapshots: Path, n: int) -> None:
    """Compare with Athena++ at its second frame."""
    units = core.UnitSystem(length_pc=1.0, mass_msun=1.0, velocity_kms=1.0, time_myr=0.977792)
    cubes = core.voxelize(
        core.open(snapshots / "athena_blast", units=units), size_pc=SIZE_PC, n=n, cache=False
    )
    assert isinstance(cubes, core.CubeSequence)
    first, last = cubes[0], cubes[1]
    state = cloud_of(first)
    cold = first.fields["temperature"] < 1e5
    calm = dict(first.fields, temperature=np.where(cold, first.fields["temperature"], 60.0))
    quiet = cloud_of(core.Cube(fields=calm, size_pc=SIZE_PC))
    time = float(last.time_myr)
    ((control, _),) = followed(quiet, [time], "outflow")
    ((ours, thermal),) = followed(state, [time], "outflow")
    still = grid_gas(control)
    internal = hydro.with_internal_energy(cloud_of(last))
    describe(
        "Athena++", time, grid_gas(last), still, last.density / control.density,
        thermal_erg(internal),
    )  # fmt: skip
    describe(
        "ours, from Athena++'s first frame", time, grid_gas(ours), still,
        ours.density / control.density, thermal,
    )  # fmt: skip
    error = np.log10(ours.density / last.density)
    moved = np.log10(last.density / first.density)
    print(
        f"log10 density, ours less Athena++'s: r.m.s. {error.std():.3f} dex, correlation "
        f"{np.corrcoef(np.log(ours.density).ravel(), np.log(last.density).ravel())[0, 1]:.4f} "
        f"(the gas itself has changed by {moved.std():.3f} dex)"
    )


def main(snapshots: Path, n: int) -> None:
    """Print the tables."""
    print(
        f"{n}^3 cells; shell: peak of the radial momentum that the explosion adds, in shells of "
        f"0.5 pc; momentum: what it adds within 29 pc"
    )
    print(
        f"{'':34s} {'Myr':>6s}   cavity   affected    shell     momentum    E_kin   E_therm\n"
        f"{'':34s} {'':6s}       pc   of volume      pc    Msun km/s    1e51 erg"
    )
    swift(snapshots, n)
    athena(snapshots, n)
    print(
        "README of the snapshots: Athena++ 7.25 pc at 0.035 Myr; RAMSES (another cloud) 7.25 pc at "
        "0.014 Myr\nwith 1.35e5 Msun km/s; SWIFT about 5e5 Msun km/s and 14.25 pc at 0.133 Myr."
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 64)
