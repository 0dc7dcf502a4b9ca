"""The formats Shellsight reads, and opening a file whichever it is.

A format is a module with `name`, `kind`, `sniff`, `read_headers` and `load`
(see `core.series.Reader`), listed in `READERS`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from core.errors import AmbiguousFormat, InvalidRequest, UnknownFormat
from core.readers import gadget, native, swift, well
from core.series import Reader, SnapshotSeries, in_time_order
from core.units import UnitSystem

READERS: tuple[Reader, ...] = (swift, gadget, well, native)

PathLike = str | os.PathLike[str]


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
        A file, a directory with the snapshots of one run, or a list of files.
        Files that a snapshot is spread over are found and put together.
    format : str, optional
        Name of the format, if several would fit.
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
    """
    if isinstance(units, str):
        units = UnitSystem.parse(units)
    readers = _named(format)
    named = [Path(p) for p in ([path] if isinstance(path, str | os.PathLike) else path)]
    if not named:
        raise InvalidRequest("No files to open.")
    for entry in named:
        if not entry.exists():
            raise InvalidRequest(f"{entry}: no such file or directory.")
    whole_directory = len(named) == 1 and named[0].is_dir()
    files = _files_in(named[0]) if whole_directory else named
    reader, files = _choose(named[0], files, readers, skip_unknown=whole_directory)
    headers = reader.read_headers(files, units)
    trajectories = tuple(sorted({header.trajectory for header in headers}))
    chosen = [header for header in headers if header.trajectory == trajectory]
    if not chosen:
        raise InvalidRequest(
            f"{named[0]}: there is no trajectory {trajectory}; the file has "
            f"{trajectories[0]} to {trajectories[-1]}."
        )
    name = named[0].resolve().name if whole_directory or len(named) == 1 else files[0].parent.name
    with_sn, without = (
        in_time_order([header for header in chosen if header.is_control is control])
        for control in (False, True)
    )
    return SnapshotSeries(
        name,
        reader,
        with_sn,
        control=SnapshotSeries(f"{name}, control", reader, without) if without else None,
        trajectories=trajectories,
    )


def _named(format: str | None) -> tuple[Reader, ...]:
    if format is None:
        return READERS
    chosen = tuple(reader for reader in READERS if reader.name.lower() == format.lower())
    if not chosen:
        known = ", ".join(reader.name for reader in READERS)
        raise InvalidRequest(f"There is no format '{format}'; choose one of {known}.")
    return chosen


def _files_in(directory: Path) -> list[Path]:
    """Candidates in a directory; Gadget-4 puts each multi-file snapshot in one of its own."""
    entries = [*directory.iterdir(), *directory.glob("snapdir_*/*")]
    files = sorted(p for p in entries if p.is_file() and not p.name.startswith("."))
    if not files:
        raise InvalidRequest(f"{directory}: the directory has no files.")
    return files


def _choose(
    source: Path, files: Sequence[Path], readers: Sequence[Reader], *, skip_unknown: bool
) -> tuple[Reader, list[Path]]:
    """Find the reader of all the files; in a directory, leave other files aside."""
    found: dict[str, tuple[Reader, list[Path]]] = {}
    unknown: UnknownFormat | None = None
    for file in files:
        verdicts = {reader.name: reader.sniff(file) for reader in readers}
        accepting = [reader for reader in readers if verdicts[reader.name].accepted]
        if len(accepting) > 1:
            raise AmbiguousFormat(file, [reader.name for reader in accepting])
        if accepting:
            found.setdefault(accepting[0].name, (accepting[0], []))[1].append(file)
            continue
        problem = UnknownFormat(file, {key: verdict.reason for key, verdict in verdicts.items()})
        if not skip_unknown:
            raise problem
        unknown = unknown or problem
    if len(found) > 1:
        raise AmbiguousFormat(source, list(found))
    if not found:
        assert unknown is not None
        raise unknown
    return next(iter(found.values()))
