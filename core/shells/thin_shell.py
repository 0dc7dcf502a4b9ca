"""The thin-shell model: a blast wave that feels the real density in every direction.

The gas that a direction meets is swept into a thin shell on its ray; the hot
inside is common to all directions. For each ray, per unit solid angle, with
the swept mass m(r), the integral of rho r^2 dr along the ray,

    dp/dt = P r^2,    dr/dt = p / (g m) before the shell forms, p / m after,

and P = 2/3 E_th / V, V being the volume of the star-shaped inside: hot gas
flows into voids faster than the shell moves, so that its pressure is the same
everywhere. This is the thin-shell (Kompaneets) approximation, see Ostriker &
McKee (1988, Rev. Mod. Phys. 60, 1), with sectors that differ, as in the
tall-box and turbulent-cloud models of Haid et al. (2016, MNRAS 460, 2962).

*Energy.* E_th and the kinetic energy p^2/2m of the adiabatic sectors together
keep the energy of the explosion. The one constant, g = 0.677, is the ratio of
mean gas velocity to shock velocity with which this reproduces Sedov's
radius exactly; his own solution has 0.64.

*Shell formation.* The gas behind a shock of speed v cools in a time that goes as
v^3.4/n (cooling function as T^-0.7). A sector loses its heat when that time is
shorter than the age, with the constant that makes it the shell-formation
time of Kim & Ostriker (2015, ApJ 802, 99) in uniform gas; n is the density
at the shock.

*Afterwards.* The kinetic energy of a sector that cools leaves the sum, and so does
a part of its share in E_th. What remains falls as V^(-6.5/3) while it pushes
cold shells (adiabatic losses and cooling at the interfaces; Martizzi et al. 2015,
MNRAS 450, 504). The part that is left is such that the momentum in uniform
gas ends at the value that Kim & Ostriker measured.

Left out: the motion and the pressure of the gas ahead of the shock (neither
matters while the shell is faster than some 10 km/s), gas flowing around
clumps, gravity and magnetic fields.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.constants import ERG_TO_CODE, NH_PER_DENSITY, PC_PER_KMS_MYR
from core.cubes import Cube, Vector3
from core.errors import InvalidRequest
from core.progress import CancelCheck, check_cancelled
from core.shells.radius import N_RAYS, fibonacci_directions
from core.shells.region import site_index
from core.shells.theory import (
    final_momentum,
    sedov_constant,
    sedov_radius_pc,
    shell_formation_radius_pc,
    shell_formation_time_myr,
)

HEAT_LOSS_SLOPE = 6.5
"""E_th of a bubble within a cold shell goes as R to minus this (Martizzi et al. 2015)."""

COOLING_SLOPE = 3.4
"""Cooling time behind a shock goes as its speed to this power (Kim & Ostriker 2015, sec. 2)."""

EMPTY = 1e-6
"""Msun/pc^3 that a voxel without gas counts as."""

_RAY_STEP = 0.25  # voxels
_TIME_STEP = 0.04  # of the age
_START_VOXELS = 0.25


@dataclass(frozen=True, eq=False)
class ThinShell:
    """Radius and state of the shell, direction by direction.

    Parameters
    ----------
    times_myr : ndarray of float64, (time,)
        Times since the explosion in Myr.
    radii_pc : ndarray of float64, (time, direction)
        Radius in each direction of `core.shells.fibonacci_directions`, in
        pc; 0 at the explosion.
    momenta : ndarray of float64, (time,)
        Radial momentum of all directions together, Msun km/s.
    swept_msun : ndarray of float64, (time,)
        Mass swept up in all directions, Msun.
    cooled : ndarray of bool, (time, direction)
        Where the shell has formed.
    """

    times_myr: NDArray[np.float64]
    radii_pc: NDArray[np.float64]
    momenta: NDArray[np.float64]
    swept_msun: NDArray[np.float64]
    cooled: NDArray[np.bool_]


def thin_shell_radii(
    cube: Cube,
    site_pc: Vector3 = (0.0, 0.0, 0.0),
    times_myr: ArrayLike = (0.133,),
    energy_erg: float = 1e51,
    n_rays: int = N_RAYS,
) -> NDArray[np.float64]:
    """Radius of the shell in every direction, by the thin-shell model.

    Parameters
    ----------
    cube, site_pc, times_myr, energy_erg, n_rays
        As for `thin_shell`.

    Returns
    -------
    ndarray of float64, (time, direction)
        Radii in pc, in the directions of `core.shells.fibonacci_directions`.

    Raises
    ------
    InvalidRequest
        As `thin_shell` does.
    """
    return thin_shell(cube, site_pc, times_myr, energy_erg, n_rays).radii_pc


def thin_shell(
    cube: Cube,
    site_pc: Vector3 = (0.0, 0.0, 0.0),
    times_myr: ArrayLike = (0.133,),
    energy_erg: float = 1e51,
    n_rays: int = N_RAYS,
    cancelled: CancelCheck | None = None,
) -> ThinShell:
    """Follow the shell of an explosion in every direction, by the thin-shell model.

    Parameters
    ----------
    cube : Cube
        The gas at the explosion. Beyond its faces it goes on as it is there.
    site_pc : tuple of float
        Place of the explosion relative to the cube's centre, in pc.
    times_myr : array_like of float
        Increasing times since the explosion in Myr, from 0 on.
    energy_erg : float
        Energy of the explosion in erg.
    n_rays : int
        Number of directions.
    cancelled : callable, optional
        Asked now and then.

    Returns
    -------
    ThinShell
        Radii, momentum and swept mass at every time.

    Raises
    ------
    InvalidRequest
        If the times do not increase, the site is outside the cube, the
        energy is not positive or there is no gas.
    Cancelled
        If told to stop.
    """
    times = np.array(times_myr, dtype=np.float64, ndmin=1)
    if not np.isfinite(times).all() or times[0] < 0 or (np.diff(times) <= 0).any():
        raise InvalidRequest(
            "The times of a thin shell must be finite, increase, and not precede 0."
        )
    if not 0 < energy_erg < math.inf:
        raise InvalidRequest(
            f"The energy of an explosion must be positive and finite, not {energy_erg} erg."
        )
    if max(abs(x) for x in site_pc) >= 0.5 * cube.size_pc:
        raise InvalidRequest(f"The site {site_pc} pc is outside the {cube.size_pc:g} pc cube.")
    if not np.isfinite(cube.density).all() or not cube.density.max() > 0:
        raise InvalidRequest("The density of the cube must be finite, and not zero everywhere.")
    model = _Model(cube, site_pc, energy_erg, n_rays)
    rows = []
    for time in times:
        while model.age < time:
            check_cancelled(cancelled, "The thin-shell model")
            model.step(time)
        rows.append(model.row() if time > 0 else model.nothing())
    radii, momenta, swept, cooled = zip(*rows, strict=True)
    return ThinShell(times, np.stack(radii), np.array(momenta), np.array(swept), np.stack(cooled))


class _Model:
    """The state of the shell; velocities in pc/Myr, hence energies in Msun (pc/Myr)^2."""

    def __init__(self, cube: Cube, site_pc: Vector3, energy_erg: float, n_rays: int) -> None:
        self.spacing = _RAY_STEP * cube.voxel_pc
        self.voxel = cube.voxel_pc
        self.density, self.mass = _along_rays(cube, site_pc, n_rays)
        self.solid_angle = 4.0 * math.pi / n_rays
        self.rows = np.arange(n_rays) * self.mass.shape[1]
        self.energy_erg = energy_erg
        self.drag = _velocity_ratio()
        self.cooled = np.zeros(n_rays, dtype=bool)
        # Sedov's solution while the shock is within the voxel of the site.
        start_pc = _START_VOXELS * cube.voxel_pc
        mean = max(float(self.density[:, 0].mean()), EMPTY)
        self.age = float(start_pc**2.5 / sedov_radius_pc(1.0, mean, energy_erg) ** 2.5)
        self.r = np.full(n_rays, start_pc)
        self.p = self.drag * self._mass_at(self.r) * 0.4 * start_pc / self.age
        self.energy = energy_erg * ERG_TO_CODE * PC_PER_KMS_MYR**2

    def nothing(self) -> tuple[NDArray[np.float64], float, float, NDArray[np.bool_]]:
        """Return the state at the moment of the explosion."""
        return np.zeros_like(self.r), 0.0, 0.0, np.zeros_like(self.cooled)

    def row(self) -> tuple[NDArray[np.float64], float, float, NDArray[np.bool_]]:
        """Return the state now."""
        momentum = float(self.p.sum()) * self.solid_angle / PC_PER_KMS_MYR
        swept = float(self._mass_at(self.r).sum()) * self.solid_angle
        return self.r.copy(), momentum, swept, self.cooled.copy()

    def step(self, until_myr: float) -> None:
        """Advance by one step of the midpoint method, at most to a time."""
        velocity, force, loss = self._rates(self.r, self.p, self.energy)
        span = min(_TIME_STEP * self.age, 0.5 * self.voxel / float(velocity.max()))
        span = min(span, until_myr - self.age)
        half = 0.5 * span
        velocity, force, loss = self._rates(
            self.r + half * velocity, self.p + half * force, self.energy - half * loss
        )
        self.r = self.r + span * velocity
        self.p = self.p + span * force
        self.energy -= span * loss
        # Not age + span: the loop must end exactly at the time asked for.
        self.age = until_myr if span == until_myr - self.age else self.age + span
        self._cool(velocity)

    def _rates(
        self, r: NDArray[np.float64], p: NDArray[np.float64], energy: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """dr/dt and dp/dt of every ray, and the loss of energy."""
        mass = self._mass_at(r)
        velocity = p / np.where(self.cooled, mass, self.drag * mass)
        force = self._pressure(r, self._heat(p, mass, energy)) * r**2
        work = float((force * velocity)[self.cooled].sum()) * self.solid_angle
        return velocity, force, 0.5 * HEAT_LOSS_SLOPE * work

    def _cool(self, velocity: NDArray[np.float64]) -> None:
        """Let shells form where the shocked gas has had the time to cool."""
        n_h = self._at(self.density, self.r)[0] * NH_PER_DENSITY
        # In uniform gas of one nucleus per cm^3 this is the shell-formation time itself.
        one = 1.0 / NH_PER_DENSITY
        formed = shell_formation_time_myr(one, self.energy_erg)
        speed = 0.4 * shell_formation_radius_pc(one, self.energy_erg) / formed
        cooling = formed * (velocity / speed) ** COOLING_SLOPE / n_h
        new = ~self.cooled & (cooling < self.age)
        if not new.any():
            return
        mass = self._mass_at(self.r)
        kinetic = float((0.5 * self.p**2 / mass)[new].sum()) * self.solid_angle
        heat = self._heat(self.p, mass, self.energy)
        share = self.r**3 / (self.r**3).sum()
        kept = _kept_heat(n_h[new] / NH_PER_DENSITY, self.energy_erg, self.drag)
        self.cooled |= new
        self.energy -= kinetic + heat * float((share[new] * (1.0 - kept)).sum())

    def _heat(self, p: NDArray[np.float64], mass: NDArray[np.float64], energy: float) -> float:
        kinetic = float((0.5 * p**2 / mass)[~self.cooled].sum()) * self.solid_angle
        return max(energy - kinetic, 0.0)

    def _pressure(self, r: NDArray[np.float64], heat: float) -> float:
        volume = float((r**3).sum()) * self.solid_angle / 3.0
        return 2.0 / 3.0 * heat / volume

    def _mass_at(self, r: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mass per steradian within a radius, in Msun."""
        rho, mass, inner = self._at(self.density, r)
        return mass + rho * (r**3 - inner**3) / 3.0

    def _at(
        self, table: NDArray[np.float64], r: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Density of the step a radius lies in, mass within that step, and where it begins."""
        index = np.minimum((r / self.spacing).astype(np.intp), table.shape[1] - 1)
        flat = self.rows + index
        return table.ravel()[flat], self.mass.ravel()[flat], index * self.spacing


def _along_rays(
    cube: Cube, site_pc: Vector3, n_rays: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Density in every step of every ray, and the mass per steradian before it.

    Both are (n_rays, steps), in Msun/pc^3 and Msun per steradian.
    """
    from scipy import ndimage

    n = cube.n
    site = np.array(site_index(site_pc, n, cube.voxel_pc))
    corner = np.maximum(np.abs(site + 0.5), np.abs(n - 0.5 - site))
    edges = np.arange(0.0, float(np.linalg.norm(corner)) + 1.0, _RAY_STEP)
    middles = edges[:-1] + 0.5 * _RAY_STEP
    points = fibonacci_directions(n_rays).T[:, :, None] * middles + site[:, None, None]
    density = ndimage.map_coordinates(
        cube.density, points, order=1, mode="nearest", output=np.float64
    )
    density = np.maximum(density, EMPTY)
    slices = density * np.diff((edges * cube.voxel_pc) ** 3) / 3.0
    mass = np.zeros_like(density)
    np.cumsum(slices[:, :-1], axis=1, out=mass[:, 1:])
    return density, mass


def _velocity_ratio() -> float:
    """Gas velocity over shock velocity, g, with which the adiabatic shell is Sedov's.

    With R as t^(2/5), P = g/2 rho v^2, hence E = m v^2 (3/4 g + g^2/2), which
    must be what Sedov's constant says.
    """
    energy = 3.0 * 2.5**2 / (4.0 * math.pi * sedov_constant())  # over m v^2
    return -0.75 + math.sqrt(0.5625 + 2.0 * energy)


def _kept_heat(density: NDArray[np.float64], energy_erg: float, drag: float) -> NDArray[np.float64]:
    """Part of its heat that a sector keeps when its shell forms.

    From there the momentum of a sphere grows by p^2/p_0^2 = 1 + 3 f/((k - 3) g)
    in the end, k being `HEAT_LOSS_SLOPE`: f is what makes that the final
    momentum.
    """
    # The quotient is a power law of the density: two points tell all.
    low, high = 1.0 / NH_PER_DENSITY, 100.0 / NH_PER_DENSITY
    gains = [_gain(rho, energy_erg, drag) for rho in (low, high)]
    slope = math.log(gains[1] / gains[0]) / math.log(high / low)
    gain = gains[0] * (density / low) ** slope
    kept: NDArray[np.float64] = (gain**2 - 1.0) * (HEAT_LOSS_SLOPE - 3.0) * drag / 3.0
    return np.clip(kept, 0.0, 1.0)


def _gain(density: float, energy_erg: float, drag: float) -> float:
    """Divide the final momentum by that at shell formation."""
    radius = shell_formation_radius_pc(density, energy_erg)
    time = shell_formation_time_myr(density, energy_erg)
    speed = 0.4 * radius / time / PC_PER_KMS_MYR
    first = drag * 4.0 / 3.0 * math.pi * density * radius**3 * speed
    return final_momentum(density, energy_erg) / first
