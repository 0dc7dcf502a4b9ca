"""A cloud, its explosion and its control: one simulation from start to end."""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.constants import GAMMA, NH_PER_DENSITY
from core.cubes import CubeSequence, Vector3
from core.errors import InvalidRequest
from core.evolution import Simulation
from core.progress import CancelCheck, Progress, report
from core.simulate import hydro
from core.simulate.cooling import (
    cooling_table,
    equilibrium_temperature,
    specific_energy,
    temperature,
)
from core.simulate.evolve import evolve
from core.simulate.supernova import explode
from core.simulate.turbulence import turbulent_velocity

FRAME_INTERVAL_MYR = 0.007
"""Time between frames, that of Hirashima et al. (2023)."""

FRAME_COUNT = 20


@dataclass(frozen=True)
class SimulationParameters:
    """What is simulated.

    Parameters
    ----------
    seed : int
        Seed of the cloud's turbulence.
    mean_density : float
        Mean mass density in Msun/pc^3 (1.34 is n_H = 45 cm^-3).
    rms_velocity_kms : float
        Initial three-dimensional velocity dispersion in km/s; 0 for a
        uniform medium.
    site : tuple of float
        Place of the explosion in the cloud, as fractions of the box; the
        periodic cloud is shifted so that it lies at the centre.
    energy_erg : float
        Energy of the explosion in erg.
    ejecta_msun : float
        Mass of the ejecta in Msun.
    n : int
        Cells along an edge.
    size_pc : float
        Edge length of the box in pc.
    settle_myr : float
        For how long the turbulence shapes the cloud before the explosion.
    spectral_index : float
        Exponent of the velocity power spectrum.
    frame_count : int
        Frames stored, the first at the explosion.
    interval_myr : float
        Time between frames in Myr.
    """

    seed: int = 1
    mean_density: float = 1.34
    rms_velocity_kms: float = 10.0
    site: Vector3 = (0.5, 0.5, 0.5)
    energy_erg: float = 1e51
    ejecta_msun: float = 5.0
    n: int = 64
    size_pc: float = 60.0
    settle_myr: float = 2.5
    spectral_index: float = 4.0
    frame_count: int = FRAME_COUNT
    interval_myr: float = FRAME_INTERVAL_MYR

    def __post_init__(self) -> None:
        if self.mean_density <= 0 or self.size_pc <= 0 or self.energy_erg < 0:
            raise InvalidRequest("Density and size must be positive, the energy not negative.")
        if self.n < 16:
            raise InvalidRequest(f"At least 16 cells along an edge are needed, not {self.n}.")
        if self.frame_count < 2 or self.interval_myr <= 0:
            raise InvalidRequest("At least two frames, a positive time apart, are needed.")


def make_cloud(
    parameters: SimulationParameters,
    *,
    device: str | torch.device = "cpu",
    compiled: bool = False,
    cancelled: CancelCheck | None = None,
) -> Tensor:
    """Let turbulence shape a cloud.

    Uniform gas in thermal equilibrium is given a turbulent velocity field and
    followed for `parameters.settle_myr` in a periodic box.

    Parameters
    ----------
    parameters : SimulationParameters
        Density, dispersion, seed and grid; the site is not used.
    device : str or torch.device
        Where to compute.
    compiled : bool
        Use ``torch.compile``.
    cancelled : callable, optional
        Checked at every step.

    Returns
    -------
    Tensor, (1, 5, n, n, n)
        Conserved variables of the cloud.

    Raises
    ------
    Cancelled
        If `cancelled` says so.
    """
    n, rho = parameters.n, parameters.mean_density
    u = float(specific_energy(equilibrium_temperature(rho * NH_PER_DENSITY)))
    density = torch.full((1, n, n, n), rho, device=device)
    pressure = (GAMMA - 1.0) * u * density
    velocity = np.zeros((3, n, n, n), dtype=np.float32)
    if parameters.rms_velocity_kms > 0:
        rng = np.random.default_rng(parameters.seed)
        velocity = turbulent_velocity(
            n, parameters.rms_velocity_kms, rng, parameters.spectral_index
        )
    state = hydro.from_primitive(
        density, torch.as_tensor(velocity, device=device).unsqueeze(0), pressure
    )
    if parameters.rms_velocity_kms == 0:
        return state
    cell = parameters.size_pc / n
    return evolve(
        state, parameters.settle_myr, cell, "periodic", compiled=compiled, cancelled=cancelled
    )


def place_site(cloud: Tensor, site: Vector3) -> Tensor:
    """Shift a periodic cloud so that a place in it becomes the centre.

    Parameters
    ----------
    cloud : Tensor, (batch, 5, n, n, n)
        Conserved variables.
    site : tuple of float
        The place as fractions of the box.

    Returns
    -------
    Tensor, (batch, 5, n, n, n)
        The shifted cloud.
    """
    n = cloud.shape[-1]
    shifts = tuple(round((0.5 - x) * n) for x in site)
    return torch.roll(cloud, shifts, dims=(2, 3, 4))


def simulate(
    parameters: SimulationParameters | None = None,
    *,
    cloud: Tensor | None = None,
    device: str | torch.device = "cpu",
    compiled: bool = False,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Simulation:
    """Simulate a supernova in a turbulent cloud, and the cloud without it.

    Frame 0 is the cloud at the moment of the explosion, before its energy is
    in: what a forecaster is given.

    Parameters
    ----------
    parameters : SimulationParameters, optional
        What to simulate; the defaults are the problem of Hirashima et al.
        (2023).
    cloud : Tensor, optional
        A cloud made before by `make_cloud` with the same parameters, to be
        used for several sites.
    device : str or torch.device
        Where to compute.
    compiled : bool
        Use ``torch.compile``: several times faster after the first minutes;
        needs a C++ compiler.
    progress : callable, optional
        Called with the fraction done and a text.
    cancelled : callable, optional
        Checked at every time step.

    Returns
    -------
    Simulation
        Density, temperature and velocity with and without the explosion.

    Raises
    ------
    Cancelled
        If `cancelled` says so.
    """
    parameters = parameters or SimulationParameters()
    start = clock.perf_counter()
    if cloud is None:
        report(progress, 0.0, "Turbulence shapes the cloud")
        cloud = make_cloud(parameters, device=device, compiled=compiled, cancelled=cancelled)
    before = place_site(cloud, parameters.site)
    after = explode(
        before,
        parameters.size_pc,
        energy_erg=parameters.energy_erg,
        ejecta_msun=parameters.ejecta_msun,
    )
    provenance: dict[str, Any] = {
        "code": "Shellsight finite-volume solver (MUSCL-Hancock, HLLC)",
        "version": version(),
        "parameters": asdict(parameters),
        "device": str(device),
    }

    def follow(state: Tensor, first: Tensor, begin: float, end: float, text: str) -> CubeSequence:
        frames = [_frame(first)]
        cell = parameters.size_pc / parameters.n
        for index in range(1, parameters.frame_count):
            state = evolve(
                state,
                parameters.interval_myr,
                cell,
                "outflow",
                compiled=compiled,
                cancelled=cancelled,
            )
            frames.append(_frame(state))
            fraction = index / (parameters.frame_count - 1)
            report(progress, begin + fraction * (end - begin), text)
        return _sequence(frames, parameters, provenance)

    sequence = follow(after, before, 0.2, 0.9, "The shell expands")
    control = follow(before, before, 0.9, 1.0, "The same cloud without the explosion")
    provenance = {**provenance, "wall_seconds": clock.perf_counter() - start}
    return Simulation(
        sequence=sequence,
        control=control,
        energy_erg=parameters.energy_erg,
        provenance=provenance,
    )


def version() -> str:
    """Version of Shellsight.

    Returns
    -------
    str
        Of the installed distribution, or "unknown" when run without one.
    """
    try:
        return metadata.version("shellsight")
    except metadata.PackageNotFoundError:
        return "unknown"


def _frame(state: Tensor) -> dict[str, NDArray[np.float32]]:
    table = cooling_table(state.device, state.dtype)
    density = state[0, 0]
    u = hydro.pressure(state)[0].clamp_min(hydro.PRESSURE_FLOOR) / ((GAMMA - 1.0) * density)
    return {
        "density": density.cpu().numpy().astype(np.float32),
        "temperature": temperature(u, table).cpu().numpy().astype(np.float32),
        "velocity": hydro.velocity(state)[0].permute(1, 2, 3, 0).cpu().numpy().astype(np.float32),
    }


def _sequence(
    frames: Sequence[dict[str, NDArray[np.float32]]],
    parameters: SimulationParameters,
    provenance: dict[str, Any],
) -> CubeSequence:
    return CubeSequence(
        fields={name: np.stack([frame[name] for frame in frames]) for name in frames[0]},
        times_myr=parameters.interval_myr * np.arange(parameters.frame_count, dtype=np.float64),
        size_pc=parameters.size_pc,
        provenance=provenance,
    )
