"""Star particles of the particle codes, with their ages where the file knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from core.errors import CorruptSnapshot
from core.readers.cosmology import Cosmology
from core.readers.hdf5 import dataset, find, finite, open_hdf5, reading
from core.readers.multifile import STAGE
from core.stars import StarSet

if TYPE_CHECKING:
    from core.readers.particles import Column
    from core.series import FrameHeader

_SUPERNOVA_STAGE = 6
"""GIZMO's stage of a star that is going off (STARFORGE documentation, PartType5)."""

_ROUNDING = 1e-4
"""A star may seem born this much later than now, relative to now: single precision."""


@dataclass(frozen=True)
class Birth:
    """How a code writes when a star was born.

    Parameters
    ----------
    name : str
        Data set with the time or scale factor of birth.
    unit_myr : float
        Size of its unit in Myr, if it holds times.
    cosmology : Cosmology or None
        Set if it holds scale factors.
    winds : bool
        Whether values of zero or less mark particles that are no stars but
        gas on its way out (AREPO).
    unknown_below : float
        Values below this mean that the file does not know.
    """

    name: str
    unit_myr: float = 1.0
    cosmology: Cosmology | None = None
    winds: bool = False
    unknown_below: float = -np.inf


@dataclass(frozen=True)
class StarGroup:
    """Where the stars of a snapshot are stored.

    Parameters
    ----------
    group : str
        The particle type.
    counts : tuple of int
        Stars in each of the files.
    columns : Mapping of str to Column
        Positions, masses and identifiers, where the files have them.
    particle_mass_msun : float or None
        The mass of every star, where the files list no masses.
    birth : Birth or None
        When they were born, where the files say.
    staged : bool
        Whether the files follow the evolution of each star.
    """

    group: str
    counts: tuple[int, ...]
    columns: Mapping[str, Column]
    particle_mass_msun: float | None = None
    birth: Birth | None = None
    staged: bool = False


def load_stars(header: FrameHeader) -> StarSet | None:
    """Read the star particles.

    Parameters
    ----------
    header : FrameHeader
        The snapshot, from the reader's `read_headers`.

    Returns
    -------
    StarSet or None
        The stars; None if the snapshot has none. Ages are NaN where the file
        does not know them, and absent where it has none at all.

    Raises
    ------
    CorruptSnapshot
        If a data set is missing, has the wrong shape, or holds values that
        cannot be right.
    """
    parts: list[dict[str, NDArray[Any]]] = []
    for group in getattr(header, "stars", ()):
        for path, count in zip(header.paths, group.counts, strict=True):
            if count:
                with open_hdf5(path) as file:
                    parts.append(_read(file, group, count, header.time_myr))
    if sum(len(part["positions_pc"]) for part in parts) == 0:
        return None
    fillers = {"ages_myr": np.nan, "exploding": False}
    arrays: dict[str, NDArray[Any]] = {}
    for name in ("positions_pc", "masses_msun", "ages_myr", "exploding", "ids"):
        have = [part.get(name) for part in parts]
        if all(values is None for values in have):
            continue
        if name == "ids" and any(values is None for values in have):
            continue
        arrays[name] = np.concatenate(
            [
                np.full(len(part["positions_pc"]), fillers[name]) if values is None else values
                for part, values in zip(parts, have, strict=True)
            ]
        )
    if "ages_myr" in arrays:
        arrays["ages_myr"] = arrays["ages_myr"].astype(np.float32, copy=False)
    return StarSet(**arrays)


def _read(
    file: h5py.File, group: StarGroup, count: int, time_myr: float
) -> dict[str, NDArray[Any]]:
    """Read the stars of one type in one file."""

    def column(name: str, shape: tuple[int, ...], *, negative: bool) -> NDArray[Any]:
        source = _shaped(file, f"{group.group}/{name}", shape)
        return finite(source, negative=negative)

    place = group.columns["positions_pc"]
    positions = column(place.name, (count, 3), negative=True).astype(np.float64) * place.factor
    stars: dict[str, NDArray[Any]] = {"positions_pc": positions}
    if "masses_msun" in group.columns:
        mass = group.columns["masses_msun"]
        masses = column(mass.name, (count,), negative=False) * mass.factor
        stars["masses_msun"] = masses.astype(np.float32)
    else:
        stars["masses_msun"] = np.full(count, group.particle_mass_msun, dtype=np.float32)
    if "ids" in group.columns:
        source = _shaped(file, f"{group.group}/{group.columns['ids'].name}", (count,))
        if source.dtype.kind not in "iu":
            raise CorruptSnapshot(
                Path(file.filename), f"{source.name.lstrip('/')} holds no whole numbers."
            )
        with reading(Path(file.filename), source.name):
            ids = source[()]
        stars["ids"] = ids.astype(ids.dtype.newbyteorder("="), copy=False)
    if group.staged and find(file, f"{group.group}/{STAGE}") is not None:
        stars["exploding"] = column(STAGE, (count,), negative=True) == _SUPERNOVA_STAGE
    birth = group.birth
    if birth is not None:
        born = column(birth.name, (count,), negative=True).astype(np.float64)
        stars["ages_myr"] = _ages(born, birth, time_myr)
        if birth.winds:
            stars = {name: values[born > 0] for name, values in stars.items()}
    return stars


def _ages(born: NDArray[np.float64], birth: Birth, time_myr: float) -> NDArray[np.float32]:
    """Ages in Myr; NaN where the file does not know."""
    if birth.cosmology is not None:
        born_myr = birth.cosmology.age_myr(born)
    else:
        born_myr = born * birth.unit_myr
    ages = np.where(born < birth.unknown_below, np.nan, time_myr - born_myr)
    ages = np.where((ages < 0) & (ages > -_ROUNDING * time_myr), 0.0, ages)
    return np.where(ages < 0, np.nan, ages).astype(np.float32)


def _shaped(file: h5py.File, place: str, shape: tuple[int, ...]) -> h5py.Dataset:
    source = dataset(file, place)
    if source.shape != shape:
        raise CorruptSnapshot(
            Path(file.filename), f"{place} has shape {source.shape}, expected {shape}."
        )
    return source
