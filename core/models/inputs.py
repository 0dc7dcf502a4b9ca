"""What the networks see of a cube: the channels and the conditioning."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.cubes import Cube
from core.models.symmetry import Symmetry
from core.shells.arrival import arrival_times_myr

LOG_DENSITY_FLOOR = -6.0
"""log10 of the lowest density shown to a network, Msun/pc^3."""

SITE_RADIUS_PC = 4.0
"""Around the site velocities are not trusted, see `network_input`."""

CHANNELS = 8
"""Log density, distance, swept-up mass, level, three velocities, arrival of the shell."""

CONDITIONS = 4
"""Mean level, level at the site, whether the velocity is known, energy."""

ENERGY_ERG = 1e51
"""Energies are seen relative to this."""

_ARRIVAL_MYR = 0.1


@dataclass(frozen=True, eq=False)
class NetworkInput:
    """What a network is given.

    Parameters
    ----------
    scalars : Tensor, (batch, 4, n, n, n)
        log10 density, distance from the site, mass swept up on the way from
        the site, and the mean level, each scaled to order one.
    velocity : Tensor, (batch, 3, n, n, n)
        Velocity in 10 km/s, zero where unknown.
    conditions : Tensor, (batch, 4)
        Mean of log10 density, log10 of the density at the site, 1 where the
        velocity is known, log10 of the energy in 1e51 erg.
    arrival : Tensor, (batch, 1, n, n, n), optional
        log10 of the time at which the thin-shell model has the shell arrive,
        in 0.1 Myr; what networks of seven channels do without.
    """

    scalars: Tensor
    velocity: Tensor
    conditions: Tensor
    arrival: Tensor | None = None

    def channels(self) -> Tensor:
        """Join all fields.

        Returns
        -------
        Tensor, (batch, 7 or 8, n, n, n)
            Scalars, velocity, and the arrival where it is there.
        """
        last = () if self.arrival is None else (self.arrival,)
        return torch.cat((self.scalars, self.velocity, *last), 1)

    def transformed(self, symmetry: Symmetry) -> NetworkInput:
        """Turn or reflect the gas.

        Parameters
        ----------
        symmetry : Symmetry
            How.

        Returns
        -------
        NetworkInput
            The same gas from another side.
        """
        return NetworkInput(
            symmetry.scalar(self.scalars),
            symmetry.vector(self.velocity),
            self.conditions,
            None if self.arrival is None else symmetry.scalar(self.arrival),
        )

    @property
    def energies_erg(self) -> Tensor:
        """Energy of each explosion in erg, (batch,); single precision ends at 10^38."""
        return ENERGY_ERG * 10.0 ** self.conditions[:, 3].double()


def distances_pc(n: int, size_pc: float) -> Tensor:
    """Distance of each voxel from the centre of the cube.

    Parameters
    ----------
    n : int
        Voxels along an edge.
    size_pc : float
        Edge length of the cube in pc.

    Returns
    -------
    Tensor, (n, n, n)
        Distance in pc.
    """
    x = (torch.arange(n) + 0.5) * (size_pc / n) - 0.5 * size_pc
    return torch.sqrt(x.view(-1, 1, 1) ** 2 + x.view(1, -1, 1) ** 2 + x.view(1, 1, -1) ** 2)


def swept_mass(density: Tensor, size_pc: float, samples: int = 24) -> Tensor:
    """Mass per solid angle between the centre and each voxel.

    This is what a blast wave has to push on its way there: the thin-shell
    model needs nothing else.

    Parameters
    ----------
    density : Tensor, (batch, n, n, n)
        Mass density in Msun/pc^3.
    size_pc : float
        Edge length of the cube in pc.
    samples : int
        Points along each ray.

    Returns
    -------
    Tensor, (batch, n, n, n)
        Mass in Msun per steradian.
    """
    n = density.shape[-1]
    x = (torch.arange(n, device=density.device) + 0.5) * (2.0 / n) - 1.0
    # grid_sample wants the coordinates of the last axis first.
    ends = torch.stack(torch.meshgrid(x, x, x, indexing="ij")[::-1], -1)
    radius = 0.5 * size_pc * ends.norm(dim=-1)
    total = torch.zeros_like(density)
    volume = density.unsqueeze(1)
    for k in range(samples):
        fraction = (k + 0.5) / samples
        points = (ends * fraction).expand(len(density), n, n, n, 3)
        sampled = F.grid_sample(volume, points, align_corners=False, padding_mode="border")
        total = total + sampled[:, 0] * fraction**2 / samples
    return total * radius**3


def arrival_channel(density: Tensor, size_pc: float, energies_erg: Tensor) -> Tensor:
    """When the shell arrives at each voxel, as a network sees it.

    Parameters
    ----------
    density : Tensor, (batch, n, n, n)
        Mass density in Msun/pc^3.
    size_pc : float
        Edge length of the cubes in pc.
    energies_erg : Tensor, (batch,)
        Energies of the explosions in erg.

    Returns
    -------
    Tensor, (batch, 1, n, n, n)
        log10 of the time in 0.1 Myr.
    """
    times = [
        arrival_times_myr(Cube({"density": one.numpy()}, size_pc), float(energy))
        for one, energy in zip(density.cpu(), energies_erg, strict=True)
    ]
    logs = np.log10(np.stack(times) / _ARRIVAL_MYR)
    return torch.from_numpy(logs).unsqueeze(1).to(density)


def network_input(
    density: Tensor,
    velocity: Tensor | None,
    size_pc: float,
    energy_erg: float = ENERGY_ERG,
    *,
    arrival: bool = True,
) -> NetworkInput:
    """Prepare cubes for a network; the explosion is at their centre.

    The velocity within `SITE_RADIUS_PC` of the site is replaced by the mean
    of its surroundings: a snapshot written at the moment of the explosion
    may carry the first kick of the blast there, which is not the state of
    the gas before it.

    Parameters
    ----------
    density : Tensor, (batch, n, n, n)
        Mass density in Msun/pc^3.
    velocity : Tensor or None, (batch, 3, n, n, n)
        Velocity in km/s, if known.
    size_pc : float
        Edge length of the cubes in pc.
    energy_erg : float
        Energy of the explosions in erg.
    arrival : bool
        Whether to give the network what the thin-shell model says.

    Returns
    -------
    NetworkInput
        Channels and conditions.
    """
    n = density.shape[-1]
    log_density = torch.log10(density.clamp_min(10.0**LOG_DENSITY_FLOOR))
    distance = distances_pc(n, size_pc).to(density)
    swept = torch.log10(swept_mass(density, size_pc).clamp_min(1e-3))
    mean = torch.log10(density.mean((1, 2, 3)).clamp_min(10.0**LOG_DENSITY_FLOOR))
    inside = distance < SITE_RADIUS_PC
    site = torch.log10(density[:, inside].mean(1).clamp_min(10.0**LOG_DENSITY_FLOOR))
    if velocity is None:
        scaled = torch.zeros(len(density), 3, n, n, n, dtype=density.dtype, device=density.device)
    else:
        around = (distance >= SITE_RADIUS_PC) & (distance < 2 * SITE_RADIUS_PC)
        mean_around = velocity[:, :, around].mean(2).view(-1, 3, 1, 1, 1)
        scaled = 0.1 * torch.where(inside, mean_around, velocity)
    scalars = torch.stack(
        (
            log_density,
            (distance / (0.5 * size_pc)).expand_as(density),
            swept / 2.0,
            mean.view(-1, 1, 1, 1).expand_as(density),
        ),
        1,
    )
    known = torch.full_like(mean, float(velocity is not None))
    energy = torch.full_like(mean, float(np.log10(energy_erg / ENERGY_ERG)))
    given = NetworkInput(scalars, scaled, torch.stack((mean, site, known, energy), 1))
    if not arrival:
        return given
    return replace(given, arrival=arrival_channel(density, size_pc, given.energies_erg))
