"""The formats Shellsight reads, and opening a file whichever it is.

A format is a module with `name`, `kind`, `sniff`, `read_headers` and `load`
(see `core.series.Reader`), listed in `READERS`.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.readers import amr, arrays, gadget, mim, native, swift, vti, well
from core.readers.request import PathLike, Request
from core.readers.scan import Scan
from core.series import Reader, SnapshotSeries
from core.units import UnitSystem

READERS: tuple[Reader, ...] = (swift, gadget, well, native, mim, vti, arrays, *amr.READERS)


def open_series(
    path: PathLike | Sequence[PathLike],
    *,
    format: str | None = None,
    units: UnitSystem | str | None = None,
    trajectory: int = 0,
) -> SnapshotSeries:
    """Open snapshots; their arrays are read only when asked for.

    Parameters
    ----------
    path : path or sequence of paths
        A file, a directory with the snapshots of one run, a pattern such as
        ``"run/snap_*.hdf5"`` (``**`` for directories of any depth), or a list
        of these. Files that a snapshot is spread over are found and put
        together. In a directory or by a pattern, files that are damaged or
        still being written are left out; the series' `notes` say which.
    format : str, optional
        Name of the format, one of `formats`, if several would fit.
    units : UnitSystem or str, optional
        The files' units, if they state none or the wrong ones, for example
        ``"length=pc,mass=Msun,velocity=km/s"``.
    trajectory : int
        Which run, if a file holds several.

    Returns
    -------
    SnapshotSeries
        The snapshots in time order.

    Raises
    ------
    UnknownFormat
        If no reader recognises the file; says why each said no.
    AmbiguousFormat
        If several do, or the files of a directory are of several formats.
    MissingUnits
        If the files state no units and none are given.
    CorruptSnapshot
        If a file is damaged.
    InvalidRequest
        If there is no such file, or its snapshots do not form one run.
    MissingDependency
        If the format needs a package that is not installed.
    """
    if isinstance(units, str):
        units = UnitSystem.parse(units)
    return Scan(Request.of(path, format, units, trajectory), READERS).open()


def formats() -> tuple[str, ...]:
    """Names of the formats that Shellsight reads, for `core.open`.

    Returns
    -------
    tuple of str
        The names.
    """
    return tuple(reader.name for reader in READERS)
