"""What a simulation gains when only the gas that a blast wave reaches takes short steps.

The model. A step must not exceed C h / c_s (Courant; h a length of the
resolution, c_s the speed of sound). A scheme with one step for all takes the
shortest, that of the gas heated by the supernova, for every particle. Split
in two, as Hirashima et al. (2023, arXiv:2302.00026) intend (the splitting of
Saitoh & Makino, arXiv:0908.1460, between regions), the particles that the
blast will reach take that step and all others the shortest that they need
themselves. Cost is particles times steps: gravity, communication and the
forecast itself are not counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.constants import (
    BOLTZMANN_ERG_K,
    ERG_TO_CODE,
    GAMMA,
    HYDROGEN_MASS_G,
    KMS_CM_S,
    PC_PER_KMS_MYR,
)
from core.cutout import Cutout
from core.evolution import Evolution
from core.particles import ParticleSet
from core.readers.particles import IONISATION_K, MU_IONISED, MU_NEUTRAL
from core.shells.affected import reach_map, reach_times

COURANT = 0.3
"""Courant number: the ratio of the steps does not depend on it."""

HEATED_MSUN = 100.0
"""Gas that receives the energy: some hundred neighbours of 1 Msun."""

NEEDED_FIELDS = ("temperatures_k", "smoothing_lengths_pc", "densities")
"""Fields of a snapshot that the steps follow from; the third in place of the second."""


@dataclass(frozen=True)
class Savings:
    """Who needs the short step, and what it saves that others do not take it.

    Parameters
    ----------
    particles : int
        Particles in the snapshot.
    short : int
        Those among them that the blast wave will reach.
    short_step_myr : float
        Step of the gas heated by the explosion, in Myr; NaN if the snapshot
        has neither smoothing lengths nor densities.
    long_step_myr : float
        Shortest step that the other particles in the cube need, in Myr, at
        most the duration of the forecast; NaN without their temperatures as
        well.
    """

    particles: int
    short: int
    short_step_myr: float = math.nan
    long_step_myr: float = math.nan

    @property
    def share(self) -> float:
        """Share of the particles that need the short step."""
        return self.short / self.particles if self.particles else math.nan

    @property
    def cost(self) -> float:
        """Cost of the split scheme over that of short steps for all; NaN if unknown."""
        ratio = min(self.short_step_myr / self.long_step_myr, 1.0)
        return self.share + (1.0 - self.share) * ratio

    @property
    def factor(self) -> float:
        """How many times fewer updates of particles the split scheme makes."""
        return 1.0 / self.cost if self.cost > 0 else math.nan

    def __str__(self) -> str:
        text = f"{self.short} of {self.particles} particles ({100 * self.share:.2g} %)"
        text += " need the short step"
        if not math.isfinite(self.cost):
            return (
                f"{text}. What that saves is unknown: the snapshot states no temperatures, or "
                f"neither smoothing lengths nor densities."
            )
        short, rest = 1e6 * self.short_step_myr, 1e6 * self.long_step_myr
        return (
            f"{text}: {short:.3g} yr, against {rest:.3g} yr "
            f"for the rest. {self.factor:.3g} times fewer updates than with the short step for all "
            f"(Courant steps; cost = particles x steps)."
        )


def savings(
    particles: ParticleSet | Iterable[ParticleSet],
    evolution: Evolution,
    coverage: float | None = None,
    *,
    count: int | None = None,
    heated_msun: float = HEATED_MSUN,
) -> Savings:
    """Estimate what is gained by short steps where the blast wave goes, and only there.

    Parameters
    ----------
    particles : ParticleSet or iterable of ParticleSet
        The snapshot at the explosion, whole or in pieces, or the part of it
        in the evolution's cube; with the fields `NEEDED_FIELDS` as far as
        there are.
    evolution : Evolution
        A simulation or a forecast of a cube of it.
    coverage : float, optional
        As for `core.affected_particles`.
    count : int, optional
        Particles in the whole snapshot, where only a part is given.
    heated_msun : float
        Mass in Msun that receives the energy of the explosion: the less, the
        hotter, and the shorter the step.

    Returns
    -------
    Savings
        The estimate. The step of the rest is that of the rest in the cube:
        of hot gas elsewhere nothing is known here.

    Raises
    ------
    InvalidRequest
        If the cube lies outside the snapshot, or a coverage is asked of what
        is no calibrated forecast.
    """
    tally = SavingsTally(evolution, coverage, heated_msun)
    for piece in [particles] if isinstance(particles, ParticleSet) else particles:
        tally.add(piece)
    return tally.result(count)


class SavingsTally:
    """Adds up `savings` piece by piece, for who reads the pieces for another purpose.

    Parameters
    ----------
    evolution, coverage, heated_msun
        As for `savings`.
    """

    def __init__(
        self,
        evolution: Evolution,
        coverage: float | None = None,
        heated_msun: float = HEATED_MSUN,
    ) -> None:
        self._evolution = evolution
        self._reached_myr = reach_map(evolution, coverage)
        self._cube = Cutout(evolution.sequence.center_pc, evolution.sequence.size_pc)
        self._heated = heated_msun
        # Distance from the site, mass and length of the gas that receives the energy.
        self._nearest = np.empty((0, 3))
        self._total = self._short = 0
        self._longest = math.inf

    def add(self, piece: ParticleSet) -> None:
        """Count a piece of the snapshot.

        Parameters
        ----------
        piece : ParticleSet
            The piece.
        """
        reached = np.isfinite(reach_times(piece, self._evolution, self._reached_myr))
        self._total += len(piece)
        self._short += int(reached.sum())
        offsets = self._cube.offsets_pc(piece.positions_pc, piece.box_pc, periodic=piece.periodic)
        lengths = _lengths_pc(piece)
        rest = ~reached & (np.abs(offsets).max(axis=1, initial=0.0) <= 0.5 * self._cube.size_pc)
        crossing = lengths[rest] / _sound_kms(piece)[rest]
        # A NaN stays one: a step that is not known is not a long one.
        self._longest = float(np.min(crossing, initial=self._longest))
        distances = np.linalg.norm(offsets - np.asarray(self._evolution.site_pc), axis=1)
        near = np.concatenate(
            (self._nearest, np.column_stack((distances, piece.masses_msun, lengths)))
        )
        near = near[np.argsort(near[:, 0], kind="stable")]
        self._nearest = near[np.cumsum(near[:, 1]) - near[:, 1] < self._heated]

    def result(self, count: int | None = None) -> Savings:
        """Return the estimate for what has been counted.

        Parameters
        ----------
        count : int, optional
            As for `savings`.

        Returns
        -------
        Savings
            The estimate.
        """
        energy = self._evolution.energy_erg * ERG_TO_CODE
        hot_kms = math.sqrt(GAMMA * (GAMMA - 1.0) * energy / self._heated)
        length = float(self._nearest[:, 2].min()) if len(self._nearest) else math.nan
        unit = COURANT / PC_PER_KMS_MYR
        # After its last frame a forecast does not say who needs the short step.
        times = self._evolution.times_myr
        duration = float(times[-1] - times[0])
        known = math.isfinite(self._longest)
        return Savings(
            particles=self._total if count is None else count,
            short=self._short,
            short_step_myr=unit * length / hot_kms,
            long_step_myr=min(unit * self._longest, duration) if known else math.nan,
        )


def _lengths_pc(gas: ParticleSet) -> NDArray[np.float64]:
    """Length of the resolution in pc: half the kernel's support, or m/rho to the third."""
    if gas.smoothing_lengths_pc is not None:
        return 0.5 * gas.smoothing_lengths_pc.astype(np.float64)
    if gas.densities is None:
        return np.full(len(gas), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.cbrt(gas.masses_msun.astype(np.float64) / gas.densities)


def _sound_kms(gas: ParticleSet) -> NDArray[np.float64]:
    """Speed of sound in km/s."""
    if gas.temperatures_k is None:
        return np.full(len(gas), np.nan)
    t = gas.temperatures_k.astype(np.float64)
    mu = np.where(t > IONISATION_K, MU_IONISED, MU_NEUTRAL)
    return np.sqrt(GAMMA * BOLTZMANN_ERG_K * t / (mu * HYDROGEN_MASS_G)) / KMS_CM_S
