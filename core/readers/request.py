"""What a person asks to open, and the files that are meant by it."""

from __future__ import annotations

import errno
import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidRequest, NoSnapshots
from core.units import UnitSystem

PathLike = str | os.PathLike[str]

SUFFIXES = (".hdf5", ".h5", ".hdf", ".athdf", ".npz", ".npy", ".vti")
"""How snapshots are usually called; what they are is told by their content."""

_TEMPORARY = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", "~")
_OF_A_SNAPSHOT = re.compile(r"^(snapdir_|output_|DD|RD)\d+$")
"""Directories that hold one snapshot: of Gadget-4, RAMSES and Enzo."""

_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True)
class Request:
    """What to open.

    Parameters
    ----------
    entries : tuple of str
        Files, directories and patterns such as ``run/snap_*.hdf5``.
    format : str or None
        Name of the format, if it is not to be found out.
    units : UnitSystem or None
        The files' units, if given.
    trajectory : int
        Which of several runs in one file.

    Raises
    ------
    InvalidRequest
        If there is nothing to open, or a name cannot be one.
    """

    entries: tuple[str, ...]
    format: str | None = None
    units: UnitSystem | None = None
    trajectory: int = 0

    def __post_init__(self) -> None:
        if not self.entries:
            raise InvalidRequest("No files to open.")
        for entry in self.entries:
            if not entry or "\0" in entry:
                raise InvalidRequest(f"{entry!r} is no name of a file.")

    @classmethod
    def of(
        cls,
        path: PathLike | Sequence[PathLike],
        format: str | None = None,
        units: UnitSystem | None = None,
        trajectory: int = 0,
    ) -> Request:
        """Make a request from one path or several; ``~`` is the home directory.

        Parameters
        ----------
        path : path or sequence of paths
            What to open.
        format, units, trajectory
            As for the class.

        Returns
        -------
        Request
            The request.

        Raises
        ------
        InvalidRequest
            If there is nothing to open, or a name cannot be one.
        """
        entries = [path] if isinstance(path, str | os.PathLike) else path
        return cls(
            tuple(os.path.expanduser(os.fspath(entry)) for entry in entries),
            format,
            units,
            trajectory,
        )


@dataclass(frozen=True)
class Candidates:
    """The files that a request means.

    Parameters
    ----------
    named : tuple of Path
        Files named one by one: each has to be a snapshot.
    found : tuple of Path
        Files found in a directory or by a pattern: others may be among them.
    unfinished : tuple of Path
        Files with a name that programs give while they still write.
    """

    named: tuple[Path, ...]
    found: tuple[Path, ...]
    unfinished: tuple[Path, ...] = ()


def candidates(request: Request) -> Candidates:
    """Find the files that a request means.

    Parameters
    ----------
    request : Request
        What to open.

    Returns
    -------
    Candidates
        The files, each once.

    Raises
    ------
    InvalidRequest
        If there is no such file or directory, it is nothing that holds data,
        may not be read, or has no files in it.
    """
    named: list[Path] = []
    found: list[Path] = []
    for entry in request.entries:
        path = Path(entry)
        if _mode(path) is None and glob.has_magic(entry):
            matches = [Path(match) for match in sorted(glob.glob(entry, recursive=True))]
            if not matches:
                raise NoSnapshots(f"{entry}: no file matches this pattern.")
            for match in matches:
                mode = _mode(match) or 0
                if stat.S_ISDIR(mode):
                    # A pattern with ** names every directory on the way as well as its files.
                    found += [] if "**" in entry else _files_in(match)
                elif stat.S_ISREG(mode):
                    found.append(match)
            if not found:
                raise NoSnapshots(f"{entry}: the pattern matches no files.")
        elif stat.S_ISDIR(_require(path)):
            inside = _files_in(path)
            if not inside:
                raise NoSnapshots(f"{path}: the directory has no files.{inner_directories(path)}")
            found += inside
        else:
            named.append(path)
    known = set(named)
    finished: list[Path] = []
    unfinished: list[Path] = []
    for path in dict.fromkeys(found):
        if path not in known:
            (unfinished if _is_temporary(path) else finished).append(path)
    return Candidates(tuple(dict.fromkeys(named)), tuple(finished), tuple(unfinished))


def directory_of(path: PathLike) -> Path:
    """Directory that a file, a directory or a pattern is about.

    Parameters
    ----------
    path : path
        What is to be opened.

    Returns
    -------
    Path
        The directory, absolute and without symbolic links.
    """
    entry = Path(os.path.expanduser(os.fspath(path)))
    while not entry.is_dir() and entry != entry.parent:
        entry = entry.parent
    return entry.resolve()


def inner_directories(path: PathLike) -> str:
    """Point to the directories in a directory that has no snapshots itself.

    Parameters
    ----------
    path : path
        What was to be opened.

    Returns
    -------
    str
        A sentence that names them, after a space; empty if there are none.
    """
    try:
        with os.scandir(path) as entries:
            names = sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))
    except OSError:
        return ""
    if not names:
        return ""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f" There are directories in it to open instead: {', '.join(names[:5])}{more}."


def _mode(path: Path) -> int | None:
    """Type of a file; None if there is none of this name."""
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise InvalidRequest(f"{path}: the symbolic links lead in circles.") from error
        if error.errno == errno.ENOTDIR:
            return None
        raise InvalidRequest(f"{path}: cannot be opened ({error.strerror}).") from error


def _require(path: Path) -> int:
    """Type of a file that has to be there, and to hold data."""
    mode = _mode(path)
    if mode is None:
        if path.is_symlink():
            raise InvalidRequest(f"{path}: the symbolic link leads to no file.")
        raise InvalidRequest(f"{path}: no such file or directory.")
    # To open one of these may wait for ever.
    for is_kind, what in _KINDS:
        if is_kind(mode):
            raise InvalidRequest(f"{path}: is {what}; a file or a directory is needed.")
    return mode


def _files_in(directory: Path) -> list[Path]:
    """Files of a directory, and of those in it that hold one snapshot each."""
    return sorted(_walk(directory, descend=True))


def _walk(directory: Path, *, descend: bool) -> Iterator[Path]:
    try:
        with os.scandir(directory) as entries:
            listed = list(entries)
    except OSError as error:
        raise InvalidRequest(f"{directory}: cannot be read ({error.strerror}).") from error
    for entry in listed:
        if entry.name.startswith("."):
            continue
        try:
            is_file, is_directory = entry.is_file(), entry.is_dir()
        except OSError:
            continue  # a link in circles is no file
        if is_file:
            yield directory / entry.name
        elif is_directory and descend and _OF_A_SNAPSHOT.match(entry.name):
            yield from _walk(directory / entry.name, descend=False)


def _is_temporary(path: Path) -> bool:
    """Whether a file has a snapshot's name and the ending of one that is being written."""
    name = path.name.lower()
    ending = next((end for end in _TEMPORARY if name.endswith(end)), "")
    return bool(ending) and Path(name.removesuffix(ending)).suffix in SUFFIXES
