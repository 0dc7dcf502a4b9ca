"""Analytic test data: an explosion whose cavity is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.cubes import CubeSequence, Vector3
from core.evolution import Evolution


def lognormal_gas(n: int, mean: float = 1.2, sigma: float = 1.3, seed: int = 7) -> NDArray:
    """Turbulent-looking density: log-normal, power falling as k^-3.6, (n, n, n) Msun/pc^3."""
    random = np.random.default_rng(seed)
    k = np.sqrt(sum(np.square(axis) for axis in np.meshgrid(*[np.fft.fftfreq(n) * n] * 3)))
    k[0, 0, 0] = 1.0
    modes = np.fft.fftn(random.standard_normal((n, n, n))) * k**-1.8
    modes[0, 0, 0] = 0.0
    field = np.fft.ifftn(modes).real
    gas = np.exp(sigma * field / field.std())
    return (mean * gas / gas.mean()).astype(np.float32)


def analytic_evolution(
    n: int = 32,
    frames: int = 20,
    *,
    size_pc: float = 60.0,
    site_pc: Vector3 = (0.0, 0.0, 0.0),
    uniform: bool = False,
    dimple: float = 0.0,
) -> Evolution:
    """A cavity that grows as t^(2/7) to 13 pc, with the swept-up shell around it.

    Parameters
    ----------
    n, frames : int
        Cells along an edge, and number of frames 0.007 Myr apart.
    size_pc : float
        Edge of the cube in pc.
    site_pc : tuple of float
        The explosion relative to the cube's centre, in pc.
    uniform : bool
        Uniform gas of 1 Msun/pc^3 instead of a log-normal cloud.
    dimple : float
        Relative depth of lobes in the cavity's radius; 0 is a sphere.

    Returns
    -------
    Evolution
        Frame 0 is undisturbed; the density inside the cavity is 1 % of the
        control's.
    """
    times = np.arange(frames) * 0.007
    gas = np.ones((n, n, n), np.float32) if uniform else lognormal_gas(n)
    axis = (np.arange(n) + 0.5) * size_pc / n - size_pc / 2
    x, y, z = np.meshgrid(*[axis - site for site in site_pc], indexing="ij", sparse=False)
    distance = np.sqrt(x**2 + y**2 + z**2) + 1e-6
    lobes = 1.0 + dimple * (np.sin(3 * x / distance + 1) * np.cos(4 * y / distance) + z / distance)
    last = max(times[-1], 1e-9)
    density = np.empty((frames, n, n, n), np.float32)
    for index, time in enumerate(times):
        radius = 13.0 * size_pc / 60.0 * (time / last) ** (2 / 7) * lobes
        inside = distance < radius
        shell = ~inside & (distance < 1.12 * radius)
        density[index] = gas * np.where(inside, 0.01, np.where(shell, 2.5, 1.0))
    control = np.broadcast_to(gas, density.shape)
    return Evolution(
        sequence=CubeSequence({"density": density}, times, size_pc),
        control=CubeSequence({"density": control}, times, size_pc),
        site_pc=site_pc,
        provenance={"method": "analytic"},
    )
