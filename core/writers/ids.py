"""Save which particles a blast wave will reach, as comma-separated values."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from itertools import chain

import numpy as np

from core.errors import InvalidRequest
from core.evolution import Evolution, Forecast
from core.particles import ParticleSet
from core.shells.affected import reach_map, reach_times
from core.shells.region import REACHED_DEX
from core.writers.atomic import replacing

COLUMNS = ("id", "time_myr", "x_pc", "y_pc", "z_pc")


def save_affected(
    path: str | os.PathLike[str],
    particles: ParticleSet | Iterable[ParticleSet],
    evolution: Evolution,
    coverage: float | None = None,
) -> int:
    """Write the identifiers of the particles that the blast wave will reach.

    One line for each particle: its identifier, the time in Myr of the first
    frame that reaches it, and its place in pc in the snapshot. Lines that
    begin with ``#`` say where the figures come from and how they are defined.

    Parameters
    ----------
    path : path
        The file; replaced if it exists.
    particles : ParticleSet or iterable of ParticleSet
        The snapshot with identifiers, whole or piece by piece as
        `core.SnapshotSeries.chunks` reads it.
    evolution : Evolution
        A simulation or a forecast of a cube of it.
    coverage : float, optional
        Of a calibrated forecast: the share of what is really reached that its
        region shall hold, as for `core.affected_particles`.

    Returns
    -------
    int
        How many particles are reached.

    Raises
    ------
    InvalidRequest
        If the particles carry no identifiers, the cube lies outside their
        box, a coverage is asked of what is no calibrated forecast, or the
        file cannot be written.
    """
    pieces = iter([particles] if isinstance(particles, ParticleSet) else particles)
    first = next(pieces, None)
    reached_myr = reach_map(evolution, coverage)
    count = 0
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"# {line}\n" for line in _about(first, evolution, coverage))
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for piece in chain([] if first is None else [first], pieces):
            if piece.ids is None:
                raise InvalidRequest(
                    "The particles have no identifiers (ParticleIDs), so that none can be named."
                )
            times = reach_times(piece, evolution, reached_myr)
            rows = np.flatnonzero(np.isfinite(times))
            count += len(rows)
            writer.writerows(
                (number, f"{time:.10g}", f"{x:.6f}", f"{y:.6f}", f"{z:.6f}")
                for number, time, (x, y, z) in zip(
                    piece.ids[rows].tolist(),
                    times[rows].tolist(),
                    piece.positions_pc[rows].tolist(),
                    strict=True,
                )
            )
    return count


def _about(
    particles: ParticleSet | None, evolution: Evolution, coverage: float | None
) -> list[str]:
    """Say where the figures come from."""
    sequence = evolution.sequence
    center = ", ".join(f"{coordinate:g}" for coordinate in sequence.center_pc)
    first, last = sequence.times_myr[[0, -1]]
    model = evolution.provenance.get("model")
    lines = ["Particles that the blast wave of a supernova will reach"]
    if particles is not None:
        files = particles.provenance.get("files", ())
        lines.append(f"snapshot: {', '.join(files)} at {particles.time_myr:g} Myr")
    lines += [
        f"source: {type(evolution).__name__.lower()}" + (f" by {model}" if model else ""),
        f"cube: {sequence.size_pc:g} pc around ({center}) pc, {sequence.n} voxels along an edge",
        f"frames: {len(sequence)} from {first:g} to {last:g} Myr",
        f"reached: |log10(density / density without the explosion)| > {REACHED_DEX:g}, "
        f"connected to the site, holes filled",
        *_promise(evolution, coverage),
        "time_myr: the first frame whose reached region holds the place of the particle in "
        "the snapshot; the gas is not followed",
    ]
    return [line.replace("\n", " ") for line in lines]


def _promise(evolution: Evolution, coverage: float | None) -> list[str]:
    """Say what an enlarged region holds."""
    if coverage is None or not isinstance(evolution, Forecast):
        return []
    margin = evolution.margin(coverage, of="gas")
    return [f"enlarged: to hold {margin}"]
