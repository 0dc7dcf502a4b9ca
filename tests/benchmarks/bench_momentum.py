"""Radial momentum of a remnant in uniform gas, against Kim & Ostriker (2015).

Prints the momentum at 0.133 Myr over 2.8e5 n^-0.17 Msun km/s, and the volume-equivalent radius of
the cavity.

    python tests/benchmarks/bench_momentum.py [CELLS]
"""

import sys

import numpy as np

from core.constants import NH_PER_DENSITY
from core.metrics import radial_momentum
from core.shells import cavity
from core.simulate import SimulationParameters, simulate


def main(n: int) -> None:
    """Print the table."""
    print(f"{n}^3 cells in 60 pc, 1e51 erg, 0.133 Myr")
    print("n_H / cm^-3   momentum / Msun km/s   over K&O   cavity / pc   wall / s")
    for number_density in (1.0, 10.0, 45.0, 100.0):
        run = simulate(
            SimulationParameters(
                mean_density=number_density / NH_PER_DENSITY, rms_velocity_kms=0.0, n=n
            )
        )
        last = run.sequence[-1]
        momentum = radial_momentum(last.density, last.fields["velocity"], last.voxel_pc)
        volume = cavity(run.density[-1], run.control.density[-1]).sum() * run.sequence.voxel_pc**3
        radius = (3.0 * volume / (4.0 * np.pi)) ** (1.0 / 3.0)
        expected = 2.8e5 * number_density**-0.17
        print(
            f"{number_density:11.0f}   {momentum:20.3g}   {momentum / expected:8.2f}   "
            f"{radius:11.1f}   {run.provenance['wall_seconds']:8.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 64)
