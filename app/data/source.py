"""What is open: a file or a directory, and how it was opened. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from app.data.place import Box, Place, box_of

if TYPE_CHECKING:
    from core.series import SnapshotSeries
    from core.units import UnitSystem


@dataclass(frozen=True)
class OpenRequest:
    """What the user asks to open.

    Parameters
    ----------
    paths : tuple of Path
        A file, a directory, or several files of one run.
    format : str or None
        Name of the reader; None to find it.
    units : UnitSystem or None
        Units of files that state none.
    trajectory : int
        Which run of a file that holds several.
    ask_units : bool
        Ask for units even if some were chosen earlier for the folder.
    place : Place or None
        The cube to cut out at once; None shows the whole box first, where
        there is a choice.
    """

    paths: tuple[Path, ...]
    format: str | None = None
    units: UnitSystem | None = None
    trajectory: int = 0
    ask_units: bool = False
    place: Place | None = None

    @property
    def name(self) -> str:
        """A short name for messages."""
        return self.paths[0].name or str(self.paths[0])


@dataclass(frozen=True)
class Source:
    """A file or directory that is open.

    Parameters
    ----------
    path : Path
        What the user opened.
    name : str
        Short name for titles.
    format : str
        The reader that understood it, for example ``"SWIFT"``.
    n_frames : int
        Frames the source has; more may be on their way than are read.
    times_myr : tuple of float
        Time of each frame in Myr.
    box_pc : tuple of float
        Edge lengths of the source's box in pc.
    series : SnapshotSeries, optional
        The snapshots, to cut other cubes out of.
    request : OpenRequest, optional
        How it was opened.
    has_kernel : bool
        Whether its particles have smoothing lengths.
    """

    path: Path
    name: str
    format: str
    n_frames: int
    times_myr: tuple[float, ...] = ()
    box_pc: tuple[float, ...] = ()
    series: SnapshotSeries | None = field(default=None, compare=False, repr=False)
    request: OpenRequest | None = None
    has_kernel: bool = False

    @property
    def box(self) -> Box | None:
        """The box other cubes can be cut out of; None for files that hold cubes."""
        return box_of(self.series) if self.series is not None else None
