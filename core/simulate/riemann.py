"""Numerical fluxes between two states of an ideal gas.

States are tensors (5, ...) of primitive variables: density, normal velocity,
two transverse velocities, pressure. What passes through a face is a tensor
(7, ...): the fluxes of mass, normal momentum, the transverse momenta, total
energy and internal energy, and the normal velocity of the face's gas, whose
divergence does the work on the internal energy.
"""

from __future__ import annotations

import torch
from torch import Tensor


def hllc(left: Tensor, right: Tensor, gamma: float) -> Tensor:
    """HLLC flux (Toro, Spruce & Speares 1994; wave speeds after Einfeldt 1988).

    Parameters
    ----------
    left, right : Tensor, (5, ...)
        Primitive states on both sides of each face.
    gamma : float
        Adiabatic index.

    Returns
    -------
    Tensor, (7, ...)
        What passes through each face.
    """
    rho_l, vn_l, _, _, p_l = left.unbind(0)
    rho_r, vn_r, _, _, p_r = right.unbind(0)
    sound2_l = p_l.div(rho_l).mul_(gamma)
    sound2_r = p_r.div(rho_r).mul_(gamma)

    # Roe averages bound the fastest waves.
    root_l, root_r = rho_l.sqrt(), rho_r.sqrt()
    weight = root_l / (root_l + root_r)
    jump = vn_r - vn_l
    # vn_l + (1 - w) jump, and w c_l^2 + (1 - w) c_r^2 + w (1 - w) jump^2 / 2
    vn_roe = torch.addcmul(vn_r, weight, jump, value=-1.0)
    sound2_roe = torch.addcmul(sound2_r, weight, sound2_l - sound2_r)
    sound2_roe.addcmul_(weight - weight * weight, jump * jump, value=0.5)
    sound_roe = sound2_roe.sqrt_()
    speed_l = torch.minimum(vn_l - sound2_l.sqrt_(), vn_roe - sound_roe)
    speed_r = torch.maximum(vn_r + sound2_r.sqrt_(), vn_roe + sound_roe)

    mass_l = rho_l * (speed_l - vn_l)
    mass_r = rho_r * (speed_r - vn_r)
    contact = torch.addcmul(p_r - p_l, mass_l, vn_l).addcmul_(mass_r, vn_r, value=-1.0)
    contact = contact.div_(mass_l - mass_r)

    # Only the side from which the gas comes is needed. Where even its wave runs downstream the
    # flux is the state's own: the wave then carries nothing back ("speed" is clipped to zero).
    from_left = contact >= 0
    rho, vn, vt1, vt2, pressure = torch.where(from_left, left, right).unbind(0)
    wave = torch.where(from_left, speed_l, speed_r)
    mass = torch.where(from_left, mass_l, mass_r)
    speed = torch.where(from_left, speed_l.clamp_max(0.0), speed_r.clamp_min(0.0))
    energy = total_energy(rho, vn, vt1, vt2, pressure, gamma)

    rho_star = mass / (wave - contact)
    energy_star = rho_star * (energy / rho + (contact - vn) * (contact + pressure / mass))
    advected = rho * vn
    mass_flux = torch.addcmul(advected, speed, rho_star - rho)
    normal = torch.addcmul(pressure, advected, vn)
    normal.addcmul_(speed, torch.addcmul(-advected, rho_star, contact))
    energy_flux = (energy + pressure).mul_(vn).addcmul_(speed, energy_star - energy)
    face_velocity = torch.where(speed == 0, vn, contact)
    internal = pressure.div(rho).mul_(1.0 / (gamma - 1.0)).mul_(mass_flux)
    return torch.stack(
        (
            mass_flux,
            normal,
            mass_flux * vt1,
            mass_flux * vt2,
            energy_flux,
            internal,
            face_velocity,
        )
    )


def rusanov(left: Tensor, right: Tensor, gamma: float) -> Tensor:
    """Local Lax–Friedrichs flux: diffusive, but keeps density and pressure positive.

    Parameters
    ----------
    left, right : Tensor, (5, ...)
        Primitive states on both sides of each face.
    gamma : float
        Adiabatic index.

    Returns
    -------
    Tensor, (7, ...)
        What passes through each face.
    """
    speed = torch.maximum(
        left[1].abs() + torch.sqrt(gamma * left[4] / left[0]),
        right[1].abs() + torch.sqrt(gamma * right[4] / right[0]),
    )
    (state_l, flux_l), (state_r, flux_r) = _exact(left, gamma), _exact(right, gamma)
    fluxes = 0.5 * (flux_l + flux_r) - 0.5 * speed * (state_r - state_l)
    return torch.cat((fluxes, 0.5 * (left[1:2] + right[1:2])))


def total_energy(
    rho: Tensor, vn: Tensor, vt1: Tensor, vt2: Tensor, pressure: Tensor, gamma: float
) -> Tensor:
    """Total energy density of primitive variables.

    Parameters
    ----------
    rho, vn, vt1, vt2, pressure : Tensor
        Density, velocities, pressure.
    gamma : float
        Adiabatic index.

    Returns
    -------
    Tensor
        Kinetic plus internal energy density.
    """
    squared = torch.addcmul(vn * vn, vt1, vt1).addcmul_(vt2, vt2)
    return squared.mul_(rho).mul_(0.5).add_(pressure, alpha=1.0 / (gamma - 1.0))


def _exact(primitive: Tensor, gamma: float) -> tuple[Tensor, Tensor]:
    """Conserved variables, with the internal energy, and their fluxes."""
    rho, vn, vt1, vt2, pressure = primitive.unbind(0)
    energy = total_energy(rho, vn, vt1, vt2, pressure, gamma)
    internal = pressure / (gamma - 1.0)
    mass = rho * vn
    state = torch.stack((rho, mass, rho * vt1, rho * vt2, energy, internal))
    flux = torch.stack(
        (
            mass,
            mass * vn + pressure,
            mass * vt1,
            mass * vt2,
            (energy + pressure) * vn,
            internal * vn,
        )
    )
    return state, flux
