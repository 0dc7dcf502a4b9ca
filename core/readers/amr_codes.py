"""Codes with adaptive meshes: telling their files apart, and checking them before yt.

yt reads these files, but believes every one: Athena++ without units is cgs to
it, a missing part of a RAMSES output is a hole, and a damaged header a demand
for memory. So each code's headers are looked at here first, without yt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from core.errors import CorruptSnapshot, MissingUnits
from core.readers.hdf5 import attributes, dataset, find, is_hdf5, open_hdf5, read_finite, reading
from core.series import Verdict
from core.units import UnitSystem

CGS = UnitSystem.from_cgs(1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Facts:
    """What a file says before yt reads it.

    Parameters
    ----------
    paths : tuple of Path
        All its files; the first is the one that yt opens.
    count : int or None
        Leaf cells; None if only yt can tell.
    missing : MissingUnits or None
        The error to raise if no units are given; None if the file states them.
    periodic : bool or None
        Whether opposite faces are neighbours; None if yt knows.
    length_factor : float
        The unit of length in yt's: RAMSES counts lengths in the box for yt.
    options : Mapping
        What yt's class is told beside the file.
    """

    paths: tuple[Path, ...]
    count: int | None
    missing: MissingUnits | None = None
    periodic: bool | None = None
    length_factor: float = 1.0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Code:
    """A code whose files yt reads.

    Parameters
    ----------
    name : str
        The code, and the name of its format.
    frontend : tuple of str
        yt's module and class for it.
    sniff : callable
        Tells whether a file is of this code.
    check : callable
        Looks at a file's headers; raises `CorruptSnapshot` if they cannot be
        right.
    temperature : tuple of str or None
        yt's name of a temperature in K, where files may have one.
    find_damage : callable or None
        Looks through all files for what yt stumbled over, and raises
        `CorruptSnapshot` with its place: too slow to be done each time.
    """

    name: str
    frontend: tuple[str, str]
    sniff: Callable[[Path], Verdict]
    check: Callable[[Path], Facts]
    temperature: tuple[str, str] | None = None
    find_damage: Callable[[Facts], None] | None = None


def _numbers(path: Path, stated: Mapping[str, Any], key: str, count: int) -> list[float]:
    """Numbers of a header, checked to be that many and finite."""
    with reading(path, key):
        values = [float(value) for value in np.atleast_1d(stated[key])]
    if len(values) != count or not np.isfinite(values).all():
        raise CorruptSnapshot(path, f"{key} is {values}; {count} numbers are needed.")
    return values


def require_cubic(path: Path, widths: Any) -> None:
    """Refuse cells with unequal sides.

    Parameters
    ----------
    path : Path
        The file.
    widths : array_like
        Their widths along the axes.

    Raises
    ------
    CorruptSnapshot
        If they differ.
    """
    if not np.allclose(widths, np.ravel(widths)[0], rtol=1e-4) or not np.min(widths) > 0:
        sides = " x ".join(f"{width:g}" for width in np.ravel(widths))
        raise CorruptSnapshot(path, f"the cells are {sides}; Shellsight needs cubes.")


def _sniff_athena(path: Path) -> Verdict:
    if not is_hdf5(path):
        return Verdict(False, "not an HDF5 file")
    needed = ("NumMeshBlocks", "MeshBlockSize", "RootGridSize", "VariableNames")
    with open_hdf5(path) as file:
        stated = attributes(file, "/")
    missing = [key for key in needed if key not in stated]
    if missing:
        return Verdict(False, f"no attribute {' and no '.join(missing)}")
    if not {"rho", "dens"} & set(_words(stated["VariableNames"])):
        return Verdict(False, f"no density among {', '.join(_words(stated['VariableNames']))}")
    return Verdict(True, f"the attributes {', '.join(needed)}")


def _words(values: Any) -> list[str]:
    return [
        value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        for value in np.atleast_1d(values)
    ]


def _check_athena(path: Path) -> Facts:
    with open_hdf5(path) as file, reading(path, "its attributes"):
        stated = attributes(file, "/")
        geometry = str(stated["Coordinates"])
        if geometry not in ("cartesian", "minkowski"):
            raise CorruptSnapshot(path, f"its coordinates are {geometry}; cartesian is needed.")
        n_blocks = int(stated["NumMeshBlocks"])
        block = [int(n) for n in _numbers(path, stated, "MeshBlockSize", 3)]
        root = [int(n) for n in _numbers(path, stated, "RootGridSize", 3)]
        if min(root) < 2 or min(block) < 1 or n_blocks < 1:
            raise CorruptSnapshot(
                path, f"the grid is {root} in {n_blocks} blocks of {block}; 3 axes are needed."
            )
        axes = [_numbers(path, stated, f"RootGridX{i}", 3) for i in (1, 2, 3)]
        if any(ratio != 1.0 for *_, ratio in axes):
            raise CorruptSnapshot(path, "its cells grow along an axis (x1rat); not supported.")
        widths = [(high - low) / n for (low, high, _), n in zip(axes, root, strict=True)]
        require_cubic(path, widths)
        time = _numbers(path, stated, "Time", 1)[0]
        _check_athena_arrays(path, file, stated, n_blocks, block, widths[0])
    box = axes[0][1] - axes[0][0]
    offer = "length=pc,mass=Msun,velocity=km/s"
    missing = MissingUnits(
        path,
        ("length", "mass", "velocity"),
        f"Athena++ writes none. The box is {box:g} wide and the time {time:g} in the file's "
        f"units; with units='{offer}' that is {box:g} pc and "
        f"{time * UnitSystem.parse(offer).time_myr:.6g} Myr.",
        offer=offer,
    )
    # The file does not say what its boundaries are; nothing is taken for a neighbour.
    options = {"parameters": {"periodicity": (False, False, False)}}
    return Facts((path,), n_blocks * int(np.prod(block)), missing, False, options=options)


def _check_athena_arrays(
    path: Path,
    file: h5py.File,
    stated: Mapping[str, Any],
    n_blocks: int,
    block: list[int],
    width: float,
) -> None:
    names, counts = _words(stated["DatasetNames"]), np.atleast_1d(stated["NumVariables"])
    if len(_words(stated["VariableNames"])) != int(np.sum(counts)) or len(names) != len(counts):
        raise CorruptSnapshot(path, "VariableNames and NumVariables do not fit together.")
    for name, count in zip(names, counts, strict=True):
        shape, expected = dataset(file, name).shape, (int(count), n_blocks, *reversed(block))
        if shape != expected:
            raise CorruptSnapshot(path, f"{name} has shape {shape}, expected {expected}.")
    levels = read_finite(file, "Levels", negative=False)
    if levels.shape != (n_blocks,) or levels.max() > 60 or np.any(levels % 1):
        raise CorruptSnapshot(path, f"Levels are no {n_blocks} levels of refinement.")
    if not float(stated["MaxLevel"]) >= levels.max():
        raise CorruptSnapshot(path, f"MaxLevel is {stated['MaxLevel']}, Levels say otherwise.")
    for axis, n in enumerate(block):
        name = f"x{axis + 1}f"
        edges = read_finite(file, name)
        if edges.shape != (n_blocks, n + 1):
            raise CorruptSnapshot(path, f"{name} has shape {edges.shape}.")
        expected_widths = (width / 2.0**levels)[:, None]
        if not np.allclose(np.diff(edges, axis=1) / expected_widths, 1.0, atol=0.02):
            raise CorruptSnapshot(path, f"{name} does not fit the levels of the blocks.")


def _sniff_flash(path: Path) -> Verdict:
    if not is_hdf5(path):
        return Verdict(False, "not an HDF5 file")
    needed = ("bounding box", "node type", "refine level", "unknown names", "real scalars")
    with open_hdf5(path) as file:
        missing = [key for key in needed if key not in file]
    if missing:
        return Verdict(False, f"no {' and no '.join(missing)}")
    return Verdict(True, f"the data sets {', '.join(needed)}")


def _table(file: h5py.File, name: str) -> dict[str, Any]:
    """Read one of FLASH's lists of parameters; empty if it is not there."""
    path = Path(file.filename)
    if find(file, name) is None:
        return {}
    with reading(path, name):
        rows = dataset(file, name)[()]
        return {
            key.decode(errors="replace").strip(): (
                value.decode(errors="replace").strip(" \0'\"")
                if isinstance(value, bytes)
                else value
            )
            for key, value in zip(rows["name"], rows["value"], strict=True)
        }


def _check_flash(path: Path) -> Facts:
    with open_hdf5(path) as file, reading(path, "its parameters"):
        scalars, reals = _table(file, "integer scalars"), _table(file, "real runtime parameters")
        texts = {**_table(file, "string scalars"), **_table(file, "string runtime parameters")}
        block = [int(_numbers(path, scalars, f"n{axis}b", 1)[0]) for axis in "xyz"]
        n_blocks = int(_numbers(path, scalars, "globalnumblocks", 1)[0])
        if int(scalars.get("dimensionality", 3)) != 3 or min(block) < 1 or n_blocks < 1:
            raise CorruptSnapshot(path, f"{n_blocks} blocks of {block}; 3 axes are needed.")
        if texts.get("geometry", "cartesian").lower() != "cartesian":
            raise CorruptSnapshot(path, f"its geometry is {texts['geometry']}, not cartesian.")
        names = [name.strip() for name in _words(dataset(file, "unknown names")[()].ravel())]
        if "dens" not in names:
            raise CorruptSnapshot(path, f"no density (dens) among {', '.join(names)}.")
        for name in names:
            shape, expected = dataset(file, name).shape, (n_blocks, *reversed(block))
            if shape != expected:
                raise CorruptSnapshot(path, f"{name} has shape {shape}, expected {expected}.")
        if read_finite(file, "bounding box").shape != (n_blocks, 3, 2):
            raise CorruptSnapshot(path, f"bounding box is not that of {n_blocks} blocks.")
        levels = read_finite(file, "refine level", negative=False)
        if levels.shape != (n_blocks,) or not 1 <= levels.min() <= levels.max() <= 60:
            raise CorruptSnapshot(path, "refine level cannot be right.")
        gid = read_finite(file, "gid")
        if gid.ndim != 2 or len(gid) != n_blocks or gid.shape[1] < 15 or gid.max() > n_blocks:
            raise CorruptSnapshot(path, f"gid has shape {gid.shape} or points nowhere.")
        leaves = int(np.count_nonzero(read_finite(file, "node type") == 1))
        time = _numbers(path, _table(file, "real scalars"), "time", 1)[0]
        box = _numbers(path, reals, "xmax", 1)[0] - _numbers(path, reals, "xmin", 1)[0]
    missing = None
    if texts.get("unitsystem", "none").lower() == "none":
        offer = "length=cm,mass=g,velocity=cm/s"
        missing = MissingUnits(
            path,
            ("length", "mass", "velocity"),
            f"FLASH's unitsystem is 'none'; its own constants are in cgs. The box is {box:g} "
            f"wide and the time {time:g} in the file's units; with units='{offer}' that is "
            f"{box * CGS.length_pc:.6g} pc and {time * CGS.time_myr:.6g} Myr.",
            offer=offer,
        )
    # Without it yt looks for a file of particles beside, or stumbles over the name.
    options = {"particle_filename": str(path)}
    return Facts((path,), leaves * int(np.prod(block)), missing, options=options)


ATHENA = Code(
    "Athena++", ("yt.frontends.athena_pp.api", "AthenaPPDataset"), _sniff_athena, _check_athena
)
FLASH = Code(
    "FLASH",
    ("yt.frontends.flash.api", "FLASHDataset"),
    _sniff_flash,
    _check_flash,
    temperature=("flash", "temp"),
)
