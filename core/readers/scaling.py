"""From the numbers in a particle code's file to physical ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import CorruptSnapshot, InvalidRequest
from core.readers.cosmology import Cosmology
from core.units import UnitSystem


@dataclass(frozen=True)
class Scaling:
    """Units, and the expansion of the universe.

    Parameters
    ----------
    units : UnitSystem
        The file's units.
    scale : float
        Scale factor; 1 unless the run is cosmological.
    hubble : float
        The h that lengths and masses are divided by; 1 where they are not.
    cosmology : Cosmology or None
        The universe of a cosmological run.
    """

    units: UnitSystem
    scale: float = 1.0
    hubble: float = 1.0
    cosmology: Cosmology | None = None

    def size_of(self, field: str) -> float:
        """Size of a field's unit in ours, before the expansion is counted.

        Parameters
        ----------
        field : str
            Name in `ParticleSet`, or ``internal_energy``.

        Returns
        -------
        float
            The size; 1 for fields that have no unit of the system.
        """
        units = self.units
        sizes: Mapping[str, float] = {
            "positions_pc": units.length_pc,
            "masses_msun": units.mass_msun,
            "velocities_kms": units.velocity_kms,
            "densities": units.density,
            "internal_energy": units.velocity_kms**2,
            "smoothing_lengths_pc": units.length_pc,
        }
        return sizes.get(field, 1.0)


def stated_units(
    path: Path,
    length_cm: float,
    mass_g: float,
    velocity_cm_s: float | None = None,
    time_s: float | None = None,
) -> UnitSystem:
    """Make the unit system that a file states.

    Parameters
    ----------
    path : Path
        The file, for the message.
    length_cm, mass_g, velocity_cm_s, time_s : float
        As for `UnitSystem.from_cgs`.

    Returns
    -------
    UnitSystem
        The units.

    Raises
    ------
    CorruptSnapshot
        If they cannot be units.
    """
    try:
        return UnitSystem.from_cgs(length_cm, mass_g, velocity_cm_s, time_s)
    except (InvalidRequest, ArithmeticError) as error:
        raise CorruptSnapshot(path, f"states impossible units: {error}") from error
