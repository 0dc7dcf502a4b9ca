"""The unit system of a file, and its conversion to Shellsight's units."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from core.constants import KMS_CM_S, MSUN_G, MYR_S, PARSEC_CM, PC_PER_KMS_MYR
from core.errors import InvalidRequest

_UNITS: dict[str, dict[str, float]] = {
    "length": {
        "cm": 1 / PARSEC_CM,
        "m": 1e2 / PARSEC_CM,
        "km": 1e5 / PARSEC_CM,
        "pc": 1.0,
        "kpc": 1e3,
        "Mpc": 1e6,
    },
    "mass": {"g": 1 / MSUN_G, "kg": 1e3 / MSUN_G, "Msun": 1.0},
    "velocity": {
        "cm/s": 1 / KMS_CM_S,
        "m/s": 1e-3,
        "km/s": 1.0,
        "pc/Myr": 1 / PC_PER_KMS_MYR,
    },
    "time": {"s": 1 / MYR_S, "yr": 1e-6, "kyr": 1e-3, "Myr": 1.0, "Gyr": 1e3},
}
"""Size of the units a user may name, in pc, Msun, km/s and Myr."""

_OURS = {"length": "pc", "mass": "Msun", "velocity": "km/s", "time": "Myr"}
_AMOUNT = re.compile(r"^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)?\s*([A-Za-z/]+)\s*$")


@dataclass(frozen=True)
class UnitSystem:
    """Sizes of a file's units in Shellsight's.

    Parameters
    ----------
    length_pc, mass_msun, velocity_kms : float
        The file's units of length, mass and velocity, in pc, Msun and km/s.
    time_myr : float, optional
        The file's unit of time in Myr. Follows from length and velocity
        unless the file counts time in a unit of its own.

    Raises
    ------
    InvalidRequest
        If a size is not a positive number.

    Examples
    --------
    >>> UnitSystem.parse("length=kpc,mass=1e10 Msun,velocity=km/s").length_pc
    1000.0
    """

    length_pc: float
    mass_msun: float
    velocity_kms: float
    time_myr: float = math.nan

    def __post_init__(self) -> None:
        if math.isnan(self.time_myr):
            object.__setattr__(self, "time_myr", self._derived_time_myr())
        for name in ("length_pc", "mass_msun", "velocity_kms", "time_myr"):
            size = getattr(self, name)
            if not (math.isfinite(size) and size > 0):
                raise InvalidRequest(f"A unit must be a positive number; {name} is {size}.")

    def _derived_time_myr(self) -> float:
        if not self.velocity_kms:
            return math.inf
        return self.length_pc / (self.velocity_kms * PC_PER_KMS_MYR)

    @property
    def density(self) -> float:
        """The file's unit of mass density in Msun/pc^3."""
        return self.mass_msun / self.length_pc**3

    @classmethod
    def from_cgs(
        cls,
        length_cm: float,
        mass_g: float,
        velocity_cm_s: float | None = None,
        time_s: float | None = None,
    ) -> UnitSystem:
        """Make a unit system from sizes in cgs.

        Parameters
        ----------
        length_cm, mass_g : float
            Units of length and mass.
        velocity_cm_s, time_s : float, optional
            Unit of velocity, or of time; at least one of them.

        Returns
        -------
        UnitSystem
            The same units.

        Raises
        ------
        InvalidRequest
            If neither velocity nor time is given, or a size is not positive.
        """
        if velocity_cm_s is None:
            if not time_s:
                raise InvalidRequest("A unit system needs a unit of velocity or of time.")
            velocity_cm_s = length_cm / time_s
        return cls(
            length_pc=length_cm / PARSEC_CM,
            mass_msun=mass_g / MSUN_G,
            velocity_kms=velocity_cm_s / KMS_CM_S,
            time_myr=math.nan if time_s is None else time_s / MYR_S,
        )

    @classmethod
    def parse(cls, text: str) -> UnitSystem:
        """Read a unit system as people write it.

        Parameters
        ----------
        text : str
            For example ``"length=pc,mass=Msun,velocity=km/s"`` or
            ``"length=kpc, mass=1e10 Msun, velocity=km/s"``. Time may be given
            instead of velocity, or beside it where the file's times have a
            unit of their own.

        Returns
        -------
        UnitSystem
            The units.

        Raises
        ------
        InvalidRequest
            If a unit is unknown, missing or given twice.
        """
        sizes: dict[str, float] = {}
        for part in filter(str.strip, text.split(",")):
            quantity, _, amount = (piece.strip() for piece in part.partition("="))
            if quantity not in _UNITS:
                raise InvalidRequest(
                    f"Units '{text}': '{quantity}' is none of {', '.join(_UNITS)}."
                )
            if quantity in sizes:
                raise InvalidRequest(f"Units '{text}': {quantity} is given twice.")
            match = _AMOUNT.match(amount)
            if match is None or match[2] not in _UNITS[quantity]:
                known = ", ".join(_UNITS[quantity])
                raise InvalidRequest(
                    f"Units '{text}': '{amount}' is no unit of {quantity}; use one of {known}, "
                    f"with a number before it if needed."
                )
            sizes[quantity] = float(match[1] or 1.0) * _UNITS[quantity][match[2]]
        absent = [name for name in ("length", "mass") if name not in sizes]
        if "velocity" not in sizes and "time" not in sizes:
            absent.append("velocity")
        if absent:
            raise InvalidRequest(f"Units '{text}': {' and '.join(absent)} is missing.")
        if "velocity" not in sizes:
            sizes["velocity"] = sizes["length"] / (sizes["time"] * PC_PER_KMS_MYR)
        return cls(
            length_pc=sizes["length"],
            mass_msun=sizes["mass"],
            velocity_kms=sizes["velocity"],
            time_myr=sizes.get("time", math.nan),
        )

    def __str__(self) -> str:
        """Write the units so that `parse` reads them back."""
        sizes = {
            "length": self.length_pc,
            "mass": self.mass_msun,
            "velocity": self.velocity_kms,
        }
        if not math.isclose(self.time_myr, self._derived_time_myr(), rel_tol=1e-12):
            sizes["time"] = self.time_myr
        return ",".join(
            f"{name}={_OURS[name]}" if size == 1.0 else f"{name}={float(size)!r} {_OURS[name]}"
            for name, size in sizes.items()
        )

    @property
    def summary(self) -> str:
        """The units for people, rounded: ``length 1 kpc, mass 1e+10 Msun, velocity 1 km/s``."""
        sizes = {
            "length": self.length_pc,
            "mass": self.mass_msun,
            "velocity": self.velocity_kms,
            "time": self.time_myr,
        }
        return ", ".join(f"{name} {_rounded(name, size)}" for name, size in sizes.items())


def _rounded(quantity: str, size: float) -> str:
    """Write a size in the unit in which it is 1, if there is one, else in ours."""
    for unit, one in _UNITS[quantity].items():
        if math.isclose(size, one, rel_tol=1e-4):
            return f"1 {unit}"
    return f"{size:.6g} {_OURS[quantity]}"
