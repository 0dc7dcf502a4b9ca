"""The solver: convergence on problems with known solutions, clouds, and what a run costs.

python tests/benchmarks/bench_hydro.py [problems] [clouds] [cost] [cavity]
"""

import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))

from test_hydro import double_blast, exact_sod, run, strip
from test_supernova import radii, sedov

from core.constants import ERG_TO_CODE, NH_PER_DENSITY, PC_PER_KMS_MYR
from core.metrics import radial_momentum
from core.simulate import SimulationParameters, hydro, make_cloud, simulate


def table(title: str, cells: tuple[int, ...], error: Callable[[int], float]) -> None:
    """Print errors and the orders between them."""
    errors = [error(n) for n in cells]
    orders = ["", *(f"{np.log2(a / b):.2f}" for a, b in pairwise(errors))]
    print(f"\n{title}\n  cells   L1 error   order")
    for n, value, order in zip(cells, errors, orders, strict=True):
        print(f"{n:7d}   {value:8.2e}   {order:>5s}", flush=True)


def sod(n: int) -> float:
    """Density at t = 0.2 against the exact solution."""
    state = strip(
        n, lambda x: np.where(x < 0.5, 1.0, 0.125), lambda x: 0 * x,
        lambda x: np.where(x < 0.5, 1.0, 0.1),
    )  # fmt: skip
    profile = run(state, 0.2, 1.0 / n, "outflow")[0, 0].flatten().numpy()
    return float(np.abs(profile - exact_sod((np.arange(n) + 0.5) / n, 0.2)).mean())


def contact(n: int) -> float:
    """A jump by a factor of 8, carried once around a periodic box."""
    state = strip(
        n, lambda x: np.where(abs(x - 0.5) < 0.2, 8.0, 1.0), lambda x: 0 * x + 1.0, np.ones_like
    )
    return float((run(state, 1.0, 1.0 / n, "periodic")[0, 0] - state[0, 0]).abs().mean())


def wave(n: int) -> float:
    """A smooth density wave carried once around: the order without shocks."""
    state = strip(
        n, lambda x: 1.0 + 0.2 * np.sin(2 * np.pi * x), lambda x: 0 * x + 1.0, np.ones_like
    )
    return float((run(state, 1.0, 1.0 / n, "periodic")[0, 0] - state[0, 0]).abs().mean())


def noh(n: int) -> float:
    """Planar Noh at t = 1.2: 4 behind a shock at t/3."""
    state = strip(
        n, np.ones_like, lambda x: -np.sign(x), lambda x: 0 * x + 6e-7,
        gamma=5 / 3, first=-1.0, length=2.0,
    )  # fmt: skip
    density = run(state, 1.2, 2.0 / n, "outflow", 5 / 3)[0, 0].flatten().numpy()
    x = np.abs(-1 + (np.arange(n) + 0.5) * 2 / n)
    return float(np.abs(density - np.where(x < 0.4, 4.0, 1.0)).mean())


def problems() -> None:
    """Print what is known of the solutions beside what is found."""
    table("Sod's shock tube, density at t = 0.2", (64, 128, 256, 512), sod)
    table("Smooth wave, one turn", (32, 64, 128, 256), wave)
    table("Contact (8 to 1), one turn", (64, 128, 256, 512), contact)
    table("Noh, planar, Mach 1000, t = 1.2", (100, 200, 400), noh)
    fine = double_blast(1600)
    table(
        "Woodward & Colella's double blast at t = 0.038, against 1600 cells",
        (200, 400, 800),
        lambda n: float(np.abs(double_blast(n) - fine.reshape(n, -1).mean(1)).mean()),
    )
    x = (np.arange(1600) + 0.5) / 1600
    left, right = (x > 0.6) & (x < 0.72), x > 0.72
    print(
        f"peaks: {fine[left].max():.2f} at x = {x[left][fine[left].argmax()]:.3f} and "
        f"{fine[right].max():.2f} at x = {x[right][fine[right].argmax()]:.3f} "
        f"(Woodward & Colella 1984: about 6.4 at 0.78, a lower one at 0.65)"
    )
    print("\nSedov-Taylor, 1e51 erg in 1 Msun/pc^3, 0.05 Myr, box of 60 pc\n  cells   peak / exact")
    exact = 1.1517 * (1e51 * ERG_TO_CODE * (0.05 * PC_PER_KMS_MYR) ** 2) ** 0.2
    for n in (32, 48, 64):
        density, r = sedov(n), radii(n, 60.0)
        width = 30.0 / n
        index = (r / width).astype(int).ravel()
        profile = np.bincount(index, density.ravel()) / np.maximum(np.bincount(index), 1)
        print(f"{n:7d}   {(profile[: int(28 / width)].argmax() + 0.5) * width / exact:12.3f}")


def clouds() -> None:
    """Print the contrast of clouds."""
    print("\nClouds of 1.34 Msun/pc^3 after 2.5 Myr (The Well: std/mean of density 2 to 2.6)")
    print("  cells   km/s   index   seed   std/mean   sigma(ln rho)   r.m.s. km/s   max/mean")
    cases = [(64, v, i, s) for v, i in ((10.0, 4.0), (10.0, 11 / 3), (14.0, 4.0)) for s in (1, 2)]
    for n, velocity, index, seed in cases:
        cloud = make_cloud(
            SimulationParameters(n=n, seed=seed, rms_velocity_kms=velocity, spectral_index=index)
        )
        rho = cloud[0, 0].double()
        speed = float((hydro.velocity(cloud) ** 2).sum(1).mean().sqrt())
        print(
            f"{n:7d}   {velocity:4.0f}   {index:5.2f}   {seed:4d}   "
            f"{float(rho.std() / rho.mean()):8.2f}   {float(rho.log().std()):13.2f}   "
            f"{speed:11.1f}   {float(rho.max() / rho.mean()):8.0f}",
            flush=True,
        )


def cost() -> None:
    """Print the time of a supernova with its cloud and its control."""
    print(f"\nCost on one CPU core (PyTorch {torch.__version__}, one thread)")
    print("  cells   medium      cloud / s   explosion and control / s   mass lost or gained")
    torch.set_num_threads(1)
    for n, velocity in ((32, 10.0), (64, 0.0), (64, 10.0)):
        parameters = SimulationParameters(n=n, rms_velocity_kms=velocity)
        start = time.process_time()
        cloud = make_cloud(parameters)
        middle = time.process_time()
        made = simulate(parameters, cloud=cloud)
        end = time.process_time()
        mass = made.control[-1].mass_msun / made.control[0].mass_msun - 1
        name = "turbulent" if velocity else "uniform"
        print(
            f"{n:7d}   {name:9s}   {middle - start:9.1f}   {end - middle:25.1f}   {mass:19.2%}",
            flush=True,
        )


def cavity() -> None:
    """Print how hot the inside of a remnant stays."""
    print(
        "\nInside a remnant in uniform gas of n_H = 45 cm^-3, box of 60 pc; within 2 pc of the site"
    )
    print("  cells   Myr     T / K      n_H / cm^-3   T n^-2/3   momentum / Msun km/s   CPU / s")
    for n in (32, 64, 128):
        made = simulate(
            SimulationParameters(n=n, mean_density=45.0 / NH_PER_DENSITY, rms_velocity_kms=0.0)
        )
        near = radii(n, 60.0) < 2.0
        for index in (3, 5, 10, 19):
            cube = made.sequence[index]
            temperature = float(cube.fields["temperature"][near].mean())
            number = float(cube.density[near].mean()) * NH_PER_DENSITY
            print(
                f"{n:7d}   {cube.time_myr:.3f}   {temperature:8.2e}   {number:11.2e}   "
                f"{temperature * number ** (-2 / 3):8.1e}   "
                f"{radial_momentum(cube.density, cube.fields['velocity'], cube.voxel_pc):20.3g}   "
                f"{made.provenance['cpu_time_s']:7.0f}",
                flush=True,
            )


if __name__ == "__main__":
    parts = {"problems": problems, "clouds": clouds, "cost": cost, "cavity": cavity}
    for chosen in sys.argv[1:] or parts:
        parts[chosen]()
