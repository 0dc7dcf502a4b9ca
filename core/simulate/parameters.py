"""What is simulated: the cloud, its turbulence, its explosions, the grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.constants import BOLTZMANN_ERG_K, HYDROGEN_MASS_G, KMS_CM_S, NH_PER_DENSITY
from core.cubes import Vector3
from core.errors import InvalidRequest
from core.simulate.cooling import equilibrium_temperature, mean_molecular_weight
from core.simulate.curves import Curve, check_curve
from core.simulate.supernova import Explosion

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
        Mean mass density in Msun/pc^3 (1.34 is n_H = 41 cm^-3).
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
        Exponent of the velocity power spectrum: 4 for Burgers, 11/3 for
        Kolmogorov turbulence.
    frame_count : int
        Frames stored, the first at the explosion.
    interval_myr : float
        Time between frames in Myr.
    metallicity : float
        In units of the solar one; see `core.simulate.curves` for what scales
        with it.
    cooling_curve : {"schure", "sutherland"}
        Whose cooling curve is used above 10^4.2 K: Schure et al. (2009) or
        Sutherland & Dopita (1993).
    mach : float, optional
        Initial Mach number of the turbulence, for the isothermal speed of
        sound of the mean density in thermal equilibrium; takes the place of
        `rms_velocity_kms`.
    explosions : tuple of Explosion
        Several explosions in place of the one at the centre and the first
        frame; `energy_erg` and `ejecta_msun` are not used then.
    require_resolved : bool
        Whether an explosion is refused where the cells are too large for its
        energy to go inside the shell-formation radius.

    Raises
    ------
    InvalidRequest
        If a value makes no sense; the message says what would.
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
    metallicity: float = 1.0
    cooling_curve: Curve = "schure"
    mach: float | None = None
    explosions: tuple[Explosion, ...] = ()
    require_resolved: bool = True

    def __post_init__(self) -> None:
        if self.mean_density <= 0 or self.size_pc <= 0 or self.energy_erg < 0:
            raise InvalidRequest("Density and size must be positive, the energy not negative.")
        if self.ejecta_msun < 0 or self.rms_velocity_kms < 0 or (self.mach or 0.0) < 0:
            raise InvalidRequest("Ejecta, velocity dispersion and Mach number: not negative.")
        if self.n < 16:
            raise InvalidRequest(f"At least 16 cells along an edge are needed, not {self.n}.")
        if self.frame_count < 2 or self.interval_myr <= 0:
            raise InvalidRequest("At least two frames, a positive time apart, are needed.")
        check_curve(self.metallicity, self.cooling_curve)
        for explosion in self.explosions:
            if explosion.time_myr >= self.duration_myr:
                raise InvalidRequest(
                    f"The explosion at {explosion.time_myr:g} Myr comes after the last frame, at "
                    f"{self.duration_myr:g} Myr; take more frames or an earlier time."
                )

    @property
    def duration_myr(self) -> float:
        """Time from the first to the last frame in Myr."""
        return (self.frame_count - 1) * self.interval_myr

    @property
    def schedule(self) -> tuple[Explosion, ...]:
        """The explosions in the order of their times."""
        if self.explosions:
            return tuple(sorted(self.explosions, key=lambda explosion: explosion.time_myr))
        return (Explosion(energy_erg=self.energy_erg, ejecta_msun=self.ejecta_msun),)

    @property
    def ambient_temperature_k(self) -> float:
        """Temperature of gas of the mean density in thermal equilibrium."""
        number_density = self.mean_density * NH_PER_DENSITY
        return float(equilibrium_temperature(number_density, self.metallicity))

    @property
    def ambient_sound_speed_kms(self) -> float:
        """Isothermal speed of sound at that temperature in km/s."""
        temperature = self.ambient_temperature_k
        mass = float(mean_molecular_weight(temperature)) * HYDROGEN_MASS_G
        return float(np.sqrt(BOLTZMANN_ERG_K * temperature / mass)) / KMS_CM_S

    @property
    def velocity_dispersion_kms(self) -> float:
        """Initial three-dimensional velocity dispersion in km/s, from the Mach number if given."""
        if self.mach is None:
            return self.rms_velocity_kms
        return self.mach * self.ambient_sound_speed_kms
