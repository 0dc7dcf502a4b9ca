"""What a series of snapshots contains, in figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.cells import CellSet
from core.constants import NH_PER_DENSITY
from core.cubes import FIELD_UNITS, Cube, Vector3
from core.particles import ParticleSet, count_repeated, repeated_ids_remark
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.units import UnitSystem

if TYPE_CHECKING:
    from core.series import SnapshotSeries

_PARTICLE_UNITS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "positions_pc": ("position", "pc"),
        "masses_msun": ("mass", "Msun"),
        "velocities_kms": ("velocity", "km/s"),
        "densities": ("density", "Msun/pc^3"),
        "temperatures_k": ("temperature", "K"),
        "smoothing_lengths_pc": ("smoothing length", "pc"),
        "ids": ("id", ""),
        "centers_pc": ("position", "pc"),
        "widths_pc": ("cell width", "pc"),
    }
)


@dataclass(frozen=True)
class FieldRange:
    """Smallest and largest value of a field in the whole series.

    Parameters
    ----------
    name : str
        The field.
    unit : str
        Its unit; empty if it has none.
    low, high : float
        The range; for vectors that of the components.
    """

    name: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True)
class SeriesInfo:
    """What a series contains; sequences have one entry per snapshot.

    Parameters
    ----------
    name, code, format, kind : str
        Name for people, code that wrote it, file format, particles or grid.
    periodic : bool
        Whether opposite faces of the box are neighbours.
    units : str
        The files' units.
    files : tuple of str
        The files.
    time_myr : tuple of float
        Times in Myr.
    box_pc : tuple of (float, float, float)
        Edge lengths of the box in pc.
    gas_mass_msun : tuple of float
        Total gas mass in Msun.
    mean_n_h_cm3 : tuple of float
        Mean hydrogen number density of the box in cm^-3 (X = 0.76).
    count : tuple of int
        Gas particles, or cells.
    fields : tuple of FieldRange
        The fields and their ranges.
    has_control : bool
        Whether the same gas without the explosion comes with it.
    trajectory : int
        Which of the runs in the files it is.
    trajectories : tuple of int
        The runs that the files hold.
    notes : tuple of str
        What a person should know: gaps, files left out.

    Notes
    -----
    Without a look at the arrays, masses, densities and fields are empty.
    """

    name: str
    code: str
    format: str
    kind: str
    periodic: bool
    units: str
    files: tuple[str, ...]
    time_myr: tuple[float, ...]
    box_pc: tuple[Vector3, ...]
    gas_mass_msun: tuple[float, ...]
    mean_n_h_cm3: tuple[float, ...]
    count: tuple[int, ...]
    fields: tuple[FieldRange, ...]
    has_control: bool
    trajectory: int = 0
    trajectories: tuple[int, ...] = (0,)
    notes: tuple[str, ...] = ()

    @property
    def conclusion(self) -> str:
        """What a person checks first: box, mass, mean density and time, in one line."""
        edges = [f"{edge:.1f}" if edge >= 1 else f"{edge:.3g}" for edge in self.box_pc[0]]
        parts = [f"{edges[0] if len(set(edges)) == 1 else ' x '.join(edges)} pc box"]
        if self.gas_mass_msun:
            parts.append(f"{_span(self.gas_mass_msun, _mass)} Msun")
            parts.append(f"mean n_H {_span(self.mean_n_h_cm3, _plain)} cm^-3")
        else:
            parts.append(f"{_span(self.count, lambda n: f'{n:,}'.replace(',', ' '))} {self._what}")
        parts.append(f"t = {_span(self.time_myr, _plain)} Myr")
        return ", ".join(parts)

    @property
    def _what(self) -> str:
        return "particles" if self.kind == "particles" else "cells"

    @property
    def _units_for_people(self) -> str:
        return UnitSystem.parse(self.units).summary

    def lines(self) -> tuple[str, ...]:
        """Describe the series for people.

        Returns
        -------
        tuple of str
            The description, line by line.
        """
        what = self._what
        box = " x ".join(f"{edge:.6g}" for edge in self.box_pc[0])
        snapshots = f"{len(self.time_myr)} snapshot{'s' if len(self.time_myr) > 1 else ''}"
        out = [
            f"{self.name}: {self.code}, {snapshots}"
            + (", with control" if self.has_control else ""),
            f"box {box} pc, {'periodic' if self.periodic else 'not periodic'}",
            f"units of the files: {self._units_for_people}",
        ]
        if len(self.trajectories) > 1:
            out.append(
                f"trajectory {self.trajectory} of {self.trajectories[0]} to "
                f"{self.trajectories[-1]} (--trajectory)"
            )
        if self.gas_mass_msun:
            out.append(f"{'time / Myr':>12} {'mass / Msun':>12} {'n_H / cm^-3':>12} {what:>12}")
            out += [
                f"{time:12.6f} {mass:12.6g} {n_h:12.4g} {count:12d}"
                for time, mass, n_h, count in zip(
                    self.time_myr, self.gas_mass_msun, self.mean_n_h_cm3, self.count, strict=True
                )
            ]
        else:
            out.append(f"{'time / Myr':>12} {what:>12}")
            out += [
                f"{time:12.6f} {count:12d}"
                for time, count in zip(self.time_myr, self.count, strict=True)
            ]
        out += [f"{f.name}: {f.low:.4g} to {f.high:.4g} {f.unit}".rstrip() for f in self.fields]
        out += [f"note: {note}" for note in self.notes]
        return (*out, self.conclusion)

    def as_dict(self) -> dict[str, Any]:
        """Describe the series for programs, ready for JSON.

        Returns
        -------
        dict
            ``time_myr``, ``box_pc``, ``gas_mass_msun``, ``mean_n_h_cm3`` and
            ``count`` are lists with one entry per snapshot; ``fields`` maps
            each field to its ``unit``, ``min`` and ``max``.
        """
        return {
            "name": self.name,
            "code": self.code,
            "format": self.format,
            "kind": self.kind,
            "periodic": self.periodic,
            "units": self.units,
            "files": list(self.files),
            "time_myr": list(self.time_myr),
            "box_pc": [list(box) for box in self.box_pc],
            "gas_mass_msun": list(self.gas_mass_msun),
            "mean_n_h_cm3": list(self.mean_n_h_cm3),
            "count": list(self.count),
            "fields": {f.name: {"unit": f.unit, "min": f.low, "max": f.high} for f in self.fields},
            "has_control": self.has_control,
            "trajectory": self.trajectory,
            "trajectories": list(self.trajectories),
            "notes": list(self.notes),
            "conclusion": self.conclusion,
        }


def describe(
    series: SnapshotSeries,
    *,
    arrays: bool = True,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> SeriesInfo:
    """Read a series piece by piece, in bounded memory, and describe it.

    Parameters
    ----------
    series : SnapshotSeries
        The series.
    arrays : bool
        Whether to read the arrays; else masses, densities and fields stay
        empty.
    progress : callable, optional
        Told the fraction done.
    cancelled : callable, optional
        Asked whether to stop.

    Returns
    -------
    SeriesInfo
        Its description.

    Raises
    ------
    CorruptSnapshot
        If a file is damaged or its values cannot be right.
    """
    masses: list[float] = []
    ranges: dict[str, FieldRange] = {}
    ids: NDArray[np.integer] | None = None
    for index, header in enumerate(series.headers if arrays else ()):
        mass, done = 0.0, 0
        for piece in series.chunks(index):
            check_cancelled(cancelled, "The description")
            mass += piece.mass_msun
            for name, (unit, values) in arrays_of(piece).items():
                if values.size:
                    _widen(ranges, name, unit, float(values.min()), float(values.max()))
            if index == 0 and isinstance(piece, ParticleSet) and piece.ids is not None:
                if ids is None:
                    ids = np.empty(header.count, dtype=piece.ids.dtype)
                ids[done : done + len(piece)] = piece.ids
            done += len(piece) if not isinstance(piece, Cube) else header.count
            fraction = (index + min(done / max(header.count, 1), 1.0)) / len(series)
            report(progress, fraction, f"Reading snapshot {index + 1} of {len(series)}")
        masses.append(mass)
    # The snapshots of a run share their particles: the first tells whether IDs are unique.
    repeated = 0 if ids is None else count_repeated(ids, overwrite=True)
    remarks = (f"In the first snapshot, {repeated_ids_remark(repeated)}",) if repeated else ()
    boxes = tuple(header.box_pc for header in series.headers)
    return SeriesInfo(
        name=series.name,
        code=series.code,
        format=series.format,
        kind=series.kind,
        periodic=series.periodic,
        units="length=pc,mass=Msun,velocity=km/s" if series.units is None else str(series.units),
        files=tuple(str(path) for path in series.paths),
        time_myr=tuple(float(time) for time in series.times_myr),
        box_pc=boxes,
        gas_mass_msun=tuple(masses),
        mean_n_h_cm3=tuple(
            float(mass / np.prod(box) * NH_PER_DENSITY)
            for mass, box in zip(masses, boxes, strict=arrays)
        ),
        count=tuple(header.count for header in series.headers),
        fields=tuple(ranges.values()),
        has_control=series.control is not None,
        trajectory=series.trajectory,
        trajectories=series.trajectories,
        notes=(*series.notes, *remarks),
    )


def _widen(ranges: dict[str, FieldRange], name: str, unit: str, low: float, high: float) -> None:
    if name in ranges:
        low, high = min(low, ranges[name].low), max(high, ranges[name].high)
    ranges[name] = FieldRange(name, unit, low, high)


def _span(values: Sequence[float], write: Callable[[float], str]) -> str:
    """One value, or the smallest and the largest where they are written differently."""
    low, high = write(min(values)), write(max(values))
    return low if low == high else f"{low} to {high}"


def _plain(value: float) -> str:
    return f"{value:.3g}" if value < 1e3 else _mass(value)


def _mass(value: float) -> str:
    """Three digits that count, thousands apart: 331 000; powers of ten where it is huge."""
    if not 1 <= value < 1e9:
        return f"{value:.3g}"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}".replace(",", " ") if rounded >= 1e3 else f"{rounded:g}"


def arrays_of(frame: ParticleSet | CellSet | Cube) -> dict[str, tuple[str, NDArray[Any]]]:
    """Collect the fields of a snapshot by their names for people.

    Parameters
    ----------
    frame : ParticleSet, CellSet or Cube
        The snapshot, or a piece of it.

    Returns
    -------
    dict
        For each field its unit and its values.
    """
    if isinstance(frame, Cube):
        return {name: (FIELD_UNITS[name], values) for name, values in frame.fields.items()}
    found = ((label, getattr(frame, key, None)) for key, label in _PARTICLE_UNITS.items())
    return {name: (unit, values) for (name, unit), values in found if values is not None}
