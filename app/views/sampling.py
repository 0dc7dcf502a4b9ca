"""The particles of a cube for the views: which are drawn, and when they are reached. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.scene.particles import ParticleSample
from core.cubes import CubeSequence
from core.cutout import Cutout
from core.evolution import Evolution
from core.progress import CancelCheck
from core.sampling import CubeSample, sample_cube
from core.series import SnapshotSeries
from core.shells.affected import reach_map

MOST_PARTICLES = 20_000
MOST_FRAMES = 100
"""About 50 MB."""


@dataclass(frozen=True, eq=False)
class Particles:
    """The particles that the views show.

    Parameters
    ----------
    truth : dict of int to ParticleSample
        By frame of the truth: where they are.
    forecast : dict of int to ParticleSample
        By frame of the forecast: where they are when it begins, as nobody
        forecasts particles.
    """

    truth: dict[int, ParticleSample]
    forecast: dict[int, ParticleSample]


@dataclass(frozen=True, eq=False)
class SampleRequest:
    """What to read, and what is known already.

    Parameters
    ----------
    series : SnapshotSeries
        The snapshots.
    truth : CubeSequence
        The cube, read from them.
    forecast : Evolution or None
        A forecast of it.
    frames : tuple of int
        The frames wanted, the most urgent first.
    known : dict of int to CubeSample
        What was read before.
    """

    series: SnapshotSeries
    truth: CubeSequence
    forecast: Evolution | None
    frames: tuple[int, ...]
    known: dict[int, CubeSample]

    @property
    def first(self) -> int:
        """The frame at which the forecast begins."""
        if self.forecast is None:
            return self.frames[0]
        return self.truth.nearest(float(self.forecast.times_myr[0]))


def frames_from(shown: int, count: int, most: int = MOST_FRAMES) -> tuple[int, ...]:
    """Order frames as they will be wanted: from the one shown on, then from the first.

    Parameters
    ----------
    shown : int
        The frame shown.
    count : int
        Frames there are.
    most : int
        How many to name.

    Returns
    -------
    tuple of int
        The frames.
    """
    return tuple((shown + step) % count for step in range(min(count, most)))


def read_particles(
    request: SampleRequest,
    *,
    publish: Callable[[tuple[dict[int, CubeSample], Particles]], None] | None = None,
    cancelled: CancelCheck | None = None,
) -> tuple[dict[int, CubeSample], Particles]:
    """Sample the particles of a cube, frame by frame.

    Parameters
    ----------
    request : SampleRequest
        What to read.
    publish : callable, optional
        Given what there is so far after each frame that was read.
    cancelled : callable, optional
        Asked whether to stop.

    Returns
    -------
    samples : dict of int to CubeSample
        By frame, to be handed in as `known` the next time.
    particles : Particles
        What the views show.

    Raises
    ------
    CorruptSnapshot
        If a snapshot is damaged.
    Cancelled
        If told to stop.
    """
    truth = request.truth
    cube = Cutout(truth.center_pc, truth.size_pc)
    wanted = list(request.frames)
    if request.forecast is not None and request.first not in wanted:
        wanted.append(request.first)
    samples = {frame: request.known[frame] for frame in wanted if frame in request.known}
    reached = None if request.forecast is None else reach_map(request.forecast)
    if samples and publish is not None:
        publish((dict(samples), _for_views(request, samples, reached)))
    for frame in wanted:
        if frame not in samples:
            samples[frame] = sample_cube(
                request.series, frame, cube, sample=MOST_PARTICLES, cancelled=cancelled
            )
            if publish is not None:
                publish((dict(samples), _for_views(request, samples, reached)))
    return samples, _for_views(request, samples, reached)


def particles_reached(
    request: SampleRequest, frame: int, reached_myr: NDArray[np.float64]
) -> Particles:
    """Tell of the particles of one frame when another blast wave reaches them.

    Parameters
    ----------
    request : SampleRequest
        Its `known` samples are used, and nothing is read.
    frame : int
        The frame of the truth.
    reached_myr : ndarray, (n, n, n)
        When each voxel is reached, in Myr; NaN for never.

    Returns
    -------
    Particles
        Those of the truth's frame, and of every frame of the forecast.
    """
    known = request.known
    samples = {each: known[each] for each in (frame, request.first) if each in known}
    return _for_views(request, samples, reached_myr)


def _for_views(
    request: SampleRequest,
    samples: dict[int, CubeSample],
    reached_myr: NDArray[np.float64] | None,
) -> Particles:
    truth, forecast = request.truth, request.forecast
    start = samples.get(request.first) if forecast is not None else None
    shown = {}
    for frame, sample in samples.items():
        times = None
        if reached_myr is not None:
            times = reach_times_of(sample, start, reached_myr, truth.size_pc)
        shown[frame] = ParticleSample(sample.offsets_pc, _densities(sample, truth, frame), times)
    if forecast is None or request.first not in shown:
        return Particles(shown, {})
    # Nobody forecasts particles: they stay where they were, and tell when they are reached.
    return Particles(shown, dict.fromkeys(range(len(forecast)), shown[request.first]))


def _voxels(offsets_pc: NDArray[np.float32], size_pc: float, n: int) -> NDArray[np.intp]:
    index = np.floor((offsets_pc / size_pc + 0.5) * n).astype(np.intp)
    clipped: NDArray[np.intp] = np.clip(index, 0, n - 1).T
    return clipped


def _densities(sample: CubeSample, truth: CubeSequence, frame: int) -> NDArray[np.float32]:
    """Densities of the particles; those of their voxels where the file has none."""
    if sample.densities is not None:
        return np.asarray(sample.densities, dtype=np.float32)
    x, y, z = _voxels(sample.offsets_pc, truth.size_pc, truth.n)
    return truth.density[frame][x, y, z]


def reach_times_of(
    sample: CubeSample,
    start: CubeSample | None,
    reached_myr: Sequence[float] | NDArray[np.float64],
    size_pc: float,
) -> NDArray[np.float64]:
    """Tell when the blast wave reaches the particles.

    It is their places at the start of the forecast that count, as in
    `core.affected_particles`; they are found again by their identifiers.
    Without identifiers, and for particles that were not sampled then, it is
    the place where they are.

    Parameters
    ----------
    sample : CubeSample
        The particles.
    start : CubeSample or None
        Those at the start of the forecast.
    reached_myr : ndarray, (n, n, n)
        When each voxel is reached, in Myr; NaN for never.
    size_pc : float
        Edge of the cube in pc.

    Returns
    -------
    ndarray of float64, (M,)
        Times in Myr; NaN for never.
    """
    field = np.asarray(reached_myr)
    x, y, z = _voxels(sample.offsets_pc, size_pc, field.shape[0])
    times: NDArray[np.float64] = field[x, y, z].astype(np.float64)
    if start is None or start is sample or start.ids is None or sample.ids is None:
        return times
    order = np.argsort(start.ids)
    sorted_ids = start.ids[order]
    place = np.minimum(np.searchsorted(sorted_ids, sample.ids), len(sorted_ids) - 1)
    if len(sorted_ids) == 0:
        return times
    same = sorted_ids[place] == sample.ids
    x, y, z = _voxels(start.offsets_pc, size_pc, field.shape[0])
    before = field[x, y, z][order[place]]
    return np.where(same, before, times)
