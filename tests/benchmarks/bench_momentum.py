"""Radial momentum of a remnant in uniform gas, against Kim & Ostriker (2015).

The first table follows each remnant to ten shell-formation times in a box of five shell-formation
radii, so that a cell is the same part of the problem for every density (their criterion: a tenth
of the radius at most). The second shows what the standard box of 60 pc makes of the same
densities in 0.133 Myr.

    python tests/benchmarks/bench_momentum.py [CELLS]
"""

import sys

import numpy as np

from core.constants import NH_PER_DENSITY
from core.metrics import radial_momentum
from core.shells import cavity
from core.simulate import SimulationParameters, simulate
from core.simulate.curves import Curve
from core.simulate.supernova import shell_formation_radius_pc

DENSITIES = (1.0, 10.0, 45.0, 100.0)
HEADER = (
    "n_H / cm^-3   cell / pc   r_sf / cell   momentum / Msun km/s   over K&O   cavity / pc   "
    "radiated   CPU / s"
)


def line(number_density: float, n: int, size_pc: float, duration_myr: float, curve: Curve) -> str:
    """Simulate one density and describe it."""
    run = simulate(
        SimulationParameters(
            mean_density=number_density / NH_PER_DENSITY,
            rms_velocity_kms=0.0,
            n=n,
            size_pc=size_pc,
            frame_count=8,
            interval_myr=duration_myr / 7,
            require_resolved=False,
            cooling_curve=curve,
        )
    )
    momenta = [
        radial_momentum(cube.density, cube.fields["velocity"], cube.voxel_pc)
        for cube in run.sequence
    ]
    volume = cavity(run.density[-1], run.control.density[-1]).sum() * run.sequence.voxel_pc**3
    radius = (3.0 * volume / (4.0 * np.pi)) ** (1.0 / 3.0)
    expected = 2.8e5 * number_density**-0.17
    kinetic = 0.5 * (
        run.density[-1].astype(np.float64)
        * (run.sequence.fields["velocity"][-1].astype(np.float64) ** 2).sum(-1)
    ).sum() * run.sequence.voxel_pc**3  # fmt: skip
    share = 1.0 - kinetic / (run.energy_erg / 1.98840987e43)
    cell = size_pc / n
    return (
        f"{number_density:11.0f}   {cell:9.2f}   "
        f"{shell_formation_radius_pc(number_density) / cell:11.1f}   {momenta[-1]:20.3g}   "
        f"{momenta[-1] / expected:8.2f}   {radius:11.1f}   {share:8.1%}   "
        f"{run.provenance['cpu_time_s']:7.0f}"
    )


def main(n: int) -> None:
    """Print the tables."""
    print(f"{n}^3 cells, 1e51 erg; K&O: 2.8e5 n^-0.17 Msun km/s")
    names = {"schure": "Schure et al. (2009)", "sutherland": "Sutherland & Dopita (1993), as K&O"}
    curves: tuple[Curve, ...] = ("schure", "sutherland")
    for curve in curves:
        print(f"\nTo 10 t_sf = 0.44 n^-0.55 Myr in a box of 5 r_sf, cooling of {names[curve]}")
        print(HEADER)
        for number_density in DENSITIES:
            size = 5.0 * shell_formation_radius_pc(number_density)
            print(line(number_density, n, size, 0.44 * number_density**-0.55, curve), flush=True)
    print("\nTo 0.133 Myr in the standard box of 60 pc, cooling of Schure et al. (2009)")
    print(HEADER)
    for number_density in DENSITIES:
        print(line(number_density, n, 60.0, 0.133, "schure"), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 64)
