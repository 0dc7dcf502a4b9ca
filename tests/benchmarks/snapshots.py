"""Large snapshots to measure on, in the layouts of Gadget and SWIFT, written piece by piece.

The gas is clumpy: a log-normal number of particles in each cell of a coarse grid, half of
them around one point of their cell. Both codes write particles in the order of such cells;
SWIFT writes an index of them as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
from numpy.typing import NDArray

Layout = Literal["gadget", "swift"]

PARSEC_CM = 3.0856775814913673e18
SOLAR_MASS_G = 1.98840987e33
CELLS = 16
NEIGHBOURS = 48
PIECE = 1 << 20

_GADGET = {"Densities": "Density", "InternalEnergies": "InternalEnergy"}
_GADGET |= {"SmoothingLengths": "SmoothingLength"}
_SWIFT_KERNEL = 1.825742
"""Support over smoothing length of SWIFT's cubic spline."""


@dataclass(frozen=True)
class Gas:
    """A box of clumpy gas that is never in memory as a whole.

    Parameters
    ----------
    count : int
        Particles.
    box_pc : float
        Edge length of the periodic box in pc.
    mean_density : float
        Mass over volume in Msun/pc^3.
    seed : int
        Seed of everything random.
    """

    count: int
    box_pc: float = 300.0
    mean_density: float = 1.3
    seed: int = 1

    @property
    def particle_mass(self) -> float:
        """Mass of a particle in Msun."""
        return self.mean_density * self.box_pc**3 / self.count

    @property
    def cell_pc(self) -> float:
        """Edge length of a cell in pc."""
        return self.box_pc / CELLS

    def cell_counts(self) -> NDArray[np.int64]:
        """Particles in each cell, (CELLS^3,)."""
        random = np.random.default_rng(self.seed)
        weight = np.exp(1.2 * random.standard_normal(CELLS**3))
        return random.multinomial(self.count, weight / weight.sum())

    def pieces(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Columns of some whole cells at a time, as SWIFT names them, in pc, Msun, km/s."""
        counts = self.cell_counts()
        corners = np.array(list(np.ndindex(CELLS, CELLS, CELLS))) * self.cell_pc
        random = np.random.default_rng(self.seed + 1)
        clumps = random.uniform(0.2, 0.8, (CELLS**3, 3)) * self.cell_pc
        first, start = 0, 0
        while first < CELLS**3:
            last = first + 1
            while last < CELLS**3 and counts[first:last].sum() + counts[last] <= PIECE:
                last += 1
            cell = np.repeat(np.arange(first, last), counts[first:last])
            number = len(cell)
            inner = random.uniform(0, self.cell_pc, (number, 3))
            bound = random.random(number) < 0.5
            inner[bound] = clumps[cell[bound]] + random.normal(
                0, 0.06 * self.cell_pc, (int(bound.sum()), 3)
            )
            inner = np.clip(inner, 0.0, 0.99999 * self.cell_pc)
            density = counts[cell] * self.particle_mass / self.cell_pc**3
            density *= np.where(bound, 8.0, 0.5)
            reach = np.cbrt(3 * NEIGHBOURS * self.particle_mass / (4 * np.pi * density))
            yield {
                "Coordinates": (corners[cell] + inner).astype(np.float32),
                "Masses": np.full(number, self.particle_mass, np.float32),
                "Velocities": random.normal(0, 8, (number, 3)).astype(np.float32),
                "Densities": density.astype(np.float32),
                "InternalEnergies": (1.0 + random.random(number) ** 4).astype(np.float32),
                "SmoothingLengths": reach.astype(np.float32),
                "ParticleIDs": np.arange(start + 1, start + number + 1, dtype=np.uint32),
            }
            first, start = last, start + number


def write(path: Path, gas: Gas, layout: Layout) -> Path:
    """Write a snapshot.

    Parameters
    ----------
    path : Path
        The file.
    gas : Gas
        What is in it.
    layout : {"gadget", "swift"}
        The code whose files it resembles.

    Returns
    -------
    Path
        The file.
    """
    with h5py.File(path, "w") as file:
        (_gadget_header if layout == "gadget" else _swift_header)(file, gas)
        group = file.create_group("PartType0")
        start = 0
        for piece in gas.pieces():
            stop = start + len(piece["Masses"])
            for name, values in piece.items():
                stored = _GADGET.get(name, name) if layout == "gadget" else name
                if layout == "swift" and name == "SmoothingLengths":
                    values = (values / _SWIFT_KERNEL).astype(np.float32)
                if stored not in group:
                    shape = (gas.count, *values.shape[1:])
                    group.create_dataset(stored, shape, values.dtype)
                group[stored][start:stop] = values
            start = stop
        if layout == "swift":
            _swift_details(file)
    return path


def _counts(gas: Gas, types: int) -> NDArray[np.int64]:
    counts = np.zeros(types, np.int64)
    counts[0] = gas.count
    return counts


def _gadget_header(file: h5py.File, gas: Gas) -> None:
    file.create_group("Header").attrs.update(
        {
            "BoxSize": gas.box_pc,
            "Time": 0.1,
            "Redshift": 0.0,
            "HubbleParam": 1.0,
            "Omega0": 0.0,
            "OmegaLambda": 0.0,
            "NumFilesPerSnapshot": 1,
            "NumPart_ThisFile": _counts(gas, 6),
            "NumPart_Total": _counts(gas, 6),
            "NumPart_Total_HighWord": np.zeros(6, np.uint32),
            "MassTable": np.zeros(6),
            "Flag_Cooling": 0,
            "Flag_Sfr": 0,
            "Flag_Feedback": 0,
            "UnitLength_in_cm": PARSEC_CM,
            "UnitMass_in_g": SOLAR_MASS_G,
            "UnitVelocity_in_cm_per_s": 1e5,
        }
    )


def _swift_header(file: h5py.File, gas: Gas) -> None:
    counts = _counts(gas, 7)
    file.create_group("Header").attrs.update(
        {
            "Code": b"SWIFT",
            "BoxSize": np.full(3, gas.box_pc),
            "Dimension": np.array([3]),
            "Time": np.array([0.1]),
            "Redshift": np.array([0.0]),
            "Scale-factor": np.array([1.0]),
            "NumFilesPerSnapshot": np.array([1], np.int32),
            "ThisFile": np.array([0], np.int32),
            "NumPartTypes": np.array([7], np.int32),
            "NumPart_ThisFile": counts,
            "NumPart_Total": counts.astype(np.uint32),
            "NumPart_Total_HighWord": np.zeros(7, np.uint32),
            "MassTable": np.zeros(7),
            "OutputType": b"FullVolume",
            "RunName": b"benchmark",
        }
    )
    units = {
        "Unit length in cgs (U_L)": PARSEC_CM,
        "Unit mass in cgs (U_M)": SOLAR_MASS_G,
        "Unit time in cgs (U_t)": PARSEC_CM / 1e5,
        "Unit current in cgs (U_I)": 1.0,
        "Unit temperature in cgs (U_T)": 1.0,
    }
    for name in ("Units", "InternalCodeUnits"):
        file.create_group(name).attrs.update({key: np.array([v]) for key, v in units.items()})
    file.create_group("HydroScheme").attrs.update(
        {
            "Kernel function": b"Cubic spline (M4)",
            "Kernel gamma": np.array([_SWIFT_KERNEL], np.float32),
            "Adiabatic index": np.array([5.0 / 3.0], np.float32),
        }
    )
    file.create_group("Parameters").attrs["InitialConditions:periodic"] = b"1"
    file.create_group("Cosmology").attrs["Cosmological run"] = np.array([0], np.int32)
    cell_counts = gas.cell_counts()
    corners = np.array(list(np.ndindex(CELLS, CELLS, CELLS))) * gas.cell_pc
    cells = file.create_group("Cells")
    cells.create_group("Meta-data").attrs.update(
        {
            "dimension": np.full(3, CELLS, np.int32),
            "nr_cells": np.array([CELLS**3], np.int32),
            "size": np.full(3, gas.cell_pc),
        }
    )
    cells["Centres"] = corners + 0.5 * gas.cell_pc
    cells["Counts/PartType0"] = cell_counts
    cells["OffsetsInFile/PartType0"] = np.cumsum(cell_counts) - cell_counts
    cells["Files/PartType0"] = np.zeros(CELLS**3, np.int32)
    cells["MinPositions/PartType0"] = corners
    cells["MaxPositions/PartType0"] = corners + gas.cell_pc


def _swift_details(file: h5py.File) -> None:
    """What SWIFT says of every data set, and links swiftsimio reads."""
    powers = {
        "Coordinates": (1, 0, 0, 1),
        "Masses": (0, 1, 0, 0),
        "Velocities": (1, 0, -1, 0),
        "Densities": (-3, 1, 0, -3),
        "InternalEnergies": (2, 0, -2, -2),
        "SmoothingLengths": (1, 0, 0, 1),
        "ParticleIDs": (0, 0, 0, 0),
    }
    units = file["Units"].attrs
    for name, (length, mass, time, scale) in powers.items():
        factor = (
            units["Unit length in cgs (U_L)"] ** length
            * units["Unit mass in cgs (U_M)"] ** mass
            * units["Unit time in cgs (U_t)"] ** time
        )
        file[f"PartType0/{name}"].attrs.update(
            {
                "Conversion factor to CGS (not including cosmological corrections)": factor,
                "Conversion factor to physical CGS (including cosmological corrections)": factor,
                "Description": np.bytes_(name),
                "Lossy compression filter": np.bytes_("None"),
                "U_I exponent": np.array([0.0], np.float32),
                "U_L exponent": np.array([float(length)], np.float32),
                "U_M exponent": np.array([float(mass)], np.float32),
                "U_T exponent": np.array([0.0], np.float32),
                "U_t exponent": np.array([float(time)], np.float32),
                "Value stored as physical": np.array([0], np.uint8),
                "Property can be converted to comoving": np.array([1], np.uint8),
                "a-scale exponent": np.array([float(scale)], np.float32),
                "h-scale exponent": np.array([0.0], np.float32),
            }
        )
    file["GasParticles"] = h5py.SoftLink("/PartType0")
