"""From a request to a series: what is damaged, what is new, what belongs together."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

from core.errors import CorruptSnapshot, InvalidRequest, MissingUnits, ShellsightError
from core.readers.recognition import Recognised, Recogniser, State, state_of
from core.readers.request import Candidates, Request, candidates
from core.run_names import RunName
from core.runs import Fingerprint, fingerprint_of, same_units, settle
from core.series import Frame, FrameHeader, ParticleReader, Reader, SnapshotSeries
from core.units import UnitSystem

RECENT_S = 60.0
"""What cannot be read and changed so lately is taken for a file that is being written."""
LAST_S = 3600.0
"""The same for the last file of a run: large ones are written in several goes."""


class Scan:
    """Opens what was asked for, and looks again later for what is new.

    Parameters
    ----------
    request : Request
        What to open.
    readers : Sequence of Reader
        All readers there are.

    Raises
    ------
    InvalidRequest
        If the format asked for does not exist.
    """

    def __init__(self, request: Request, readers: Sequence[Reader]) -> None:
        self._request = request
        self._recogniser = Recogniser(readers, request.format)
        self._listed: dict[Path, State] = {}
        self._states: dict[Path, State] = {}
        self._bad: dict[Path, ShellsightError] = {}
        self._headers: dict[tuple[Path, ...], list[FrameHeader]] = {}
        self._fingerprints: dict[tuple[object, ...], Fingerprint] = {}
        self._stated: UnitSystem | None = None
        self._knows_stated = False

    def open(self) -> SnapshotSeries:
        """Open the series.

        Returns
        -------
        SnapshotSeries
            The snapshots in time order.

        Raises
        ------
        ShellsightError
            As `core.open` says.
        """
        files = candidates(self._request)
        return self._series(files, _states(files))

    def refresh(self, series: SnapshotSeries) -> SnapshotSeries:
        """Look again, and return the series with the snapshots that are new.

        Parameters
        ----------
        series : SnapshotSeries
            What is known.

        Returns
        -------
        SnapshotSeries
            The series with what is new; the same object if nothing is.

        Raises
        ------
        ShellsightError
            As `core.open` says.
        """
        files = candidates(self._request)
        states = _states(files)
        # A file that could not be read is tried again: to finish it may leave no trace.
        if states == self._listed and not self._bad:
            return series
        fresh = self._series(files, states)
        return series if _contents(fresh) == _contents(series) else fresh

    def _series(self, files: Candidates, states: dict[Path, State]) -> SnapshotSeries:
        self._listed = dict(states)
        found = self._recogniser.recognise(self._request.entries[0], files)
        headers = self._read_headers(found, files, states)
        trajectories = tuple(sorted({header.trajectory for header in headers}))
        wanted = [h for h in headers if h.trajectory == self._request.trajectory]
        if not wanted:
            held = f"{trajectories[0]} to {trajectories[-1]}" if len(trajectories) > 1 else "only 0"
            raise InvalidRequest(
                f"{self._request.entries[0]}: there is no trajectory "
                f"{self._request.trajectory}; the file has {held}."
            )
        left_out = (*found.bad, *files.unfinished)
        settled = [
            settle(
                [header for header in wanted if header.is_control is is_control],
                lambda header: self._fingerprint(found.reader, header),
                chosen=not files.found,
                left_out=left_out,
            )
            for is_control in (False, True)
        ]
        (truth, odd), (without, odd_without) = settled
        name = self._name(found.paths)
        notes = [
            *found.notes,
            *_notes_on_files(files, found),
            *self._notes_on_units(found.reader, truth[0]),
            *odd,
            *(f"Control: {note}" for note in odd_without),
        ]
        control = SnapshotSeries(f"{name}, control", found.reader, without) if without else None
        return SnapshotSeries(
            name, found.reader, truth, control, trajectories, tuple(notes), source=self
        )

    def _name(self, paths: Sequence[Path]) -> str:
        entry = Path(self._request.entries[0])
        if len(self._request.entries) == 1 and entry.exists():
            return entry.resolve().name
        return paths[0].resolve().parent.name

    def _read_headers(
        self, found: Recognised, files: Candidates, states: dict[Path, State]
    ) -> list[FrameHeader]:
        """Read the headers of what is new or has changed; `found.bad` grows by what cannot be."""
        present = set(found.paths)
        known = {
            parts: headers
            for parts, headers in self._headers.items()
            if present.intersection(parts)
            and all(self._states.get(part) == _state(part, states) for part in parts)
        }
        if found.reader.kind == "grid" and not present <= {p for parts in known for p in parts}:
            known = {}  # readers of grids number trajectories and times over several files
        covered = {part for parts in known for part in parts}
        new = [path for path in found.paths if path not in covered]
        # What a reader concludes from a whole run, it must not conclude from its newest file alone.
        witness = next(iter(known), ())[:1] if new else ()
        for header in _read(found, [*witness, *new], self._request.units, files) if new else ():
            if header.paths[:1] != witness:
                known.setdefault(header.paths, []).append(header)
        for parts in known:
            for part in parts:
                _state(part, states)
        self._headers, self._states, self._bad = known, states, dict(found.bad)
        headers = [header for own in known.values() for header in own]
        if not headers:
            raise next(iter(found.bad.values()))
        return headers

    def _notes_on_units(self, reader: Reader, header: FrameHeader) -> list[str]:
        """Say where the units given are not those that the file states."""
        given = self._request.units
        if given is None:
            return []
        if not self._knows_stated:
            try:
                self._stated = reader.read_headers(header.paths, None)[0].units
            except MissingUnits:
                self._stated = None
            self._knows_stated = True
        if self._stated is None or same_units(self._stated, given):
            return []
        return [
            f"The units given ({given}) replace those that {header.paths[0].name} "
            f"states ({self._stated})."
        ]

    def _fingerprint(self, reader: Reader, header: FrameHeader) -> Fingerprint:
        key = (*header.paths, *map(state_of, header.paths), header.time_myr, header.trajectory)
        if key not in self._fingerprints:
            self._fingerprints[key] = fingerprint_of(_pieces(reader, header))
        return self._fingerprints[key]


def _pieces(reader: Reader, header: FrameHeader) -> Iterable[Frame]:
    if reader.kind == "particles":
        return cast("ParticleReader", reader).chunks(header, None, None)
    return (reader.load(header, None, None),)


def _states(files: Candidates) -> dict[Path, State]:
    return {path: state_of(path) for path in (*files.named, *files.found)}


def _state(path: Path, states: dict[Path, State]) -> State:
    """State of a file, noted for later: parts of a snapshot need not have been named."""
    if path not in states:
        states[path] = state_of(path)
    return states[path]


def _contents(series: SnapshotSeries) -> list[tuple[object, ...]]:
    """Collect what tells two openings of a series apart."""
    both = (series, series.control)
    return [
        (header.paths, header.time_myr, header.count, header.is_control)
        for one in both
        if one is not None
        for header in one.headers
    ]


def _read(
    found: Recognised, paths: Sequence[Path], units: UnitSystem | None, files: Candidates
) -> list[FrameHeader]:
    """Read headers; files that were found, not named, and are damaged go to `found.bad`."""
    try:
        return found.reader.read_headers(paths, units)
    except CorruptSnapshot:
        if set(paths) <= set(files.named):
            raise
    good: list[Path] = []
    covered: set[Path] = set()
    for path in paths:
        if path in covered:
            continue
        try:
            headers = found.reader.read_headers([path], units)
        except CorruptSnapshot as error:
            if path in files.named:
                raise
            found.bad[path] = error
        else:
            good.append(path)
            covered.update(part for header in headers for part in header.paths)
    # Once more together: readers may number what they find in several files.
    return found.reader.read_headers(good, units) if good else []


def _notes_on_files(files: Candidates, found: Recognised) -> list[str]:
    """Say which files were left out because they are damaged or not yet complete."""
    changed = {path: state_of(path)[0] / 1e9 for path in (*found.paths, *found.bad)}
    newest = max(changed.values())
    notes: dict[str, str] = {}
    for path, error in found.bad.items():
        age = time.time() - changed[path]
        lately = age < RECENT_S or (changed[path] >= newest and age < LAST_S)
        problem = str(error).removeprefix(f"{path}: ")
        if isinstance(error, InvalidRequest):
            what = "is left out"
        elif lately:
            what = "is still being written, and left out until it is complete"
        else:
            what = "is damaged and left out"
        # The parts of one snapshot have one note between them.
        key = RunName.of_file(path, is_part=True)
        is_part = "is missing" in problem
        notes.setdefault(
            f"{key.pattern} {key.number}" if is_part else str(path),
            f"{path.name} {what}: {problem}",
        )
    for path in files.unfinished:
        notes[str(path)] = f"{path.name} is still being written, by its name, and left out."
    return list(notes.values())
