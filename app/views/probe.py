"""What the gas is like at a point: read from its cells, not from what is drawn. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.preferences.display_units import DENSITY, DensityDisplay
from app.view_state import Vector3
from core.cubes import CubeSequence
from core.overview import Overview

MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Reading:
    """The gas in one cell.

    Parameters
    ----------
    position_pc : tuple of float
        The point, relative to the centre of the cube.
    source_pc : tuple of float
        The same in the coordinates of the snapshot.
    density : float
        In Msun/pc^3.
    ratio : float or None
        Density over that without the explosion, where that is known.
    temperature : float or None
        In K.
    velocity : tuple of float or None
        In km/s.
    """

    position_pc: Vector3
    source_pc: Vector3
    density: float
    ratio: float | None = None
    temperature: float | None = None
    velocity: Vector3 | None = None

    @property
    def speed(self) -> float | None:
        """Length of the velocity in km/s."""
        return None if self.velocity is None else float(np.linalg.norm(self.velocity))


def read_gas(
    sequence: CubeSequence,
    control: CubeSequence | None,
    time_myr: float,
    position_pc: Vector3,
) -> Reading | None:
    """Read the cell at a point.

    Parameters
    ----------
    sequence : CubeSequence
        The gas; its frame nearest to the time is read.
    control : CubeSequence or None
        The gas without the explosion, on the same grid.
    time_myr : float
        The time in Myr.
    position_pc : tuple of float
        The point relative to the centre of the cube, in pc.

    Returns
    -------
    Reading or None
        None outside the cube.
    """
    # Rounding must not put a point on a face outside; the upper faces belong to the last cells.
    reach = (0.5 + 1e-9) * sequence.size_pc
    if not all(abs(position) <= reach for position in position_pc):
        return None
    x, y, z = (
        min(max(int(position / sequence.voxel_pc + sequence.n / 2), 0), sequence.n - 1)
        for position in position_pc
    )
    frame = sequence.nearest(time_myr)
    density = float(sequence.density[frame, x, y, z])
    ratio = None
    if control is not None and control.n == sequence.n:
        behind = float(control.density[control.nearest(time_myr), x, y, z])
        ratio = density / behind if behind > 0 else None
    fields = sequence.fields
    temperature = fields["temperature"][frame, x, y, z] if "temperature" in fields else None
    velocity = fields["velocity"][frame, x, y, z] if "velocity" in fields else None
    center = sequence.center_pc
    return Reading(
        position_pc,
        (
            position_pc[0] + center[0],
            position_pc[1] + center[1],
            position_pc[2] + center[2],
        ),
        density,
        ratio,
        None if temperature is None else float(temperature),
        None if velocity is None else (float(velocity[0]), float(velocity[1]), float(velocity[2])),
    )


def read_overview(overview: Overview, position_pc: Vector3) -> Reading | None:
    """Read the coarse cell of a whole snapshot at a point.

    Parameters
    ----------
    overview : Overview
        The snapshot.
    position_pc : tuple of float
        The point in the coordinates of the snapshot, in pc.

    Returns
    -------
    Reading or None
        Its positions are those of the snapshot; None outside the box, and
        where there is no gas.
    """
    cube = overview.density
    offset = np.subtract(position_pc, overview.origin_pc)
    # Rounding must not put a point on a face outside.
    reach = 1e-9 * cube.size_pc
    if np.any(offset < -reach) or np.any(offset > np.add(overview.box_pc, reach)):
        return None
    cell = np.subtract(position_pc, cube.center_pc) / cube.voxel_pc + cube.n / 2
    x, y, z = np.clip(cell.astype(int), 0, cube.n - 1)
    density = float(cube.density[x, y, z])
    return Reading(position_pc, position_pc, density) if density > 0 else None


def describe_coarse(reading: Reading, voxel_pc: float, display: DensityDisplay) -> str:
    """Write a reading of a whole snapshot on one line, and over how much gas it is a mean."""
    return f"{describe(reading, display)} · mean over {voxel_pc:.3g} pc"


def describe(reading: Reading, display: DensityDisplay) -> str:
    """Write a reading on one line.

    Parameters
    ----------
    reading : Reading
        What was read.
    display : DensityDisplay
        The unit of the density that comes first; the other one follows.

    Returns
    -------
    str
        Place, density in both units, ratio, temperature, speed.
    """
    other = DENSITY["number" if display.key == "mass" else "mass"]
    parts = [
        _place(reading),
        display.text(reading.density, symbol=True),
        other.text(reading.density, symbol=True),
    ]
    if reading.ratio is not None:
        parts.append(f"{reading.ratio:.3g} × control")
    if reading.temperature is not None:
        parts.append(f"{reading.temperature:.3g} K")
    if reading.speed is not None:
        parts.append(f"{reading.speed:.3g} km/s")
    return " · ".join(parts)


def describe_both(truth: Reading, forecast: Reading, display: DensityDisplay) -> str:
    """Write what truth and forecast have at one place, and how they differ, on one line."""
    parts = [
        _place(truth),
        f"truth {display.text(truth.density, symbol=True)}",
        f"forecast {display.text(forecast.density)}",
    ]
    if truth.density > 0 and forecast.density > 0:
        difference = float(np.log10(forecast.density / truth.density))
        parts.append(f"Δ = {difference:+.2f} dex".replace("-", MINUS))
    return " · ".join(parts)


def _place(reading: Reading) -> str:
    """Write where, and where that is in the snapshot if its coordinates are others."""
    text = _triple(reading.position_pc)
    if not np.allclose(reading.position_pc, reading.source_pc, rtol=0, atol=0.05):
        text += f" (in the file {_triple(reading.source_pc)})"
    return f"{text} pc"


def _triple(position: Vector3) -> str:
    values = (0.0 if abs(value) < 0.05 else value for value in position)
    return ", ".join(f"{value:.1f}" for value in values).replace("-", MINUS)
