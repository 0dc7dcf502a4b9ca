"""Which snapshots are of one run: order, gaps, instants that are there twice."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from statistics import median

import numpy as np

from core.errors import CorruptSnapshot, InvalidRequest
from core.run_names import RunName
from core.series import Frame, FrameHeader
from core.snapshot_info import arrays_of
from core.units import UnitSystem

SAME_TIME = 1e-9
"""Times that differ by less, relative to the largest, are one instant."""
SAME_SIZE = 1e-4
"""Boxes and units that differ by less are the same: codes round their constants."""
EVEN = 0.05
"""Intervals that differ by less of the usual one count as even."""

Fingerprint = Mapping[str, tuple[float, float]]


def settle(
    headers: Sequence[FrameHeader],
    fingerprint: Callable[[FrameHeader], Fingerprint],
    *,
    chosen: bool = False,
    left_out: Collection[Path] = (),
) -> tuple[list[FrameHeader], list[str]]:
    """Put the snapshots of one run in time order; say what is odd about them.

    Parameters
    ----------
    headers : Sequence of FrameHeader
        The snapshots.
    fingerprint : callable
        Reads what `fingerprint_of` makes of a snapshot; only asked where two
        are of the same instant.
    chosen : bool
        Whether a person named the files one by one, and so says that they
        belong together as far as they can.
    left_out : Collection of Path
        Files that were left aside with a note of their own: their numbers are
        not missing.

    Returns
    -------
    headers : list of FrameHeader
        In time order, each instant once.
    notes : list of str
        Gaps, and instants that are there twice.

    Raises
    ------
    InvalidRequest
        If they cannot be of one run: says which runs there are, and the
        pattern that opens each.
    CorruptSnapshot
        If a snapshot has no time.
    """
    if not headers:
        return [], []
    for header in headers:
        if not math.isfinite(header.time_myr):
            raise CorruptSnapshot(header.paths[0], f"its time is {header.time_myr} Myr.")
    ordered, notes = _without_duplicates(headers, fingerprint)
    _require_one_run(ordered, chosen=chosen)
    return ordered, notes + _gaps(ordered, left_out)


def fingerprint_of(pieces: Iterable[Frame]) -> Fingerprint:
    """Figures of a snapshot that do not depend on the order of its particles.

    Parameters
    ----------
    pieces : Iterable of ParticleSet, CellSet or Cube
        The snapshot, or its pieces.

    Returns
    -------
    Mapping of str to (float, float)
        For each field the sums of its absolute values and of their squares.
    """
    sums: dict[str, tuple[float, float]] = {}
    for piece in pieces:
        for name, (_, values) in arrays_of(piece).items():
            size = np.abs(values.astype(np.float64, copy=False))
            first, second = sums.get(name, (0.0, 0.0))
            sums[name] = (first + float(size.sum()), second + float(np.square(size).sum()))
    return sums


def same_units(first: UnitSystem | None, second: UnitSystem | None) -> bool:
    """Tell whether two unit systems are the same but for rounded constants.

    Parameters
    ----------
    first, second : UnitSystem or None
        The units; None for Shellsight's own.

    Returns
    -------
    bool
        True if they are.
    """
    if first is None or second is None:
        return first is second
    return all(
        math.isclose(getattr(first, size), getattr(second, size), rel_tol=SAME_SIZE)
        for size in ("length_pc", "mass_msun", "velocity_kms", "time_myr")
    )


def _same_content(first: Fingerprint, second: Fingerprint) -> bool:
    common = first.keys() & second.keys()
    return bool(common) and all(
        np.allclose(first[name], second[name], rtol=1e-6, atol=0.0) for name in common
    )


# ---------------------------------------------------------------- instants there twice


def _without_duplicates(
    headers: Sequence[FrameHeader], fingerprint: Callable[[FrameHeader], Fingerprint]
) -> tuple[list[FrameHeader], list[str]]:
    snapshots_of: dict[str, int] = {}
    for header in headers:
        pattern = RunName.of(header).pattern
        snapshots_of[pattern] = snapshots_of.get(pattern, 0) + 1
    tolerance = SAME_TIME * max((abs(header.time_myr) for header in headers), default=0.0)
    kept: list[FrameHeader] = []
    notes: list[str] = []
    ordered = sorted(headers, key=lambda header: (header.time_myr, header.paths))
    for instant in _instants(ordered, tolerance):
        # The snapshot that has most others like it is of the run; then the plainest.
        first, *others = sorted(
            instant,
            key=lambda h: (-snapshots_of[RunName.of(h).pattern], len(h.paths), h.paths),
        )
        for other in others:
            same = (
                (other.count, other.trajectory) == (first.count, first.trajectory)
                and _same_box(first, other)
                and _same_content(fingerprint(first), fingerprint(other))
            )
            if not same:
                _refuse(
                    headers,
                    f"{_named(first, beside=other)} and {_named(other, beside=first)} are both at "
                    f"{first.time_myr:.6g} Myr, but differ",
                )
            notes.append(
                f"{_named(other, beside=first)} is the same snapshot as "
                f"{_named(first, beside=other)} "
                f"(t = {first.time_myr:.4g} Myr) and left out; to see it, open it by its name."
            )
        kept.append(first)
    return kept, notes


def _instants(ordered: Sequence[FrameHeader], tolerance: float) -> list[list[FrameHeader]]:
    instants: list[list[FrameHeader]] = []
    for header in ordered:
        if instants and header.time_myr - instants[-1][0].time_myr <= tolerance:
            instants[-1].append(header)
        else:
            instants.append([header])
    return instants


def _named(header: FrameHeader, beside: FrameHeader | None = None) -> str:
    """Name a snapshot; with its directory where one beside it has the same name."""
    more = len(header.paths) - 1
    path = header.paths[0]
    is_clear = beside is None or path.name != beside.paths[0].name
    name = path.name if is_clear else str(path)
    return f"{name} (with {more} more)" if more else name


# ---------------------------------------------------------------- one run or several


def _same_box(first: FrameHeader, second: FrameHeader) -> bool:
    """Whether two snapshots have the same box, which may grow with the universe."""
    if first.periodic != second.periodic:
        return False
    if not first.periodic:
        return True  # without walls the box is where the gas is
    return bool(
        np.allclose(
            np.divide(first.box_pc, first.scale_factor),
            np.divide(second.box_pc, second.scale_factor),
            rtol=SAME_SIZE,
        )
    )


def _require_one_run(ordered: Sequence[FrameHeader], *, chosen: bool) -> None:
    first = ordered[0]
    for header in ordered[1:]:
        if not same_units(first.units, header.units):
            _refuse(
                ordered,
                f"{_named(first)} is in units of {first.units}, {_named(header)} in {header.units}",
            )
        if not _same_box(first, header):
            _refuse(
                ordered,
                f"the box is {_edges(first)} in {_named(first)}, "
                f"{_edges(header)} in {_named(header)}",
            )
    if chosen:
        return
    runs = _by_pattern(ordered)
    for before, after in pairwise(sorted(runs.values(), key=lambda run: run[0].time_myr)):
        if after[0].time_myr < before[-1].time_myr:
            _refuse(
                ordered,
                f"the times of {_named(before[0])} and {_named(after[0])} and those like them "
                f"are interleaved",
            )
        low, high = sorted((before[-1].count, after[0].count))
        if high > 2 * low:
            _refuse(
                ordered,
                f"{_named(before[-1])} has {before[-1].count} particles or cells, "
                f"{_named(after[0])} {after[0].count}",
            )


def _by_pattern(ordered: Sequence[FrameHeader]) -> dict[str, list[FrameHeader]]:
    runs: dict[str, list[FrameHeader]] = {}
    for header in ordered:
        runs.setdefault(RunName.of(header).pattern, []).append(header)
    return runs


def _refuse(headers: Sequence[FrameHeader], reason: str) -> None:
    """Say which runs there are, and how to open one of them."""
    ordered = sorted(headers, key=lambda header: (header.time_myr, header.paths))
    runs = [
        f"{pattern} ({len(run)} snapshot{'s' * (len(run) > 1)}, "
        f"{run[0].time_myr:.4g} to {run[-1].time_myr:.4g} Myr, {_edges(run[0])})"
        for pattern, run in _by_pattern(ordered).items()
    ]
    if len(runs) == 1:
        raise InvalidRequest(
            f"{ordered[0].paths[0].parent}: {reason}: these are not of one run. "
            f"Name the files of one."
        )
    raise InvalidRequest(
        f"{ordered[0].paths[0].parent}: {reason}: these are different runs. "
        f"Open one of them: {'; '.join(runs)}."
    )


def _edges(header: FrameHeader) -> str:
    edges = [f"{edge:.4g}" for edge in header.box_pc]
    return f"{edges[0] if len(set(edges)) == 1 else ' x '.join(edges)} pc"


# ---------------------------------------------------------------- gaps


def _gaps(ordered: Sequence[FrameHeader], left_out: Collection[Path]) -> list[str]:
    """Say which snapshots seem to be missing: by their numbers, else by their times."""
    if len({header.paths for header in ordered}) < len(ordered):
        return []  # the frames of one file are all there
    usual = _usual_interval(ordered)
    notes: list[str] = []
    explained: set[Path] = set()
    for pattern, run in _by_pattern(ordered).items():
        names = [RunName.of(header) for header in run]
        steps = [(after.number or 0) - (before.number or 0) for before, after in pairwise(names)]
        step = int(median(steps)) if len(steps) > 1 else 0
        missing: list[int] = []
        for before, after, size in zip(run, run[1:], steps, strict=False):
            number = RunName.of(before).number
            if number is None or step <= 0 or size <= step or size % step:
                continue
            explained.add(after.paths[0])
            # Numbers may also jump where a run was continued: then the times are even.
            if usual is None or after.time_myr - before.time_myr > 1.5 * usual:
                missing += range(number + step, number + size, step)
        aside = _numbers_of(pattern, left_out) if missing else set()
        missing = [number for number in missing if number not in aside]
        notes += [
            f"{names[0].numbered(low)} is missing."
            if low == high
            else f"{names[0].numbered(low)} to {names[0].numbered(high)} are missing."
            for low, high in _stretches(missing, step)
        ]
    return notes + _gaps_in_time(ordered, usual, explained)


def _numbers_of(pattern: str, paths: Collection[Path]) -> set[int | None]:
    """Numbers of those files that belong to a run by their names."""
    names = [RunName.of_file(path, is_part=part) for path in paths for part in (False, True)]
    return {name.number for name in names if name.pattern == pattern}


def _stretches(numbers: Sequence[int], step: int) -> list[tuple[int, int]]:
    """First and last of each stretch of numbers `step` apart."""
    keyed = groupby(enumerate(numbers), key=lambda item: item[1] - item[0] * step)
    stretches = [[number for _, number in group] for _, group in keyed]
    return [(stretch[0], stretch[-1]) for stretch in stretches]


def _usual_interval(ordered: Sequence[FrameHeader]) -> float | None:
    """Interval between snapshots in Myr, where most are even; else None."""
    intervals = [after.time_myr - before.time_myr for before, after in pairwise(ordered)]
    if len(intervals) < 3:
        return None
    usual = float(median(intervals))
    even = sum(abs(interval - usual) <= EVEN * usual for interval in intervals)
    return usual if usual > 0 and 3 * even >= 2 * len(intervals) else None


def _gaps_in_time(
    ordered: Sequence[FrameHeader], usual: float | None, explained: Collection[Path]
) -> list[str]:
    """Intervals that are a multiple of the usual one, and not between numbers that jump."""
    if usual is None:
        return []
    notes = []
    for before, after in pairwise(ordered):
        times = (after.time_myr - before.time_myr) / usual
        if (
            after.paths[0] not in explained
            and round(times) > 1
            and abs(times - round(times)) <= 2 * EVEN
        ):
            notes.append(
                f"There is no snapshot between {before.time_myr:.4g} and {after.time_myr:.4g} Myr "
                f"({_named(before)} and {_named(after)}), where one every {usual:.3g} Myr is usual."
            )
    return notes
