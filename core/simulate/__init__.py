"""Supernovae simulated on a grid: hydrodynamics, cooling, turbulence, explosion.

The public names are `simulate`, `SimulationParameters` and `make_cloud`.
"""

from core.simulate.run import SimulationParameters, make_cloud, simulate

__all__ = ["SimulationParameters", "make_cloud", "simulate"]
