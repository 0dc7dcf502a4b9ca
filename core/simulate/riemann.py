"""Numerical fluxes between two states of an ideal gas.

States are tensors (batch, 5, x, y, z) of primitive variables: density,
normal velocity, two transverse velocities, pressure. Fluxes are those of the
conserved variables in the same order: mass, normal momentum, transverse
momenta, total energy.
"""

from __future__ import annotations

import torch
from torch import Tensor


def euler_flux(primitive: Tensor, energy: Tensor) -> Tensor:
    """Physical flux of the Euler equations along the normal.

    Parameters
    ----------
    primitive : Tensor, (batch, 5, ...)
        Density, normal velocity, transverse velocities, pressure.
    energy : Tensor, (batch, ...)
        Total energy density.

    Returns
    -------
    Tensor, (batch, 5, ...)
        The flux.
    """
    rho, vn, vt1, vt2, pressure = primitive.unbind(1)
    mass = rho * vn
    return torch.stack(
        (mass, mass * vn + pressure, mass * vt1, mass * vt2, (energy + pressure) * vn), 1
    )


def total_energy(primitive: Tensor, gamma: float) -> Tensor:
    """Total energy density of primitive states.

    Parameters
    ----------
    primitive : Tensor, (batch, 5, ...)
        Density, velocities, pressure.
    gamma : float
        Adiabatic index.

    Returns
    -------
    Tensor, (batch, ...)
        Kinetic plus internal energy density.
    """
    rho, vn, vt1, vt2, pressure = primitive.unbind(1)
    return 0.5 * rho * (vn * vn + vt1 * vt1 + vt2 * vt2) + pressure / (gamma - 1.0)


def conserved(primitive: Tensor, energy: Tensor) -> Tensor:
    """Conserved variables of primitive states.

    Parameters
    ----------
    primitive : Tensor, (batch, 5, ...)
        Density, velocities, pressure.
    energy : Tensor, (batch, ...)
        Total energy density.

    Returns
    -------
    Tensor, (batch, 5, ...)
        Density, momenta, total energy density.
    """
    rho, vn, vt1, vt2, _ = primitive.unbind(1)
    return torch.stack((rho, rho * vn, rho * vt1, rho * vt2, energy), 1)


def hllc(left: Tensor, right: Tensor, gamma: float) -> Tensor:
    """HLLC flux (Toro, Spruce & Speares 1994; wave speeds after Einfeldt 1988).

    Parameters
    ----------
    left, right : Tensor, (batch, 5, ...)
        Primitive states on both sides of each face.
    gamma : float
        Adiabatic index.

    Returns
    -------
    Tensor, (batch, 5, ...)
        Flux through each face.
    """
    rho_l, vn_l, _, _, p_l = left.unbind(1)
    rho_r, vn_r, _, _, p_r = right.unbind(1)
    energy_l, energy_r = total_energy(left, gamma), total_energy(right, gamma)
    sound_l = torch.sqrt(gamma * p_l / rho_l)
    sound_r = torch.sqrt(gamma * p_r / rho_r)

    # Roe averages bound the fastest waves.
    root_l, root_r = torch.sqrt(rho_l), torch.sqrt(rho_r)
    weight = root_l / (root_l + root_r)
    vn_roe = weight * vn_l + (1 - weight) * vn_r
    eta = 0.5 * root_l * root_r / (root_l + root_r) ** 2
    sound_roe = torch.sqrt(
        weight * sound_l**2 + (1 - weight) * sound_r**2 + eta * (vn_r - vn_l) ** 2
    )
    speed_l = torch.minimum(vn_l - sound_l, vn_roe - sound_roe)
    speed_r = torch.maximum(vn_r + sound_r, vn_roe + sound_roe)

    mass_l = rho_l * (speed_l - vn_l)
    mass_r = rho_r * (speed_r - vn_r)
    contact = (p_r - p_l + mass_l * vn_l - mass_r * vn_r) / (mass_l - mass_r)

    def star(state: Tensor, energy: Tensor, mass: Tensor, speed: Tensor) -> Tensor:
        rho, vn, vt1, vt2, pressure = state.unbind(1)
        rho_star = mass / (speed - contact)
        energy_star = rho_star * (energy / rho + (contact - vn) * (contact + pressure / mass))
        flux = euler_flux(state, energy)
        star_state = torch.stack(
            (rho_star, rho_star * contact, rho_star * vt1, rho_star * vt2, energy_star), 1
        )
        return flux + speed.unsqueeze(1) * (star_state - conserved(state, energy))

    flux_l, flux_r = euler_flux(left, energy_l), euler_flux(right, energy_r)
    flux_star_l = star(left, energy_l, mass_l, speed_l)
    flux_star_r = star(right, energy_r, mass_r, speed_r)
    flux = torch.where((contact >= 0).unsqueeze(1), flux_star_l, flux_star_r)
    flux = torch.where((speed_l >= 0).unsqueeze(1), flux_l, flux)
    return torch.where((speed_r <= 0).unsqueeze(1), flux_r, flux)


def rusanov(left: Tensor, right: Tensor, gamma: float) -> Tensor:
    """Local Lax–Friedrichs flux: diffusive, but keeps density and pressure positive.

    Parameters
    ----------
    left, right : Tensor, (batch, 5, ...)
        Primitive states on both sides of each face.
    gamma : float
        Adiabatic index.

    Returns
    -------
    Tensor, (batch, 5, ...)
        Flux through each face.
    """
    energy_l, energy_r = total_energy(left, gamma), total_energy(right, gamma)
    speed = torch.maximum(
        left[:, 1].abs() + torch.sqrt(gamma * left[:, 4] / left[:, 0]),
        right[:, 1].abs() + torch.sqrt(gamma * right[:, 4] / right[:, 0]),
    ).unsqueeze(1)
    jump = conserved(right, energy_r) - conserved(left, energy_l)
    mean = 0.5 * (euler_flux(left, energy_l) + euler_flux(right, energy_r))
    return mean - 0.5 * speed * jump
