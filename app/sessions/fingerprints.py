"""Files as a session keeps them: where they are, and what they hold. No Qt.

A checksum takes in every byte of a small file, but only the first and the
last megabyte of a large one, and its size: enough to notice another
snapshot, without reading gigabytes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath

from core.errors import InvalidRequest
from core.progress import CancelCheck, check_cancelled

END_BYTES = 2**20
"""How much of both ends of a large file is read."""

MOST_FILES = 256
"""Of further files of a folder only names and sizes count."""

_LEVELS = 4
"""So many folders above a file that has moved are taken to have moved with it."""


@dataclass(frozen=True)
class FileEntry:
    """A file or folder as a session keeps it.

    Parameters
    ----------
    path : str
        Where it was, from the root.
    relative : str
        Where it was from the session's folder, with forward slashes; "" where
        there is no way, or no folder.
    folder : bool
        Whether it is a folder.
    files : int
        How many files of it belong to the run; 1 for a file.
    size : int
        Bytes of these together.
    checksum : str
        Of their content (see above); "" if it was never read.
    """

    path: str
    relative: str = ""
    folder: bool = False
    files: int = 1
    size: int = 0
    checksum: str = ""

    @property
    def name(self) -> str:
        """Its own name, without the folders."""
        kind = PureWindowsPath if "\\" in self.path else PurePosixPath
        return kind(self.path).name or self.path

    def relative_to(self, folder: Path | None) -> FileEntry:
        """Return the entry for a session in a folder, or for one that is in none."""
        return replace(self, relative="" if folder is None else way(Path(self.path), folder))


def way(path: Path, folder: Path) -> str:
    """Return the way from a folder to a file; "" if there is none."""
    try:
        return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
    except ValueError:  # another drive
        return ""


def fingerprint(
    path: Path, members: Sequence[Path] = (), cancelled: CancelCheck | None = None
) -> FileEntry:
    """Read what a session keeps of a file or folder.

    Parameters
    ----------
    path : Path
        The file or folder.
    members : sequence of Path
        The files of a folder that belong to the run; without, all in it that
        are not hidden.
    cancelled : callable, optional
        Asked between files whether to stop.

    Returns
    -------
    FileEntry
        Without the way from the session's folder.

    Raises
    ------
    InvalidRequest
        If it cannot be read.
    Cancelled
        If told to stop.
    """
    path = Path(path).absolute()
    folder = path.is_dir()
    within = sorted({m.absolute() for m in members if m.absolute().is_relative_to(path)})
    digest, size = hashlib.sha256(), 0
    try:
        files = [path] if not folder else within or _all_in(path)
        for number, file in enumerate(files):
            check_cancelled(cancelled, "Reading")
            bytes_ = file.stat().st_size
            size += bytes_
            name = file.relative_to(path).as_posix() if folder else ""
            digest.update(f"{name}\0{bytes_}\0".encode())
            if number < MOST_FILES:
                _take_in(digest.update, file, bytes_)
    except OSError as error:
        raise InvalidRequest(f"{path}: cannot be read ({error.strerror or error}).") from error
    return FileEntry(
        str(path), "", folder, len(files), size, f"sha256-ends:{digest.hexdigest()[:32]}"
    )


def _all_in(folder: Path) -> list[Path]:
    return sorted(
        file for file in folder.iterdir() if file.is_file() and not file.name.startswith(".")
    )


def _take_in(update: object, file: Path, size: int) -> None:
    assert callable(update)
    with file.open("rb") as stream:
        update(stream.read(2 * END_BYTES if size <= 2 * END_BYTES else END_BYTES))
        if size > 2 * END_BYTES:
            stream.seek(-END_BYTES, os.SEEK_END)
            update(stream.read(END_BYTES))


class Fingerprints:
    """Fingerprints that were read before, as long as the files are as they were."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[object, FileEntry]] = {}

    def known(self, path: Path, members: Sequence[Path] = ()) -> FileEntry:
        """Return what is known of a file without reading it: its checksum may be missing."""
        path = Path(path).absolute()
        kept = self._known.get(path)
        if kept is not None:
            return kept[1]
        return FileEntry(str(path), folder=path.is_dir(), files=max(len(members), 1))

    def read(
        self, path: Path, members: Sequence[Path] = (), cancelled: CancelCheck | None = None
    ) -> FileEntry:
        """Return the fingerprint; what has not changed is not read again.

        Parameters
        ----------
        path, members, cancelled
            As for `fingerprint`.

        Returns
        -------
        FileEntry
            The fingerprint.
        """
        path = Path(path).absolute()
        stamp = _stamp(path, members)
        kept = self._known.get(path)
        if kept is None or kept[0] != stamp:
            kept = (stamp, fingerprint(path, members, cancelled))
            self._known[path] = kept
        return kept[1]


def _stamp(path: Path, members: Sequence[Path]) -> object:
    """Return something that is another when the files are."""
    stamps = []
    for file in (path, *members):
        try:
            stat = file.stat()
        except OSError:
            continue
        stamps.append((str(file), stat.st_size, stat.st_mtime_ns))
    return tuple(stamps)


def change(kept: FileEntry, now: FileEntry) -> str:
    """Say how a file differs from what a session keeps of it.

    Parameters
    ----------
    kept, now : FileEntry
        As it was, and as it is.

    Returns
    -------
    str
        For people; "" if it is the same, or nobody knows.
    """
    if not kept.checksum or not now.checksum or kept.checksum == now.checksum:
        return ""
    if kept.folder and kept.files != now.files:
        return f"{now.name} has {now.files} files now, {kept.files} when the session was saved."
    if kept.size != now.size:
        return (
            f"{now.name} has {size_text(now.size)} now, "
            f"{size_text(kept.size)} when the session was saved."
        )
    return f"{now.name} has another content than when the session was saved."


def size_text(size: int) -> str:
    """Write a size as people read it, for example "12.3 MB"."""
    if size < 1000:
        return f"{size} bytes"
    number, units = float(size), ("kB", "MB", "GB", "TB")
    for unit in units:
        number /= 1000
        if number < 1000 or unit == units[-1]:
            break
    return f"{number:.4g} {unit}"


def find(
    entry: FileEntry, folder: Path | None, moved: Mapping[str, Path] | None = None
) -> Path | None:
    """Look for a file that a session names.

    Parameters
    ----------
    entry : FileEntry
        The file.
    folder : Path or None
        The session's folder, where it has one.
    moved : Mapping of str to Path, optional
        Where other files of the session were, and are now.

    Returns
    -------
    Path or None
        Where it is: where it was seen from the session's folder, else where
        it was from the root, else beside others that have moved.
    """
    for guess in _guesses(entry, folder, moved or {}):
        try:
            if guess.is_dir() if entry.folder else guess.is_file():
                return guess
        except OSError:
            continue
    return None


def _guesses(entry: FileEntry, folder: Path | None, moved: Mapping[str, Path]) -> Iterable[Path]:
    if entry.path in moved:
        yield moved[entry.path]
    if entry.relative and folder is not None:
        yield Path(os.path.normpath(folder / entry.relative))
    yield Path(entry.path)
    kind = PureWindowsPath if "\\" in entry.path else PurePosixPath
    here = kind(entry.path)
    for was, is_now in moved.items():
        for old, new in list(zip(kind(was).parents, is_now.parents, strict=False))[:_LEVELS]:
            if here.is_relative_to(old) and old != kind(old.anchor):
                yield new.joinpath(*here.relative_to(old).parts)
        yield is_now.parent / entry.name


def find_all(
    entries: Iterable[FileEntry], folder: Path | None, moved: Mapping[str, Path] | None = None
) -> dict[str, Path]:
    """Look for several files; those that were located by hand help to find the others.

    Parameters
    ----------
    entries : iterable of FileEntry
        The files.
    folder, moved
        As for `find`.

    Returns
    -------
    dict of str to Path
        Where they are, by their old paths; what is nowhere is left out.
    """
    found = {entry.path: find(entry, folder, moved) for entry in entries}
    return {path: place for path, place in found.items() if place is not None}
