"""Which particles of a snapshot the blast wave will reach, and when."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.cutout import Cutout
from core.errors import InvalidRequest
from core.evolution import Evolution, Forecast
from core.particles import ParticleSet
from core.shells.region import reached_region, site_index


def reach_map(evolution: Evolution, coverage: float | None = None) -> NDArray[np.float64]:
    """Time at which the blast wave reaches each voxel.

    Parameters
    ----------
    evolution : Evolution
        A simulation or a forecast.
    coverage : float, optional
        Of a calibrated forecast: the share of the gas that is really reached
        that the regions shall hold, such as 0.99 (`Forecast.reached` with
        ``of="gas"``). None takes
        the region as the densities have it.

    Returns
    -------
    ndarray of float64, (n, n, n)
        Time in Myr of the first frame whose reached region (see
        `core.shells.reached_region`) holds the voxel; NaN if none does.

    Raises
    ------
    InvalidRequest
        If a coverage is asked of what is no calibrated forecast.
    """
    sequence, control = evolution.sequence, evolution.control
    site = site_index(evolution.site_pc, sequence.n, sequence.voxel_pc)
    first = np.full(sequence.density.shape[1:], np.nan)
    if coverage is not None:
        if not isinstance(evolution, Forecast):
            raise InvalidRequest(
                "A coverage is asked of forecasts: a simulation is what they are measured by."
            )
        regions = evolution.reached(coverage, of="gas")
        for region, time in zip(regions, sequence.times_myr, strict=True):
            first[region & np.isnan(first)] = time
        return first
    for frame, time in enumerate(sequence.times_myr):
        reached = reached_region(sequence.density[frame], control.density[frame], site)
        first[reached & np.isnan(first)] = time
    return first


def reach_times(
    particles: ParticleSet, evolution: Evolution, reached_myr: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Time at which the blast wave reaches the place of each particle.

    The places are those of the snapshot: this tells where the gas is at the
    start, it does not follow the gas. Over the tenth of a Myr of a forecast
    turbulence of 10 km/s moves it by about 1 pc, a voxel at most.

    Parameters
    ----------
    particles : ParticleSet
        The snapshot, in the coordinates in which ``evolution.sequence`` states
        its ``center_pc``.
    evolution : Evolution
        A simulation or a forecast of a cube of it.
    reached_myr : ndarray, (n, n, n), optional
        The `reach_map` of the evolution, for who asks for many pieces of a
        snapshot; made if it is not given.

    Returns
    -------
    ndarray of float64, (N,)
        Time in Myr of the first frame whose reached region holds the
        particle's voxel; NaN outside the cube and where it never does. In a
        periodic box the cube continues on the other side.

    Raises
    ------
    InvalidRequest
        If no part of the cube lies in the snapshot's box.
    """
    sequence = evolution.sequence
    cube = Cutout(sequence.center_pc, sequence.size_pc)
    _check_overlaps(particles, cube)
    if reached_myr is None:
        reached_myr = reach_map(evolution)
    offsets = cube.offsets_pc(particles.positions_pc, particles.box_pc, periodic=particles.periodic)
    half = 0.5 * cube.size_pc
    inside = np.flatnonzero(np.abs(offsets).max(axis=1, initial=0.0) <= half)
    index = np.floor((offsets[inside] + half) / sequence.voxel_pc).astype(np.intp)
    # The upper face belongs to the outermost voxel.
    ix, iy, iz = np.clip(index, 0, sequence.n - 1).T
    times = np.full(len(particles), np.nan)
    times[inside] = reached_myr[ix, iy, iz]
    return times


def affected_particles(
    particles: ParticleSet, evolution: Evolution, coverage: float | None = None
) -> NDArray[np.integer]:
    """Return the identifiers of the particles that the blast wave will reach.

    These are the ones that need small time steps. As in `reach_times`, it is
    their places in the snapshot that count: the gas is not followed.

    Parameters
    ----------
    particles : ParticleSet
        The snapshot, with identifiers.
    evolution : Evolution
        A simulation or a forecast of a cube of it.
    coverage : float, optional
        As for `reach_map`: 0.99 names more particles, and misses at most 1 %
        of the gas that is reached, with the confidence of `Forecast.margin`.

    Returns
    -------
    ndarray of int, (M,)
        Their identifiers, in the order of the snapshot.

    Raises
    ------
    InvalidRequest
        If the particles carry no identifiers, no part of the cube lies in the
        snapshot's box, or a coverage is asked of what is no calibrated
        forecast.
    """
    if particles.ids is None:
        raise InvalidRequest(
            "The particles have no identifiers (ParticleIDs), so that none can be named."
        )
    reached = np.isfinite(reach_times(particles, evolution, reach_map(evolution, coverage)))
    ids: NDArray[np.integer] = particles.ids[reached]
    return ids


def _check_overlaps(particles: ParticleSet, cube: Cutout) -> None:
    """Refuse a cube from elsewhere: 'nothing is reached' would be a wrong answer."""
    if particles.periodic:
        return
    half = 0.5 * cube.size_pc
    for origin, edge, center in zip(
        particles.origin_pc, particles.box_pc, cube.center_pc, strict=True
    ):
        if center + half <= origin or center - half >= origin + edge:
            raise InvalidRequest(
                f"The forecast's cube of {cube.size_pc:g} pc around "
                f"({', '.join(f'{c:g}' for c in cube.center_pc)}) pc lies outside the snapshot's "
                f"box: it was made from another one."
            )
