"""How long a simulation takes on this machine: its steps by rule of thumb, their speed measured."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import torch

from core.constants import PC_PER_KMS_MYR
from core.simulate.cloud import make_cloud
from core.simulate.evolve import evolve
from core.simulate.parameters import SimulationParameters

_CFL = 0.6
_HOT_STEPS = 90.0
"""Steps that the hot gas of 10^51 erg takes on 32^3 cells over 0.133 Myr, beside one a frame."""


@dataclass(frozen=True)
class Work:
    """Time steps of a simulation, by rule of thumb: right within a factor of about 1.5.

    Parameters
    ----------
    n : int
        Cells along an edge.
    cloud, explosion, control : float
        Steps while turbulence shapes the cloud, with the explosion, without.
    """

    n: int
    cloud: float
    explosion: float
    control: float

    @property
    def steps(self) -> float:
        """All steps."""
        return self.cloud + self.explosion + self.control

    @property
    def cloud_share(self) -> float:
        """The part of the work that comes before the explosion."""
        return self.cloud / self.steps


def work_of(parameters: SimulationParameters) -> Work:
    """Tell how many time steps a simulation takes.

    Parameters
    ----------
    parameters : SimulationParameters
        What is simulated.

    Returns
    -------
    Work
        Fitted to runs of 16^3 to 64^3 cells.
    """
    cell = parameters.size_pc / parameters.n
    dispersion = parameters.velocity_dispersion_kms
    # The fastest gas is some 1.4 times as fast as the dispersion, and decays slowly.
    step_myr = _CFL * cell / (6.5 + 1.43 * dispersion) / PC_PER_KMS_MYR
    control = (parameters.frame_count - 1) * math.ceil(parameters.interval_myr / step_myr)
    energy = sum(explosion.energy_erg for explosion in parameters.schedule) / 1e51
    hot = _HOT_STEPS * (parameters.n / 32) * energy**0.25 * (parameters.duration_myr / 0.133) ** 0.5
    if dispersion == 0:
        hot *= 0.3  # No voids, in which gas would stay hot.
    cloud = parameters.settle_myr / step_myr if dispersion > 0 else 0.0
    return Work(parameters.n, cloud, control + hot, control)


@dataclass(frozen=True)
class Speed:
    """How fast a machine is.

    Parameters
    ----------
    step_s, cell_s : float
        Time for a step whatever its size, and that for each cell, in s.
    """

    step_s: float
    cell_s: float

    def seconds(self, work: Work) -> float:
        """Return the time that the steps take in s."""
        return work.steps * (self.step_s + self.cell_s * work.n**3)


def measure_speed(device: str | torch.device = "cpu") -> Speed:
    """Measure how fast gas is followed here: some tenths of a second of work.

    Parameters
    ----------
    device : str or torch.device
        Where it would be computed.

    Returns
    -------
    Speed
        From boxes of two sizes.
    """
    small, large = (_step_time(n, device) for n in (16, 32))
    cell = max(large - small, 0.1 * large) / (32**3 - 16**3)
    return Speed(max(small - 16**3 * cell, 0.0), cell)


def _step_time(n: int, device: str | torch.device) -> float:
    """Time of a step on n^3 cells: the least of some, as other programs want the machine too."""
    base = SimulationParameters(n=n, settle_myr=0.3)
    cloud = make_cloud(replace(base, settle_myr=0.01), device=device)
    times: list[float] = []
    last = time.perf_counter()

    def tick(_fraction: float, _text: str) -> None:
        nonlocal last
        now = time.perf_counter()
        times.append(now - last)
        last = now

    evolve(cloud, base.settle_myr, base.size_pc / n, "periodic", progress=tick)
    return min(times)
