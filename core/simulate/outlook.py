"""What parameters of a simulation mean, before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.constants import NH_PER_DENSITY
from core.errors import InvalidRequest
from core.simulate.parameters import SimulationParameters
from core.simulate.supernova import (
    check_resolved,
    injection_radius_pc,
    shell_formation_radius_pc,
)


@dataclass(frozen=True)
class Outlook:
    """Figures of a simulation to come.

    Parameters
    ----------
    mass_msun : float
        Mass of the gas in the box in Msun.
    number_density : float
        Mean number of hydrogen nuclei per cm^3.
    temperature_k : float
        Temperature of gas of the mean density in thermal equilibrium.
    sound_speed_kms : float
        Isothermal speed of sound at that temperature in km/s.
    dispersion_kms, mach : float
        Initial velocity dispersion in km/s, and over the speed of sound.
    shell_formation_pc : float
        Radius at which the shell cools in gas of the mean density, in pc.
    injection_pc : float
        Radius within which the energy is put, in pc.
    cell_pc : float
        Edge length of a cell in pc.
    duration_myr : float
        Time from the first to the last frame in Myr.
    problem : str
        Why gas of the mean density is too dense for the cells, or "".
    """

    mass_msun: float
    number_density: float
    temperature_k: float
    sound_speed_kms: float
    dispersion_kms: float
    mach: float
    shell_formation_pc: float
    injection_pc: float
    cell_pc: float
    duration_myr: float
    problem: str = ""


def outlook(parameters: SimulationParameters) -> Outlook:
    """Work out what parameters mean.

    Parameters
    ----------
    parameters : SimulationParameters
        What would be simulated.

    Returns
    -------
    Outlook
        The figures. An explosion in a clump is harder to resolve than in gas
        of the mean density, for which its ``problem`` is stated.
    """
    number_density = parameters.mean_density * NH_PER_DENSITY
    energy = parameters.schedule[0].energy_erg
    cell = parameters.size_pc / parameters.n
    sound = parameters.ambient_sound_speed_kms
    dispersion = parameters.velocity_dispersion_kms
    plain = Outlook(
        mass_msun=parameters.mean_density * parameters.size_pc**3,
        number_density=number_density,
        temperature_k=parameters.ambient_temperature_k,
        sound_speed_kms=sound,
        dispersion_kms=dispersion,
        mach=dispersion / sound,
        shell_formation_pc=shell_formation_radius_pc(number_density, energy),
        injection_pc=injection_radius_pc(number_density, cell, energy),
        cell_pc=cell,
        duration_myr=parameters.duration_myr,
    )
    try:
        check_resolved(number_density, energy, cell, parameters.size_pc)
    except InvalidRequest as error:
        return replace(plain, problem=str(error))
    return plain
