"""Adaptive meshes through yt: Athena++, RAMSES, FLASH and Enzo.

yt is an optional package. It is asked for the leaf cells, so that no gas is
counted twice, and for its units, which are shown as those of the file.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cells import CellSet
from core.cubes import Vector3
from core.cutout import Cutout
from core.errors import CorruptSnapshot
from core.readers.amr_codes import ATHENA, FLASH, Code, require_cubic
from core.readers.amr_outputs import ENZO, RAMSES
from core.readers.particles import temperature_k
from core.readers.values import checked, vector
from core.readers.yt_session import Scale, import_yt, open_with_yt, reading_with_yt, units_of
from core.series import FrameHeader, Kind, Verdict
from core.units import UnitSystem

_FULL = 1e-4
"""Part of the volume that may be missing: the edges of cells are rounded."""


@dataclass(frozen=True, kw_only=True)
class MeshHeader(FrameHeader):
    """One snapshot of an adaptive mesh.

    Parameters
    ----------
    given : UnitSystem or None
        Units that replace those of the file, or stand for those it lacks.
    gamma : float
        Adiabatic index.
    """

    given: UnitSystem | None
    gamma: float


@dataclass(frozen=True)
class MeshReader:
    """The reader of one code's meshes (see `core.series.Reader`).

    Parameters
    ----------
    code : Code
        The code.
    """

    code: Code

    @property
    def name(self) -> str:
        """Name of the format."""
        return self.code.name

    @property
    def kind(self) -> Kind:
        """What the frames hold."""
        return "cells"

    def sniff(self, path: Path) -> Verdict:
        """Tell by its content whether a file is of this code.

        Parameters
        ----------
        path : Path
            The file.

        Returns
        -------
        Verdict
            Yes or no, and why.
        """
        return self.code.sniff(path)

    def read_headers(self, paths: Sequence[Path], units: UnitSystem | None) -> list[FrameHeader]:
        """Read everything but the cells.

        Parameters
        ----------
        paths : Sequence of Path
            The files that snapshots are opened by, one each; their other
            parts may be among them.
        units : UnitSystem, optional
            Units, if the files state none or the wrong ones.

        Returns
        -------
        list of FrameHeader
            One per file.

        Raises
        ------
        MissingUnits
            If no units are given and a file states none.
        MissingDependency
            If yt is not installed.
        CorruptSnapshot
            If a file is damaged, incomplete, or not a cartesian mesh in three
            dimensions.
        """
        parts = paths if len(paths) == 1 else [p for p in paths if self.sniff(p).accepted]
        return [self._header(path, units) for path in parts]

    def load(
        self, header: FrameHeader, fields: Collection[str] | None, cutout: Cutout | None = None
    ) -> CellSet:
        """Read the leaf cells of one snapshot.

        Parameters
        ----------
        header : FrameHeader
            Which, from `read_headers`.
        fields : Collection of str, optional
            Of ``velocities_kms`` and ``temperatures_k`` those wanted; both by
            default. Temperatures come from pressure and density where the
            file has none.
        cutout : Cutout, optional
            Read only the cells that touch this cube.

        Returns
        -------
        CellSet
            The cells in pc, Myr, Msun, km/s, K.

        Raises
        ------
        CorruptSnapshot
            If the file is damaged, its values cannot be right, or its cells
            leave holes.
        """
        assert isinstance(header, MeshHeader)
        path = header.paths[0]
        facts = self.code.check(path)
        with open_with_yt(self.code, facts, header.given) as (ds, scale):
            with reading_with_yt(self.code, facts, "its cells"):
                source = _region(ds, header, cutout, scale)
                centers = np.stack([_cgs(source, "index", axis) for axis in "xyz"], axis=-1)
                sides = np.stack([_cgs(source, "index", f"d{axis}") for axis in "xyz"], axis=-1)
            if len(sides):
                require_cubic(path, sides / sides[:, :1])
            centers *= scale.length_pc
            widths = sides[:, 0] * scale.length_pc
            keep: Any = slice(None)
            checked(path, "the cells' centres", centers)
            checked(path, "the cells' widths", widths, negative=False)
            if cutout is not None:
                keep = cutout.contains(
                    centers, header.box_pc, periodic=header.periodic, margin_pc=0.5 * widths
                )
            with reading_with_yt(self.code, facts, "its fields"):
                values = _values(self.code, ds, source, scale, header, fields)
        cells = CellSet(
            centers_pc=centers[keep],
            widths_pc=widths[keep],
            densities=checked(path, "density", values["densities"][keep], negative=False),
            velocities_kms=_kept(path, "velocity", values.get("velocities_kms"), keep),
            temperatures_k=_kept(path, "temperature", values.get("temperatures_k"), keep),
            time_myr=header.time_myr,
            box_pc=header.box_pc,
            origin_pc=header.origin_pc,
            periodic=header.periodic,
            provenance={
                "files": [str(part) for part in header.paths],
                "code": header.code,
                "units": str(header.units),
                "read_by": f"yt {import_yt().__version__}",
            },
        )
        _check_filled(path, cells, cutout)
        return cells

    def _header(self, path: Path, units: UnitSystem | None) -> MeshHeader:
        facts = self.code.check(path)
        import_yt()
        if units is None and facts.missing is not None:
            raise facts.missing
        with (
            open_with_yt(self.code, facts, units) as (ds, scale),
            reading_with_yt(self.code, facts, "its header"),
        ):
            box = _vector(ds.domain_width) * scale.length_pc
            origin = _vector(ds.domain_left_edge) * scale.length_pc
            time = float(ds.current_time.to("s").v) * scale.time_myr
            own = units_of(ds, facts) if units is None else units
            periodic = all(ds.periodicity) if facts.periodic is None else facts.periodic
            count = _count(ds) if facts.count is None else facts.count
            gamma = float(getattr(ds, "gamma", 5.0 / 3.0))
        if not (np.isfinite([*box, *origin, time]).all() and box.min() > 0 and gamma > 1):
            raise CorruptSnapshot(path, f"its box {box} pc or its time {time} Myr cannot be right.")
        return MeshHeader(
            paths=facts.paths,
            time_myr=time,
            box_pc=vector(box),
            origin_pc=vector(origin),
            periodic=periodic,
            count=count,
            code=self.code.name,
            units=own,
            given=units,
            gamma=gamma,
        )


READERS = tuple(MeshReader(code) for code in (ATHENA, RAMSES, FLASH, ENZO))


def _vector(values: Any) -> NDArray[np.float64]:
    return np.asarray(values.in_cgs().v, dtype=np.float64)


def _cgs(source: Any, kind: str, field: str) -> NDArray[np.float64]:
    return np.asarray(source[kind, field].in_cgs().v, dtype=np.float64)


def _region(ds: Any, header: MeshHeader, cutout: Cutout | None, scale: Scale) -> Any:
    """Let yt select all cells that may touch a cube; it selects by their centres."""
    if cutout is None:
        return ds.all_data()
    box, origin = np.array(header.box_pc), np.array(header.origin_pc)
    # Half the widest cell there can be, that of the coarsest grid.
    margin = 0.5 * box / np.asarray(ds.domain_dimensions)
    center = np.array(cutout.center_pc)
    low, high = center - 0.5 * cutout.size_pc - margin, center + 0.5 * cutout.size_pc + margin
    for axis in range(3):
        if not header.periodic or high[axis] - low[axis] >= box[axis]:
            inside = header.periodic
            low[axis] = origin[axis] if inside else max(low[axis], origin[axis])
            top = origin[axis] + box[axis]
            high[axis] = top if inside else min(high[axis], top)
    if np.any(low >= high):
        low, high = origin, origin + 1e-9 * box
    edges = [ds.arr(edge / scale.length_pc, "cm") for edge in (0.5 * (low + high), low, high)]
    return ds.region(*edges)


def _values(
    code: Code,
    ds: Any,
    source: Any,
    scale: Scale,
    header: MeshHeader,
    fields: Collection[str] | None,
) -> dict[str, NDArray[np.float32]]:
    """Read the fields wanted, in Shellsight's units."""
    there = set(ds.field_list) | set(ds.derived_field_list)
    density = _cgs(source, "gas", "density") * scale.density
    values = {"densities": density.astype(np.float32)}
    motion = [("gas", f"velocity_{axis}") for axis in "xyz"]
    if (fields is None or "velocities_kms" in fields) and there.issuperset(motion):
        columns = [_cgs(source, *field) * scale.velocity_kms for field in motion]
        values["velocities_kms"] = np.stack(columns, axis=-1).astype(np.float32)
    if fields is None or "temperatures_k" in fields:
        squared = scale.velocity_kms**2
        if code.temperature in there:
            assert code.temperature is not None
            kelvin = source[code.temperature].in_cgs().v
            values["temperatures_k"] = np.asarray(kelvin, dtype=np.float32)
        elif ("gas", "pressure") in there:
            energy = _cgs(source, "gas", "pressure") / _cgs(source, "gas", "density")
            energy *= squared / (header.gamma - 1.0)
            values["temperatures_k"] = temperature_k(energy, header.gamma)
        elif ("gas", "specific_thermal_energy") in there:
            energy = _cgs(source, "gas", "specific_thermal_energy") * squared
            values["temperatures_k"] = temperature_k(energy, header.gamma)
    return values


def _kept(
    path: Path, place: str, values: NDArray[np.float32] | None, keep: Any
) -> NDArray[Any] | None:
    if values is None:
        return None
    return checked(path, place, values[keep], negative=place == "velocity")


def _count(ds: Any) -> int:
    """Leaf cells of nested grids: each finer grid takes the place of coarser cells."""
    cells = np.prod(np.asarray(ds.index.grid_dimensions, dtype=np.int64), axis=1)
    finer = np.asarray(ds.index.grid_levels).ravel() > 0
    return int(cells.sum() - cells[finer].sum() // ds.refine_by**3)


def _check_filled(path: Path, cells: CellSet, cutout: Cutout | None) -> None:
    """Check that the cells fill the box, or the cube: a lost part leaves a hole."""
    if cutout is None:
        full = float(np.prod(cells.box_pc))
        found = float(np.sum(cells.widths_pc**3))
    else:
        size = cutout.size_pc
        if cells.periodic and size + cells.widths_pc.max(initial=0.0) > min(cells.box_pc):
            return  # cells may count on both sides
        low, high = _inside(cells, cutout)
        full = float(np.prod(np.clip(high - low, 0.0, None)))
        offsets = cutout.offsets_pc(cells.centers_pc, cells.box_pc, periodic=cells.periodic)
        half = 0.5 * cells.widths_pc[:, None]
        shared = np.minimum(offsets + half, 0.5 * size) - np.maximum(offsets - half, -0.5 * size)
        found = float(np.prod(np.clip(shared, 0.0, None), axis=1).sum())
    if abs(found - full) > _FULL * full:
        raise CorruptSnapshot(
            path,
            f"its cells fill {100 * found / full:.4g} % of the volume; some are missing or double.",
        )


def _inside(cells: CellSet, cutout: Cutout) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners of the part of a cube that lies in the box."""
    low = np.array(cutout.center_pc) - 0.5 * cutout.size_pc
    high = low + cutout.size_pc
    if cells.periodic:
        return low, high
    origin: Vector3 = cells.origin_pc
    return np.maximum(low, origin), np.minimum(high, np.array(origin) + cells.box_pc)
