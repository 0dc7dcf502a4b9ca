"""Which format files are of: asked of the readers, remembered until a file changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import (
    AmbiguousFormat,
    CorruptSnapshot,
    InvalidRequest,
    NoSnapshots,
    ShellsightError,
    UnknownFormat,
)
from core.readers.request import SUFFIXES, Candidates, inner_directories
from core.series import Reader

RESULTS = ("Shellsight", "VTK image data", "NumPy")
"""Formats of results rather than of runs: beside snapshots of a code they step aside."""

_ALIASES: Mapping[str, str] = {
    **dict.fromkeys(("arepo", "gizmo", "gadget2", "gadget3", "gadget4"), "gadget"),
    "well": "thewell",
    "native": "shellsight",
}

State = tuple[int, int]
"""When a file was changed, in ns, and its size."""


def state_of(path: Path) -> State:
    """Tell whether a file has changed: its state differs from the one before.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    State
        Its state; (0, -1) if it is gone.
    """
    try:
        status = path.stat()
    except OSError:
        return (0, -1)
    return (status.st_mtime_ns, status.st_size)


def named_readers(format: str | None, readers: Sequence[Reader]) -> tuple[Reader, ...]:
    """Readers of the format asked for; all if none is.

    Parameters
    ----------
    format : str or None
        Name of the format; case, spaces and dashes do not matter.
    readers : Sequence of Reader
        All readers.

    Returns
    -------
    tuple of Reader
        Those to be asked.

    Raises
    ------
    InvalidRequest
        If no format has this name; lists them.
    """
    if format is None:
        return tuple(readers)
    wanted = _letters(format)
    chosen = tuple(
        reader for reader in readers if _letters(reader.name) == _ALIASES.get(wanted, wanted)
    )
    if not chosen:
        known = ", ".join(reader.name for reader in readers)
        raise InvalidRequest(f"There is no format '{format}'; choose one of {known}.")
    return chosen


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


@dataclass
class Recognised:
    """What the files of a request turned out to be.

    Parameters
    ----------
    reader : Reader
        The reader of all of them.
    paths : list of Path
        The files of its format.
    bad : dict of Path to ShellsightError
        Files found beside them that cannot be read, and why.
    notes : list of str
        Which snapshots of other formats were left aside.
    """

    reader: Reader
    paths: list[Path]
    bad: dict[Path, ShellsightError] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Recogniser:
    """Finds the reader of files.

    Parameters
    ----------
    readers : Sequence of Reader
        All readers.
    format : str or None
        The format asked for.

    Raises
    ------
    InvalidRequest
        If there is no such format.
    """

    def __init__(self, readers: Sequence[Reader], format: str | None) -> None:
        self._readers = tuple(readers)
        self._asked = named_readers(format, readers)
        self._is_forced = format is not None
        self._known: dict[Path, tuple[State, Reader | UnknownFormat]] = {}

    def recognise(self, entry: str, files: Candidates) -> Recognised:
        """Find the one reader of all files; among those found, leave others aside.

        Parameters
        ----------
        entry : str
            What was asked for, for messages.
        files : Candidates
            The files.

        Returns
        -------
        Recognised
            The reader and its files.

        Raises
        ------
        UnknownFormat
            If a file that was named, or every file found, is no snapshot.
        AmbiguousFormat
            If the files are of several formats, or one could be.
        CorruptSnapshot
            If a file that was named is damaged, or only damaged ones are found.
        NoSnapshots
            If none is finished.
        """
        taken: dict[str, Recognised] = {}
        bad: dict[Path, ShellsightError] = {}
        unknown: UnknownFormat | None = None
        likely: dict[str, Reader] = {}
        named = set(files.named)
        for path in (*files.named, *files.found):
            try:
                reader = self._reader_of(path, likely)
            except UnknownFormat as error:
                if path in named:
                    raise
                if unknown is None or looks_like_data(path) > looks_like_data(unknown.path):
                    unknown = error
                continue
            except (CorruptSnapshot, InvalidRequest) as error:
                if path in named:
                    raise
                # An empty log is no snapshot; an empty `snap_0003.hdf5` will be one.
                if looks_like_data(path) or state_of(path)[1] > 0:
                    bad[path] = error
                continue
            likely[path.suffix] = reader
            taken.setdefault(reader.name, Recognised(reader, [])).paths.append(path)
        if not taken:
            if bad:
                raise next(iter(bad.values()))
            if unknown is not None:
                hint = inner_directories(entry)
                raise UnknownFormat(unknown.path, unknown.reasons, unknown.looks_like, hint)
            raise NoSnapshots(f"{entry}: no file is complete yet; wait until one is written.")
        notes = _set_aside_results(taken, named)
        if len(taken) > 1:
            raise AmbiguousFormat(Path(entry), list(taken))
        (found,) = taken.values()
        found.bad = bad
        found.notes = notes + self._notes_on_others(files, found.paths, bad)
        return found

    def _reader_of(self, path: Path, likely: Mapping[str, Reader]) -> Reader:
        """Reader that recognises a file; one that took a file like it is asked first."""
        state = state_of(path)
        seen = self._known.get(path)
        if seen is None or seen[0] != state:
            seen = self._known[path] = (state, self._ask(path, likely.get(path.suffix)))
        if isinstance(seen[1], UnknownFormat):
            # Not the one that is kept: an error that is raised holds on to where it was.
            raise UnknownFormat(path, seen[1].reasons, seen[1].looks_like)
        return seen[1]

    def _ask(self, path: Path, first: Reader | None) -> Reader | UnknownFormat:
        if first is not None and first.sniff(path).accepted:
            return first
        verdicts = {reader.name: reader.sniff(path) for reader in self._asked}
        accepting = [reader for reader in self._asked if verdicts[reader.name].accepted]
        if len(accepting) > 1:
            raise AmbiguousFormat(path, [reader.name for reader in accepting])
        if accepting:
            return accepting[0]
        reasons = {name: verdict.reason for name, verdict in verdicts.items()}
        return UnknownFormat(path, reasons, self._others(path))

    def _others(self, path: Path) -> tuple[str, ...]:
        """Find the formats other than the one asked for that a file has."""
        if not self._is_forced:
            return ()
        others = [reader for reader in self._readers if reader not in self._asked]
        try:
            return tuple(reader.name for reader in others if reader.sniff(path).accepted)
        except ShellsightError:
            return ()

    def _notes_on_others(
        self, files: Candidates, paths: Collection[Path], bad: Collection[Path]
    ) -> list[str]:
        """Say which files of a directory are snapshots, but not of the format asked for."""
        seen: dict[str, list[Path]] = {}
        for path in files.found if self._is_forced else ():
            verdict = self._known.get(path, (None, None))[1]
            if isinstance(verdict, UnknownFormat) and verdict.looks_like:
                seen.setdefault(verdict.looks_like[0], []).append(path)
        return [_aside(name, others) for name, others in seen.items()]


def looks_like_data(path: Path) -> bool:
    """Tell whether a file is called like a snapshot.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool
        True if it ends like one.
    """
    return path.suffix.lower() in SUFFIXES


def _set_aside_results(taken: dict[str, Recognised], named: set[Path]) -> list[str]:
    """Take results, such as a forecast saved beside the run, out of `taken`; say so."""
    if not taken.keys() - set(RESULTS):
        return []
    return [
        _aside(name, taken.pop(name).paths)
        for name in RESULTS
        if name in taken and not named.intersection(taken[name].paths)
    ]


def _aside(name: str, paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - 1} more are" if len(paths) > 1 else " is"
    return f"{paths[0].name}{more} left aside: the format is {name}. Open it by its name."
