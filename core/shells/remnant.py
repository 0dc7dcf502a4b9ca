"""A supernova remnant in uniform gas from the explosion on: the stages of theory, joined."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.constants import PC_PER_KMS_MYR
from core.cubes import Cube, Vector3
from core.errors import InvalidRequest
from core.shells.theory import (
    final_momentum,
    momentum_conserving_radius_pc,
    pressure_driven_radius_pc,
    sedov_radius_pc,
    shell_formation_radius_pc,
    shell_formation_time_myr,
)


class Transitions(NamedTuple):
    """When one stage of a blast wave gives way to the next.

    Parameters
    ----------
    shell_formation_myr : float
        End of the adiabatic stage: the shell cools.
    momentum_conserving_myr : float
        End of the pressure-driven stage.
    """

    shell_formation_myr: float
    momentum_conserving_myr: float


@dataclass(frozen=True)
class Remnant:
    """A supernova remnant in uniform gas at rest, from the explosion on.

    The adiabatic stage ends with the formation of the shell (Kim & Ostriker
    2015, ApJ 802, 99), the pressure-driven one (R as t^(2/7)) when the
    momentum of the shell, M dR/dt, has reached the final momentum that they
    measured; from then on it is conserved.

    The radius is continuous. So is its rate of growth from the second stage
    to the third; where the shell forms it falls by 2/7 : 2/5, since the
    swept-up gas, until then slower than the shock, now moves with it.

    Parameters
    ----------
    density : float
        Mass density of the gas in Msun/pc^3.
    energy_erg : float
        Energy of the explosion in erg.
    metallicity : float
        In solar units.

    Raises
    ------
    InvalidRequest
        If one of them is not positive.

    Notes
    -----
    The pressure and the turbulence of the gas around are left out: the
    remnant merges with it when the shell is no faster than they are, see
    `merging_time_myr`; after that the radius means nothing.
    """

    density: float
    energy_erg: float = 1e51
    metallicity: float = 1.0

    def __post_init__(self) -> None:
        for name in ("density", "energy_erg", "metallicity"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InvalidRequest(f"The {name} of a blast wave must be positive, not {value}.")

    @cached_property
    def transitions(self) -> Transitions:
        """When its stages end, in Myr."""
        start = shell_formation_time_myr(self.density, self.energy_erg, self.metallicity)
        radius = shell_formation_radius_pc(self.density, self.energy_erg, self.metallicity)
        # M dR/dt grows as t^(1/7).
        first = float(self._mass(radius)) * 2 / 7 * radius / start / PC_PER_KMS_MYR
        return Transitions(start, start * max(self.final_momentum / first, 1.0) ** 7)

    @property
    def final_momentum(self) -> float:
        """Radial momentum in the end, Msun km/s."""
        return final_momentum(self.density, self.energy_erg, self.metallicity)

    def radius_pc(self, times_myr: ArrayLike) -> NDArray[np.float64]:
        """Radius at some times.

        Parameters
        ----------
        times_myr : array_like of float
            Times since the explosion in Myr; 0 before it.

        Returns
        -------
        ndarray of float64
            Radius of the shock in pc.
        """
        times = np.maximum(np.asarray(times_myr, dtype=np.float64), 0.0)
        formed, coasting = self.transitions
        given = (self.density, self.energy_erg)
        driven = pressure_driven_radius_pc(times, *given, self.metallicity)
        start = float(pressure_driven_radius_pc(coasting, *given, self.metallicity))
        coast = momentum_conserving_radius_pc(
            times, self.density, self.final_momentum, coasting, start
        )
        adiabatic = sedov_radius_pc(times, *given)
        return np.select([times <= formed, times <= coasting], [adiabatic, driven], coast)

    def velocity_kms(self, times_myr: ArrayLike) -> NDArray[np.float64]:
        """Velocity of the shock at some times after the explosion.

        Parameters
        ----------
        times_myr : array_like of float
            Times since the explosion in Myr, positive.

        Returns
        -------
        ndarray of float64
            dR/dt in km/s.
        """
        times = np.asarray(times_myr, dtype=np.float64)
        radius = self.radius_pc(times)
        formed, coasting = self.transitions
        coast = self.final_momentum / self._mass(radius)
        adiabatic = 2 / 5 * radius / times / PC_PER_KMS_MYR
        driven = 2 / 7 * radius / times / PC_PER_KMS_MYR
        return np.select([times <= formed, times <= coasting], [adiabatic, driven], coast)

    def merging_time_myr(self, ambient_kms: float) -> float:
        """Time at which the shell is no faster than the gas around it stirs.

        Parameters
        ----------
        ambient_kms : float
            Sound speed and turbulent velocity of that gas, added in squares,
            in km/s.

        Returns
        -------
        float
            Time in Myr (the criterion of Cioffi, McKee & Bertschinger 1988
            with beta = 1).

        Raises
        ------
        InvalidRequest
            If the velocity is not positive.
        """
        if ambient_kms <= 0:
            raise InvalidRequest(f"The velocity of the gas must be positive, not {ambient_kms}.")
        low, high = self.transitions.shell_formation_myr * 1e-3, 1e6
        for _ in range(100):  # the velocity only ever falls: halve in the logarithm
            middle = math.sqrt(low * high)
            if float(self.velocity_kms(middle)) > ambient_kms:
                low = middle
            else:
                high = middle
        return high

    def _mass(self, radius_pc: ArrayLike) -> NDArray[np.float64]:
        radius = np.asarray(radius_pc, dtype=np.float64)
        return np.asarray(4.0 / 3.0 * math.pi * self.density * radius**3)


def blast_radius_pc(
    times_myr: ArrayLike, density: float, energy_erg: float = 1e51, metallicity: float = 1.0
) -> tuple[NDArray[np.float64], Transitions]:
    """Radius of a blast wave in uniform gas through all of its stages.

    Parameters
    ----------
    times_myr : array_like of float
        Times since the explosion in Myr.
    density : float
        Mass density of the gas in Msun/pc^3.
    energy_erg : float
        Energy of the explosion in erg.
    metallicity : float
        In solar units.

    Returns
    -------
    radii_pc : ndarray of float64
        Radius of the shock in pc, see `Remnant`.
    transitions : Transitions
        When the stages end.

    Raises
    ------
    InvalidRequest
        If density, energy or metallicity is not positive.
    """
    remnant = Remnant(density, energy_erg, metallicity)
    return remnant.radius_pc(times_myr), remnant.transitions


class Surroundings(NamedTuple):
    """The gas that a blast wave meets, taken as uniform.

    Parameters
    ----------
    density : float
        Its mean density in Msun/pc^3.
    radius_pc : float
        Radius of the sphere around the site over which the mean goes, in pc.
    """

    density: float
    radius_pc: float


def surroundings(
    cube: Cube,
    site_pc: Vector3 = (0.0, 0.0, 0.0),
    duration_myr: float = 0.133,
    energy_erg: float = 1e51,
) -> Surroundings:
    """Mean density of the gas that a blast wave sweeps up in some time.

    The mean depends on the radius and the radius on the mean: they are made
    to agree.

    Parameters
    ----------
    cube : Cube
        The gas at the explosion.
    site_pc : tuple of float
        Place of the explosion relative to the cube's centre, in pc.
    duration_myr : float
        Time since the explosion in Myr.
    energy_erg : float
        Energy of the explosion in erg.

    Returns
    -------
    Surroundings
        Density, and the radius that `blast_radius_pc` has in it then.

    Raises
    ------
    InvalidRequest
        If there is no gas around the site.
    """
    axis = (np.arange(cube.n) + 0.5) * cube.voxel_pc - 0.5 * cube.size_pc
    x, y, z = np.meshgrid(*(axis - place for place in site_pc), indexing="ij", sparse=True)
    distance = np.sqrt(x**2 + y**2 + z**2).ravel()
    order = np.argsort(distance)
    means = np.cumsum(cube.density.ravel()[order], dtype=np.float64) / np.arange(1, order.size + 1)
    radii = distance[order]
    # The smallest sphere that is no smaller than the blast wave in its mean density.
    for radius in np.arange(1.5 * cube.voxel_pc, radii[-1], 0.1 * cube.voxel_pc):
        mean = float(means[np.searchsorted(radii, radius) - 1])
        if mean > 0 and Remnant(mean, energy_erg).radius_pc(duration_myr) <= radius:
            return Surroundings(mean, float(radius))
    if means[-1] <= 0:
        raise InvalidRequest("There is no gas around the site: no blast wave to compute.")
    return Surroundings(float(means[-1]), float(radii[-1]))
