"""What more can be drawn of an evolution than its gas and its shell, made when first asked for.

Like everything that is prepared, arrays have the axes (z, y, x) and places
are in pc relative to the cube's centre.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.scene.particles import ParticleSample
from app.scene.prepare import BoundedCache, PreparedEvolution, keep_piece_at, refine
from app.scene.temperature import has_temperature, log_temperature
from core.evolution import Forecast
from core.shells.radius import dense_shell_radius, fibonacci_directions
from core.shells.region import density_ratio

DENSE_RAYS = 1500
ARROWS_PER_EDGE = 9
"""Some seven hundred arrows: more cannot be told apart."""

_MASK_BLUR = 1.0  # cells: a mask has no edge finer than that

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Arrows:
    """Velocities on a coarse lattice.

    Parameters
    ----------
    positions_pc : ndarray of float32, (k, 3)
        Where, relative to the cube's centre.
    velocities_kms : ndarray of float32, (k, 3)
        Mean velocity of the gas there, by mass.
    spacing_pc : float
        Distance of neighbours.
    """

    positions_pc: Array
    velocities_kms: Array
    spacing_pc: float


class Details:
    """What the further layers of a view show, frame by frame.

    Parameters
    ----------
    prepared : PreparedEvolution
        The evolution.
    forecast : Forecast, optional
        The forecast the evolution is of, for its probabilities.
    other : PreparedEvolution, optional
        What is compared with: the truth of a forecast, or the reverse.
    envelope : ndarray of bool, (time, n, n, n), optional
        The region that a calibrated forecast promises to hold what is
        reached; axes (time, x, y, z).
    coverage : float
        The share that the envelope holds.
    particles : Mapping of int to ParticleSample, optional
        The particles by frame.
    max_bytes : int
        Bound on what is kept.
    """

    def __init__(
        self,
        prepared: PreparedEvolution,
        forecast: Forecast | None = None,
        other: PreparedEvolution | None = None,
        envelope: NDArray[np.bool_] | None = None,
        coverage: float = 0.0,
        particles: Mapping[int, ParticleSample] | None = None,
        max_bytes: int = 96 * 2**20,
    ) -> None:
        self.prepared = prepared
        self.forecast = forecast
        self.other = other
        self.envelope = envelope
        self.coverage = coverage
        self._envelopes = 0
        self.particles: Mapping[int, ParticleSample] = particles or {}
        self._kept: BoundedCache[Array] = BoundedCache(max_bytes, lambda array: array.nbytes)

    def updated(
        self,
        forecast: Forecast | None,
        other: PreparedEvolution | None,
        envelope: NDArray[np.bool_] | None,
        coverage: float,
        particles: Mapping[int, ParticleSample],
    ) -> Details:
        """Return the details of the same evolution with something more; what was made is kept."""
        new = copy(self)
        new.forecast, new.other = forecast, other
        # Of an envelope that was made of some frames first, the others are not what they were.
        new._envelopes += envelope is not self.envelope
        new.envelope, new.coverage = envelope, coverage
        new.particles = particles
        return new

    @classmethod
    def of(
        cls,
        prepared: PreparedEvolution,
        evolution: object,
        other: PreparedEvolution | None = None,
        coverage: float | None = None,
    ) -> Details:
        """Gather what an evolution has.

        Parameters
        ----------
        prepared : PreparedEvolution
            The evolution, prepared.
        evolution : Evolution or None
            The evolution; a `Forecast` brings probabilities.
        other : PreparedEvolution, optional
            What is compared with.
        coverage : float, optional
            The share that the envelope of a calibrated forecast shall hold;
            None for no envelope.

        Returns
        -------
        Details
            The details.

        Raises
        ------
        InvalidRequest
            If a coverage is asked of a forecast that promises none.
        """
        forecast = evolution if isinstance(evolution, Forecast) else None
        envelope = None
        if forecast is not None and coverage is not None:
            envelope = forecast.reached(coverage)
        return cls(prepared, forecast, other, envelope, coverage or 0.0)

    def _fields(self) -> Mapping[str, Any]:
        return self.prepared.sequence.fields

    # The gas

    @property
    def has_temperature(self) -> bool:
        """Whether the gas has a temperature."""
        return has_temperature(self.prepared)

    def temperature(self, index: int) -> Array:
        """log10 of the temperature of a frame in K, refined like the density."""
        values = self._fields()["temperature"][index]
        return self._kept.get(
            ("temperature", index),
            lambda: refine(log_temperature(values), self.prepared.volume_points),
        )

    @property
    def has_velocity(self) -> bool:
        """Whether the gas has a velocity."""
        return "velocity" in self._fields()

    @cached_property
    def usual_speed_kms(self) -> float:
        """The speed whose arrow is as long as the lattice is wide.

        That of the fastest fiftieth of the arrows over a few frames from the
        first to the last: a blast wave stands out, and turbulence is still
        seen.
        """
        frames = np.unique(np.linspace(0, len(self.prepared.times_myr) - 1, 6).round().astype(int))
        speeds = [
            np.linalg.norm(self.arrows(int(index)).velocities_kms, axis=1) for index in frames
        ]
        return max(float(np.percentile(np.concatenate(speeds), 98.0)), 1e-3)

    def arrows(self, index: int) -> Arrows:
        """Velocities of a frame on a coarse lattice; a mean over blocks, by mass."""
        n, size = self.prepared.sequence.n, self.prepared.size_pc
        edges = np.unique(np.linspace(0, n, min(n, ARROWS_PER_EDGE) + 1).round().astype(int))
        mean = self._kept.get(("velocity", index), lambda: self._mean_velocity(index, edges))
        centers = (0.5 * (edges[1:] + edges[:-1]) / n - 0.5) * size
        places = np.stack(np.meshgrid(centers, centers, centers, indexing="ij"), axis=-1)
        spacing = size / (len(edges) - 1)
        return Arrows(places.reshape(-1, 3).astype(np.float32), mean.reshape(-1, 3), spacing)

    def _mean_velocity(self, index: int, edges: NDArray[np.intp]) -> Array:
        fields = self._fields()
        mass = np.maximum(fields["density"][index], 1e-6)[..., None]
        momentum, total = mass * fields["velocity"][index], mass
        for axis in range(3):
            momentum = np.add.reduceat(momentum, edges[:-1], axis=axis)
            total = np.add.reduceat(total, edges[:-1], axis=axis)
        return (momentum / total).astype(np.float32)

    # Surfaces: fields that are negative inside

    def dense_radii(self, index: int) -> Array | None:
        """Radius of greatest compression along `fibonacci_directions(DENSE_RAYS)`, in pc.

        NaN where there is no dense shell; None without a control.
        """
        prepared = self.prepared
        control = prepared.control
        if control is None:
            return None

        def make() -> Array:
            sequence = prepared.sequence
            partner = control.nearest(prepared.times_myr[index])
            ratio = density_ratio(sequence.density[index], control.density[partner])
            site, voxel = prepared.site_pc, sequence.voxel_pc
            found = dense_shell_radius(ratio, voxel, site, DENSE_RAYS).radii_pc
            return found.astype(np.float32)

        return self._kept.get(("dense", index), make)

    @property
    def has_probability(self) -> bool:
        """Whether the forecast says how sure it is."""
        return self.forecast is not None and self.forecast.probability is not None

    def probable(self, index: int, level: float) -> Array | None:
        """Field of the region that is affected with at least a probability, or None."""
        forecast = self.forecast
        if forecast is None or forecast.probability is None or index >= len(forecast.probability):
            return None
        share = forecast.probability[index]
        return self._kept.get(("probable", index, level), lambda: self._piece(level - share, 0.62))

    def envelope_key(self, index: int) -> tuple[object, ...]:
        """Return what tells the envelope of a frame from all others of this evolution."""
        return ("reached", index, self.coverage, self._envelopes)

    def reached(self, index: int) -> Array | None:
        """Field of the envelope, or None where there is none."""
        if self.envelope is None or index >= len(self.envelope):
            return None
        mask = self.envelope[index]
        return self._kept.get(self.envelope_key(index), lambda: self._region(mask))

    def _region(self, mask: NDArray[np.bool_]) -> Array:
        """Field of a mask: its steps are blurred away, its volume stays."""
        prepared = self.prepared
        inside = float(mask.mean())
        if not 0.0 < inside < 1.0:
            return np.full((prepared.shell_points,) * 3, 0.5 - inside, dtype=np.float32)
        fine = refine(-mask.astype(np.float32), prepared.shell_points, _MASK_BLUR)
        # A blurred edge recedes where it bulges: nothing that is promised may be left out.
        # Points on the faces of the cube stand for less of it than the others.
        points = prepared.shell_points
        fine -= np.float32(np.quantile(fine, inside * ((points - 1) / points) ** 3))
        return keep_piece_at(fine, prepared.size_pc, prepared.site_pc)

    def _piece(self, field: NDArray[np.floating], blur: float) -> Array:
        prepared = self.prepared
        fine = refine(field, prepared.shell_points, blur)
        return keep_piece_at(fine, prepared.size_pc, prepared.site_pc)

    def other_frame(self, index: int) -> int | None:
        """Return the frame of the other evolution at the same time, or None."""
        other = self.other
        if other is None:
            return None
        time = float(self.prepared.times_myr[index])
        nearest = other.nearest(time)
        steps = np.diff(other.times_myr)
        near = 0.5 * float(np.median(steps)) if len(steps) else np.inf
        return nearest if abs(float(other.times_myr[nearest]) - time) <= near else None

    def scaled_as(self, other: Details) -> Details:
        """Return the same, with arrows as long as those of another."""
        new = copy(self)
        if self.has_velocity and other.has_velocity:
            new.usual_speed_kms = other.usual_speed_kms
        return new


RAYS = fibonacci_directions(DENSE_RAYS)
"""The directions of `Details.dense_radii`."""
