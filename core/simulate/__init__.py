"""Supernovae simulated on a grid: hydrodynamics, cooling, turbulence, explosions.

The public names are `simulate`, `SimulationParameters`, `Explosion`,
`make_cloud` and `cloud_of`.
"""

from core.simulate.parameters import SimulationParameters
from core.simulate.run import cloud_of, make_cloud, simulate, simulate_batch
from core.simulate.supernova import Explosion

__all__ = [
    "Explosion",
    "SimulationParameters",
    "cloud_of",
    "make_cloud",
    "simulate",
    "simulate_batch",
]
