"""The gas before the explosion: a turbulent cloud, or one from elsewhere."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.constants import GAMMA
from core.cubes import Cube, Vector3
from core.errors import InvalidRequest
from core.progress import CancelCheck, Progress
from core.simulate import hydro
from core.simulate.cooling import specific_energy
from core.simulate.evolve import evolve
from core.simulate.parameters import SimulationParameters
from core.simulate.turbulence import turbulent_velocity


def make_cloud(
    parameters: SimulationParameters,
    *,
    device: str | torch.device = "cpu",
    compiled: bool = False,
    progress: Progress | None = None,
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
    progress : callable, optional
        Told after every step which part of the time is over.
    cancelled : callable, optional
        Checked at every step.

    Returns
    -------
    Tensor, (1, 6, n, n, n)
        Conserved variables and internal energy of the cloud.

    Raises
    ------
    Cancelled
        If `cancelled` says so.
    """
    n, rho = parameters.n, parameters.mean_density
    u = float(specific_energy(parameters.ambient_temperature_k))
    density = torch.full((1, n, n, n), rho, device=device)
    pressure = (GAMMA - 1.0) * u * density
    dispersion = parameters.velocity_dispersion_kms
    velocity = np.zeros((3, n, n, n), dtype=np.float32)
    if dispersion > 0:
        rng = np.random.default_rng(parameters.seed)
        velocity = turbulent_velocity(n, dispersion, rng, parameters.spectral_index)
    state = hydro.from_primitive(
        density, torch.as_tensor(velocity, device=device).unsqueeze(0), pressure
    )
    if dispersion == 0:
        return hydro.with_internal_energy(state)
    return evolve(
        state,
        parameters.settle_myr,
        parameters.size_pc / n,
        "periodic",
        metallicity=parameters.metallicity,
        curve=parameters.cooling_curve,
        compiled=compiled,
        progress=progress,
        cancelled=cancelled,
    )


def cloud_of(cube: Cube, *, device: str | torch.device = "cpu") -> Tensor:
    """Take the gas of a cube, from any code, as the beginning of a simulation.

    Parameters
    ----------
    cube : Cube
        With density, temperature and velocity and no empty voxel.
    device : str or torch.device
        Where to compute.

    Returns
    -------
    Tensor, (1, 5, n, n, n)
        Conserved variables, to be given to `simulate` as its cloud.

    Raises
    ------
    InvalidRequest
        If a field is missing, or a voxel holds no gas.
    """
    missing = [name for name in ("density", "temperature", "velocity") if name not in cube.fields]
    if missing:
        raise InvalidRequest(
            f"A simulation needs density, temperature and velocity; the cube lacks "
            f"{' and '.join(missing)}."
        )
    density = np.asarray(cube.density, dtype=np.float64)
    if not density.min() > 0:
        raise InvalidRequest(
            f"{int((density <= 0).sum())} voxels are empty; deposit the particles with their "
            f"smoothing lengths (method='sph') or on fewer voxels."
        )
    u = specific_energy(np.asarray(cube.fields["temperature"], dtype=np.float64))
    velocity = np.moveaxis(np.asarray(cube.fields["velocity"], dtype=np.float64), -1, 0)

    def tensor(values: NDArray[np.float64]) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=device).unsqueeze(0)

    return hydro.from_primitive(
        tensor(density), tensor(velocity), tensor((GAMMA - 1.0) * density * u)
    )


def place_site(cloud: Tensor, site: Vector3) -> Tensor:
    """Shift a periodic cloud so that a place in it becomes the centre.

    Parameters
    ----------
    cloud : Tensor, (batch, 5 or 6, n, n, n)
        Conserved variables.
    site : tuple of float
        The place as fractions of the box.

    Returns
    -------
    Tensor, (batch, 5 or 6, n, n, n)
        The shifted cloud.
    """
    n = cloud.shape[-1]
    shifts = tuple(round((0.5 - x) * n) for x in site)
    return torch.roll(cloud, shifts, dims=(2, 3, 4))


SITE_CELLS = 2.0
"""Width in cells over which gas is averaged before the densest place is looked for."""


def densest_site(cloud: Tensor) -> Vector3:
    """Find the densest gas of a periodic cloud.

    Parameters
    ----------
    cloud : Tensor, (1, 5 or 6, n, n, n)
        Conserved variables.

    Returns
    -------
    tuple of float
        The middle of the densest clump, as fractions of the box, as
        `SimulationParameters.site` takes it.
    """
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(cloud[0, 0].cpu().numpy(), SITE_CELLS, mode="wrap")
    cell = np.unravel_index(int(np.argmax(smooth)), smooth.shape)
    x, y, z = (float(index) / cloud.shape[-1] for index in cell)
    return (x, y, z)
