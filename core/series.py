"""A series of snapshots in time order, read only when asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, cast, overload

import numpy as np
from numpy.typing import NDArray

from core.cells import CellSet
from core.cubes import Cube, Vector3
from core.cutout import Cutout
from core.errors import InvalidRequest
from core.particles import ParticleSet
from core.progress import CancelCheck, Progress
from core.snapshot_info import SeriesInfo, describe
from core.stars import StarSet
from core.units import UnitSystem

Kind = Literal["particles", "cells", "grid"]
Frame = ParticleSet | CellSet | Cube
"""What a snapshot holds, by the kind of its series."""


@dataclass(frozen=True)
class Verdict:
    """What a reader says of a file: is it mine, and why (not).

    Parameters
    ----------
    accepted : bool
        Whether the reader recognises the file.
    reason : str
        Why, in a few words for people.
    """

    accepted: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class FrameHeader:
    """What is known of a snapshot before its arrays are read.

    Parameters
    ----------
    paths : tuple of Path
        Its file, or the files it is spread over.
    time_myr : float
        Its time in Myr.
    box_pc, origin_pc : tuple of float
        Edge lengths and lower corner of the box in pc, physical.
    periodic : bool
        Whether opposite faces are neighbours.
    count : int
        Gas particles, or cells.
    code : str
        The code that wrote it.
    units : UnitSystem or None
        The file's units; None if it is in Shellsight's.
    trajectory : int
        Which of several runs in one file.
    is_control : bool
        Whether it belongs to the run without the explosion.
    scale_factor : float
        Scale factor of the universe in a cosmological run; the box grows with it.
    """

    paths: tuple[Path, ...]
    time_myr: float
    box_pc: Vector3
    origin_pc: Vector3
    periodic: bool
    count: int
    code: str
    units: UnitSystem | None
    trajectory: int = 0
    is_control: bool = False
    scale_factor: float = 1.0


class Reader(Protocol):
    """What a module in `core.readers` offers."""

    @property
    def name(self) -> str:
        """Name of the format."""

    @property
    def kind(self) -> Kind:
        """What the frames hold."""

    def sniff(self, path: Path) -> Verdict:
        """Tell by its content whether a file is of this format."""

    def read_headers(self, paths: Sequence[Path], units: UnitSystem | None) -> list[FrameHeader]:
        """Read everything but the arrays, of every snapshot in the files."""

    def load(
        self, header: FrameHeader, fields: Collection[str] | None, cutout: Cutout | None
    ) -> Frame:
        """Read one snapshot; `fields` names the optional fields wanted, None all.

        With a `cutout`, only the particles in it or the cells that touch it;
        a reader of grids may return the whole.
        """


class ParticleReader(Reader, Protocol):
    """What a module that reads particles offers beyond that."""

    def chunks(
        self, header: FrameHeader, fields: Collection[str] | None, cutout: Cutout | None
    ) -> Iterator[ParticleSet]:
        """Read one snapshot piece by piece, so that memory stays bounded."""

    def load_stars(self, header: FrameHeader) -> StarSet | None:
        """Read the star particles; None if the snapshot has none."""


class Source(Protocol):
    """Where a series comes from; asked whether there are more snapshots by now."""

    def refresh(self, series: SnapshotSeries) -> SnapshotSeries:
        """Return the series with what is new, or the same object."""


class SnapshotSeries(Sequence[Frame]):
    """Snapshots of one run in time order; ``series[i]`` reads snapshot `i`.

    Made by `core.open`.

    Parameters
    ----------
    name : str
        A name for people.
    reader : Reader
        The module that reads its format.
    headers : Sequence of FrameHeader
        The snapshots in time order.
    control : SnapshotSeries, optional
        The same gas without the explosion.
    trajectories : tuple of int
        The runs that the file offers; the series is one of them.
    notes : tuple of str
        What a person should know: gaps, files left out, units remembered.
    source : Source, optional
        What `refresh` asks.
    """

    def __init__(
        self,
        name: str,
        reader: Reader,
        headers: Sequence[FrameHeader],
        control: SnapshotSeries | None = None,
        trajectories: tuple[int, ...] = (0,),
        notes: tuple[str, ...] = (),
        source: Source | None = None,
    ) -> None:
        self.name = name
        self.control = control
        self.trajectories = trajectories
        self.notes = notes
        self._reader = reader
        self._headers = tuple(headers)
        self._source = source

    @property
    def format(self) -> str:
        """Name of the file format."""
        return self._reader.name

    @property
    def code(self) -> str:
        """The code that wrote the snapshots."""
        return self._headers[0].code

    @property
    def kind(self) -> Kind:
        """Whether the snapshots hold particles or a grid."""
        return self._reader.kind

    @property
    def trajectory(self) -> int:
        """Which of `trajectories` the series is."""
        return self._headers[0].trajectory

    @property
    def headers(self) -> tuple[FrameHeader, ...]:
        """What is known of each snapshot before its arrays are read."""
        return self._headers

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files, in time order."""
        return tuple(dict.fromkeys(path for header in self._headers for path in header.paths))

    @property
    def times_myr(self) -> NDArray[np.float64]:
        """Time of each snapshot in Myr, increasing."""
        return np.array([header.time_myr for header in self._headers])

    @property
    def box_pc(self) -> Vector3:
        """Edge lengths of the box in pc, in the first snapshot."""
        return self._headers[0].box_pc

    @property
    def origin_pc(self) -> Vector3:
        """Lower corner of the box in pc, in the first snapshot."""
        return self._headers[0].origin_pc

    @property
    def center_pc(self) -> Vector3:
        """Centre of the box in pc, in the first snapshot."""
        x, y, z = (o + 0.5 * b for o, b in zip(self.origin_pc, self.box_pc, strict=True))
        return (x, y, z)

    @property
    def periodic(self) -> bool:
        """Whether opposite faces of the box are neighbours."""
        return self._headers[0].periodic

    @property
    def units(self) -> UnitSystem | None:
        """The files' units, as stated or as given; None for native files."""
        return self._headers[0].units

    def __len__(self) -> int:
        return len(self._headers)

    @overload
    def __getitem__(self, index: int) -> Frame: ...

    @overload
    def __getitem__(self, index: slice) -> SnapshotSeries: ...

    def __getitem__(self, index: int | slice) -> Frame | SnapshotSeries:
        """Read a snapshot with all its fields, or take a part of the series."""
        if isinstance(index, slice):
            headers = self._headers[index]
            if not headers:
                raise InvalidRequest(f"The series has {len(self)} snapshots; none are left.")
            control = self.control[index] if self.control is not None else None
            return SnapshotSeries(
                self.name, self._reader, headers, control, self.trajectories, self.notes
            )
        return self.read(index)

    def read(
        self, index: int, fields: Collection[str] | None = None, cutout: Cutout | None = None
    ) -> Frame:
        """Read one snapshot.

        Parameters
        ----------
        index : int
            Which, in time order; negative counts from the end.
        fields : Collection of str, optional
            The optional fields wanted, by their names in `ParticleSet`,
            `CellSet` or `Cube`; others are not read. All by default.
        cutout : Cutout, optional
            Read only the particles in this cube, or the cells that touch it;
            a grid comes whole.

        Returns
        -------
        ParticleSet, CellSet or Cube
            The snapshot in pc, Myr, Msun, km/s, K.

        Raises
        ------
        CorruptSnapshot
            If the file is damaged or its values cannot be right.
        """
        return self._reader.load(self._headers[index], fields, cutout)

    def chunks(
        self, index: int, fields: Collection[str] | None = None, cutout: Cutout | None = None
    ) -> Iterator[Frame]:
        """Read one snapshot piece by piece, so that memory stays bounded.

        Parameters
        ----------
        index, fields, cutout
            As for `read`.

        Yields
        ------
        ParticleSet, CellSet or Cube
            Pieces that together are what `read` returns; a mesh or a grid
            comes in one.

        Raises
        ------
        CorruptSnapshot
            If the file is damaged or its values cannot be right.
        """
        if self.kind == "particles":
            reader = cast("ParticleReader", self._reader)
            yield from reader.chunks(self._headers[index], fields, cutout)
        else:
            yield self.read(index, fields, cutout)

    def stars(self, index: int) -> StarSet | None:
        """Read the star particles of one snapshot.

        Parameters
        ----------
        index : int
            Which, in time order; negative counts from the end.

        Returns
        -------
        StarSet or None
            The stars; None if the snapshot has none.

        Raises
        ------
        CorruptSnapshot
            If the file is damaged or its values cannot be right.
        """
        if self.kind != "particles":
            return None
        return cast("ParticleReader", self._reader).load_stars(self._headers[index])

    def refresh(self) -> SnapshotSeries:
        """Look for snapshots that have appeared since the series was opened.

        Opens again what was opened: the directory, the pattern or the files.
        Snapshots that are known and have not changed are not read again.
        Files that are still being written are left for the next time.

        Returns
        -------
        SnapshotSeries
            The series with the new snapshots; this one if nothing is new. A
            part of a series (``series[2:5]``) stays what it is.

        Raises
        ------
        InvalidRequest
            If the files are gone, or the new ones are not of this run.
        """
        return self if self._source is None else self._source.refresh(self)

    def info(
        self,
        *,
        arrays: bool = True,
        progress: Progress | None = None,
        cancelled: CancelCheck | None = None,
    ) -> SeriesInfo:
        """Describe the snapshots: reads them piece by piece, in bounded memory.

        Parameters
        ----------
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
            Times, sizes, masses and the range of every field.

        Raises
        ------
        CorruptSnapshot
            If a file is damaged or its values cannot be right.
        """
        return describe(self, arrays=arrays, progress=progress, cancelled=cancelled)

    def __repr__(self) -> str:
        first, last = self.times_myr[[0, -1]]
        size = " x ".join(f"{edge:g}" for edge in self.box_pc)
        return (
            f"SnapshotSeries({self.name!r}, {self.code}, {len(self)} frames, "
            f"{first:.4g} to {last:.4g} Myr, box {size} pc"
            + (f", notes: {' '.join(self.notes)}" if self.notes else "")
            + ")"
        )
