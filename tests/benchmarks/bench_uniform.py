"""Radii in uniform gas, simulated and forecast, from n = 1 to 100 hydrogen atoms per cm^3.

python tests/benchmarks/bench_uniform.py [MODEL]

No network has seen these runs: explosions at the centre of 64^3 cells, averaged to 32^3.
"""

import sys

import core
from core.constants import NH_PER_DENSITY
from core.simulate.dataset import coarsen
from core.simulate.parameters import SimulationParameters
from core.simulate.run import simulate
from core.training.evaluate import uniform_radius_table

NUMBER_DENSITIES = (1.0, 3.0, 10.0, 30.0, 100.0)


def main(model: str) -> None:
    """Print the table."""
    runs = [
        # Cells of 0.9 pc are large for the densest gas.
        coarsen(
            simulate(
                SimulationParameters(
                    n=64,
                    mean_density=number / NH_PER_DENSITY,
                    rms_velocity_kms=0.0,
                    require_resolved=False,
                )
            ),
            32,
        )
        for number in NUMBER_DENSITIES
    ]
    print(uniform_radius_table(core.Forecaster(model, device="cpu"), runs))


if __name__ == "__main__":
    main(*sys.argv[1:] or ["default"])
