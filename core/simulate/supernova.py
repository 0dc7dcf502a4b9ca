"""The explosion: where and how its energy enters the gas."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from core.constants import ERG_TO_CODE, NH_PER_DENSITY
from core.errors import InvalidRequest


def shell_formation_radius_pc(number_density: float, energy_erg: float = 1e51) -> float:
    """Radius at which the shell of a remnant cools.

    Parameters
    ----------
    number_density : float
        Hydrogen nuclei per cm^3 around the site.
    energy_erg : float
        Energy of the explosion in erg.

    Returns
    -------
    float
        Radius in pc: 22.6 E51^0.29 n^-0.42 (Kim & Ostriker 2015, eq. 8).
    """
    return 22.6 * (energy_erg / 1e51) ** 0.29 * max(number_density, 1e-6) ** -0.42


def injection_radius_pc(number_density: float, cell_pc: float, energy_erg: float = 1e51) -> float:
    """Radius within which the energy is put.

    Parameters
    ----------
    number_density : float
        Hydrogen nuclei per cm^3 around the site.
    cell_pc : float
        Edge length of a cell in pc.
    energy_erg : float
        Energy of the explosion in erg.

    Returns
    -------
    float
        A third of the shell-formation radius (the criterion of Kim &
        Ostriker 2015 for the momentum to be right), but not more than 4
        cells, and not less than 2, below which a sphere is a cube.
    """
    wanted = shell_formation_radius_pc(number_density, energy_erg) / 3.0
    return float(np.clip(wanted, 2.0 * cell_pc, 4.0 * cell_pc))


def explode(
    state: Tensor,
    size_pc: float,
    site_pc: tuple[float, float, float] = (0.0, 0.0, 0.0),
    *,
    energy_erg: float = 1e51,
    ejecta_msun: float = 5.0,
    radius_pc: float | None = None,
) -> Tensor:
    """Put the energy and the ejecta of a supernova into the gas.

    Energy is added as heat, uniformly per volume within a sphere whose edge
    is softened over a cell; the ejecta are added likewise, at rest with
    respect to the gas.

    Parameters
    ----------
    state : Tensor, (batch, 5, n, n, n)
        Conserved variables.
    size_pc : float
        Edge length of the grid in pc.
    site_pc : tuple of float
        Place of the explosion relative to the centre of the grid, in pc.
    energy_erg : float
        Energy in erg.
    ejecta_msun : float
        Mass of the ejecta in Msun.
    radius_pc : float, optional
        Injection radius; from the local density by default, see
        `injection_radius_pc`.

    Returns
    -------
    Tensor, (batch, 5, n, n, n)
        The state after the explosion.

    Raises
    ------
    InvalidRequest
        If the site is too close to the edge of the grid.
    """
    n = state.shape[-1]
    cell = size_pc / n
    if max(abs(x) for x in site_pc) > 0.5 * size_pc - 5 * cell:
        raise InvalidRequest(
            f"The explosion at {site_pc} pc is less than 5 cells from the edge of the "
            f"{size_pc:g} pc grid; move it closer to the centre."
        )
    axis = (torch.arange(n, device=state.device, dtype=state.dtype) + 0.5) * cell - 0.5 * size_pc
    x, y, z = torch.meshgrid(axis - site_pc[0], axis - site_pc[1], axis - site_pc[2], indexing="ij")
    distance = torch.sqrt(x * x + y * y + z * z)
    exploded = state.clone()
    for one in exploded:  # the local density differs between members of the batch
        near = distance < max(4.0, 2.5 * cell)
        n_h = float(one[0][near].mean()) * NH_PER_DENSITY
        radius = injection_radius_pc(n_h, cell, energy_erg) if radius_pc is None else radius_pc
        weight = ((radius - distance) / cell + 0.5).clamp(0.0, 1.0)
        weight = weight / (weight.sum() * cell**3)
        bulk = one[1:4] / one[0]
        extra = ejecta_msun * weight
        one[0] += extra
        one[1:4] += extra * bulk
        one[4] += energy_erg * ERG_TO_CODE * weight + 0.5 * extra * (bulk**2).sum(0)
    return exploded
