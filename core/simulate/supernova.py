"""The explosion: where and how its energy enters the gas."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.constants import ERG_TO_CODE, NH_PER_DENSITY
from core.cubes import Vector3
from core.errors import InvalidRequest

MIN_RADIUS_CELLS = 2.0
"""Smallest injection radius in cells."""


@dataclass(frozen=True)
class Explosion:
    """A supernova to come.

    Parameters
    ----------
    time_myr : float
        When, in Myr after the first frame.
    site_pc : tuple of float
        Where, relative to the centre of the box, in pc.
    energy_erg : float
        Its energy in erg.
    ejecta_msun : float
        Mass of its ejecta in Msun.

    Raises
    ------
    InvalidRequest
        If time, energy or mass are negative.
    """

    time_myr: float = 0.0
    site_pc: Vector3 = (0.0, 0.0, 0.0)
    energy_erg: float = 1e51
    ejecta_msun: float = 5.0

    def __post_init__(self) -> None:
        if min(self.time_myr, self.energy_erg, self.ejecta_msun) < 0:
            raise InvalidRequest(
                "The time, the energy and the ejecta of an explosion must not be negative."
            )


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
    return float(np.clip(wanted, MIN_RADIUS_CELLS * cell_pc, 4.0 * cell_pc))


def local_number_density(
    state: Tensor, size_pc: float, site_pc: Vector3, radius_pc: float = 4.0
) -> float:
    """Mean density around a site.

    Parameters
    ----------
    state : Tensor, (5 or 6, n, n, n)
        Conserved variables.
    size_pc : float
        Edge length of the grid in pc.
    site_pc : tuple of float
        The place relative to the centre of the grid, in pc.
    radius_pc : float
        Of the sphere that counts; at least two and a half cells.

    Returns
    -------
    float
        Hydrogen nuclei per cm^3.
    """
    cell = size_pc / state.shape[-1]
    near = _distance(state, size_pc, site_pc) < max(radius_pc, 2.5 * cell)
    return float(state[0][near].double().mean()) * NH_PER_DENSITY


def explode(
    state: Tensor,
    size_pc: float,
    site_pc: Vector3 = (0.0, 0.0, 0.0),
    *,
    energy_erg: float = 1e51,
    ejecta_msun: float = 5.0,
    radius_pc: float | None = None,
    require_resolved: bool = False,
) -> Tensor:
    """Put the energy and the ejecta of a supernova into the gas.

    Energy is added as heat, uniformly per volume within a sphere whose edge
    is softened over a cell; the ejecta are added likewise, at rest with
    respect to the gas.

    Parameters
    ----------
    state : Tensor, (batch, 5 or 6, n, n, n)
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
    require_resolved : bool
        Whether a radius above the local shell-formation radius is refused:
        the heat would be radiated before it has moved the gas.

    Returns
    -------
    Tensor, (batch, 5 or 6, n, n, n)
        The state after the explosion.

    Raises
    ------
    InvalidRequest
        If the site is too close to the edge of the grid, or the cells are
        too large for the gas there.
    """
    cell = size_pc / state.shape[-1]
    if max(abs(x) for x in site_pc) > 0.5 * size_pc - 5 * cell:
        raise InvalidRequest(
            f"The explosion at {site_pc} pc is less than 5 cells from the edge of the "
            f"{size_pc:g} pc grid; move it closer to the centre."
        )
    distance = _distance(state, size_pc, site_pc)
    exploded = state.clone()
    for one in exploded:  # the local density differs between members of the batch
        n_h = local_number_density(one, size_pc, site_pc)
        radius = injection_radius_pc(n_h, cell, energy_erg) if radius_pc is None else radius_pc
        if require_resolved:
            check_resolved(n_h, energy_erg, cell, size_pc, radius_pc=radius)
        weight = ((radius - distance) / cell + 0.5).clamp(0.0, 1.0).double()
        weight = (weight / (weight.sum() * cell**3)).to(state.dtype)
        bulk = one[1:4] / one[0]
        extra = ejecta_msun * weight
        heat = energy_erg * ERG_TO_CODE * weight
        one[0] += extra
        one[1:4] += extra * bulk
        one[4] += heat + 0.5 * extra * (bulk**2).sum(0)
        one[5:] += heat
    return exploded


def _distance(state: Tensor, size_pc: float, site_pc: Vector3) -> Tensor:
    """Distance of each cell from a site in pc."""
    n = state.shape[-1]
    cell = size_pc / n
    axis = (torch.arange(n, device=state.device, dtype=state.dtype) + 0.5) * cell - 0.5 * size_pc
    x, y, z = torch.meshgrid(axis - site_pc[0], axis - site_pc[1], axis - site_pc[2], indexing="ij")
    return torch.sqrt(x * x + y * y + z * z)


def check_resolved(
    number_density: float,
    energy_erg: float,
    cell_pc: float,
    size_pc: float,
    radius_pc: float | None = None,
) -> None:
    """Refuse an explosion whose energy cannot be put inside the shell-formation radius.

    Parameters
    ----------
    number_density : float
        Hydrogen nuclei per cm^3 around the site.
    energy_erg : float
        Energy of the explosion in erg.
    cell_pc, size_pc : float
        Edge lengths of a cell and of the box in pc.
    radius_pc : float, optional
        Injection radius; that of `injection_radius_pc` by default.

    Raises
    ------
    InvalidRequest
        If the heat would be radiated before it has moved the gas; says what
        would do.
    """
    limit = shell_formation_radius_pc(number_density, energy_erg)
    radius = radius_pc or injection_radius_pc(number_density, cell_pc, energy_erg)
    if energy_erg <= 0 or radius <= limit:
        return
    cells = math.ceil(size_pc * MIN_RADIUS_CELLS / limit)
    raise InvalidRequest(
        f"With cells of {cell_pc:.3g} pc the energy cannot be put inside less than "
        f"{radius:.3g} pc, but in the gas around the site (n_H = {number_density:.3g} cm^-3) the "
        f"shell forms at {limit:.3g} pc: it would be radiated away at once. Take at least {cells} "
        f"cells along the {size_pc:g} pc edge, a box of at most {size_pc * limit / radius:.3g} pc, "
        f"a thinner site, or allow it (require_resolved=False, --allow-coarse) and expect less "
        f"momentum."
    )
