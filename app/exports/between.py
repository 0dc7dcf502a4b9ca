"""What there is between the snapshots: the data of a shot at any time. No Qt.

The density and the temperature are interpolated linearly in their logarithms,
velocities and probabilities as they are, regions by the distance from their
edges. Particles stay where they are in the nearest snapshot; they are reached
at their own times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.exports.pictures import Material
from app.views.sampling import Particles
from core.cubes import CubeSequence
from core.evolution import Evolution, Forecast

_LEAST_K = 1.0


def material_at(
    material: Material, time_myr: float, fields: Sequence[str] = ("density",)
) -> Material:
    """Return the data at a time.

    Parameters
    ----------
    material : Material
        The data at their own times.
    time_myr : float
        The time in Myr; of what ends earlier the last frame stays.
    fields : sequence of str
        The fields of the gas that are wanted, as far as there are.

    Returns
    -------
    Material
        Truth and forecast at that time. What ends earlier has the time of
        its end; the other then has that time as well, so that both can still
        be compared.
    """
    truth, forecast = material.truth, material.forecast
    others = [each for each in (forecast, material.truth_forecast) if each is not None]
    spans = [] if truth is None else [_span(truth)]
    shared = [_clip(time_myr, each.sequence, *spans) for each in others]
    made = dict[int, Evolution]()
    for each in others:
        own = _times(each.sequence, [time_myr, *shared])
        made[id(each)] = _evolution_at(each, own, fields)
    cubes = control = None
    particles = material.particles
    if truth is not None:
        own = _times(truth, [time_myr, *shared])
        cubes = _sequence_at(truth, own, own, fields)
        if material.control is not None:
            # Under the times of the truth, also where it ends before: the last frame stays.
            control = _sequence_at(material.control, own, own, ("density",))
    if particles is not None:
        particles = Particles(
            _nearest(particles.truth, truth, cubes),
            _nearest(
                particles.forecast,
                None if forecast is None else forecast.sequence,
                None if forecast is None else made[id(forecast)].sequence,
            ),
        )
    envelope = material.envelope
    if envelope is not None and forecast is not None:
        times = made[id(forecast)].times_myr
        envelope = np.stack([_mask_at(envelope, forecast.times_myr, time) for time in times])
    known = material.truth_forecast
    return replace(
        material,
        truth=cubes,
        control=control,
        forecast=None if forecast is None else made[id(forecast)],
        truth_forecast=None if known is None else made[id(known)],
        particles=particles,
        envelope=envelope,
    )


def _span(sequence: CubeSequence) -> tuple[float, float]:
    return float(sequence.times_myr[0]), float(sequence.times_myr[-1])


def _clip(time_myr: float, sequence: CubeSequence, *spans: tuple[float, float]) -> float:
    """Return the time nearest to a time that a sequence and others have in common."""
    ends = [_span(sequence), *spans]
    first, last = max(low for low, _ in ends), min(high for _, high in ends)
    return float(np.clip(time_myr, min(first, last), last))


def _times(sequence: CubeSequence, wanted: Sequence[float]) -> NDArray[np.float64]:
    times: NDArray[np.float64] = np.unique(np.clip(wanted, *_span(sequence)))
    return times


def _weigh(times: NDArray[np.float64], time_myr: float) -> tuple[int, int, float]:
    """Return the frames before and after a time, and the weight of the latter."""
    after = int(np.clip(np.searchsorted(times, time_myr), 1, max(len(times) - 1, 1)))
    if len(times) == 1:
        return 0, 0, 0.0
    before = after - 1
    weight = (time_myr - times[before]) / (times[after] - times[before])
    return before, after, float(np.clip(weight, 0.0, 1.0))


def _mix(
    values: NDArray[np.floating], times: NDArray[np.float64], time_myr: float
) -> NDArray[np.floating]:
    before, after, weight = _weigh(times, time_myr)
    if weight in (0.0, 1.0):
        return values[after if weight == 1.0 else before]
    mixed: NDArray[np.floating] = (1 - weight) * values[before] + weight * values[after]
    return mixed.astype(values.dtype)


def _field_at(sequence: CubeSequence, name: str, time_myr: float) -> NDArray[np.floating]:
    time_myr = float(np.clip(time_myr, *_span(sequence)))
    if name == "density":
        return sequence.at([time_myr]).density[0]
    values, times = sequence.fields[name], sequence.times_myr
    if name != "temperature":
        return _mix(values, times, time_myr)
    before, after, _ = _weigh(times, time_myr)
    pair = np.log(np.maximum(values[[before, after]], _LEAST_K))
    if before == after:
        return values[before]
    return np.exp(_mix(pair, times[[before, after]], time_myr))


def _sequence_at(
    sequence: CubeSequence,
    times: NDArray[np.float64],
    told: NDArray[np.float64],
    fields: Sequence[str],
) -> CubeSequence:
    """Return the frames at some times, under the times that are told."""
    made: dict[str, Any] = {
        name: np.stack([_field_at(sequence, name, time) for time in times])
        for name in fields
        if name in sequence.fields
    }
    return replace(sequence, fields=made, times_myr=told)


def _evolution_at(
    evolution: Evolution, times: NDArray[np.float64], fields: Sequence[str]
) -> Evolution:
    changes: dict[str, Any] = {
        "sequence": _sequence_at(evolution.sequence, times, times, fields),
        "control": _sequence_at(evolution.control, times, times, ("density",)),
    }
    if isinstance(evolution, Forecast) and evolution.probability is not None:
        likely, known = evolution.probability, evolution.times_myr
        changes["probability"] = np.stack([_mix(likely, known, time) for time in times])
    return replace(evolution, **changes)


def _mask_at(
    masks: NDArray[np.bool_], times: NDArray[np.float64], time_myr: float
) -> NDArray[np.bool_]:
    """Return a region between two: its edge is where it would be if it moved evenly."""
    before, after, weight = _weigh(times, time_myr)
    first, last = masks[before], masks[after]
    if weight in (0.0, 1.0) or not first.any() or not last.any():
        # What has just appeared did not move: both, so that nothing is left out.
        return first | last if 0.0 < weight < 1.0 else (last if weight else first)
    depth = (1 - weight) * _signed_distance(first) + weight * _signed_distance(last)
    # Distances between voxels are a little longer than those between edges: nothing that is
    # promised may be left out.
    inside: NDArray[np.bool_] = depth <= 0.5
    return inside


def _signed_distance(mask: NDArray[np.bool_]) -> NDArray[np.floating]:
    """Distance from the edge of a region in voxels, negative inside."""
    outside: NDArray[np.floating] = ndimage.distance_transform_edt(~mask)
    within: NDArray[np.floating] = ndimage.distance_transform_edt(mask)
    return outside - within


def _nearest(
    samples: dict[int, Any], before: CubeSequence | None, after: CubeSequence | None
) -> dict[int, Any]:
    """Give the frames at other times the particles of the frames nearest to them."""
    if before is None or after is None:
        return {}
    found = {row: samples.get(before.nearest(time)) for row, time in enumerate(after.times_myr)}
    return {row: sample for row, sample in found.items() if sample is not None}
