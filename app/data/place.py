"""Which cube is cut out of a snapshot: pure geometry, without Qt.

A cube may be anywhere in a periodic box; in others it is kept inside, and
that is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from app.preferences.display_units import DensityDisplay
from core.cubes import Vector3
from core.cutout import Cutout
from core.errors import InvalidRequest

if TYPE_CHECKING:
    from core.series import SnapshotSeries

Method = Literal["cic", "sph"]

CUBE_PC = 60.0
CUBE_CELLS = 32
"""The cube the networks were trained on."""

CELLS = (32, 64, 128)
"""Voxels along an edge that the window offers."""

_SLACK = 1.001
"""A box this much larger than the cube is no larger: units are rounded."""


@dataclass(frozen=True)
class Box:
    """The box of a snapshot.

    Parameters
    ----------
    edges_pc, origin_pc : tuple of float
        Edge lengths and lower corner in pc.
    periodic : bool
        Whether opposite faces are neighbours.
    """

    edges_pc: Vector3
    origin_pc: Vector3
    periodic: bool

    @property
    def center_pc(self) -> Vector3:
        """Its centre in pc."""
        x, y, z = (o + 0.5 * e for o, e in zip(self.origin_pc, self.edges_pc, strict=True))
        return (x, y, z)

    @property
    def largest_cube_pc(self) -> float:
        """Edge of the largest cube that fits, in pc."""
        return min(self.edges_pc)

    def is_larger_than(self, size_pc: float) -> bool:
        """Whether a cube of a size leaves part of the box out."""
        return max(self.edges_pc) > size_pc * _SLACK


@dataclass(frozen=True)
class Place:
    """A cube to be cut out, and how its voxels are filled.

    Parameters
    ----------
    cutout : Cutout
        The cube in the snapshot's coordinates.
    n : int
        Voxels along an edge.
    method : {"cic", "sph"}
        Cloud-in-cell, or the kernel of SPH.
    """

    cutout: Cutout
    n: int = CUBE_CELLS
    method: Method = "cic"

    @property
    def center_pc(self) -> Vector3:
        """Centre of the cube in pc."""
        return self.cutout.center_pc

    @property
    def size_pc(self) -> float:
        """Edge of the cube in pc."""
        return self.cutout.size_pc


@dataclass(frozen=True)
class Spot:
    """A place the user pointed at.

    Parameters
    ----------
    position_pc : tuple of float
        Where, in the snapshot's coordinates, in pc.
    density : float
        Density of the gas there, in Msun/pc^3.
    """

    position_pc: Vector3
    density: float

    def describe(self, display: DensityDisplay) -> str:
        """Say where it is and how dense the gas is there."""
        x, y, z = (f"{value:.4g}".replace("-", "\N{MINUS SIGN}") for value in self.position_pc)
        return f"Picked x, y, z = {x}, {y}, {z} pc, {display.text(self.density, symbol=True)}"


def box_of(series: SnapshotSeries) -> Box:
    """Return the box of a series."""
    return Box(series.box_pc, series.origin_pc, series.periodic)


def first_place(box: Box) -> Place:
    """Return the cube that is shown first: the networks' in the middle, or the whole box."""
    size = CUBE_PC if box.largest_cube_pc * _SLACK >= CUBE_PC else box.largest_cube_pc
    # A box that is 60 pc up to rounding is cut as it is.
    return Place(Cutout(box.center_pc, min(size, box.largest_cube_pc)))


def has_choice(box: Box) -> bool:
    """Whether a box has more than one place for the first cube."""
    return box.is_larger_than(first_place(box).size_pc)


def fitted(place: Place, box: Box) -> tuple[Place, str]:
    """Keep a cube within what a box offers.

    Parameters
    ----------
    place : Place
        What was asked for.
    box : Box
        The snapshot's.

    Returns
    -------
    place : Place
        In a periodic box its centre is brought into the box; in others the
        cube is shifted until all of it is inside; a cube wider than the box
        becomes as wide as it.
    said : str
        What was changed, for people; "" if nothing was, or only by whole
        boxes.
    """
    said = []
    size = place.size_pc
    if size > box.largest_cube_pc * _SLACK:
        size = box.largest_cube_pc
        said.append(f"The box has room for a cube of {size:.4g} pc at most.")
    center = np.asarray(place.center_pc, dtype=float)
    origin, edges = np.asarray(box.origin_pc), np.asarray(box.edges_pc)
    if box.periodic:
        center = origin + (center - origin) % edges
    else:
        room = np.maximum(0.5 * (edges - size), 0.0)
        middle = origin + 0.5 * edges
        inside = np.clip(center, middle - room, middle + room)
        moved = float(np.abs(inside - center).max())
        if moved > 1e-6 * max(edges):
            said.append(
                f"The box is not periodic: the cube was moved by {moved:.3g} pc to stay inside."
            )
        center = inside
    x, y, z = (float(value) for value in center)
    return replace(place, cutout=Cutout((x, y, z), float(size))), " ".join(said)


def parse_number(text: str, what: str) -> float:
    """Read a number as people type it.

    Parameters
    ----------
    text : str
        With a point or a comma, and a plain or a true minus sign.
    what : str
        What it is, for the error.

    Returns
    -------
    float
        The number.

    Raises
    ------
    InvalidRequest
        If it is none.
    """
    clean = text.strip().removesuffix("pc").strip().replace("\N{MINUS SIGN}", "-")
    try:
        value = float(clean.replace(",", "."))
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise InvalidRequest(f"{what} is a number in pc, not “{text.strip()}”.")
    return value
