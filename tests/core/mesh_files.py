"""Tiny refined meshes in the layouts of Athena++, FLASH and Enzo.

A box of 2 x 2 x 2 blocks of 4^3 cells; the first block is refined into eight
of half its size. Where a layout stores the coarse cells under fine ones, these
hold a density that would be noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

N = 4
"""Cells along the edge of a block."""

COVERED = 1e6
"""Density of the coarse cells under fine ones."""


@dataclass(frozen=True)
class Block:
    """A cube of N^3 cells: lower corner and edge in units of the box, and its level."""

    corner: tuple[float, float, float]
    edge: float
    level: int

    def cells(self) -> NDArray[np.float64]:
        """Centres of the cells in units of the box, (N, N, N, 3)."""
        along = [c + self.edge * (np.arange(N) + 0.5) / N for c in self.corner]
        return np.stack(np.meshgrid(*along, indexing="ij"), axis=-1)


def _octants(corner: tuple[float, float, float], edge: float, level: int) -> list[Block]:
    # z outermost, so that x changes fastest.
    return [
        Block((corner[0] + i * edge, corner[1] + j * edge, corner[2] + k * edge), edge, level)
        for k in (0, 1)
        for j in (0, 1)
        for i in (0, 1)
    ]


ROOT = _octants((0.0, 0.0, 0.0), 0.5, 0)
FINE = _octants((0.0, 0.0, 0.0), 0.25, 1)
LEAVES = FINE + ROOT[1:]


def density(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A density that differs in every cell, of positions in units of the box."""
    return 1.0 + x[..., 0] + 2.0 * x[..., 1] ** 2 + 3.0 * x[..., 2] ** 3


def velocity(x: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    return [x[..., axis] - 0.5 + axis for axis in range(3)]


def pressure(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2.0 + x[..., 0]


def _energy(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Thermal and kinetic energy per volume, gamma = 5/3."""
    return 1.5 * pressure(x) + 0.5 * density(x) * sum(v**2 for v in velocity(x))


def total_mass() -> float:
    """Mass of the leaves, for a box of edge 1."""
    return float(sum(density(b.cells()).sum() * (b.edge / N) ** 3 for b in LEAVES))


def _stack(blocks: list[Block], of: Callable[[NDArray[np.float64]], Any]) -> NDArray[Any]:
    """Values of blocks with axes (block, z, y, x), as the codes store them."""
    return np.stack([np.asarray(of(b.cells())).transpose(2, 1, 0) for b in blocks])


def write_athena(
    path: Path, *, box: float = 60.0, time: float = 0.5, conserved: bool = False
) -> Path:
    """Write the leaves as Athena++ does: big-endian attributes, and all in one array."""
    edges = np.array([[b.corner[a] for a in range(3)] for b in LEAVES]) - 0.5
    names = ["rho", "press", "vel1", "vel2", "vel3"]
    fields = [density, pressure, *(lambda x, a=a: velocity(x)[a] for a in range(3))]
    if conserved:
        names = ["dens", "Etot", "mom1", "mom2", "mom3"]
        motion = [lambda x, a=a: density(x) * velocity(x)[a] for a in range(3)]
        fields = [density, _energy, *motion]
    with h5py.File(path, "w") as file:
        file.attrs.update(
            {
                "Coordinates": np.bytes_("cartesian"),
                "DatasetNames": np.array([b"prim"]),
                "VariableNames": np.array([name.encode() for name in names]),
                "NumVariables": np.array([5], ">i4"),
                "NumMeshBlocks": np.int32(len(LEAVES)),
                "MeshBlockSize": np.array([N] * 3, ">i4"),
                "RootGridSize": np.array([2 * N] * 3, ">i4"),
                "MaxLevel": np.int32(1),
                "NumCycles": np.int32(7),
                "Time": np.float32(time),
                **{
                    f"RootGridX{i}": np.array([-0.5 * box, 0.5 * box, 1.0], np.float32)
                    for i in (1, 2, 3)
                },
            }
        )
        file["prim"] = np.stack([_stack(LEAVES, of) for of in fields]).astype(np.float32)
        file["Levels"] = np.array([b.level for b in LEAVES], ">i4")
        places = [[round(c / b.edge) for c in b.corner] for b in LEAVES]
        file["LogicalLocations"] = np.array(places, ">i8")
        for axis in range(3):
            size = np.array([b.edge for b in LEAVES])[:, None]
            faces = edges[:, axis, None] + size * np.arange(N + 1) / N
            file[f"x{axis + 1}f"] = (faces * box).astype(np.float32)
            file[f"x{axis + 1}v"] = (0.5 * (faces[:, 1:] + faces[:, :-1]) * box).astype(np.float32)
    return path


def _table(file: h5py.File, name: str, values: dict[str, Any], kind: str) -> None:
    rows = np.zeros(len(values), dtype=[("name", "S80"), ("value", kind)])
    rows["name"] = [key.ljust(80).encode() for key in values]
    rows["value"] = [v.ljust(80).encode() if isinstance(v, str) else v for v in values.values()]
    file[name] = rows


def write_flash(
    path: Path, *, box: float = 1.85e20, time: float = 1e12, unitsystem: str | None = "CGS"
) -> Path:
    """Write a plot file of FLASH 4: all blocks, parents too, in a binary tree."""
    blocks = [ROOT[0], *FINE, *ROOT[1:]]
    gid = np.full((len(blocks), 15), -1, np.int32)
    gid[0, 7:] = np.arange(2, 10)
    gid[1:9, 6] = 1
    corners = np.array([b.corner for b in blocks])
    sizes = np.array([b.edge for b in blocks])[:, None]
    with h5py.File(path, "w") as file:
        info = np.zeros(1, dtype=[("file format version", "<i4"), ("setup call", "S400")])
        info["file format version"] = 9
        file["sim info"] = info
        numbers = {"nxb": N, "nyb": N, "nzb": N, "dimensionality": 3}
        _table(file, "integer scalars", {**numbers, "globalnumblocks": len(blocks)}, "<i4")
        counts = {f"nblock{axis}": 2 for axis in "xyz"}
        _table(
            file,
            "integer runtime parameters",
            {**counts, "lrefine_min": 1, "lrefine_max": 2},
            "<i4",
        )
        _table(file, "real scalars", {"time": time, "dt": 1.0}, "<f8")
        bounds = {f"{axis}{end}": v for axis in "xyz" for end, v in (("min", 0.0), ("max", box))}
        _table(file, "real runtime parameters", {**bounds, "gamma": 5 / 3}, "<f8")
        _table(file, "string scalars", {"geometry": "cartesian"}, "S80")
        texts = {f"{axis}{s}_boundary_type": "periodic" for axis in "xyz" for s in "lr"}
        if unitsystem is not None:
            texts["unitsystem"] = unitsystem
        _table(file, "string runtime parameters", texts, "S80")
        _table(file, "logical runtime parameters", {"usegrav": 0}, "<i4")
        file["gid"] = gid
        file["node type"] = np.array([2] + [1] * (len(blocks) - 1), np.int32)
        file["refine level"] = np.array([b.level + 1 for b in blocks], np.int32)
        file["bounding box"] = np.stack([corners, corners + sizes], axis=-1) * box
        file["coordinates"] = (corners + 0.5 * sizes) * box
        file["block size"] = np.repeat(sizes, 3, axis=1) * box
        fields: dict[str, Callable[[NDArray[np.float64]], Any]] = {
            "dens": lambda x: density(x) * 1e-24,
            "temp": lambda x: 100.0 * pressure(x),
            "pres": lambda x: pressure(x) * 1e-12,
            **{
                f"vel{axis}": lambda x, a=a: velocity(x)[a] * 1e5  # type: ignore[misc]
                for a, axis in enumerate("xyz")
            },
        }
        file["unknown names"] = np.array([[name.encode()] for name in fields])
        for name, of in fields.items():
            values = _stack(blocks, of)
            if name == "dens":
                values[0] = COVERED * 1e-24
            file[name] = values
    return path


_GRID = """Grid = {number}
Task              = 0
GridRank          = 3
GridDimension     = 14 14 14
GridStartIndex    = 3 3 3
GridEndIndex      = 10 10 10
GridLeftEdge      = 0 0 0
GridRightEdge     = {edge} {edge} {edge}
Time              = 0.25
SubgridsAreStatic = 0
NumberOfBaryonFields = 5
FieldType = 0 1 4 5 6
BaryonFileName = {file}
NumberOfParticles   = 0
GravityBoundaryType = 0
Pointer: Grid[{number}]->NextGridThisLevel = 0
{below}
"""


def write_enzo(directory: Path, *, units: bool = True, elsewhere: str = "/scratch/run/") -> Path:
    """Write `DD0001/DD0001`: a root grid of 8^3 cells, and one of 8^3 over an eighth of it.

    The unit of length is 60 pc, of density 1e-24 g/cm^3, of time 1 Myr.
    """
    place = directory / "DD0001"
    place.mkdir()
    settings = {
        "InitialCycleNumber": "7",
        "InitialTime": "0.25",
        "TopGridRank": "3",
        "TopGridDimensions": "8 8 8",
        "TopGridGravityBoundary": "0",
        "LeftFaceBoundaryCondition": "3 3 3",
        "RightFaceBoundaryCondition": "3 3 3",
        "DomainLeftEdge": "0.0 0.0 0.0",
        "DomainRightEdge": "1.0 1.0 1.0",
        "RefineBy": "2",
        "HydroMethod": "0",
        "DualEnergyFormalism": "0",
        "MultiSpecies": "0",
        "Gamma": "1.6666667",
        "ComovingCoordinates": "0",
        "NumberOfParticles": "0",
        "VersionNumber": "2.6",
        "CurrentTimeIdentifier": "1700000000",
    }
    if units:
        settings |= {
            "DensityUnits": "1e-24",
            "LengthUnits": repr(60 * 3.0856775814913673e18),
            "TimeUnits": "3.15576e13",
        }
    parameters = place / "DD0001"
    parameters.write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
    file = f"{elsewhere}DD0001/DD0001.cpu0000"
    below = "Pointer: Grid[1]->NextGridNextLevel = 2"
    (place / "DD0001.hierarchy").write_text(
        _GRID.format(number=1, edge="1", file=file, below=below + "\n")
        + _GRID.format(number=2, edge="0.5", file=file, below="")
    )
    with h5py.File(place / "DD0001.cpu0000", "w") as out:
        for number, edge in ((1, 1.0), (2, 0.5)):
            x = edge * (np.arange(8) + 0.5) / 8
            cells = np.stack(np.meshgrid(x, x, x, indexing="ij"), axis=-1)
            rho = density(cells)
            if number == 1:
                rho[:4, :4, :4] = COVERED
            speeds = velocity(cells)
            thermal = 1.5 * pressure(cells) / density(cells)
            fields = {
                "Density": rho,
                "TotalEnergy": thermal + 0.5 * sum(v**2 for v in speeds),
                **{f"{axis}-velocity": v for axis, v in zip("xyz", speeds, strict=True)},
            }
            group = out.create_group(f"Grid{number:08d}")
            for name, values in fields.items():
                group[name] = values.transpose(2, 1, 0)
    return parameters
